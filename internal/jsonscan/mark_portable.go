//go:build !(amd64 || arm64) || nosimd

package jsonscan

// maskBuffer is where the vector form puts its bits; this build has none.
type maskBuffer struct{}

// mark lists the marks of text[x.done:end].
func (x *Index) mark(end int) { x.markPlain(end) }

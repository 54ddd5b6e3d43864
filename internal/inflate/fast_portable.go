//go:build !amd64 || nosimd

package inflate

// fast is fastPlain by the best means that the processor has.
func (d *Decoder) fast() progress { return d.fastPlain() }

package memory

// Small makes the Engine cut, mark and write anew after very little, as it
// would with groups of many hits.
func (e *Engine) Small(n int) *Engine {
	e.sizes = &sizes{inline: 40 * n, tail: 60 * n, segment: 100 * n, settled: n, marks: 2 * n}
	return e
}

// Room is what the texts of a Lexicon take.
func (l *Lexicon) Room() (chunks, bytes int) { return len(l.texts.chunks), l.texts.room }

package detect

import (
	"github.com/trailwarden/trailwarden/cloudtrail"
)

// Most rules name the APIs they are about. What eventSource and eventName
// decide is worked out once per distinct pair of them and remembered: for most
// pairs no rule is left, for the others a small program of what remains to be
// judged.

// Bounds of the memory for pairs. When one is reached everything is forgotten
// and worked out anew, so a flood of invented names costs time, not memory.
const (
	maxPairs       = 1 << 16
	maxPairEntries = 1 << 18 // rules left, over all programs remembered
	programCost    = 4       // what a program costs beside its rules
	maxPairText    = 256     // bytes of both values; longer ones are not remembered
)

type pairs struct {
	known   byTexts[*program]
	entries int
}

// pair is the program for the record's eventSource and eventName. ok is false
// when the two are not strings of usual length.
func (m *Matcher) pair() (p *program, ok bool) {
	s, n := m.rec.FieldRaw(cloudtrail.EventSource), m.rec.FieldRaw(cloudtrail.EventName)
	if len(s) <= 2 || s[0] != '"' || len(n) <= 2 || n[0] != '"' || len(s)+len(n) > maxPairText {
		return nil, false
	}
	// Each is written to its place: an array made in one is copied through registers
	// of 16 bytes, and the processor waits until what they read has left its stores.
	var texts [2][]byte
	texts[0], texts[1] = s, n
	h := m.hashKey.hash(m.hashKey.hash(m.hashKey[0], s), n)
	if p, ok := m.pairs.known.get(h, texts[:]); ok {
		return p, true
	}
	p = m.work()
	m.charge(p)
	if m.pairs.known.used >= maxPairs {
		m.unlearn()
	}
	m.pairs.known.put(h, texts[:], p)
	return p, true
}

// charge counts the space for a program about to be remembered, and makes room.
func (m *Matcher) charge(p *program) {
	n := 1 // its place in the table
	if p != nil {
		n += programCost + len(p.entries) + len(p.certain)
		for _, f := range [...]*few{p.few, p.who} {
			if f != nil {
				n += len(f.entries)
			}
		}
	}
	if m.pairs.entries+n > maxPairEntries {
		m.unlearn()
	}
	m.pairs.entries += n
}

// unlearn forgets every program that was worked out.
func (m *Matcher) unlearn() {
	m.pairs.known.forget()
	m.pairs.entries = 0
	for _, f := range [...]*few{m.others.few, m.others.who} {
		if f != nil {
			f.forget()
		}
	}
}

// work finds the rules that the pair at hand leaves possible, and what is left
// of them.
func (m *Matcher) work() *program {
	m.candidates, m.collecting = m.candidates[:0], true
	m.run(m.engine.headed)
	m.collecting = false
	for _, e := range m.candidates {
		m.tried[e.rule] = m.now - 1
	}
	return m.reduce(m.candidates, levelPair)
}

// reduce is the program for what the fields of level l leave of entries on the
// record at hand; nil when nothing is left.
func (m *Matcher) reduce(all []*entry, l level) *program {
	var entries []entry
	var certain []int32
	for _, e := range all {
		switch tree := m.residual(e.tree, l); tree.op {
		case exprFalse:
		case exprTrue:
			certain = append(certain, e.rule)
		default:
			entries = append(entries, newEntry(e.rule, tree))
		}
	}
	if len(entries)+len(certain) == 0 {
		return nil
	}
	p := &program{certain: certain}
	switch l {
	case levelPair:
		entries, p.few, p.who = m.engine.split(entries)
	case levelFew:
		entries, p.who = m.engine.few(entries, levelWho)
	}
	p.entries = entries
	b := builder{atoms: m.engine.atoms, selectors: m.engine.selectors, spots: m.engine.spots}
	return b.build(p)
}

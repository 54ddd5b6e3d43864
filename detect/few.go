package detect

import (
	"slices"

	"github.com/trailwarden/trailwarden/cloudtrail"
)

// few are the rules of a program that read few-valued fields: region, error
// code, read-only or not and the like. It remembers what is left of them for each
// combination of values. Mostly nothing is. The program's other rules stand
// apart from them: what is left of those does not depend on the values, and one
// copy of it stays nearer to the processor than one for each combination.
type few struct {
	entries []entry
	fields  []cloudtrail.FieldID
	known   programs
}

// Bounds of the memory of one program; when it is full it is emptied.
const (
	maxFewEntries = 128 // rules that are reduced further
	maxFewKnown   = 512
	maxFewText    = 200 // bytes of the values; longer ones are not remembered
)

// few takes the rules that read few-valued fields out of entries, with an empty
// memory for them; nil when there are none, or too many to reduce.
func (e *Engine) few(entries []entry) (others []entry, f *few) {
	f = &few{}
	for _, x := range entries {
		before := len(f.fields)
		if f.fields = e.fewIn(x.tree, f.fields); len(f.fields) > before {
			f.entries = append(f.entries, x)
			slices.Sort(f.fields)
			f.fields = slices.Compact(f.fields)
			continue
		}
		others = append(others, x)
	}
	if len(f.entries) == 0 || len(f.entries) > maxFewEntries {
		return entries, nil
	}
	return others, f
}

// fewIn appends the few-valued fields that x reads.
func (e *Engine) fewIn(x *expr, fields []cloudtrail.FieldID) []cloudtrail.FieldID {
	if x.op == exprAtom || x.op == exprNot {
		fields = e.fewFields(&e.atoms[x.atom], fields)
	}
	for _, k := range x.kids {
		fields = e.fewIn(k, fields)
	}
	return fields
}

func (e *Engine) fewFields(a *atom, fields []cloudtrail.FieldID) []cloudtrail.FieldID {
	if a.level != levelFew {
		return fields
	}
	fields = append(fields, e.selectors[a.sel].field)
	if a.kind == atomCompare {
		fields = append(fields, e.selectors[a.right].field)
	}
	return slices.DeleteFunc(fields, func(f cloudtrail.FieldID) bool { return levelOf(f) != levelFew })
}

// runAll judges the rules of p, of those that read few-valued fields what is left
// of them.
func (m *Matcher) runAll(p *program) {
	if len(p.entries)+len(p.certain) > 0 {
		m.run(p)
	}
	if p.few != nil {
		m.runFew(p.few)
	}
}

func (m *Matcher) runFew(f *few) {
	var space [len(fewValued)][]byte
	texts, ok := m.fewTexts(f, space[:0])
	if !ok {
		for i := range f.entries {
			m.try(&f.entries[i])
		}
		return
	}
	h := hashTexts(m.seed, texts)
	left, ok := f.known.get(h, texts)
	if !ok {
		left = m.leave(f)
		f.known.put(h, texts, left)
	}
	if left != nil {
		m.run(left)
	}
}

// leave works out what the record at hand leaves of f, and makes room for it.
func (m *Matcher) leave(f *few) *program {
	all := make([]*entry, len(f.entries))
	for i := range f.entries {
		all[i] = &f.entries[i]
	}
	left := m.reduce(all, levelFew)
	if f.known.used >= maxFewKnown {
		f.known.forget()
	}
	m.charge(left)
	return left
}

// fewTexts appends the values of the fields to texts. ok is false when they do
// not decide: containers, long values, a field in another case that a path may
// mean.
func (m *Matcher) fewTexts(f *few, texts [][]byte) (_ [][]byte, ok bool) {
	n := 0
	for _, id := range f.fields {
		raw := m.rec.FieldRaw(id)
		if len(raw) > 0 && (raw[0] == '{' || raw[0] == '[') {
			return nil, false
		}
		n += len(raw) + 1
		texts = append(texts, raw)
	}
	return texts, n <= maxFewText && m.rootOdd()&oddCase == 0
}

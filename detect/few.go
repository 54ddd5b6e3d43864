package detect

import (
	"slices"

	"github.com/trailwarden/trailwarden/cloudtrail"
)

// few remembers, for a program with not too many rules, what is left of them
// for each combination of values in the few-valued fields that they read:
// region, error code, read-only or not and the like. Mostly nothing is.
type few struct {
	fields []cloudtrail.FieldID
	known  programs
}

// Bounds of the memory of one program; when it is full it is emptied.
const (
	maxFewEntries = 128 // rules of a program that is reduced further
	maxFewKnown   = 512
	maxFewText    = 200 // bytes of the values; longer ones are not remembered
)

// few is an empty memory for entries, or nil when it would not help.
func (e *Engine) few(entries []entry) *few {
	if len(entries) > maxFewEntries {
		return nil
	}
	var fields []cloudtrail.FieldID
	var visit func(x *expr)
	visit = func(x *expr) {
		if x.op == exprAtom || x.op == exprNot {
			fields = e.fewFields(&e.atoms[x.atom], fields)
		}
		for _, k := range x.kids {
			visit(k)
		}
	}
	for _, x := range entries {
		visit(x.tree)
	}
	if len(fields) == 0 {
		return nil
	}
	slices.Sort(fields)
	return &few{fields: slices.Compact(fields)}
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

// runFew judges the rules of p, or those that are left of them.
func (m *Matcher) runFew(p *program) {
	if p.few == nil {
		m.run(p)
		return
	}
	var space [len(fewValued)][]byte
	texts, ok := m.fewTexts(p.few, space[:0])
	if !ok {
		m.run(p)
		return
	}
	h := hashTexts(m.seed, texts)
	left, ok := p.few.known.get(h, texts)
	if !ok {
		left = m.leave(p)
		p.few.known.put(h, texts, left)
	}
	if left != nil {
		m.run(left)
	}
}

// leave works out what the record at hand leaves of p, and makes room for it.
func (m *Matcher) leave(p *program) *program {
	all := make([]*entry, len(p.entries))
	for i := range p.entries {
		all[i] = &p.entries[i]
	}
	left := m.reduce(all, levelFew)
	if len(p.certain) > 0 {
		if left == nil {
			left = &program{}
		}
		left.certain = append(left.certain, p.certain...)
	}
	if p.few.known.used >= maxFewKnown {
		p.few.known.forget()
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

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
	known  map[string]*program // nil: no rule is left
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
	return &few{fields: slices.Compact(fields), known: map[string]*program{}}
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
	key, ok := m.fewKey(p.few)
	if !ok {
		m.run(p)
		return
	}
	left, ok := p.few.known[string(key)]
	if !ok {
		left = m.leave(p)
	}
	if left != nil {
		m.run(left)
	}
}

// leave works out what is left of p, which the key at hand is about.
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
	if len(p.few.known) >= maxFewKnown {
		clear(p.few.known)
	}
	m.charge(left)
	p.few.known[string(m.fewText)] = left
	return left
}

// fewKey is the values of the fields. ok is false when they do not decide:
// containers, long values, a field in another case that a path may mean.
func (m *Matcher) fewKey(f *few) (key []byte, ok bool) {
	m.fewText = m.fewText[:0]
	for _, id := range f.fields {
		v := m.rec.Field(id)
		if isContainer(v.Kind()) {
			return nil, false
		}
		m.fewText = append(append(m.fewText, v.Raw()...), 0)
	}
	return m.fewText, len(m.fewText) <= maxFewText && m.rootOdd()&oddCase == 0
}

package detect

import (
	"slices"

	"github.com/trailwarden/trailwarden/cloudtrail"
)

// few are the rules of a program that read few-valued places of one level:
// region, error code, read-only or not and the like; or, in userIdentity, what
// kind of caller it was. It remembers what is left of them for each combination
// of values. Mostly nothing is. The program's other rules stand apart from them:
// what is left of those does not depend on the values, and one copy of it stays
// nearer to the processor than one for each combination.
type few struct {
	known   programs
	fields  []cloudtrail.FieldID     // of levelFew
	spots   []int32                  // of levelWho
	callers []cloudtrail.CallerField // at the spots
	level   level
	entries []entry
	atoms   []int32 // that the places decide
	// variants are the programs by what the atoms said. Most values make no
	// difference, as of regions all but a few, and so share one program.
	variants map[string]*program
}

// Bounds of the memory of one program; when it is full it is emptied.
const (
	maxFewEntries = 128 // rules that are reduced further
	maxFewKnown   = 512
	maxFewText    = 200 // bytes of the values; longer ones are not remembered
)

// few takes the rules that read places of level l out of entries, with an empty
// memory for them; nil when there are none, or too many to reduce.
func (e *Engine) few(entries []entry, l level) (others []entry, f *few) {
	f = &few{level: l}
	for _, x := range entries {
		if e.readsFew(x.tree, f) {
			f.entries = append(f.entries, x)
			f.settle()
			continue
		}
		others = append(others, x)
	}
	if len(f.entries) == 0 || len(f.entries) > maxFewEntries {
		return entries, nil
	}
	for _, i := range f.spots {
		f.callers = append(f.callers, e.spots[i].caller)
	}
	return others, f
}

// split takes the rules that read few-valued places out of entries. Where fields
// of the record have to be looked at anyway, rules that read only userIdentity's
// go along, so that what the fields leave is one program, which looks into
// userIdentity once.
func (e *Engine) split(entries []entry) (others []entry, fields, who *few) {
	others, fields = e.few(entries, levelFew)
	others, who = e.few(others, levelWho)
	if fields != nil && who != nil && len(fields.entries)+len(who.entries) <= maxFewEntries {
		fields.entries = append(fields.entries, who.entries...)
		who = nil
	}
	return others, fields, who
}

// fresh is f with a memory of its own.
func (f *few) fresh() *few {
	if f == nil {
		return nil
	}
	c := *f
	c.forget()
	return &c
}

// forget empties f's memory.
func (f *few) forget() {
	f.known.forget()
	f.variants = nil
}

// readsFew tells whether x reads few-valued places of f's level, and notes them.
func (e *Engine) readsFew(x *expr, f *few) bool {
	reads := false
	if x.op == exprAtom || x.op == exprNot {
		a := &e.atoms[x.atom]
		if reads = a.level == f.level; reads {
			f.atoms = append(f.atoms, x.atom)
			f.note(&e.selectors[a.sel])
			if a.kind == atomCompare {
				f.note(&e.selectors[a.right])
			}
		}
	}
	for _, k := range x.kids {
		reads = e.readsFew(k, f) || reads
	}
	return reads
}

func (f *few) note(s *selector) {
	if f.level == levelWho {
		f.spots = append(f.spots, s.spot)
	} else {
		f.fields = append(f.fields, s.field)
	}
}

// settle drops what was noted twice.
func (f *few) settle() {
	slices.Sort(f.fields)
	slices.Sort(f.spots)
	slices.Sort(f.atoms)
	f.fields, f.spots, f.atoms = slices.Compact(f.fields), slices.Compact(f.spots), slices.Compact(f.atoms)
}

// runAll judges the rules of p, of those that read few-valued places what is left
// of them.
func (m *Matcher) runAll(p *program) {
	if len(p.entries) > 0 {
		m.run(p)
	} else {
		m.hits = append(m.hits, p.certain...)
	}
	if p.few != nil {
		m.runFew(p.few)
	}
	if p.who != nil {
		m.runFew(p.who)
	}
}

func (m *Matcher) runFew(f *few) {
	var space [max(len(fewValued), len(whoValued))][]byte
	texts, ok := m.fewTexts(f, space[:0])
	if !ok {
		for i := range f.entries {
			m.try(&f.entries[i])
		}
		return
	}
	h := m.hashKey.hashTexts(texts)
	left, ok := f.known.get(h, texts)
	if !ok {
		left = m.leave(f)
		f.known.put(h, texts, left)
	}
	if left != nil {
		m.runAll(left)
	}
}

// leave finds or works out what the record at hand leaves of f, and makes room
// for it.
func (m *Matcher) leave(f *few) *program {
	said := make([]byte, len(f.atoms))
	for i, a := range f.atoms {
		said[i] = flag(m.atom(a))
	}
	if f.known.used >= maxFewKnown {
		f.forget()
	}
	left, ok := f.variants[string(said)]
	if ok {
		m.charge(nil)
		return left
	}
	all := make([]*entry, len(f.entries))
	for i := range f.entries {
		all[i] = &f.entries[i]
	}
	left = m.reduce(all, f.level)
	m.charge(left)
	if f.variants == nil {
		f.variants = map[string]*program{}
	}
	f.variants[string(said)] = left
	return left
}

// fewTexts appends the values of f's places to texts. ok is false when they do
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
	if len(f.spots) > 0 && m.knowsCaller() && m.rootOdd() == 0 {
		for _, i := range f.callers {
			raw, _ := m.rec.CallerRaw(i)
			n += len(raw) + 1
			texts = append(texts, raw)
		}
		return texts, n <= maxFewText
	}
	for _, i := range f.spots {
		v, odd := m.at(i)
		if odd != 0 || isContainer(v.Kind()) {
			return nil, false
		}
		n += len(v.Raw()) + 1
		texts = append(texts, v.Raw())
	}
	return texts, n <= maxFewText && m.rootOdd()&oddCase == 0
}

package detect

import "slices"

// few are the rules of a program that read few-valued places of one level:
// region, error code, read-only or not and the like; or, in userIdentity, what
// kind of caller it was. It remembers what is left of them for each class of
// records. Mostly nothing is. The program's other rules stand apart from them:
// what is left of those does not depend on the values, and one copy of it stays
// nearer to the processor than one for each class.
type few struct {
	known   byClass
	level   level
	entries []entry
	atoms   []int32 // that the places decide
	// variants are the programs by what the atoms said. Most classes make no
	// difference, as of regions all but a few, and so share one program.
	variants map[string]*program
}

// Bounds of the memory of one program; when it is full it is emptied.
const (
	maxFewEntries = 128 // rules that are reduced further
	maxFewKnown   = 512
)

// few takes the rules that read places of level l out of entries, with an empty
// memory for them; nil when there are none, or too many to reduce.
func (e *Engine) few(entries []entry, l level) (others []entry, f *few) {
	f = &few{level: l}
	for _, x := range entries {
		if e.readsFew(x.tree, f) {
			f.entries = append(f.entries, x)
			continue
		}
		others = append(others, x)
	}
	if len(f.entries) == 0 || len(f.entries) > maxFewEntries {
		return entries, nil
	}
	slices.Sort(f.atoms)
	f.atoms = slices.Compact(f.atoms)
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
		}
	}
	for _, k := range x.kids {
		reads = e.readsFew(k, f) || reads
	}
	return reads
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
		m.runFew(p.few, &m.classes[classOfFew])
	}
	if p.who != nil {
		m.runFew(p.who, &m.classes[classOfWho])
	}
}

// runFew judges the rules of f, whose level is that of c.
func (m *Matcher) runFew(f *few, c *classes) {
	class, ok := m.class(c)
	if !ok {
		for i := range f.entries {
			m.tryOnce(&f.entries[i])
		}
		return
	}
	left, ok := f.known.get(class)
	if !ok {
		left = m.leave(f)
		f.known.put(class, left)
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
		f.known.forget()
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
	if f.variants == nil || len(f.variants) >= maxFewKnown {
		f.variants = map[string]*program{}
	}
	f.variants[string(said)] = left
	return left
}

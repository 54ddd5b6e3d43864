package detect

import (
	"encoding/binary"
	"strings"
)

// term is a compiled Term. check is nil when no leaf can satisfy it.
type term struct {
	sel    int32
	check  *check
	absent bool
}

// consistent splits the node into parts that share no array: two paths can
// only meet in one below the same field of the record. A part of one term is
// an ordinary test. What remains keeps the tests of its terms in front, which
// are necessary and mostly decide.
func (c *compiler) consistent(n Consistent, negate bool) *expr {
	var kids []*expr
	for _, part := range parts(n.Terms) {
		if len(part) == 1 {
			kids = append(kids, c.lone(part[0], negate))
			continue
		}
		for _, t := range part {
			if !t.Absent {
				kids = append(kids, c.lone(t, negate))
			}
		}
		kids = append(kids, c.literal(c.together(part), negate))
	}
	return c.combine(opposite(exprAll, negate), kids)
}

// lone is a term that no other one constrains.
func (c *compiler) lone(t Term, negate bool) *expr {
	kids := []*expr{truth(negate)}
	if t.Match != nil {
		kids = append(kids, c.test(t.Path, plainMatch(t.Match), negate))
	}
	if t.Absent {
		kids = append(kids, c.test(t.Path, Exists, !negate))
	}
	return c.combine(opposite(exprAny, negate), kids)
}

// parts groups terms by the field that their paths start in, in order.
func parts(terms []Term) [][]Term {
	at := map[string]int{}
	var out [][]Term
	for _, t := range terms {
		field, ok := startingField(t.Path)
		if !ok {
			return [][]Term{terms}
		}
		i, ok := at[field]
		if !ok {
			i = len(out)
			at[field] = i
			out = append(out, nil)
		}
		out[i] = append(out[i], t)
	}
	return out
}

// startingField names the part of the record that p stays in: the first key up
// to a dot, in any case. A path that starts otherwise may lead anywhere.
func startingField(p Path) (string, bool) {
	if len(p.Steps) == 0 || p.Steps[0].Kind != StepKey {
		return "", false
	}
	if p.Root == RootEnvelope {
		return "envelope " + p.Steps[0].Key, true
	}
	field, _, _ := strings.Cut(p.Steps[0].Key, ".")
	return "record " + FoldText(field), true
}

func (c *compiler) together(part []Term) int32 {
	id := []byte{byte(atomConsistent)} // not c.id: paths are interned meanwhile
	terms := make([]term, len(part))
	var keys []key
	cost := 200
	for i, t := range part {
		sel := c.intern(t.Path)
		c.list[sel].track = true
		terms[i] = term{sel: sel, absent: t.Absent}
		id = append(binary.AppendUvarint(id, uint64(sel)), flag(t.Absent), flag(t.Match != nil))
		if t.Match == nil {
			continue
		}
		m := plainMatch(t.Match)
		id = appendMatch(id, m)
		check := compileMatch(m)
		terms[i].check = &check
		cost += c.cost(sel) + matchCost(m)
		if ks := keysOf(sel, m); !t.Absent && (keys == nil || len(ks) < len(keys)) {
			keys = ks
		}
	}
	if i, ok := c.atomBy[string(id)]; ok {
		return i
	}
	c.id = append(c.id[:0], id...)
	return c.add(atom{kind: atomConsistent, sel: terms[0].sel, terms: terms, cost: int32(min(cost, maxCost)), keys: keys})
}

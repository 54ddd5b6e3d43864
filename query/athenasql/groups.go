package athenasql

import (
	"slices"
	"strconv"
	"strings"
)

// plainColumns refuses what Athena does not group by in ROLLUP, CUBE and GROUPING
// SETS: anything but columns, also fields of them.
func plainColumns(list []expr, s *scope) error {
	for _, x := range list {
		n, ok := x.(*name)
		if ok {
			r, found := s.find(n.parts)
			ok = !found || len(r.rest) == 0
		}
		if !ok {
			return &syntaxError{at: x.pos(), code: codeArguments, message: "ROLLUP, CUBE and GROUPING SETS group by columns, not by expressions or fields",
				help: "a query around it: FROM (SELECT useridentity.type AS kind, … FROM …) GROUP BY ROLLUP (kind)"}
		}
	}
	return nil
}

// groupable refuses to group by an aggregate, also one that a position stands for.
func (t *translator) groupable(q *selection) error {
	if slices.ContainsFunc(q.items, func(i item) bool { return i.star }) {
		return nil // what the positions are is not known before
	}
	for _, set := range q.group.sets {
		x := set.x
		if l, ok := x.(*literal); ok && l.kind == litInteger {
			n, err := strconv.Atoi(l.text)
			if err != nil || n < 1 || n > len(q.items) {
				return &syntaxError{at: l.at, code: codeArguments, message: "GROUP BY position " + l.text + " is not in select list"}
			}
			x = q.items[n-1].x
		}
		if x != nil && t.aggregate(x) != nil {
			return &syntaxError{at: set.x.pos(), code: codeArguments, message: "GROUP BY clause cannot contain aggregations or window functions"}
		}
	}
	return nil
}

// aggregate is the first call in an expression that takes many rows; nil when none
// does.
func (t *translator) aggregate(x expr) *call {
	if c, ok := x.(*call); ok && (c.over != nil || t.fn[c.name].aggregate || t.fn[c.name].window) {
		return c
	}
	for _, p := range parts(x) {
		if c := t.aggregate(p); c != nil {
			return c
		}
	}
	return nil
}

// oneRow refuses calls that take many rows in a clause that looks at one.
func (t *translator) oneRow(clause string, x expr) error {
	if c := t.aggregate(x); c != nil {
		return &syntaxError{at: c.at, code: codeArguments, message: clause + " clause cannot contain aggregations or window functions",
			help: either(c.over == nil, "HAVING", "a query around it: SELECT … FROM (SELECT …, "+c.name+"(…) OVER (…) AS n FROM …) WHERE n = …")}
	}
	return nil
}

// maxSets bounds the sets of one GROUP BY DISTINCT.
const maxSets = 4096

// distinctSets writes GROUP BY DISTINCT, which takes equal sets once, as the sets
// that it stands for.
func (t *translator) distinctSets(g *grouping, s *scope) (string, error) {
	all := [][]string{nil}
	for _, set := range g.sets {
		if set.kind == "" {
			set.kind, set.list = "GROUPING SETS", [][]expr{{set.x}}
		} else if err := plainColumns(slices.Concat(set.list...), s); err != nil {
			return "", err
		}
		lists := make([][]string, len(set.list))
		for i, l := range set.list {
			var err error
			if lists[i], _, err = t.each(l, s); err != nil {
				return "", err
			}
		}
		if set.kind == "CUBE" && len(lists) > 12 {
			return "", tooManySets(g, t)
		}
		var next [][]string
		for _, have := range all {
			for _, more := range expand(set.kind, lists) {
				next = append(next, slices.Concat(have, more))
			}
		}
		if all = next; len(all) > maxSets {
			return "", tooManySets(g, t)
		}
	}
	seen := map[string]bool{}
	var sets []string
	for _, set := range all {
		slices.Sort(set)
		text := "(" + strings.Join(slices.Compact(set), ", ") + ")"
		if !seen[text] {
			seen[text] = true
			sets = append(sets, text)
		}
	}
	return "GROUPING SETS (" + strings.Join(sets, ", ") + ")", nil
}

func tooManySets(g *grouping, t *translator) error {
	at := 0
	for _, set := range g.sets {
		if len(set.list) > 0 && len(set.list[0]) > 0 {
			at = set.list[0][0].pos()
		}
	}
	return &syntaxError{at: at, code: codeLimit, message: "GROUP BY has more than 4096 sets"}
}

// expand are the sets that ROLLUP, CUBE or GROUPING SETS of lists stand for.
func expand(kind string, lists [][]string) (sets [][]string) {
	switch kind {
	case "ROLLUP":
		for n := len(lists); n >= 0; n-- {
			sets = append(sets, slices.Concat(lists[:n]...))
		}
	case "CUBE":
		for bits := range 1 << len(lists) {
			var set []string
			for i, l := range lists {
				if bits>>i&1 == 0 {
					set = append(set, l...)
				}
			}
			sets = append(sets, set)
		}
	default:
		return lists
	}
	return sets
}

package read

import (
	"maps"
	"slices"
)

// maxCases bounds the cases that one resource, or one module, is read in.
const maxCases = 8

// cases says which side is taken of conditions that only a deployment decides,
// and remembers those that were met without one.
type cases struct {
	sides map[string]bool // by the condition's name or text
	met   map[string]bool
}

func newCases() *cases { return &cases{map[string]bool{}, map[string]bool{}} }

// side is the side that is taken of a condition. Where none is, the condition is
// remembered.
func (c *cases) side(condition string) (yes, decided bool) {
	yes, decided = c.sides[condition]
	if !decided {
		c.met[condition] = true
	}
	return yes, decided
}

// all are the cases of the conditions that were met: every combination of a
// few; of many, all true, all false, and one apart from the others.
func (c *cases) all() []map[string]bool {
	names := slices.Sorted(maps.Keys(c.met))
	if len(names) == 0 {
		return nil
	}
	var all []map[string]bool
	add := func(side func(i int) bool) {
		sides := map[string]bool{}
		for i, n := range names {
			sides[n] = side(i)
		}
		all = append(all, sides)
	}
	if 1<<min(len(names), 10) <= maxCases {
		for bits := 1<<len(names) - 1; bits >= 0; bits-- {
			add(func(i int) bool { return bits>>i&1 == 1 })
		}
		return all
	}
	add(func(int) bool { return true })
	add(func(int) bool { return false })
	for apart := 0; len(all) < maxCases; apart++ {
		add(func(i int) bool { return i != apart })
	}
	return all
}

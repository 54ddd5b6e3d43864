package filterpattern

import (
	"slices"
	"strings"

	"github.com/trailwarden/trailwarden/internal/nearest"
)

// Difference is how a pattern differs from a model that it was taken from. Clauses
// are comparisons, as a pattern writes them.
type Difference struct {
	Missing   []string // clauses of the model that the pattern lacks
	Added     []string // clauses that the model lacks
	Misspelt  []Misspelling
	Rejoined  bool // the clauses are the model's, and joined otherwise
	unmatched int
}

// Misspelling is a clause that is all but one of the model's.
type Misspelling struct{ Got, Want string }

// None tells that both mean the same: blanks, quotes, parentheses and the order of
// clauses aside, they have one text.
func (d Difference) None() bool { return d.unmatched == 0 && !d.Rejoined }

// Fewer tells whether d is a smaller difference than e.
func (d Difference) Fewer(e Difference) bool { return d.unmatched < e.unmatched }

// maxMisspelt is how many edits make a misspelling.
const maxMisspelt = 2

// Differs compares two patterns for JSON. ok is false when p is something else than
// the model: it has less than two thirds of its clauses, one alternative at most,
// or much besides.
func (p *Pattern) Differs(model *Pattern) (d Difference, ok bool) {
	if p.kind != JSON || model.kind != JSON {
		return d, false
	}
	have, want := clauses(p.root), clauses(model.root)
	exact := 0
	var missing []*comparison
	for _, w := range want {
		i := slices.IndexFunc(have, func(h *comparison) bool { return h.String() == w.String() })
		if i < 0 {
			missing = append(missing, w)
			continue
		}
		have = slices.Delete(have, i, i+1)
		exact++
	}
	lacked := map[string]bool{}
	for _, w := range missing {
		i := slices.IndexFunc(have, func(h *comparison) bool { return slip(h, w) })
		if i < 0 {
			d.Missing = append(d.Missing, w.String())
			lacked[w.String()] = true
			continue
		}
		d.Misspelt = append(d.Misspelt, Misspelling{have[i].String(), w.String()})
		have = slices.Delete(have, i, i+1)
	}
	for _, h := range have {
		d.Added = append(d.Added, h.String())
	}
	d.unmatched = len(d.Missing) + len(d.Added) + len(d.Misspelt)
	d.Rejoined = d.unmatched == 0 && arranged(p.root) != arranged(model.root)
	found := exact + len(d.Misspelt)
	ok = found*3 >= len(want)*2 && exact*2 >= len(want) && len(d.Added) <= max(1, len(want)/3)
	if choice := choices(model.root); len(choice) > 1 {
		left := slices.DeleteFunc(choice, func(c *comparison) bool { return lacked[c.String()] })
		ok = ok && len(left) > 1
	}
	return d, ok
}

// clauses are the comparisons of x, each once.
func clauses(x expr) (out []*comparison) {
	seen := map[string]bool{}
	each(x, func(c *comparison) {
		if !seen[c.String()] {
			seen[c.String()] = true
			out = append(out, c)
		}
	})
	return out
}

// choices are the comparisons that stand below some ||.
func choices(x expr) (out []*comparison) {
	switch x := x.(type) {
	case *or:
		return clauses(x)
	case *and:
		for _, y := range x.x {
			out = append(out, choices(y)...)
		}
	}
	return out
}

// slip tells whether a was written for b: one of field, operator and value is
// another, and all but the same.
func slip(a, b *comparison) bool {
	field, value := a.sel.String() == b.sel.String(), a.val.String() == b.val.String()
	switch {
	case a.op != b.op:
		return field && value && a.op.takesValue() == b.op.takesValue()
	case field:
		return a.op.takesValue() && near(a.val.text, b.val.text)
	case value:
		return near(a.sel.String(), b.sel.String())
	}
	return false
}

func near(a, b string) bool {
	return len(a) < 256 && (strings.EqualFold(a, b) || nearest.Distance(a, b) <= maxMisspelt)
}

// arranged is the expression without regard to order and repetition.
func arranged(x expr) string {
	if c, single := x.(*comparison); single {
		return c.String()
	}
	parts, operator := operands(x)
	out := make([]string, len(parts))
	for i, y := range parts {
		out[i] = arranged(y)
	}
	slices.Sort(out)
	if out = slices.Compact(out); len(out) == 1 {
		return out[0]
	}
	return "(" + strings.Join(out, operator) + ")"
}

package re2

import "regexp/syntax"

// Need is a text that an expression cannot match without.
type Need struct {
	Text string
	Fold bool // in any case
}

// maxNeeds bounds the alternatives that one expression is split into.
const maxNeeds = 64

// Needs are texts of which every match of expr contains one; nil when nothing
// useful is known.
func Needs(expr string) []Need {
	tree, err := syntax.Parse(expr, syntax.Perl)
	if err != nil {
		return nil
	}
	return needed(tree.Simplify())
}

func needed(t *syntax.Regexp) []Need {
	switch t.Op {
	case syntax.OpLiteral:
		return []Need{{string(t.Rune), t.Flags&syntax.FoldCase != 0}}
	case syntax.OpCapture, syntax.OpPlus:
		return needed(t.Sub[0])
	case syntax.OpRepeat:
		if t.Min > 0 {
			return needed(t.Sub[0])
		}
	case syntax.OpConcat:
		return bestNeed(t.Sub)
	case syntax.OpAlternate:
		var all []Need
		for _, s := range t.Sub {
			ns := needed(s)
			if ns == nil || len(all)+len(ns) > maxNeeds {
				return nil
			}
			all = append(all, ns...)
		}
		return all
	}
	return nil
}

// bestNeed is what the most telling part of a sequence needs: the one whose
// shortest text is longest.
func bestNeed(parts []*syntax.Regexp) []Need {
	var best []Need
	for _, s := range parts {
		if ns := needed(s); ns != nil && (best == nil || shortest(ns) > shortest(best)) {
			best = ns
		}
	}
	return best
}

func shortest(ns []Need) int {
	n := len(ns[0].Text)
	for _, x := range ns[1:] {
		n = min(n, len(x.Text))
	}
	return n
}

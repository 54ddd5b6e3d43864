package detect

import "regexp/syntax"

// need is a text that an expression cannot match without.
type need struct {
	text string // folded with fold
	fold bool
}

// maxNeeds bounds the alternatives that one expression is split into.
const maxNeeds = 64

// needed are texts of which every match of re contains one; nil when nothing
// useful is known.
func needed(re Searcher) []need {
	tree, err := syntax.Parse(re.String(), syntax.Perl)
	if err != nil {
		return nil
	}
	return neededBy(tree.Simplify())
}

func neededBy(t *syntax.Regexp) []need {
	switch t.Op {
	case syntax.OpLiteral:
		n := need{text: string(t.Rune), fold: t.Flags&syntax.FoldCase != 0}
		if n.fold {
			n.text = FoldText(n.text)
		}
		return []need{n}
	case syntax.OpCapture, syntax.OpPlus:
		return neededBy(t.Sub[0])
	case syntax.OpRepeat:
		if t.Min > 0 {
			return neededBy(t.Sub[0])
		}
	case syntax.OpConcat:
		return bestNeed(t.Sub)
	case syntax.OpAlternate:
		var all []need
		for _, s := range t.Sub {
			ns := neededBy(s)
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
func bestNeed(parts []*syntax.Regexp) []need {
	var best []need
	for _, s := range parts {
		if ns := neededBy(s); ns != nil && (best == nil || shortest(ns) > shortest(best)) {
			best = ns
		}
	}
	return best
}

func shortest(ns []need) int {
	n := len(ns[0].text)
	for _, x := range ns[1:] {
		n = min(n, len(x.text))
	}
	return n
}

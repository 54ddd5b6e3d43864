package sigma

// maxExpansion bounds the values that one item's placeholders make.
const maxExpansion = 10_000

// lookup gives a placeholder's values as configured, with Sigma's wildcards and
// escapes, or as regular expressions when the placeholder stands in one.
type lookup func(name string) ([]string, bool)

// replacePlaceholders puts values for placeholders that lookup knows, one
// operand becoming as many as there are combinations. Unknown ones stay. With
// wildcard, the values are Sigma wildcards even in a regular expression.
func (it *item) replacePlaceholders(lookup lookup, wildcard bool) {
	if !it.hasPlaceholder() {
		return
	}
	it.expanded = true
	var out [][]value
	total := 0
	for _, alternatives := range it.values {
		var next []value
		for _, v := range alternatives {
			expanded := expandValue(v, lookup, wildcard)
			if total += len(expanded); total > maxExpansion {
				it.overflow = true
				return
			}
			next = append(next, expanded...)
		}
		if len(alternatives) == 1 {
			for _, v := range next {
				out = append(out, []value{v})
			}
			continue
		}
		out = append(out, next)
	}
	it.values = out
}

func (it *item) hasPlaceholder() bool {
	for _, alternatives := range it.values {
		for _, v := range alternatives {
			if v.hasPlaceholder() {
				return true
			}
		}
	}
	return false
}

// expandValue gives more than maxExpansion values rather than all of a product
// beyond it.
func expandValue(v value, lookup lookup, wildcard bool) []value {
	variants := [][]piece{nil}
	for _, p := range v.pieces {
		replacements := [][]piece{{p}}
		if p.kind == placeholder {
			if known, ok := lookup(p.text); ok {
				if wildcard && v.kind == regexpValue {
					known = []string{".*"}
				}
				replacements = v.replacements(known)
			}
		}
		if len(variants)*len(replacements) > maxExpansion {
			return make([]value, maxExpansion+1)
		}
		var next [][]piece
		for _, a := range variants {
			for _, r := range replacements {
				next = append(next, joinPieces(a, r))
			}
		}
		variants = next
	}
	out := make([]value, len(variants))
	for i, pieces := range variants {
		out[i] = v
		out[i].pieces = pieces
	}
	return out
}

// replacements reads configured values as what the value is made of.
func (v value) replacements(texts []string) [][]piece {
	out := make([][]piece, len(texts))
	for i, s := range texts {
		if v.kind == regexpValue {
			out[i] = literalPieces(s)
		} else {
			out[i] = parseText(s, false)
		}
	}
	return out
}

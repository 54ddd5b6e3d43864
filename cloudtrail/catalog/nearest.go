package catalog

import (
	"iter"
	"strings"
)

// nearest is the candidate spelled most like name: equal but for case, or within
// an edit distance of a quarter of its length (at least 2); "" when none is.
// Ties go to the alphabetically first.
func nearest(name string, candidates iter.Seq[string]) string {
	const longest = 256
	if name == "" || len(name) > longest {
		return ""
	}
	limit := max(2, len(name)/4)
	best, bestDistance := "", limit+1
	lower := strings.ToLower(name)
	for c := range candidates {
		if len(c) > len(name)+limit || len(c) < len(name)-limit {
			continue
		}
		d := distance(lower, strings.ToLower(c))
		if d < bestDistance || d == bestDistance && c < best {
			best, bestDistance = c, d
		}
	}
	if bestDistance > limit {
		return ""
	}
	return best
}

// distance is the Levenshtein distance of a and b in bytes.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			substitute := diagonal
			if a[i] != b[j] {
				substitute++
			}
			diagonal = row[j+1]
			row[j+1] = min(substitute, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

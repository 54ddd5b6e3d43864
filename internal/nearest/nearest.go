// Package nearest finds the known word that a mistyped one was meant to be.
package nearest

import "strings"

// Of is the word of known closest to word, or "" when none is close: one edit
// (insertion, deletion, replacement, swap of neighbours) for every three
// characters of word, at least one; case counts nothing.
func Of(word string, known []string) string {
	if len(word) > 128 {
		return ""
	}
	w := strings.ToLower(word)
	own, _ := lettersOf(w)
	best, bound := "", max(1, len(w)/3)+1
	for _, k := range known {
		if len(k)-len(w) >= bound || len(w)-len(k) >= bound {
			continue
		}
		if l, ascii := lettersOf(k); ascii && own.apart(&l) >= bound {
			continue
		}
		if d := Distance(w, strings.ToLower(k)); d < bound {
			best, bound = k, d
		}
	}
	return best
}

// letters counts a word's bytes, whatever their case, by their last five bits.
type letters [32]int16

// lettersOf counts a word; ascii tells whether lower case keeps its length.
func lettersOf(word string) (l letters, ascii bool) {
	ascii = true
	for i := range len(word) {
		l[word[i]&31]++
		ascii = ascii && word[i] < 0x80
	}
	return l, ascii
}

// apart is a number of edits that two words are at least apart: an insertion or
// a deletion changes one count, a replacement two against each other, a swap
// none.
func (l *letters) apart(m *letters) int {
	more, less := 0, 0
	for i, n := range l {
		if d := int(n - m[i]); d > 0 {
			more += d
		} else {
			less -= d
		}
	}
	return max(more, less)
}

// Distance is the optimal string alignment distance of a and b, by bytes.
func Distance(a, b string) int {
	two, one, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range one {
		one[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(one[j]+1, row[j-1]+1, one[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], two[j-2]+1)
			}
		}
		two, one, row = one, row, two
	}
	return one[len(b)]
}

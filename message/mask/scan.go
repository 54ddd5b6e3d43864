package mask

import (
	"strings"
	"sync"
)

// hits are the shapes, by number, whose hints a text holds.
type hits uint16

// automaton finds which of many words a text holds, in one reading (Aho and
// Corasick, 1975). It reads ASCII only, upper case as lower.
type automaton struct {
	next [][64]uint16 // by state and letter
	out  []hits       // by state
}

// letter numbers the characters that words are made of; all others are 0.
func letter(c byte) byte {
	switch {
	case c >= 'a' && c <= 'z':
		return c - 'a' + 1
	case c >= 'A' && c <= 'Z':
		return c - 'A' + 1
	case c >= '0' && c <= '9':
		return c - '0' + 27
	}
	return byte(strings.IndexByte(" -._/:=<", c) + 1 + letterless)
}

// letterless is the number before those of marks, so that no mark is 0.
const letterless = 36

// letters is letter as a table.
var letters = func() (t [256]byte) {
	for c := range t {
		if t[c] = letter(byte(c)); t[c] == letterless {
			t[c] = 0
		}
	}
	return t
}()

// newAutomaton makes the automaton of lists of words in lower case; a text holds
// list i when it holds a word of it.
func newAutomaton(lists [][]string) *automaton {
	a := &automaton{next: make([][64]uint16, 1), out: make([]hits, 1)}
	for i, words := range lists {
		for _, w := range words {
			a.out[a.add(w)] |= 1 << i
		}
	}
	a.link()
	return a
}

// add makes the states of a word and gives its last.
func (a *automaton) add(word string) (state uint16) {
	for i := range len(word) {
		l := letters[word[i]]
		if l == 0 {
			panic("no letter for " + word) // a mistake in this package
		}
		if a.next[state][l] == 0 {
			a.next[state][l] = uint16(len(a.next))
			a.next, a.out = append(a.next, [64]uint16{}), append(a.out, 0)
		}
		state = a.next[state][l]
	}
	return state
}

// link lets every state go on where its longest end that is a beginning would.
func (a *automaton) link() {
	fallback := make([]uint16, len(a.next))
	var queue []uint16
	for _, s := range a.next[0] {
		if s != 0 {
			queue = append(queue, s)
		}
	}
	for ; len(queue) > 0; queue = queue[1:] {
		s := queue[0]
		a.out[s] |= a.out[fallback[s]]
		for l, t := range a.next[s] {
			if t == 0 {
				a.next[s][l] = a.next[fallback[s]][l]
				continue
			}
			fallback[t] = a.next[fallback[s]][l]
			queue = append(queue, t)
		}
	}
}

// find tells which lists s holds; ascii is false when it has other characters,
// and what was found then says nothing.
func find[T string | []byte](a *automaton, s T) (found hits, ascii bool) {
	var state uint16
	var all byte
	for i := range len(s) {
		c := s[i]
		all |= c
		state = a.next[state][letters[c]&63]
		found |= a.out[state]
	}
	return found, all < 0x80
}

// hints is the automaton of the shapes' hints. Nearly every text holds none, and
// one reading tells so, in place of one for each hint.
var hints = sync.OnceValue(func() *automaton {
	var lists [][]string
	for _, sh := range shapes {
		lists = append(lists, sh.hint)
	}
	return newAutomaton(lists)
})

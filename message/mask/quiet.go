package mask

import (
	"bytes"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"
)

// quiet tells that Text leaves s as it is and that JSON needs no escapes for it, by
// looking at its bytes once or twice; false means that it may be otherwise. Nearly
// every text in a record is quiet.
func quiet(s []byte) bool {
	a := stirring()
	var state uint8
	for _, c := range s {
		state = a.next[state][a.letters[c]&63]
	}
	const run, encoded = 40, 24 // the lengths from which secretKeys and hiddenText look at texts
	switch {
	case len(s) < shortestSecret:
		return state != stirred || written(s)
	case state == stirred || len(s) >= run && hasRun(s, run) || len(s) >= encoded && mayEncode(bytes.TrimSpace(s)):
		return false
	}
	return bytes.Count(s, []byte("%")) < 3
}

// mayEncode tells that s may be base64 of a text, which may be a secret: the ids of
// events could be base64, but of nothing that is a text.
func mayEncode(s []byte) bool {
	if !encodable(s) {
		return false
	}
	var room [96]byte
	e := encodingOf(s)
	if e.DecodedLen(len(s)) > len(room) {
		return true
	}
	n, err := e.Decode(room[:], s)
	return err == nil && utf8.Valid(room[:n])
}

// stirrer finds what every text has in which a shape or an access key is found, and
// what JSON needs escapes for. Nothing leads out of the state of a text that has any of
// it, and what remains fits in 16 kilobytes.
type stirrer struct {
	next    [stirred + 1][64]uint8 // by state and letter
	letters [256]uint8             // letterOfEscapes for what needs an escape
}

const (
	stirred         = 255
	letterOfEscapes = 63
)

var stirring = sync.OnceValue(func() *stirrer {
	words := []string{"akia", "asia", "abia", "acca"}
	for _, sh := range shapes {
		words = append(words, sh.hint...)
	}
	// What another word is part of needs no states of its own.
	words = slices.DeleteFunc(words, func(w string) bool {
		return slices.ContainsFunc(words, func(part string) bool { return part != w && strings.Contains(w, part) })
	})
	a := newAutomaton([][]string{words})
	number, n := make([]uint8, len(a.next)), 0
	for s := range a.next {
		if number[s] = stirred; a.out[s] == 0 {
			if n == stirred {
				panic("too many words") // a mistake in this package
			}
			number[s] = uint8(n)
			n++
		}
	}
	q := &stirrer{letters: letters}
	for c := range q.letters {
		if unwritten[c] {
			q.letters[c] = letterOfEscapes
		}
	}
	for s, row := range a.next {
		for l, t := range row {
			q.next[number[s]][l] = number[t]
		}
		q.next[number[s]][letterOfEscapes] = stirred
	}
	for l := range q.next[stirred] {
		q.next[stirred][l] = stirred
	}
	return q
})

// hasRun tells whether s has exactly n characters of base64 that stand alone.
func hasRun(s []byte, n int) bool {
	start := 0
	for i, c := range s {
		if base64Letter(c) {
			continue
		}
		if i-start == n {
			return true
		}
		start = i + 1
	}
	return len(s)-start == n
}

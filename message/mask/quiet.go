package mask

import (
	"bytes"
	"sync"
	"unicode/utf8"
)

// quiet tells that Text leaves s as it is and that JSON needs no escapes for it, by
// looking at its bytes once or twice; false means that it may be otherwise. Nearly
// every text in a record is quiet.
func quiet(s []byte) bool {
	a := stirring()
	var state uint16
	var found hits
	for _, c := range s {
		if unwritten[c] {
			return false
		}
		state = a.next[state][letters[c]&63]
		found |= a.out[state]
	}
	const run, encoded = 40, 24 // the lengths from which secretKeys and hiddenText look at texts
	switch {
	case len(s) < shortestSecret:
		return true
	case found != 0 || len(s) >= run && hasRun(s, run) || len(s) >= encoded && mayEncode(bytes.TrimSpace(s)):
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

// stirring finds what every text has in which a shape or an access key is found.
var stirring = sync.OnceValue(func() *automaton {
	words := []string{"akia", "asia", "abia", "acca"}
	for _, sh := range shapes {
		words = append(words, sh.hint...)
	}
	return newAutomaton([][]string{words})
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

package alert

import (
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
)

// Wildcards mean what the regular expression does that says the same.
func TestWildcard(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	letters := []string{"a", "b", "ä", "*", "?", ".", "("}
	text := func(n, kinds int) string {
		var b strings.Builder
		for range rng.IntN(n) {
			b.WriteString(letters[rng.IntN(kinds)])
		}
		return b.String()
	}
	matched := 0
	for range 20_000 {
		pattern, s := text(7, len(letters)), text(9, 3)
		re := strings.NewReplacer(`\*`, "(?s:.*)", `\?`, "(?s:.)").Replace(regexp.QuoteMeta(pattern))
		want := regexp.MustCompile("^" + re + "$").MatchString(s)
		if got := wildcard(pattern, s); got != want {
			t.Fatalf("%q and %q: got %v, want %v", pattern, s, got, want)
		}
		if want {
			matched++
		}
	}
	if matched < 500 {
		t.Errorf("only %d pairs matched: the test shows little", matched)
	}
}

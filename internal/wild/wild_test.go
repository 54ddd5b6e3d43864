package wild_test

import (
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"github.com/trailwarden/trailwarden/internal/wild"
)

// Wildcards mean what the regular expression does that says the same.
func TestMatch(t *testing.T) {
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
		if got := wild.Match(pattern, s); got != want {
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

// It takes time in proportion to the product of both lengths: a pattern made to
// be tried in every way ends.
func TestMatchIsBounded(t *testing.T) {
	long := strings.Repeat("a", 20000)
	if wild.Match(strings.Repeat("a*", 200)+"b", long) || !wild.Match("*a?a*", long) || wild.Match("", "a") || !wild.Match("**", "") {
		t.Error("patterns do not match as they should")
	}
}

// Bytes that are no characters are equal to themselves alone.
func TestMatchOfBytes(t *testing.T) {
	if wild.Match("\xff", "\xfe") || !wild.Match("\xff*", "\xff\xfe") || !wild.Match("?", "\xfe") {
		t.Error("invalid UTF-8 is compared as something else than bytes")
	}
}

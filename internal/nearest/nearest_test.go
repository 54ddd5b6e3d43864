package nearest_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/trailwarden/trailwarden/internal/nearest"
	"github.com/trailwarden/trailwarden/internal/seeds"
)

func TestOf(t *testing.T) {
	known := []string{"severity", "title", "tests", "match", "in"}
	for word, want := range map[string]string{
		"severty": "severity", "Severity": "severity", "tset": "", "test": "tests",
		"mathc": "match", "xyzzy": "", "ni": "in", "": "",
	} {
		if got := nearest.Of(word, known); got != want {
			t.Errorf("%q: got %q, want %q", word, got, want)
		}
	}
}

// edits is the distance by the definition: the least of what each last edit
// leaves.
func edits(a, b string) int {
	if a == "" || b == "" {
		return len(a) + len(b)
	}
	x, y := len(a)-1, len(b)-1
	if a[x] == b[y] {
		return edits(a[:x], b[:y])
	}
	d := 1 + min(edits(a[:x], b), edits(a, b[:y]), edits(a[:x], b[:y]))
	if x > 0 && y > 0 && a[x] == b[y-1] && a[x-1] == b[y] {
		d = min(d, 1+edits(a[:x-1], b[:y-1]))
	}
	return d
}

// TestOfIsTheNearest compares with looking at every word in full.
func TestOfIsTheNearest(t *testing.T) {
	r := rand.New(rand.NewPCG(seeds.Of(t), 5))
	word := func() string {
		var b strings.Builder
		for range r.IntN(9) {
			b.WriteByte("abABcq1é"[r.IntN(8)])
		}
		return strings.ToValidUTF8(b.String(), "é")
	}
	for range 2000 {
		known := []string{word(), word(), word(), word()}
		w := word()
		want, bound := "", max(1, len(strings.ToLower(w))/3)+1
		for _, k := range known {
			if d := edits(strings.ToLower(w), strings.ToLower(k)); d < bound {
				want, bound = k, d
			}
		}
		if got := nearest.Of(w, known); got != want {
			t.Fatalf("%q among %q: got %q, want %q", w, known, got, want)
		}
	}
}

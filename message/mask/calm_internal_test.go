package mask

import (
	"encoding/base64"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/trailwarden/trailwarden/internal/seeds"
)

// What a Calm remembers changes nothing: every text, whatever came before and with
// whatever limit, is masked as without one.
func TestRememberedTextsAreMaskedAsOthers(t *testing.T) {
	seed := seeds.Of(t)
	r, all := rand.New(rand.NewPCG(seed, 0)), pieces()
	var c Calm
	again := 0
	for range 20_000 {
		s := made(r, all)
		switch r.IntN(8) {
		case 0:
			s = strings.Repeat(s, 1+r.IntN(40))
		case 1:
			s = base64.RawURLEncoding.EncodeToString([]byte(s))
		}
		if knows(&c, s) {
			again++
		}
		limit := []int{5, 30, 1024}[r.IntN(3)]
		got, n := c.TextUpTo(s, limit)
		if want, m := TextUpTo(s, limit); got != want || n != m {
			t.Fatalf("seed %d: %q up to %d: %q, %d masked; want %q, %d", seed, s, limit, got, n, want, m)
		}
	}
	if again < 100 {
		t.Errorf("%d of 20,000 texts were known", again)
	}
	if n := len(c.young) + len(c.old); n < mostCalm || n > 2*mostCalm {
		t.Errorf("%d texts are remembered", n)
	}
}

// An id that base64 could be is quiet, and base64 of a secret never is.
func TestWhatMayBeEncodedIsNotQuiet(t *testing.T) {
	if !quiet([]byte("0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d")) {
		t.Error("an event's id is not quiet")
	}
	seed := seeds.Of(t)
	r, all := rand.New(rand.NewPCG(seed, 0)), pieces()
	secrets := 0
	for range 20_000 {
		encoding := []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding}[r.IntN(4)]
		s := encoding.EncodeToString([]byte(made(r, all)))
		if r.IntN(4) == 0 {
			s = s[:len(s)/2] + "\n" + s[len(s)/2:]
		}
		if got, n := Text(s); n != 0 || got != s {
			if secrets++; quiet([]byte(s)) {
				t.Fatalf("seed %d: %q is quiet, and is shown as %q", seed, s, got)
			}
		}
	}
	if secrets < 100 {
		t.Errorf("%d of 20,000 texts hold a secret", secrets)
	}
}

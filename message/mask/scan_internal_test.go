package mask

import (
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/trailwarden/trailwarden/internal/seeds"
)

// pieces are what texts are made of here: hints, what must stand beside them,
// secrets, ordinary words, and letters whose lower case is another's.
func pieces() []string {
	all := []string{"", " ", ".", "@", "=", ": ", "-", "/", "\"", "K", "ſ", "é", "\xff", "AKIA", "IOSFODNN7EXAMPLE", "eyJhbGciOiJI", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEX", "AMPLEKEY", "wJalrXUtnFEMI/K7MDENG/" + "bPxRfiCYEXAMPLEKEY",
		"aws-cli/2.15", "arn:aws:iam::111122223333:role/Admin", "https", "userName", "Value", "id", "-----BEGIN RSA ", "Bearer ", "abcdefghijkl0123456789", "x", "</a>", "%3D%20%26"}
	for _, sh := range shapes {
		all = append(all, sh.hint...)
	}
	for name := range secretNames {
		all = append(all, name)
	}
	return append(all, secretEnds...)
}

func made(r *rand.Rand, pieces []string) string {
	var b strings.Builder
	for range r.IntN(6) {
		p := pieces[r.IntN(len(pieces))]
		switch r.IntN(4) {
		case 0:
			p = strings.ToUpper(p)
		case 1:
			p = p[:r.IntN(len(p)+1)]
		}
		b.WriteString(p)
	}
	return b.String()
}

// One reading for all hints finds what looking for each of them finds.
func TestOneReadingIsAsGood(t *testing.T) {
	seed := seeds.Of(t)
	r, all := rand.New(rand.NewPCG(seed, 0)), pieces()
	for range 20_000 {
		s := made(r, all)
		got, n := Text(s)
		if want, m := slowly(s); got != want || n != m {
			t.Fatalf("seed %d: %q: %q, %d masked; want %q, %d", seed, s, got, n, want, m)
		}
		if quiet([]byte(s)) && (n != 0 || got != s || !written(s)) {
			t.Fatalf("seed %d: %q is not quiet: %q, %d masked", seed, s, got, n)
		}
		var m int
		n = 0
		if got, want := secretKeys(s, &n), secretRuns(s, &m); got != want || n != m {
			t.Fatalf("seed %d: %q: %q, %d masked; want %q, %d", seed, s, got, n, want, m)
		}
		if got, want := SecretKey(s), secretKey(plain(s)); got != want {
			t.Fatalf("seed %d: key %q: %t, want %t", seed, s, got, want)
		}
	}
}

// Access key ids are found as a pattern finds them.
func TestAccessKeysAsByPattern(t *testing.T) {
	pattern := regexp.MustCompile(`(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{12,}`)
	seed := seeds.Of(t)
	r := rand.New(rand.NewPCG(seed, 0))
	pieces := []string{"AKIA", "ASIA", "ABIA", "ACCA", "A", "AK", "AKI", "IOSFODNN7EXAMPLE", "0123456789AB", "0123456789A", "x", " ", "é", "akia", "AKIAAKIA"}
	for range 20_000 {
		var b strings.Builder
		for range r.IntN(7) {
			b.WriteString(pieces[r.IntN(len(pieces))])
		}
		s := b.String()
		if got, want := accessKeys(s), pattern.ReplaceAllStringFunc(s, AccessKey); got != want {
			t.Fatalf("seed %d: %q: %q, want %q", seed, s, got, want)
		}
	}
}

var run40 = regexp.MustCompile(`[A-Za-z0-9/+]{40,}`)

// Every text that a shape's pattern finds something in has one of its hints, and
// what must stand beside them.
func TestHintsMissNothing(t *testing.T) {
	seed := seeds.Of(t)
	r := rand.New(rand.NewPCG(seed, 0))
	all := append(pieces(), " -p", "'--password ", "\t--TOKEN=", "authorization", "API_KEY", "password ", ":=", "=>", "  :  \"", "\\\"", " = ", "    =", "     =", "risk-role", "SG.0123456789abcdef.0123456789abcdef", "glpat-0123456789abcdef", "sk-0123456789abcdef0123456789abcdef", "hf_abcdefghijabcdefghijabcdefghij", "AIza0123456789ABCDEFGHIJ0123456789abcdefghi", "X-Amz-Credential", "Sig=", "ſig=", "client_ſecret=", "hunter2", "?code_verifier", "Passwd: ", "</b>", "-----BEGIN PRIVATE KEY-----")
	for range 5_000 {
		s := strings.ToValidUTF8(made(r, all), "?")
		for i, sh := range shapes {
			low := lower(s)
			hinted := slices.ContainsFunc(sh.hint, func(h string) bool { return strings.Contains(low, h) }) && (sh.also == nil || sh.also(low))
			if !hinted && len(sh.pattern.FindAllStringIndex(s, 1)) > 0 {
				t.Fatalf("seed %d: shape %d: %q has no hint", seed, i, s)
			}
		}
	}
}

// secretRuns is secretKeys by a pattern.
func secretRuns(s string, n *int) string {
	return run40.ReplaceAllStringFunc(s, func(run string) string {
		if len(run) != 40 || !mixed(run) {
			return run
		}
		*n++
		return "[masked AWS secret key]"
	})
}

package message

import (
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"github.com/trailwarden/trailwarden/internal/seeds"
)

// The forms are those of patterns.
func TestShapesAreThoseOfPatterns(t *testing.T) {
	ids := regexp.MustCompile(`^(A(?:GPA|IDA|IPA|NPA|NVA|ROA|SCA)[A-Z0-9]{12,124}|\d{12})(?::|$)`)
	byPattern := func(p string) func(string) bool { return regexp.MustCompile(p).MatchString }
	shapes := []struct {
		name        string
		is, pattern func(string) bool
	}{
		{"hexID", hexID, byPattern(`^[0-9a-f]{8,128}$`)},
		{"uuid", uuid, byPattern(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)},
		{"ruleID", ruleID, byPattern(`^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$`)},
		{"accountID", accountID, byPattern(`^[0-9]{12}$`)},
		{"regionID", regionID, byPattern(`^[a-z]{2,5}(-[a-z]{2,12}){1,3}-[0-9]{1,2}$`)},
		{"instance", instance, byPattern(`^i-[0-9a-f]{8,17}$`)},
	}
	seed := seeds.Of(t)
	r := rand.New(rand.NewPCG(seed, 0))
	for range 20_000 {
		s := shaped(r)
		for _, x := range shapes {
			if got, want := x.is(s), x.pattern(s); got != want {
				t.Fatalf("seed %d: %s of %q: %t, want %t", seed, x.name, s, got, want)
			}
		}
		want := ""
		if p := ids.FindStringSubmatch(s); p != nil {
			want = p[1]
		}
		if got := principal(s); got != want {
			t.Fatalf("seed %d: principal of %q: %q, want %q", seed, s, got, want)
		}
	}
}

// shaped is a text like one of the forms, or nearly.
func shaped(r *rand.Rand) string {
	whole := []string{"0a1b2c3d-4e5f-4A6b-8c7d-9e0f1a2b3c4d", "us-east-1", "us-gov-west-1", "eu-isoe-west-12", "aa-bb-cc-dd-1", "aa-bb-cc-dd-ee-1", "a-bb-1", "aaaaaa-bb-1", "us-east-123",
		"111122223333", "i-0123456789abcdef0", "i-01234567", "AROAEXAMPLEEXAMPLEEX:alice", "AIDAEXAMPLE12345", "111122223333:root", "AKIAIOSFODNN7EXAMPLE", "unapproved-region-write",
		strings.Repeat("a", 128), strings.Repeat("b", 129), "AGPA" + strings.Repeat("X", 124), "AGPA" + strings.Repeat("X", 125), "us-" + strings.Repeat("e", 13) + "-1", "", "-", "1--1", "i-"}
	b := []byte(whole[r.IntN(len(whole))])
	const marks = "-:.aAfFgGzZ09_ \n\xff"
	for range r.IntN(3) {
		at := r.IntN(len(b) + 1)
		switch c := marks[r.IntN(len(marks))]; {
		case r.IntN(3) == 0 && at < len(b):
			b[at] = c
		case r.IntN(2) == 0 && at < len(b):
			b = append(b[:at], b[at+1:]...)
		default:
			b = append(b[:at], append([]byte{c}, b[at:]...)...)
		}
	}
	return string(b)
}

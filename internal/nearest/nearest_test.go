package nearest_test

import (
	"testing"

	"github.com/trailwarden/trailwarden/internal/nearest"
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

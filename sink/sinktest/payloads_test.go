package sinktest_test

import (
	"testing"

	"github.com/trailwarden/trailwarden/sink/sinktest"
)

// The corpus keeps the size that the promise names.
func TestPayloadsAreMoreThanTwoHundredDifferentTexts(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range sinktest.Payloads() {
		seen[p.Context+p.Text] = true
	}
	if len(seen) < 200 {
		t.Errorf("%d different payloads, want at least 200", len(seen))
	}
}

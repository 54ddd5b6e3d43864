package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/trailwarden/trailwarden/detect/memory"
	"github.com/trailwarden/trailwarden/rule"
)

// The rules of the comparison are fifty, all are judged, and every kind that
// rules can be written in is among them.
func TestFiftyRulesRemember(t *testing.T) {
	dir := t.TempDir()
	if keep := os.Getenv("BENCH_RULES"); keep != "" {
		dir = keep
	}
	for name, text := range memoryRules() {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	set, list := rule.Load([]string{dir}, rule.Options{})
	if err := list.Err(); err != nil {
		t.Fatal(list)
	}
	specs, _ := rule.Specs(set.Rules)
	kinds := map[memory.Kind]int{}
	for _, s := range specs {
		kinds[s.Kind]++
	}
	if len(specs) != 50 {
		t.Errorf("%d rules: %v", len(specs), kinds)
	}
	for _, k := range []memory.Kind{memory.Count, memory.Distinct, memory.Sum, memory.Inputs, memory.Ordered, memory.Absence, memory.FirstSeen, memory.Rate, memory.Alarm} {
		if kinds[k] == 0 {
			t.Errorf("no %v among %v", k, kinds)
		}
	}
}

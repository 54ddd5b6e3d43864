package rule_test

import (
	"testing"

	"github.com/trailwarden/trailwarden/detect"
	"github.com/trailwarden/trailwarden/internal/synth"
	"github.com/trailwarden/trailwarden/rule"
)

// BenchmarkLoad reads ten thousand rules, and BenchmarkCompile makes them ready
// to judge: what a scan spends before its first record.
func BenchmarkLoad(b *testing.B) {
	dir := benchRules(b)
	b.ReportAllocs()
	for b.Loop() {
		if set, _ := rule.Load([]string{dir}, rule.Options{}); len(set.Rules) != 10_000 {
			b.Fatal(len(set.Rules))
		}
	}
}

func BenchmarkCompile(b *testing.B) {
	set, _ := rule.Load([]string{benchRules(b)}, rule.Options{})
	var nodes []detect.Node
	for _, r := range set.Rules {
		nodes = append(nodes, r.Predicate)
	}
	b.ReportAllocs()
	for b.Loop() {
		detect.Compile(nodes)
	}
}

func benchRules(b *testing.B) string {
	b.Helper()
	dir := b.TempDir()
	if err := synth.WriteRules(dir, synth.RuleOptions{Seed: 6, Count: 10_000}); err != nil {
		b.Fatal(err)
	}
	return dir
}

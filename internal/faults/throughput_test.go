package faults_test

import (
	"testing"

	"github.com/trailwarden/trailwarden/internal/synth"
	"github.com/trailwarden/trailwarden/source"
)

// BenchmarkLive judges made-up files with the starter pack and keeps the alerts.
func BenchmarkLive(b *testing.B) {
	g := synth.New(synth.Options{Seed: 1, Bytes: 30 << 20})
	all := bucket{}
	var ds []source.Delivery
	for i := range g.Files() {
		f := g.File(i)
		all[f.Key] = pack(f.Body)
		ds = append(ds, announce(f.Key))
	}
	b.ResetTimer()
	for range b.N {
		p := start(b, open(b), all, nil)
		feed(b, p, ds, 2)
		p.Close()
		b.ReportMetric(float64(p.Judged.Load())*float64(b.N)/b.Elapsed().Seconds(), "records/s")
		b.ReportMetric(float64(p.Findings.Load()), "findings")
		b.ReportMetric(float64(p.Alerts.Load()), "alerts")
	}
}

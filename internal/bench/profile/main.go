// Command profile scans made-up logs and writes a CPU profile of it. The Go
// toolchain lays the program out by the profile it finds as default.pgo beside
// its main package (go.dev/doc/pgo), which saves a scan about a tenth of its
// CPU time.
//
// To refresh it after a large change of the hot path:
//
//	go run ./internal/bench/profile -o cmd/trailwarden/default.pgo
package main

import (
	"context"
	"flag"
	"io"
	"log"
	"os"
	"path/filepath"
	"runtime/pprof"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/internal/synth"
	"github.com/trailwarden/trailwarden/packs"
	"github.com/trailwarden/trailwarden/pipeline"
	"github.com/trailwarden/trailwarden/report"
	"github.com/trailwarden/trailwarden/rule"
)

func main() {
	log.SetFlags(0)
	out := flag.String("o", "default.pgo", "write the profile to this `file`")
	rounds := flag.Int("rounds", 10, "scans by each set of rules")
	size := flag.Int64("bytes", 300_000_000, "size of the logs, as JSON")
	flag.Parse()
	if err := run(*out, *rounds, *size); err != nil {
		log.Fatal(err)
	}
}

func run(out string, rounds int, size int64) error {
	dir, err := os.MkdirTemp("", "trailwarden-profile")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	logs, many := filepath.Join(dir, "logs"), filepath.Join(dir, "rules")
	if _, err := synth.New(synth.Options{Seed: 1, Bytes: size}).Write(logs); err != nil {
		return err
	}
	if err := synth.WriteRules(many, synth.RuleOptions{Seed: 1, Count: 1000}); err != nil {
		return err
	}
	f, err := os.Create(out)
	if err != nil {
		return err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return err
	}
	for range rounds {
		if err := scans(logs, many); err != nil {
			return err
		}
	}
	pprof.StopCPUProfile()
	return f.Close()
}

// scans reads the rules each time, as the program does.
func scans(logs, many string) error {
	made, list := rule.Load([]string{many}, rule.Options{})
	if err := list.Err(); err != nil {
		return err
	}
	starter, list := packs.Starter().Rules(rule.Options{})
	if err := list.Err(); err != nil {
		return err
	}
	for _, rules := range [][]*rule.Rule{made.Rules, starter.Rules} {
		w, err := report.New("ndjson", io.Discard, report.Layout{})
		if err != nil {
			return err
		}
		_, err = pipeline.Scan(context.Background(), pipeline.Options{
			Listing: pipeline.List([]string{logs}, false), Rules: rules, Limits: cloudtrail.DefaultLimits(), Findings: w.Findings,
		})
		if err != nil {
			return err
		}
	}
	return nil
}

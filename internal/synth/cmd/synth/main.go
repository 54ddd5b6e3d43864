// Command synth writes made-up CloudTrail logs, or made-up rules, below a
// folder. The same flags give the same bytes on every machine.
//
//	go run ./internal/synth/cmd/synth -out /tmp/trail -bytes 100000000
//	go run ./internal/synth/cmd/synth -out /tmp/many -files 14028 -per-file 5
//	go run ./internal/synth/cmd/synth -out /tmp/rules -rules 1000
package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/trailwarden/trailwarden/internal/synth"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "synth:", err)
		os.Exit(1)
	}
}

func run() error {
	var o synth.Options
	out := flag.String("out", "", "folder to write to; required")
	rules := flag.Int("rules", 0, "write so many rules instead of logs")
	pattern := flag.Bool("pattern", false, "with -rules: EventBridge patterns instead of native rules")
	flag.Uint64Var(&o.Seed, "seed", 1, "seed of everything made up")
	flag.Int64Var(&o.Bytes, "bytes", 100_000_000, "about so many bytes of JSON")
	flag.IntVar(&o.Records, "records", 0, "exactly so many records, instead of -bytes")
	flag.IntVar(&o.Files, "files", 0, "with -per-file: so many files")
	flag.IntVar(&o.PerFile, "per-file", 0, "records in each file; 0: log-normal")
	flag.IntVar(&o.MaxPerFile, "max", 0, "most records in a file, when log-normal (default 8000)")
	flag.IntVar(&o.Days, "days", 0, "days covered (default 7)")
	flag.IntVar(&o.Level, "level", 0, "gzip level (default 6)")
	flag.StringVar(&o.Organization, "organization", "", "organization id to put in the keys")
	flag.Parse()
	if *out == "" || flag.NArg() > 0 {
		return fmt.Errorf("-out FOLDER is required, and no arguments; try -help")
	}
	if *rules > 0 {
		return synth.WriteRules(*out, synth.RuleOptions{Seed: o.Seed, Count: *rules, Pattern: *pattern})
	}
	summary, err := synth.New(o).Write(*out)
	if err == nil {
		fmt.Println(summary)
	}
	return err
}

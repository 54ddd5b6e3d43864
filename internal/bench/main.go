// Command bench measures what scanning costs, as ratios to tools that anybody
// can install, and prints a table with the machine it ran on.
//
//	go run ./internal/bench                 # everything, about ten minutes after the first time
//	go run ./internal/bench -quick          # a smoke test on small corpora; its ratios mean little
//	go run ./internal/bench -figures 'jq|node' -pairs 9
//
// Hosts drift in speed, by a factor of two within minutes on shared machines.
// Therefore two commands are run in turn, A B A B, after a warm-up of each, and
// only the median of the ratios within pairs is judged. The corpora are made by
// internal/synth, once, in a folder that is kept. References that are not
// installed are named with the command that installs them, and their figures
// left out.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
)

// settings are the flags.
type settings struct {
	dir     string
	pairs   int
	quick   bool
	figures *regexp.Regexp
	real    string
	sigma   string
	out     string
	check   bool
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if len(os.Args) == 4 && os.Args[1] == "-census" { // as makeMemory calls it
		text, err := census(ctx, os.Args[2], os.Args[3])
		if err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
			os.Exit(2)
		}
		fmt.Println(text)
		return
	}
	failed, err := run(ctx)
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(2)
	}
	if failed {
		os.Exit(1)
	}
}

func parseFlags() (settings, error) {
	var s settings
	flag.StringVar(&s.dir, "dir", filepath.Join(os.TempDir(), "trailwarden-bench"), "folder for corpora, rules and programs, kept for the next time")
	flag.IntVar(&s.pairs, "pairs", 5, "pairs of runs for each figure")
	flag.BoolVar(&s.quick, "quick", false, "small corpora and two pairs: does it run at all")
	flag.StringVar(&s.real, "real", "../shared/data/cloudtrail/invictus", "folder of real logs, repeated to a corpus; left out where missing")
	flag.StringVar(&s.sigma, "sigma", "../shared/data/sigma", "folder of SigmaHQ's CloudTrail rules; left out where missing")
	flag.StringVar(&s.out, "o", "", "also write the table to this file")
	flag.BoolVar(&s.check, "check", false, "exit with 1 when a figure misses its bar")
	names := flag.String("figures", "", "regular expression: only figures whose name matches")
	flag.Parse()
	if flag.NArg() > 0 {
		return s, fmt.Errorf("unexpected argument %q; try -help", flag.Arg(0))
	}
	if s.quick {
		s.pairs = min(s.pairs, 2)
	}
	var err error
	if s.figures, err = regexp.Compile(*names); err != nil {
		return s, fmt.Errorf("-figures: %w", err)
	}
	s.dir, err = filepath.Abs(s.dir)
	return s, err
}

// run measures and prints; failed says that -check found a bar missed.
func run(ctx context.Context) (failed bool, err error) {
	s, err := parseFlags()
	if err != nil {
		return false, err
	}
	w := io.Writer(os.Stdout)
	if s.out != "" {
		f, err := os.Create(s.out)
		if err != nil {
			return false, err
		}
		defer func() { err = errors.Join(err, f.Close()) }()
		w = io.MultiWriter(os.Stdout, f)
	}
	b, err := newBench(ctx, s)
	if err != nil {
		return false, err
	}
	fmt.Fprintln(w, describeMachine(ctx))
	rows, err := b.measure(ctx)
	printTable(w, rows, s.quick)
	printMissing(w, b.tools)
	for _, r := range rows {
		failed = failed || s.check && r.verdict() == misses
	}
	return failed, err
}

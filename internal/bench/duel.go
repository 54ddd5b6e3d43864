package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"
)

// A pair is one run of each command, one right after the other.
type pair struct{ a, b sample }

// run warms both commands up, compares their answers, and runs them in turn.
// Only the warm-up's answers go to files. The runs that are measured throw them
// away, all tools alike: what is measured is not the disk.
func (d duel) run(ctx context.Context, n int) (pairs []pair, err error) {
	for i := range n + 1 {
		var p pair
		if p.a, err = d.a.run(ctx); err != nil {
			return pairs, err
		}
		if d.b.args != nil {
			if p.b, err = d.b.run(ctx); err != nil {
				return pairs, err
			}
		}
		if i == 0 && d.agree != nil {
			err = d.agree()
		}
		d.a.out, d.b.out = "", ""
		if err != nil {
			return pairs, err
		}
		if i > 0 { // the first was the warm-up
			pairs = append(pairs, p)
		}
	}
	return pairs, nil
}

// countLines counts the lines of a file that hold a text.
func countLines(path, text string) (n int, err error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer func() { _ = f.Close() }() // only read
	r := bufio.NewReaderSize(f, 1<<20)
	part := []byte(text)
	for {
		line, err := r.ReadSlice('\n')
		if err == io.EOF && len(line) == 0 {
			return n, nil
		}
		if err != nil && err != io.EOF {
			return n, fmt.Errorf("%s: %w", path, err)
		}
		if bytes.Contains(line, part) {
			n++
		}
	}
}

// A row is one figure, measured.
type row struct {
	figure
	pairs []pair
	err   error
}

const (
	meets  = "meets the aim"
	within = "within the bar"
	misses = "MISSES THE BAR"
	failed = "failed"
)

// ratios are those of all pairs, in order of size.
func (r row) ratios() (list []float64) {
	for _, p := range r.pairs {
		list = append(list, r.ratio(p.a, p.b))
	}
	slices.Sort(list)
	return list
}

func (r row) verdict() string {
	if r.err != nil || len(r.pairs) == 0 {
		return failed
	}
	if r.bar == 0 {
		return "–"
	}
	m := median(r.ratios())
	good := func(limit float64) bool { return r.atLeast && m >= limit || !r.atLeast && m <= limit }
	switch {
	case good(r.aim):
		return meets
	case good(r.bar):
		return within
	}
	return misses
}

// median of a sorted list.
func median[T cmp.Ordered](list []T) T { return list[(len(list)-1)/2] }

// took is what a side took in its median run.
func (r row) took(side func(pair) sample) string {
	var wall, cpu []time.Duration
	var rss []int64
	for _, p := range r.pairs {
		s := side(p)
		wall, cpu, rss = append(wall, s.wall), append(cpu, s.cpu), append(rss, s.rss)
	}
	slices.Sort(wall)
	slices.Sort(cpu)
	slices.Sort(rss)
	if len(wall) == 0 || median(wall) == 0 {
		return "–"
	}
	return fmt.Sprintf("%.2f s, CPU %.2f s, %d MiB", median(wall).Seconds(), median(cpu).Seconds(), median(rss)>>20)
}

func (r row) String() string {
	sign := "≤"
	if r.atLeast {
		sign = "≥"
	}
	measured := "–"
	if list := r.ratios(); len(list) > 0 {
		measured = fmt.Sprintf("**%.2f%s** (%.2f–%.2f)", median(list), r.unit, list[0], list[len(list)-1])
	}
	verdict := r.verdict()
	if r.err != nil {
		verdict += ": " + strings.ReplaceAll(r.err.Error(), "\n", " ")
	}
	bar, aim := fmt.Sprintf("%s %g%s", sign, r.bar, r.unit), fmt.Sprintf("%g%s", r.aim, r.unit)
	if r.bar == 0 {
		bar, aim = "–", "–"
	}
	return fmt.Sprintf("| %s | %s | %s | %s | %s | %s | %s |", r.name, measured, bar, aim, verdict,
		r.took(func(p pair) sample { return p.a }), r.took(func(p pair) sample { return p.b }))
}

// printTable prints Markdown.
func printTable(w io.Writer, rows []row, quick bool) {
	if quick {
		fmt.Fprint(w, "Small corpora (-quick): what starting and reading rules costs weighs too much, so nothing is judged.\n\n")
	}
	fmt.Fprintln(w, "| figure | median (range) | bar | aim | verdict | first side | second side |")
	fmt.Fprintln(w, "|---|---|---|---|---|---|---|")
	for _, r := range rows {
		fmt.Fprintln(w, r)
	}
}

// printMissing names the references that are not installed.
func printMissing(w io.Writer, t tools) {
	for _, x := range []tool{t.libdeflate, t.jq, t.node, t.duckdb} {
		if x.args == nil {
			fmt.Fprintf(w, "\n%s is not installed, so its figures are missing. To install it: %s\n", x.name, x.install)
		}
	}
}

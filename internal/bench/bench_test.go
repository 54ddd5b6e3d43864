package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// runs makes pairs from wall seconds of both sides.
func runs(seconds ...float64) (pairs []pair) {
	for i := 0; i < len(seconds); i += 2 {
		second := func(s float64) sample { return sample{wall: time.Duration(s * float64(time.Second))} }
		pairs = append(pairs, pair{second(seconds[i]), second(seconds[i+1])})
	}
	return pairs
}

// The median of the ratios within pairs is judged, not the ratio of medians.
func TestVerdict(t *testing.T) {
	drifting := runs(1, 2, 10, 20, 30, 40, 4, 8, 5, 10) // 0.5, 0.5, 0.75, 0.5, 0.5
	for name, c := range map[string]struct {
		figure figure
		pairs  []pair
		err    error
		want   string
	}{
		"small is good, aim":  {figure{bar: 1, aim: .5}, drifting, nil, meets},
		"small is good, bar":  {figure{bar: .6, aim: .4}, drifting, nil, within},
		"small is good, miss": {figure{bar: .4, aim: .3}, drifting, nil, misses},
		"large is good, aim":  {figure{bar: .2, aim: .5, atLeast: true}, drifting, nil, meets},
		"large is good, bar":  {figure{bar: .5, aim: .6, atLeast: true}, drifting, nil, within},
		"large is good, miss": {figure{bar: .6, aim: .7, atLeast: true}, drifting, nil, misses},
		"not judged":          {figure{}, drifting, nil, "–"},
		"an error":            {figure{bar: 1, aim: 1}, drifting, errors.New("answers differ"), failed},
		"no runs":             {figure{bar: 1, aim: 1}, nil, nil, failed},
	} {
		c.figure.ratio = wallRatio
		if got := (row{figure: c.figure, pairs: c.pairs, err: c.err}).verdict(); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func TestTable(t *testing.T) {
	var b bytes.Buffer
	f := figure{name: "x ÷ y", ratio: wallRatio, bar: 25, aim: 35, atLeast: true}
	printTable(&b, []row{{figure: f, pairs: runs(60, 2, 56, 2, 90, 2)}, {figure: f, err: errors.New("exit\nstatus 2")}}, false)
	for _, want := range []string{
		"| x ÷ y | **30.00** (28.00–45.00) | ≥ 25 | 35 | within the bar | 60.00 s, CPU 0.00 s, 0 MiB | 2.00 s,",
		"| x ÷ y | – | ≥ 25 | 35 | failed: exit status 2 | – | – |",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("table lacks %q:\n%s", want, b.String())
		}
	}
}

func TestMissingReferencesAreNamedWithTheirInstallation(t *testing.T) {
	var b bytes.Buffer
	printMissing(&b, tools{jq: tool{name: "jq", install: "apt-get install jq"}, node: tool{name: "node", args: []string{"node"}}})
	if want := "jq is not installed, so its figures are missing. To install it: apt-get install jq"; !strings.Contains(b.String(), want) {
		t.Errorf("%q lacks %q", b.String(), want)
	}
	if strings.Contains(b.String(), "node") {
		t.Errorf("node is installed: %q", b.String())
	}
}

func TestCountLines(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lines")
	if err := os.WriteFile(path, []byte("{\"rule\":\"a\"}\n{\"rule\":\"b\"}\n{\"rule\":\"a\"}"), 0o600); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]int{"": 3, `"rule":"a"`: 2, "c": 0} {
		if n, err := countLines(path, text); n != want || err != nil {
			t.Errorf("%q: %d lines, %v; want %d", text, n, err, want)
		}
	}
}

// A duel warms up, then keeps as many pairs as asked for; it stops when the
// answers differ or a command fails.
func TestDuel(t *testing.T) {
	dir := t.TempDir()
	trace := filepath.Join(dir, "trace")
	d := duel{a: shell("a", `printf a >> "$1"`, trace), b: shell("b", `printf b >> "$1"; sleep 0.01`, trace)}
	pairs, err := d.run(context.Background(), 3)
	order, _ := os.ReadFile(trace)
	if err != nil || len(pairs) != 3 || string(order) != "abababab" {
		t.Fatalf("%d pairs in order %s, %v", len(pairs), order, err)
	}
	if pairs[0].b.wall < 10*time.Millisecond {
		t.Errorf("b took %v", pairs[0].b.wall)
	}
	d.agree = func() error { return errors.New("answers differ") }
	if pairs, err := d.run(context.Background(), 3); err == nil || len(pairs) != 0 {
		t.Errorf("answers differ, and there are %d pairs, %v", len(pairs), err)
	}
	d = duel{a: shell("a", `echo "no such rule" >&2; exit 2`)}
	if _, err := d.run(context.Background(), 1); err == nil || !strings.Contains(err.Error(), "no such rule") {
		t.Errorf("a failing command: %v", err)
	}
}

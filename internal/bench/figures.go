package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// A duel is two commands that are run in turn, and the figures they give.
type duel struct {
	a, b    command
	figures []figure
	agree   func() error // compares their answers after the warm-up; may be nil
}

// A figure is a ratio of something that a and b took.
type figure struct {
	name     string
	ratio    func(a, b sample) float64
	bar, aim float64 // bar 0: a figure to know, not to judge
	atLeast  bool    // large is good
	unit     string  // of an absolute figure, such as MiB
}

func wallRatio(a, b sample) float64   { return a.wall.Seconds() / b.wall.Seconds() }
func cpuRatio(a, b sample) float64    { return a.cpu.Seconds() / b.cpu.Seconds() }
func memoryRatio(a, b sample) float64 { return float64(a.rss) / float64(b.rss) }
func memoryMiB(a, _ sample) float64   { return float64(a.rss) / (1 << 20) }
func cpuSeconds(a, _ sample) float64  { return a.cpu.Seconds() }

// duels are all comparisons that this machine has the references for.
func (b *bench) duels() []duel {
	counts := ruleCounts(b.quick)
	one, hundred, thousand, tenThousand, fiftyThousand := b.rules[counts[0]], b.rules[counts[1]], b.rules[counts[2]], b.rules[counts[3]], b.rules[counts[4]]
	large, small := b.corpora["large"], b.corpora["small"]
	scan := func(c corpus, rules ...string) command { return b.scanWith(b.scan, c, rules...) }
	duels := b.references(thousand)
	duels = append(duels,
		duel{a: scan(large, tenThousand), b: scan(large, one), figures: []figure{
			{name: fmt.Sprintf("%d rules ÷ 1 rule, CPU", counts[3]), ratio: cpuRatio, bar: 1.25, aim: 1.15}}},
		duel{a: scan(large, fiftyThousand), b: scan(large, one), figures: []figure{
			{name: fmt.Sprintf("%d rules ÷ 1 rule, CPU", counts[4]), ratio: cpuRatio, bar: 1.6, aim: 1.3}}},
		duel{a: scan(b.corpora["tiny"], fiftyThousand), figures: []figure{
			{name: fmt.Sprintf("reading %d rules, CPU, part of the figure above", counts[4]), ratio: cpuSeconds, unit: " s"}}},
		duel{a: scan(b.corpora["many"], thousand), b: scan(b.corpora["few"], thousand), figures: []figure{
			{name: "many small files ÷ few large files, CPU", ratio: cpuRatio, bar: 2.0, aim: 1.6}}},
		duel{a: scan(large, thousand), b: scan(small, thousand), figures: []figure{
			{name: "large corpus ÷ small corpus, peak memory", ratio: memoryRatio, bar: 1.1, aim: 1.05}}},
		duel{a: scan(b.corpora["million"], hundred), figures: []figure{
			{name: "one huge file, 100 rules, peak memory", ratio: memoryMiB, bar: 256, aim: 128, unit: " MiB"}}},
		duel{a: scan(b.corpora["remembered"], one, b.memory), b: scan(b.corpora["remembered"], one), figures: []figure{
			{name: "rules that remember ÷ none, CPU (" + b.census + ")", ratio: cpuRatio, bar: 2, aim: 1.5},
			{name: "rules that remember, peak memory", ratio: memoryMiB, bar: 512, aim: 256, unit: " MiB"}}},
	)
	if _, err := os.Stat(b.sigma); err == nil {
		duels = append(duels, duel{a: scan(large, b.sigma, "packs/starter"), b: scan(large, one), figures: []figure{
			{name: "SigmaHQ rules and starter pack ÷ 1 rule, CPU", ratio: cpuRatio, bar: 1.25, aim: 1.1}}})
	}
	return duels
}

// references are the comparisons with other tools.
func (b *bench) references(rules string) (duels []duel) {
	large, small := b.corpora["large"], b.corpora["small"]
	scan := func(c corpus) command { return b.scanWith(b.scan, c, rules) }
	answer := filepath.Join(b.dir, "answer")
	if b.tools.libdeflate.args != nil {
		duels = append(duels, b.unpacking("", large, b.scan, rules, [4]float64{1.0, 0.75, 1.9, 1.45}),
			b.unpacking(" without SIMD", large, b.plain, rules, [4]float64{1.3, 1.0, 2.4, 1.9}))
		if real, ok := b.corpora["real"]; ok {
			duels = append(duels, b.unpacking(", real records", real, b.scan, rules, [4]float64{1.0, 0.75, 1.9, 1.45}))
		}
	}
	if b.tools.jq.args != nil {
		duels = append(duels, duel{a: b.tools.askJQ(small, answer), b: scan(small), agree: b.sameCount(answer, "synth-write-outside"),
			figures: []figure{{name: "zcat piped to jq ÷ scan, wall", ratio: wallRatio, bar: 25, aim: 35, atLeast: true}}})
	}
	if b.tools.duckdb.args != nil {
		duels = append(duels, duel{a: b.tools.askDuckDB(large, answer), b: scan(large), agree: b.sameCount(answer, "synth-write-outside"),
			figures: []figure{
				{name: "DuckDB on 2 threads ÷ scan, wall", ratio: wallRatio, bar: 5, aim: 7, atLeast: true},
				{name: "scan ÷ DuckDB, peak memory", ratio: func(a, b sample) float64 { return memoryRatio(b, a) }, bar: 0.5, aim: 0.3}}})
	}
	if b.tools.node.args != nil {
		duels = append(duels, duel{a: b.tools.askNode(b.scripts, small, answer), b: scan(small), agree: b.sameCount(answer, "bench-keywords"),
			figures: []figure{{name: "Lambda function of 2016 in Node ÷ scan, wall", ratio: wallRatio, bar: 10, aim: 13, atLeast: true}}})
	}
	return duels
}

// unpacking compares a scan with unpacking alone. The limits are bar and aim of
// wall time, then of CPU time.
func (b *bench) unpacking(what string, c corpus, program, rules string, limits [4]float64) duel {
	return duel{a: b.scanWith(program, c, rules), b: b.tools.unpack(c), figures: []figure{
		{name: "scan" + what + " ÷ libdeflate-gunzip, wall", ratio: wallRatio, bar: limits[0], aim: limits[1]},
		{name: "scan" + what + " ÷ libdeflate-gunzip, CPU", ratio: cpuRatio, bar: limits[2], aim: limits[3]},
	}}
}

// sameCount compares the lines of another tool's answer with the findings of
// one rule.
func (b *bench) sameCount(answer, rule string) func() error {
	return func() error {
		theirs, err := countLines(answer, "")
		if err != nil {
			return err
		}
		ours, err := countLines(filepath.Join(b.dir, "findings.ndjson"), `"rule":"`+rule+`"`)
		if err == nil && ours != theirs {
			err = fmt.Errorf("rule %s gives %d findings, the other tool %d", rule, ours, theirs)
		}
		return err
	}
}

// measure runs the duels whose figures were asked for. A duel that fails is
// told in its rows and does not stop the others.
func (b *bench) measure(ctx context.Context) (rows []row, err error) {
	for _, d := range b.duels() {
		var wanted []string
		for _, f := range d.figures {
			if b.figures.MatchString(f.name) {
				wanted = append(wanted, f.name)
			}
		}
		if wanted == nil {
			continue
		}
		fmt.Fprintf(os.Stderr, "measuring %s\n", strings.Join(wanted, "; "))
		pairs, failure := d.run(ctx, b.pairs)
		for _, f := range d.figures {
			if b.quick {
				f.bar = 0 // the bars are meant for the full corpora
			}
			rows = append(rows, row{figure: f, pairs: pairs, err: failure})
		}
		if ctx.Err() != nil {
			return rows, ctx.Err()
		}
	}
	return rows, nil
}

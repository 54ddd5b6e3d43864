package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
)

const module = "github.com/trailwarden/trailwarden"

// keywordRule is the configuration that reference.mjs has built in.
const keywordRule = `id: bench-keywords
title: Keywords of the published Lambda function
severity: low
match:
  keyword: {source: "iam|signin|sts", regexp: "Password|AccessKey|PutRolePolicy|User|Token|Login"}
`

// A bench has all that the comparisons need.
type bench struct {
	settings
	tools       tools
	scripts     string // folder of the programs for Node and Python
	scan, plain string // trailwarden as built, and without SIMD
	corpora     map[string]corpus
	rules       map[int]string // folders by number of rules
	memory      string         // folder of rules that remember
	census      string         // what these find in the records
}

// newBench builds the programs, corpora and rules.
func newBench(ctx context.Context, s settings) (*bench, error) {
	b := &bench{settings: s, scripts: s.dir, corpora: map[string]corpus{}, rules: map[int]string{}}
	if s.quick {
		b.dir = filepath.Join(s.dir, "quick")
	}
	if err := os.MkdirAll(b.dir, 0o755); err != nil {
		return nil, err
	}
	if err := writeScripts(b.scripts); err != nil {
		return nil, err
	}
	b.tools = findTools(ctx, s.dir)
	generator := filepath.Join(b.dir, "synth")
	b.scan, b.plain = filepath.Join(b.dir, "trailwarden"), filepath.Join(b.dir, "trailwarden-nosimd")
	for _, args := range [][]string{
		{"-o", generator, module + "/internal/synth/cmd/synth"},
		{"-o", b.scan, module + "/cmd/trailwarden"},
		{"-tags", "nosimd", "-o", b.plain, module + "/cmd/trailwarden"},
	} {
		cmd := exec.CommandContext(ctx, "go", append([]string{"build", "-trimpath"}, args...)...)
		if text, err := cmd.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("%s: %w: %s", cmd, err, text)
		}
	}
	if err := b.makeCorpora(ctx, generator); err != nil {
		return nil, err
	}
	if err := b.makeRules(ctx, generator); err != nil {
		return nil, err
	}
	return b, b.makeMemory(ctx)
}

func (b *bench) makeCorpora(ctx context.Context, generator string) error {
	for _, n := range needs(b.quick) {
		dir, err := n.make(ctx, generator, b.dir)
		if err != nil {
			return err
		}
		if err := b.add(corpus{name: n.name, dir: dir}); err != nil {
			return err
		}
	}
	if _, err := os.Stat(b.real); err != nil {
		return nil
	}
	dir := filepath.Join(b.dir, "real")
	if err := repeat(b.real, dir, realSize(b.quick)); err != nil {
		return err
	}
	return b.add(corpus{name: "real", dir: dir})
}

func (b *bench) add(c corpus) (err error) {
	c.list, err = listFiles(c.dir)
	b.corpora[c.name] = c
	return err
}

func (b *bench) makeRules(ctx context.Context, generator string) error {
	for _, count := range ruleCounts(b.quick) {
		n := need{"rules-" + strconv.Itoa(count), []string{"-seed", "6", "-rules", strconv.Itoa(count)}}
		dir, err := n.make(ctx, generator, b.dir)
		if err != nil {
			return err
		}
		b.rules[count] = dir
	}
	return os.WriteFile(filepath.Join(b.rules[1000], "keywords.yaml"), []byte(keywordRule), 0o644)
}

// scanWith is a scan with two workers that writes all findings.
func (b *bench) scanWith(program string, c corpus, rules ...string) command {
	args := []string{program, "scan", "--format", "ndjson", "-o", filepath.Join(b.dir, "findings.ndjson"), "--no-progress", "--workers", "2"}
	for _, r := range rules {
		args = append(args, "--rules", r)
	}
	return command{name: "scan", args: append(args, c.dir)}
}

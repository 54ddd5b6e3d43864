package main

import (
	"context"
	"errors"
	"fmt"
	"io"
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
	for _, p := range []struct{ file, path, tags string }{
		{generator, "/internal/synth/cmd/synth", ""},
		{b.scan, "/cmd/trailwarden", ""},
		{b.plain, "/cmd/trailwarden", "nosimd"},
	} {
		if err := build(ctx, p.file, p.path, p.tags); err != nil {
			return nil, err
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
	args := []string{program, "scan", "--format", "ndjson", "--no-progress", "--workers", "2"}
	for _, r := range rules {
		args = append(args, "--rules", r)
	}
	return command{name: "scan", args: append(args, c.dir), out: filepath.Join(b.dir, "findings.ndjson")}
}

// build makes a program of the module as releases are built.
func build(ctx context.Context, file, path, tags string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-tags", tags, "-o", file, module+path)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", cmd, err, text)
	}
	return copied(file)
}

// copied puts a copy of a program in its place, as installing does: the pages of one
// that the linker has just written count for ten MiB more of peak memory on Linux.
// The copy goes in small pieces, as a child's peak begins with what its parent uses.
func copied(program string) error {
	from, err := os.Open(program)
	if err != nil {
		return err
	}
	defer from.Close()
	if err := os.Remove(program); err != nil {
		return err
	}
	to, err := os.OpenFile(program, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o755)
	if err != nil {
		return err
	}
	_, err = io.Copy(to, from)
	return errors.Join(err, to.Close())
}

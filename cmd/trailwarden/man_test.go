package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"github.com/trailwarden/trailwarden/internal/needs"
)

// TestManualPages writes every page and has the checkers that are installed read
// them: no warning of groff's or mandoc's.
func TestManualPages(t *testing.T) {
	root, dir := commandTree(t), t.TempDir()
	if err := (manual{version: "1.2.3", date: "2026-03-14"}).write(dir, root); err != nil {
		t.Fatal(err)
	}
	pages, err := filepath.Glob(filepath.Join(dir, "*.1"))
	if err != nil {
		t.Fatal(err)
	}
	commands := 0
	eachCommand(root, func(n *kong.Node) {
		if !n.Hidden {
			commands++
		}
	})
	if len(pages) != commands {
		t.Errorf("%d pages for %d commands", len(pages), commands)
	}
	checkers := map[string][]string{"mandoc": {"-T", "lint", "-W", "warning"}, "groff": {"-ww", "-man", "-Tutf8", "-z"}}
	for name, args := range checkers {
		t.Run(name, func(t *testing.T) {
			out, err := exec.Command(needs.Program(t, name), append(args, pages...)...).CombinedOutput()
			if err != nil || len(out) > 0 {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

// TestManualSaysEverything looks for each command and flag in its page.
func TestManualSaysEverything(t *testing.T) {
	m := manual{version: "1.2.3"}
	eachCommand(commandTree(t), func(n *kong.Node) {
		page := string(m.page(n))
		for _, c := range commandsOf(n) {
			if !strings.Contains(page, `\fB`+roffText(c.Name)+`\fR`) {
				t.Errorf("%s does not list %s", pageName(n), c.Name)
			}
		}
		for _, f := range ownFlags(n) {
			if !strings.Contains(page, flagTerm(f)+"\n") {
				t.Errorf("%s does not explain --%s", pageName(n), f.Name)
			}
		}
	})
}

// TestNoTextIsARequest holds the escaping: help that looks like roff, or has
// letters of any kind, is text.
func TestNoTextIsARequest(t *testing.T) {
	for text, want := range map[string]string{
		".so /etc/passwd":  `\&.so /etc/passwd`,
		"'br":              `\(aqbr`,
		`back\slash`:       `back\eslash`,
		"--flag … “é” ^~`": `\-\-flag \[u2026] \[u201C]\[u00E9]\[u201D] \(ha\(ti\(ga`,
	} {
		p := &roff{}
		if p.text(text); p.String() != want+"\n" {
			t.Errorf("%q is written as %q; want %q", text, p.String(), want)
		}
	}
	p := &roff{}
	if p.macro("SH", `say "x"`); p.String() != `.SH "say \(dqx\(dq"`+"\n" {
		t.Errorf("%q", p.String())
	}
}

// TestManualCommand prints one page, by the words of the command, and writes all.
func TestManualCommand(t *testing.T) {
	t.Setenv("SOURCE_DATE_EPOCH", "1773446400")
	out, err := exec.Command("trailwarden", "man", "rules", "lint").Output()
	if err != nil || !strings.Contains(string(out), `.TH "TRAILWARDEN\-RULES\-LINT" "1" "2026-03-14"`) {
		t.Errorf("%v\n%s", err, out)
	}
	for _, hidden := range [][]string{{"man", "complete"}, {"man", "rules", "nope"}} {
		if out, err := exec.Command("trailwarden", hidden...).CombinedOutput(); err == nil || !strings.Contains(string(out), "there is no command") {
			t.Errorf("%v: %v %s", hidden, err, out)
		}
	}
	dir := filepath.Join(t.TempDir(), "man1")
	if out, err := exec.Command("trailwarden", "man", "-o", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if _, err := os.Stat(filepath.Join(dir, "trailwarden-rules-lint.1")); err != nil {
		t.Error(err)
	}
}

// Package docs_test holds the documentation to the program: commands are run,
// codes, keys and limits are looked up in the sources, links are followed.
package docs_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/rule"
	"github.com/trailwarden/trailwarden/rule/where"
)

const root = ".."

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// pages are the documentation's own files, decisions included.
func pages(t *testing.T) []string {
	t.Helper()
	var out []string
	for _, pattern := range []string{"*.md", "decisions/*.md"} {
		names, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, names...)
	}
	if len(out) == 0 {
		t.Fatal("no pages found")
	}
	return out
}

var (
	codeLiteral = regexp.MustCompile(`"((?:TW|TL|EBW?|FPW?|SGW?|RGW?)[0-9]{1,3})"`)
	codeRow     = regexp.MustCompile(`(?m)^\| ([A-Z]{2,3}[0-9]{1,3}) \|`)
)

// sourceCodes are the codes in the Go sources, each with a file that has it.
func sourceCodes(t *testing.T) map[string]string {
	t.Helper()
	codes := map[string]string{}
	err := filepath.WalkDir(filepath.Join(root, "rule"), func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(p, ".go") || strings.HasSuffix(p, "_test.go") {
			return err
		}
		for _, m := range codeLiteral.FindAllStringSubmatch(read(t, p), -1) {
			codes[m[1]] = p
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return codes
}

// TestEveryCodeIsExplained holds diagnostics.md to the codes that the rule
// packages can give: each has one row, and no row is left of a code that went.
func TestEveryCodeIsExplained(t *testing.T) {
	codes := sourceCodes(t)
	if len(codes) < 80 {
		t.Fatalf("only %d codes found in the sources; has their form changed?", len(codes))
	}
	rows := map[string]int{}
	for _, m := range codeRow.FindAllStringSubmatch(read(t, "diagnostics.md"), -1) {
		rows[m[1]]++
	}
	for code, file := range codes {
		if rows[code] != 1 {
			t.Errorf("diagnostics.md has %d rows for %s, which %s gives; want one", rows[code], code, file)
		}
	}
	for code := range rows {
		if codes[code] == "" {
			t.Errorf("diagnostics.md explains %s, which nothing gives any more", code)
		}
	}
}

// TestEveryKeyIsDocumented looks for each key and test of a native rule.
func TestEveryKeyIsDocumented(t *testing.T) {
	page := read(t, "write-a-rule.md")
	known := slices.Concat(rule.Keys(), rule.CaseKeys(), rule.Languages(), where.Tests(), []string{where.Option})
	for _, k := range known {
		if !strings.Contains(page, "`"+k+"`") {
			t.Errorf("write-a-rule.md does not mention %s", k)
		}
	}
}

// TestLimitsAreTheProgrammes compares the table in scan.md with the decoder's
// limits.
func TestLimitsAreTheProgrammes(t *testing.T) {
	page, l := read(t, "scan.md"), cloudtrail.DefaultLimits()
	for _, want := range []string{
		fmt.Sprintf("| %d GiB |", l.Decompressed>>30),
		fmt.Sprintf("| %d to 1 once %d MiB are unpacked |", l.Ratio, l.RatioAfter>>20),
		fmt.Sprintf("| %d MiB |", l.Record>>20),
		fmt.Sprintf("| %d levels |", l.Depth),
		fmt.Sprintf("| %s |", thousands(l.Keys)),
		fmt.Sprintf("| %s |", thousands(l.Members)),
		fmt.Sprintf("| %s |", thousands(l.Faults)),
	} {
		if !strings.Contains(page, want) {
			t.Errorf("scan.md has no cell %q in its table of limits", want)
		}
	}
}

func thousands(n int) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%d,%03d", n/1000, n%1000)
}

var link = regexp.MustCompile(`\]\(([^)#:]+)(?:#[^)]*)?\)`)

// TestLinksLeadSomewhere follows every relative link.
func TestLinksLeadSomewhere(t *testing.T) {
	for _, page := range pages(t) {
		for _, m := range link.FindAllStringSubmatch(read(t, page), -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(page), m[1])); err != nil {
				t.Errorf("%s links to %s, which is not there", page, m[1])
			}
		}
	}
}

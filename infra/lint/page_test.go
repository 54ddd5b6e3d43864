package lint_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	codeInSource = regexp.MustCompile(`"((?:S[0-4]\.D[0-9]+|CIS)-[a-z0-9-]+)"`)
	codeInPage   = regexp.MustCompile(`(?m)^\| ((?:S[0-4]\.D[0-9]+|CIS)-[a-z0-9-]+) \|`)
)

// TestEveryCodeHasARowAndASample holds docs/lint-infra.md to the codes that can be
// given, and each code to a sample or a policy's test that shows it.
func TestEveryCodeHasARowAndASample(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "lint-infra.md"))
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]bool{}
	for _, m := range codeInPage.FindAllStringSubmatch(string(page), -1) {
		rows[m[1]] = true
	}
	codes, shown := map[string]bool{}, ""
	for _, pattern := range []string{"*.go", "../policy/*.go"} {
		each(t, pattern, func(name, text string) {
			if strings.HasSuffix(name, "_test.go") {
				return
			}
			for _, m := range codeInSource.FindAllStringSubmatch(text, -1) {
				codes[m[1]] = true
			}
		})
	}
	each(t, "testdata/*.txtar", func(_, text string) { shown += text[strings.Index(text, "-- want --"):] })
	each(t, "../policy/testdata/*.json", func(_, text string) { shown += text })
	for code := range codes {
		if !rows[code] {
			t.Errorf("docs/lint-infra.md has no row for %s", code)
		}
		if !strings.Contains(shown, " "+code+":") && !strings.Contains(shown, `"`+code) {
			t.Errorf("no sample shows %s", code)
		}
	}
	for code := range rows {
		if !codes[code] {
			t.Errorf("docs/lint-infra.md has a row for %s, which is never given", code)
		}
	}
}

func each(t *testing.T, pattern string, visit func(name, text string)) {
	t.Helper()
	names, err := filepath.Glob(pattern)
	if err != nil || len(names) == 0 {
		t.Fatal(pattern, err)
	}
	for _, n := range names {
		text, err := os.ReadFile(n)
		if err != nil {
			t.Fatal(err)
		}
		visit(n, string(text))
	}
}

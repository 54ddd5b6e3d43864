package rule_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestEveryCodeIsDocumented reads the codes from the sources and the rows from
// the documentation.
func TestEveryCodeIsDocumented(t *testing.T) {
	doc, err := os.ReadFile("../docs/rule-codes.md")
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	for _, pattern := range []string{"*.go", "where/*.go", "keyword/*.go"} {
		names, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range regexp.MustCompile(`= "(TW\d+)"`).FindAllSubmatch(text, -1) {
				used[string(m[1])] = true
			}
		}
	}
	if len(used) < 20 {
		t.Fatalf("only %d codes found in the sources", len(used))
	}
	for code := range used {
		if !strings.Contains(string(doc), "| "+code+" |") {
			t.Errorf("docs/rule-codes.md does not explain %s", code)
		}
	}
	for _, m := range regexp.MustCompile(`\| (TW\d+) \|`).FindAllSubmatch(doc, -1) {
		if !used[string(m[1])] {
			t.Errorf("docs/rule-codes.md explains %s, which nothing says", m[1])
		}
	}
}

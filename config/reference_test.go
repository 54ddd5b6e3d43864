package config

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the reference in docs/configure.md anew")

const (
	page  = "../docs/configure.md"
	begin = "<!-- keys: go test ./config -run Reference -update -->\n"
	end   = "<!-- end of keys -->\n"
)

// The table of keys in the documentation is what the types say.
func TestReferenceIsTheTypes(t *testing.T) {
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no place for the keys between %s and %s", page, begin, end)
	}
	want := before + begin + reference() + end + after
	if *update {
		if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if string(text) != want {
		t.Errorf("%s does not have the keys as they are; run go test ./config -run Reference -update", page)
	}
}

func reference() string {
	var b strings.Builder
	b.WriteString("| Key | Default | |\n|---|---|---|\n")
	for _, k := range Keys() {
		def := "–"
		switch {
		case k.Needed:
			def = "needed"
		case k.Default != "":
			def = "`" + k.Default + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", k.Path, def, strings.ReplaceAll(k.Doc, "|", `\|`))
	}
	return b.String()
}

// Every code of a mistake is explained.
func TestCodesAreExplained(t *testing.T) {
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	for _, code := range []string{CodeSyntax, CodeKey, CodeValue, CodeMissing, CodeKind, CodeClear, CodeReference, CodeRoute,
		CodeException, CodeNobody, CodeSense, CodeUnused, CodeFile, CodeRegion, CodeMake} {
		if strings.Count(string(text), "| "+code+" |") != 1 {
			t.Errorf("%s has not one row for %s", page, code)
		}
	}
}

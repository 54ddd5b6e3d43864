package docs_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// missionItems are the items of the published designs: what each asks for, what
// each gets wrong, and what all need.
func missionItems() []string {
	var all []string
	number := func(prefix string, n int) {
		for i := range n {
			all = append(all, fmt.Sprintf("%s%d", prefix, i+1))
		}
	}
	for design, n := range [][2]int{{13, 10}, {15, 9}, {19, 12}, {10, 8}, {15, 10}} {
		number(fmt.Sprintf("S%d.", design), n[0])
		number(fmt.Sprintf("S%d.D", design), n[1])
	}
	number("X", 9)
	return all
}

var (
	missionRow = regexp.MustCompile(`(?m)^\| ((?:S\d\.D?|X)\d+) \| (.*) \| (.*) \|$`)
	missionRef = regexp.MustCompile("`([a-z0-9/-]+)/((?:Test|Fuzz|Example)\\w*)(/\\S+)?`")
)

// TestEveryItemOfTheMissionIsShown holds mission.md to the items: each has one
// line that says where it is done, and tests that are there, or, honestly, what
// is not done. A mistake has a sample of its own that lint-infra finds.
func TestEveryItemOfTheMissionIsShown(t *testing.T) {
	tests := map[string]map[string]bool{}
	var listed []string
	for _, row := range missionRow.FindAllStringSubmatch(read(t, "mission.md"), -1) {
		id, where, shown := row[1], row[2], row[3]
		listed = append(listed, id)
		refs := missionRef.FindAllStringSubmatch(shown, -1)
		if len(strings.TrimSpace(where)) < 5 || len(refs) == 0 && !strings.Contains(where, "not done:") {
			t.Errorf("%s is empty", id)
		}
		if strings.Count(shown, "`") != 2*len(refs) {
			t.Errorf("%s: not every test of %s is written as `folder/TestName`", id, shown)
		}
		for _, ref := range refs {
			folder, name := ref[1], ref[2]
			if tests[folder] == nil {
				tests[folder] = testsIn(t, folder)
			}
			if !tests[folder][name] {
				t.Errorf("%s: there is no test %s in %s", id, name, folder)
			}
			if ref[3] != "" && !sampleThere(folder, ref[3]) {
				t.Errorf("%s: %s has no sample %s", id, name, ref[3])
			}
		}
		if strings.Contains(id, ".D") && !strings.Contains(shown, "/"+id+"`") {
			t.Errorf("%s: no sample of the mistake is named", id)
		}
	}
	want := missionItems()
	for _, id := range want {
		if !slices.Contains(listed, id) {
			t.Errorf("mission.md has no line for %s", id)
		}
	}
	if len(listed) != len(want) {
		t.Errorf("mission.md has %d lines, there are %d items", len(listed), len(want))
	}
}

// testsIn are the tests and examples of a folder, as its files declare them.
func testsIn(t *testing.T, folder string) map[string]bool {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(folder), "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]bool{}
	for _, name := range names {
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil {
				all[fn.Name.Name] = true
			}
		}
	}
	return all
}

// sampleThere tells whether a subtest's sample is in the folder's testdata.
func sampleThere(folder, sub string) bool {
	_, err := os.Stat(filepath.Join(root, filepath.FromSlash(folder), "testdata", strings.TrimPrefix(sub, "/")+".txtar"))
	return err == nil
}

package lint_test

import (
	"flag"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/trailwarden/trailwarden/infra/lint"
	"github.com/trailwarden/trailwarden/query/ddl"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
)

// update writes the findings of the samples into them.
var update = flag.Bool("update", false, "write the samples' findings")

// allRegions are the regions of a table's partitions.
var allRegions = regexp.MustCompile(`('projection\.region\.values' = ')[^']*'`)

// partitions are the columns by which a table is cut.
var partitions = regexp.MustCompile(`(?s)PARTITIONED BY \(.*?\)\n`)

// table is a sample's text with the table of today put in place of @DDL…@:
// whole, or with the mistake that the name says.
func table(t testing.TB, text string) string {
	t.Helper()
	regions, err := ddl.Regions("")
	if err != nil {
		t.Fatal(err)
	}
	whole, err := ddl.Table{Bucket: "company-trail", Organization: "o-a1b2c3d4e5", Accounts: []string{"111122223333"}, Regions: regions}.Create()
	if err != nil {
		t.Fatal(err)
	}
	return strings.NewReplacer(
		"@DDL@", whole,
		"@DDL-TWO-REGIONS@", allRegions.ReplaceAllString(whole, "${1}us-east-1,us-west-2'"),
		"@DDL-UNPARTITIONED@", partitions.ReplaceAllString(whole, ""),
		"@DDL-OLD-SERDE@", strings.Replace(whole, "org.apache.hive.hcatalog.data.JsonSerDe", "com.amazon.emr.hive.serde.CloudTrailSerde", 1),
		"@DDL-UNQUOTED@", strings.Replace(whole, "`timestamp` string", "timestamp string", 1),
		"@DDL-OLD-COLUMNS@", strings.Replace(whole, "`eventcategory` string,\n", "", 1),
	).Replace(text)
}

// groups are a sample's files by the folder that belongs together.
func groups(t testing.TB, a *txtar.Archive) (order []string, files map[string][]lint.File) {
	files = map[string][]lint.File{}
	for _, f := range a.Files {
		g := path.Dir(f.Name)
		if f.Name == "want" {
			continue
		}
		if files[g] == nil {
			order = append(order, g)
		}
		files[g] = append(files[g], lint.File{Name: f.Name, Text: []byte(table(t, string(f.Data)))})
	}
	return order, files
}

func shown(list diagnostic.List) string {
	var b strings.Builder
	for _, d := range list {
		fmt.Fprintf(&b, "%s:%d:%d: %s %s: %s\n", d.File, d.Line, d.Column, d.Severity, d.Code, d.Rule)
	}
	return b.String()
}

// TestEveryMistakeIsFoundAndItsCorrectionIsClean reads, for each D item, samples
// that have the mistake, which must be found under the item's code and no other,
// and corrected ones, of which there is nothing to say.
func TestEveryMistakeIsFoundAndItsCorrectionIsClean(t *testing.T) {
	names, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		item := strings.TrimSuffix(filepath.Base(name), ".txtar")
		t.Run(item, func(t *testing.T) {
			a, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			got, want := "", ""
			order, files := groups(t, a)
			for _, g := range order {
				result := lint.Files(files[g], now())
				got += shown(result.Findings)
				judge(t, item, g, result)
			}
			for _, f := range a.Files {
				if f.Name == "want" {
					want = string(f.Data)
				}
			}
			if *update {
				write(t, name, a, got)
				return
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("findings, -want +got\n%s", diff)
			}
		})
	}
}

// judge holds a group of files to what its name promises.
func judge(t *testing.T, item, group string, result lint.Result) {
	for _, d := range result.Unread {
		t.Errorf("%s: not read: %v", group, d)
	}
	if strings.HasPrefix(group, "good/") {
		for _, d := range result.Findings {
			if d.Severity != diagnostic.Note {
				t.Errorf("%s is not clean: %v", group, d)
			}
		}
		return
	}
	if !slices.ContainsFunc(result.Findings, func(d diagnostic.Diagnostic) bool { return slices.Contains(lint.Items(d.Code), item) }) {
		t.Errorf("%s: the mistake is not found", group)
	}
	for _, d := range result.Findings {
		if !strings.HasPrefix(d.Code, item+"-") && !allowed(item, d) {
			t.Errorf("%s: found as %v", group, d)
		}
	}
}

// allowed are findings that cannot be had apart: an alarm that tells only a
// number also tells nobody of a second actor, a region is no service. Notes are
// always allowed.
func allowed(item string, d diagnostic.Diagnostic) bool {
	switch {
	case item == "CIS" && (d.Code == "FPW7" || d.Code == "S3.D2-unknown-field"): // one slip, seen from two sides
		return true
	case item == "S3.D5" && strings.HasPrefix(d.Code, "S3.D6-"), item == "S0.D1" && d.Code == "TL02":
		return true
	}
	return d.Severity == diagnostic.Note
}

func write(t *testing.T, name string, a *txtar.Archive, got string) {
	a.Files = slices.DeleteFunc(a.Files, func(f txtar.File) bool { return f.Name == "want" })
	a.Files = append(a.Files, txtar.File{Name: "want", Data: []byte(got)})
	if err := os.WriteFile(name, txtar.Format(a), 0o644); err != nil {
		t.Fatal(err)
	}
}

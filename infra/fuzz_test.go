// Package infra_test holds the linter of infrastructure to any file. It stands apart
// from the linter's other tests, because what a fuzz target is built with is built
// anew for it.
package infra_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/trailwarden/trailwarden/infra/lint"
)

// endings are the kinds of files that are read differently.
func endings() []string {
	return []string{".json", ".yaml", ".tf", ".sql", ".sh", ".py", ".js", ".filter", ".txt", ".tf.json"}
}

// TestHostileFilesAreBounded has texts that a careless reader would go over again
// and again.
func TestHostileFilesAreBounded(t *testing.T) {
	each := "locals {\n  l = [" + strings.Repeat("1,", 3000) + "]\n}\n" + strings.Repeat("resource \"a\" \"b\" {\n  for_each = { for x in local.l : x => x }\n  v = each.value\n}\n", 1000)
	for name, text := range map[string]string{
		"functions":        `{"Resources": {` + strings.Repeat(`"F": {"Type": "AWS::Lambda::Function"},`, 2500) + `"G": {"Type": "AWS::Lambda::Function"}}}`,
		"each":             each,
		"open objects":     strings.Repeat("{\"a\": [1, 2,\n", 1<<11),
		"open in articles": strings.Repeat("{\n\"Version\": \"x", 1<<11),
		"selects":          strings.Repeat("select a from\n", 1<<11),
		"quoted selects":   strings.Repeat("\"select x from cloudtrail_logs ", 1<<10),
		"tables":           strings.Repeat("create external table eventname (\n", 1<<10),
		"loops":            strings.Repeat("for r in records:\n", 1<<11),
		"braces":           strings.Repeat("for (const r of records) {\n", 1<<11),
		"promises":         "handler = 1\n" + strings.Repeat("new Promise( if (!a) { resolve(\n", 1<<11),
		"catches":          "exports.handler\n" + strings.Repeat(".catch(() => {\n", 1<<11),
		"requests":         strings.Repeat("requestParameters ", 1<<11) + "slack",
		"filters":          strings.Repeat("{ $.a = 1 }\n", 1<<10),
		"quotes":           strings.Repeat("“", 1<<14),
		"commands":         strings.Repeat("aws s3api put-bucket-notification --bucket x\n", 1<<10),
		"many trails":      strings.Repeat("aws cloudtrail create-trail --name x --s3-bucket-name y\naws s3 cp c.json s3://y/c\n", 1<<7),
	} {
		t.Run(name, func(t *testing.T) {
			for _, e := range endings() {
				lint.Files([]lint.File{{Name: "a" + e, Text: []byte(text)}}, time.Unix(1_773_500_000, 0))
			}
		})
	}
}

// FuzzFiles holds any file of any kind to be judged without a panic, and every
// finding to have a code, a message and a place in the file.
func FuzzFiles(f *testing.F) {
	names, err := filepath.Glob("lint/testdata/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range names {
		a, err := txtar.ParseFile(name)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range a.Files {
			for i, e := range endings() {
				if strings.HasSuffix(file.Name, e) {
					f.Add(uint8(i), file.Data)
				}
			}
		}
	}
	f.Fuzz(func(t *testing.T, kind uint8, text []byte) {
		name := "a" + endings()[int(kind)%len(endings())]
		lines := strings.Count(string(text), "\n") + 1
		result := lint.Files([]lint.File{{Name: name, Text: text}}, time.Unix(1_773_500_000, 0))
		for _, d := range result.Findings {
			if d.Code == "" || d.Message == "" || d.File != name || d.Line < 0 || d.Line > lines {
				t.Errorf("%+v, in a file of %d lines", d, lines)
			}
		}
		for _, d := range result.Unread {
			if d.File != name || d.Message == "" {
				t.Errorf("%+v", d)
			}
		}
	})
}

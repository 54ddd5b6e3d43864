package sigma_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/detect"
	"github.com/trailwarden/trailwarden/internal/yamldoc"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
	"github.com/trailwarden/trailwarden/rule/sigma"
)

// cases are the items of a testdata file.
func cases(t *testing.T, name string) []*yamldoc.Node {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	docs, err := yamldoc.Parse(text)
	if err != nil {
		t.Fatal(name, err)
	}
	return docs[0].Values
}

// matches judges one event, by the engine and by the naive twin.
func matches(t *testing.T, r *sigma.Rule, event string) bool {
	t.Helper()
	naive, err := detect.Naive(r.Predicate(), []byte(event))
	if err != nil {
		t.Fatalf("%s: %v", event, err)
	}
	rec, err := cloudtrail.ParseRecord([]byte(event))
	if err != nil {
		t.Fatalf("%s: %v", event, err)
	}
	compiled := false
	detect.Compile([]detect.Node{r.Predicate()}).NewMatcher().Match(rec, func(int) { compiled = true })
	if compiled != naive {
		t.Errorf("%s: engine %v, naive %v", event, compiled, naive)
	}
	return naive
}

// fragment parses a detection section.
func fragment(t *testing.T, detection string, opts sigma.Options) *sigma.Rule {
	t.Helper()
	r, list := sigma.Parse([]byte(wrap(detection)), withFragment(opts))
	if err := list.Err(); err != nil {
		t.Fatalf("%v in\n%s", err, detection)
	}
	return r
}

func withFragment(o sigma.Options) sigma.Options { o.Fragment = true; return o }

func wrap(detection string) string {
	return "detection:\n  " + strings.ReplaceAll(strings.TrimSuffix(detection, "\n"), "\n", "\n  ") + "\n"
}

func TestMeaningIsTheSheets(t *testing.T) {
	for _, c := range cases(t, "vectors.yaml") {
		t.Run(c.Get("name").Text, func(t *testing.T) {
			r := fragment(t, c.Get("detection").Text, sigma.Options{})
			for key, want := range map[string]bool{"match": true, "miss": false} {
				for _, e := range c.Get(key).Values {
					if matches(t, r, e.Text) != want {
						t.Errorf("%s: %v, want %v", e.Text, !want, want)
					}
				}
			}
		})
	}
}

func TestInvalidRulesAreRefusedWithCodeAndLine(t *testing.T) {
	for _, c := range cases(t, "invalid.yaml") {
		t.Run(c.Get("name").Text, func(t *testing.T) {
			var list diagnostic.List
			offset := 0
			if d := c.Get("detection"); d != nil {
				_, list = sigma.Parse([]byte(wrap(d.Text)), sigma.Options{Fragment: true})
				offset = 1
			} else {
				var rules []*sigma.Rule
				rules, list = sigma.ParseDocuments([]byte(c.Get("text").Text), sigma.Options{})
				for _, r := range rules {
					if r.Kind != sigma.Correlation {
						t.Errorf("a %s came out", r.Kind)
					}
				}
			}
			if list.Err() == nil {
				t.Fatal("accepted")
			}
			want := c.Get("code").Text
			for _, d := range list {
				if d.Severity != diagnostic.Error || d.Code != want {
					continue
				}
				if l := c.Get("line"); l != nil && strconv.Itoa(d.Line-offset) != l.Text {
					t.Errorf("%v: line %d, want %s", d, d.Line-offset, l.Text)
				}
				return
			}
			t.Errorf("no %s in %v", want, list)
		})
	}
}

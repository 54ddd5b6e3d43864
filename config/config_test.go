package config

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// What scan reads keeps its keys and its meaning.
func TestParseReadsEverySettingOfScan(t *testing.T) {
	got, err := Parse(filepath.Join("team", "trailwarden.yaml"), []byte(`
rules: [rules/, /etc/rules.yaml, starter]
approved_regions: [us-east-1, eu-*]
placeholders:
  "%admins%": [alice, bob]
  one: carol
format: ndjson
workers: 3
fail_on: high
keep_duplicates: true
with_event: true
`))
	if err != nil {
		t.Fatal(err)
	}
	want := Default()
	want.File = filepath.Join("team", "trailwarden.yaml")
	want.Rules = []string{filepath.Join("team", "rules"), "/etc/rules.yaml", "starter"}
	want.RuleSettings.Paths = []string{"rules/", "/etc/rules.yaml", "starter"}
	want.ApprovedRegions = []string{"us-east-1", "eu-*"}
	want.Placeholders = map[string][]string{"admins": {"alice", "bob"}, "one": {"carol"}}
	want.Format, want.Workers, want.FailOn, want.KeepDuplicates, want.WithEvent = "ndjson", 3, "high", true, true
	if d := cmp.Diff(want, got, cmpopts.IgnoreUnexported(Config{}), cmp.AllowUnexported(Secret{})); d != "" {
		t.Error(d)
	}
}

func TestParseNamesLineAndRemedy(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"unknown key":      {"format: csv\nformt: csv\n", `c.yaml:2: unknown setting "formt"; did you mean format?; known are sources`},
		"not a mapping":    {"- a\n", "c.yaml:1: want a mapping of settings; found a list"},
		"workers text":     {"workers: many\n", `c.yaml:1: workers: want a number from 1; found "many"`},
		"workers zero":     {"\nworkers: 0\n", "c.yaml:2: workers"},
		"rules mapping":    {"rules: {a: b}\n", `c.yaml:1: unknown key "a" in rules; known are paths, packs, overrides`},
		"truth as text":    {"with_event: 'yes'\n", `c.yaml:1: with_event: want true or false; found "yes"`},
		"format list":      {"format: [csv]\n", "c.yaml:1: format: want text"},
		"key given twice":  {"format: csv\nformat: json\n", "c.yaml:2:"},
		"broken YAML":      {"a: [\n", "c.yaml:"},
		"second document":  {"format: csv\n---\nformat: json\n", "c.yaml:3: a second document"},
		"vast records":     {"limits:\n  record: 8GiB\n", `c.yaml:2: limits.record: want a number of bytes from 1 to 1GiB; found "8GiB"`},
		"empty records":    {"limits: {record: 0}\n", `c.yaml:1: limits.record: want a number of bytes from 1 to 1GiB; found "0"`},
		"bottomless":       {"limits: {depth: 1000000000000000}\n", `c.yaml:1: limits.depth: want a number from 1 to 10000; found "1000000000000000"`},
		"placeholder list": {"placeholders: [a]\n", "c.yaml:1: placeholders: want a mapping"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse("c.yaml", []byte(c.text))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v; want it to contain %q", err, c.want)
			}
		})
	}
}

func TestParseEmptyIsNoSettings(t *testing.T) {
	for _, text := range []string{"", "# nothing\n", "---\n"} {
		if c, err := Parse("c.yaml", []byte(text)); err != nil || c.Rules != nil || c.Format != "" {
			t.Errorf("%q: %+v, %v", text, c, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("rules: [a]\nworkers: 2\n")
	f.Add("placeholders: {a: [b, c]}\n")
	f.Add(sinksAB + "routes: [{match: {min_severity: high, rule: a*}, sinks: [soc], repeat: 4h}]\nsources: {a: {s3: {bucket: b}}}\n")
	f.Add("rules: {overrides: {a: {exceptions: [{match: {actor: x}, owner: o, reason: r, expires: 2026-12-31}]}}}\n")
	f.Add("{\"source\": \"iam\", \"regexp\": \"User\", \"sns\": {\"topicARN\": \"x\"}}")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := Parse("c.yaml", []byte(text))
		if (c == nil) == (err == nil) {
			t.Errorf("neither configuration nor error for %q", text)
		}
		if c != nil {
			c.Check(Known{Rules: []KnownRule{{ID: "a"}}})
		}
	})
}

// A path may have the length and the letters of an AWS secret access key.
func TestAPathIsNoSecret(t *testing.T) {
	path := "/srv/trailwarden/state/of/production/data"[:40]
	cfg, list := Decode("trailwarden.yaml", []byte("store: {sqlite: {path: "+path+"}}\n"))
	if err := list.Err(); err != nil || cfg.Store.SQLite.Path != path {
		t.Errorf("path %s: %v", path, list)
	}
}

// A length of nothing is the default wherever it is asked for, and not what each
// part of the program makes of nothing.
func TestLengthOfNothing(t *testing.T) {
	c, err := Parse("c.yaml", []byte("sinks: {a: {stdout: {}, timeout: 0}}\nalerts: {retention: 0, exception_warning: 0}\nsources: {q: {sqs: {queue: 'https://sqs.eu-west-1.amazonaws.com/111122223333/q', visibility: 0}}}\nserve: {reload: 0}\n"))
	if err != nil {
		t.Fatal(err)
	}
	got := []string{c.Sinks[0].Timeout.String(), c.Alerts.Retention.String(), c.Alerts.Warn.String(), c.Sources[0].SQS.Visibility.String(), c.Serve.Reload.String()}
	if want := []string{"30s", "400d", "14d", "2m", "0"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

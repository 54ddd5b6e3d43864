package schema_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/trailwarden/trailwarden/config"
	"github.com/trailwarden/trailwarden/schema"
)

var update = flag.Bool("update", false, "write trailwarden.schema.json anew from the Go types")

// The published schema is what the Go types say: every key, description and
// default of one is in the other.
func TestConfigurationSchemaIsTheTypes(t *testing.T) {
	if *update {
		if err := os.WriteFile("trailwarden.schema.json", config.Schema(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(schema.Configuration(), config.Schema()) {
		t.Errorf("trailwarden.schema.json is not what the types say; run go test ./schema -update\n%s",
			cmp.Diff(string(schema.Configuration()), string(config.Schema())))
	}
}

// The keys of the schema, found by walking it, are the keys that config names.
func TestConfigurationSchemaHasEveryKey(t *testing.T) {
	var doc map[string]any
	if err := json.Unmarshal(schema.Configuration(), &doc); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	collect("", doc, got)
	want := map[string]string{}
	for _, k := range config.Keys() {
		want[k.Path] = k.Doc
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("types - schema +\n%s", d)
	}
}

// collect gathers the paths and descriptions of all properties below a schema.
func collect(at string, s map[string]any, into map[string]string) {
	if properties, ok := s["properties"].(map[string]any); ok {
		for _, k := range slices.Sorted(maps.Keys(properties)) {
			p := properties[k].(map[string]any)
			path := strings.TrimPrefix(at+"."+k, ".")
			into[path], _ = p["description"].(string)
			collect(path, p, into)
		}
	}
	if more, ok := s["additionalProperties"].(map[string]any); ok {
		collect(at+".NAME", more, into)
	}
	if items, ok := s["items"].(map[string]any); ok {
		collect(at+"[]", items, into)
	}
	for _, x := range asList(s["anyOf"]) {
		collect(at, x.(map[string]any), into)
	}
}

func asList(x any) []any { l, _ := x.([]any); return l }

func configSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(schema.Configuration()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("trailwarden.schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("trailwarden.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// An editor with the schema and the program agree on the form of a file.
func TestConfigurationSchemaAndReaderAgree(t *testing.T) {
	s := configSchema(t)
	for name, c := range map[string]struct {
		text string
		ok   bool
	}{
		"scan's settings":            {"rules: [a]\nformat: csv\nworkers: 2\nfail_on: low\nkeep_duplicates: true\nwith_event: false", true},
		"one path of rules":          {"rules: a", true},
		"rules with overrides":       {"rules: {paths: [a], packs: [starter], overrides: {a-*: {severity: low, enabled: false, group_by: [account], bucket: 1h}}}", true},
		"an exception":               {"rules: {overrides: {a: {exceptions: [{match: {actor: x}, owner: o, reason: r, expires: 2026-12-31}]}}}", true},
		"an exception without owner": {"rules: {overrides: {a: {exceptions: [{match: {actor: x}, reason: r, expires: 2026-12-31}]}}}", false},
		"no such pack":               {"rules: {packs: [started]}", false},
		"an unknown key":             {"rule: [a]", false},
		"an unknown key below":       {"sinks: {a: {slack: {webhook: env:A, chanel: b}}}", false},
		"workers as text":            {"workers: many", false},
		"workers zero":               {"workers: 0", false},
		"no such format":             {"format: xml", false},
		"a sink":                     {"sinks: {a: {slack: {webhook: env:A}, quota: 10/m, timeout: 10s}}", true},
		"a sink of no kind":          {"sinks: {a: {quota: 10/m}}", false},
		"a sink of two kinds":        {"sinks: {a: {slack: {webhook: env:A}, teams: {webhook: env:B}}}", false},
		"a secret in clear":          {"sinks: {a: {teams: {webhook: 'https://example.com/x'}}}", false},
		"a sink without settings":    {"sinks: {a: {stdout: }}", true},
		"a missing key":              {"sinks: {a: {pagerduty: {site: eu}}}", false},
		"a name with a blank":        {"sinks: {a b: {stdout: {}}}", false},
		"no such rate":               {"sinks: {a: {stdout: {}, quota: 30 per minute}}", false},
		"sources":                    {"sources: {a: {s3: {bucket: b, accounts: ['111122223333'], every: 5m}, silence: 2h}, b: {folder: {path: p}}}", true},
		"a source without bucket":    {"sources: {a: {s3: {prefix: p}}}", false},
		"routes":                     {"routes: [{match: {min_severity: high, rule: a-*, severity: [high, critical]}, sinks: [a], continue: true, repeat: 4h}]", true},
		"no such severity":           {"routes: [{match: {severity: urgent}}]", false},
		"routes as mapping":          {"routes: {a: b}", false},
		"a store":                    {"store: {sqlite: {path: p}}", true},
		"two stores":                 {"store: {sqlite: {path: p}, dynamodb: {table: t}}", false},
		"limits":                     {"limits: {decompressed: 1GiB, ratio: 100, record: 1048576}", true},
		"a limit as text":            {"limits: {ratio: much}", false},
		"no such length of time":     {"alerts: {repeat: soon}", false},
		"accounts from a file":       {"enrich: {accounts: names.yaml}", true},
		"accounts from AWS":          {"enrich: {accounts: {organizations: {refresh: 1h}}}", true},
		"templates":                  {"messages: {templates: {short: {text: '{{.Headline}}', fields: {category: security}}}}", true},
		"servicenow":                 {"sinks: {a: {servicenow: {instance: 'https://x.service-now.com', username: u, password: env:P, urgency: {high: 1}, fields: {category: security}}}}", true},
		"urgency as text":            {"sinks: {a: {servicenow: {instance: 'https://x.service-now.com', urgency: {high: top}}}}", false},
		"placeholders":               {"placeholders: {admins: [a, b], one: c, n: 3}", true},
		"placeholders as list":       {"placeholders: [a]", false},
		"serve":                      {"serve: {listen: '127.0.0.1:1', silence: {source: 1h}, health_sinks: [a]}", true},
		"silence as text":            {"serve: {silence: 1h}", false},
	} {
		t.Run(name, func(t *testing.T) {
			_, list := config.Decode("c.yaml", []byte(c.text))
			fits := validates(t, s, []byte(c.text))
			if reads := list.Err() == nil; reads != c.ok || (fits == nil) != c.ok {
				t.Errorf("want %v\nreader: %v\nschema: %v", c.ok, list, fits)
			}
		})
	}
}

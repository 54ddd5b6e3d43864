package schema_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/trailwarden/trailwarden/internal/yamldoc"
	"github.com/trailwarden/trailwarden/packs"
	"github.com/trailwarden/trailwarden/rule"
	"github.com/trailwarden/trailwarden/rule/where"
	"github.com/trailwarden/trailwarden/schema"
)

func compiled(t *testing.T) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(schema.Rule()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("rule.schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("rule.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// validates tells whether the YAML documents fit the schema.
func validates(t *testing.T, s *jsonschema.Schema, text []byte) error {
	t.Helper()
	docs, err := yamldoc.Parse(text)
	if err != nil || len(docs) == 0 {
		t.Fatalf("%d documents: %v", len(docs), err)
	}
	var all []error
	for _, d := range docs {
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(d.AppendJSON(nil)))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, s.Validate(v))
	}
	return errors.Join(all...)
}

func TestEveryShippedRuleNamesAndFitsTheSchema(t *testing.T) {
	for _, pack := range packs.All() {
		t.Run(pack.Name, func(t *testing.T) { fitsTheSchema(t, pack) })
	}
}

func fitsTheSchema(t *testing.T, pack packs.Pack) {
	s := compiled(t)
	err := fs.WalkDir(pack.Files(), ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(pack.Files(), p)
		if err != nil {
			return err
		}
		if !bytes.HasPrefix(text, []byte("# yaml-language-server: $schema=../../schema/rule.schema.json\n")) {
			t.Errorf("%s does not name the schema in its first line", p)
		}
		if err := validates(t, s, text); err != nil {
			t.Errorf("%s: %v", p, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// properties are the names below $defs/def/properties.
func properties(t *testing.T, def string) []string {
	t.Helper()
	var doc struct {
		Defs map[string]struct {
			Properties map[string]json.RawMessage
		} `json:"$defs"`
	}
	if err := json.Unmarshal(schema.Rule(), &doc); err != nil {
		t.Fatal(err)
	}
	return slices.Sorted(maps.Keys(doc.Defs[def].Properties))
}

func TestSchemaAndLoaderKnowTheSameKeys(t *testing.T) {
	for def, keys := range map[string][]string{
		"rule":  rule.Keys(),
		"match": append(rule.Languages(), "window"),
		"test":  rule.CaseKeys(),
		"tests": append(where.Tests(), where.Option),
	} {
		if d := cmp.Diff(slices.Sorted(slices.Values(keys)), properties(t, def)); d != "" {
			t.Errorf("%s: loader - schema +\n%s", def, d)
		}
	}
}

func TestSchemaAndLoaderAgree(t *testing.T) {
	const field = "match: {where: {eventName: {equals: X}}}"
	where := func(s string) string { return "id: r\nmatch:\n  where: " + s }
	s := compiled(t)
	for name, c := range map[string]struct {
		text string
		ok   bool
	}{
		"the least":                   {"id: r\n" + field, true},
		"everything":                  {"id: r\ntitle: T\nseverity: low\ndescription: D\n" + field + "\ngroup_by: [account]\nreferences: [x]\ntags: [attack.t1078]\nfalse_positives: [x]\nauthor: A\nlink: L\nlicense: MIT\ntests: [{name: n, event: {a: 1}, match: false}]", true},
		"several rules":               {"rules:\n  - id: a\n    " + field + "\n  - id: b\n    " + field, true},
		"a list of rules":             {"- id: a\n  " + field, true},
		"no id":                       {field, false},
		"no match":                    {"id: r\ntitle: T", false},
		"an id with a blank":          {"id: a b\n" + field, false},
		"an unknown key":              {"id: r\nseverty: low\n" + field, false},
		"no such severity":            {"id: r\nseverity: urgent\n" + field, false},
		"tags as text":                {"id: r\ntags: x\n" + field, false},
		"two languages":               {"id: r\nmatch: {where: {a: {exists: true}}, keyword: {source: x}}", false},
		"no language":                 {"id: r\nmatch: {}", false},
		"an unknown language":         {"id: r\nmatch: {rego: x}", false},
		"a query":                     {"id: r\nmatch: {sql: SELECT 1}", true},
		"a query with a window":       {"id: r\nmatch: {sql: SELECT 1, window: 15m}", true},
		"a query with its window":     {"id: r\nmatch: {sql: {query: SELECT 1, window: 24h}}", true},
		"a window alone":              {"id: r\nmatch: {window: 15m}", false},
		"a window of something else":  {"id: r\nmatch: {window: 15m, keyword: {any: [x]}}", false},
		"a test without match":        {"id: r\n" + field + "\ntests: [{event: {}}]", false},
		"a test of records":           {"id: r\n" + field + "\nthreshold: {count: 2, within: 5m}\ntests: [{match: true, events: [{a: 1}, {event: {a: 1, eventTime: '2026-03-14T09:26:53Z'}, times: 3, every: 1m}]}]", true},
		"a test of both":              {"id: r\n" + field + "\ntests: [{match: true, event: {}, events: [{a: 1}]}]", false},
		"a test with a typo":          {"id: r\n" + field + "\ntests: [{event: {}, mach: true, match: true}]", false},
		"state of a pattern":          {"id: r\nstate: ENABLED\nmatch: {eventbridge: {detail: {eventName: [X]}}}", true},
		"state of a condition":        {"id: r\nstate: ENABLED\n" + field, false},
		"no such state":               {"id: r\nstate: \"ON\"\nmatch: {eventbridge: {detail: {eventName: [X]}}}", false},
		"a pattern as text":           {"id: r\nmatch: {eventbridge: '{\"detail\":{\"eventName\":[\"X\"]}}'}", true},
		"a filter as text":            {"id: r\nmatch: {filter: '{ $.eventName = X }'}", true},
		"a filter as mapping":         {"id: r\nmatch: {filter: {eventName: X}}", false},
		"a Sigma fragment":            {"id: r\nmatch: {sigma: {detection: {s: {eventName: X}, condition: s}}}", true},
		"a region policy":             {"id: r\nmatch: {region: {approved: [US], reads: judge}}", true},
		"one region without a list":   {"id: r\nmatch: {region: {approved: US}}", true},
		"accounts of their own":       {"id: r\nmatch: {region: {approved: US, accounts: {\"111122223333\": [eu-west-1], \"444455556666\": {approved: [US], reads: judge}}}}", true},
		"no such mode":                {"id: r\nmatch: {region: {approved: US, reads: maybe}}", false},
		"a region policy of nothing":  {"id: r\nmatch: {region: {reads: judge}}", false},
		"no such region key":          {"id: r\nmatch: {region: {approved: US, write: judge}}", false},
		"a regex configuration":       {"id: r\nmatch: {keyword: {source: iam, regexp: User, sns: {region: x, topicARN: y}}}", true},
		"a threshold":                 {"id: r\n" + field + "\nthreshold: {count: 10, within: 5m, by: [account, actor]}", true},
		"a threshold of values":       {"id: r\n" + field + "\nthreshold: {distinct: 3, over: awsRegion, within: 1h, by: account}", true},
		"a threshold of a sum":        {"id: r\n" + field + "\nthreshold: {sum: 1000000, over: additionalEventData.bytesTransferredOut, within: 1d}", true},
		"two thresholds":              {"id: r\n" + field + "\nthreshold: {count: 10, distinct: 3, over: a, within: 5m}", false},
		"a threshold without a time":  {"id: r\n" + field + "\nthreshold: {count: 10}", false},
		"a threshold of nothing":      {"id: r\n" + field + "\nthreshold: {count: 0, within: 5m}", false},
		"values of nothing":           {"id: r\n" + field + "\nthreshold: {distinct: 3, within: 5m}", false},
		"a count of values":           {"id: r\n" + field + "\nthreshold: {count: 3, over: a, within: 5m}", false},
		"no such time":                {"id: r\n" + field + "\nthreshold: {count: 3, within: soon}", false},
		"a time without a unit":       {"id: r\n" + field + "\nthreshold: {count: 3, within: 300}", false},
		"no such field":               {"id: r\n" + field + "\nthreshold: {count: 3, within: 5m, by: [$.a]}", false},
		"no such key of a threshold":  {"id: r\n" + field + "\nthreshold: {count: 3, within: 5m, per: a}", false},
		"a sequence":                  {"id: r\nsequence: {within: 10m, by: [account], steps: [{name: a, " + field + ", count: 5}, {" + field + "}]}", true},
		"a step that differs":         {"id: r\nsequence: {within: 10m, by: [account], steps: [{name: a, " + field + "}, {" + field + ", differs: subnet}]}", true},
		"one that names the other":    {"id: r\nsequence: {within: 10m, by: [account], steps: [{name: a, " + field + "}, {" + field + "}, {" + field + ", differs: {field: awsRegion, from: a}}]}", true},
		"differs without a field":     {"id: r\nsequence: {within: 10m, steps: [{name: a, " + field + "}, {" + field + ", differs: {from: a}}]}", false},
		"a sequence of one":           {"id: r\nsequence: {within: 10m, steps: [{" + field + "}]}", false},
		"a sequence and a match":      {"id: r\n" + field + "\nsequence: {within: 10m, steps: [{" + field + "}, {" + field + "}]}", false},
		"a step without a match":      {"id: r\nsequence: {within: 10m, steps: [{name: a}, {" + field + "}]}", false},
		"an absence":                  {"id: r\n" + field + "\nabsence: {of: {where: {a: {equals: b}}}, within: 1h}", true},
		"an absence of nothing":       {"id: r\n" + field + "\nabsence: {within: 1h}", false},
		"first seen":                  {"id: r\n" + field + "\nfirst_seen: {value: awsRegion, by: account}", true},
		"first seen in full":          {"id: r\n" + field + "\nfirst_seen: {value: [eventSource, eventName], by: [account, actor], within: 90d, warm_up: 2w}", true},
		"first seen of nothing":       {"id: r\n" + field + "\nfirst_seen: {by: account}", false},
		"a rate":                      {"id: r\n" + field + "\nrate: {by: [actor]}", true},
		"a rate in full":              {"id: r\n" + field + "\nrate: {per: 30m, least: 20, factor: 2.5, baseline: 28d, season: week, warm_up: 0, by: actor}", true},
		"no such season":              {"id: r\n" + field + "\nrate: {season: year}", false},
		"two memories":                {"id: r\n" + field + "\nrate: {per: 1h}\nfirst_seen: {value: a}", false},
		"a misspelt expression":       {"id: r\nmatch: {keyword: {source: iam, regex: User}}", false},
		"a misspelt topic":            {"id: r\nmatch: {keyword: {source: iam, regexp: x, sns: {topicArn: y}}}", false},
		"neither expression":          {"id: r\nmatch: {keyword: {sns: {region: x}}}", false},
		"an expression as list":       {"id: r\nmatch: {keyword: {source: [iam]}}", false},
		"all, any, not":               {where("{all: [{a: {equals: 1}}, {not: {b: {exists: true}}}, {any: [{c.d: {prefix: [x, y]}}]}]}"), true},
		"an empty all":                {where("{all: []}"), false},
		"an empty condition":          {where("{}"), false},
		"not of a list":               {where("{not: [{a: {equals: 1}}]}"), false},
		"a bare value":                {where("{a: x}"), false},
		"a bare list":                 {where("{a: [x]}"), false},
		"no test":                     {where("{a: {}}"), false},
		"an unknown test":             {where("{a: {startswith: x}}"), false},
		"every text test":             {where("{a: {equals: x, in: [x, 1, true], prefix: x, suffix: [x], contains: x, wildcard: 'x*', regex: x, ignore_case: true}}"), true},
		"ignore_case alone":           {where("{a: {ignore_case: true}}"), false},
		"ignore_case beside a number": {where("{a: {lt: 3, ignore_case: true}}"), false},
		"exists and another":          {where("{a: {exists: true, prefix: x}}"), true},
		"absent and another":          {where("{a: {exists: false, prefix: x}}"), false},
		"exists as text":              {where("{a: {exists: 'true'}}"), false},
		"null":                        {where("{a: {'null': true}}"), true},
		"equals null":                 {where("{a: {equals: null}}"), false},
		"an empty list":               {where("{a: {in: []}}"), false},
		"an empty prefix":             {where("{a: {prefix: ''}}"), false},
		"the empty text":              {where("{a: {equals: ''}}"), true},
		"numbers":                     {where("{a: {gte: 1, lt: 2.5e3}}"), true},
		"a number in quotes":          {where("{a: {gte: '1'}}"), false},
		"ranges":                      {where("{a: {cidr: [203.0.113.0/24, '2001:db8::/32', 10.0.0.1]}}"), true},
		"no range":                    {where("{a: {cidr: office}}"), false},
		"a path from $":               {where("{$.a: {exists: true}}"), false},
		"a path with an index":        {where("{'a[0].b': {exists: true}}"), false},
		"a path with two dots":        {where("{a..b: {exists: true}}"), false},
		"a modifier of Sigma":         {where("{'a|contains': {exists: true}}"), false},
	} {
		t.Run(name, func(t *testing.T) {
			set, list := rule.LoadFS(oneFile(c.text), "", rule.Options{})
			loads := list.Err() == nil && len(set.Rules) > 0
			fits := validates(t, s, []byte(c.text))
			if loads != c.ok || (fits == nil) != c.ok {
				t.Errorf("want %v\nloader: %v %v\nschema: %v", c.ok, loads, list, fits)
			}
		})
	}
}

func oneFile(text string) fs.FS {
	return fstest.MapFS{"r.yaml": {Data: []byte(strings.TrimSpace(text) + "\n")}}
}

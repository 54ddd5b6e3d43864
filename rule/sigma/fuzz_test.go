package sigma_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/detect"
	"github.com/trailwarden/trailwarden/rule/sigma"
)

const fuzzEvent = `{"eventVersion":"1.08","eventName":"A","a":{"b":["x",1,null,{"c":"10.0.0.1"}]},"eventTime":"2024-01-01T00:00:00Z"}`

// judge makes sure that whatever parses also compiles, matches and lints.
func judge(t *testing.T, r *sigma.Rule) {
	rec, err := cloudtrail.ParseRecord([]byte(fuzzEvent))
	if err != nil {
		t.Fatal(err)
	}
	detect.Compile([]detect.Node{r.Predicate()}).NewMatcher().Match(rec, func(int) {})
	r.Lint(nil)
}

// FuzzDocuments: no text makes the reader or its rules fail, and every rule
// left out is explained.
func FuzzDocuments(f *testing.F) {
	f.Add([]byte(head + "detection: {a: {b|contains|all: [x, 'y*']}, condition: not 1 of a*}\n---\ntitle: f\nlogsource: {product: aws}\nfilter: {rules: any, s: {b: c}, condition: not s}\n"))
	f.Add([]byte("action: global\ntitle: c\ncorrelation: {type: value_count, rules: [a], timespan: 5m, condition: {gte: 1, field: x}}\n"))
	for _, name := range []string{"vectors.yaml", "invalid.yaml"} {
		text, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		for _, part := range strings.Split(string(text), "\n- ") {
			f.Add([]byte(head + part))
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		rules, list := sigma.ParseDocuments(text, sigma.Options{Placeholders: map[string][]string{"p": {"x", "y"}}})
		if len(rules) == 0 && list.Err() == nil && len(strings.TrimSpace(string(text))) == 0 {
			t.Error("nothing was read and nothing said")
		}
		for _, r := range rules {
			judge(t, r)
		}
	})
}

// FuzzCondition: every condition is either refused with a code or means
// something that negation turns around.
func FuzzCondition(f *testing.F) {
	for _, c := range []string{"a", "not a and (b or 1 of c*)", "all of them", "1 of _*", "a | count() by x > 3", "((a", "not not a", "ALL OF b* OR a"} {
		f.Add(c)
	}
	f.Fuzz(func(t *testing.T, condition string) {
		parse := func(c string) *sigma.Rule {
			quoted := "'" + strings.ReplaceAll(c, "'", "''") + "'"
			r, _ := sigma.Parse([]byte("detection: {a: {eventName: A}, b: {x: y}, _c: {a.b: 1}, timeframe: 5m, condition: "+quoted+"}"), sigma.Options{Fragment: true})
			return r
		}
		r := parse(condition)
		if r == nil || r.Inactive != "" {
			return
		}
		negated := parse("not (" + condition + ")")
		if negated == nil {
			return // the parentheses went beyond a bound
		}
		if matches(t, r, fuzzEvent) == matches(t, negated, fuzzEvent) {
			t.Errorf("%q is neither true nor false", condition)
		}
	})
}

// FuzzPipeline: no text makes the pipeline reader, or a pipeline on a rule, fail.
func FuzzPipeline(f *testing.F) {
	f.Add([]byte("{priority: 1, vars: {p: [x]}, transformations: [{type: field_name_mapping, mapping: {a: [b, c]}}, {type: value_placeholders}, {type: replace_string, regex: 'x(.)', replacement: '\\1*'}]}"))
	f.Add([]byte("transformations: [{type: drop_detection_item, field_name_conditions: [{type: include_fields, mode: re, fields: ['^a']}]}, {type: add_condition, conditions: {a: b}, negated: true}]"))
	f.Fuzz(func(t *testing.T, text []byte) {
		pl, list := sigma.ParsePipeline(text, "")
		if (pl == nil) != (list.Err() != nil) {
			t.Fatal("neither a pipeline nor an error")
		}
		if pl == nil {
			return
		}
		r, _ := sigma.Parse([]byte("detection: {a: {a|contains|expand: ['%p%', 'x\\\\*y']}, b: [k, {a.b|fieldref: a}], condition: a or not b}"),
			sigma.Options{Fragment: true, Pipelines: []*sigma.Pipeline{pl}})
		if r != nil {
			judge(t, r)
		}
	})
}

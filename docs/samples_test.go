package docs_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"go.yaml.in/yaml/v3"

	"github.com/trailwarden/trailwarden/config"
	"github.com/trailwarden/trailwarden/rule"
)

// TestSamplesLoad reads the YAML that the pages show and no block runs: parts of
// configurations, rules and parts of rules. What belongs to other programs is YAML.
func TestSamplesLoad(t *testing.T) {
	kinds := map[string]int{}
	for _, page := range append(pages(t), filepath.Join(root, "README.md")) {
		for _, b := range blocksOf(read(t, page)) {
			if b.info != "yaml" {
				continue
			}
			kind, err := load(b.text)
			kinds[kind]++
			if err != nil {
				t.Errorf("%s:%d: the sample is no %s: %v", page, b.line, kind, err)
			}
		}
	}
	if kinds["configuration"] < 10 || kinds["rule"] < 2 {
		t.Errorf("found %v; have the samples another form?", kinds)
	}
}

// load reads a sample as what its keys say that it is.
func load(text string) (kind string, err error) {
	var keys map[string]yaml.Node
	if err := yaml.Unmarshal([]byte(text), &keys); err != nil {
		return "YAML", err
	}
	has := func(key string) bool { _, ok := keys[key]; return ok }
	switch {
	case has("match"):
		if !has("id") { // a rule's match, alone
			text = "id: sample\ntitle: A sample\nseverity: low\n" + text
		}
		_, list := rule.LoadFS(fstest.MapFS{"sample.yaml": {Data: []byte(text)}}, "samples", rule.Options{})
		return "rule", list.Err()
	case slices.ContainsFunc(config.Keys(), func(k config.Key) bool { return has(strings.Split(k.Path, ".")[0]) }):
		_, err := config.Parse("trailwarden.yaml", []byte(text))
		return "configuration", err
	}
	return "YAML", nil
}

package rule_test

import (
	"testing"
	"testing/fstest"

	"github.com/trailwarden/trailwarden/rule"
)

// An alert names the version of its rule, so the version follows every text
// that the rule is made of and nothing else.
func TestVersionFollowsTheRulesText(t *testing.T) {
	load := func(ruleText, pattern string) map[string]string {
		fsys := fstest.MapFS{
			"a.yaml":       {Data: []byte(ruleText)},
			"p.pattern":    {Data: []byte(pattern)},
			"other.filter": {Data: []byte(`{ $.eventName = "DeleteTrail" }`)},
		}
		set, list := rule.LoadFS(fsys, "rules", rule.Options{})
		if list.Err() != nil {
			t.Fatal(list)
		}
		versions := map[string]string{}
		for _, r := range set.Rules {
			versions[r.ID] = r.Version
		}
		return versions
	}
	text := "id: one\ntitle: One\nmatch:\n  eventbridge:\n    file: p.pattern\n"
	first := load(text, `{"detail":{"eventName":["A"]}}`)
	again := load(text, `{"detail":{"eventName":["A"]}}`)
	changedText := load(text+"description: more\n", `{"detail":{"eventName":["A"]}}`)
	changedPattern := load(text, `{"detail":{"eventName":["B"]}}`)
	if first["one"] == "" || first["one"] != again["one"] {
		t.Errorf("versions %q and %q of the same text", first["one"], again["one"])
	}
	if changedText["one"] == first["one"] || changedPattern["one"] == first["one"] {
		t.Errorf("version %q stays when the text (%q) or the pattern (%q) changes", first["one"], changedText["one"], changedPattern["one"])
	}
	if first["other"] == "" || first["other"] != changedText["other"] {
		t.Errorf("version of an untouched rule went from %q to %q", first["other"], changedText["other"])
	}
}

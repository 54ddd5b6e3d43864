package sigma_test

import (
	"testing"

	"github.com/trailwarden/trailwarden/rule/sigma"
)

const filtered = `title: rule
id: aaaaaaaa-0000-0000-0000-000000000001
name: one
logsource: {product: aws, service: cloudtrail}
detection:
  selection: {eventName: X}
  selection_b: {eventName: Y}
  condition: 1 of selection*
`

func filterText(rules, source string) string {
	return "---\ntitle: filter\nlogsource: " + source + "\nfilter:\n  rules: " + rules + "\n  selection: {user: admin}\n  condition: not 1 of selection*\n"
}

func TestFiltersNarrowTheRulesTheyName(t *testing.T) {
	const cloudTrail = "{product: aws, service: cloudtrail}"
	for name, c := range map[string]struct {
		filter  string
		applies bool
	}{
		"by id":               {filterText("[AAAAAAAA-0000-0000-0000-000000000001]", cloudTrail), true},
		"by name":             {filterText("[one]", cloudTrail), true},
		"a single reference":  {filterText("one", cloudTrail), true},
		"any":                 {filterText("any", cloudTrail), true},
		"an empty list":       {filterText("[]", cloudTrail), true},
		"a wider source":      {filterText("any", "{product: aws}"), true},
		"another source":      {filterText("any", "{product: azure}"), false},
		"a narrower source":   {filterText("any", "{product: aws, service: cloudtrail, category: x}"), false},
		"another rule's name": {filterText("[two]", cloudTrail), false},
	} {
		t.Run(name, func(t *testing.T) {
			rules, list := sigma.ParseDocuments([]byte(filtered+c.filter), sigma.Options{})
			if list.Err() != nil || len(rules) != 2 {
				t.Fatal(list)
			}
			if rules[1].Kind != sigma.Filter || rules[1].Inactive == "" || matches(t, rules[1], `{}`) {
				t.Error("the filter judges by itself")
			}
			if !matches(t, rules[0], `{"eventName":"Y","user":"eve"}`) {
				t.Error("the rule lost a match that the filter does not describe")
			}
			if matches(t, rules[0], `{"eventName":"X","user":"admin"}`) == c.applies {
				t.Errorf("applies: want %v", c.applies)
			}
			if matches(t, rules[0], `{"eventName":"Z","user":"eve"}`) {
				t.Error("the filter's identifiers leak into the rule's pattern")
			}
		})
	}
}

func TestFiltersFromOtherFilesApplyOnLinking(t *testing.T) {
	opts := sigma.Options{Unlinked: true}
	rule, _ := sigma.ParseDocuments([]byte(filtered), opts)
	filter, _ := sigma.ParseDocuments([]byte(filterText("any", "{product: aws}")[4:]), opts)
	const event = `{"eventName":"X","user":"admin"}`
	if !matches(t, rule[0], event) {
		t.Error("the rule alone does not match")
	}
	for range 2 { // linking again changes nothing
		if list := sigma.Link(append(rule, filter...)); len(list) > 0 {
			t.Fatal(list)
		}
		if matches(t, rule[0], event) {
			t.Error("the filter was not applied")
		}
	}
	if sigma.Link(rule); !matches(t, rule[0], event) {
		t.Error("the filter stayed after it had left the collection")
	}
}

func TestFilterLint(t *testing.T) {
	rules, list := sigma.ParseDocuments([]byte(`title: f
logsource: {product: aws}
filter:
  rules: [nobody]
  selection: {user: admin}
  condition: selection
`), sigma.Options{})
	if codes(list) != "SGW9" || list[0].Line != 4 {
		t.Error(list)
	}
	if got := rules[0].Lint(nil); codes(got) != "SGW7" || got[0].Fix != "condition: not (selection)" {
		t.Error(got)
	}
}

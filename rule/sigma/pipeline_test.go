package sigma_test

import (
	"strings"
	"testing"

	"github.com/trailwarden/trailwarden/rule/sigma"
)

func TestPlaceholders(t *testing.T) {
	opts := sigma.Options{Placeholders: map[string][]string{
		"admins": {"alice", "b*b"}, "dom": {"x.org", "y.org"}, "none": {}, "num": {"[0-9]+"}, "odd": {`a\*`},
	}}
	for name, c := range map[string]struct{ detection, match, miss string }{
		"a list of values":        {"s: {u|expand: '%admins%'}\ncondition: s", `{"u":"Alice"}`, `{"u":"%admins%"}`},
		"values with wildcards":   {"s: {u|expand: '%admins%'}\ncondition: s", `{"u":"bxxb"}`, `{"u":"bxx"}`},
		"escaped wildcards":       {"s: {u|expand: '%odd%'}\ncondition: s", `{"u":"a*"}`, `{"u":"ab"}`},
		"all combinations":        {"s: {u|expand: '%admins%@%dom%'}\ncondition: s", `{"u":"alice@Y.org"}`, `{"u":"alice@z.org"}`},
		"with contains":           {"s: {u|contains|expand: '%dom%'}\ncondition: s", `{"u":"a@x.org:1"}`, `{"u":"x,org"}`},
		"expand before contains":  {"s: {u|expand|contains: '%dom%'}\ncondition: s", `{"u":"a@x.org:1"}`, `{"u":"x,org"}`},
		"in a regular expression": {"s: {u|re|expand: '^a%num%$'}\ncondition: s", `{"u":"a12"}`, `{"u":"a"}`},
		"a literal percent":       {`s: {u|expand: '\%admins\%'}` + "\ncondition: s", `{"u":"%admins%"}`, `{"u":"alice"}`},
		"a lone percent":          {"s: {u|expand: '50% of'}\ncondition: s", `{"u":"50% of"}`, `{"u":"50"}`},
		"no values never match":   {"s: {u|expand: '%none%'}\ncondition: not s", `{"u":"x"}`, ``},
		"without expand, literal": {"s: {u: '%admins%'}\ncondition: s", `{"u":"%admins%"}`, `{"u":"alice"}`},
		"all links the values":    {"s: {u|contains|all|expand: '%dom%'}\ncondition: s", `{"u":"x.org y.org"}`, `{"u":"x.org"}`},
	} {
		t.Run(name, func(t *testing.T) {
			r := fragment(t, c.detection, opts)
			if !matches(t, r, c.match) {
				t.Errorf("does not match %s", c.match)
			}
			if c.miss != "" && matches(t, r, c.miss) {
				t.Errorf("matches %s", c.miss)
			}
		})
	}
}

func TestUnresolvedPlaceholderLeavesTheRuleInactive(t *testing.T) {
	r, list := sigma.Parse([]byte(wrap("s:\n  u|expand: '%who%'\ncondition: not s")), sigma.Options{Fragment: true})
	if codes(list) != "SG007" || list.Err() != nil || list[0].Line != 3 {
		t.Fatal(list)
	}
	if !strings.Contains(r.Inactive, "%who%") || matches(t, r, `{}`) {
		t.Errorf("%q", r.Inactive)
	}
}

func TestPlaceholderExplosionIsRefused(t *testing.T) {
	many := make([]string, 200)
	for i := range many {
		many[i] = strings.Repeat("x", i)
	}
	_, list := sigma.Parse([]byte(wrap("s: {u|expand: '%a%%a%%a%'}\ncondition: s")), sigma.Options{Fragment: true, Placeholders: map[string][]string{"a": many}})
	if list.Err() == nil || list[0].Code != "SG007" {
		t.Error(list)
	}
}

func TestPipelines(t *testing.T) {
	for name, c := range map[string]struct{ pipeline, detection, match, miss, inactive string }{
		"field_name_mapping": {
			`transformations: [{type: field_name_mapping, mapping: {user: userIdentity.arn}}]`,
			"s: {user: x, other: y}\ncondition: s", `{"userIdentity":{"arn":"x"},"other":"y"}`, `{"user":"x","other":"y"}`, "",
		},
		"field_name_mapping to several": {
			`transformations: [{type: field_name_mapping, mapping: {user: [a, b]}}]`,
			"s: {user: x, other: y}\ncondition: s", `{"b":"x","other":"y"}`, `{"other":"y"}`, "",
		},
		"a mapping reaches references": {
			`transformations: [{type: field_name_mapping, mapping: {user: a}}]`,
			"s: {other|fieldref: user}\ncondition: s", `{"a":"x","other":"x"}`, `{"user":"x","other":"x"}`, "",
		},
		"field_name_prefix on some fields": {
			`transformations: [{type: field_name_prefix, prefix: p., field_name_conditions: [{type: include_fields, fields: [a]}]}]`,
			"s: {a: x, b: y}\ncondition: s", `{"p":{"a":"x"},"b":"y"}`, `{"a":"x","b":"y"}`, "",
		},
		"field_name_suffix on fields not excluded": {
			`transformations: [{type: field_name_suffix, suffix: .v, field_name_conditions: [{type: exclude_fields, mode: re, fields: ['^b']}]}]`,
			"s: {a: x, bb: y}\ncondition: s", `{"a":{"v":"x"},"bb":"y"}`, `{"a":"x","bb":"y"}`, "",
		},
		"field_name_prefix_mapping": {
			`transformations: [{type: field_name_prefix_mapping, mapping: {aws.: ''}}]`,
			"s: {aws.eventName: x}\ncondition: s", `{"eventName":"x"}`, `{"aws":{"eventName":"x"}}`, "",
		},
		"drop_detection_item": {
			`transformations: [{type: drop_detection_item, detection_item_conditions: [{type: match_string, cond: any, pattern: 'drop'}]}]`,
			"s: {a: x, b: dropme}\nt: {c: drop}\ncondition: s and not t", `{"a":"x","c":"drop"}`, `{"b":"dropme"}`, "",
		},
		"nothing left": {
			`transformations: [{type: drop_detection_item}]`,
			"s: {a: x}\ncondition: not s", "", `{}`, "nothing",
		},
		"add_condition": {
			`transformations: [{type: add_condition, conditions: {src: '$service'}, template: true}]`,
			"s: {a: x}\nt: {b: y}\ncondition: s or t", `{"b":"y","src":"cloudtrail"}`, `{"a":"x"}`, "",
		},
		"add_condition negated": {
			`transformations: [{type: add_condition, conditions: {src: z}, negated: true}]`,
			"s: {a: x}\ncondition: s", `{"a":"x"}`, `{"a":"x","src":"z"}`, "",
		},
		"change_logsource away": {
			`transformations: [{type: change_logsource, product: azure}]`,
			"s: {a: x}\ncondition: s", "", `{"a":"x"}`, "azure",
		},
		"value_placeholders": {
			`{vars: {who: [alice, 7]}, transformations: [{type: value_placeholders, include: [who]}]}`,
			"s: {a|expand: '%who%'}\ncondition: s", `{"a":"7"}`, `{"a":"%who%"}`, "",
		},
		"wildcard_placeholders": {
			`transformations: [{type: wildcard_placeholders}]`,
			"s: {a|expand: 'x%who%y', b|re|expand: '^x%who%y$'}\ncondition: s", `{"a":"x1y","b":"x2y"}`, `{"a":"xy","b":"x"}`, "",
		},
		"replace_string": {
			`transformations: [{type: replace_string, regex: '(\w+)@old', replacement: '\1@new'}]`,
			`s: {a: 'C:\\joe@old*'}` + "\ncondition: s", `{"a":"C:\\joe@newest"}`, `{"a":"C:\\joe@old"}`, "",
		},
		"replace_string keeps a backslash before a wildcard": {
			`transformations: [{type: replace_string, regex: 'x', replacement: 'y'}]`,
			`s: {a: 'x\\*'}` + "\ncondition: s", `{"a":"y\\z"}`, `{"a":"y*"}`, "",
		},
		"replace_string in literal parts": {
			`transformations: [{type: replace_string, regex: '^b', replacement: 'z', skip_special: true}]`,
			`s: {a: 'a*b'}` + "\ncondition: s", `{"a":"a..z"}`, `{"a":"a..b"}`, "",
		},
		"set_state steers later steps": {
			`transformations: [{type: set_state, key: k, val: v}, {type: field_name_prefix, prefix: p., rule_conditions: [{type: processing_state, key: k, val: v}]}, {type: field_name_prefix, prefix: q., rule_conditions: [{type: processing_state, key: k, val: w}]}]`,
			"s: {a: x}\ncondition: s", `{"p":{"a":"x"}}`, `{"a":"x"}`, "",
		},
		"rule_failure": {
			`transformations: [{type: rule_failure, message: not here, rule_conditions: [{type: contains_field, field: bad}]}]`,
			"s: {bad: x}\ncondition: s", "", `{"bad":"x"}`, "not here",
		},
		"rule conditions by expression": {
			`transformations: [{type: field_name_prefix, prefix: p., rule_conditions: {one: {type: logsource, product: aws}, two: {type: contains_detection_item, field: a, value: x}}, rule_cond_expr: one and not two}]`,
			"s: {a: x}\ncondition: s", `{"a":"x"}`, `{"p":{"a":"x"}}`, "",
		},
		"rule conditions joined by or": {
			`transformations: [{type: field_name_prefix, prefix: p., rule_conditions: [{type: tag, tag: no.such}, {type: is_sigma_rule}], rule_cond_op: or}]`,
			"s: {a: x}\ncondition: s", `{"p":{"a":"x"}}`, `{"a":"x"}`, "",
		},
		"rule conditions negated": {
			`transformations: [{type: field_name_prefix, prefix: p., rule_conditions: [{type: logsource, product: aws}], rule_cond_not: true}]`,
			"s: {a: x}\ncondition: s", `{"a":"x"}`, `{"p":{"a":"x"}}`, "",
		},
		"an item is mapped once": {
			`transformations: [{id: one, type: field_name_mapping, mapping: {a: b}}, {type: field_name_mapping, mapping: {b: c}, detection_item_conditions: [{type: processing_item_applied, processing_item_id: one}], detection_item_cond_not: true}]`,
			"s: {a: x}\ncondition: s", `{"b":"x"}`, `{"c":"x"}`, "",
		},
		"what a mapping had no name for was not mapped": {
			`transformations: [{id: m, type: field_name_mapping, mapping: {a: b}}, {type: drop_detection_item, detection_item_conditions: [{type: processing_item_applied, processing_item_id: m}], detection_item_cond_not: true}]`,
			"s: {a: x, c: y}\ncondition: s", `{"b":"x"}`, `{"a":"x","c":"y"}`, "",
		},
		"a mapping to several was applied to each": {
			`transformations: [{id: m, type: field_name_mapping, mapping: {a: [b, d]}}, {type: field_name_suffix, suffix: .v, detection_item_conditions: [{type: processing_item_applied, processing_item_id: m}]}]`,
			"s: {a: x, c: y}\ncondition: s", `{"d":{"v":"x"},"c":"y"}`, `{"d":"x","c":{"v":"y"}}`, "",
		},
		"values without text are not replaced in": {
			`transformations: [{id: r, type: replace_string, regex: 'x', replacement: 'z'}, {type: drop_detection_item, detection_item_conditions: [{type: processing_item_applied, processing_item_id: r}]}]`,
			"s: {a: x, b|exists: true}\ncondition: s", `{"b":1}`, `{"a":"z"}`, "",
		},
		"only placeholders in question are replaced": {
			`{vars: {who: [joe]}, transformations: [{id: p, type: value_placeholders}, {type: drop_detection_item, detection_item_conditions: [{type: processing_item_applied, processing_item_id: p}], detection_item_cond_not: true}]}`,
			"s: {a|expand: '%who%', b: y}\ncondition: s", `{"a":"joe"}`, `{"b":"y"}`, "",
		},
		"field conditions know what was mapped": {
			`transformations: [{id: m, type: field_name_mapping, mapping: {a: b}}, {type: field_name_prefix, prefix: p., field_name_conditions: [{type: processing_item_applied, processing_item_id: m}], field_name_cond_not: true}]`,
			"s: {a: x, c: y}\ncondition: s", `{"b":"x","p":{"c":"y"}}`, `{"p":{"b":"x","c":"y"}}`, "",
		},
		"field conditions judge a reference by its own name": {
			`transformations: [{type: field_name_prefix, prefix: p., field_name_conditions: [{type: include_fields, fields: [b]}]}]`,
			"s: {a|fieldref: b}\ncondition: s", `{"a":"x","p":{"b":"x"}}`, `{"p":{"a":"x","b":"x"}}`, "",
		},
		"and the field by its": {
			`transformations: [{type: field_name_prefix, prefix: p., field_name_conditions: [{type: include_fields, fields: [a]}]}]`,
			"s: {a|fieldref: b}\ncondition: s", `{"b":"x","p":{"a":"x"}}`, `{"p":{"a":"x","b":"x"}}`, "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			pl, list := sigma.ParsePipeline([]byte(c.pipeline), "p.yml")
			if len(list) > 0 {
				t.Fatal(list)
			}
			r := fragment(t, c.detection, sigma.Options{Pipelines: []*sigma.Pipeline{pl}})
			if c.match != "" && !matches(t, r, c.match) {
				t.Errorf("does not match %s", c.match)
			}
			if matches(t, r, c.miss) {
				t.Errorf("matches %s", c.miss)
			}
			if !strings.Contains(r.Inactive, c.inactive) || (r.Inactive == "") != (c.inactive == "") {
				t.Errorf("inactive: %q", r.Inactive)
			}
		})
	}
}

func TestPipelinesGoByPriority(t *testing.T) {
	var pls []*sigma.Pipeline
	for _, text := range []string{
		"{priority: 20, transformations: [{type: field_name_mapping, mapping: {b: c}}]}",
		"{priority: 10, transformations: [{type: field_name_mapping, mapping: {a: b}}]}",
	} {
		pl, list := sigma.ParsePipeline([]byte(text), "")
		if len(list) > 0 {
			t.Fatal(list)
		}
		pls = append(pls, pl)
	}
	if !matches(t, fragment(t, "s: {a: x}\ncondition: s", sigma.Options{Pipelines: pls}), `{"c":"x"}`) {
		t.Error("the pipeline with the lower priority number was not first")
	}
}

func TestPipelinesReachCorrelations(t *testing.T) {
	const base = "title: b\nname: b\nlogsource: {product: aws, service: cloudtrail}\ndetection: {s: {who: x}, condition: s}\n---\ntitle: c\ncorrelation: "
	const renames = `transformations: [{id: m, type: field_name_mapping, mapping: {who: user, what: [a, b], amount: size}, rule_conditions: [{type: logsource, product: aws}]}, {type: field_name_prefix, prefix: p., field_name_conditions: [{type: processing_item_applied, processing_item_id: m}]}]`
	for name, c := range map[string]struct{ pipeline, correlation, by, over, refused string }{
		"group-by":           {renames, "{type: event_count, rules: [b], group-by: [who, other], timespan: 5m, condition: {gte: 2}}", "p.user other", "", ""},
		"group-by, several":  {renames, "{type: event_count, rules: [b], group-by: what, timespan: 5m, condition: {gte: 2}}", "p.a p.b", "", ""},
		"the field counted":  {renames, "{type: value_count, rules: [b], timespan: 5m, condition: {gte: 2, field: [who, x]}}", "", "p.user x", ""},
		"the field summed":   {renames, "{type: value_sum, rules: [b], timespan: 5m, condition: {gte: 2, field: amount}}", "", "p.size", ""},
		"an alias's field":   {renames, "{type: event_count, rules: [b], group-by: [who], aliases: {who: {b: amount}}, timespan: 5m, condition: {gte: 2}}", "p.size", "", ""},
		"one field for one":  {renames, "{type: value_count, rules: [b], timespan: 5m, condition: {gte: 2, field: what}}", "", "", "becomes 2 fields"},
		"none for its rules": {"transformations: [{type: field_name_prefix, prefix: p., rule_conditions: [{type: is_sigma_rule}]}]", "{type: event_count, rules: [b], group-by: [who], timespan: 5m, condition: {gte: 2}}", "who", "", ""},
		"rule_failure":       {"transformations: [{type: rule_failure, message: not these, rule_conditions: [{type: is_sigma_correlation_rule}]}]", "{type: event_count, rules: [b], timespan: 5m, condition: {gte: 2}}", "", "", "not these"},
	} {
		t.Run(name, func(t *testing.T) {
			pl, list := sigma.ParsePipeline([]byte(c.pipeline), "p.yml")
			if len(list) > 0 {
				t.Fatal(list)
			}
			rules, list := sigma.ParseDocuments([]byte(base+c.correlation), sigma.Options{Pipelines: []*sigma.Pipeline{pl}})
			if c.refused != "" {
				if len(list) != 1 || !strings.Contains(list[0].Message, c.refused) || list[0].Line != 7 {
					t.Fatal(list)
				}
				return
			}
			if len(list) > 0 {
				t.Fatal(list)
			}
			spec := rules[1].Memory()
			var by, over []string
			for _, f := range spec.Inputs[0].By {
				by = append(by, f.Name)
			}
			for _, f := range spec.Inputs[0].Value {
				over = append(over, f.Name)
			}
			if n := spec.Inputs[0].Number; n != nil && len(over) == 0 {
				over = append(over, n.Name)
			}
			if strings.Join(by, " ") != c.by || strings.Join(over, " ") != c.over {
				t.Errorf("grouped by %v over %v", by, over)
			}
		})
	}
}

func TestInvalidPipelinesAreRefused(t *testing.T) {
	for name, c := range map[string]struct{ text, code, says string }{
		"no YAML":             {"a: [", "SG001", "YAML"},
		"a list":              {"[]", "SG012", "mapping"},
		"unknown type":        {"transformations: [{type: hashes_fields}]", "SG012", `"hashes_fields"`},
		"no type":             {"transformations: [{}]", "SG012", "no type"},
		"no mapping":          {"transformations: [{type: field_name_mapping}]", "SG012", "mapping"},
		"unknown condition":   {"transformations: [{type: set_state, key: a, val: b, rule_conditions: [{type: vibes}]}]", "SG012", `"vibes"`},
		"unknown in expr":     {"transformations: [{type: set_state, key: a, val: b, rule_conditions: {x: {type: is_sigma_rule}}, rule_cond_expr: y}]", "SG012", `"y"`},
		"a bad expression":    {"transformations: [{type: replace_string, regex: '(?=x)', replacement: y}]", "SG006", "look-ahead"},
		"a bad priority":      {"priority: soon", "SG012", "soon"},
		"an unknown operator": {"transformations: [{type: set_state, key: a, val: b, rule_conditions: [{type: processing_state, key: a, val: b, op: like}]}]", "SG012", "like"},
	} {
		t.Run(name, func(t *testing.T) {
			pl, list := sigma.ParsePipeline([]byte(c.text), "p.yml")
			if pl != nil || len(list) == 0 || list[0].Code != c.code || !strings.Contains(list[0].Message, c.says) || list[0].File != "p.yml" {
				t.Error(list)
			}
		})
	}
}

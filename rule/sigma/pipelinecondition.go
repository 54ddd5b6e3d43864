package sigma

import (
	"regexp"
	"slices"
	"strings"

	"github.com/trailwarden/trailwarden/internal/yamldoc"
)

func (pp *pipelineParser) ruleCondition(n *yamldoc.Node) func(*run) bool {
	switch kind := pp.text(n, "type"); kind {
	case "logsource":
		want := LogSource{Category: pp.text(n, "category"), Product: pp.text(n, "product"), Service: pp.text(n, "service")}
		return func(r *run) bool { return want.covers(r.p.rule.source) }
	case "contains_field":
		field := pp.required(n, "field")
		return func(r *run) bool { return r.anyItem(func(it *item) bool { return it.field == field }) }
	case "contains_detection_item":
		field, val := pp.required(n, "field"), pp.required(n, "value")
		return func(r *run) bool {
			return r.anyItem(func(it *item) bool { return it.field == field && it.someValue(isText(val)) })
		}
	case "tag":
		tag := pp.required(n, "tag")
		return func(r *run) bool { return slices.Contains(r.p.rule.Tags, tag) }
	case "rule_attribute":
		return pp.attributeCondition(n)
	case "is_sigma_rule":
		return func(r *run) bool { return r.p.rule.Kind == Event }
	case "is_sigma_correlation_rule":
		return func(r *run) bool { return r.p.rule.Kind == Correlation }
	case "processing_item_applied":
		id := pp.required(n, "processing_item_id")
		return func(r *run) bool { return slices.Contains(r.applied, id) }
	case "processing_state":
		return pp.stateCondition(n)
	default:
		pp.errorf(n, "rule condition type %s is not supported", quote(kind))
	}
	return nil
}

func (pp *pipelineParser) itemCondition(n *yamldoc.Node) func(*run, *item) bool {
	switch kind := pp.text(n, "type"); kind {
	case "match_string":
		re := pp.anchored(n, "pattern")
		negate := n.Get("negate") != nil && n.Get("negate").Bool()
		return pp.valueCondition(n, func(v value) bool {
			return (v.kind == textValue && re != nil && re.MatchString(plainText(v.pieces))) != negate
		})
	case "match_value":
		return pp.valueCondition(n, isText(pp.required(n, "value")))
	case "contains_wildcard":
		return pp.valueCondition(n, value.hasWildcard)
	case "is_null":
		return pp.valueCondition(n, func(v value) bool { return v.kind == nullValue })
	case "processing_item_applied":
		id := pp.required(n, "processing_item_id")
		return func(_ *run, it *item) bool { return slices.Contains(it.applied, id) }
	case "processing_state":
		state := pp.stateCondition(n)
		return func(r *run, _ *item) bool { return state(r) }
	default:
		pp.errorf(n, "detection item condition type %s is not supported", quote(kind))
	}
	return nil
}

func (pp *pipelineParser) fieldCondition(n *yamldoc.Node) fieldCondition {
	switch kind := pp.text(n, "type"); kind {
	case "include_fields":
		return pp.fieldList(n)
	case "exclude_fields":
		include := pp.fieldList(n)
		return func(r *run, field string, it *item) bool { return !include(r, field, it) }
	case "processing_item_applied":
		id := pp.required(n, "processing_item_id")
		return func(r *run, field string, it *item) bool {
			if it != nil {
				return slices.Contains(it.applied, id)
			}
			return slices.Contains(r.renamed[field], id)
		}
	case "processing_state":
		state := pp.stateCondition(n)
		return func(r *run, _ string, _ *item) bool { return state(r) }
	default:
		pp.errorf(n, "field name condition type %s is not supported", quote(kind))
	}
	return nil
}

// fieldList is true of the fields listed; a keyword has no field.
func (pp *pipelineParser) fieldList(n *yamldoc.Node) fieldCondition {
	fields := pp.textList(n.Get("fields"))
	if pp.text(n, "mode") != "re" {
		return func(_ *run, field string, _ *item) bool { return field != "" && slices.Contains(fields, field) }
	}
	var patterns []*regexp.Regexp
	for _, f := range fields {
		if re := pp.compile(n.Get("fields"), "^(?:"+f+")"); re != nil {
			patterns = append(patterns, re)
		}
	}
	return func(_ *run, field string, _ *item) bool {
		return field != "" && slices.ContainsFunc(patterns, func(re *regexp.Regexp) bool { return re.MatchString(field) })
	}
}

// anchored compiles the expression at key, which is to match from the start.
func (pp *pipelineParser) anchored(n *yamldoc.Node, key string) *regexp.Regexp {
	return pp.compile(n.Get(key), "^(?:"+pp.required(n, key)+")")
}

func (pp *pipelineParser) compile(at *yamldoc.Node, source string) *regexp.Regexp {
	re, err := compileRegexp(source, "")
	if err != nil {
		pp.rep.errorf("SG006", at, "regular expression %s: %v", quote(source), err)
		return nil
	}
	return re
}

// valueCondition holds of any value of an item, or with cond: all, of every.
func (pp *pipelineParser) valueCondition(n *yamldoc.Node, holds func(value) bool) func(*run, *item) bool {
	if pp.text(n, "cond") == "all" {
		return func(_ *run, it *item) bool { return !it.someValue(func(v value) bool { return !holds(v) }) }
	}
	return func(_ *run, it *item) bool { return it.someValue(holds) }
}

func (it *item) someValue(holds func(value) bool) bool {
	return slices.ContainsFunc(it.values, func(alternatives []value) bool { return slices.ContainsFunc(alternatives, holds) })
}

func (r *run) anyItem(holds func(*item) bool) bool {
	found := false
	r.d.eachItem(func(it *item) { found = found || holds(it) })
	return found
}

func isText(want string) func(value) bool {
	pieces := parseText(want, false)
	return func(v value) bool {
		switch v.kind {
		case textValue:
			return slices.Equal(v.pieces, pieces)
		case numberValue, boolValue:
			return strings.EqualFold(v.String(), want)
		}
		return false
	}
}

func (v value) hasWildcard() bool {
	return v.kind == textValue && slices.ContainsFunc(v.pieces, func(p piece) bool { return p.kind == anyRun || p.kind == anyChar })
}

// attributeCondition compares one of the rule's own texts.
func (pp *pipelineParser) attributeCondition(n *yamldoc.Node) func(*run) bool {
	name, op := pp.required(n, "attribute"), pp.text(n, "op")
	want := pp.textList(n.Get("value"))
	if len(want) == 0 {
		pp.errorf(n, "\"value\" is missing")
		return nil
	}
	holds := pp.operator(n, op)
	return func(r *run) bool {
		have := r.p.rule.attribute(name)
		switch op {
		case "in":
			return slices.Contains(want, have)
		case "not_in":
			return !slices.Contains(want, have)
		}
		return holds(rank(name, have), rank(name, want[0]))
	}
}

// rank makes levels and states of maturity comparable as text.
func rank(attribute, text string) string {
	order := map[string][]string{
		"level":  levels,
		"status": {"unsupported", "deprecated", "experimental", "test", "stable"},
	}[attribute]
	if i := slices.Index(order, strings.ToLower(text)); i >= 0 {
		return string(rune('a' + i))
	}
	return text
}

func (r *Rule) attribute(name string) string {
	switch name {
	case "id":
		return r.ID
	case "name":
		return r.Name
	case "title":
		return r.Title
	case "description":
		return r.Description
	case "author":
		return r.Author
	case "level":
		return r.Level
	case "status":
		return r.Status
	case "date":
		return r.Date
	case "modified":
		return r.Modified
	case "taxonomy":
		return r.Taxonomy
	case "license":
		return r.License
	}
	return ""
}

func (pp *pipelineParser) stateCondition(n *yamldoc.Node) func(*run) bool {
	key, val := pp.required(n, "key"), pp.required(n, "val")
	holds := pp.operator(n, pp.text(n, "op"))
	return func(r *run) bool {
		have, ok := r.state[key]
		return ok && holds(have, val)
	}
}

// operator compares two texts, as numbers where both are.
func (pp *pipelineParser) operator(n *yamldoc.Node, op string) func(a, b string) bool {
	switch op {
	case "", "eq", "in", "not_in":
		return func(a, b string) bool { return compareTexts(a, b) == 0 }
	case "ne":
		return func(a, b string) bool { return compareTexts(a, b) != 0 }
	case "gt":
		return func(a, b string) bool { return compareTexts(a, b) > 0 }
	case "gte":
		return func(a, b string) bool { return compareTexts(a, b) >= 0 }
	case "lt":
		return func(a, b string) bool { return compareTexts(a, b) < 0 }
	case "lte":
		return func(a, b string) bool { return compareTexts(a, b) <= 0 }
	}
	pp.errorf(n.Get("op"), "operator %s is not known; want eq, ne, gt, gte, lt or lte", quote(op))
	return func(a, b string) bool { return false }
}

func compareTexts(a, b string) int {
	x, okX := yamlNumber(a)
	y, okY := yamlNumber(b)
	if !okX || !okY {
		return strings.Compare(a, b)
	}
	switch {
	case x.Value < y.Value:
		return -1
	case x.Value > y.Value:
		return 1
	}
	return 0
}

package topology

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/trailwarden/trailwarden/deploy/plan"
	"github.com/trailwarden/trailwarden/rule/translate"
)

// chosen is an event pattern and the rules for which its events are wanted.
type chosen struct {
	detail map[string]any // the pattern without its detail-type
	rules  []string
	// reads tells that read-only management events are among them, which a rule
	// gets only in a state of its own (EventBridge API Reference, PutRule).
	reads bool
}

// detailTypes are those of CloudTrail's events (EventBridge User Guide, events
// from AWS services delivered via CloudTrail): a pattern for API calls alone
// misses sign-in.
func detailTypes() []any {
	return []any{"AWS API Call via CloudTrail", "AWS Console Sign In via CloudTrail", "AWS Console Action via CloudTrail", "AWS Service Event via CloudTrail", "AWS Insight via CloudTrail"}
}

// patterns are the event patterns for all rules, as few as can be. Where the
// files are read as well, rules that remember wait for them: they want so many
// records that forwarding would cost more than it gains.
func (b *builder) patterns(filesComeToo bool) []chosen {
	var all []chosen
	for _, n := range b.natives(translate.EventBridge, maxPattern-300) {
		if filesComeToo && (n.rule.Memory != nil || n.rule.CountedBy != "") {
			continue
		}
		if n.everything {
			b.note("Rule %s cannot be said as an event pattern: all management events are forwarded, and the function judges them.", n.rule.ID)
			return []chosen{{detail: map[string]any{}, rules: []string{"all rules"}, reads: true}}
		}
		for _, text := range n.texts {
			p, ok := decode(text)
			if !ok {
				return []chosen{{detail: map[string]any{}, rules: []string{"all rules"}, reads: true}}
			}
			all = append(all, chosen{detail: p, rules: []string{n.rule.ID}, reads: wantsReads(p)})
		}
	}
	return together(merge(all))
}

// decode reads a pattern; false for one that holds what a plan cannot: null, and
// numbers that are not whole.
func decode(text string) (map[string]any, bool) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var p map[string]any
	if d.Decode(&p) != nil {
		return nil, false
	}
	_, ok := value(p)
	return p, ok
}

// merge joins patterns that differ in one list of values only: to match one of
// both is then to match the union of the lists.
func merge(all []chosen) []chosen {
	for i := 0; i < len(all); i++ {
		for j := i + 1; j < len(all); {
			joined, ok := union(all[i].detail, all[j].detail)
			if !ok || all[i].reads != all[j].reads || size(joined) > maxPattern-300 {
				j++
				continue
			}
			all[i].detail = joined
			all[i].rules = append(slices.Clone(all[i].rules), all[j].rules...)
			all = slices.Delete(all, j, j+1)
			j = i + 1
		}
	}
	return all
}

// together puts patterns that cannot be merged into one rule as alternatives, as
// many as its pattern has room for. What a rule of EventBridge says beside its
// pattern takes more room than most patterns do, and a template that a StackSet
// holds has 51,200 bytes for all of them (CloudFormation User Guide, quotas).
func together(all []chosen) (rules []chosen) {
	for _, c := range all {
		i := slices.IndexFunc(rules, func(r chosen) bool {
			return r.reads == c.reads && size(either(r.detail, c.detail)) <= maxPattern-300
		})
		if i < 0 {
			rules = append(rules, c)
			continue
		}
		rules[i].detail = either(rules[i].detail, c.detail)
		rules[i].rules = append(slices.Clone(rules[i].rules), c.rules...)
	}
	return rules
}

// either is the pattern that matches what one of the two does.
func either(a, b map[string]any) map[string]any {
	return map[string]any{"$or": slices.Concat(alternatives(a), alternatives(b))}
}

// alternatives are the patterns that a pattern of nothing else leaves open.
func alternatives(p map[string]any) []any {
	if list, ok := p["$or"].([]any); ok && len(p) == 1 {
		return list
	}
	return []any{p}
}

func size(p map[string]any) int { return len(print(p)) }

func print(v any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if e.Encode(v) != nil {
		return ""
	}
	return strings.TrimSpace(b.String())
}

// union is the pattern that matches what either does, if one list of values is
// all they differ in.
func union(a, b map[string]any) (map[string]any, bool) {
	if len(a) != len(b) {
		return nil, false
	}
	out, differ := maps.Clone(a), 0
	for k, x := range a {
		y, ok := b[k]
		if !ok {
			return nil, false
		}
		if print(x) == print(y) {
			continue
		}
		differ++
		joined, ok := unionOf(k, x, y)
		if !ok || differ > 1 {
			return nil, false
		}
		out[k] = joined
	}
	return out, true
}

func unionOf(key string, x, y any) (any, bool) {
	if mx, ok := x.(map[string]any); ok {
		my, ok := y.(map[string]any)
		if !ok {
			return nil, false
		}
		return union(mx, my)
	}
	lx, ok1 := x.([]any)
	ly, ok2 := y.([]any)
	if !ok1 || !ok2 || key == "$or" {
		return nil, false
	}
	var out []any
	seen := map[string]bool{}
	for _, v := range append(slices.Clone(lx), ly...) {
		if s := print(v); !seen[s] {
			seen[s] = true
			out = append(out, v)
		}
	}
	slices.SortFunc(out, func(a, b any) int { return strings.Compare(print(a), print(b)) })
	return out, true
}

// wantsReads tells whether a pattern may match events that a rule does not get
// in the state ENABLED: management events whose names begin with List, Get or
// Describe.
func wantsReads(p map[string]any) bool {
	if alternatives, ok := p["$or"].([]any); ok {
		rest := maps.Clone(p)
		delete(rest, "$or")
		if !wantsReads(rest) {
			return false
		}
		return slices.ContainsFunc(alternatives, func(a any) bool {
			m, _ := a.(map[string]any)
			return wantsReads(m)
		})
	}
	detail, ok := p["detail"].(map[string]any)
	if !ok {
		return true
	}
	if inner, ok := detail["$or"].([]any); ok {
		rest := maps.Clone(detail)
		delete(rest, "$or")
		return wantsReads(map[string]any{"detail": rest}) && slices.ContainsFunc(inner, func(a any) bool {
			m, _ := a.(map[string]any)
			return wantsReads(map[string]any{"detail": m})
		})
	}
	if only, ok := detail["readOnly"].([]any); ok && !slices.ContainsFunc(only, func(v any) bool { return v == true || v == "true" }) {
		return false
	}
	names, ok := detail["eventName"].([]any)
	return !ok || slices.ContainsFunc(names, readName)
}

// readName tells whether a value of a pattern may match the name of a read.
func readName(v any) bool {
	name, ok := v.(string)
	if m, isMap := v.(map[string]any); isMap {
		name, ok = m["prefix"].(string)
		if ok && slices.ContainsFunc(readVerbs(), func(verb string) bool { return strings.HasPrefix(verb, name) }) {
			return true
		}
	}
	return !ok || slices.ContainsFunc(readVerbs(), func(verb string) bool { return strings.HasPrefix(name, verb) })
}

func readVerbs() []string { return []string{"List", "Get", "Describe"} }

// eventPattern is the whole pattern as a property.
func (c chosen) eventPattern() plan.Map {
	p := map[string]any{}
	maps.Copy(p, c.detail)
	p["detail-type"] = detailTypes()
	v, _ := value(p)
	m, _ := v.(plan.Map)
	return m
}

// state is the state of a rule for these events.
func (c chosen) state() string {
	if c.reads {
		return "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
	}
	return "ENABLED"
}

// value is decoded JSON as a Value, keys sorted.
func value(v any) (plan.Value, bool) {
	switch v := v.(type) {
	case string:
		return plan.Text(v), true
	case bool:
		return plan.Bool(v), true
	case json.Number:
		n, err := v.Int64()
		return plan.Int(n), err == nil
	case []any:
		out := plan.List{}
		for _, x := range v {
			y, ok := value(x)
			if !ok {
				return nil, false
			}
			out = append(out, y)
		}
		return out, true
	case map[string]any:
		var out plan.Map
		for _, k := range slices.Sorted(maps.Keys(v)) {
			y, ok := value(v[k])
			if !ok {
				return nil, false
			}
			out = append(out, plan.Entry{Key: k, Value: y})
		}
		return out, true
	}
	return nil, false
}

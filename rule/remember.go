package rule

import (
	"strings"
	"time"

	"github.com/trailwarden/trailwarden/detect"
	"github.com/trailwarden/trailwarden/detect/memory"
	"github.com/trailwarden/trailwarden/internal/nearest"
	"github.com/trailwarden/trailwarden/internal/period"
	"github.com/trailwarden/trailwarden/internal/yamldoc"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
)

// memoryKeys are the keys below one of those by which a rule remembers, nil of any
// other key.
func memoryKeys(key string) []string {
	switch key {
	case "threshold":
		return []string{"count", "distinct", "sum", "over", "within", "by"}
	case "sequence":
		return []string{"steps", "within", "by"}
	case "absence":
		return []string{"of", "within", "by"}
	case "first_seen":
		return []string{"value", "within", "warm_up", "by"}
	case "rate":
		return []string{"per", "least", "factor", "baseline", "season", "warm_up", "by"}
	}
	return nil
}

// stepKeys are the keys of one step of a sequence.
func stepKeys() []string { return []string{"name", "match", "count", "by", "differs"} }

// remember reads what a native rule remembers, if it does. Its match has been
// read.
func (n *native) remember(doc *yamldoc.Node) {
	var key, node *yamldoc.Node
	for i, k := range doc.Keys {
		if memoryKeys(k.Text) == nil {
			continue
		}
		if key != nil {
			n.fail(k, CodeMemory, "%s beside %s: a rule remembers one thing; write two rules", k.Text, key.Text)
			return
		}
		key, node = k, doc.Values[i]
	}
	if key == nil {
		return
	}
	if node.Kind != yamldoc.Map {
		n.fail(node, CodeType, "%s: want a mapping with %s; found a %s", key.Text, strings.Join(memoryKeys(key.Text), ", "), node.Kind)
		return
	}
	for _, k := range node.Keys {
		if !contains(memoryKeys(key.Text), k.Text) {
			n.unknown(k, memoryKeys(key.Text), key.Text)
		}
	}
	if n.rule.SQL != nil {
		n.fail(key, CodeMemory, "%s beside match.sql: a query counts by itself, with GROUP BY and HAVING", key.Text)
		return
	}
	if n.rule.Memory != nil {
		n.fail(key, CodeMemory, "%s beside a Sigma rule that counts by itself; leave one of them out", key.Text)
		return
	}
	s := &memory.Spec{Rule: n.rule.ID}
	n.memoryOf(key.Text, s, node, doc)
	if n.list.Err() != nil {
		return
	}
	n.rule.Predicate, n.rule.Memory = nil, &Memory{Spec: s}
	if len(n.rule.GroupBy) == 0 {
		n.rule.GroupBy = s.By
	}
}

func (n *native) memoryOf(key string, s *memory.Spec, node, doc *yamldoc.Node) {
	s.By = n.fields(node, "by")
	if key != "sequence" {
		s.Inputs = []memory.Input{{Name: n.rule.Title, Node: n.rule.Predicate}}
	}
	switch key {
	case "threshold":
		n.threshold(s, node)
	case "sequence":
		n.sequence(s, node)
		if m := doc.Get("match"); m != nil {
			n.fail(m, CodeMemory, "match beside sequence: each step has a match of its own; put this one into the steps")
		}
	case "absence":
		n.absence(s, node)
	case "first_seen":
		n.firstSeen(s, node)
	case "rate":
		n.rate(s, node)
	}
	for i := range s.Inputs {
		if len(s.Inputs[i].By) > 0 {
			continue // a step with fields of its own
		}
		for _, f := range s.By {
			s.Inputs[i].By = append(s.Inputs[i].By, memory.FieldOf(f))
		}
	}
}

// threshold reads count, distinct or sum.
func (n *native) threshold(s *memory.Spec, node *yamldoc.Node) {
	kinds := map[string]memory.Kind{"count": memory.Count, "distinct": memory.Distinct, "sum": memory.Sum}
	found := 0
	for i, k := range node.Keys {
		if kind, ok := kinds[k.Text]; ok {
			found++
			least, most := 1.0, float64(memory.MaxWindowHits)
			if kind == memory.Sum {
				least, most = 0, 1e18
			}
			s.Kind, s.Bounds = kind, memory.AtLeast(n.number(k, node.Values[i], least, most))
		}
	}
	if found != 1 {
		n.fail(node, CodeMemory, "threshold: want one of count, distinct and sum; found %d of them", found)
	}
	s.Window = n.duration(node, "within", "5m", true, 0)
	s.Over = n.fields(node, "over")
	switch over := node.Get("over"); {
	case s.Kind == memory.Count && over != nil:
		n.fail(over, CodeMemory, "over says whose values distinct or sum look at; count has none")
	case s.Kind != memory.Count && len(s.Over) == 0:
		n.add(diagnostic.Error, node, CodeMissing, "over: sourceIPAddress", "threshold: %s needs over, the field whose values count", s.Kind)
	case s.Kind == memory.Sum && len(s.Over) > 1:
		n.fail(over, CodeMemory, "over: sum has one field")
	}
	n.over(&s.Inputs[0], s)
}

func (n *native) over(in *memory.Input, s *memory.Spec) {
	for i, name := range s.Over {
		f := memory.FieldOf(name)
		if s.Kind == memory.Sum && i == 0 {
			in.Number = &f
			return
		}
		in.Value = append(in.Value, f)
	}
}

// sequence reads the steps, each with a match of its own.
func (n *native) sequence(s *memory.Spec, node *yamldoc.Node) {
	s.Kind, s.Window = memory.Ordered, n.duration(node, "within", "1h", true, 0)
	steps := node.Get("steps")
	if steps == nil || steps.Kind != yamldoc.List || len(steps.Values) < 2 {
		n.add(diagnostic.Error, node, CodeMissing, "", "sequence: want steps, a list of two or more, each with a match")
		return
	}
	if len(steps.Values) > memory.MaxInputs {
		n.fail(steps, CodeMemory, "sequence has %d steps; at most %d are read", len(steps.Values), memory.MaxInputs)
		return
	}
	for i, x := range steps.Values {
		in, count := n.step(x)
		if own := x.Get("by"); own != nil && len(in.By) != len(s.By) {
			n.fail(own, CodeMemory, "by of a step: %d fields, in place of the %d of the sequence", len(in.By), len(s.By))
		}
		for range count {
			s.Steps = append(s.Steps, i)
		}
		s.Inputs = append(s.Inputs, in)
	}
	if len(s.Steps) > memory.MaxSteps {
		n.fail(steps, CodeMemory, "the counts of the steps add up to %d; at most %d are followed", len(s.Steps), memory.MaxSteps)
		return
	}
	n.differs(s, steps)
}

func (n *native) step(x *yamldoc.Node) (in memory.Input, count int) {
	count = 1
	if x.Kind != yamldoc.Map {
		n.fail(x, CodeType, "a step of a sequence is a mapping with match; found a %s", x.Kind)
		return in, count
	}
	for i, k := range x.Keys {
		switch v := x.Values[i]; k.Text {
		case "name":
			in.Name = n.text(k, v)
		case "count":
			count = int(n.number(k, v, 1, memory.MaxSteps))
		case "by":
			for _, f := range n.fields(x, "by") {
				in.By = append(in.By, memory.FieldOf(f))
			}
		case "match":
			in.Node = n.part(v)
		case "differs": // read when all steps are known
		default:
			n.unknown(k, stepKeys(), "a step")
		}
	}
	if x.Get("match") == nil {
		n.fail(x, CodeMissing, "the step has no match")
	}
	return in, count
}

// part reads a match that is one of several in a rule.
func (n *native) part(m *yamldoc.Node) detect.Node {
	whole := n.rule
	defer func() { n.rule = whole }()
	n.rule = &Rule{ID: whole.ID, Title: whole.Title, File: whole.File}
	n.match(m, nil)
	if whole.Language == "" { // of a sequence, which has no match beside it
		whole.Language, whole.TextFile, whole.TextLine = n.rule.Language, n.rule.TextFile, n.rule.TextLine
	}
	if n.rule.Inactive != "" {
		n.fail(m, CodeMemory, "this match judges nothing: %s", n.rule.Inactive)
	}
	if n.rule.Memory != nil {
		n.fail(m, CodeMemory, "this match counts by itself; a part of a rule judges single records")
		return nil
	}
	return n.rule.Predicate
}

func (n *native) absence(s *memory.Spec, node *yamldoc.Node) {
	s.Kind, s.Window = memory.Absence, n.duration(node, "within", "1h", true, 0)
	of := node.Get("of")
	if of == nil {
		n.add(diagnostic.Error, node, CodeMissing, "of: {where: {eventName: {equals: StartLogging}}}", "absence: want of, the match of what should follow")
		return
	}
	s.Inputs = append(s.Inputs, memory.Input{Name: eventNamed(of), Node: n.part(of)})
}

// eventNamed names a match by the one event that it asks for, if it does.
func eventNamed(match *yamldoc.Node) string {
	if v := match.Get("where").Get("eventName").Get("equals"); v != nil && v.Kind == yamldoc.String {
		return v.Text
	}
	return "what should follow"
}

const (
	day     = 24 * time.Hour
	aWeek   = 7 * day
	aMonth  = 30 * day
	twoWeek = 14 * day
)

func (n *native) firstSeen(s *memory.Spec, node *yamldoc.Node) {
	s.Kind = memory.FirstSeen
	s.Window = n.duration(node, "within", "30d", false, aMonth)
	s.Warmup = n.duration(node, "warm_up", "7d", false, min(aWeek, s.Window))
	if s.Over = n.fields(node, "value"); len(s.Over) == 0 {
		n.add(diagnostic.Error, node, CodeMissing, "value: awsRegion", "first_seen: want value, the field whose new values matter")
	}
	n.over(&s.Inputs[0], s)
}

func (n *native) rate(s *memory.Spec, node *yamldoc.Node) {
	s.Kind = memory.Rate
	s.Window = n.duration(node, "per", "1h", false, time.Hour)
	s.Rate.Baseline = n.duration(node, "baseline", "14d", false, twoWeek)
	s.Warmup = n.duration(node, "warm_up", "7d", false, min(aWeek, s.Rate.Baseline))
	s.Rate.Factor, s.Rate.Least = 3, 10
	for i, k := range node.Keys {
		switch v := node.Values[i]; k.Text {
		case "least":
			s.Rate.Least = n.number(k, v, 1, 1e9)
		case "factor":
			s.Rate.Factor = n.number(k, v, 1, 1e6)
		case "season":
			n.season(s, v)
		}
	}
	if s.Window > 0 && s.Rate.Baseline/s.Window > 24*366 {
		n.fail(node, CodeMemory, "rate: the baseline holds %d periods; at most %d are kept", s.Rate.Baseline/s.Window, 24*366)
	}
	if s.Window > 0 && s.Rate.Baseline < 3*s.Window {
		n.fail(node, CodeMemory, "rate: the baseline holds less than three periods")
	}
}

func (n *native) season(s *memory.Spec, v *yamldoc.Node) {
	seasons := map[string]memory.Season{"day": memory.Daily, "week": memory.Weekly, "none": memory.Never}
	season, ok := seasons[v.Text]
	if !ok {
		n.add(diagnostic.Error, v, CodeMemory, nearest.Of(v.Text, []string{"day", "week", "none"}), "season %q: want day, week or none", clip(v.Text))
	}
	s.Rate.Season = season
}

// fields reads names of fields: one, or a list.
func (n *native) fields(node *yamldoc.Node, key string) []string {
	v := node.Get(key)
	switch {
	case v == nil:
		return nil
	case v.Kind == yamldoc.String && v.Text != "":
		return []string{n.fieldName(v)}
	case v.Kind != yamldoc.List || len(v.Values) == 0:
		n.fail(v, CodeType, "%s: want the name of a field, or a list of them; found a %s", key, v.Kind)
		return nil
	}
	var all []string
	for _, x := range v.Values {
		all = append(all, n.fieldName(x))
	}
	return all
}

func (n *native) fieldName(x *yamldoc.Node) string {
	name := x.Text
	if x.Kind != yamldoc.String || name == "" || strings.ContainsAny(name, " |[]$*") || strings.HasPrefix(name, ".") || strings.Contains(name, "..") || strings.HasSuffix(name, ".") {
		n.fail(x, CodeMemory, "field %q: want %s, or a path of names joined by dots, such as requestParameters.bucketName", clip(name), strings.Join(memory.Derived(), ", "))
	}
	return name
}

func (n *native) number(k, v *yamldoc.Node, least, most float64) float64 {
	d, ok := detect.ParseDecimal(v.Text)
	if v.Kind != yamldoc.Number || !ok || d.Value < least || d.Value > most {
		n.fail(v, CodeMemory, "%s %q: want a number from %v to %v", k.Text, clip(v.Text), least, most)
		return least
	}
	return d.Value
}

// longest is the longest time that a rule remembers.
const longest = 400 * day

// duration reads a time such as 90s, 5m, 12h, 30d, 2w or 1h30m.
func (n *native) duration(node *yamldoc.Node, key, example string, must bool, otherwise time.Duration) time.Duration {
	v := node.Get(key)
	if v == nil {
		if must {
			n.add(diagnostic.Error, node, CodeMissing, key+": "+example, "%s is missing: how long to remember, such as %s", key, example)
		}
		return otherwise
	}
	d, err := period.Parse(v.Text)
	least := time.Second
	if key == "warm_up" {
		least = 0
	}
	if v.Kind != yamldoc.String && v.Text != "0" || err != nil || d < least || d > longest {
		n.add(diagnostic.Error, v, CodeMemory, key+": "+example, "%s %q: want a time from 1s to 400d, such as %s (units s, m, h, d, w)", key, clip(v.Text), example)
		return otherwise
	}
	return d
}

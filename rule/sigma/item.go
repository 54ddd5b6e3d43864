package sigma

import (
	"fmt"
	"slices"
	"strings"

	"github.com/trailwarden/trailwarden/internal/yamldoc"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
)

// item is one test of a detection: a field, or the whole event for keywords,
// and the values it is held against. Each value may have become several
// alternatives (base64offset, windash, placeholders of a pipeline).
type item struct {
	field   string // "" for keywords
	values  [][]value
	all     bool // every value must match, not any
	negated bool // neq
	key     string
	at      *yamldoc.Node
	applied []string // ids of the pipeline transformations that changed it
	// expanded: a placeholder was replaced; overflow: by too many values
	expanded, overflow bool
}

func (it *item) keyword() bool { return it.field == "" }

// maxFieldParts bounds the names in one dotted field name.
const maxFieldParts = 32

// newItem reads "field|modifier|…": value(s). An item that is nil was refused.
func (p *parser) newItem(key, val *yamldoc.Node) *item {
	parts := strings.Split(key.Text, "|")
	it := &item{field: parts[0], key: key.Text, at: key}
	if key.Kind == yamldoc.Null {
		it.field, it.key, parts = "", "", parts[:1]
	}
	if strings.Count(it.field, ".") >= maxFieldParts {
		p.rep.errorf("SG001", key, "field %s has more than %d dotted parts", quote(it.field), maxFieldParts)
		return nil
	}
	nodes, ok := p.operands(key, val)
	if !ok {
		return nil
	}
	modifiers := parts[1:]
	for _, n := range nodes {
		v := newValue(n, slices.Contains(modifiers, "expand"), slices.Contains(modifiers, "re"))
		if slices.Contains(modifiers, "exists") {
			v = oldTruth(n, v)
		}
		it.values = append(it.values, []value{v})
	}
	if !p.modify(it, modifiers) {
		return nil
	}
	if len(nodes) == 0 && !p.emptyList(it) {
		return nil
	}
	p.lintItem(it, nodes)
	p.lintEncoding(it, modifiers)
	return it
}

// oldTruth reads yes and no as the truth that they are in YAML 1.1, which other
// Sigma tools read; as the value of a field they are the texts that CloudTrail has.
func oldTruth(n *yamldoc.Node, v value) value {
	if n.Kind != yamldoc.String || !n.Plain {
		return v
	}
	switch strings.ToLower(n.Text) {
	case "yes", "on":
		return value{kind: boolValue, truth: true, pieces: literalPieces("true")}
	case "no", "off":
		return value{kind: boolValue, pieces: literalPieces("false")}
	}
	return v
}

// emptyList makes a list without values null, whatever the modifiers.
func (p *parser) emptyList(it *item) bool {
	if it.keyword() || strings.HasSuffix(it.key, "|exists") {
		p.rep.errorf("SG003", it.at, "%s: the list of values is empty", quote(it.key))
		return false
	}
	it.values = [][]value{{{kind: nullValue}}}
	return true
}

// operands are the value's scalars.
func (p *parser) operands(key, val *yamldoc.Node) ([]*yamldoc.Node, bool) {
	if val.Kind == yamldoc.Map {
		p.rep.errorf("SG001", val, "the value of %s is a mapping; want a value or a list of values, and modifiers in the key as in field|contains", quote(key.Text))
		return nil, false
	}
	if val.Kind != yamldoc.List {
		return []*yamldoc.Node{val}, true
	}
	for _, v := range val.Values {
		if v.Kind == yamldoc.Map || v.Kind == yamldoc.List {
			p.rep.errorf("SG001", v, "the values of %s hold a %s; want plain values", quote(key.Text), v.Kind)
			return nil, false
		}
	}
	return val.Values, true
}

func (p *parser) modify(it *item, modifiers []string) bool {
	var before []string // value modifiers applied so far
	for _, name := range modifiers {
		err := p.modifyBy(it, name, modifiers, before)
		if err != nil {
			p.rep.errorf("SG003", it.at, "%s: modifier %s %v", quote(it.key), quote(name), err)
			return false
		}
		if name != "all" && name != "neq" {
			before = append(before, name)
		}
	}
	return p.checkItem(it)
}

func (p *parser) modifyBy(it *item, name string, modifiers, before []string) error {
	if slices.Contains(modifiers, "exists") && (len(modifiers) > 1 || it.keyword()) {
		return fmt.Errorf("and others exclude each other: exists stands alone, on a field")
	}
	switch name {
	case "all":
		it.all = true
		return nil
	case "neq":
		it.negated = true
		return nil
	case "expand":
		return expandable(it, before)
	}
	m, ok := modifierOf(name)
	if !ok {
		return unknownModifier(name)
	}
	for i, alternatives := range it.values {
		var out []value
		for _, v := range alternatives {
			next, err := m(v, before)
			if err != nil {
				return err
			}
			out = append(out, next...)
		}
		it.values[i] = out
	}
	return nil
}

// expandable refuses placeholders in what has none: newValue has read them.
func expandable(it *item, before []string) error {
	for _, name := range before {
		switch name {
		case "base64", "base64offset", "utf16", "utf16le", "utf16be", "wide", "cidr", "fieldref":
			return fmt.Errorf("must come before %s", name)
		}
	}
	for _, alternatives := range it.values {
		for _, v := range alternatives {
			if v.kind != textValue && v.kind != regexpValue {
				return cannotTake(v)
			}
		}
	}
	return nil
}

// checkItem refuses what no single modifier can see.
func (p *parser) checkItem(it *item) bool {
	for _, alternatives := range it.values {
		for _, v := range alternatives {
			switch {
			case it.keyword() && v.kind != textValue && v.kind != regexpValue && v.kind != numberValue && v.kind != boolValue:
				p.rep.errorf("SG003", it.at, "%s is a keyword, searched for in the whole event; %s needs a field", quote(it.key), v.kind)
				return false
			case it.all && len(it.values) > 1 && (v.kind == compareValue || v.within):
				p.rep.errorf("SG003", it.at, "%s: a list of numbers to compare with cannot take \"all\"; write one comparison for each", quote(it.key))
				return false
			case v.kind == regexpValue && !v.hasPlaceholder() && !p.checkRegexp(it, v):
				return false
			}
		}
	}
	return true
}

func (p *parser) checkRegexp(it *item, v value) bool {
	if _, err := compileRegexp(source(v.pieces), v.flags); err != nil {
		p.rep.errorf("SG006", it.at, "%s: regular expression %s: %v", quote(it.key), quote(source(v.pieces)), err)
		return false
	}
	return true
}

// source is the text of a regular expression.
func source(pieces []piece) string {
	var b strings.Builder
	for _, p := range pieces {
		b.WriteString(p.text)
	}
	return b.String()
}

func (p *parser) lintItem(it *item, nodes []*yamldoc.Node) {
	if it.all && len(nodes) == 1 && !it.values[0][0].hasPlaceholder() {
		p.warn.add(diagnostic.Diagnostic{
			Code: "SGW2", Severity: diagnostic.Warning,
			Message: fmt.Sprintf("%s: \"all\" on a single value", quote(it.key)),
			Why:     "The specification asks for a list; other Sigma tools may refuse the rule.",
			Fix:     strings.Replace(it.key, "|all", "", 1),
		}, it.at)
	}
	for _, n := range nodes {
		switch {
		case n.Kind == yamldoc.Null && len(nodes) > 1:
			p.warn.add(diagnostic.Diagnostic{
				Code: "SGW1", Severity: diagnostic.Warning,
				Message: fmt.Sprintf("%s: null in a list", quote(it.key)),
				Why:     "The specification forbids it; other Sigma tools may refuse the rule. It is read as \"or absent\".",
				Fix:     "a second search identifier with " + it.field + ": null, joined by \"or\" in the condition",
			}, n)
		}
	}
	for _, alternatives := range it.values {
		if v := alternatives[0]; v.kind == timePartValue && len(v.timeParts()) == 0 {
			bounds := timeBounds[v.unit]
			p.warn.add(diagnostic.Diagnostic{
				Code: "SGW14", Severity: diagnostic.Warning,
				Message: fmt.Sprintf("%s: no time has such a part as %s asks for", quote(it.key), v.number.Text),
				Why:     "The test never holds.",
				Fix:     fmt.Sprintf("a number from %d to %d", bounds[0], bounds[1]),
			}, it.at)
		}
		if v := alternatives[0]; v.kind == networkValue && v.prefix != v.prefix.Masked() {
			p.warn.add(diagnostic.Diagnostic{
				Code: "SGW10", Severity: diagnostic.Warning,
				Message: fmt.Sprintf("%s: %s is an address inside a network, not the network", quote(it.key), v.prefix),
				Why:     "Other Sigma tools refuse it. It is read as the whole network.",
				Fix:     v.prefix.Masked().String(),
			}, it.at)
		}
	}
}

// lintEncoding warns of encodings that no record's text can have: UTF-16 that no
// Base64 follows, with its zero bytes, and pieces of Base64 as whole fields.
func (p *parser) lintEncoding(it *item, modifiers []string) {
	followed := func(at int, by ...string) bool {
		return slices.ContainsFunc(modifiers[at+1:], func(m string) bool { return slices.Contains(by, m) })
	}
	for i, name := range modifiers {
		switch {
		case slices.Contains([]string{"utf16", "utf16le", "utf16be", "wide"}, name) && !followed(i, "base64", "base64offset"):
			p.warn.add(diagnostic.Diagnostic{
				Code: "SGW12", Severity: diagnostic.Warning,
				Message: fmt.Sprintf("%s: no Base64 after %s", quote(it.key), quote(name)),
				Why:     "Modifiers are applied from left to right. Text in UTF-16 has a zero byte beside each letter; a record holds it only in Base64.",
				Fix:     it.field + "|" + name + "|base64offset|contains",
			}, it.at)
			return
		case name == "base64offset" && !it.keyword() && !followed(i, "contains", "startswith", "endswith"):
			p.warn.add(diagnostic.Diagnostic{
				Code: "SGW13", Severity: diagnostic.Warning,
				Message: fmt.Sprintf("%s: no \"contains\" after \"base64offset\"", quote(it.key)),
				Why:     "The value stands somewhere inside longer Base64; without \"contains\" it has to be the whole field.",
				Fix:     it.key + "|contains",
			}, it.at)
			return
		}
	}
}

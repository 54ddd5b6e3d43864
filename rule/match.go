package rule

import (
	"strings"
	"time"

	"github.com/trailwarden/trailwarden/internal/yamldoc"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
)

// match reads a native rule's match: exactly one language.
func (n *native) match(m, state *yamldoc.Node) {
	if m.Kind != yamldoc.Map {
		n.fail(m, CodeType, "match: want a mapping with one language (%s); found a %s", strings.Join(Languages(), ", "), m.Kind)
		return
	}
	m, window := n.window(m)
	known := 0
	for _, k := range m.Keys {
		if _, ok := languages[k.Text]; ok {
			known++
		} else {
			n.unknownLanguage(k)
		}
	}
	if len(m.Keys) != 1 {
		n.fail(m, CodeLanguage, "match: want exactly one language (%s); found %d keys", strings.Join(Languages(), ", "), len(m.Keys))
		return
	}
	if known == 1 {
		n.language(m.Keys[0], m.Values[0], state, window)
	}
}

func (n *native) unknownLanguage(k *yamldoc.Node) {
	if whereKeys[k.Text] || strings.HasPrefix(k.Text, "event") && !strings.EqualFold(k.Text, "eventbridge") {
		n.add(diagnostic.Error, k, CodeKey, "where", "match: %q is a native condition; put it below where", clip(k.Text))
		return
	}
	if k.Text == "state" {
		n.add(diagnostic.Error, k, CodeKey, "", "match: state stands beside match, not in it")
		return
	}
	n.unknown(k, Languages(), "match")
}

var whereKeys = map[string]bool{"all": true, "any": true, "not": true}

func (n *native) language(k, v, state *yamldoc.Node, window time.Duration) {
	p := &n.current
	*p = part{language: k.Text, file: n.file.name, line: v.Line, node: v, native: true, window: window, where: &n.where}
	if !n.content(p, k, v) {
		return
	}
	if state != nil {
		p.state = n.state(k.Text, state)
	}
	c, list := languages[k.Text](p, n.opts)
	n.place(list, p)
	if list.Err() == nil {
		c.fill(n.rule, p)
	}
	if n.rule.SQL != nil && len(n.rule.Tests) > 0 {
		n.fail(k, CodeType, "tests: a query is asked about many records; try it with trailwarden query, and leave tests out")
	}
}

// place moves a language's diagnostics to the file's lines.
func (n *native) place(list diagnostic.List, p *part) {
	for _, d := range list {
		n.list = append(n.list, p.place(d, n.rule.ID))
	}
}

func (n *native) state(language string, v *yamldoc.Node) string {
	switch {
	case language != "eventbridge":
		n.fail(v, CodeState, "state has a meaning only for match.eventbridge")
	case v.Text != Enabled && v.Text != EnabledAll && v.Text != Disabled:
		n.fail(v, CodeState, "state %q: want %s, %s or %s", clip(v.Text), Enabled, EnabledAll, Disabled)
	}
	return v.Text
}

// content finds the text of a language that is read as text: the string as it
// stands, the file it names, or the mapping as JSON.
func (n *native) content(p *part, k, v *yamldoc.Node) bool {
	if k.Text == "where" || k.Text == "keyword" || k.Text == "region" {
		return true // read as nodes, so that their lines and spellings stay
	}
	switch ref := v.Get("file"); {
	case v.Kind == yamldoc.Map && len(v.Keys) == 1 && ref != nil && ref.Kind == yamldoc.String:
		text, ok := n.reference(ref)
		p.text, p.line, p.file = text, 1, n.file.beside(ref.Text)
		return ok
	case v.Kind == yamldoc.String && v.Block:
		p.text, p.line = []byte(v.Text), v.Line+1
	case v.Kind == yamldoc.String:
		p.text = []byte(v.Text)
	case v.Kind == yamldoc.Map && k.Text != "filter" && k.Text != "sql":
		p.text = v.AppendJSONAtLines(nil, v.Line)
	default:
		n.fail(v, CodeType, "match.%s: want %s; found a %s", k.Text, accepted(k.Text), v.Kind)
		return false
	}
	return true
}

func accepted(language string) string {
	if language == "sql" {
		return "the query as text, {query: TEXT, window: 1h} or {file: NAME.sql, window: 1h}"
	}
	if language == "filter" {
		return "the filter pattern as text, in quotes or on the lines below |, or {file: NAME.filter}"
	}
	return "the rule as text, as a mapping, or {file: NAME}"
}

package rule

import (
	"fmt"
	"strings"

	"github.com/trailwarden/trailwarden/internal/nearest"
	"github.com/trailwarden/trailwarden/internal/yamldoc"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
	"github.com/trailwarden/trailwarden/severity"
)

// Keys are the keys of a native rule; the published JSON Schema has the same.
func Keys() []string {
	return []string{"id", "title", "severity", "description", "match", "state",
		"threshold", "sequence", "absence", "first_seen", "rate", "group_by", "tests",
		"references", "tags", "false_positives", "author", "link", "license"}
}

// idForm tells whether a text has the form of a native rule's id.
func idForm(id string) bool {
	for i := range len(id) {
		c := id[i]
		digit, letter := c >= '0' && c <= '9', c|0x20 >= 'a' && c|0x20 <= 'z'
		if !digit && !letter && (i == 0 || c != '.' && c != '_' && c != '-') {
			return false
		}
	}
	return len(id) >= 1 && len(id) <= 128
}

// native reads one native rule.
type native struct {
	*loader
	file *file
	rule *Rule
	list diagnostic.List
}

func (n *native) add(severity diagnostic.Severity, at *yamldoc.Node, code, fix, format string, args ...any) {
	n.list = append(n.list, diagnostic.Diagnostic{
		Code: code, Severity: severity, File: n.file.name, Rule: n.rule.ID, Line: at.Line, Column: at.Column,
		Message: fmt.Sprintf(format, args...), Fix: fix,
	})
}

func (n *native) fail(at *yamldoc.Node, code, format string, args ...any) {
	n.add(diagnostic.Error, at, code, "", format, args...)
}

// nativeRule reads a native rule and adds it to the set when it is valid.
func (l *loader) nativeRule(f *file, doc *yamldoc.Node) {
	n := &native{loader: l, file: f, rule: &Rule{File: f.name, Line: doc.Line, Severity: Medium}}
	if doc.Kind != yamldoc.Map {
		n.fail(doc, CodeType, "a rule is a mapping with id, title, severity and match; found a %s", doc.Kind)
	} else {
		n.read(doc)
	}
	l.list = append(l.list, n.list...)
	if n.list.Err() == nil {
		l.set.Rules = append(l.set.Rules, n.rule)
	}
}

func (n *native) read(doc *yamldoc.Node) {
	if id := doc.Get("id"); id != nil {
		n.rule.ID = id.Text // diagnostics name the rule from here on
	}
	for i, k := range doc.Keys {
		n.key(k, doc.Values[i])
	}
	n.required(doc)
	if m := doc.Get("match"); m != nil {
		n.match(m, doc.Get("state"))
	}
	if n.rule.Title == "" {
		n.rule.Title = n.rule.ID
	}
	n.remember(doc)
}

func (n *native) required(doc *yamldoc.Node) {
	if doc.Get("id") == nil {
		n.add(diagnostic.Error, doc, CodeMissing, "id: "+n.file.stem(), "the rule has no id; findings and silences name rules by it")
	}
	if doc.Get("match") == nil && doc.Get("sequence") == nil {
		n.add(diagnostic.Error, doc, CodeMissing, "match: {where: {eventName: {equals: DeleteTrail}}}", "the rule has no match")
	}
}

func (n *native) key(k, v *yamldoc.Node) {
	r := n.rule
	switch k.Text {
	case "id":
		if n.text(k, v); !idForm(v.Text) {
			n.fail(v, CodeType, "id %q: want letters, digits, dots, underscores and hyphens, at most 128", clip(v.Text))
		}
	case "title":
		r.Title = n.text(k, v)
	case "severity":
		n.severity(v)
	case "description":
		r.Description = strings.TrimSpace(n.text(k, v))
	case "author":
		r.Author = n.text(k, v)
	case "link":
		r.Link = n.text(k, v)
	case "license":
		r.License = n.text(k, v)
	case "references":
		r.References = n.texts(k, v)
	case "tags":
		r.Tags = n.texts(k, v)
	case "false_positives":
		r.FalsePositives = n.texts(k, v)
	case "group_by":
		r.GroupBy = n.texts(k, v)
	case "tests":
		r.Tests = n.tests(v, n.file)
	case "match", "state", "threshold", "sequence", "absence", "first_seen", "rate": // read once everything else is known
	default:
		if languages[k.Text] != nil {
			n.add(diagnostic.Error, k, CodeKey, "match: {"+k.Text+": …}", "%s stands below match, indented further, not beside it", k.Text)
			return
		}
		n.unknown(k, Keys(), "a rule")
	}
}

// elsewhere are other systems' names for our keys.
var elsewhere = map[string]string{
	"name": "title", "level": "severity", "falsepositives": "false_positives", "reference": "references",
	"condition": "match", "detection": "match", "where": "match", "query": "match", "test": "tests",
	"groupby": "group_by", "group-by": "group_by", "tag": "tags", "licence": "license", "authors": "author",
}

func (n *native) unknown(k *yamldoc.Node, known []string, where string) {
	near := elsewhere[strings.ToLower(k.Text)]
	if near == "" || !contains(known, near) {
		near = nearest.Of(k.Text, known)
	}
	hint := ""
	if near != "" {
		hint = "; did you mean " + near + "?"
	}
	n.add(diagnostic.Error, k, CodeKey, near, "unknown key %q in %s%s (keys are %s)", clip(k.Text), where, hint, strings.Join(known, ", "))
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

// clip shortens text that a message quotes.
func clip(s string) string {
	if len(s) > 80 {
		return strings.ToValidUTF8(s[:80], "") + "…"
	}
	return s
}

func (n *native) severity(v *yamldoc.Node) {
	s, err := ParseSeverity(v.Text)
	if v.Kind != yamldoc.String || err != nil {
		near := nearest.Of(v.Text, severity.Names())
		n.add(diagnostic.Error, v, CodeSeverity, near, "severity %q: want informational, low, medium, high or critical", clip(v.Text))
		return
	}
	n.rule.Severity = s
}

// text reads one text value.
func (n *native) text(k, v *yamldoc.Node) string {
	if v.Kind == yamldoc.Map || v.Kind == yamldoc.List || v.Kind == yamldoc.Null {
		n.fail(v, CodeType, "%s: want text; found a %s", k.Text, v.Kind)
	}
	return v.Text
}

// texts reads a list of texts.
func (n *native) texts(k, v *yamldoc.Node) []string {
	if v.Kind != yamldoc.List {
		n.fail(v, CodeType, "%s: want a list of texts; found a %s", k.Text, v.Kind)
		return nil
	}
	var out []string
	for _, x := range v.Values {
		if s := n.text(k, x); s != "" {
			out = append(out, s)
		} else if x.Kind == yamldoc.String {
			n.fail(x, CodeType, "%s: an entry is empty", k.Text)
		}
	}
	return out
}

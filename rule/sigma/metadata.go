package sigma

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/trailwarden/trailwarden/internal/yamldoc"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
)

// parser turns one document into a Rule.
type parser struct {
	opts Options
	rule *Rule
	rep  reporter // errors and what else Parse reports
	warn reporter // what Lint reports
	// unresolved placeholder names, in order of appearance, and where the first is
	unresolved   []string
	unresolvedAt *yamldoc.Node
}

// maxTitle is the longest title the specification allows, in characters.
const maxTitle = 256

var (
	levels    = []string{"informational", "low", "medium", "high", "critical"}
	statuses  = []string{"stable", "test", "experimental", "deprecated", "unsupported"}
	relations = []string{"derived", "obsolete", "merged", "renamed", "similar", "correlation"}
)

// metadata reads what all kinds of document share. Only the title is mandatory;
// the rest, out of form, is worth a warning and no more.
func (p *parser) metadata(doc *yamldoc.Node) {
	r := p.rule
	r.Title = p.text(doc, "title")
	if r.Title == "" && !p.opts.Fragment {
		p.missing(doc, "title", "a rule needs a title")
	}
	if n := utf8.RuneCountInString(r.Title); n > maxTitle {
		p.form(doc.Get("title"), "the title has %d characters; the specification allows %d", n, maxTitle)
	}
	if r.ID = p.text(doc, "id"); r.ID != "" && !uuid.MatchString(r.ID) {
		p.form(doc.Get("id"), "id %s is no UUID", quote(r.ID))
	}
	r.Name, r.Description = p.text(doc, "name"), strings.TrimSpace(p.text(doc, "description"))
	r.Author, r.License = p.authors(doc), p.text(doc, "license")
	r.Taxonomy = p.text(doc, "taxonomy")
	r.Level = p.oneOf(doc, "level", levels, "; until then the rule counts as medium")
	r.Status = p.oneOf(doc, "status", statuses, "")
	r.Date, r.Modified = p.date(doc, "date"), p.date(doc, "modified")
	r.References, r.Tags = p.listed(doc, "references"), p.listed(doc, "tags")
	r.FalsePositives, r.Fields = p.texts(doc, "falsepositives"), p.listed(doc, "fields")
	r.Scope = p.listed(doc, "scope")
	for _, tag := range r.Tags {
		if !strings.Contains(tag, ".") {
			p.form(doc.Get("tags"), "tag %s has no namespace; want one such as attack.t1078", quote(tag))
		}
	}
	p.related(doc.Get("related"))
	r.Link = r.link(p.opts.Origin)
}

func (p *parser) missing(doc *yamldoc.Node, key, why string) {
	if n := doc.Get(key); n != nil {
		doc = n
	}
	p.rep.errorf("SG002", doc, "%q is missing or empty: %s", key, why)
}

func (p *parser) form(at *yamldoc.Node, format string, args ...any) {
	p.warn.add(diagnostic.Diagnostic{
		Code: "SGW8", Severity: diagnostic.Warning, Message: fmt.Sprintf(format, args...),
		Why: "Other Sigma tools may refuse the rule.",
	}, at)
}

// text is the scalar at key, or "".
func (p *parser) text(doc *yamldoc.Node, key string) string {
	n := doc.Get(key)
	switch {
	case n == nil || n.Kind == yamldoc.Null:
		return ""
	case n.Kind == yamldoc.Map || n.Kind == yamldoc.List:
		p.form(n, "%s should be text, not a %s", key, n.Kind)
		return ""
	}
	return n.Text
}

// texts are the scalars at key, which may be one scalar instead of a list.
func (p *parser) texts(doc *yamldoc.Node, key string) []string {
	n := doc.Get(key)
	switch {
	case n == nil || n.Kind == yamldoc.Null:
		return nil
	case n.Kind == yamldoc.Map:
		p.form(n, "%s should be a list, not a mapping", key)
		return nil
	case n.Kind != yamldoc.List:
		return []string{n.Text}
	}
	var out []string
	for _, v := range n.Values {
		switch v.Kind {
		case yamldoc.Null:
		case yamldoc.Map, yamldoc.List:
			p.form(v, "%s should hold texts, not a %s", key, v.Kind)
		default:
			out = append(out, v.Text)
		}
	}
	return out
}

// listed is texts, of a key that other tools take only as a list.
func (p *parser) listed(doc *yamldoc.Node, key string) []string {
	if n := doc.Get(key); n != nil && (n.Kind == yamldoc.String || n.Kind == yamldoc.Number || n.Kind == yamldoc.Bool) {
		p.form(n, "%s should be a list, not a %s", key, n.Kind)
	}
	return p.texts(doc, key)
}

// authors joins a list of authors, as the licence wants all of them named.
func (p *parser) authors(doc *yamldoc.Node) string {
	return strings.Join(p.texts(doc, "author"), ", ")
}

// oneOf is one of some names, in lower case; otherwise a warning says which there
// are, and what the rule is taken for instead.
func (p *parser) oneOf(doc *yamldoc.Node, key string, names []string, instead string) string {
	s := p.text(doc, key)
	if s == "" || slices.Contains(names, strings.ToLower(s)) {
		return strings.ToLower(s)
	}
	p.form(doc.Get(key), "%s %s; want one of %s%s", key, quote(s), strings.Join(names, ", "), instead)
	return ""
}

// date is a date as written, brought to YYYY-MM-DD from the slashes of old
// rules and the time stamps of some editors.
func (p *parser) date(doc *yamldoc.Node, key string) string {
	s := p.text(doc, key)
	if s == "" {
		return ""
	}
	for _, layout := range []string{time.DateOnly, "2006/01/02", time.RFC3339, "2006-1-2", "2006/1/2"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.Format(time.DateOnly)
		}
	}
	p.form(doc.Get(key), "%s %s is no date; want YYYY-MM-DD", key, quote(s))
	return s
}

func (p *parser) related(n *yamldoc.Node) {
	if n == nil || n.Kind == yamldoc.Null {
		return
	}
	if n.Kind != yamldoc.List {
		p.form(n, "related should be a list of mappings with id and type")
		return
	}
	for _, v := range n.Values {
		if v.Kind != yamldoc.Map {
			p.form(v, "related should hold mappings with id and type, not a %s", v.Kind)
			continue
		}
		r := Related{ID: p.text(v, "id"), Type: p.text(v, "type")}
		switch {
		case !uuid.MatchString(r.ID):
			p.form(v, "related id %s is no UUID", quote(r.ID))
		case !slices.Contains(relations, strings.ToLower(r.Type)):
			p.form(v, "related type %s; want one of %s", quote(r.Type), strings.Join(relations, ", "))
		}
		p.rule.Related = append(p.rule.Related, r)
	}
}

package sigma

import (
	"github.com/trailwarden/trailwarden/internal/yamldoc"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
)

// Options says how rules are read. The zero Options reads a whole file whose
// rules, filters and correlations belong together.
type Options struct {
	// File is put into diagnostics; it is not opened.
	File string
	// Placeholders gives the values of %name% in values with the expand
	// modifier. A value may hold Sigma wildcards.
	Placeholders map[string][]string
	// Pipelines are applied to each rule before it is compiled, by priority.
	Pipelines []*Pipeline
	// Fragment lets a rule leave out its title and logsource, for a detection
	// that is part of another rule file.
	Fragment bool
	// Unlinked leaves filters and correlation references for a later Link,
	// because the rules they name may come in other files.
	Unlinked bool
	// Origin is where the rules were published, a URI of the rule or the rule
	// set, for Rule.Link; "{id}" in it stands for the rule's id.
	Origin string
}

// Parse reads one event rule, which filters in further documents may
// accompany. The rule is nil when the list holds an error.
func Parse(text []byte, opts Options) (*Rule, diagnostic.List) {
	rules, list := ParseDocuments(text, opts)
	var found *Rule
	for _, r := range rules {
		if r.Kind == Filter {
			continue
		}
		if found != nil {
			rep := reporter{file: opts.File, rule: r.ID}
			rep.errorf("SG001", &yamldoc.Node{Line: r.Line}, "a second rule in a text that should hold one; the first begins in line %d", found.Line)
			list = append(list, rep.list...)
			break
		}
		found = r
	}
	if found == nil && list.Err() == nil {
		rep := reporter{file: opts.File}
		rep.errorf("SG001", nil, "no detection rule in the text; expected a YAML document with a detection")
		list = append(list, rep.list...)
	}
	if list.Err() != nil {
		return nil, list
	}
	return found, list
}

// ParseDocuments reads every document of a YAML text: event rules, correlation
// rules and filters, legacy collection actions (global, reset, repeat) applied.
// A document with an error is left out and does not stop the others. Lines are
// 1-based in the whole text.
func ParseDocuments(text []byte, opts Options) ([]*Rule, diagnostic.List) {
	rep := reporter{file: opts.File}
	docs := readDocuments(text, &rep)
	var rules []*Rule
	for _, doc := range docs {
		r, list := parseDocument(doc, opts)
		rep.list = append(rep.list, list...)
		if r != nil {
			rules = append(rules, r)
		}
	}
	if !opts.Unlinked {
		rep.list = append(rep.list, Link(rules)...)
	}
	return rules, rep.list
}

func parseDocument(doc *yamldoc.Node, opts Options) (*Rule, diagnostic.List) {
	p := &parser{opts: opts, rule: &Rule{Line: doc.Line, File: opts.File}}
	p.rep = reporter{file: opts.File, rule: ruleName(doc)}
	p.warn = reporter{file: opts.File, rule: p.rep.rule}
	switch {
	case doc.Kind != yamldoc.Map:
		p.rep.errorf("SG001", doc, "a Sigma document must be a mapping with title, logsource and detection, not a %s", doc.Kind)
	case doc.Get("correlation") != nil:
		p.correlationRule(doc)
	case doc.Get("filter") != nil:
		p.filterRule(doc)
	default:
		p.eventRule(doc)
	}
	p.rule.warnings = p.warn.list
	if p.rep.list.Err() != nil {
		return nil, p.rep.list
	}
	return p.rule, p.rep.list
}

// ruleName is what diagnostics call the rule.
func ruleName(doc *yamldoc.Node) string {
	for _, key := range []string{"id", "name", "title"} {
		if n := doc.Get(key); n != nil && n.Text != "" {
			return n.Text
		}
	}
	return ""
}

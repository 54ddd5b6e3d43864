package sigma

import (
	"strings"

	"github.com/trailwarden/trailwarden/detect"
	"github.com/trailwarden/trailwarden/internal/re2"
	"github.com/trailwarden/trailwarden/internal/yamldoc"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
)

// Kind tells the three documents apart that Sigma knows.
type Kind uint8

// The document kinds.
const (
	// Event is a detection rule: it judges single events.
	Event Kind = iota
	// Correlation counts or orders the events that other rules match.
	Correlation
	// Filter narrows other rules; see Link.
	Filter
)

// String is the kind's name in messages.
func (k Kind) String() string {
	return [...]string{"detection rule", "correlation rule", "filter"}[k]
}

// Rule is one Sigma document. Texts are as written by its author, who is to be
// named, with Link and License, in every alert that the rule raises: the
// Detection Rule License asks for it.
type Rule struct {
	Kind           Kind
	ID             string // UUID
	Name           string // what correlations and filters may call it
	Title          string
	Description    string
	Level          string // informational, low, medium, high, critical, or "" when not given
	Status         string // stable, test, experimental, deprecated, unsupported, or ""
	Author         string
	License        string
	Link           string // where the rule was published; see Options.Origin
	Date           string // YYYY-MM-DD
	Modified       string // YYYY-MM-DD
	Taxonomy       string
	References     []string
	Tags           []string // attack.t1078, …
	FalsePositives []string
	Fields         []string
	Scope          []string
	Related        []Related
	LogSource      LogSource
	// Correlation is set on correlation rules, and on event rules whose
	// condition ends in a legacy aggregation.
	Correlation *CorrelationSpec

	File string // Options.File
	Line int    // where the document starts, 1-based

	// Inactive says why the rule judges nothing by itself; empty when it does.
	Inactive string

	own      detect.Node // before filters
	filtered detect.Node // own and every filter's condition
	filter   *filterSpec
	source   LogSource // LogSource after pipelines
	fields   []usedField
	warnings diagnostic.List
	over     []*Rule // set by Link
}

// Related is a link to another rule.
type Related struct {
	ID   string
	Type string // derived, obsolete, merged, renamed, similar
}

// usedField is a field that the rule reads and where it says so.
type usedField struct {
	name string
	at   *yamldoc.Node
}

// Predicate judges CloudTrail records: the detection's condition, and the
// conditions of the filters that apply. An inactive rule matches nothing.
func (r *Rule) Predicate() detect.Node {
	if r.Inactive != "" || r.own == nil {
		return detect.Const(false)
	}
	return r.node()
}

// node is the detection's condition with the filters that apply.
func (r *Rule) node() detect.Node {
	switch {
	case r.filtered != nil:
		return r.filtered
	case r.own != nil && r.Inactive == "":
		return r.own
	}
	return detect.Const(false)
}

// sigmaHQ is where a rule of the SigmaHQ collection can be found by its id.
const sigmaHQ = "https://github.com/search?type=code&q=repo%3ASigmaHQ%2Fsigma+"

var uuid = re2.Own(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// link is where the rule was published: the origin the caller knows of; for a
// rule with an author under the Detection Rule License, which SigmaHQ rules
// carry without saying so, its place there; else its first reference.
func (r *Rule) link(origin string) string {
	drl := r.License == "" || strings.Contains(strings.ToUpper(r.License), "DRL") ||
		strings.Contains(strings.ToLower(r.License), "detection rule license")
	switch {
	case origin != "":
		return strings.ReplaceAll(origin, "{id}", r.ID)
	case uuid.MatchString(r.ID) && r.Author != "" && drl:
		return sigmaHQ + r.ID
	case len(r.References) > 0:
		return r.References[0]
	}
	return ""
}

// Package explain says in plain words what a rule asks of a record, and why a
// given record did or did not match it.
//
// It reads the predicate tree that every rule language compiles into, so a rule
// is explained the same way whatever it was written in. All text that comes from
// rules and records is written so that a terminal only draws it, and is cut to a
// length.
package explain

import (
	"slices"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/detect"
	"github.com/trailwarden/trailwarden/internal/visible"
	"github.com/trailwarden/trailwarden/rule"
)

// Kind says how a condition is made of its parts.
type Kind string

// The kinds of condition.
const (
	KindTest     Kind = "test"     // one question about one field
	KindAll      Kind = "all"      // every part holds
	KindAny      Kind = "any"      // some part holds
	KindNone     Kind = "none"     // no part holds
	KindNotAll   Kind = "notAll"   // some part does not hold
	KindTogether Kind = "together" // every part holds, in one element of shared lists
	KindConstant Kind = "constant" // holds always or never
)

// Condition is one condition of a rule in plain words and, on a record, its
// verdict.
type Condition struct {
	Kind    Kind   `json:"kind"`
	Words   string `json:"words"`
	Written string `json:"written,omitempty"` // the test as the rule's author wrote it
	// Holds, Found and Against are set by Judge only. Found is what the record
	// has in the test's field, as JSON text, cut ("absent" stands without
	// quotes); Against is the same for the field it is compared with.
	Holds   *bool        `json:"holds,omitempty"`
	Found   []string     `json:"found,omitempty"`
	Against []string     `json:"against,omitempty"`
	Parts   []*Condition `json:"parts,omitempty"`

	node    detect.Node  // what the condition asks
	path    detect.Path  // a test's field
	other   *detect.Path // the field it is compared with
	match   detect.Match
	missing bool // Found says why there is no value
}

// Explanation is a rule in plain words.
type Explanation struct {
	Rule        string `json:"rule"`
	Title       string `json:"title,omitempty"`
	Description string `json:"description,omitempty"`
	Severity    string `json:"severity"`
	Language    string `json:"language"`
	File        string `json:"file,omitempty"`
	Line        int    `json:"line,omitempty"`
	Inactive    string `json:"inactive,omitempty"` // why the rule judges nothing
	// Remembers says when a rule that remembers tells of the records that match;
	// Steps are its inputs, in order, when it has more than one.
	Remembers string  `json:"remembers,omitempty"`
	Steps     []*Step `json:"steps,omitempty"`
	// CountedBy is the rule in whose window the records are counted; they are no
	// findings of their own then.
	CountedBy string     `json:"countedBy,omitempty"`
	Matches   *Condition `json:"matches"`
	Reads     []string   `json:"reads"` // fields, ascending
}

// Of explains a rule.
func Of(r *rule.Rule) Explanation {
	e := Explanation{
		Rule: visible.Text(r.ID), Title: visible.Text(r.Title), Description: visible.Lines(r.Description), Severity: r.Severity.String(),
		Language: r.Language, File: visible.Text(r.File), Line: r.Line, Inactive: visible.Text(r.Inactive),
		CountedBy: visible.Text(r.CountedBy), Matches: condition(r.Records()), Reads: Fields(r.Records()),
	}
	e.remember(r)
	for _, c := range flatten(e.Matches, nil) {
		c.makeVisible()
	}
	return e
}

// makeVisible escapes what a terminal would obey, in text that came from the
// rule.
func (c *Condition) makeVisible() {
	c.Words, c.Written = visible.Text(c.Words), visible.Text(c.Written)
}

// Verdict is a rule's judgement of one record.
type Verdict struct {
	Rule    string `json:"rule"`
	Matched bool   `json:"matched"`
	// Because names the tests that decided: those that made the rule match, or
	// the first that stopped it.
	Because []*Condition `json:"because"`
	// Condition is the whole rule, each condition with its verdict.
	Condition *Condition `json:"condition"`
	Inactive  string     `json:"inactive,omitempty"`
}

// Judge explains a rule's judgement of a record, or of any other JSON event.
func Judge(r *rule.Rule, rec *cloudtrail.Record) Verdict {
	c := condition(r.For(rec))
	all := flatten(c, nil)
	nodes := make([]detect.Node, len(all))
	for i, x := range all {
		nodes[i] = x.node
		x.Holds = new(bool)
	}
	detect.Compile(nodes).NewMatcher().Match(rec, func(i int) { *all[i].Holds = true })
	for _, x := range all {
		x.makeVisible()
		if x.Kind == KindTest {
			x.lookUp(rec)
		}
	}
	return Verdict{Rule: visible.Text(r.ID), Matched: *c.Holds, Because: because(c), Condition: c, Inactive: visible.Text(r.Inactive)}
}

func flatten(c *Condition, to []*Condition) []*Condition {
	to = append(to, c)
	for _, p := range c.Parts {
		to = flatten(p, to)
	}
	return to
}

// because finds the tests that made c what it is. Of All and NotAll one part
// that does not hold decides, of Any and None one that does; otherwise every
// part had its share.
func because(c *Condition) []*Condition {
	if len(c.Parts) == 0 {
		return []*Condition{c}
	}
	part := c.Kind == KindAny || c.Kind == KindNone
	if *c.Holds == (c.Kind == KindAny || c.Kind == KindNotAll) {
		i := slices.IndexFunc(c.Parts, func(p *Condition) bool { return *p.Holds == part })
		if i < 0 { // each part of KindTogether holds alone
			return []*Condition{c}
		}
		return because(c.Parts[i])
	}
	var all []*Condition
	for _, p := range c.Parts {
		all = append(all, because(p)...)
	}
	return all
}

// Package rule reads rule files of every supported language into Rules that
// package detect can judge records by.
package rule

import (
	"net/netip"

	"github.com/trailwarden/trailwarden/detect"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
	"github.com/trailwarden/trailwarden/severity"
)

// Severity ranks a rule's findings.
type Severity = severity.Level

// The severities, lowest first.
const (
	Informational = severity.Informational
	Low           = severity.Low
	Medium        = severity.Medium
	High          = severity.High
	Critical      = severity.Critical
)

// ParseSeverity reads a severity's name.
func ParseSeverity(s string) (Severity, error) { return severity.Parse(s) }

// Rule is one rule, whatever language it was written in.
type Rule struct {
	ID             string
	Title          string
	Description    string
	Severity       Severity
	References     []string
	Tags           []string // attack.t1078, …
	FalsePositives []string
	Author         string // travels with each finding of a Sigma rule, as its licence asks
	Link           string // where the rule was published
	License        string
	GroupBy        []string
	Tests          []Case

	// Version changes with the text of the rule's file and of what the rule
	// refers to, hex; two rules of a file differ in it.
	Version string

	Language string // where, region, keyword, eventbridge, filter, sigma, sql
	File     string // as given by the user
	Line     int    // where the rule starts in File, 1-based
	TextFile string // where the language's own text stands: File, or what file: names
	TextLine int    // where that text starts in TextFile, 1-based

	// Predicate judges single CloudTrail records; see Records for rules without
	// one. Event, when set, judges JSON events
	// that are no CloudTrail records instead (EventBridge patterns).
	Predicate detect.Node
	Event     detect.Node
	// Memory is set on rules that remember; Predicate is nil then.
	Memory *Memory
	// CountedBy names the rule in whose window this one's records or detections
	// are counted; they are no findings of their own, and Predicate is nil.
	CountedBy string
	counted   detect.Node
	// Source is the rule as its own language read it; the linter asks it for the
	// warnings that only the language can give. Nil when there are none to ask.
	Source Linter
	// SQL is set on rules that are queries; they judge no single records, which
	// Inactive says, too.
	SQL *SQL
	// Inactive says why a valid rule judges nothing (a Sigma rule for another
	// product, an unresolved placeholder); empty for an active rule.
	Inactive string
}

// Linter is a rule in its own language's form.
type Linter interface {
	// Lint gives the language's own warnings; lines are within the language's
	// text, which starts at the Rule's TextLine.
	Lint(diagnostic.Catalogue) diagnostic.List
}

// Case is a rule's own test: an event and whether the rule should match it.
type Case struct {
	Name  string
	Event []byte // JSON
	// Events are the records of a test of a rule that remembers, in place of
	// Event; each counts as a record of its own.
	Events [][]byte
	// Countries are those of addresses, for a test of a rule on countries, in
	// place of what is configured.
	Countries map[netip.Addr]string

	Match bool
	File  string // where the test stands: the rule's file or a file of tests
	Line  int
}

// Package rule reads rule files of every supported language into Rules that
// package detect can judge records by.
package rule

import (
	"fmt"

	"github.com/trailwarden/trailwarden/detect"
)

// Severity ranks a rule's findings.
type Severity uint8

// The severities, lowest first.
const (
	Informational Severity = iota
	Low
	Medium
	High
	Critical
)

var severityNames = [...]string{"informational", "low", "medium", "high", "critical"}

// String is the severity's name in rule files.
func (s Severity) String() string { return severityNames[s] }

// ParseSeverity reads a severity's name.
func ParseSeverity(s string) (Severity, error) {
	for i, n := range severityNames {
		if s == n {
			return Severity(i), nil
		}
	}
	return 0, fmt.Errorf("severity %q: want informational, low, medium, high or critical", s)
}

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

	Language string // where, region, keyword, eventbridge, filter, sigma
	File     string // as given by the user
	Line     int    // where the rule starts in File, 1-based

	// Predicate judges CloudTrail records. Event, when set, judges JSON events
	// that are no CloudTrail records instead (EventBridge patterns).
	Predicate detect.Node
	Event     detect.Node
	// Inactive says why a valid rule judges nothing (a Sigma rule for another
	// product, an unresolved placeholder); empty for an active rule.
	Inactive string
}

// Case is a rule's own test: an event and whether the rule should match it.
type Case struct {
	Name  string
	Event []byte // JSON
	Match bool
	Line  int
}

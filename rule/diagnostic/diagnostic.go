// Package diagnostic is how every rule language reports what is wrong with a
// rule: a code that stays the same over releases, where, what, why it matters
// and the corrected text.
package diagnostic

import (
	"fmt"
	"strings"
)

// Severity ranks a diagnostic.
type Severity uint8

// The severities. An Error makes the rule unusable; the others do not.
const (
	Error Severity = iota
	Warning
	Note
)

// String is the severity's lower-case name.
func (s Severity) String() string { return [...]string{"error", "warning", "note"}[s] }

// Diagnostic is one thing to say about a rule.
type Diagnostic struct {
	Code     string // "EB006", "FPW1", "SG004", "TW012"
	Severity Severity
	File     string // set by whoever read the file
	Rule     string // rule id, when known
	Line     int    // 1-based in the text parsed; 0 unknown
	Column   int    // 1-based, in bytes; 0 unknown
	Message  string // what is wrong, with the offending text quoted
	Why      string // why it matters, a sentence; may be empty
	Fix      string // corrected text, ready to paste; may be empty
}

// Error makes a Diagnostic an error: place, code and message.
func (d Diagnostic) Error() string {
	var b strings.Builder
	if d.File != "" {
		b.WriteString(d.File)
		b.WriteByte(':')
	}
	if d.Line > 0 {
		fmt.Fprintf(&b, "%d:", d.Line)
		if d.Column > 0 {
			fmt.Fprintf(&b, "%d:", d.Column)
		}
	}
	if b.Len() > 0 {
		b.WriteByte(' ')
	}
	fmt.Fprintf(&b, "%s: %s", d.Code, d.Message)
	return b.String()
}

// List is what a parser or linter has to say, in source order.
type List []Diagnostic

// Err is the first Error of the list as an error, or nil.
func (l List) Err() error {
	for _, d := range l {
		if d.Severity == Error {
			return d
		}
	}
	return nil
}

// Catalogue knows CloudTrail's fields, services and API names. Linters ask it;
// package catalog has the shipped one.
type Catalogue interface {
	// Field tells whether CloudTrail has a field at the dotted path, whether
	// records may lack it, and, when it is unknown, the closest known name.
	// Paths below free-form objects (requestParameters.*) are always known and
	// optional.
	Field(path string) (known, optional bool, suggestion string)
	// Source tells whether eventSource is a known service; suggestion as above.
	Source(eventSource string) (known bool, suggestion string)
	// API tells whether some service (any, when eventSource is "") has the API;
	// versioned CloudTrail spellings count. suggestion as above.
	API(eventSource, eventName string) (known bool, suggestion string)
	// ReadOnly tells whether the API only reads; ok is false when not known.
	ReadOnly(eventSource, eventName string) (readOnly, ok bool)
}

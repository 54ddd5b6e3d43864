// Package where reads native conditions: tests on dotted field paths of a
// record, joined by all, any and not.
//
//	all:
//	  - eventSource: {equals: iam.amazonaws.com}
//	  - eventName: {in: [CreateUser, CreateAccessKey]}
//	  - not: {errorCode: {exists: true}}
//	  - any:
//	      - sourceIPAddress: {cidr: 203.0.113.0/24}
//	      - requestParameters.policyArn: {suffix: /AdministratorAccess}
//
// A mapping holds when every entry of it holds. Tests beside each other under
// one field must all hold for the same value.
//
// What a path selects: object keys are followed in exact case; arrays on the
// way and at the end are entered, and one element that passes is enough; a key
// of the record that itself contains dots is found by the same dotted path.
//
// What a test is true for: nothing is ever true of a missing field, except
// exists: false. The text tests (equals, in, prefix, suffix, contains,
// wildcard, regex) read strings, numbers and booleans as text, so that
// equals: true is true of the boolean and of the text "true", both of which
// CloudTrail writes, and an account number is found with and without quotes.
// A number given to equals or in is also equal to every spelling of that number
// (300, 300.0). Null, objects and empty arrays satisfy no text test. lt, lte,
// gt and gte compare numbers and numeric text; cidr compares text that is an IP
// address. exists and null ask about the field itself, without entering an
// array at its end: null is present.
package where

import (
	"errors"

	"github.com/trailwarden/trailwarden/detect"
	"github.com/trailwarden/trailwarden/internal/yamldoc"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
)

// The codes of this package's diagnostics.
const (
	CodeSyntax   = "TW001" // not YAML
	CodeType     = "TW005" // a value of the wrong type
	CodeTest     = "TW020" // unknown test
	CodePath     = "TW021" // malformed field path
	CodeOperand  = "TW022" // a test's operand cannot be what it is
	CodeRegex    = "TW023" // regular expression RE2 cannot run
	CodeCIDR     = "TW024" // not an address range
	CodeEmpty    = "TW025" // an empty list or mapping
	CodeConflict = "TW026" // tests that exclude each other
	CodeSpelling = "TW030" // warning: a number that YAML readers disagree about
)

// Condition is a parsed native condition.
type Condition struct{ node detect.Node }

// Predicate judges records; any JSON object will do.
func (c *Condition) Predicate() detect.Node { return c.node }

// Parse reads a condition from YAML or JSON text.
func Parse(text []byte) (*Condition, diagnostic.List) {
	docs, err := yamldoc.Parse(text)
	if err != nil {
		return nil, diagnostic.List{syntaxDiagnostic(err)}
	}
	if len(docs) != 1 {
		return nil, diagnostic.List{{Code: CodeType, Line: 1, Message: "want one condition, a mapping such as {eventName: {equals: CreateUser}}"}}
	}
	return ParseNode(docs[0])
}

func syntaxDiagnostic(err error) diagnostic.Diagnostic {
	d := diagnostic.Diagnostic{Code: CodeSyntax, Message: err.Error()}
	var y *yamldoc.Error
	if errors.As(err, &y) {
		d.Line, d.Message = y.Line, y.Message
	}
	return d
}

// ParseNode reads a condition from a node of a larger YAML file; the
// diagnostics carry that file's lines.
func ParseNode(n *yamldoc.Node) (*Condition, diagnostic.List) {
	return (*Reader)(nil).ParseNode(n)
}

// Package filterpattern reads CloudWatch Logs filter patterns (CloudWatch Logs
// User Guide, "Filter pattern syntax") with the meaning CloudWatch gives them:
//
//	{ ($.eventName = ConsoleLogin) && ($.errorMessage = "Failed authentication") }
//	ERROR -Exiting "exact phrase"
//	%[Uu]nauthori[sz]ed%
//	[ip, user, ..., status = 4* && status != 403, bytes > 1000]
//
// What people get wrong most: != is false of a field that is missing. "Absent or
// different" is written ($.f NOT EXISTS || $.f != "x"). Lint finds such
// mistakes and gives the corrected pattern.
//
// Parse accepts common unquoted values (s3.amazonaws.com, 123.123.*) as
// CloudWatch does, and refuses what CloudWatch refuses: single quotes,
// typographic quotes, IS NOT, EXISTS, unquoted terms with punctuation.
package filterpattern

import (
	"regexp"
	"strings"
	"unicode"

	"github.com/trailwarden/trailwarden/rule/diagnostic"
)

// Kind is what a pattern is matched against.
type Kind uint8

// The kinds, told apart by a pattern's first character.
const (
	Everything Kind = iota // empty: any message
	JSON                   // {…}: messages that are JSON objects
	Terms                  // words: any message's text
	Regex                  // %…%: any message's text
	Delimited              // […]: text lines split at blanks; never JSON
)

// String names the kind.
func (k Kind) String() string {
	return [...]string{"everything", "JSON", "terms", "regex", "space-delimited"}[k]
}

// Limits of one pattern. CloudWatch Logs itself takes 1,024 characters; longer
// patterns are useful here and only warned of.
const (
	MaxBytes = 64 << 10 // bytes of text
	MaxDepth = 100      // nested parentheses
)

// The codes of this package's diagnostics.
const (
	CodeUnbalanced = "FP001" // braces, brackets, parentheses or quotes
	CodeSelector   = "FP002" // no selector, or a malformed one
	CodeOperator   = "FP003" // unknown operator or keyword order
	CodeOperand    = "FP004" // missing operand
	CodeRegex      = "FP005" // forbidden character, parentheses, or no regex at all
	CodeRegexCount = "FP006" // more than two regexes
	CodeWildcards  = "FP007" // too many wildcard selectors
	CodeQuotes     = "FP008" // single or typographic quotes
	CodeKeyword    = "FP009" // IS NOT, EXISTS
	CodeSize       = "FP010" // longer than MaxBytes
	CodeDepth      = "FP011" // nested deeper than MaxDepth
	CodeTerm       = "FP012" // unquoted term with punctuation, NUL character
	CodeFile       = "FP013" // a file that holds no patterns

	CodeOptional   = "FPW1"  // != on an optional field
	CodeField      = "FPW2"  // a field CloudTrail does not have
	CodeAlways     = "FPW3"  // tautology or contradiction
	CodeInnerStar  = "FPW4"  // * inside a text is literal
	CodeLong       = "FPW5"  // longer than CloudWatch takes
	CodeReads      = "FPW6"  // reads told by the prefix of their name
	CodePrecedence = "FPW7"  // && binds tighter than ||
	CodeAnywhere   = "FPW8"  // terms and regexes match any part of the record
	CodeUnanchored = "FPW9"  // a regex that matches more than meant
	CodeNotJSON    = "FPW10" // space-delimited patterns never match JSON
	CodeIgnored    = "FPW11" // ? terms beside others are ignored
	CodeName       = "FPW12" // an event source, API or region that does not exist
	CodeGlobal     = "FPW13" // a region filter that knows no global services
	CodeFailures   = "FPW14" // failed calls count like successful ones
	CodeNull       = "FPW15" // null taken for a value
	CodeOrder      = "FPW16" // an order of a number in quotes
	CodeSwallows   = "FPW17" // an exclusion joined by ||
)

// Pattern is a parsed filter pattern. It is immutable and safe for concurrent
// use.
type Pattern struct {
	kind   Kind
	text   string
	root   expr // JSON
	terms  []term
	re     *regexp.Regexp // Regex
	fields []field        // Delimited
}

// Parse reads one pattern. The pattern is nil when the list holds an error.
func Parse(text string) (*Pattern, diagnostic.List) {
	p, list := parse(text)
	if len(list) > 0 {
		list[0].Fix = finished(list[0])
	}
	return p, list
}

// maxRepeated bounds how often one mistake is put right in a pattern.
const maxRepeated = 50

// finished is d's corrected text with the same mistake put right wherever else
// it stands: who writes one value in single quotes writes the next one so.
func finished(d diagnostic.Diagnostic) string {
	fix := d.Fix
	for range maxRepeated {
		if fix == "" {
			break
		}
		_, list := parse(fix)
		if len(list) == 0 || list[0].Code != d.Code || list[0].Fix == "" {
			break
		}
		fix = list[0].Fix
	}
	return fix
}

func parse(text string) (*Pattern, diagnostic.List) {
	p := &parser{text: text}
	if len(text) > MaxBytes {
		p.text = ""
		p.fail(0, CodeSize, "the pattern has %d bytes; at most %d are read", len(text), MaxBytes)
		return nil, p.list
	}
	if i := strings.IndexByte(text, 0); i >= 0 {
		p.fail(i, CodeTerm, "the pattern holds a NUL character, which no log line has")
		return nil, p.list
	}
	out := &Pattern{text: text, kind: kindOf(text)}
	switch out.kind {
	case JSON:
		out.root = p.json()
	case Terms:
		out.terms = p.termList()
	case Regex:
		out.re = p.alone()
	case Delimited:
		out.fields = p.delimited()
	}
	if len(p.list) > 0 {
		return nil, p.list
	}
	return out, nil
}

func kindOf(text string) Kind {
	s := strings.TrimFunc(text, isBlank)
	switch {
	case s == "" || strings.HasPrefix(s, `"`) && strings.HasSuffix(s, `"`) && len(s) > 1 && strings.TrimFunc(s[1:len(s)-1], isBlank) == "":
		return Everything
	case s[0] == '{':
		return JSON
	case s[0] == '[':
		return Delimited
	case s[0] == '%':
		return Regex
	}
	return Terms
}

// Kind is the pattern's kind.
func (p *Pattern) Kind() Kind { return p.kind }

// Text is the pattern as it was given.
func (p *Pattern) Text() string { return p.text }

func isBlank(r rune) bool { return r == ' ' || r == '\t' || r == '\n' || r == '\r' }

func isWord(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) }

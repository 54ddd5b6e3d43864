package policy

import (
	"errors"
	"fmt"

	"github.com/trailwarden/trailwarden/infra/value"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
)

// The codes of what Check says. Each begins with the item of the published
// designs whose mistake it is.
const (
	CodeQuotes         = "S0.D7-typographic-quotes"
	CodeNotJSON        = "S0.D7-not-json"
	CodeSyntax         = "S0.D7-policy-syntax"
	CodeLogs           = "S0.D7-logs-wildcard"
	CodeAction         = "S0.D7-wildcard-action"
	CodeResource       = "S0.D7-wildcard-resource"
	CodeInverted       = "S0.D7-inverted-element"
	CodePublic         = "S0.D7-public-principal"
	CodeBus            = "S1.D9-open-bus"
	CodeTrust          = "S1.D9-open-trust"
	CodeDeputy         = "S1.D9-confused-deputy"
	CodeSourceAccount  = "S4.D1-security-account-source-arn"
	CodeSourceUnknown  = "S4.D1-source-arn-unknown"
	CodeAccountPrefix  = "S4.D1-account-prefix"
	CodeNoOrganization = "S4.D1-organization-prefix"
)

// Codes are the codes that Check gives.
func Codes() []string {
	return []string{CodeQuotes, CodeNotJSON, CodeSyntax, CodeLogs, CodeAction, CodeResource, CodeInverted, CodePublic,
		CodeBus, CodeTrust, CodeDeputy, CodeSourceAccount, CodeSourceUnknown, CodeAccountPrefix, CodeNoOrganization}
}

// Problems says of a text that is meant to be JSON what is not.
func Problems(all []value.Problem) diagnostic.List {
	var l diagnostic.List
	for _, p := range all {
		d := diagnostic.Diagnostic{Code: CodeNotJSON, Severity: diagnostic.Error, Line: p.Line, Column: p.Column,
			Why: "AWS refuses the text; what is said of it here is what it seems to mean."}
		switch p.Slug {
		case value.Quotes:
			d.Code = CodeQuotes
			d.Message = fmt.Sprintf("typographic quotation mark %s (%U) where JSON has \"", p.Text, []rune(p.Text)[0])
			d.Fix = `"`
		case value.Space:
			d.Message, d.Fix = "no-break spaces ("+p.Text+") where JSON has blanks", "ordinary blanks"
		case value.Twice:
			d.Severity = diagnostic.Warning
			d.Message, d.Why = fmt.Sprintf("key %q is given twice", p.Text), "Only the last value counts."
		case value.Comma:
			d.Message = p.Text
		case value.Single:
			d.Message, d.Fix = "a quotation mark "+p.Text+" where JSON has \"", `"`
		case value.Break:
			d.Message = "a text goes on over the end of its line: " + p.Text
		case value.Trailing:
			d.Message = fmt.Sprintf("there is more behind the end of the document: %q", p.Text)
		default:
			d.Message = fmt.Sprintf("%q is no JSON value", p.Text)
		}
		l = append(l, d)
	}
	return once(l)
}

// once leaves of many no-break spaces the first.
func once(l diagnostic.List) diagnostic.List {
	seen := false
	out := l[:0]
	for _, d := range l {
		if d.Fix == "ordinary blanks" {
			if seen {
				continue
			}
			seen = true
		}
		out = append(out, d)
	}
	return out
}

// NotJSON says that a text cannot be read.
func NotJSON(err error) diagnostic.Diagnostic {
	d := diagnostic.Diagnostic{Code: CodeNotJSON, Severity: diagnostic.Error, Message: err.Error()}
	var e *value.Error
	if errors.As(err, &e) {
		d.Line, d.Column, d.Message = e.Line, e.Column, e.Message
	}
	d.Message = "not JSON: " + d.Message
	return d
}

package lint

import (
	"slices"
	"strings"

	"github.com/trailwarden/trailwarden/detect"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
)

// maxParts bounds how many parts of one rule are asked whether they can change.
const maxParts = 200

// constant is TL12: a rule, or a part of one, whose truth no record changes.
func constant(f *finder) {
	if f.rule.Inactive != "" || f.rule.Language == "region" || saysConstant(f.own) {
		return
	}
	left := maxParts
	f.constantPart(written(f.rule), "this rule", &left)
}

// constantPart reports n when it is constant, and else looks into its parts:
// the largest constant part is the one to mend.
func (f *finder) constantPart(n detect.Node, what string, left *int) {
	parts := partsOf(n)
	if *left--; *left < 0 || parts == nil {
		return
	}
	if value, why, ok := detect.Constant(n); ok {
		verdict := "never holds"
		if value {
			verdict = "always holds"
		}
		f.add(what+why, warning("TL12", what+" "+verdict+": "+why,
			"A condition that does not depend on the record is a slip in its logic.", slip(n, value)))
		return
	}
	for _, p := range parts {
		f.constantPart(p, "a part of this rule", left)
	}
}

// partsOf are the children of a node that joins others; nil for a test, whose
// truth is the author's own statement.
func partsOf(n detect.Node) []detect.Node {
	switch n := n.(type) {
	case detect.All:
		return slices.Clone(n)
	case detect.Any:
		return slices.Clone(n)
	case detect.Not:
		return partsOf(n.X)
	}
	return nil
}

// slip names the usual mistake behind a constant part.
func slip(n detect.Node, value bool) string {
	switch n.(type) {
	case detect.Any:
		if value {
			return "join the negated tests with all instead of any"
		}
	case detect.All:
		if !value {
			return "join the alternatives with any instead of all"
		}
	}
	return ""
}

// saysConstant tells whether the language already reported a tautology or a
// contradiction.
func saysConstant(own diagnostic.List) bool {
	return slices.ContainsFunc(own, func(d diagnostic.Diagnostic) bool {
		return d.Code == "FPW3" || d.Code == "EBW10" || strings.Contains(d.Message, "always true") || strings.Contains(d.Message, "never true")
	})
}

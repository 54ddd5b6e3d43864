package sigma

import (
	"fmt"
	"slices"
	"strings"

	"github.com/trailwarden/trailwarden/rule/diagnostic"
)

// Lint says what is questionable about a valid rule: what the specification
// frowns on, and fields that CloudTrail does not have. cat may be nil. Parse's
// own diagnostics are not repeated.
func (r *Rule) Lint(cat diagnostic.Catalogue) diagnostic.List {
	list := slices.Clone(r.warnings)
	rep := reporter{file: r.File, rule: r.name()}
	if why := r.source.inactive(); why != "" && r.Kind == Event {
		rep.add(diagnostic.Diagnostic{
			Code: "SGW5", Severity: diagnostic.Note, Line: r.Line, Message: why,
			Why: "The rule is loaded but judges nothing.",
		}, nil)
	}
	if cat != nil && r.source.covers(cloudTrail) && r.Kind != Correlation {
		r.lintFields(cat, &rep)
	}
	list = append(list, rep.list...)
	slices.SortStableFunc(list, func(a, b diagnostic.Diagnostic) int { return a.Line - b.Line })
	return list
}

func (r *Rule) name() string {
	for _, s := range []string{r.ID, r.Name, r.Title} {
		if s != "" {
			return s
		}
	}
	return ""
}

func (r *Rule) lintFields(cat diagnostic.Catalogue, rep *reporter) {
	seen := map[string]bool{}
	for _, f := range r.fields {
		if seen[f.name] {
			continue
		}
		seen[f.name] = true
		known, _, suggestion := cat.Field(f.name)
		switch {
		case known:
		case strings.EqualFold(suggestion, f.name):
			rep.add(diagnostic.Diagnostic{
				Code: "SGW6", Severity: diagnostic.Warning,
				Message: fmt.Sprintf("field %s is spelt %s in CloudTrail", quote(f.name), quote(suggestion)),
				Why:     "It is found all the same, but more slowly; other Sigma tools are strict about letter case.",
				Fix:     suggestion,
			}, f.at)
		default:
			rep.add(diagnostic.Diagnostic{
				Code: "SGW4", Severity: diagnostic.Warning,
				Message: fmt.Sprintf("CloudTrail has no field %s", quote(f.name)),
				Why:     "A test of a field that is never there is never true.",
				Fix:     suggestion,
			}, f.at)
		}
	}
}

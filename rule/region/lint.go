package region

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/trailwarden/trailwarden/cloudtrail/catalog"
	"github.com/trailwarden/trailwarden/internal/nearest"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
)

// Lint gives the warnings about a policy that is valid: terms the shipped
// catalogue does not know, and settings that report what nobody means to see.
// It asks nothing of cat: regions are in the catalogue that the policy was
// expanded with.
func (p *Policy) Lint(diagnostic.Catalogue) diagnostic.List {
	var out diagnostic.List
	for i, t := range p.terms {
		out = append(out, lintTerm(p.terms[:i], t)...)
	}
	out = append(out, p.lintSettings("", p.Settings)...)
	for _, id := range slices.Sorted(maps.Keys(p.Accounts)) {
		out = append(out, p.lintSettings(id, p.Accounts[id])...)
	}
	return out
}

func lintTerm(before []term, t term) diagnostic.List {
	if _, known := catalog.Default().Region(t.codes[0]); !known {
		var codes []string
		for _, r := range catalog.Default().Regions() {
			codes = append(codes, r.Code)
		}
		d := t.warn(CodeFuture, t.text+" has the shape of a region but is not in the shipped catalogue",
			"a mistyped region approves nothing, and the region that was meant is reported")
		if d.Fix = nearest.Of(t.text, codes); d.Fix != "" {
			d.Message += "; did you mean " + d.Fix + "?"
		}
		return diagnostic.List{d}
	}
	covered := map[string]bool{}
	for _, b := range before {
		if b.account == t.account && b.denied == t.denied {
			for _, c := range b.codes {
				covered[c] = true
			}
		}
	}
	if slices.ContainsFunc(t.codes, func(c string) bool { return !covered[c] }) {
		return nil
	}
	return diagnostic.List{t.warn(CodePointless, fmt.Sprintf("%s adds nothing to the terms before it", t.text),
		"a list that says things twice hides what it says")}
}

func (t term) warn(code, message, why string) diagnostic.Diagnostic {
	return diagnostic.Diagnostic{Code: code, Severity: diagnostic.Warning, Line: t.line, Column: t.column, Message: message, Why: why}
}

func (p *Policy) lintSettings(account string, s Settings) diagnostic.List {
	prefix := ""
	if account != "" {
		prefix = "account " + account + ": "
	}
	var out diagnostic.List
	if home := p.homesOutside(s); s.Global == Judge && len(home) > 0 {
		out = append(out, diagnostic.Diagnostic{Code: CodeGlobal, Severity: diagnostic.Warning,
			Message: fmt.Sprintf("%sglobal: judge with %s not approved reports every call to IAM, Organizations, Route 53 and the other services without regions", prefix, strings.Join(home, ", ")),
			Why:     "those services record at one fixed region wherever the caller is; it is no sign of activity there",
			Fix:     "global: ignore"})
	}
	if s.Reads == Judge {
		out = append(out, diagnostic.Diagnostic{Code: CodeReads, Severity: diagnostic.Note,
			Message: prefix + "reads: judge reports calls that only read",
			Why:     "consoles and inventory tools list every enabled region, so most findings will say nothing",
			Fix:     "reads: ignore"})
	}
	if len(s.Approved) >= len(catalog.Default().Regions()) {
		out = append(out, diagnostic.Diagnostic{Code: CodePointless, Severity: diagnostic.Warning,
			Message: prefix + "every known region is approved", Why: "the rule can only report regions that AWS has not opened yet"})
	}
	return out
}

// homesOutside are the homes of services without regions that s does not
// approve, in the partition that s approves regions of.
func (p *Policy) homesOutside(s Settings) []string {
	out := map[string]bool{}
	partition := s.partition()
	for _, g := range p.Globals {
		for _, h := range unapproved(g.Homes, s, partition) {
			out[h] = true
		}
	}
	return slices.Sorted(maps.Keys(out))
}

// partition is the one that an account under s lives in: aws, unless nothing of
// it is approved but something of another is.
func (s Settings) partition() string {
	found := ""
	for _, c := range s.Approved {
		switch p := catalog.Default().PartitionOf(c); {
		case p == "aws":
			return p
		case found == "":
			found = p
		}
	}
	if found == "" {
		return "aws"
	}
	return found
}

// unapproved are the codes of partition that s does not approve.
func unapproved(codes []string, s Settings, partition string) []string {
	var out []string
	for _, c := range codes {
		if catalog.Default().PartitionOf(c) == partition && !slices.Contains(s.Approved, c) {
			out = append(out, c)
		}
	}
	return out
}

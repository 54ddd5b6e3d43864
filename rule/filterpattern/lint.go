package filterpattern

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/trailwarden/trailwarden/rule/diagnostic"
)

// maxDiagnostics bounds what is said about one pattern; each takes a search of
// the catalogue or a corrected pattern.
const maxDiagnostics = 50

// maxCharacters is the longest filterPattern that CloudWatch Logs takes.
const maxCharacters = 1024

// Lint finds what a valid pattern gets wrong about CloudTrail records. A
// diagnostic's Fix is the whole corrected pattern. A filter that looks for
// unapproved regions is corrected into one that judges like the region guard.
func (p *Pattern) Lint(cat diagnostic.Catalogue) diagnostic.List {
	l := &linter{pattern: p, cat: cat}
	if n := utf8.RuneCountInString(p.text); n > maxCharacters {
		l.warn(0, CodeLong, fmt.Sprintf("the pattern has %d characters; CloudWatch Logs takes at most %d", n, maxCharacters),
			"AWS refuses the filter when it is deployed; it works here", "")
	}
	switch p.kind {
	case JSON:
		l.json()
	case Terms:
		l.terms()
	case Regex:
		l.note(0, CodeAnywhere, "a regex over the whole record matches any part of it", anywhere)
	case Delimited:
		l.warn(0, CodeNotJSON, "a space-delimited pattern never matches JSON, and CloudTrail records are JSON",
			"the filter counts nothing", "")
	}
	slices.SortStableFunc(l.list, func(a, b diagnostic.Diagnostic) int {
		return cmp.Or(cmp.Compare(a.Severity, b.Severity), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return l.list
}

const anywhere = "callers choose parts of a record, such as userAgent, session names and request parameters, and can plant or avoid the text; name the field instead"

type linter struct {
	pattern *Pattern
	cat     diagnostic.Catalogue // may be nil
	list    diagnostic.List
}

func (l *linter) add(severity diagnostic.Severity, at int, code, message, why, fix string) {
	line, column := position(l.pattern.text, at)
	l.list = append(l.list, diagnostic.Diagnostic{Code: code, Severity: severity, Line: line, Column: column, Message: message, Why: why, Fix: fix})
}

// full tells that enough was said.
func (l *linter) full() bool { return len(l.list) >= maxDiagnostics }

func (l *linter) warn(at int, code, message, why, fix string) {
	l.add(diagnostic.Warning, at, code, message, why, fix)
}

func (l *linter) note(at int, code, message, why string) {
	l.add(diagnostic.Note, at, code, message, why, "")
}

func (l *linter) terms() {
	counted := effective(l.pattern.terms)
	if len(counted) < len(l.pattern.terms) {
		l.warn(0, CodeIgnored, "the ? terms are ignored because there are other terms beside them",
			"CloudWatch Logs takes ? terms only when every term is one", printTerms(counted))
	}
	l.note(0, CodeAnywhere, "terms match any part of the record's text", anywhere)
}

// json lints a JSON pattern in the order in which its corrections build on each
// other: names, tautologies and precedence, then the region filter as a whole.
func (l *linter) json() {
	root := l.pattern.root
	faults := &collector{}
	mended := l.rename(root, faults)
	mended = tautologies(mended, faults)
	mended = precedence(mended, faults)
	mended = swallowing(mended, faults)
	guard := findGuard(mended, faults)
	corrected := mended
	if guard != nil {
		corrected = guard
	} else {
		l.prefixReads(mended)
	}
	fix := printJSON(corrected)
	if fix == printJSON(root) {
		fix = "" // nothing better is known
	}
	for _, f := range faults.found {
		if l.full() {
			break
		}
		if f.severity == diagnostic.Note {
			l.note(f.at, f.code, f.message, f.why)
			continue
		}
		l.warn(f.at, f.code, f.message, f.why, fix)
	}
	l.contradictions(root)
	l.optional(root, corrected, guard != nil)
	l.operands(root)
	l.names(root, "")
}

// fault is a mistake whose correction is part of the one corrected pattern.
type fault struct {
	severity           diagnostic.Severity
	at                 int
	code, message, why string
}

type collector struct{ found []fault }

func (c *collector) warn(at int, code, why, format string, args ...any) {
	c.found = append(c.found, fault{diagnostic.Warning, at, code, fmt.Sprintf(format, args...), why})
}

// renamed tells whether a field name was put right on the way here.
func (c *collector) renamed() bool {
	return slices.ContainsFunc(c.found, func(f fault) bool { return f.code == CodeField })
}

// rewrite builds x anew with each comparison replaced.
func rewrite(x expr, replace func(*comparison) expr) expr {
	switch x := x.(type) {
	case *and:
		return &and{rewriteAll(x.x, replace), x.parens}
	case *or:
		return &or{rewriteAll(x.x, replace), x.parens}
	case *comparison:
		return replace(x)
	}
	return x
}

func rewriteAll(in []expr, replace func(*comparison) expr) []expr {
	out := make([]expr, len(in))
	for i, x := range in {
		out[i] = rewrite(x, replace)
	}
	return out
}

// first is the offset where x starts.
func first(x expr) int {
	at := -1
	each(x, func(c *comparison) {
		if at < 0 {
			at = c.at
		}
	})
	return max(at, 0)
}

// joinAnd and joinOr flatten nested lists of their own kind; a list of one is
// the one.
func joinAnd(parts ...expr) expr {
	var out []expr
	for _, x := range parts {
		if a, ok := x.(*and); ok {
			out = append(out, a.x...)
		} else {
			out = append(out, x)
		}
	}
	if len(out) == 1 {
		return out[0]
	}
	return &and{x: out, parens: true}
}

func joinOr(parts ...expr) expr {
	var out []expr
	for _, x := range parts {
		if o, ok := x.(*or); ok {
			out = append(out, o.x...)
		} else {
			out = append(out, x)
		}
	}
	if len(out) == 1 {
		return out[0]
	}
	return &or{x: out, parens: true}
}

// conjuncts are the parts that must all hold for x.
func conjuncts(x expr) []expr {
	a, ok := x.(*and)
	if !ok {
		return []expr{x}
	}
	var out []expr
	for _, y := range a.x {
		out = append(out, conjuncts(y)...)
	}
	return out
}

// alternatives are the parts of which one must hold for x.
func alternatives(x expr) []expr {
	o, ok := x.(*or)
	if !ok {
		return []expr{x}
	}
	var out []expr
	for _, y := range o.x {
		out = append(out, alternatives(y)...)
	}
	return out
}

// is tells whether x compares the field of that name by op.
func is(x expr, op operator, name string) (*comparison, bool) {
	c, ok := x.(*comparison)
	return c, ok && c.op == op && c.sel.String() == "$."+name
}

func join(words []string) string { return strings.Join(words, ", ") }

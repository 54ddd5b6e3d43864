// Package lint says what is wrong with rules that are valid and still do not do
// what their authors meant: names that CloudTrail does not have, conditions that
// always or never hold, tests that catch far more than meant.
//
// Each language gives its own warnings; this package adds those that hold in
// any language, because it reads the predicate tree that all compile into.
package lint

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/trailwarden/trailwarden/cloudtrail/catalog"
	"github.com/trailwarden/trailwarden/detect"
	"github.com/trailwarden/trailwarden/rule"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
)

// Rules is what there is to say about valid rules, in the order of the rules and
// of the lines in each. Files are named as the rules name them. text gives a rule
// file's text, in which the linter finds the line of what it speaks of; it may be
// nil, and give nil.
func Rules(rules []*rule.Rule, cat *catalog.Catalog, text func(file string) []byte) diagnostic.List {
	if text == nil {
		text = func(string) []byte { return nil }
	}
	var all diagnostic.List
	p := placer{text: text}
	for i, r := range rules {
		end := 0
		if i+1 < len(rules) && rules[i+1].File == r.File {
			end = rules[i+1].Line
		}
		all = append(all, one(r, cat, p.within(r, end))...)
	}
	return all
}

func one(r *rule.Rule, cat *catalog.Catalog, line func(subject string) int) diagnostic.List {
	own := ownWarnings(r, cat)
	f := finder{cat: cat, rule: r, own: own, line: line, reads: make(map[string]bool)}
	f.wholeRule()
	all := append(own, f.found...)
	for i := range all {
		all[i].File = cmp.Or(all[i].File, r.File)
		all[i].Rule = cmp.Or(all[i].Rule, r.ID)
		all[i].Line = cmp.Or(all[i].Line, r.Line)
	}
	slices.SortStableFunc(all, func(a, b diagnostic.Diagnostic) int { return cmp.Compare(a.Line, b.Line) })
	return all
}

// ownWarnings are those of the rule's language, placed in the file that holds
// the language's text.
func ownWarnings(r *rule.Rule, cat *catalog.Catalog) diagnostic.List {
	if r.Source == nil {
		return nil
	}
	own := r.Source.Lint(cat)
	for i := range own {
		own[i].File = cmp.Or(own[i].File, r.TextFile)
		own[i].Line += max(r.TextLine-1, 0)
	}
	return own
}

// finder walks one rule's tree and collects what it finds.
type finder struct {
	cat   *catalog.Catalog
	rule  *rule.Rule
	own   diagnostic.List          // what the language itself said
	line  func(subject string) int // where the rule's text speaks of subject, or 0
	found diagnostic.List
	reads map[string]bool // dotted paths of the record that the rule reads
	tests []test
}

// test is one test of the tree on a record field, with what surrounds it.
type test struct {
	path    string // dotted; array steps left out
	match   detect.Match
	src     string   // as the author wrote it
	negated bool     // under an odd number of Nots
	sources []string // eventSource values that the test's conjunction asks for
}

// add reports d unless the language already spoke of the same thing: subject is
// the offending text, quoted in the message.
func (f *finder) add(subject string, d diagnostic.Diagnostic) {
	for _, said := range slices.Concat(f.own, f.found) {
		if subject != "" && mentions(said.Message, subject) && (said.Code == d.Code || !strings.HasPrefix(said.Code, "TL")) {
			return
		}
	}
	if d.Line == 0 && subject != "" {
		d.Line = f.line(subject)
	}
	f.found = append(f.found, d)
}

// written is the predicate that the author wrote, without what the rule's state
// adds to it.
func written(r *rule.Rule) detect.Node {
	if p, ok := r.Source.(interface{ Predicate() detect.Node }); ok && r.Inactive == "" {
		return p.Predicate()
	}
	return r.Records()
}

// mentions tells whether a message names subject, as it is or quoted.
func mentions(message, subject string) bool {
	quoted := strconv.Quote(subject)
	return strings.Contains(message, subject) || strings.Contains(message, quoted[1:len(quoted)-1])
}

func (f *finder) wholeRule() {
	inactive(f)
	written := written(f.rule)
	if written == nil {
		return
	}
	f.collect(written, test{})
	if f.rule.Language != "region" { // whose tests are the guard's own
		for _, t := range f.tests {
			for _, check := range testChecks {
				check(f, t)
			}
		}
	}
	for _, check := range ruleChecks {
		check(f)
	}
}

// testChecks look at one test, ruleChecks at the rule once all tests are known.
var (
	testChecks = []func(*finder, test){fieldName, sourceName, partOfSource, apiName, partOfName, regionName, accountID, knownValue, valueType, readVerbs, quotes, regexBreadth}
	ruleChecks = []func(*finder){constant, signInWithoutMFA, sessionKeys, groupFields, failedCalls, remembered}
)

// collect lists the tests below n; in carries the surroundings.
func (f *finder) collect(n detect.Node, in test) {
	switch n := n.(type) {
	case detect.All:
		if !in.negated {
			in.sources = slices.Concat(in.sources, f.sourcesAsked(n))
		}
		for _, c := range n {
			f.collect(c, in)
		}
	case detect.Any:
		for _, c := range n {
			f.collect(c, in)
		}
	case detect.Not:
		in.negated = !in.negated
		f.collect(n.X, in)
	case detect.Test:
		f.test(n.Path, n.Match, n.Src, in)
	case detect.Consistent:
		if !in.negated {
			in.sources = slices.Concat(in.sources, f.sourcesOfTerms(n))
		}
		for _, t := range n.Terms {
			f.test(t.Path, t.Match, t.Src, in)
		}
	case detect.Compare:
		f.test(n.Left, nil, n.Src, in)
		f.test(n.Right, nil, n.Src, in)
	}
}

func (f *finder) test(p detect.Path, m detect.Match, src string, in test) {
	name, ok := fieldPath(p)
	if !ok {
		return
	}
	in.path, in.match, in.src = name, m, src
	f.reads[name] = true
	f.tests = append(f.tests, in)
}

// fieldPath is a record path's dotted name without its array steps; ok is false
// for envelope fields and for the record as a whole.
func fieldPath(p detect.Path) (string, bool) {
	if p.Root != detect.RootRecord {
		return "", false
	}
	var keys []string
	for _, s := range p.Steps {
		if s.Kind == detect.StepFields {
			return "", false
		}
		if s.Kind == detect.StepKey {
			keys = append(keys, s.Key)
		}
	}
	return strings.Join(keys, "."), len(keys) > 0
}

func (f *finder) sourcesAsked(all detect.All) []string {
	var sources []string
	for _, c := range all {
		if t, ok := c.(detect.Test); ok {
			sources = append(sources, f.sourcesOf(t.Path, t.Match)...)
		}
	}
	return sources
}

func (f *finder) sourcesOfTerms(c detect.Consistent) []string {
	var sources []string
	for _, t := range c.Terms {
		sources = append(sources, f.sourcesOf(t.Path, t.Match)...)
	}
	return sources
}

// sourcesOf is what a test of eventSource asks for: its values, and of an
// expression the services that it is found in.
func (f *finder) sourcesOf(p detect.Path, m detect.Match) []string {
	if name, ok := fieldPath(p); !ok || name != "eventSource" {
		return nil
	}
	var sources []string
	for l := range literals(m, false) {
		if l.op == detect.Equal && !l.negated {
			sources = append(sources, l.value)
		}
	}
	if re, ok := m.(detect.Regexp); ok {
		for s := range f.cat.Services() {
			if re.Re.MatchString(s.Source) {
				sources = append(sources, s.Source)
			}
		}
	}
	return sources
}

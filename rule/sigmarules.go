package rule

import (
	"bytes"
	"slices"
	"strings"

	"github.com/trailwarden/trailwarden/detect"
	"github.com/trailwarden/trailwarden/internal/yamldoc"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
	"github.com/trailwarden/trailwarden/rule/sigma"
)

// sigmaRules are the Sigma documents of all files: filters and correlations
// name rules of other files, so they are linked when everything is read.
type sigmaRules struct {
	all   []*sigma.Rule
	rules map[*sigma.Rule]*Rule // those that are rules of the set
}

func (s *sigmaRules) empty() bool { return len(s.all) == 0 }

// forget leaves out the documents of a file.
func (s *sigmaRules) forget(name string) {
	s.all = slices.DeleteFunc(s.all, func(d *sigma.Rule) bool { return d.File == name })
}

// pipelines takes the Sigma processing pipelines among the files.
func (l *loader) pipelines() {
	for _, f := range l.files {
		if f.pipeline = isPipeline(f); !f.pipeline {
			continue
		}
		p, list := sigma.ParsePipeline(f.text, f.name)
		l.list = append(l.list, inFile(list, f.name)...)
		if p != nil && list.Err() == nil {
			l.opts.Sigma.Pipelines = append(slices.Clip(l.opts.Sigma.Pipelines), p)
		}
	}
}

// isPipeline tells a processing pipeline by its transformations.
func isPipeline(f *file) bool {
	if !bytes.Contains(f.text, []byte("transformations:")) {
		return false
	}
	docs := yamldoc.Documents(f.text)
	return len(docs) == 1 && docs[0].Node.Get("transformations") != nil
}

// sigmaText reads Sigma documents; lines of text are lines of the file.
func (l *loader) sigmaText(f *file, text []byte) {
	opts := l.opts.Sigma
	opts.File, opts.Unlinked = f.name, true
	docs, list := sigma.ParseDocuments(text, opts)
	l.list = append(l.list, inFile(list, f.name)...)
	for _, d := range docs {
		l.sigma.all = append(l.sigma.all, d)
		if d.Kind == sigma.Filter {
			continue
		}
		r := fromSigma(d, f.name)
		if l.sigma.rules == nil {
			l.sigma.rules = map[*sigma.Rule]*Rule{}
		}
		l.sigma.rules[d] = r
		l.set.Rules = append(l.set.Rules, r)
	}
}

func inFile(list diagnostic.List, name string) diagnostic.List {
	for i := range list {
		if list[i].File == "" {
			list[i].File = name
		}
	}
	return list
}

// linkSigma joins filters and correlations to the rules they name, and takes
// the predicates, which filters change.
func (l *loader) linkSigma() {
	if l.sigma.empty() {
		return
	}
	l.list = append(l.list, sigma.Link(l.sigma.all)...)
	for _, d := range l.sigma.all {
		if r := l.sigma.rules[d]; r != nil {
			l.remember(d, r)
		}
	}
	l.silenceCounted()
}

// remember takes what the document judges by: single events, or windows.
func (l *loader) remember(d *sigma.Rule, r *Rule) {
	r.Predicate, r.Inactive = d.Predicate(), d.Inactive
	if r.Predicate == nil {
		r.Predicate = detect.Const(false)
	}
	spec := d.Memory()
	if spec == nil {
		return
	}
	spec.Rule = r.ID
	r.Predicate, r.Memory = nil, &Memory{Spec: spec, Sources: make([]*Rule, len(spec.Inputs))}
	for i, target := range d.Over() {
		if target.Remembers() {
			r.Memory.Sources[i] = l.sigma.rules[target]
		}
	}
	if len(r.GroupBy) == 0 {
		r.GroupBy = spec.By
	}
}

// silenceCounted takes their own findings from the rules that active
// correlations count, unless one of them says generate.
func (l *loader) silenceCounted() {
	generate := map[*sigma.Rule]bool{}
	for _, d := range l.sigma.all {
		for _, target := range d.Over() {
			generate[target] = generate[target] || d.Correlation.Generate
		}
	}
	for _, d := range l.sigma.all {
		r := l.sigma.rules[d]
		if r == nil || r.Inactive != "" {
			continue
		}
		for _, target := range d.Over() {
			if t := l.sigma.rules[target]; t != nil && !generate[target] {
				t.silence(r.ID)
			}
		}
	}
}

func fromSigma(d *sigma.Rule, name string) *Rule {
	r := &Rule{
		ID: d.ID, Title: d.Title, Description: strings.TrimSpace(d.Description), Severity: Medium,
		References: d.References, Tags: d.Tags, FalsePositives: d.FalsePositives,
		Author: d.Author, License: d.License, Link: d.Link,
		Language: "sigma", File: name, Line: d.Line, TextFile: name, TextLine: 1, Source: d,
	}
	if r.ID == "" {
		r.ID = d.Name
	}
	if r.ID == "" {
		r.ID = slug(d.Title)
	}
	if s, err := ParseSeverity(d.Level); err == nil {
		r.Severity = s
	}
	return r
}

// slug makes an id of a title: lower-case letters, digits and hyphens.
func slug(title string) string {
	fields := strings.FieldsFunc(strings.ToLower(title), func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < '0' || c > '9')
	})
	s := strings.Join(fields, "-")
	if len(s) > 100 {
		s = strings.Trim(s[:100], "-")
	}
	return s
}

// compileSigma reads the detection of a native rule; title and logsource may be
// left out, for the rule around it has them.
func compileSigma(p *part, opts Options) (*compiled, diagnostic.List) {
	o := opts.Sigma
	o.Fragment = true
	r, list := sigma.Parse(p.text, o)
	if r == nil {
		return nil, list
	}
	return &compiled{
		predicate: r.Predicate(), source: r, inactive: r.Inactive, memory: r.Memory(),
		author: r.Author, license: r.License, link: r.Link,
	}, list
}

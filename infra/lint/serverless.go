package lint

import (
	"strings"

	"github.com/trailwarden/trailwarden/infra/policy"
	"github.com/trailwarden/trailwarden/infra/value"
)

// serverless are services of the Serverless Framework ("Serverless Framework
// reference: AWS", serverless.yml): functions, what their role may do, and a
// template.
func serverless(l *linter, file, address string, v *value.Value) bool {
	provider := v.Get("provider")
	if v.Get("service") == nil || provider.Get("name").String() != "aws" {
		return false
	}
	v.Walk(func(_ string, x *value.Value) {
		if i := strings.Index(x.Text, "${"); x.Kind == value.Text && i >= 0 {
			name, _, _ := strings.Cut(x.Text[i+2:], "}")
			x.Refs = append(x.Refs, name)
		}
	})
	for _, resources := range v.Get("resources").Each() {
		if resources.Kind == value.Map {
			l.template(file, resources)
		}
	}
	if s := firstOf(provider.Path("iam", "role", "statements"), provider.Get("iamRoleStatements")); s != nil {
		r := &resource{kind: policyOf, file: file, address: address + "provider", body: provider}
		l.policy(policy.Identity, r, mapOf(s, []field{{"Version", &value.Value{Kind: value.Text, Text: "2012-10-17"}}, {"Statement", s}}))
	}
	functions := firstOf(v.Get("functions"), &value.Value{})
	for _, group := range functions.Each() { // one map, or a list of them
		for i, k := range group.Keys {
			if f := group.Items[i]; f.Kind == value.Map {
				l.serverlessFunction(file, k, f, provider)
			}
		}
	}
	return true
}

// serverlessTimeout is the timeout of a function that is given none, in seconds.
const serverlessTimeout = "6"

// serverlessFunction takes a function in the terms of the API, and its events.
func (l *linter) serverlessFunction(file string, k value.Key, f, provider *value.Value) {
	at := &value.Value{Kind: value.Text, Text: serverlessTimeout, Line: k.Line, Column: k.Column}
	r := &resource{kind: function, file: file, address: k.Name + " (function)", name: k.Name, body: mapOf(at, []field{
		{"Runtime", firstOf(f.Get("runtime"), provider.Get("runtime"))},
		{"Timeout", firstOf(f.Get("timeout"), provider.Get("timeout"), at)},
		{"DeadLetterConfig", f.Get("onError")},
		{"EventInvokeConfig", mapOf(at, []field{{"DestinationConfig", f.Path("destinations", "onFailure")}})},
		{"Environment", mapOf(at, []field{{"Variables", f.Get("environment")}})},
		{"Events", f.Get("events")}, // by what it says one can tell what it reads
	})}
	for _, e := range f.Get("events").Each() {
		l.serverlessEvent(r, e)
	}
	l.take(r, "")
}

// serverlessEvent judges one event of a function.
func (l *linter) serverlessEvent(r *resource, e *value.Value) {
	for i, k := range e.Keys {
		p := e.Items[i]
		switch k.Name {
		case "s3":
			r.async = true
			if p.Get("rules") == nil {
				l.unfiltered(r, &value.Value{Line: k.Line, Column: k.Column})
			}
		case "sns":
			r.async = true
		case "eventBridge":
			doc := p.Get("pattern")
			r.async = r.async || doc != nil // by the clock, what is missed comes again
			if doc != nil && doc.Kind == value.Map {
				sub := &resource{kind: eventRule, file: r.file, address: r.name + " (eventBridge)", name: r.name + k.Name, body: p}
				l.resources = append(l.resources, sub)
				l.pattern(sub, doc, p.Get("state").String())
			}
		}
	}
}

type field struct {
	name  string
	value *value.Value
}

// mapOf is a map of the fields that have a value, at the place of another.
func mapOf(at *value.Value, fields []field) *value.Value {
	out := &value.Value{Kind: value.Map, Line: at.Line, Column: at.Column}
	for _, f := range fields {
		if f.value != nil {
			out.Keys = append(out.Keys, value.Key{Name: f.name, Line: f.value.Line, Column: f.value.Column})
			out.Items = append(out.Items, f.value)
		}
	}
	return out
}

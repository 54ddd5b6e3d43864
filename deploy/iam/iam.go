// Package iam decides requests by policies as AWS does (IAM User Guide, Policy
// evaluation logic; IAM JSON policy elements), as far as the policies that plans
// have go: it holds what is rendered to what is needed, and to what must not be.
//
// It knows no permissions boundaries, session or service control policies, no
// NotAction, NotResource or NotPrincipal, and no policy variables; a policy with
// one of these is refused rather than misread.
package iam

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// A Request is what somebody wants to do.
type Request struct {
	// Principal is the ARN of a role, or a service such as s3.amazonaws.com.
	Principal string
	Action    string
	Resource  string
	// Context are the condition keys of the request.
	Context map[string]string
}

// A Document is a policy document.
type Document struct {
	Statements []Statement
}

// A Statement is one of its statements.
type Statement struct {
	Sid        string
	Deny       bool
	Principals map[string][]string // by type; * is everybody
	Actions    []string
	Resources  []string
	Conditions map[string]map[string][]string // operator, key, values
}

// An Answer is what a policy says of a request.
type Answer int

// The answers, the weakest first.
const (
	Silent Answer = iota
	Allow
	Deny
)

// Parse reads a document; v is JSON as encoding/json decodes it.
func Parse(v any) (Document, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return Document{}, err
	}
	var raw struct {
		Statement []map[string]json.RawMessage
	}
	if err := json.Unmarshal(text, &raw); err != nil {
		return Document{}, fmt.Errorf("not a policy: %w", err)
	}
	var d Document
	for i, m := range raw.Statement {
		s, err := statement(m)
		if err != nil {
			return d, fmt.Errorf("statement %d: %w", i+1, err)
		}
		d.Statements = append(d.Statements, s)
	}
	return d, nil
}

func statement(m map[string]json.RawMessage) (s Statement, err error) {
	var effect string
	for key, raw := range m {
		switch key {
		case "Sid":
			err = json.Unmarshal(raw, &s.Sid)
		case "Effect":
			err = json.Unmarshal(raw, &effect)
		case "Principal":
			s.Principals, err = principals(raw)
		case "Action":
			s.Actions, err = texts(raw)
		case "Resource":
			s.Resources, err = texts(raw)
		case "Condition":
			s.Conditions, err = conditions(raw)
		default:
			err = fmt.Errorf("element %s is not known here", key)
		}
		if err != nil {
			return s, fmt.Errorf("%s: %w", key, err)
		}
	}
	if effect != "Allow" && effect != "Deny" {
		return s, fmt.Errorf("effect %q: want Allow or Deny", effect)
	}
	s.Deny = effect == "Deny"
	return s, nil
}

// texts are a text, or a list of them.
func texts(raw json.RawMessage) ([]string, error) {
	var one string
	if json.Unmarshal(raw, &one) == nil {
		return []string{one}, nil
	}
	var all []string
	err := json.Unmarshal(raw, &all)
	return all, err
}

func principals(raw json.RawMessage) (map[string][]string, error) {
	var one string
	if json.Unmarshal(raw, &one) == nil {
		return map[string][]string{one: {"*"}}, nil
	}
	var m map[string]json.RawMessage
	if err := json.Unmarshal(raw, &m); err != nil {
		return nil, err
	}
	out := map[string][]string{}
	for kind, v := range m {
		all, err := texts(v)
		if err != nil {
			return nil, err
		}
		out[kind] = all
	}
	return out, nil
}

func conditions(raw json.RawMessage) (map[string]map[string][]string, error) {
	var m map[string]map[string]json.RawMessage
	if err := json.Unmarshal(raw, &m); err != nil {
		return nil, err
	}
	out := map[string]map[string][]string{}
	for operator, keys := range m {
		if _, _, ok := operatorOf(operator); !ok {
			return nil, fmt.Errorf("operator %s is not known here", operator)
		}
		out[operator] = map[string][]string{}
		for key, v := range keys {
			all, err := texts(v)
			if err != nil {
				return nil, err
			}
			if slices.ContainsFunc(all, func(s string) bool { return strings.Contains(s, "${") }) {
				return nil, fmt.Errorf("%s holds a policy variable", key)
			}
			out[operator][key] = all
		}
	}
	return out, nil
}

// Identity is what the policy of a role says of a request.
func (d Document) Identity(r Request) Answer { return d.answer(r, false) }

// Resource is what the policy of a resource says of a request, which names who
// makes it.
func (d Document) Resource(r Request) Answer { return d.answer(r, true) }

func (d Document) answer(r Request, ofResource bool) Answer {
	out := Silent
	for _, s := range d.Statements {
		if ofResource && !s.names(r.Principal) || !s.about(r) {
			continue
		}
		if s.Deny {
			return Deny
		}
		out = Allow
	}
	return out
}

// about tells whether a statement is about a request, whoever makes it.
func (s Statement) about(r Request) bool {
	does := slices.ContainsFunc(s.Actions, func(a string) bool { return Like(strings.ToLower(a), strings.ToLower(r.Action)) })
	on := len(s.Resources) == 0 || slices.ContainsFunc(s.Resources, func(x string) bool { return Like(x, r.Resource) })
	return does && on && s.holds(r.Context)
}

// names tells whether a statement names a principal, itself or by its account.
func (s Statement) names(who string) bool {
	if _, everybody := s.Principals["*"]; everybody {
		return true
	}
	if slices.Contains(s.Principals["Service"], who) {
		return true
	}
	return slices.ContainsFunc(s.Principals["AWS"], func(p string) bool {
		return p == "*" || p == who || p == rootOf(who)
	})
}

// rootOf is the principal that stands for the account of an ARN.
func rootOf(arn string) string {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) < 6 {
		return ""
	}
	return "arn:" + parts[1] + ":iam::" + parts[4] + ":root"
}

// holds tells whether all conditions do.
func (s Statement) holds(context map[string]string) bool {
	for operator, keys := range s.Conditions {
		for key, values := range keys {
			if !condition(operator, values, context, key) {
				return false
			}
		}
	}
	return true
}

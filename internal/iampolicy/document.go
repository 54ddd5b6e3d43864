// Package iampolicy reads AWS policies and decides single requests by them, as
// IAM does (IAM User Guide, "Policy evaluation logic" and "IAM JSON policy
// elements reference"): an explicit deny wins, then an allow, and without
// either the request is refused. It knows one policy at a time, of an identity
// or of a resource; what service control policies add is the caller's to say.
package iampolicy

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// MaxDocument is the most bytes of a policy that is read. The largest that AWS
// keeps, a key's, has 32 KiB.
const MaxDocument = 256 << 10

// Document is a policy.
type Document struct {
	Text       string // as it was read
	Statements []Statement
}

// Statement is one statement of a policy.
type Statement struct {
	Sid   string
	Allow bool // Effect
	// Principals and the like are nil when the statement lacks the element.
	// Principals have their kind before them: "Service:sns.amazonaws.com",
	// "AWS:111122223333"; "*" is everybody.
	Principals, NotPrincipals []string
	Actions, NotActions       []string
	Resources, NotResources   []string
	Conditions                []Condition
}

// Condition is one line of a statement's condition block.
type Condition struct {
	Operator string // as written, with ForAnyValue: and IfExists
	Key      string
	Values   []string
}

// Parse reads a policy. The error says which statement has what.
func Parse(text []byte) (*Document, error) {
	if len(text) > MaxDocument {
		return nil, fmt.Errorf("the policy has %d bytes; at most %d are read", len(text), MaxDocument)
	}
	var raw struct {
		Statement manyOf[rawStatement]
	}
	if err := json.Unmarshal(text, &raw); err != nil {
		return nil, fmt.Errorf("the policy is no JSON of the right form: %w", err)
	}
	d := &Document{Text: string(text)}
	for i, s := range raw.Statement {
		st, err := s.statement()
		if err != nil {
			return nil, fmt.Errorf("statement %d: %w", i+1, err)
		}
		d.Statements = append(d.Statements, st)
	}
	return d, nil
}

// manyOf is a list that may be written as its one element.
type manyOf[T any] []T

// UnmarshalJSON reads a list or one element.
func (m *manyOf[T]) UnmarshalJSON(text []byte) error {
	if len(text) > 0 && text[0] == '[' {
		return json.Unmarshal(text, (*[]T)(m))
	}
	var one T
	if err := json.Unmarshal(text, &one); err != nil {
		return err
	}
	*m = manyOf[T]{one}
	return nil
}

// value is a value of a condition, which may be written as text, number or
// boolean.
type value string

// UnmarshalJSON reads the scalar as text.
func (v *value) UnmarshalJSON(text []byte) error {
	if len(text) > 0 && text[0] == '"' {
		return json.Unmarshal(text, (*string)(v))
	}
	if len(text) > 0 && (text[0] == '{' || text[0] == '[') {
		return fmt.Errorf("a condition's value is %.20s", text)
	}
	*v = value(text)
	return nil
}

type rawStatement struct {
	Sid, Effect                              string
	Principal, NotPrincipal                  json.RawMessage
	Action, NotAction, Resource, NotResource manyOf[string]
	Condition                                map[string]map[string]manyOf[value]
}

func (r rawStatement) statement() (s Statement, err error) {
	s = Statement{Sid: r.Sid, Allow: r.Effect == "Allow", Actions: r.Action, NotActions: r.NotAction, Resources: r.Resource, NotResources: r.NotResource}
	if !s.Allow && r.Effect != "Deny" {
		return s, fmt.Errorf("effect %q: want Allow or Deny", r.Effect)
	}
	if s.Principals, err = principals(r.Principal); err != nil {
		return s, err
	}
	if s.NotPrincipals, err = principals(r.NotPrincipal); err != nil {
		return s, err
	}
	for operator, keys := range r.Condition {
		for key, values := range keys {
			c := Condition{Operator: operator, Key: key}
			for _, v := range values {
				c.Values = append(c.Values, string(v))
			}
			s.Conditions = append(s.Conditions, c)
		}
	}
	slices.SortFunc(s.Conditions, func(a, b Condition) int { return strings.Compare(a.Operator+a.Key, b.Operator+b.Key) })
	return s, nil
}

func principals(text json.RawMessage) (out []string, err error) {
	if len(text) == 0 {
		return nil, nil
	}
	var all string
	if json.Unmarshal(text, &all) == nil {
		if all != "*" {
			return nil, fmt.Errorf("principal %q: want * or an object", all)
		}
		return []string{"*"}, nil
	}
	var kinds map[string]manyOf[string]
	if err := json.Unmarshal(text, &kinds); err != nil {
		return nil, fmt.Errorf("principal: %w", err)
	}
	for kind, names := range kinds {
		for _, n := range names {
			out = append(out, kind+":"+n)
		}
	}
	slices.Sort(out)
	return out, nil
}

// Package policy reads the policies that decide who may do what to the parts of
// a CloudTrail watch (of buckets, topics, queues, keys, buses and roles) and
// says what is wrong with them (IAM User Guide, "IAM JSON policy reference";
// CloudTrail User Guide, "Amazon S3 bucket policy for CloudTrail").
//
// What a policy alone does not tell, such as whose account a number is, is
// given in a Context; what nobody knows is said to be unknown, as a note.
package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/trailwarden/trailwarden/infra/value"
	"github.com/trailwarden/trailwarden/internal/wild"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
)

// Kind is what a policy is attached to.
type Kind string

// The kinds. Any is a policy of which only its text is known; what holds for
// one kind only is then told by the policy's own statements.
const (
	Any      Kind = ""
	Bucket   Kind = "bucket"
	Topic    Kind = "topic"
	Queue    Kind = "queue"
	Key      Kind = "key"
	Bus      Kind = "bus"
	Function Kind = "function"
	Identity Kind = "identity" // what a role or user may do
	Trust    Kind = "trust"    // who may become a role
	Control  Kind = "control"  // the most that an organization's accounts may do; it grants nothing
)

// Context is what is known beside a policy's text.
type Context struct {
	Kind Kind
	File string
	// Object is what the policy belongs to, as its owner calls it.
	Object string
	// Account is the id, or a reference to the id, of the account that the
	// policy's resource is in.
	Account string
	// Organization tells that an organization trail delivers here, and
	// Management that Account is the organization's management account (or that
	// the trail is made in Account).
	Organization, Management bool
	// ManagementAccount is the id of the management account; "" when not known.
	ManagementAccount string
}

// Policy is a policy document.
type Policy struct {
	Version    string
	Statements []Statement
	root       *value.Value
}

// Statement is one statement of a policy. Lists hold the values, so that each
// has its place.
type Statement struct {
	ID         string
	Allow      bool
	Principals []Principal
	Actions    []*value.Value
	Resources  []*value.Value
	Conditions []Condition
	// Inverted names the element (NotAction, NotResource, NotPrincipal) that the
	// statement has, "" when it has none.
	Inverted string
	// Pointer is the statement's place in the document, as a JSON pointer.
	Pointer string
	at      *value.Value
}

// Principal is one principal: Type is AWS, Service, Federated, CanonicalUser or
// "*", which also the text of anybody is.
type Principal struct {
	Type string
	ID   *value.Value
}

// Condition is one key of a condition, with its operator and values.
type Condition struct {
	Operator string
	Key      string
	Values   []*value.Value
}

// Check says what is wrong with a policy given as JSON.
func Check(text []byte, c Context) diagnostic.List {
	r, err := value.ParseJSON(text)
	l := &list{c: c}
	l.problems(r.Problems)
	if err != nil {
		l.unreadable(err)
		return l.found
	}
	return append(l.found, CheckValue(r.Value, c)...)
}

// CheckValue says what is wrong with a policy that was read already.
func CheckValue(v *value.Value, c Context) diagnostic.List {
	l := &list{c: c}
	p := l.parse(v)
	if p != nil {
		l.check(p)
	}
	return l.found
}

// Of reads a policy out of a value. The list says what IAM would refuse of it.
func Of(v *value.Value) (*Policy, diagnostic.List) {
	l := &list{}
	return l.parse(v), l.found
}

// list collects what there is to say.
type list struct {
	c     Context
	found diagnostic.List
}

func (l *list) add(code string, s diagnostic.Severity, at *value.Value, pointer, message, why, fix string) {
	d := diagnostic.Diagnostic{Code: code, Severity: s, File: l.c.File, Rule: l.object(pointer), Message: message, Why: why, Fix: fix}
	if at != nil {
		d.Line, d.Column = at.Line, at.Column
	}
	l.found = append(l.found, d)
}

// object names what a diagnostic speaks of.
func (l *list) object(pointer string) string {
	if pointer == "" {
		return l.c.Object
	}
	if l.c.Object == "" {
		return pointer
	}
	return l.c.Object + " " + pointer
}

func (l *list) problems(all []value.Problem) {
	for _, d := range Problems(all) {
		d.File, d.Rule = l.c.File, l.c.Object
		l.found = append(l.found, d)
	}
}

func (l *list) unreadable(err error) {
	d := NotJSON(err)
	d.File, d.Rule = l.c.File, l.c.Object
	l.found = append(l.found, d)
}

// parse reads a policy document; nil when v is none.
func (l *list) parse(v *value.Value) *Policy {
	if v.Get("Statement") == nil {
		l.add(CodeSyntax, diagnostic.Error, v, "", "the policy has no Statement", "IAM refuses it.", "")
		return nil
	}
	p := &Policy{root: v, Version: v.Get("Version").String()}
	list := v.Get("Statement")
	for i, s := range list.Each() {
		pointer := "/Statement"
		if list.Kind == value.List {
			pointer = fmt.Sprintf("/Statement/%d", i)
		}
		if s.Kind != value.Map {
			continue // not known, or no statement
		}
		p.Statements = append(p.Statements, l.statement(s, pointer))
	}
	return p
}

// elements are the elements that a statement may have.
const elements = " Sid Effect Principal NotPrincipal Action NotAction Resource NotResource Condition "

func (l *list) statement(v *value.Value, pointer string) Statement {
	s := Statement{ID: v.Get("Sid").String(), Pointer: pointer, at: v}
	for i, k := range v.Keys {
		if !strings.Contains(elements, " "+k.Name+" ") {
			l.add(CodeSyntax, diagnostic.Error, &value.Value{Line: k.Line, Column: k.Column}, pointer,
				fmt.Sprintf("a statement has no element %q", k.Name), "IAM refuses the whole policy.", nearest(k.Name))
		}
		if strings.HasPrefix(k.Name, "Not") && v.Items[i].Kind != value.Null {
			s.Inverted = k.Name
		}
	}
	switch effect := v.Get("Effect"); effect.String() {
	case "Allow":
		s.Allow = true
	case "Deny":
	default:
		if effect == nil || effect.Known() {
			l.add(CodeSyntax, diagnostic.Error, or(effect, v), pointer, fmt.Sprintf("Effect is %q", effect.String()), "IAM refuses the whole policy.", `"Effect": "Allow" or "Deny"`)
		}
	}
	s.Actions, s.Resources = v.Get("Action").Each(), v.Get("Resource").Each()
	s.Principals = principals(v.Get("Principal"))
	s.Conditions = conditions(v.Get("Condition"))
	return s
}

// nearest is the element that was meant.
func nearest(name string) string {
	for _, e := range strings.Fields(elements) {
		if strings.EqualFold(strings.TrimSuffix(name, "s"), e) {
			return e
		}
	}
	return ""
}

func or(v, w *value.Value) *value.Value {
	if v != nil {
		return v
	}
	return w
}

func principals(v *value.Value) []Principal {
	v = v.Only()
	switch {
	case v == nil:
		return nil
	case v.Kind == value.Text:
		return []Principal{{"*", v}}
	}
	var all []Principal
	for i, k := range v.Keys {
		for _, id := range v.Items[i].Each() {
			all = append(all, Principal{k.Name, id})
		}
	}
	return all
}

func conditions(v *value.Value) []Condition {
	v = v.Only()
	if v == nil {
		return nil
	}
	var all []Condition
	for i, op := range v.Keys {
		for j, key := range v.Items[i].Keys {
			all = append(all, Condition{op.Name, key.Name, v.Items[i].Items[j].Each()})
		}
	}
	return all
}

// Bounds tells whether a policy only bounds what others grant, as an
// organization's control policies do: beside what it denies it allows
// everything, as FullAWSAccess has it, and says nothing of who.
func (p *Policy) Bounds() bool {
	denies := false
	for _, s := range p.Statements {
		whole := len(s.Actions) == 1 && s.Actions[0].String() == "*" && len(s.Resources) == 1 && s.Resources[0].String() == "*"
		if len(s.Principals) > 0 || s.Allow && (!whole || len(s.Conditions) > 0) {
			return false
		}
		denies = denies || !s.Allow
	}
	return denies
}

// Service tells whether the statement names the service principal.
func (s Statement) Service(name string) bool {
	for _, p := range s.Principals {
		if p.Type == "Service" && p.ID.String() == name {
			return true
		}
	}
	return false
}

// Does tells whether an Allow statement names the action, wildcards included.
func (s Statement) Does(action string) bool {
	action = strings.ToLower(action)
	return slices.ContainsFunc(s.Actions, func(a *value.Value) bool { return wild.Match(strings.ToLower(a.String()), action) })
}

// Condition is the values of a condition key, by any operator that holds a value
// to it; nil when the statement has no such key.
func (s Statement) Condition(key string) []*value.Value {
	for _, c := range s.Conditions {
		if strings.EqualFold(c.Key, key) && s.binds(c) {
			return c.Values
		}
	}
	return nil
}

// binds tells whether a condition holds its key to the values: operators with Not
// do not, and neither IfExists nor ForAllValues binds who leaves the key out,
// unless another condition wants it to be there.
func (s Statement) binds(c Condition) bool {
	operator := strings.ToLower(c.Operator)
	switch {
	case strings.Contains(operator, "not") || operator == "null":
		return false
	case strings.HasSuffix(operator, "ifexists") || strings.HasPrefix(operator, "forallvalues:"):
		return slices.ContainsFunc(s.Conditions, func(o Condition) bool {
			return strings.EqualFold(o.Operator, "Null") && strings.EqualFold(o.Key, c.Key) && len(o.Values) == 1 && strings.EqualFold(o.Values[0].String(), "false")
		})
	}
	return true
}

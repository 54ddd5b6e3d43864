package plan

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/trailwarden/trailwarden/internal/re2"
)

// Validate says everything in which the plan breaks the package's promises:
// each name refers to something, no two things share one, everything has a
// reason, no action has a wildcard, and every service that is let in is held to
// whom it acts for (IAM User Guide, The confused deputy problem).
func (p *Plan) Validate() error {
	c := &checker{}
	if !slices.Contains(p.Regions, p.Home) {
		c.fault("plan", "its regions %v lack its home %q", p.Regions, p.Home)
	}
	names := map[string]bool{}
	for _, s := range p.Stacks {
		if names[s.Name] {
			c.fault("stack "+s.Name, "another has this name")
		}
		names[s.Name] = true
		c.stack(s)
	}
	c.steps(p)
	return errors.Join(c.faults...)
}

type checker struct{ faults []error }

func (c *checker) fault(place, format string, args ...any) {
	c.faults = append(c.faults, fmt.Errorf("%s: %s", place, fmt.Sprintf(format, args...)))
}

func (c *checker) steps(p *Plan) {
	made := map[string]bool{}
	for _, s := range p.Steps {
		if s.Stack != "" && p.Stack(s.Stack) == nil {
			c.fault("step "+s.Title, "there is no stack %q", s.Stack)
		}
		made[s.Stack] = true
	}
	for _, s := range p.Stacks {
		if !made[s.Name] {
			c.fault("stack "+s.Name, "no step makes it")
		}
	}
}

// word is what logical IDs and statement IDs are made of.
var word = re2.Own(`^[A-Za-z0-9]{1,255}$`)

func (c *checker) stack(s *Stack) {
	place := "stack " + s.Name
	if s.Purpose == "" || s.Account == "" || s.Reach == "" || len(s.Resources) == 0 {
		c.fault(place, "it lacks a purpose, an account, a reach or resources")
	}
	for i := range s.Parameters {
		c.parameter(s, &s.Parameters[i])
	}
	seen := map[string]bool{}
	for _, r := range s.Resources {
		if !word.MatchString(r.ID) || seen[r.ID] {
			c.fault(place, "resource ID %q is no word, or another's", r.ID)
		}
		seen[r.ID] = true
		c.resource(s, r)
	}
	for _, o := range s.Outputs {
		c.references(s, place+" output "+o.Name, o.Value)
	}
	if cycle := s.cycle(); cycle != nil {
		c.fault(place, "these need each other: %s", strings.Join(cycle, ", "))
	}
}

func (c *checker) parameter(s *Stack, p *Parameter) {
	place := "stack " + s.Name + " parameter " + p.Name
	if p.Description == "" || p.Type == "" {
		c.fault(place, "it lacks a description or a type")
	}
	if p.Required && p.Default != "" {
		c.fault(place, "it is required and has a default")
	}
	if p.Pattern != "" {
		re, err := regexp.Compile(`^(?:` + p.Pattern + `)$`)
		switch {
		case err != nil:
			c.fault(place, "pattern: %v", err)
		case !p.Required && !re.MatchString(p.Default):
			c.fault(place, "its default %q does not match %s", p.Default, p.Pattern)
		}
	}
	if !s.uses(p.Name) {
		c.fault(place, "nothing uses it")
	}
}

// uses tells whether some value of the stack refers to a parameter.
func (s *Stack) uses(name string) (found bool) {
	look := func(v Value) {
		if p, ok := v.(Param); ok && p.Name == name {
			found = true
		}
	}
	for _, r := range s.Resources {
		Walk(r.Properties, look)
	}
	for _, o := range s.Outputs {
		Walk(o.Value, look)
	}
	return found
}

func (c *checker) resource(s *Stack, r *Resource) {
	place := "stack " + s.Name + " resource " + r.ID
	if !strings.HasPrefix(r.Type, "AWS::") && !strings.HasPrefix(r.Type, "Custom::") || r.Why == "" {
		c.fault(place, "it lacks a type or a reason")
	}
	for _, id := range r.DependsOn {
		if s.Resource(id) == nil {
			c.fault(place, "it depends on %q, which there is not", id)
		}
	}
	c.references(s, place, r.Properties)
	r.Policies(func(where string, p *Policy) { c.policy(place+" "+where, where, p) })
	if r.Type == "AWS::Lambda::Permission" {
		c.permission(place, r)
	}
}

func (c *checker) references(s *Stack, place string, v Value) {
	Walk(v, func(v Value) {
		switch v := v.(type) {
		case Ref:
			c.known(place, v.ID, s.Resource(v.ID) != nil)
		case Attr:
			c.known(place, v.ID, s.Resource(v.ID) != nil)
		case Param:
			c.known(place, v.Name, s.Parameter(v.Name) != nil)
		case Map:
			for i, e := range v {
				if e.Value == nil {
					c.fault(place, "%s has no value", e.Key)
				}
				if slices.ContainsFunc(v[:i], func(f Entry) bool { return f.Key == e.Key }) {
					c.fault(place, "%s is there twice", e.Key)
				}
			}
		}
	})
}

func (c *checker) known(place, name string, ok bool) {
	if !ok {
		c.fault(place, "it refers to %q, which there is not", name)
	}
}

func (c *checker) policy(place, where string, p *Policy) {
	seen := map[string]bool{}
	if len(p.Statements) == 0 {
		c.fault(place, "a policy without statements")
	}
	for _, s := range p.Statements {
		at := place + " statement " + s.Sid
		if !word.MatchString(s.Sid) || seen[s.Sid] {
			c.fault(at, "its Sid is no word, or another's")
		}
		seen[s.Sid] = true
		if s.Why == "" || len(s.Actions) == 0 {
			c.fault(at, "it lacks a reason or actions")
		}
		for _, a := range s.Actions {
			if strings.Contains(a, "*") && !s.Deny {
				c.fault(at, "action %s has a wildcard", a)
			}
		}
		if where != "AssumeRolePolicyDocument" && len(s.Resources) == 0 {
			c.fault(at, "it names no resource")
		}
		c.principals(at, s)
	}
}

// deputy are the condition keys that say for whom a service acts.
func deputy() []string {
	return []string{"aws:SourceArn", "aws:SourceAccount", "aws:SourceOrgID"}
}

func (c *checker) principals(place string, s Statement) {
	for _, p := range s.Principals {
		switch {
		case s.Deny:
		case p.Type == "*" && !s.holds("aws:PrincipalOrgID", "aws:PrincipalAccount"):
			c.fault(place, "everybody is allowed, whatever the organization or account")
		case p.Type == "Service" && !s.holds(deputy()...) && !unsupported(p, s):
			c.fault(place, "%s is let in whoever it acts for: want one of %v", p.ID, deputy())
		}
	}
}

// unsupported tells of the one role whose trust may not say for whom: that by
// which CloudTrail writes into a log group (CloudTrail User Guide, role policy
// document for CloudWatch Logs). With such a condition no trail can be made.
func unsupported(p Principal, s Statement) bool {
	return p.ID == Value(Text("cloudtrail.amazonaws.com")) && slices.Equal(s.Actions, []string{"sts:AssumeRole"})
}

// holds tells whether the statement has a condition on one of the keys.
func (s Statement) holds(keys ...string) bool {
	return slices.ContainsFunc(s.Conditions, func(c Condition) bool { return slices.Contains(keys, c.Key) })
}

// permission holds a function's permission to the same: a bucket's ARN names no
// account, so that one must be named as well.
func (c *checker) permission(place string, r *Resource) {
	if r.Properties.Get("SourceArn") == nil {
		c.fault(place, "it has no SourceArn")
	}
	if r.Properties.Get("Principal") == Value(Text("s3.amazonaws.com")) && r.Properties.Get("SourceAccount") == nil {
		c.fault(place, "a bucket's ARN names no account, and there is no SourceAccount")
	}
}

package iampolicy

import (
	"cmp"
	"fmt"
	"strings"
)

// Request is what somebody asks of AWS.
type Request struct {
	// Principal is who asks: a service (sns.amazonaws.com), the ARN of a user or
	// role, or the number of an account. Empty is whoever has the policy, for
	// policies of identities.
	Principal string
	Action    string // s3:GetObject
	Resource  string // ARN
	// Context has the values of condition keys, named as the policies do; letter
	// case does not matter. A key that is not here is not in the request.
	Context map[string]string
}

// Effect is how a policy decides.
type Effect int

// The effects.
const (
	Refused Effect = iota // nothing allows it
	Denied                // a statement denies it
	Allowed
	Unsure // it depends on a condition that is not understood here
)

// Decision is an effect and why.
type Decision struct {
	Effect Effect
	// Statement decided, or came closest; nil when none was near.
	Statement *Statement
	// Reason is what kept the closest statement from allowing it.
	Reason string
	// Delegated tells that the policy allows the principal's whole account, whose
	// own policies then decide.
	Delegated bool
}

// Allowed tells whether the request is allowed.
func (d Decision) Allowed() bool { return d.Effect == Allowed }

// String says the decision in words.
func (d Decision) String() string {
	name := ""
	if d.Statement != nil {
		name = "statement " + cmp.Or(d.Statement.Sid, "without a Sid")
	}
	switch d.Effect {
	case Allowed:
		return name + " allows it"
	case Denied:
		return name + " denies it"
	case Unsure:
		return fmt.Sprintf("%s decides it by what is not known here: %s", name, d.Reason)
	}
	if d.Reason != "" {
		return fmt.Sprintf("%s nearly allows it: %s", name, d.Reason)
	}
	return "no statement allows it"
}

// Decide decides a request by this policy alone. A nil Document allows nothing.
func (d *Document) Decide(r Request) Decision {
	best := Decision{}
	if d == nil {
		return best
	}
	var hope, doubt *Decision // allowed, or denied, perhaps
	for i := range d.Statements {
		s := &d.Statements[i]
		fits, delegated, reason := s.fits(r)
		switch {
		case fits == yes && !s.Allow:
			return Decision{Effect: Denied, Statement: s}
		case fits == yes && (best.Effect != Allowed || best.Delegated && !delegated):
			best = Decision{Effect: Allowed, Statement: s, Delegated: delegated}
		case fits == maybe && s.Allow:
			hope = &Decision{Effect: Unsure, Statement: s, Reason: reason}
		case fits == maybe:
			doubt = &Decision{Effect: Unsure, Statement: s, Reason: reason}
		case fits == no && s.Allow && reason != "" && best.Effect == Refused && best.Statement == nil:
			best = Decision{Effect: Refused, Statement: s, Reason: reason}
		}
	}
	switch {
	case best.Effect == Allowed && doubt != nil:
		return *doubt
	case best.Effect != Allowed && hope != nil:
		return *hope
	}
	return best
}

// truth is whether something holds; maybe is for what is not understood.
type truth int

const (
	no truth = iota
	yes
	maybe
)

// fits tells whether the statement is about the request. A reason is given when
// everything but one thing is right.
func (s *Statement) fits(r Request) (fits truth, delegated bool, reason string) {
	if !s.aboutAction(r.Action) {
		return no, false, ""
	}
	who, delegated := s.aboutPrincipal(r.Principal)
	if !who {
		return no, false, ""
	}
	if !s.aboutResource(r) {
		return no, false, fmt.Sprintf("its resource is %s, the request is for %s", strings.Join(s.Resources, ", "), r.Resource)
	}
	fits = yes
	for _, c := range s.Conditions {
		switch holds, why := c.holds(r.Context); holds {
		case no:
			return no, false, why
		case maybe:
			fits, reason = maybe, why
		}
	}
	return fits, delegated, reason
}

func (s *Statement) aboutAction(action string) bool {
	if s.NotActions != nil {
		return !anyAction(s.NotActions, action)
	}
	return anyAction(s.Actions, action)
}

func (s *Statement) aboutResource(r Request) bool {
	switch {
	case s.NotResources != nil:
		return !anyResource(s.NotResources, r)
	case s.Resources == nil: // trust policies have none
		return true
	}
	return anyResource(s.Resources, r)
}

func (s *Statement) aboutPrincipal(who string) (is, delegated bool) {
	switch {
	case who == "":
		return true, false
	case s.NotPrincipals != nil:
		is, _ = anyPrincipal(s.NotPrincipals, who)
		return !is, false
	}
	return anyPrincipal(s.Principals, who)
}

func anyPrincipal(list []string, who string) (is, delegated bool) {
	for _, p := range list {
		kind, name, _ := strings.Cut(p, ":")
		switch {
		case p == "*" || p == "AWS:*" || name == who:
			return true, false
		case kind == "AWS" && AccountOf(name) != "" && AccountOf(name) == AccountOf(who) && (isAccount(name) || isAccount(who)):
			is, delegated = true, !isAccount(who)
		}
	}
	return is, delegated
}

// isAccount tells whether a principal is a whole account.
func isAccount(name string) bool {
	return len(name) == 12 && strings.Trim(name, "0123456789") == "" || strings.HasSuffix(name, ":root")
}

// AccountOf is the account that an ARN or a principal names, or empty.
func AccountOf(name string) string {
	if isAccount(name) && len(name) == 12 {
		return name
	}
	if parts := strings.SplitN(name, ":", 6); len(parts) == 6 && parts[0] == "arn" && isAccount(parts[4]) {
		return parts[4]
	}
	return ""
}

package eventbridge

import (
	"fmt"

	"github.com/trailwarden/trailwarden/detect"
)

// State is the state of an EventBridge rule, which decides what of CloudTrail's
// records reaches it at all (EventBridge User Guide, "Receiving read-only
// management events from AWS services").
type State uint8

const (
	// Unstated is a bare pattern's state: every record is judged.
	Unstated State = iota
	// Enabled rules do not see read-only management events.
	Enabled
	// EnabledAllManagement rules see them too.
	EnabledAllManagement
	// Disabled rules see nothing.
	Disabled
)

var stateNames = [...]string{"", "ENABLED", "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS", "DISABLED"}

// String is the state's name in the EventBridge API; empty for Unstated.
func (s State) String() string { return stateNames[s] }

// ParseState reads a state's name in the EventBridge API; the empty string is
// Unstated.
func ParseState(s string) (State, error) {
	for i, n := range stateNames {
		if s == n {
			return State(i), nil
		}
	}
	return Unstated, fmt.Errorf("rule state %q: want ENABLED, ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS or DISABLED", s)
}

// PredicateIn judges CloudTrail records as a rule in that state would: what
// EventBridge does not deliver to it, it does not match.
//
// For Enabled, management events with readOnly true and a name that starts with
// Describe, Get or List are left out, except GetFederationToken and
// GetSessionToken of STS. Read-only events with other names (AssumeRole,
// TestEventPattern) may or may not arrive, AWS does not say; they are judged. A
// record that does not say what it is (before CloudTrail event version 1.06)
// counts as a management event.
func (p *Pattern) PredicateIn(state State) detect.Node {
	switch state {
	case Enabled:
		return detect.All{p.Predicate(), detect.Not{X: undelivered()}}
	case Disabled:
		return detect.Const(false)
	}
	return p.Predicate()
}

// undelivered is the condition under which a rule that is merely ENABLED is not
// sent a record.
func undelivered() detect.Node {
	const because = "read-only management event, which a rule in state ENABLED is not sent"
	test := func(m detect.Match, field string) detect.Node {
		return detect.Test{Path: detect.Keys(field), Match: m, Src: because + ": " + field}
	}
	literal := func(s string) detect.Match { return detect.Text{Values: []string{s}, Kinds: detect.Bools} }
	return detect.All{
		test(literal("true"), "readOnly"),
		test(text(detect.HasPrefix, false, readPrefixes()...), "eventName"),
		detect.Not{X: test(literal("false"), "managementEvent")},
		detect.Not{X: test(text(detect.Equal, false, "Data", "NetworkActivity", "Insight"), "eventCategory")},
		detect.Not{X: detect.All{
			test(text(detect.Equal, false, "sts.amazonaws.com"), "eventSource"),
			test(text(detect.Equal, false, deliveredReads()...), "eventName"),
		}},
	}
}

func readPrefixes() []string   { return []string{"Describe", "Get", "List"} }
func deliveredReads() []string { return []string{"GetFederationToken", "GetSessionToken"} }

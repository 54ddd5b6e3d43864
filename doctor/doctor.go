// Package doctor checks an account that is watched, or should be: what is wrong
// on the way of an event from CloudTrail to the message, with a cause and a fix
// each. It only reads. What it may not read it says: a check that could not be
// made is never a silent pass.
//
//	env := doctor.New(doctor.Target{Config: cfg}, doctor.Options{AWS: aws})
//	report := doctor.Run(ctx, env, doctor.Catalogue())
//
// A check is a value; adding one is a function and a line in Catalogue.
package doctor

import (
	"cmp"
	"context"
	"slices"

	"github.com/trailwarden/trailwarden/severity"
)

// State is how something is.
type State string

// The states, the worst last.
const (
	NotApplicable State = "not-applicable" // there is nothing that the check is about
	OK            State = "ok"
	Warn          State = "warn"    // it works, and something should be changed
	Unknown       State = "unknown" // it could not be checked
	Broken        State = "broken"  // an event or its alert is lost here
)

// States are all states, the worst last.
func States() []State { return []State{NotApplicable, OK, Warn, Unknown, Broken} }

// Result is what a check says of one object.
type Result struct {
	Check    string         `json:"check"`
	State    State          `json:"state"`
	Severity severity.Level `json:"severity"`
	Object   string         `json:"object,omitempty"` // what it is about: a name or ARN
	Cause    string         `json:"cause,omitempty"`  // what was seen
	Fix      string         `json:"fix,omitempty"`    // what to do; empty when there is nothing
}

// Check is one question to the account.
type Check struct {
	ID    string // stays the same over releases
	Title string // what is right when the check says ok
	Asks  string // what it asks and why that matters
	// Severity is that of what it finds broken; a warning is one level lower.
	Severity severity.Level
	Actions  []string // IAM actions that it needs
	Run      func(ctx context.Context, env *Env) []Result
}

// Catalogue are all checks, in the order of an event's way.
func Catalogue() []Check {
	return slices.Concat(trailChecks(), bucketChecks(), wiringChecks(), functionChecks(), logChecks(), busChecks(), policyChecks(), askingChecks(), sinkChecks(), keptChecks())
}

// Report is what all checks say.
type Report struct {
	Results []Result
}

// Worst is the worst state of all results; OK when there are none.
func (r Report) Worst() State {
	worst := OK
	for _, x := range r.Results {
		if slices.Index(States(), x.State) > slices.Index(States(), worst) {
			worst = x.State
		}
	}
	return worst
}

// Count counts the results in a state.
func (r Report) Count(s State) (n int) {
	for _, x := range r.Results {
		if x.State == s {
			n++
		}
	}
	return n
}

// Of are the results of one check.
func (r Report) Of(check string) (out []Result) {
	for _, x := range r.Results {
		if x.Check == check {
			out = append(out, x)
		}
	}
	return out
}

// Actions are the IAM actions that the checks need, sorted.
func Actions(checks []Check) (all []string) {
	for _, c := range checks {
		all = append(all, c.Actions...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// ok, warn, broken and none make results; the runner adds check and severity.
func ok(object, cause string) Result { return Result{State: OK, Object: object, Cause: cause} }

func warn(object, cause, fix string) Result {
	return Result{State: Warn, Object: object, Cause: cause, Fix: fix}
}

func broken(object, cause, fix string) Result {
	return Result{State: Broken, Object: object, Cause: cause, Fix: fix}
}

func none(cause string) []Result { return []Result{{State: NotApplicable, Cause: cause}} }

// or gives results, or one that says ok when nothing was found wrong.
func or(found []Result, object, cause string) []Result {
	if len(found) > 0 {
		return found
	}
	return []Result{ok(object, cause)}
}

// orNone gives results, or says that the check is about nothing here.
func orNone(found []Result, cause string) []Result {
	if len(found) > 0 {
		return found
	}
	return none(cause)
}

// graded fills in what a result of a check has not said itself.
func (c Check) graded(r Result) Result {
	r.Check = c.ID
	if r.Severity == 0 {
		switch r.State {
		case Broken, Unknown:
			r.Severity = c.Severity
		case Warn:
			r.Severity = max(c.Severity-1, severity.Low)
		default:
			r.Severity = severity.Informational
		}
	}
	return r
}

// sorted brings results into an order that does not depend on who was faster.
func sorted(list []Result) []Result {
	slices.SortStableFunc(list, func(a, b Result) int {
		return cmp.Or(cmp.Compare(a.Object, b.Object), cmp.Compare(a.Cause, b.Cause))
	})
	return slices.Compact(list)
}

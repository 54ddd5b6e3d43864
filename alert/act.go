package alert

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// What people do with an alert: Action.Did.
const (
	DidAcknowledge = "acknowledged"
	DidResolve     = "resolved"
	DidReopen      = "reopened"
	DidNote        = "noted"
)

// ErrAction is returned for an action that an alert's status does not allow.
var ErrAction = errors.New("not possible now")

// transition is one line of the table of what actions do.
type transition struct {
	from Status
	did  string
}

// outcome is where an action leads and what the sinks with a lifecycle are
// told; an empty kind is nothing.
type outcome struct {
	to   Status
	tell Kind
}

// transitions is the table of actions; what is not in it is refused.
func transitions() map[transition]outcome {
	return map[transition]outcome{
		{Open, DidAcknowledge}:         {Acknowledged, Acked},
		{Acknowledged, DidAcknowledge}: {Acknowledged, ""}, // another owner
		{Open, DidResolve}:             {Resolved, Closed},
		{Acknowledged, DidResolve}:     {Resolved, Closed},
		{Resolved, DidResolve}:         {Resolved, ""},
		{Resolved, DidReopen}:          {Open, Reopened},
		{Acknowledged, DidReopen}:      {Open, Reopened},
		{Open, DidReopen}:              {Open, ""},
		{Open, DidNote}:                {Open, ""},
		{Acknowledged, DidNote}:        {Acknowledged, ""},
		{Resolved, DidNote}:            {Resolved, ""},
	}
}

// Perform does an action on an alert. It says what is to be delivered and which
// deliveries are to be withdrawn, and changes a.
func Perform(a *Alert, act Action, e *Env) (out []Delivery, withdraw []string, err error) {
	next, ok := transitions()[transition{a.Status, act.Did}]
	if !ok {
		return nil, nil, fmt.Errorf("alert %s is %s and cannot be %s: %w", a.ID, a.Status, act.Did, ErrAction)
	}
	before := a.Status
	a.Status, a.Silence = next.to, e.silence(a) // one that has ended holds nothing back
	if act.Did == DidAcknowledge {
		a.Owner = bounded(act.By)
	}
	a.note(Note{Time: act.Now.UTC(), By: act.By, Did: act.Did, Text: act.Text})
	a.touch(act.Now.UTC())
	ignorant := map[string]bool{} // sinks that never heard that it was open again
	switch a.Status {
	case Acknowledged:
		withdraw, _ = e.withdraw(a, Repeated)
	case Resolved:
		withdraw, _ = e.withdraw(a, Repeated)
		var more []string
		more, ignorant = e.withdraw(a, Reopened)
		withdraw = append(withdraw, more...)
	}
	if next.tell != "" {
		out = e.lifecycle(a, next.tell, ignorant)
	}
	if before != Open && a.Status == Open {
		out = append(out, e.untold(a)...)
	}
	return out, withdraw, nil
}

// lifecycle tells the sinks that know of the alert what became of it, but those
// to whom it is no news.
func (e *Env) lifecycle(a *Alert, k Kind, ignorant map[string]bool) (out []Delivery) {
	for i := range a.Told {
		t := &a.Told[i]
		if !ignorant[t.Sink] && t.Sequence > 0 && t.Storm == "" && e.Policy.Sinks[t.Sink].Lifecycle {
			out = append(out, e.step(a, t, k, e.Now))
		}
	}
	return out
}

// untold makes Repeated deliveries for what came while an alert was not open.
func (e *Env) untold(a *Alert) (out []Delivery) {
	for _, t := range e.Policy.targets(a) {
		told := a.toldOf(t.sink)
		if a.Count > told.Count && decide(e.situation(a, t, told, Open)) == tellRepeated {
			out = append(out, e.repeated(a, t, told))
		}
	}
	return out
}

// withdraw takes back deliveries of the kinds that nobody has claimed, and tells
// of which sinks.
func (e *Env) withdraw(a *Alert, kinds ...Kind) (ids []string, sinks map[string]bool) {
	sinks = map[string]bool{}
	for i := range a.Told {
		t := &a.Told[i]
		if t.Pending == "" || e.Waiting == nil {
			continue
		}
		if k, ok := e.Waiting(t.Pending); ok && slices.Contains(kinds, k) {
			ids, sinks[t.Sink] = append(ids, t.Pending), true
			t.Pending = ""
		}
	}
	return ids, sinks
}

// CheckSilence says what is wrong with a silence that somebody wants.
func CheckSilence(s *Silence) error {
	switch {
	case len(s.Match) == 0:
		return errors.New("a silence must match something: give a name and a value, such as rule=ID")
	case s.Owner == "":
		return errors.New("a silence needs an owner: who answers for it")
	case s.Reason == "":
		return errors.New("a silence needs a reason")
	case s.To.IsZero() || !s.To.After(s.From):
		return fmt.Errorf("a silence must end after it begins: from %s to %s", stamp(s.From), stamp(s.To))
	}
	return nil
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

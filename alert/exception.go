package alert

import (
	"fmt"
	"slices"
	"time"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/internal/wild"
	"github.com/trailwarden/trailwarden/severity"
)

// exceptionFor tells whether an exception that is in force at now, the arrival
// time, ends the finding.
func exceptionFor(f *Finding, rec *cloudtrail.Record, now time.Time) bool {
	for i := range f.Rule.Exceptions {
		e := &f.Rule.Exceptions[i]
		if now.Before(e.Expires) && len(e.Match) > 0 && excepts(e, f, rec) {
			return true
		}
	}
	return false
}

func excepts(e *Exception, f *Finding, rec *cloudtrail.Record) bool {
	for _, m := range e.Match {
		text := groupText(f, rec, m.Name)
		fits := slices.ContainsFunc(e.Match, func(o Label) bool { return o.Name == m.Name && wild.Match(o.Value, text) })
		if !fits {
			return false
		}
	}
	return true
}

// Expiring says, as Health deliveries for a sink, which of the rules' exceptions
// end within ahead of now or have ended within the same time before it. Each has
// one ID a day, so that Put keeps one of many.
func Expiring(rules []*Rule, now time.Time, ahead time.Duration) []Notice {
	var out []Notice
	for _, r := range rules {
		for i := range r.Exceptions {
			if n, ok := r.Exceptions[i].notice(r, now, ahead); ok {
				out = append(out, n)
			}
		}
	}
	return out
}

func (e *Exception) notice(r *Rule, now time.Time, ahead time.Duration) (Notice, bool) {
	left := e.Expires.Sub(now)
	if left > ahead || left < -ahead {
		return Notice{}, false
	}
	verb := "ends"
	if left <= 0 {
		verb = "has ended"
	}
	when := e.Expires.UTC().Format("2006-01-02 15:04 UTC")
	return Notice{
		Key:      digest("exception", r.ID, e.Place, when, verb)[:32],
		Headline: fmt.Sprintf("An exception of rule %q %s on %s", r.ID, verb, when),
		Summary:  "What it kept quiet raises alerts from then on. Extend it or take it out of the rule.",
		Severity: severity.Low,
		Facts: []Label{
			{"rule", r.ID}, {"owner", e.Owner}, {"reason", e.Reason}, {"place", e.Place}, {"ends", when},
		},
	}, true
}

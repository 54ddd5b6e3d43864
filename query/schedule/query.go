// Package schedule runs queries by the clock as rules: each run asks about the
// time since the last one and some before it, tells only what no run has told,
// and keeps what it told and how far it came in the store, in one transaction.
//
// A query for "the last hour" loses what CloudTrail delivers late and what lies
// beyond midnight. Here each run covers its window and an overlap before it;
// rows that an earlier run told are known by the event's ID, or by their values
// where there is none. Runs that were missed are made up by one that reaches back
// to the last.
package schedule

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/query"
)

// Tell says how rows are told.
type Tell string

// The ways.
const (
	Report Tell = "report" // one message for each run that found something
	Alerts Tell = "alerts" // each row is a finding, grouped to alerts as those of rules
)

// Query is a question that is asked by the clock.
type Query struct {
	Rule *alert.Rule // what its messages tell of it; ID names it in the store
	SQL  string
	// Params are the values of :name parameters. from and to are added: the bounds
	// of the run's event time, as 2026-03-14T09:00:00Z.
	Params map[string]string
	// Every is the time between runs, which happen at multiples of it since
	// midnight UTC of 1 January 1970, plus Offset.
	Every, Offset time.Duration
	// Window is the event time that a run covers, up to the run; 0 means Every. A
	// run after missed ones covers the time since the last.
	Window time.Duration
	// Overlap is how much before the window is asked again, for what was delivered
	// late.
	Overlap time.Duration
	Tell    Tell
	Sinks   []string // of reports; empty means those that routes choose for the rule
	// Key are the columns that tell rows apart; empty means the event's ID where
	// there is a column eventid, else all columns.
	Key               []string
	Accounts, Regions []string
	Rows              int // most rows of a run that are told; 0 means DefaultRows
	// Engine answers; now is the time of the run.
	Engine func(ctx context.Context, now time.Time) (query.Engine, error)
}

// DefaultRows is how many rows of a run are told. More are counted, and the
// message says so.
const DefaultRows = 10_000

// DefaultOverlap is much longer than CloudTrail takes as a rule (CloudTrail User
// Guide: minutes on average, not guaranteed).
const DefaultOverlap = 6 * time.Hour

// Check says what is wrong with the query's times.
func (q *Query) Check() error {
	var errs []error
	if q.Every < time.Minute {
		errs = append(errs, fmt.Errorf("every %s: want at least 1m", q.Every))
	}
	if q.Offset < 0 || q.Offset >= max(q.Every, 1) {
		errs = append(errs, fmt.Errorf("offset %s: want less than every, which is %s", q.Offset, q.Every))
	}
	if q.Window < 0 || q.Window > 0 && q.Window < q.Every {
		errs = append(errs, fmt.Errorf("window %s: want at least every, which is %s; what happens between would not be looked at", q.Window, q.Every))
	}
	if q.Overlap < 0 {
		errs = append(errs, fmt.Errorf("overlap %s: want a time from 0", q.Overlap))
	}
	return errors.Join(errs...)
}

// Slot is the time of the last run that was due at now.
func (q *Query) Slot(now time.Time) time.Time {
	since := now.Add(-q.Offset).Sub(time.Unix(0, 0))
	return time.Unix(0, 0).Add(since - since%q.Every).Add(q.Offset).UTC()
}

// span is the event time of a run at the slot: from where the last run ended, or
// a window back, and the overlap before that.
func (q *Query) span(slot, last time.Time) (from, to time.Time) {
	from = slot.Add(-max(q.Window, q.Every))
	if !last.IsZero() && last.Before(from) {
		from = last
	}
	return from.Add(-q.Overlap), slot
}

const stamp = "2006-01-02T15:04:05Z"

// Statement is the question of one run, about the records of that span.
func (q *Query) Statement(from, to time.Time) query.Statement {
	params := map[string]string{"from": from.Format(stamp), "to": to.Format(stamp)}
	for name, value := range q.Params {
		params[name] = value
	}
	return query.Statement{SQL: q.SQL, Params: params, Scope: query.Scope{From: from, To: to, Accounts: q.Accounts, Regions: q.Regions}}
}

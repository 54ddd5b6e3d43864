package schedule

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/message"
)

// Store is what a Runner needs of alert.Store.
type Store interface {
	alert.Committer
	Put(ctx context.Context, d alert.Delivery) error
	Load(ctx context.Context, name string) ([]byte, error)
}

// Runner runs queries. It is for one goroutine; several Runners may share a
// store.
type Runner struct {
	Store Store
	Sinks func(*alert.Rule) []string // that routes choose; may be nil
	Mode  string                     // in findings: serve, lambda …
	Now   func() time.Time
	Log   *slog.Logger
}

// Outcome is what a run came to.
type Outcome struct {
	From, To time.Time // event time that was asked about, UTC
	Rows     int       // in the result, without More
	New      int       // that no run had told
	More     int64     // that no run had told and that were too many
	Queued   int       // messages put into the outbox, or alerts that changed
	Bytes    int64     // read; on Athena what is paid for
	// Faults counts what could not be read of log files, and Truncated says which
	// bound of the engine cut the result short: then the answer is about the rest.
	Faults    int64
	Truncated string
}

// Tick runs the queries that are due, each once, and goes on after one that
// fails; the error joins theirs.
func (r *Runner) Tick(ctx context.Context, queries []*Query) error {
	var errs []error
	for _, q := range queries {
		if ctx.Err() != nil {
			break
		}
		if err := r.tick(ctx, q); err != nil {
			errs = append(errs, fmt.Errorf("query %s: %w", q.Rule.ID, err))
		}
	}
	return errors.Join(append(errs, ctx.Err())...)
}

func (r *Runner) tick(ctx context.Context, q *Query) error {
	s, err := r.load(ctx, q)
	if err != nil {
		return err
	}
	slot := q.Slot(r.Now())
	if !slot.After(s.Last) {
		return nil
	}
	o, err := r.run(ctx, q, &s, slot)
	if err == nil {
		r.tell(q, &o)
	}
	return err
}

// tell writes to the log what a run came to. That it did not see everything is a
// warning.
func (r *Runner) tell(q *Query, o *Outcome) {
	log := r.log().With("query", q.Rule.ID, "from", o.From, "to", o.To)
	log.Info("query", "rows", o.Rows, "new", o.New, "more", o.More, "queued", o.Queued, "bytes", o.Bytes)
	if o.More > 0 {
		log.Warn("a query by the clock found more new rows than it may tell; the next run tells those that it asks about again", "told", o.New, "more", o.More)
	}
	if o.Faults > 0 || o.Truncated != "" {
		log.Warn("a query by the clock did not see everything: trailwarden query over the same logs says what could not be read", "faults", o.Faults, "truncated", o.Truncated)
	}
}

func (r *Runner) log() *slog.Logger {
	if r.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return r.Log
}

// Run runs the query now, whether it is due or not: up to this second, and from
// where the last run ended. What it tells is not told again.
func (r *Runner) Run(ctx context.Context, q *Query) (Outcome, error) {
	s, err := r.load(ctx, q)
	if err != nil {
		return Outcome{}, err
	}
	return r.run(ctx, q, &s, r.Now().UTC().Truncate(time.Second))
}

func position(q *Query) string { return "query/" + q.Rule.ID }

// load reads the query's state, and puts messages into the outbox that a run
// before could not.
func (r *Runner) load(ctx context.Context, q *Query) (state, error) {
	data, err := r.Store.Load(ctx, position(q))
	if err != nil {
		return state{}, err
	}
	s, err := readState(data)
	if err != nil {
		return state{}, err
	}
	return s, r.flush(ctx, q, &s)
}

// run asks, and tells what is new.
func (r *Runner) run(ctx context.Context, q *Query, s *state, slot time.Time) (o Outcome, err error) {
	o.From, o.To = q.span(slot, s.Last)
	a, err := r.ask(ctx, q, s, &o, slot)
	if err != nil {
		return o, err
	}
	if slot.After(s.Last) {
		s.Last = slot
	}
	s.add(a.rows, slot, q.keepFrom(slot))
	if q.Tell == Alerts {
		err = r.alerts(ctx, q, s, a.rows, slot, &o)
	} else {
		err = r.report(ctx, q, s, a.columns, a.rows, slot, &o)
	}
	return o, err
}

// keepFrom is the earliest event time that a later run can ask about.
func (q *Query) keepFrom(slot time.Time) time.Time {
	from, _ := q.span(slot, time.Time{})
	return from
}

func (r *Runner) ask(ctx context.Context, q *Query, s *state, o *Outcome, slot time.Time) (a answer, err error) {
	engine, err := q.Engine(ctx, slot)
	if err != nil {
		return a, err
	}
	result, err := engine.Query(ctx, q.Statement(o.From, o.To))
	if err != nil {
		return a, err
	}
	defer result.Close()
	a, err = q.read(result, s.has(), cmp.Or(q.Rows, DefaultRows))
	stats := result.Stats()
	o.Rows, o.New, o.More, o.Bytes, o.Faults, o.Truncated = a.all, len(a.rows), a.more, stats.Bytes, stats.Faults, stats.Truncated
	return a, err
}

// alerts commits findings and how far the query came in one transaction.
func (r *Runner) alerts(ctx context.Context, q *Query, s *state, rows []row, slot time.Time, o *Outcome) error {
	now := r.Now().UTC()
	b := alert.Batch{Now: now}
	for i := range rows {
		b.Findings = append(b.Findings, q.finding(&rows[i], slot, now, r.Mode))
	}
	b.Positions = []alert.Position{{Name: position(q), Data: s.write()}}
	c, err := r.Store.Commit(ctx, b)
	o.Queued = c.Queued
	return err
}

// report saves the message with what it tells of and how far the query came in
// one transaction, and then puts it into the outbox. Whoever comes after a crash
// between the two puts it there, under the same ID.
func (r *Runner) report(ctx context.Context, q *Query, s *state, columns []string, rows []row, slot time.Time, o *Outcome) error {
	if len(rows) > 0 {
		body, err := json.Marshal(q.body(columns, rows, o))
		if err != nil {
			return err
		}
		for _, sink := range r.sinks(q) {
			s.Pending = append(s.Pending, alert.Delivery{ID: deliveryID(q, slot, sink), Sink: sink, Kind: alert.Report, Created: r.Now().UTC(), Body: body})
		}
	}
	o.Queued = len(s.Pending)
	if err := r.save(ctx, q, s); err != nil {
		return err
	}
	return r.flush(ctx, q, s)
}

func (r *Runner) save(ctx context.Context, q *Query, s *state) error {
	_, err := r.Store.Commit(ctx, alert.Batch{Now: r.Now().UTC(), Positions: []alert.Position{{Name: position(q), Data: s.write()}}})
	return err
}

// flush puts what is pending into the outbox, where its ID is known if it was
// there before.
func (r *Runner) flush(ctx context.Context, q *Query, s *state) error {
	if len(s.Pending) == 0 {
		return nil
	}
	for _, d := range s.Pending {
		if err := r.Store.Put(ctx, d); err != nil {
			return err
		}
	}
	s.Pending = nil
	return r.save(ctx, q, s)
}

func (r *Runner) sinks(q *Query) []string {
	if len(q.Sinks) == 0 && r.Sinks != nil {
		return r.Sinks(q.Rule)
	}
	return q.Sinks
}

func deliveryID(q *Query, slot time.Time, sink string) string {
	sum := sha256.Sum256([]byte("report\x00" + q.Rule.ID + "\x00" + slot.Format(stamp) + "\x00" + sink))
	return hex.EncodeToString(sum[:16])
}

// maxShown bounds the rows in a message's body; sinks show fewer.
const maxShown = 1000

// body is the message of a run.
func (q *Query) body(columns []string, rows []row, o *Outcome) message.Body {
	b := message.Body{Rule: q.Rule, Severity: q.Rule.Severity, Columns: columns, From: o.From, To: o.To, More: o.More}
	first, last := rows[0].time, rows[0].time
	for i := range rows {
		if t := rows[i].time; t.Before(first) {
			first = t
		} else if t.After(last) {
			last = t
		}
		if i >= maxShown {
			b.More++
			continue
		}
		var cells []string
		for _, c := range rows[i].cells {
			cells = append(cells, c.Value)
		}
		b.Rows = append(b.Rows, cells)
	}
	if !first.IsZero() {
		b.From, b.To = first, last
	}
	return b
}

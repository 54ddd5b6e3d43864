package sqlite

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/internal/crash"
)

// row is a row of the table outbox.
type row struct {
	alert.Delivery
	leasedUntil int64 // milliseconds; 0 when nobody holds it
	dead        int64 // 1 for a dead letter
}

const rowColumns = "id, sink, alert, kind, sequence, not_until, lease, leased_until, dead, doc, sum"

// saveDelivery writes a row.
func (t *tx) saveDelivery(r row) error {
	columns, err := t.columns(&r)
	if err != nil {
		return err
	}
	return t.exec("INSERT OR REPLACE INTO outbox ("+rowColumns+") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", columns...)
}

// leaseDelivery writes a row that is there and of which only the lease and the
// document have changed: no index is touched.
func (t *tx) leaseDelivery(r row) error {
	columns, err := t.columns(&r)
	if err != nil {
		return err
	}
	return t.exec("UPDATE outbox SET lease = ?, leased_until = ?, doc = ?, sum = ? WHERE id = ?", columns[6], columns[7], columns[9], columns[10], r.ID)
}

// columns are the values of rowColumns, good until the next call.
func (t *tx) columns(r *row) ([]any, error) {
	doc, err := delivery(t.w.rooms.delivery, &r.Delivery)
	if err != nil {
		return nil, fmt.Errorf("delivery %s: %w", r.ID, err)
	}
	t.w.rooms.delivery = again(doc)
	columns := []any{r.ID, r.Sink, r.Alert, string(r.Kind), r.Sequence, millis(r.NotUntil), r.Lease, r.leasedUntil, r.dead, doc}
	return append(columns, sum("outbox", columns...)), nil
}

type scanner interface{ Scan(...any) error }

// scanRow reads a row and holds it to its checksum.
func scanRow(from scanner) (r row, err error) {
	var id, sink, of, kind, lease string
	var sequence, notUntil, leasedUntil, dead, check int64
	var doc []byte
	if err := from.Scan(&id, &sink, &of, &kind, &sequence, &notUntil, &lease, &leasedUntil, &dead, &doc, &check); err != nil {
		return r, err
	}
	if sum("outbox", id, sink, of, kind, sequence, notUntil, lease, leasedUntil, dead, doc) != check {
		return r, damaged("outbox", id)
	}
	if r.Delivery, err = readDelivery(doc); err != nil {
		return r, fmt.Errorf("delivery %s: %w", id, err)
	}
	r.Lease, r.leasedUntil, r.dead = lease, leasedUntil, dead
	return r, nil
}

// outbox is the table as conditions name it.
const outbox = "outbox o"

// load reads rows by a condition and what follows it.
func load(q rows, from, where string, args ...any) ([]row, error) {
	rs, err := q.query("SELECT "+rowColumns+" FROM "+from+" WHERE "+where, args...)
	if err != nil {
		return nil, err
	}
	defer rs.Close()
	var all []row
	for rs.Next() {
		r, err := scanRow(rs)
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, rs.Err()
}

// due are a sink's deliveries that may go out: nobody holds them, and no earlier
// one of the same alert waits. Where a bound value stands for the sink or
// the limit, SQLite plans the statement anew each time: it looks for a name that
// ORDER BY could do without, and how few rows are wanted.
const due = `sink = (SELECT ?) AND dead = 0 AND not_until <= ? AND leased_until <= ? AND NOT EXISTS (
	SELECT 1 FROM outbox e WHERE e.alert = o.alert AND o.alert <> '' AND e.sink = o.sink AND e.dead = 0 AND e.sequence < o.sequence
) ORDER BY not_until, rowid LIMIT (SELECT ?)`

// mostHeld bounds the deliveries that one Claim takes off the outbox because of
// a storm or a silence, so that it stays short.
const mostHeld = 500

// mostGiven is the bytes of records from which on one Claim gives nothing more: each
// message holds its alert until it is told, and an alert may hold ten records of a
// megabyte.
const mostGiven = 16 << 20

// Claim hands out what is due.
func (s *Store) Claim(ctx context.Context, sink string, n int, now time.Time, lease time.Duration) (ds []alert.Delivery, err error) {
	if !s.w.fresh.take(sink) {
		if idle, err := s.idle(ctx, sink, now); err != nil || idle {
			return nil, err // most calls find nothing and need not write
		}
	}
	err = s.write(ctx, func(t *tx) error {
		crash.Point("claim begun")
		ds, err = t.claim(s.policy(), sink, n, now, lease)
		crash.Point("claim written")
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("sink %s: %w", sink, err)
	}
	crash.Point("claimed")
	return ds, nil
}

func (s *Store) idle(ctx context.Context, sink string, now time.Time) (bool, error) {
	var one int64
	found, err := reader{ctx, s}.one("SELECT 1 FROM outbox WHERE sink = ? AND dead = 0 AND not_until <= ? AND leased_until <= ? LIMIT 1",
		[]any{sink, now.UnixMilli(), now.UnixMilli()}, &one)
	return !found, s.sort(err)
}

func (t *tx) claim(p *alert.Policy, sink string, n int, now time.Time, lease time.Duration) (ds []alert.Delivery, err error) {
	env := &alert.Env{Policy: p, Now: wall(now), Sinks: map[string]*alert.SinkState{}}
	if err := t.addSink(env, sink); err != nil {
		return nil, err
	}
	if env.Silences, err = silences(t, now.UnixMilli()); err != nil {
		return nil, err
	}
	given := 0
	for held := 0; held < mostHeld && given < mostGiven; {
		room := alert.Room(env.Sinks[sink], n-len(ds), env)
		if room == 0 {
			break
		}
		found, err := t.due(sink, room, now.UnixMilli())
		if err != nil {
			return nil, err
		}
		if len(found) == 0 {
			break
		}
		before := held
		for _, r := range found {
			if given >= mostGiven {
				break // it stays due
			}
			d, ok, err := t.claimOne(r, env, now.Add(lease))
			if err != nil {
				return nil, err
			}
			if ok {
				ds, given = append(ds, d), given+recordBytes(d.Of)
			} else {
				held++
			}
		}
		if len(found) < room && held == before {
			break // nothing else is due: what was handed out holds back what follows it
		}
	}
	return ds, t.saveSinks(env)
}

// notices are those of a sink that have been tried and are due again. They are found
// by the index of what no alert is behind, which is little.
const notices = `alert = '' AND sink = (SELECT ?) AND kind = 'health' AND dead = 0
	AND not_until > 0 AND not_until <= ? AND leased_until <= ? LIMIT (SELECT ?)`

// due are up to n deliveries that may go out, the oldest first; but a notice of our
// own that has to be tried again does not wait behind what waits.
func (t *tx) due(sink string, n int, ms int64) ([]row, error) {
	found, err := load(t, outbox, due, sink, ms, ms, n)
	if err != nil || len(found) < n {
		return found, err
	}
	first, err := load(t, outbox+" INDEXED BY outbox_order", notices, sink, ms, ms, n)
	if err != nil || len(first) == 0 {
		return found, err
	}
	for _, r := range found {
		if len(first) < n && !slices.ContainsFunc(first, func(f row) bool { return f.ID == r.ID }) {
			first = append(first, r)
		}
	}
	return first, nil
}

// recordBytes is how much an alert's records take.
func recordBytes(a *alert.Alert) (n int) {
	if a != nil {
		for i := range a.Samples {
			n += len(a.Samples[i].Record)
		}
	}
	return n
}

// claimOne leases a delivery, or takes it off the outbox for what follows.
func (t *tx) claimOne(r row, env *alert.Env, until time.Time) (d alert.Delivery, ok bool, err error) {
	var a *alert.Alert
	if r.Alert != "" {
		if a, err = t.made(r.Alert); err != nil {
			return d, false, err
		}
		if a != nil {
			t.w.kept.claimed(a.ID)
			a = copied(a) // it is given away
		}
	}
	r.MayRepeat = r.MayRepeat || r.Lease != "" // its holder never said how it ended
	d, ok, out := alert.Claim(a, r.Delivery, env)
	if ok {
		d.Lease = randomID()
		kept := d
		kept.Receipt = nil // the alert has it
		d.Of = a
		return d, true, t.leaseDelivery(row{Delivery: kept, leasedUntil: millis(until)})
	}
	if err := t.withdraw([]string{r.ID}); err != nil {
		return d, false, err
	}
	for i := range out {
		if err := t.saveDelivery(row{Delivery: out[i]}); err != nil {
			return d, false, err
		}
	}
	t.w.kept.keep(a)
	return d, false, t.saveAlert(a, false)
}

// Put adds a delivery that no alert caused, once for each ID.
func (s *Store) Put(ctx context.Context, d alert.Delivery) error {
	if d.NotUntil.IsZero() {
		d.NotUntil = d.Created
	}
	return s.write(ctx, func(t *tx) error {
		n, err := t.changed("INSERT OR IGNORE INTO put (id, at) VALUES (?, ?)", d.ID, millis(d.Created))
		if err != nil || n == 0 {
			return err
		}
		return t.saveDelivery(row{Delivery: d})
	})
}

// rescheduleStep bounds the deliveries of which one transaction counts the times
// anew: there may be very many, and findings do not wait for all of them.
const rescheduleStep = 500

// Reschedule counts the times of waiting repeats anew, and those that a clock which
// was ahead has put off.
func (s *Store) Reschedule(ctx context.Context, now time.Time) (n int, err error) {
	for last, more := "", true; more && err == nil; {
		did, next := 0, ""
		err = s.write(ctx, func(t *tx) (err error) {
			did, next, err = t.rescheduleSome(s.policy(), now, last)
			return err
		})
		if err == nil {
			n += did
		}
		last, more = next, next != ""
	}
	return n, err
}

// rescheduleSome does so for those after an ID, and gives the last ID, or none when
// there are no more.
func (t *tx) rescheduleSome(p *alert.Policy, now time.Time, after string) (n int, last string, err error) {
	env, err := t.env(p, now)
	if err != nil {
		return 0, "", err
	}
	ms := now.UnixMilli()
	waiting, err := load(t, outbox, "id > ? AND (kind = ? OR not_until > ? OR leased_until > ?) AND dead = 0 AND leased_until NOT BETWEEN ? AND ? ORDER BY id LIMIT (SELECT ?)",
		after, string(alert.Repeated), ms, ms, ms+1, now.Add(alert.LongestLease).UnixMilli(), rescheduleStep)
	if err != nil {
		return 0, "", err
	}
	for _, r := range waiting {
		changed, err := t.reschedule(env, r)
		if err != nil {
			return 0, "", err
		}
		if changed {
			n++
		}
	}
	if len(waiting) == rescheduleStep {
		last = waiting[len(waiting)-1].ID
	}
	return n, last, nil
}

func (t *tx) reschedule(env *alert.Env, r row) (changed bool, err error) {
	var a *alert.Alert
	if r.Kind == alert.Repeated {
		if a, err = t.made(r.Alert); err != nil {
			return false, err
		}
	}
	lasts := r.leasedUntil > env.Now.UnixMilli() // the lease of a clock that was ahead
	if lasts {
		r.leasedUntil = 0 // not whose it was: it never said how it ended
	}
	if r.Delivery, changed = alert.Due(a, r.Delivery, env); changed || lasts {
		err = t.saveDelivery(r)
	}
	return changed || lasts, err
}

// Backlog counts what waits, by sink.
func (s *Store) Backlog(ctx context.Context) (map[string]int64, error) {
	rs, err := s.read.QueryContext(ctx, "SELECT sink, count(*) FROM outbox WHERE dead = 0 GROUP BY sink")
	if err != nil {
		return nil, s.sort(err)
	}
	defer rs.Close()
	counts := map[string]int64{}
	for rs.Next() {
		var sink string
		var n int64
		if err := rs.Scan(&sink, &n); err != nil {
			return nil, s.sort(err)
		}
		counts[sink] = n
	}
	return counts, s.sort(rs.Err())
}

package schedule_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/alert/sqlite"
	"github.com/trailwarden/trailwarden/message"
	"github.com/trailwarden/trailwarden/query"
	"github.com/trailwarden/trailwarden/query/schedule"
	"github.com/trailwarden/trailwarden/severity"
)

// trail is an engine over events that become visible when they are delivered.
type trail struct {
	events  []event
	now     time.Time
	columns []string
	asked   []query.Statement
	err     error
	stats   query.Stats
}

type event struct {
	id              string
	time, delivered time.Time
	more            string
}

func (tr *trail) Query(_ context.Context, s query.Statement) (query.Result, error) {
	tr.asked = append(tr.asked, s)
	if tr.err != nil {
		return nil, tr.err
	}
	r := &rows{columns: tr.columns, stats: tr.stats}
	for _, e := range tr.events {
		if !e.delivered.After(tr.now) && !e.time.Before(s.Scope.From) && e.time.Before(s.Scope.To) {
			r.left = append(r.left, map[string]string{"eventtime": e.time.Format("2006-01-02T15:04:05Z"), "eventid": e.id, "eventname": e.more, "account": "111122223333"})
		}
	}
	return r, nil
}

type rows struct {
	columns []string
	left    []map[string]string
	stats   query.Stats
}

func (r *rows) Columns() (out []query.Column) {
	for _, c := range r.columns {
		out = append(out, query.Column{Name: c})
	}
	return out
}

func (r *rows) Next() (out []query.Cell) {
	if len(r.left) == 0 {
		return nil
	}
	for _, c := range r.columns {
		v, ok := r.left[0][c]
		out = append(out, query.Cell{Text: []byte(v), Null: !ok})
	}
	r.left = r.left[1:]
	return out
}

func (r *rows) Err() error         { return nil }
func (r *rows) Stats() query.Stats { return r.stats }
func (r *rows) Close() error       { return nil }

// bench is a query, its trail and a store.
type bench struct {
	t     *testing.T
	trail *trail
	query *schedule.Query
	store alert.Store
	path  string
	wrap  func(schedule.Store) schedule.Store
	log   strings.Builder
}

func at(s string) time.Time {
	t, err := time.Parse("2006-01-02 15:04", s)
	if err != nil {
		panic(err)
	}
	return t
}

func newBench(t *testing.T, tell schedule.Tell) *bench {
	b := &bench{t: t, trail: &trail{columns: []string{"eventtime", "eventid", "eventname", "account"}}, path: filepath.Join(t.TempDir(), "alerts.db")}
	b.query = &schedule.Query{Rule: &alert.Rule{ID: "query.q", Title: "Q", Severity: severity.High, GroupBy: []string{"eventid"}}, SQL: "SELECT …",
		Every: time.Hour, Overlap: 6 * time.Hour, Tell: tell, Sinks: []string{"soc"},
		Engine: func(context.Context, time.Time) (query.Engine, error) { return b.trail, nil }}
	b.open()
	t.Cleanup(func() { _ = b.store.Close() })
	return b
}

func (b *bench) open() {
	b.t.Helper()
	policy := &alert.Policy{Routes: []alert.Route{{Sinks: []string{"soc"}}}}
	var err error
	if b.store, err = sqlite.Open(context.Background(), b.path, sqlite.Options{Policy: func() *alert.Policy { return policy }}); err != nil {
		b.t.Fatal(err)
	}
}

// tick runs what is due at a time.
func (b *bench) tick(now string) error {
	b.trail.now = at(now)
	store := schedule.Store(b.store)
	if b.wrap != nil {
		store = b.wrap(store)
	}
	r := &schedule.Runner{Store: store, Mode: "serve", Now: func() time.Time { return at(now) }, Log: slog.New(slog.NewTextHandler(&b.log, nil))}
	return r.Tick(context.Background(), []*schedule.Query{b.query})
}

func (b *bench) must(now string) {
	b.t.Helper()
	if err := b.tick(now); err != nil {
		b.t.Fatal(err)
	}
}

// told takes what is in the outbox and gives the event names, message by message.
func (b *bench) told() (out []string) {
	b.t.Helper()
	far := at("2027-01-01 00:00")
	for {
		ds, err := b.store.Claim(context.Background(), "soc", 10, far, time.Minute)
		if err != nil {
			b.t.Fatal(err)
		}
		if len(ds) == 0 {
			return out
		}
		for _, d := range ds {
			out = append(out, b.names(d))
			if err := b.store.Settle(context.Background(), d, alert.Outcome{Class: alert.OK}, far); err != nil {
				b.t.Fatal(err)
			}
		}
	}
}

func (b *bench) names(d alert.Delivery) string {
	var names []string
	if d.Kind == alert.Report {
		var body message.Body
		if err := json.Unmarshal(d.Body, &body); err != nil {
			b.t.Fatal(err)
		}
		for _, row := range body.Rows {
			names = append(names, row[slices.Index(body.Columns, "eventname")])
		}
		return strings.Join(names, " ")
	}
	a, err := b.store.Alert(context.Background(), d.Alert)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, s := range a.Samples {
		names = append(names, s.Row[2].Value)
	}
	return strings.Join(names, " ")
}

func (b *bench) expect(want ...string) {
	b.t.Helper()
	if got := b.told(); !slices.Equal(got, want) {
		b.t.Errorf("told %q, want %q", got, want)
	}
}

func (b *bench) event(id, when, delivered string) {
	b.trail.events = append(b.trail.events, event{id, at(when), at(delivered), id})
}

// An event is told once, by the first run after its delivery: across midnight,
// when it comes late, when the server was down, and not again by those that ask
// about the same time. Without a new row nothing is told.
func TestEachRowIsToldOnce(t *testing.T) {
	for _, tell := range []schedule.Tell{schedule.Report, schedule.Alerts} {
		t.Run(string(tell), func(t *testing.T) {
			b := newBench(t, tell)
			b.must("2026-03-14 22:00")
			b.expect()
			b.event("before-midnight", "2026-03-14 23:58", "2026-03-15 00:04")
			b.event("late", "2026-03-14 22:10", "2026-03-15 01:30")
			b.must("2026-03-14 23:00")
			b.must("2026-03-15 00:01")
			b.expect()
			b.must("2026-03-15 00:59") // the slot of midnight has run
			b.expect()
			b.must("2026-03-15 01:00")
			b.expect("before-midnight")
			b.must("2026-03-15 02:00")
			b.expect("late")
			b.event("while-down", "2026-03-15 05:00", "2026-03-15 05:05")
			b.event("now", "2026-03-16 11:30", "2026-03-16 11:35")
			b.must("2026-03-16 12:10") // 34 hours later
			want := []string{"while-down now"}
			if tell == schedule.Alerts {
				want = []string{"while-down", "now"}
			}
			got := b.told()
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("told %q, want %q", got, want)
			}
			b.must("2026-03-16 13:00")
			b.expect()
			last := b.trail.asked[len(b.trail.asked)-1]
			if last.Scope.From != at("2026-03-16 06:00") || last.Scope.To != at("2026-03-16 13:00") || last.Params["from"] != "2026-03-16T06:00:00Z" {
				t.Errorf("asked %+v", last)
			}
		})
	}
}

// broken is a store that stops working at a step.
type broken struct {
	schedule.Store
	commits, puts int // steps that still work
}

var errCrash = errors.New("crash")

func (s *broken) Commit(ctx context.Context, b alert.Batch) (alert.Committed, error) {
	if s.commits--; s.commits < 0 {
		return alert.Committed{}, errCrash
	}
	return s.Store.Commit(ctx, b)
}

func (s *broken) Put(ctx context.Context, d alert.Delivery) error {
	if s.puts--; s.puts < 0 {
		return errCrash
	}
	return s.Store.Put(ctx, d)
}

// Killed at any step, a run is told once by those that come after.
func TestACrashAtEveryStep(t *testing.T) {
	for _, tell := range []schedule.Tell{schedule.Report, schedule.Alerts} {
		for step := range 6 {
			t.Run(fmt.Sprint(tell, step), func(t *testing.T) {
				b := newBench(t, tell)
				b.event("one", "2026-03-14 10:30", "2026-03-14 10:35")
				b.wrap = func(s schedule.Store) schedule.Store { return &broken{s, step / 2, (step + 1) / 2} }
				if err := b.tick("2026-03-14 11:00"); err != nil && !errors.Is(err, errCrash) {
					t.Fatal(err)
				}
				_ = b.store.Close()
				b.open()
				b.wrap = nil
				b.event("two", "2026-03-14 10:40", "2026-03-14 11:05")
				b.must("2026-03-14 11:10")
				b.must("2026-03-14 12:00")
				got := strings.Join(b.told(), " ")
				if strings.Count(got, "one") != 1 || strings.Count(got, "two") != 1 {
					t.Errorf("told %q", got)
				}
			})
		}
	}
}

// A run that fails is made up by the next; one query's failure is not another's.
func TestFailuresAreMadeUp(t *testing.T) {
	b := newBench(t, schedule.Report)
	b.must("2026-03-14 10:00")
	b.event("one", "2026-03-14 10:30", "2026-03-14 10:35")
	b.trail.err = errors.New("no such table")
	if err := b.tick("2026-03-14 11:00"); err == nil || !strings.Contains(err.Error(), "query query.q: no such table") {
		t.Errorf("error %v", err)
	}
	b.trail.err = nil
	b.must("2026-03-14 11:01")
	b.expect("one")
}

// Rows of one event are told each; without an ID values tell rows apart, or the
// columns that the query names.
func TestIdentity(t *testing.T) {
	for name, c := range map[string]struct {
		columns, key []string
		want         string
	}{
		"event":            {[]string{"eventtime", "eventid", "eventname"}, nil, "a b c"},
		"values":           {[]string{"eventtime", "eventname"}, nil, "a b c"},
		"columns":          {[]string{"eventtime", "eventid", "eventname", "account"}, []string{"ACCOUNT"}, "a"},
		"no time, no id":   {[]string{"eventname"}, nil, "a b c"},
		"upper-case names": {[]string{"eventname", "eventtime"}, []string{"EventName"}, "a b c"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, schedule.Report)
			b.trail.columns, b.query.Key = c.columns, c.key
			for i, more := range []string{"a", "b", "c"} {
				e := event{"same", at("2026-03-14 10:30"), at("2026-03-14 10:35"), more}
				if i == 2 {
					e.id = "other"
				}
				b.trail.events = append(b.trail.events, e)
			}
			b.must("2026-03-14 11:00")
			b.expect(c.want)
			b.must("2026-03-14 12:00")
			b.expect()
		})
	}
}

// More rows than are told are counted.
func TestManyRows(t *testing.T) {
	b := newBench(t, schedule.Report)
	b.query.Rows = 2
	for i := range 5 {
		b.event(fmt.Sprint("e", i), "2026-03-14 10:30", "2026-03-14 10:35")
	}
	b.must("2026-03-14 11:00")
	ds, err := b.store.Claim(context.Background(), "soc", 10, at("2027-01-01 00:00"), time.Minute)
	if err != nil || len(ds) != 1 {
		t.Fatal(ds, err)
	}
	var body message.Body
	if err := json.Unmarshal(ds[0].Body, &body); err != nil || len(body.Rows) != 2 || body.More != 3 {
		t.Errorf("%v: %d rows, %d more", err, len(body.Rows), body.More)
	}
}

// What was told takes no place from what is new: a window of which most was told
// leaves nothing untold, and what a run had no place for comes with the next.
func TestToldRowsTakeNoPlace(t *testing.T) {
	for _, tell := range []schedule.Tell{schedule.Report, schedule.Alerts} {
		for _, columns := range [][]string{{"eventtime", "eventid", "eventname"}, {"eventtime", "account", "eventname"}} {
			t.Run(fmt.Sprint(tell, columns), func(t *testing.T) {
				b := newBench(t, tell)
				b.trail.columns, b.query.Rows = columns, 2
				b.query.Rule.GroupBy = []string{"eventname"}
				var want []string
				for hour := 10; hour < 15; hour++ {
					for i := range 2 {
						id := fmt.Sprintf("%d-%d", hour, i)
						b.event(id, fmt.Sprintf("2026-03-14 %d:30", hour), fmt.Sprintf("2026-03-14 %d:35", hour))
						want = append(want, id)
					}
				}
				b.event("more", "2026-03-14 13:40", "2026-03-14 13:45")
				for hour := 11; hour < 17; hour++ {
					b.must(fmt.Sprintf("2026-03-14 %d:00", hour))
				}
				got := strings.Fields(strings.Join(b.told(), " "))
				slices.Sort(got)
				if want = append(want, "more"); !slices.Equal(got, want) {
					t.Errorf("told %q, want %q", got, want)
				}
				if !strings.Contains(b.log.String(), "more new rows than it may tell") {
					t.Errorf("nobody is told of more rows: %s", &b.log)
				}
			})
		}
	}
}

// A run whose engine could not read everything is told of.
func TestARunThatDidNotSeeEverything(t *testing.T) {
	b := newBench(t, schedule.Report)
	b.must("2026-03-14 10:00")
	if strings.Contains(b.log.String(), "WARN") {
		t.Error(b.log.String())
	}
	b.trail.stats = query.Stats{Faults: 3}
	b.must("2026-03-14 11:00")
	if said := b.log.String(); !strings.Contains(said, "did not see everything") || !strings.Contains(said, "faults=3") {
		t.Error(said)
	}
}

func TestSlots(t *testing.T) {
	q := &schedule.Query{Every: 24 * time.Hour, Offset: 6 * time.Hour}
	for now, want := range map[string]string{"2026-03-14 05:59": "2026-03-13 06:00", "2026-03-14 06:00": "2026-03-14 06:00", "2026-03-14 23:00": "2026-03-14 06:00"} {
		if got := q.Slot(at(now)); got != at(want) {
			t.Errorf("%s: %s, want %s", now, got, want)
		}
	}
}

func TestTimesThatLoseEvents(t *testing.T) {
	for has, q := range map[string]schedule.Query{
		"at least 1m":       {Every: time.Second},
		"offset":            {Every: time.Hour, Offset: time.Hour},
		"what happens betw": {Every: time.Hour, Window: time.Minute},
		"overlap":           {Every: time.Hour, Overlap: -1},
	} {
		if err := q.Check(); err == nil || !strings.Contains(err.Error(), has) {
			t.Errorf("%s: %v", has, err)
		}
	}
}

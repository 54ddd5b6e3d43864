package dynamodb

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/alert/storetest"
	"github.com/trailwarden/trailwarden/severity"
)

// meter counts what DynamoDB charges for (Developer Guide, "Read and write
// capacity"): a write unit for each KB of an item, two in a transaction, one
// more for what the index repeats; a read unit for each 4 KB.
type meter struct {
	table
	delay time.Duration // a round trip

	calls, items, bytes, writes, reads, lost atomic.Int64
}

func units(n, of int) int64 { return int64(max(1, (n+of-1)/of)) }

func (m *meter) charge(ops []op, factor int64) {
	m.calls.Add(1)
	for i := range ops {
		n := ops[i].size()
		m.items.Add(1)
		m.bytes.Add(int64(n))
		m.writes.Add(factor * units(n, 1024))
		if ops[i].list != "" {
			m.writes.Add(2) // the old place in the index and the new
		}
	}
}

func (m *meter) write(ctx context.Context, ops []op) error {
	time.Sleep(m.delay)
	err := m.table.write(ctx, ops)
	if m.charge(ops, 2); err != nil {
		m.lost.Add(1)
	}
	return err
}

func (m *meter) put(ctx context.Context, ops []op) error {
	m.charge(ops, 1)
	return m.table.put(ctx, ops)
}

func (m *meter) get(ctx context.Context, keys []key) (map[key]item, error) {
	time.Sleep(m.delay)
	found, err := m.table.get(ctx, keys)
	m.calls.Add(1)
	for _, k := range keys {
		it := found[k]
		m.reads.Add(units(it.size(), 4096))
	}
	return found, err
}

func (m *meter) query(ctx context.Context, q query, yield func(item) bool) error {
	n := 0
	m.calls.Add(1)
	err := m.table.query(ctx, q, func(it item) bool { n += it.size(); return yield(it) })
	m.reads.Add(units(n, 4096))
	return err
}

func metered(delay time.Duration) (*Store, *meter) {
	m := &meter{table: newMemory(0), delay: delay}
	return newStore(m, Options{Policy: func() *alert.Policy {
		return &alert.Policy{Routes: []alert.Route{{Sinks: []string{"pager"}}}}
	}}), m
}

// TestCost prints what each operation costs, for docs/scale.md, and holds it to
// bounds that a change of the layout would break.
func TestCost(t *testing.T) {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	if testing.Verbose() {
		fmt.Fprintln(w, "operation\tcalls\titems\tbytes\twrite units\tread units\tper finding")
		defer w.Flush()
	}
	rule := storetest.Rule("cost", severity.High)
	for _, c := range []struct {
		name     string
		findings int
		alerts   int
		most     int64 // write units
	}{
		{"commit: 1 finding opens 1 alert", 1, 1, 24},
		{"commit: 10 findings open 10 alerts", 10, 10, 220},
		{"commit: 10 findings open 1 alert", 10, 1, 80},
		{"commit: 1,000 findings of 1 alert", 1000, 1, 2400},
		{"commit: 1,000 findings of 1,000 alerts", 1000, 1000, 16000},
	} {
		s, m := metered(0)
		commitAll(t, s, storetest.Many(rule, c.findings, c.alerts)...)
		report(w, m, c.name, c.findings)
		if n := m.writes.Load(); n > c.most {
			t.Errorf("%s: %d write units, want %d at most", c.name, n, c.most)
		}
	}
	s, m := metered(0)
	fs := storetest.Many(rule, 20, 1)
	commitAll(t, s, fs[:10]...)
	m.reset()
	commitAll(t, s, fs[10:11]...)
	report(w, m, "commit: 1 finding joins an alert with 10 samples", 1)
	m.reset()
	commitAll(t, s, fs[:10]...)
	report(w, m, "commit: 10 findings come again", 10)
	m.reset()
	ds, err := s.Claim(t.Context(), "pager", 10, storetest.Noon(), time.Minute)
	if err != nil || len(ds) != 1 {
		t.Fatalf("claimed %d, %v", len(ds), err)
	}
	report(w, m, "claim of 1 delivery", 1)
	m.reset()
	if err := s.Settle(t.Context(), ds[0], alert.Outcome{Class: alert.OK}, storetest.Noon()); err != nil {
		t.Fatal(err)
	}
	report(w, m, "settle of 1 delivery", 1)
	m.reset()
	if _, err := s.Claim(t.Context(), "pager", 10, storetest.Noon(), time.Minute); err != nil {
		t.Fatal(err)
	}
	report(w, m, "claim when nothing is due", 1)
}

func (m *meter) reset() {
	for _, n := range []*atomic.Int64{&m.calls, &m.items, &m.bytes, &m.writes, &m.reads, &m.lost} {
		n.Store(0)
	}
}

func report(w *tabwriter.Writer, m *meter, name string, findings int) {
	if testing.Verbose() {
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%d\t%.1f\n", name, m.calls.Load(), m.items.Load(), m.bytes.Load(), m.writes.Load(), m.reads.Load(),
			float64(m.writes.Load())/float64(findings))
	}
}

func commitAll(t testing.TB, s *Store, fs ...alert.Finding) {
	t.Helper()
	if _, err := s.Commit(t.Context(), alert.Batch{Findings: fs, Now: storetest.Noon()}); err != nil {
		t.Fatal(err)
	}
}

// F11: many workers on one table count every finding once, whether they share
// alerts or not; -v prints how much of their work is lost to each other.
func TestContention(t *testing.T) {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	if testing.Verbose() {
		fmt.Fprintln(w, "workers\tfindings of\tcommits\tlost tries\twrite units\tseconds\tcommits/s")
		defer w.Flush()
	}
	for _, workers := range []int{1, 4, 16} {
		for _, shared := range []bool{false, true} {
			contend(t, w, workers, shared)
		}
	}
}

func contend(t *testing.T, w *tabwriter.Writer, workers int, shared bool) {
	t.Helper()
	const commits = 15
	s, m := metered(2 * time.Millisecond)
	s.policy = func() *alert.Policy {
		return &alert.Policy{Routes: []alert.Route{{Sinks: []string{"pager"}}}, Sinks: map[string]alert.SinkPolicy{"pager": {Quota: -1}}}
	}
	rule := storetest.Rule("busy", severity.High)
	began := time.Now()
	var all sync.WaitGroup
	for worker := range workers {
		all.Go(func() {
			for n := range commits {
				role := "shared"
				if !shared {
					role = fmt.Sprintf("role-%d-%d", worker, n)
				}
				f := storetest.Finding(rule, storetest.Event{ID: fmt.Sprintf("%d-%d", worker, n), Role: role})
				if _, err := s.Commit(t.Context(), alert.Batch{Findings: []alert.Finding{f}, Now: storetest.Noon()}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	took := time.Since(began).Seconds()
	page, _, err := s.Alerts(t.Context(), alert.Query{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	var counted int64
	for _, a := range page {
		counted += a.Count
	}
	if counted != int64(workers*commits) {
		t.Errorf("%d workers: %d findings counted, want %d", workers, counted, workers*commits)
	}
	if testing.Verbose() {
		what := map[bool]string{false: "an alert each", true: "one alert"}[shared]
		fmt.Fprintln(w, strings.Join([]string{fmt.Sprint(workers), what, fmt.Sprint(workers * commits), fmt.Sprint(m.lost.Load()),
			fmt.Sprint(m.writes.Load()), fmt.Sprintf("%.2f", took), fmt.Sprintf("%.0f", float64(workers*commits)/took)}, "\t"))
	}
}

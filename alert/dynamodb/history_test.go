package dynamodb

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/alert/sqlite"
	"github.com/trailwarden/trailwarden/alert/storetest"
	"github.com/trailwarden/trailwarden/internal/seeds"
	"github.com/trailwarden/trailwarden/severity"
)

// history is what happens to two stores at once: both must say the same of all of
// it.
type history struct {
	t      *testing.T
	rng    *rand.Rand
	stores [2]alert.Store
	policy atomic.Pointer[alert.Policy]
	now    time.Time
	pool   []alert.Finding
	held   [2]map[string]alert.Delivery // claimed and not settled, by ID
	did    []string
}

// The same history, of everything that people, sources and sinks do with a store,
// gives the same in SQLite and in DynamoDB: every answer, every alert, every
// message, and what is left in the end.
func TestHistoriesEndAsInSQLite(t *testing.T) {
	seed := seeds.Of(t)
	for n := range uint64(12) {
		h := newHistory(t, rand.New(rand.NewPCG(seed, n)))
		for range 120 {
			if h.step(); t.Failed() {
				t.Fatalf("history %d: %s", n, strings.Join(h.did, ", "))
			}
		}
	}
}

func newHistory(t *testing.T, rng *rand.Rand) *history {
	h := &history{t: t, rng: rng, now: storetest.Noon(), held: [2]map[string]alert.Delivery{{}, {}}, pool: findings(rng, 60)}
	h.policy.Store(h.anyPolicy())
	s, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "alerts.db"), sqlite.Options{Policy: h.policy.Load})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	h.stores = [2]alert.Store{s, NewMemory(Options{Policy: h.policy.Load})}
	return h
}

// findings are n of some rules and groups in two days, every third by two paths.
func findings(rng *rand.Rand, n int) (all []alert.Finding) {
	levels := []severity.Level{severity.Low, severity.High, severity.Critical}
	for i := range n {
		of := rng.IntN(4)
		r := storetest.Rule(fmt.Sprint("rule-", of), levels[of%3])
		f := storetest.Finding(r, storetest.Event{
			ID: fmt.Sprint("event-", i), Role: fmt.Sprint("role-", rng.IntN(3)), Session: fmt.Sprint("session-", rng.IntN(9)),
			At: storetest.Noon().Add(-time.Duration(rng.IntN(48*3600)) * time.Second),
		})
		if all = append(all, f); i%3 == 0 {
			f.Evidence, f.Mode = alert.Evidence{File: "events/" + f.Evidence.EventID, Record: -1}, "lambda"
			all = append(all, f)
		}
	}
	return all
}

// anyPolicy is one without quotas: which of several that are due at once a storm
// takes is left to the store.
func (h *history) anyPolicy() *alert.Policy {
	p := &alert.Policy{Sinks: map[string]alert.SinkPolicy{}}
	for _, name := range []string{"pager", "chat"} {
		p.Sinks[name] = alert.SinkPolicy{Quota: -1, Lifecycle: h.rng.IntN(2) == 0, Repeat: []time.Duration{0, 5 * time.Minute, -1}[h.rng.IntN(3)]}
	}
	if h.rng.IntN(2) == 0 {
		p.Routes = append(p.Routes, alert.Route{Match: []alert.Label{{Name: "severity", Value: ">=high"}}, Sinks: []string{"pager"}, Continue: true})
	}
	p.Routes = append(p.Routes, alert.Route{Sinks: []string{"chat"}})
	return p
}

// step does one thing to both stores.
func (h *history) step() {
	steps := []struct {
		often int
		name  string
		do    func()
	}{
		{30, "commit", h.commit}, {20, "claim", h.claim}, {25, "settle", h.settle}, {12, "act", h.act}, {10, "pass", h.pass},
		{4, "silence", h.silence}, {3, "policy", h.change}, {3, "put", h.put}, {3, "dead letters", h.dead}, {2, "purge", h.purge}, {6, "look", h.look},
	}
	n := h.rng.IntN(118)
	for _, s := range steps {
		if n -= s.often; n < 0 {
			h.did = append(h.did, s.name)
			s.do()
			return
		}
	}
}

// both does something with each store and holds what they say against each other.
func (h *history) both(what string, do func(which int, s alert.Store) (any, error)) {
	h.t.Helper()
	var said [2]string
	for i, s := range h.stores {
		v, err := do(i, s)
		text, e := json.MarshalIndent(v, "", " ")
		if e != nil {
			h.t.Fatal(e)
		}
		said[i] = string(text) + "\n" + kindOf(err)
	}
	if diff := cmp.Diff(said[0], said[1]); diff != "" {
		h.t.Errorf("%s (-sqlite +dynamodb):\n%s", what, diff)
	}
}

// kindOf is what a caller decides on.
func kindOf(err error) string {
	for _, known := range []error{alert.ErrNotFound, alert.ErrLost, alert.ErrAction, alert.ErrConflict} {
		if errors.Is(err, known) {
			return known.Error()
		}
	}
	return fmt.Sprint(err)
}

func (h *history) commit() {
	b := alert.Batch{Now: h.now}
	for range 1 + h.rng.IntN(8) {
		b.Findings = append(b.Findings, h.pool[h.rng.IntN(len(h.pool))])
	}
	h.both("commit", func(_ int, s alert.Store) (any, error) {
		c, err := s.Commit(h.t.Context(), b)
		slices.Sort(c.Alerts)
		return c, err
	})
}

func (h *history) claim() {
	sink, lease := []string{"pager", "chat"}[h.rng.IntN(2)], []time.Duration{time.Second, time.Minute}[h.rng.IntN(2)]
	h.both("claim for "+sink, func(i int, s alert.Store) (any, error) {
		ds, err := s.Claim(h.t.Context(), sink, 1000, h.now, lease)
		for k := range ds {
			h.held[i][ds[k].ID] = ds[k]
			ds[k].Of = nil
		}
		slices.SortFunc(ds, func(a, b alert.Delivery) int { return strings.Compare(a.ID, b.ID) })
		return ds, err
	})
}

func (h *history) settle() {
	for _, id := range sorted(h.held[0]) {
		if h.rng.IntN(3) == 0 {
			continue // its holder never says
		}
		o := []alert.Outcome{
			{Class: alert.OK, Receipt: []byte("thread " + id)}, {Class: alert.OK}, {Class: alert.OK},
			{Class: alert.Retry, Unsure: h.rng.IntN(2) == 0, Reason: "503"}, {Class: alert.Retry, NotUntil: h.now.Add(time.Hour)},
			{Class: alert.Reject, Reason: "400"}, {Class: alert.Auth, Reason: "401"},
		}[h.rng.IntN(7)]
		h.both("settle "+string(o.Class), func(i int, s alert.Store) (any, error) {
			d := h.held[i][id]
			delete(h.held[i], id)
			return nil, s.Settle(h.t.Context(), d, o, h.now)
		})
	}
}

func sorted[V any](m map[string]V) (keys []string) {
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func (h *history) act() {
	page, _, err := h.stores[0].Alerts(h.t.Context(), alert.Query{Limit: 1000})
	if err != nil || len(page) == 0 {
		return
	}
	id := page[h.rng.IntN(len(page))].ID
	did := []string{alert.DidAcknowledge, alert.DidResolve, alert.DidReopen, alert.DidNote}[h.rng.IntN(4)]
	h.both(did, func(_ int, s alert.Store) (any, error) {
		return s.Act(h.t.Context(), id, alert.Action{Did: did, By: "alice", Text: "seen", Now: h.now})
	})
}

func (h *history) pass() {
	h.now = h.now.Add([]time.Duration{time.Millisecond, time.Second, time.Minute, 10 * time.Minute, time.Hour, 26 * time.Hour}[h.rng.IntN(6)])
}

func (h *history) silence() {
	id := fmt.Sprint("silence-", h.rng.IntN(3))
	if h.rng.IntN(3) == 0 {
		h.both("end of a silence", func(_ int, s alert.Store) (any, error) { return nil, s.EndSilence(h.t.Context(), id, h.now) })
		return
	}
	sil := alert.Silence{ID: id, Match: []alert.Label{{Name: "rule", Value: fmt.Sprint("rule-", h.rng.IntN(4))}}, Owner: "bob", Reason: "move",
		From: h.now.Add(time.Duration(h.rng.IntN(2)) * time.Hour), To: h.now.Add(time.Duration(2+h.rng.IntN(5)) * time.Hour)}
	h.both("silence", func(_ int, s alert.Store) (any, error) { return s.Silence(h.t.Context(), sil) })
}

func (h *history) change() {
	h.policy.Store(h.anyPolicy())
	h.both("reschedule", func(_ int, s alert.Store) (any, error) { return s.Reschedule(h.t.Context(), h.now) })
}

func (h *history) put() {
	d := alert.Notice{Key: fmt.Sprint("notice ", h.rng.IntN(3)), Headline: "Look"}.Delivery("pager", h.now)
	h.both("put", func(_ int, s alert.Store) (any, error) { return nil, s.Put(h.t.Context(), d) })
}

func (h *history) dead() {
	var ids []string
	h.both("dead letters", func(_ int, s alert.Store) (any, error) {
		ds, _, err := s.Dead(h.t.Context(), "", 1000, "")
		slices.SortFunc(ds, func(a, b alert.Delivery) int { return strings.Compare(a.ID, b.ID) })
		ids = nil
		for _, d := range ds {
			ids = append(ids, d.ID)
		}
		return ds, err
	})
	again := h.rng.IntN(3) > 0
	ids = ids[:h.rng.IntN(len(ids)+1)]
	h.both("what becomes of dead letters", func(_ int, s alert.Store) (any, error) {
		if again {
			return s.Retry(h.t.Context(), ids, h.now)
		}
		return s.Drop(h.t.Context(), ids, "alice", "gone", h.now)
	})
}

func (h *history) purge() {
	k := alert.Keeping{Alerts: []time.Duration{0, 7 * 24 * time.Hour}[h.rng.IntN(2)], Findings: []time.Duration{0, 24 * time.Hour}[h.rng.IntN(2)]}
	h.both("purge", func(_ int, s alert.Store) (any, error) { return s.Purge(h.t.Context(), k, h.now) })
}

// look reads all that there is.
func (h *history) look() {
	h.both("alerts", func(_ int, s alert.Store) (any, error) {
		page, _, err := s.Alerts(h.t.Context(), alert.Query{Limit: 1000})
		return append([]*alert.Alert{}, page...), err
	})
	h.both("backlog", func(_ int, s alert.Store) (any, error) { return s.Backlog(h.t.Context()) })
	h.both("silences", func(_ int, s alert.Store) (any, error) { return s.Silences(h.t.Context()) })
}

// flaky is a table whose calls fail now and then when all tries are used up, before
// they did anything or after.
type flaky struct {
	table
	mu  sync.Mutex
	rng *rand.Rand
}

var errFlaky = errors.New("no answer")

func (f *flaky) fails() (before, after bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := f.rng.IntN(24)
	return n == 0, n == 1
}

func (f *flaky) get(ctx context.Context, keys []key) (map[key]item, error) {
	if before, _ := f.fails(); before {
		return nil, errFlaky
	}
	return f.table.get(ctx, keys)
}

func (f *flaky) query(ctx context.Context, q query, yield func(item) bool) error {
	if before, _ := f.fails(); before {
		return errFlaky
	}
	return f.table.query(ctx, q, yield)
}

func (f *flaky) write(ctx context.Context, ops []op) error { return f.doing(ctx, ops, f.table.write) }
func (f *flaky) put(ctx context.Context, ops []op) error   { return f.doing(ctx, ops, f.table.put) }

func (f *flaky) doing(ctx context.Context, ops []op, do func(context.Context, []op) error) error {
	before, after := f.fails()
	if before {
		return errFlaky
	}
	if err := do(ctx, ops); err != nil || !after {
		return err
	}
	return errFlaky
}

// Several writers get the same findings in orders of their own, tell what is due,
// and lose calls on the way. In the end the alerts are those of one undisturbed
// commit to SQLite, and each was told whole.
func TestWritersWhoLoseCallsEndAsSQLiteDoes(t *testing.T) {
	seed := seeds.Of(t)
	for n := range uint64(6) {
		rng := rand.New(rand.NewPCG(seed, n))
		pool, base := findings(rng, 150), newMemory(0)
		var all sync.WaitGroup
		for w := range uint64(3) {
			all.Go(func() {
				rng := rand.New(rand.NewPCG(seed+w+1, n))
				work(t, newStore(&flaky{table: base, rng: rng}, Options{Policy: toPager}), rand.New(rand.NewPCG(seed+w+100, n)), pool)
			})
		}
		all.Wait()
		s := newStore(base, Options{Policy: toPager})
		got := drained(t, s)
		undisturbed, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "alerts.db"), sqlite.Options{Policy: toPager})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := undisturbed.Commit(t.Context(), alert.Batch{Findings: pool, Now: storetest.Noon()}); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(drained(t, undisturbed), got); diff != "" {
			t.Errorf("run %d (-sqlite +dynamodb):\n%s", n, diff)
		}
		if err := undisturbed.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// work commits all findings in some order, each batch until it is taken, and tells
// what is due, of which some is lost.
func work(t *testing.T, s *Store, rng *rand.Rand, pool []alert.Finding) {
	fs, now := slices.Clone(pool), storetest.Noon()
	rng.Shuffle(len(fs), func(i, j int) { fs[i], fs[j] = fs[j], fs[i] })
	for len(fs) > 0 {
		size := min(1+rng.IntN(12), len(fs))
		for {
			if _, err := s.Commit(t.Context(), alert.Batch{Findings: fs[:size], Now: now}); err == nil {
				break
			}
		}
		fs, now = fs[size:], now.Add(time.Minute)
		ds, err := s.Claim(t.Context(), "pager", 5, now, 90*time.Second)
		if err != nil {
			continue // what it leased is due again when the lease is over
		}
		for _, d := range ds {
			a, err := s.Alert(t.Context(), d.Alert)
			if err != nil {
				continue
			}
			d.Count = a.Count
			_ = s.Settle(t.Context(), d, alert.Outcome{Class: alert.OK}, now) // when it fails, the message is told again
		}
	}
}

// drained are the alerts once everything is told.
func drained(t *testing.T, s alert.Store) string {
	t.Helper()
	now := storetest.Noon().Add(24 * time.Hour)
	for range 50 {
		ds, err := s.Claim(t.Context(), "pager", 1000, now, time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range ds {
			a, err := s.Alert(t.Context(), d.Alert)
			if err != nil {
				t.Fatal(err)
			}
			d.Count = a.Count
			if err := s.Settle(t.Context(), d, alert.Outcome{Class: alert.OK}, now); err != nil {
				t.Fatal(err)
			}
		}
		if now = now.Add(2 * time.Hour); len(ds) == 0 {
			break
		}
	}
	page, _, err := s.Alerts(t.Context(), alert.Query{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range page {
		if len(a.Told) != 1 || a.Told[0].Count != a.Count {
			t.Errorf("alert %s: %d findings, told %+v", a.ID[:8], a.Count, a.Told)
		}
		a.Created, a.Updated, a.Version, a.Told = time.Time{}, time.Time{}, 0, nil
	}
	text, err := json.MarshalIndent(page, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

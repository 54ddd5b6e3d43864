package assemble_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/alert/sqlite"
	"github.com/trailwarden/trailwarden/alert/storetest"
	"github.com/trailwarden/trailwarden/assemble"
	"github.com/trailwarden/trailwarden/assemble/home"
	"github.com/trailwarden/trailwarden/config"
	"github.com/trailwarden/trailwarden/deliver"
	"github.com/trailwarden/trailwarden/severity"
	"github.com/trailwarden/trailwarden/sink"
	"github.com/trailwarden/trailwarden/sink/egress"
	"github.com/trailwarden/trailwarden/sink/servicenow"
	"github.com/trailwarden/trailwarden/sink/sinktest"
)

// races is how many alerts two workers race for.
const races = 200

// F57: two workers on one store, whose leases end at once so that both hold
// every delivery, and an instance whose index lags: each alert has exactly one
// active incident, and none was ever opened beside it.
func TestTwoWorkersOpenOneIncident(t *testing.T) {
	fake := sinktest.NewServiceNow(t)
	fake.Lag = func(n int) int { return n % 4 }
	path := filepath.Join(t.TempDir(), "alerts.db")
	policy := func() *alert.Policy {
		return &alert.Policy{Routes: []alert.Route{{Sinks: []string{"now"}}}, Sinks: map[string]alert.SinkPolicy{"now": {Quota: 1_000_000}}}
	}
	var stores []*sqlite.Store
	for range 2 {
		s, err := sqlite.Open(t.Context(), path, sqlite.Options{Policy: policy})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = s.Close() }()
		stores = append(stores, s)
	}
	commitAlerts(t, stores[0], races)
	var all sync.WaitGroup
	for i, s := range stores {
		all.Go(func() {
			if err := drainFor(t, s, fake, fmt.Sprint("worker ", i)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	byKey := map[string]int{}
	for _, r := range fake.Incidents("") {
		byKey[r.Fields["correlation_id"]]++
	}
	for key, n := range byKey {
		if n != 1 {
			t.Errorf("%.12s: %d incidents", key, n)
		}
	}
	if len(byKey) != races {
		t.Errorf("%d alerts have incidents, want %d", len(byKey), races)
	}
}

func commitAlerts(t *testing.T, s *sqlite.Store, n int) {
	t.Helper()
	var fs []alert.Finding
	for i := range n {
		fs = append(fs, storetest.Finding(storetest.Rule("raced", severity.High), storetest.Event{ID: fmt.Sprint(i), Role: fmt.Sprint("role-", i)}))
	}
	c, err := s.Commit(t.Context(), alert.Batch{Findings: fs, Now: time.Now()})
	if err != nil || c.New != n {
		t.Fatalf("%+v, %v", c, err)
	}
}

// drainFor is one worker with a ledger in the store.
func drainFor(t *testing.T, s *sqlite.Store, fake *sinktest.ServiceNow, name string) error {
	a := assemble.New(config.Default(), options())
	a.Share(s)
	to, err := servicenow.New(servicenow.Config{
		Instance: fake.URL, Username: sink.Fixed(fake.User), Password: sink.Fixed(fake.Password),
		Ledger: a.Ledger("now"), Wait: func(context.Context, time.Duration) { time.Sleep(time.Millisecond) },
	}, egress.New(egress.Options{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}), time.Now)
	if err != nil {
		return err
	}
	builder, err := a.Builder(t.Context())
	if err != nil {
		return err
	}
	o := a.Dispatcher(nil, builder)
	o.Store, o.Lease, o.Now, o.Jitter = s, 5*time.Millisecond, time.Now, func() float64 { return 0 }
	o.Log, o.Poll = slog.New(slog.DiscardHandler), time.Millisecond
	o.Targets = []deliver.Target{{Name: "now", Sink: to, PerSecond: 1e6}}
	d, err := deliver.New(o)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for {
		left, err := d.Drain(ctx, 0)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if left["now"] == 0 || ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// The store that a configuration names is what its sinks agree by, also after a
// reload.
func TestLedgerIsOfTheStore(t *testing.T) {
	dir := t.TempDir()
	text := "store: {sqlite: {path: alerts.db}}\n"
	o := options()
	o.Shared = new(assemble.Shared)
	first := assemble.New(parse(t, dir, text), o)
	s, err := home.Open(t.Context(), first, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	reloaded := assemble.New(parse(t, dir, text), o)
	if _, mine, err := first.Ledger("now").Claim(t.Context(), "k", time.Minute); err != nil || !mine {
		t.Fatalf("%t, %v", mine, err)
	}
	if _, mine, err := reloaded.Ledger("now").Claim(t.Context(), "k", time.Minute); err != nil || mine {
		t.Errorf("after a reload: %t, %v", mine, err)
	}
	if _, mine, err := reloaded.Ledger("other").Claim(t.Context(), "k", time.Minute); err != nil || !mine {
		t.Errorf("another sink's: %t, %v", mine, err)
	}
}

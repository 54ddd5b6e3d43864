package deliver_test

import (
	"context"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/alert/sqlite"
	"github.com/trailwarden/trailwarden/alert/storetest"
	"github.com/trailwarden/trailwarden/deliver"
	"github.com/trailwarden/trailwarden/message"
	"github.com/trailwarden/trailwarden/severity"
	"github.com/trailwarden/trailwarden/sink"
)

// call is one message as the receiver saw it.
type call struct {
	at time.Time
	m  *message.Message
}

// receiver is a sink that answers as its script says and keeps a ledger.
type receiver struct {
	traits sink.Traits
	answer func(n int, m *message.Message) alert.Outcome // n counts calls from 1; nil is OK
	hangs  bool                                          // calls end when hang is closed or with their context
	hang   chan struct{}

	mu    sync.Mutex
	calls []call
	got   []call // those that were answered OK
}

func (r *receiver) Traits() sink.Traits { return r.traits }

func (r *receiver) Preview(sink.Notification) (sink.Preview, error) { return sink.Preview{}, nil }

func (r *receiver) Deliver(ctx context.Context, n sink.Notification) alert.Outcome {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := call{time.Now(), n.Message}
	r.calls = append(r.calls, c)
	if r.hangs {
		select {
		case <-r.hang:
		case <-ctx.Done():
			return alert.Outcome{Class: alert.Retry, Unsure: true, Reason: ctx.Err().Error()}
		}
	}
	o := alert.Outcome{Class: alert.OK}
	if r.answer != nil {
		o = r.answer(len(r.calls), n.Message)
	}
	if o.Class == alert.OK {
		r.got = append(r.got, c)
	}
	return o
}

func (r *receiver) ledger() []call {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.got)
}

func (r *receiver) tried() []call {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.calls)
}

// build is a message with just what tests look at.
func build(_ context.Context, a *alert.Alert, d alert.Delivery) (*message.Message, error) {
	m := &message.Message{Kind: d.Kind, Sequence: d.Sequence, MayRepeat: d.MayRepeat, Key: d.Alert, Count: d.Count}
	if a != nil {
		m.Status = a.Status
	}
	m.Summary = string(d.Body)
	return m, nil
}

// world is a dispatcher with its store and sinks, under a clock that tests own.
type world struct {
	t      *testing.T
	s      *sqlite.Store
	policy atomic.Pointer[alert.Policy]
	d      *deliver.Dispatcher
	sinks  map[string]*receiver
	stop   func()
}

// inWorld runs f with a dispatcher at work in a bubble of time.
func inWorld(t *testing.T, sinks map[string]*receiver, change func(*deliver.Options), f func(*world)) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "alerts.db")
	synctest.Test(t, func(t *testing.T) {
		w := &world{t: t, sinks: sinks}
		w.policy.Store(everythingTo(sinks))
		for _, r := range sinks {
			r.hang = make(chan struct{}) // in the bubble
		}
		var err error
		w.s, err = sqlite.Open(context.Background(), path, sqlite.Options{Policy: w.policy.Load})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = w.s.Close() }()
		o := deliver.Options{
			Store: w.s, Build: build, Targets: targets(sinks), Jitter: func() float64 { return 0.999 },
			Poll: time.Minute, Log: slog.New(slog.DiscardHandler),
		}
		if change != nil {
			change(&o)
		}
		if w.d, err = deliver.New(o); err != nil {
			t.Fatal(err)
		}
		w.start()
		defer func() { w.stop() }()
		f(w)
	})
}

func (w *world) start() {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.d.Run(ctx) }()
	w.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			w.t.Errorf("run: %v", err)
		}
	})
}

func targets(sinks map[string]*receiver) (ts []deliver.Target) {
	for name, r := range sinks {
		ts = append(ts, deliver.Target{Name: name, Sink: r})
	}
	return ts
}

func everythingTo(sinks map[string]*receiver) *alert.Policy {
	p := &alert.Policy{Sinks: map[string]alert.SinkPolicy{}}
	r := alert.Route{}
	for name := range sinks {
		r.Sinks = append(r.Sinks, name)
		p.Sinks[name] = alert.SinkPolicy{Lifecycle: true}
	}
	slices.Sort(r.Sinks)
	p.Routes = []alert.Route{r}
	return p
}

// find commits a finding of its own alert, or of the named role's.
func (w *world) find(id, role string) string {
	w.t.Helper()
	f := storetest.Finding(storetest.Rule("r", severity.High), storetest.Event{ID: id, Role: role, At: time.Now().Truncate(24 * time.Hour)})
	c, err := w.s.Commit(context.Background(), alert.Batch{Findings: []alert.Finding{f}, Now: time.Now()})
	if err != nil {
		w.t.Fatal(err)
	}
	w.d.Wake()
	return c.Alerts[0]
}

// pass lets time go by.
func pass(d time.Duration) {
	time.Sleep(d) // of the bubble: it takes none
	synctest.Wait()
}

func (w *world) backlog() (n int64) {
	w.t.Helper()
	counts, err := w.s.Backlog(context.Background())
	if err != nil {
		w.t.Fatal(err)
	}
	for _, c := range counts {
		n += c
	}
	return n
}

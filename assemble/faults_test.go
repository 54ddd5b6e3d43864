package assemble_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/alert/sqlite"
	"github.com/trailwarden/trailwarden/alert/storetest"
	"github.com/trailwarden/trailwarden/assemble"
	"github.com/trailwarden/trailwarden/config"
	"github.com/trailwarden/trailwarden/deliver"
	"github.com/trailwarden/trailwarden/severity"
)

// moody answers requests as told, in order, and then that all is well.
type moody struct {
	mu      sync.Mutex
	answers []func(http.ResponseWriter)
	keys    []string // of messages that were answered well
	bodies  []string
	times   []time.Time
}

func (m *moody) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.mu.Lock()
	defer m.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	m.times, m.bodies = append(m.times, time.Now()), append(m.bodies, string(body))
	if len(m.answers) > 0 {
		next := m.answers[0]
		m.answers = m.answers[1:]
		next(w)
		return
	}
	m.keys = append(m.keys, r.Header.Get("Idempotency-Key"))
	fmt.Fprint(w, "ok")
}

func (m *moody) took() (n int, last string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.bodies) > 0 {
		last = m.bodies[len(m.bodies)-1]
	}
	return len(m.keys), last
}

func says(code int, header ...string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(code)
	}
}

// cut ends the connection without an answer.
func cut(http.ResponseWriter) { panic(http.ErrAbortHandler) }

// scene is two real webhook sinks behind one dispatcher and store.
type scene struct {
	t           *testing.T
	first, next *moody
	store       *sqlite.Store
	dispatcher  *deliver.Dispatcher
	assembly    *assemble.Assembly
}

func newScene(t *testing.T, answers ...func(http.ResponseWriter)) *scene {
	t.Helper()
	s := &scene{t: t, first: &moody{answers: answers}, next: &moody{}}
	for name, m := range map[string]*moody{"TW_FIRST": s.first, "TW_NEXT": s.next} {
		server := httptest.NewServer(m)
		server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
		t.Cleanup(server.Close)
		t.Setenv(name, server.URL)
	}
	cfg := parse(t, t.TempDir(), `
sinks:
  first: {webhook: {url: env:TW_FIRST, allow_private: [127.0.0.0/8]}}
  next: {webhook: {url: env:TW_NEXT, allow_private: [127.0.0.0/8]}}
routes: [{sinks: [first]}]
serve: {health_sinks: [first, next]}
`)
	s.assembly = assemble.New(cfg, assemble.Options{LoadAWS: noAWS, Secrets: &config.Secrets{Now: time.Now}})
	s.start(cfg)
	return s
}

func (s *scene) start(cfg *config.Config) {
	s.t.Helper()
	sinks, err := s.assembly.Sinks(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	policy := s.assembly.Policy(sinks)
	if s.store, err = sqlite.Open(s.t.Context(), filepath.Join(s.t.TempDir(), "a.db"), sqlite.Options{Policy: func() *alert.Policy { return policy }}); err != nil {
		s.t.Fatal(err)
	}
	builder, err := s.assembly.Builder(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	o := s.assembly.Dispatcher(sinks, builder)
	o.Store, o.Poll, o.Log, o.Jitter = s.store, 10*time.Millisecond, slog.New(slog.DiscardHandler), func() float64 { return 0.01 }
	if s.dispatcher, err = deliver.New(o); err != nil {
		s.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.dispatcher.Run(ctx) }()
	s.t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			s.t.Error(err)
		}
		_ = s.store.Close()
	})
}

func (s *scene) alerts(n int) {
	var fs []alert.Finding
	for i := range n {
		fs = append(fs, storetest.Finding(storetest.Rule("r", severity.High), storetest.Event{ID: fmt.Sprint(i), Role: fmt.Sprint("role-", i)}))
	}
	if _, err := s.store.Commit(s.t.Context(), alert.Batch{Findings: fs, Now: time.Now()}); err != nil {
		s.t.Fatal(err)
	}
	s.dispatcher.Wake()
}

// until waits for something that must come.
func (s *scene) until(what string, is func() bool) {
	s.t.Helper()
	for deadline := time.Now().Add(time.Minute); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			s.t.Fatalf("never: %s", what)
		}
	}
}

// F50 to F54 through a real sink: waits that are asked for, failures, lost
// answers and refusals end with every message delivered or in the dead letter,
// and no more than one sending beside each lost answer.
func TestFaultsThroughARealSink(t *testing.T) {
	for name, c := range map[string]struct {
		answers []func(http.ResponseWriter)
		taken   int // of two messages
		dead    int
		least   time.Duration // between the first request and the second
	}{
		"a wait in seconds":        {[]func(http.ResponseWriter){says(429, "Retry-After", "1")}, 2, 0, 900 * time.Millisecond},
		"a wait that is absent":    {[]func(http.ResponseWriter){says(429)}, 2, 0, 0},
		"a wait that is no number": {[]func(http.ResponseWriter){says(429, "Retry-After", "soon")}, 2, 0, 0},
		"failures":                 {[]func(http.ResponseWriter){says(500), says(502), says(503)}, 2, 0, 0},
		"lost answers":             {[]func(http.ResponseWriter){cut, cut}, 2, 0, 0},
		"one refused":              {[]func(http.ResponseWriter){says(400)}, 1, 1, 0},
		"a redirect":               {[]func(http.ResponseWriter){says(302, "Location", "http://169.254.169.254/")}, 1, 1, 0},
		"there already":            {[]func(http.ResponseWriter){says(409)}, 1, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, c.answers...)
			s.alerts(2)
			s.until("all is settled", func() bool {
				n, _ := s.first.took()
				left, err := s.store.Backlog(t.Context())
				dead, _, err2 := s.store.Dead(t.Context(), "first", 10, "")
				return err == nil && err2 == nil && n >= c.taken && left["first"] == 0 && len(dead) == c.dead
			})
			if n, _ := s.first.took(); n != c.taken {
				t.Errorf("%d taken, want %d", n, c.taken)
			}
			if keys := slices.Clone(s.first.keys); len(slices.Compact(slices.Sorted(slices.Values(keys)))) != len(keys) {
				t.Errorf("some message was taken twice: %q", keys)
			}
			if c.least > 0 && s.first.times[1].Sub(s.first.times[0]) < c.least {
				t.Errorf("asked again after %s, want %s or more", s.first.times[1].Sub(s.first.times[0]), c.least)
			}
		})
	}
}

// F55: refused credentials pause the sink, another sink hears of it, and after
// a reload every message arrives.
func TestRefusedCredentialsPauseUntilReload(t *testing.T) {
	s := newScene(t, says(401), says(401))
	s.alerts(3)
	s.until("the other sink hears of it", func() bool {
		n, last := s.next.took()
		return n > 0 && strings.Contains(last, "refuses our credentials")
	})
	if n, _ := s.first.took(); n != 0 {
		t.Errorf("%d messages taken while refused", n)
	}
	s.first.mu.Lock()
	s.first.answers = nil
	s.first.mu.Unlock()
	sinks, err := s.assembly.Sinks(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.dispatcher.Reload(s.assembly.Targets(sinks)); err != nil {
		t.Fatal(err)
	}
	s.until("all arrive", func() bool { n, _ := s.first.took(); return n == 3 })
}

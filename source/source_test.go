package source_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/trailwarden/trailwarden/source"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// What a handler's error means to a source.
func TestDone(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		done bool
	}{
		"nothing":         {nil, true},
		"poison":          {&source.Poison{Reason: "x"}, true},
		"wrapped poison":  {fmt.Errorf("y: %w", &source.Poison{Reason: "x", Err: io.EOF}), true},
		"any other":       {errors.New("x"), false},
		"overloaded":      {source.ErrOverloaded, false},
		"stopping":        {source.ErrEnds, false},
		"a panic":         {&source.Panicked{Value: 1}, false},
		"a missing right": {&source.Denied{}, false},
	} {
		if source.Done(c.err) != c.done {
			t.Errorf("%s: %v", name, !c.done)
		}
	}
}

// A handler that panics fails alone.
func TestPanic(t *testing.T) {
	var m source.Monitor
	err := m.Handle(t.Context(), func(context.Context, source.Delivery) error { panic("boom") }, source.Delivery{})
	var p *source.Panicked
	if !errors.As(err, &p) || p.Value != "boom" || len(p.Stack) == 0 {
		t.Errorf("got %v", err)
	}
	if h := m.Health(); h.Returned != 1 || h.InFlight != 0 {
		t.Errorf("health %+v", h)
	}
}

// Counters balance whatever happens, and a fault lasts until upstream answers.
func TestHealth(t *testing.T) {
	at := time.Unix(1000, 0)
	m := source.Monitor{Now: func() time.Time { return at }}
	for _, err := range []error{nil, nil, source.ErrOverloaded, errors.New("x"), &source.Poison{}} {
		_ = m.Handle(t.Context(), func(context.Context, source.Delivery) error { return err }, source.Delivery{})
	}
	h := m.Health()
	if h.Received != 5 || h.Acknowledged != 2 || h.Poisoned != 1 || h.Returned != 2 || h.Overloaded != 1 || h.InFlight != 0 || !h.LastDelivery.Equal(at) {
		t.Errorf("health %+v", h)
	}
	m.Failed(errors.New("one"))
	at = time.Unix(2000, 0)
	m.Failed(errors.New("two"))
	m.Failed(context.Canceled)
	if h := m.Health(); h.Fault.Error() != "two" || !h.Since.Equal(time.Unix(1000, 0)) || h.Faults != 2 {
		t.Errorf("health %+v", h)
	}
	m.Reached()
	if h := m.Health(); h.Fault != nil || !h.Since.IsZero() || !h.LastSuccess.Equal(at) {
		t.Errorf("health %+v", h)
	}
}

// Deliver tries again, counts its tries, and knows what is no try.
func TestDeliver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var m source.Monitor
		errs := []error{errors.New("x"), source.ErrOverloaded, &source.Denied{}, errors.New("x"), errors.New("x"), &source.Poison{}}
		var receives []int
		err := m.Deliver(t.Context(), t.Context(), func(_ context.Context, d source.Delivery) error {
			receives = append(receives, d.Receives)
			if d.LastTry() != (d.Receives >= 3) || d.Exhausted() != (d.Receives > 3) {
				t.Errorf("%+v", d)
			}
			return errs[len(receives)-1]
		}, source.Delivery{}, source.Retry{})
		if err != nil || fmt.Sprint(receives) != "[1 2 2 2 3 4]" {
			t.Errorf("%v, %v", receives, err)
		}
		err = m.Deliver(t.Context(), t.Context(), func(context.Context, source.Delivery) error { return &source.Denied{} }, source.Delivery{}, source.Retry{Aside: true})
		var denied *source.Denied
		if !errors.As(err, &denied) {
			t.Errorf("got %v", err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		if err := m.Deliver(ctx, t.Context(), func(context.Context, source.Delivery) error { return errors.New("x") }, source.Delivery{}, source.Retry{}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	})
}

// F9, F40: waits grow, stay within bounds, differ, and are never negative.
func TestBackoff(t *testing.T) {
	b := source.Backoff{Base: 100 * time.Millisecond, Most: 10 * time.Second}
	seen := map[time.Duration]bool{}
	for n := 1; n < 200; n++ {
		full := b.Most
		if n < 8 {
			full = min(full, b.Base<<(n-1))
		}
		d := b.After(n)
		if d < full/2 || d > full {
			t.Errorf("after %d failures %v", n, d)
		}
		seen[d] = true
	}
	if len(seen) < 150 {
		t.Errorf("only %d different waits", len(seen))
	}
	if d := (source.Backoff{}).After(1); d < 0 {
		t.Errorf("no backoff: %v", d)
	}
}

// Work in hand may finish within the grace, and no later.
func TestGraceful(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		soft, end := source.Graceful(ctx, 5*time.Second)
		start := time.Now()
		cancel()
		if soft.Err() != nil {
			t.Error("ended at once")
		}
		<-soft.Done()
		if d := time.Since(start); d != 5*time.Second {
			t.Errorf("ended after %v", d)
		}
		end()
		soft, end = source.Graceful(t.Context(), time.Hour)
		end()
		<-soft.Done()
	})
}

// What was seen is known after a restart, and forgotten by age.
func TestSeen(t *testing.T) {
	s := source.NewSeen(3)
	for i, id := range []string{"a", "b", "c", "d"} {
		s.Note(id, time.Unix(int64(1000+i), 0))
	}
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	back := source.NewSeen(3)
	if err := json.Unmarshal(text, back); err != nil {
		t.Fatal(err)
	}
	back.Forget(time.Unix(1001, 0))
	for id, want := range map[string]bool{"a": false, "b": true, "c": true, "d": false} {
		if back.Has(id) != want {
			t.Errorf("%s: %v", id, !want)
		}
	}
	for _, bad := range []string{`1`, `"x"`, `"AAAA"`} {
		if json.Unmarshal([]byte(bad), source.NewSeen(3)) == nil {
			t.Errorf("%s is accepted", bad)
		}
	}
}

// A reader remembers what ended it.
func TestTracked(t *testing.T) {
	good := &source.Tracked{R: strings.NewReader("x")}
	if _, err := io.ReadAll(good); err != nil || good.Err() != nil {
		t.Errorf("%v, %v", err, good.Err())
	}
	bad := &source.Tracked{R: io.MultiReader(strings.NewReader("x"), failing{})}
	if _, err := io.ReadAll(bad); !errors.Is(bad.Err(), err) || bad.Err() == nil {
		t.Errorf("%v, %v", err, bad.Err())
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("broken") }

func TestMemoryCursor(t *testing.T) {
	var c source.MemoryCursor
	if b, err := c.Load(t.Context(), "x"); err != nil || b != nil {
		t.Errorf("%q, %v", b, err)
	}
	p := []byte("1")
	_ = c.Save(t.Context(), "x", p)
	p[0] = '2'
	if b, _ := c.Load(t.Context(), "x"); string(b) != "1" {
		t.Errorf("%q", b)
	}
}

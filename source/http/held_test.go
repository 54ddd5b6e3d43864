package http_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/trailwarden/trailwarden/source"
	"github.com/trailwarden/trailwarden/source/http"
)

// shelf is a source.Shelf in memory.
type shelf struct {
	mu   sync.Mutex
	all  map[string][]byte
	full error
}

func (s *shelf) Put(_ context.Context, name string, data []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.full != nil {
		return s.full
	}
	if s.all[name] = bytes.Clone(data); data == nil {
		delete(s.all, name)
	}
	return nil
}

func (s *shelf) Each(_ context.Context, prefix string, yield func(string, []byte) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(s.all)) {
		if strings.HasPrefix(name, prefix) {
			if err := yield(name, s.all[name]); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *shelf) size() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.all)
}

func (d *desk) failing(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fail = err
}

func (d *desk) until(what string, ok func() bool) {
	d.t.Helper()
	for end := time.Now().Add(time.Minute); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			d.t.Fatal(what + " did not happen")
		}
	}
}

// P1, F42: a push that announces what may not be read is not lost when SNS has
// tried often enough: it is kept, also over a restart, and handled as soon as it
// can be. So is what other clients post.
func TestWhatFailsIsKept(t *testing.T) {
	k := keys()
	kept := &shelf{all: map[string][]byte{"http/push/of another source/x": []byte("{}")}}
	on := func(o *http.Options) { o.Shelf, o.Denied = kept, time.Millisecond }
	denied := &source.Denied{Object: source.Object{Bucket: "trail-logs", Key: "k"}, Code: "AccessDenied", Do: "allow it"}

	d := newDesk(t, on)
	d.failing(denied)
	if w := d.post(note().signed(k.signer).body()); w.Code != 200 {
		t.Fatalf("answer %d", w.Code)
	}
	if w := d.post(note().signed(k.signer).body()); w.Code != 200 || kept.size() != 2 {
		t.Errorf("the same again: answer %d, %d on the shelf", w.Code, kept.size())
	}
	if w := d.post([]byte(`{"s3Bucket":"trail-logs","s3ObjectKey":["k2"]}`), "X-Api-Key", "s3cret-key"); w.Code != 200 {
		t.Errorf("of another client: answer %d", w.Code)
	}
	d.until("a count of what is kept", func() bool { return d.src.Health().Held == 2 })
	if f := d.src.Health().Fault; f != nil {
		t.Errorf("the endpoint itself is well: %v", f)
	}

	var mu sync.Mutex
	got := map[string]string{}
	again := http.New(http.Options{Name: "push", Shelf: kept, Denied: time.Millisecond})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		done <- again.Run(ctx, func(_ context.Context, v source.Delivery) error {
			mu.Lock()
			defer mu.Unlock()
			for _, it := range v.Items {
				got[it.Object.Key] = v.ID
			}
			return nil
		})
	}()
	d.until("another try", func() bool { return kept.size() == 1 })
	if cancel(); <-done != nil {
		t.Error("the run failed")
	}
	if len(got) != 2 || got["k"] != note()["MessageId"] || got["k2"] == "" {
		t.Errorf("handled %v", got)
	}
}

// What there is no room for, and what fails because the server has none or stops,
// is left to its sender.
func TestWhatIsNotKept(t *testing.T) {
	body, key := []byte(`{"s3Bucket":"trail-logs","s3ObjectKey":["k"]}`), []string{"X-Api-Key", "s3cret-key"}
	for name, c := range map[string]struct {
		fail, full error
		before     int // on the shelf
		want, more int
	}{
		"no room in the server":    {fail: fmt.Errorf("x: %w", source.ErrOverloaded), want: 503},
		"the server stops":         {fail: source.ErrEnds, want: 503},
		"no room in the store":     {fail: errors.New("x"), full: errors.New("disk full"), want: 503},
		"no room on the shelf":     {fail: &source.Denied{}, before: 5_000, want: 503},
		"it fails, and it is kept": {fail: errors.New("x"), want: 200, more: 1},
	} {
		t.Run(name, func(t *testing.T) {
			kept := &shelf{all: map[string][]byte{}, full: c.full}
			d := newDesk(t, func(o *http.Options) { o.Shelf, o.Denied = kept, time.Hour })
			d.failing(c.fail)
			for i := range c.before {
				if w := d.post(fmt.Appendf(nil, `{"s3Bucket":"trail-logs","s3ObjectKey":["k%d"]}`, i), key...); w.Code != 200 {
					t.Fatalf("answer %d to %d", w.Code, i)
				}
			}
			if w := d.post(body, key...); w.Code != c.want || kept.size() != c.before+c.more {
				t.Errorf("answer %d, want %d; %d on the shelf after %d", w.Code, c.want, kept.size(), c.before)
			}
		})
	}
}

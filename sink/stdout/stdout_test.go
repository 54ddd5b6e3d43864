package stdout_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/internal/visible"
	"github.com/trailwarden/trailwarden/message/messagetest"
	"github.com/trailwarden/trailwarden/sink"
	"github.com/trailwarden/trailwarden/sink/stdout"
)

// A terminal only draws what is written, in either format, and each message of
// JSON is one line.
func TestOutputIsInert(t *testing.T) {
	for _, format := range []stdout.Format{stdout.Text, stdout.JSON} {
		for _, c := range messagetest.All() {
			if strings.HasPrefix(c.Name, "repeated, ") || strings.HasPrefix(c.Name, "report, payload") {
				continue // each payload once
			}
			var out bytes.Buffer
			s, err := stdout.New(stdout.Config{Format: format}, stdout.Deps{Out: &out})
			if err != nil {
				t.Fatal(err)
			}
			if o := s.Deliver(context.Background(), sink.Notification{Message: c.Message}); o.Class != alert.OK {
				t.Fatalf("%s: %+v", c.Name, o)
			}
			for _, r := range out.String() {
				if r != '\n' && r != '\uFFFD' && visible.Hidden(r) {
					t.Errorf("%s %s: %U is written", format, c.Name, r)
					break
				}
			}
			line := strings.TrimSuffix(out.String(), "\n")
			if format == stdout.JSON && (strings.Contains(line, "\n") || !json.Valid([]byte(line))) {
				t.Errorf("%s: not one line of JSON", c.Name)
			}
		}
	}
}

type broken struct{ n int }

func (b broken) Write([]byte) (int, error) { return b.n, errors.New("broken pipe") }

func TestBrokenOutput(t *testing.T) {
	for n, unsure := range map[int]bool{0: false, 10: true} {
		s, err := stdout.New(stdout.Config{}, stdout.Deps{Out: broken{n}})
		if err != nil {
			t.Fatal(err)
		}
		o := s.Deliver(context.Background(), sink.Notification{Message: messagetest.Opened()})
		if o.Class != alert.Retry || o.Unsure != unsure {
			t.Errorf("%+v, want retry, unsure %v", o, unsure)
		}
	}
}

func TestConfigMistakesAreNamed(t *testing.T) {
	if _, err := stdout.New(stdout.Config{Format: "xml"}, stdout.Deps{Out: &bytes.Buffer{}}); err == nil || !strings.Contains(err.Error(), "want text or json") {
		t.Errorf("%v", err)
	}
	if _, err := stdout.New(stdout.Config{}, stdout.Deps{}); err == nil {
		t.Error("no output is no mistake")
	}
}

// Nobody reads: a delivery ends with its context all the same, the next one does not
// write into the midst of the first, and both arrive whole once somebody reads.
func TestNobodyReads(t *testing.T) {
	r, w := io.Pipe()
	s, err := stdout.New(stdout.Config{Format: stdout.JSON}, stdout.Deps{Out: w})
	if err != nil {
		t.Fatal(err)
	}
	for i, unsure := range []bool{true, false} {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		o := s.Deliver(ctx, sink.Notification{Message: messagetest.Opened()})
		cancel()
		if o.Class != alert.Retry || o.Unsure != unsure || !strings.Contains(o.Reason, "nobody reads") {
			t.Errorf("delivery %d: %+v, want a retry, unsure %v", i, o, unsure)
		}
	}
	lines := make(chan string)
	go func() {
		defer close(lines)
		for sc := bufio.NewScanner(r); sc.Scan(); {
			lines <- sc.Text()
		}
	}()
	done := make(chan alert.Outcome)
	go func() { done <- s.Deliver(t.Context(), sink.Notification{Message: messagetest.Opened()}) }()
	for i := range 2 {
		if line := <-lines; !json.Valid([]byte(line)) {
			t.Errorf("line %d is torn: %.100s", i, line)
		}
	}
	if o := <-done; o.Class != alert.OK {
		t.Errorf("%+v, want it written", o)
	}
	w.Close()
	<-lines
}

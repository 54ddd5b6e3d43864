package dynamodb

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/alert/storetest"
	"github.com/trailwarden/trailwarden/severity"
)

var errCut = errors.New("the process is gone")

// cut is a table that a process loses after some writes.
type cut struct {
	table
	left int
}

func (c *cut) write(ctx context.Context, ops []op) error {
	if c.left--; c.left < 0 {
		return errCut
	}
	return c.table.write(ctx, ops)
}

func (c *cut) put(ctx context.Context, ops []op) error {
	if c.left--; c.left < 0 {
		return errCut
	}
	return c.table.put(ctx, ops)
}

// rounds reads every piece of state of a new process and says of which rounds they
// are.
func rounds(t *testing.T, s *Store) (n int64, pieces map[string]int) {
	t.Helper()
	pieces = map[string]int{}
	err := s.State(t.Context(), "w/", func(p alert.Position) error {
		if pieces[string(p.Data)]++; p.Name == "w/clock" {
			n = p.Version
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return n, pieces
}

// What rules remember is more than a transaction takes, and the process ends
// anywhere on the way: whoever comes next finds all of it or nothing, with the
// findings that it brought.
func TestStateIsWholeWhereverAProcessEnds(t *testing.T) {
	for _, findings := range []int{0, 1, 150} {
		for writes := range 12 {
			base := newMemory(0)
			first := newStore(base, Options{Policy: toPager})
			if _, err := first.Commit(t.Context(), stateOf(1, 0)); err != nil {
				t.Fatal(err)
			}
			second := stateOf(2, findings)
			_, err := newStore(&cut{base, writes}, Options{Policy: toPager}).Commit(t.Context(), second)
			if err != nil && !errors.Is(err, errCut) {
				t.Fatal(err)
			}
			n, pieces := rounds(t, newStore(base, Options{Policy: toPager}))
			if len(pieces) != 1 || pieces[fmt.Sprint("round ", n)] != 251 || err == nil && n != 2 {
				t.Errorf("%d findings, ended after %d writes (%v): the clock has version %d, pieces %v", findings, writes, err, n, pieces)
			}
			again := newStore(base, Options{Policy: toPager})
			if n != 2 { // the source is read again
				c, err := again.Commit(t.Context(), second)
				if n, pieces := rounds(t, again); err != nil || c.New+c.Repeated+c.Known != findings || n != 2 || len(pieces) != 1 {
					t.Errorf("%d findings, once more after %d writes: %+v, %v; version %d, pieces %v", findings, writes, c, err, n, pieces)
				}
			}
			if _, err := again.Purge(t.Context(), alert.Keeping{}, second.Now.Add(48*time.Hour)); err != nil {
				t.Fatal(err)
			}
			for pk := range base.parts {
				if strings.HasPrefix(pk, "blob#") {
					t.Errorf("%d findings, ended after %d writes: a journal is left", findings, writes)
				}
			}
		}
	}
}

// A judgement finds more than fits into a transaction with the state that it
// leaves, which may be small or large, and the process ends anywhere on the way:
// then all of what it found is told or nothing, as the state says.
func TestWhatAJudgementFoundIsToldWithItsState(t *testing.T) {
	for _, size := range []struct{ found, pieces, noise, step int }{{40, 1, 0, 1}, {40, 5, 0, 1}, {40, 250, 0, 1}, {16, 5, 360_000, 2}} {
		done := false
		for writes := 0; !done; writes += size.step {
			base := newMemory(0)
			if _, err := newStore(base, Options{Policy: toPager}).Commit(t.Context(), judgement(1, 0, size.pieces, 0)); err != nil {
				t.Fatal(err)
			}
			b := judgement(2, size.found, size.pieces, size.noise)
			_, err := newStore(&cut{base, writes}, Options{Policy: toPager}).Commit(t.Context(), b)
			if done = err == nil; err != nil && !errors.Is(err, errCut) {
				t.Fatal(err)
			}
			mortal(t, base)
			n, pieces := rounds(t, newStore(base, Options{Policy: toPager}))
			if len(pieces) != 1 || pieces[fmt.Sprint("round ", n)] != size.pieces {
				t.Errorf("%+v, ended after %d writes: the clock has version %d, pieces %v", size, writes, n, pieces)
			}
			if got, want := opened(t, base), (n-1)*int64(size.found); got != want {
				t.Errorf("%+v, ended after %d writes: %d alerts, want %d, for the state is of round %d", size, writes, got, want, n)
			}
			if n == 2 {
				continue
			}
			again := newStore(base, Options{Policy: toPager})
			if c, err := again.Commit(t.Context(), b); err != nil || c.New != size.found || c.Queued != size.found {
				t.Errorf("%+v, once more after %d writes: %+v, %v", size, writes, c, err)
			}
		}
	}
}

// mortal holds that what a process leaves of a journal does not stay for ever, though
// nobody calls Purge.
func mortal(t *testing.T, m *memory) {
	t.Helper()
	for pk, part := range m.parts {
		for _, it := range part {
			if least := storetest.Noon().AddDate(0, 6, 0).Unix(); strings.HasPrefix(pk, "blob#") && it.ttl < least {
				t.Errorf("a journal has the time to live %d, want one of half a year or more", it.ttl)
			}
		}
	}
}

// contended is a table where somebody else writes positions all the time.
type contended struct{ table }

func (c contended) write(ctx context.Context, ops []op) error {
	for _, o := range ops {
		if strings.HasPrefix(o.pk, "position#") {
			return errChanged
		}
	}
	return c.table.write(ctx, ops)
}

// A journal is there for as long as the state leads to it, whatever became of the
// position.
func TestAJournalThatCountsIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		base := newMemory(0)
		b := stateOf(1, 1)
		for i := range 20 {
			b.Positions = append(b.Positions, alert.Position{Name: fmt.Sprint("s3/", i), Data: []byte("x")})
		}
		_, err := newStore(contended{base}, Options{Policy: toPager}).Commit(t.Context(), b)
		if !errors.Is(err, alert.ErrConflict) {
			t.Errorf("got %v, want ErrConflict", err)
		}
		if n, pieces := rounds(t, newStore(base, Options{Policy: toPager})); n != 1 || pieces["round 1"] != 251 {
			t.Errorf("the clock has version %d, pieces %v", n, pieces)
		}
	})
}

// opened counts the alerts that wait to be told.
func opened(t *testing.T, of table) int64 {
	t.Helper()
	s := newStore(of, Options{})
	waiting, err := s.Backlog(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	page, _, err := s.Alerts(t.Context(), alert.Query{Limit: 1000})
	if err != nil || int64(len(page)) != waiting["pager"] {
		t.Errorf("%d alerts, %d messages: %v", len(page), waiting["pager"], err)
	}
	return waiting["pager"]
}

// judgement is a batch with as many pieces of state, the last of which is the clock,
// and findings of windows with as many bytes of noise each.
func judgement(round int64, found, pieces, noise int) alert.Batch {
	b := stateOf(round, 0)
	b.State = b.State[len(b.State)-pieces:]
	b.Findings = storetest.Many(storetest.Rule("window", severity.High), found, max(found, 1))
	rng := rand.New(rand.NewPCG(1, 1))
	for i := range b.Findings {
		f := &b.Findings[i]
		f.Detection = &alert.Detection{ID: f.Identity, Group: []alert.Label{{Name: "of", Value: f.Evidence.EventID}}}
		text := make([]byte, noise/4*3)
		for k := range text {
			text[k] = byte(rng.Uint32())
		}
		f.Record = []byte(strings.Replace(string(f.Record), `"eventVersion"`, `"noise":"`+base64.StdEncoding.EncodeToString(text)+`","eventVersion"`, 1))
	}
	return b
}

// stateOf is a batch with 250 pieces and the clock, each of which says the round.
func stateOf(round int64, findings int) alert.Batch {
	b := alert.Batch{Now: storetest.Noon(), Findings: storetest.Many(storetest.Rule("r", severity.High), findings, 10),
		Positions: []alert.Position{{Name: "s3", Data: []byte("x")}}}
	for i := range 251 {
		name := fmt.Sprintf("w/g%03d", i)
		if i == 250 {
			name = "w/clock"
		}
		b.State = append(b.State, alert.Position{Name: name, Data: fmt.Append(nil, "round ", round), Version: round})
	}
	return b
}

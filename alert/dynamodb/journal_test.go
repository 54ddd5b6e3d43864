package dynamodb

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
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
func rounds(t *testing.T, of table) (n int64, pieces map[string]int) {
	t.Helper()
	pieces = map[string]int{}
	s := newStore(of, Options{})
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
			n, pieces := rounds(t, base)
			if len(pieces) != 1 || pieces[fmt.Sprint("round ", n)] != 251 || err == nil && n != 2 {
				t.Errorf("%d findings, ended after %d writes (%v): the clock has version %d, pieces %v", findings, writes, err, n, pieces)
			}
			again := newStore(base, Options{Policy: toPager})
			if n != 2 { // the source is read again
				c, err := again.Commit(t.Context(), second)
				if n, pieces := rounds(t, base); err != nil || c.New+c.Repeated+c.Known != findings || n != 2 || len(pieces) != 1 {
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

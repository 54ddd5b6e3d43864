package memory_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trailwarden/trailwarden/detect/memory"
)

func denied(n float64) []*memory.Spec {
	return []*memory.Spec{{Rule: "denied", Kind: memory.Count, Inputs: inputs(1), Window: 5 * time.Minute, Bounds: memory.AtLeast(n), By: []string{"actor"}}}
}

func hitAt(n int, at time.Duration) *memory.Hit {
	h := &memory.Hit{At: t0.Add(at), Group: memory.AppendValue(nil, []byte("alice")), Ref: fmt.Append(nil, n)}
	h.Key[0], h.Key[9] = byte(n), 1
	return h
}

func step(t *testing.T, e *memory.Engine, hits ...*memory.Hit) memory.Outcome {
	t.Helper()
	ctx := context.Background()
	if err := e.Begin(ctx); err != nil {
		t.Fatal(err)
	}
	for _, h := range hits {
		e.Add(h)
	}
	out, err := e.Step(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// A detection is told as soon as it is true, changed under its ID when more
// comes, and not told again when nothing new came.
func TestEngineTellsAtOnceAndUnderOneID(t *testing.T) {
	e := memory.NewEngine(denied(3), memory.EngineOptions{})
	if out := step(t, e, hitAt(1, 0), hitAt(2, time.Second)); len(out.Detections) != 0 {
		t.Fatal("too early:", out.Detections)
	}
	first := step(t, e, hitAt(3, 2*time.Second)).Detections
	if len(first) != 1 || first[0].Count != 3 || !first[0].Open || first[0].Group[0] != (memory.Label{Name: "actor", Value: "alice"}) {
		t.Fatalf("%+v", first)
	}
	if out := step(t, e, hitAt(3, 2*time.Second), hitAt(1, 0)); len(out.Detections) != 0 {
		t.Errorf("repeated records: %+v", out.Detections)
	}
	more := step(t, e, hitAt(4, 3*time.Second)).Detections
	if len(more) != 1 || more[0].ID != first[0].ID || more[0].Count != 4 {
		t.Errorf("%+v", more)
	}
	// A record from before makes the condition true earlier: the detection that
	// was told is replaced, not doubled.
	moved := step(t, e, hitAt(5, 1500*time.Millisecond)).Detections
	if len(moved) != 2 || moved[0].Withdrawn == moved[1].Withdrawn {
		t.Fatalf("%+v", moved)
	}
	for _, d := range moved {
		if d.Withdrawn && d.ID != first[0].ID || !d.Withdrawn && (d.Count != 5 || len(d.Replaces) != 1 || d.Replaces[0] != first[0].ID) {
			t.Errorf("%+v", d)
		}
	}
}

// What comes later than the bound is counted, and judged among itself.
func TestLateRecordsAreCountedAndJudgedAsLate(t *testing.T) {
	e := memory.NewEngine(denied(2), memory.EngineOptions{})
	step(t, e, hitAt(1, 0), hitAt(2, 3*time.Hour))
	out := step(t, e, hitAt(3, time.Hour), hitAt(4, time.Hour+time.Second))
	if out.Late[0] != 2 || len(out.Detections) != 1 || !out.Detections[0].Late || out.Detections[0].Count != 2 {
		t.Errorf("%d late, %+v", out.Late, out.Detections)
	}
}

// An absence is told once no answer can come in time any more, also after a
// restart and without further hits of the group.
func TestAbsenceIsToldWhenTimeIsOver(t *testing.T) {
	specs := []*memory.Spec{{Rule: "a", Kind: memory.Absence, Inputs: inputs(2), Window: 10 * time.Minute}}
	o := memory.EngineOptions{State: new(memory.Volatile)}
	step(t, memory.NewEngine(specs, o), &memory.Hit{At: t0})
	e := memory.NewEngine(specs, o)
	tell := func(at time.Duration) int {
		if err := e.Begin(context.Background()); err != nil {
			t.Fatal(err)
		}
		e.Observe(t0.Add(at))
		return len(step(t, e).Detections)
	}
	if n := tell(24 * time.Minute); n != 0 {
		t.Error("told before the bound on lateness is over")
	}
	if n := tell(26 * time.Minute); n != 1 {
		t.Errorf("%d detections, want 1", n)
	}
}

// A time that cannot be is not believed: it would make everything else late.
func TestTimesAheadOfTheClockAreNotBelieved(t *testing.T) {
	e := memory.NewEngine(denied(2), memory.EngineOptions{Now: func() time.Time { return t0 }})
	out := step(t, e, hitAt(9, 24*365*time.Hour), hitAt(1, -time.Second), hitAt(2, 0))
	if len(out.Detections) != 1 || out.Late[0] != 0 {
		t.Errorf("%+v", out)
	}
}

// A process may die at any moment, also within a write: with the last saved
// state and the records since, the next one says what an undisturbed one says.
func TestFileStateSurvivesCrashes(t *testing.T) {
	for seed := range tried(20) {
		r := rand.New(rand.NewPCG(seed, 11))
		specs := randomSpecs(r)
		hits := randomHits(r, specs, 40)
		want := memory.Naive(specs, hits, minutesOf(hits), clock)
		if got := crashing(t, r, specs, shuffled(r, hits, memory.DefaultLateness)); !equal(t, seed, "file state", want, got) {
			return
		}
	}
}

func crashing(t *testing.T, r *rand.Rand, specs []*memory.Spec, hits []memory.Hit) []memory.Detection {
	t.Helper()
	ctx, f, path := context.Background(), final{}, filepath.Join(t.TempDir(), "state")
	for len(hits) > 0 {
		s, err := memory.OpenFileState(path)
		if err != nil {
			t.Fatal(err)
		}
		e := someEngine(r, specs, memory.EngineOptions{State: s})
		for range 1 + r.IntN(4) {
			n := min(len(hits), 1+r.IntN(30))
			var batch []*memory.Hit
			for i := range hits[:n] {
				batch = append(batch, &hits[i])
			}
			f.take(step(t, e, batch...))
			hits = hits[n:]
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		tear(t, r, path)
	}
	s, err := memory.OpenFileState(path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	out, err := someEngine(r, specs, memory.EngineOptions{State: s}).Finish(ctx, clock)
	if err != nil {
		t.Fatal(err)
	}
	f.take(out)
	return f.sorted()
}

// tear appends a block that was cut off.
func tear(t *testing.T, r *rand.Rand, path string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	junk := make([]byte, r.IntN(40))
	junk = append(junk, 1, 2, 3)
	if _, err := f.Write(junk); err != nil {
		t.Fatal(err)
	}
}

// Large values take several entries; entries of another writer are a conflict.
func TestStates(t *testing.T) {
	ctx := context.Background()
	file, err := memory.OpenFileState(filepath.Join(t.TempDir(), "s"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for name, s := range map[string]memory.State{"memory": new(memory.Volatile), "file": file} {
		save := func(e ...memory.Entry) error { return s.Save(ctx, e) }
		if err := save(memory.Entry{Key: "a", Data: []byte("1"), Version: 1}, memory.Entry{Key: "b", Data: []byte{}, Version: 1}); err != nil {
			t.Fatal(name, err)
		}
		if err := save(memory.Entry{Key: "c", Data: []byte("x"), Version: 1}, memory.Entry{Key: "a", Data: []byte("2"), Version: 1}); !errors.Is(err, memory.ErrConflict) {
			t.Errorf("%s: %v, want a conflict", name, err)
		}
		if err := save(memory.Entry{Key: "b", Version: 2}, memory.Entry{Key: "a", Data: []byte("3"), Version: 2}); err != nil {
			t.Fatal(name, err)
		}
		got, err := s.Load(ctx, []string{"a", "b", "c", "nobody"})
		if d := cmp.Diff([]memory.Entry{{Key: "a", Data: []byte("3"), Version: 2}}, got); d != "" || err != nil {
			t.Errorf("%s: %v %s", name, err, d)
		}
	}
}

func TestAGroupOfManyHitsTakesSeveralEntries(t *testing.T) {
	state := new(memory.Volatile)
	e := memory.NewEngine(denied(90_000), memory.EngineOptions{State: state})
	var hits []*memory.Hit
	for i := range 40_000 {
		h := hitAt(i, time.Duration(i)*5*time.Millisecond)
		h.Key[1], h.Key[2] = byte(i>>8), byte(i>>16)
		hits = append(hits, h)
	}
	step(t, e, hits...)
	for _, x := range state.Entries() {
		if len(x.Data) > memory.MaxEntry {
			t.Errorf("entry %s has %d bytes", x.Key, len(x.Data))
		}
	}
	again := memory.NewEngine(denied(90_000), memory.EngineOptions{State: state})
	out, err := again.Finish(context.Background(), clock)
	if err != nil || len(out.Detections) != 0 || len(state.Entries()) < 4 {
		t.Errorf("%v, %d detections, %d entries", err, len(out.Detections), len(state.Entries()))
	}
}

// What is told, and when, does not depend on what an Engine has in memory: one
// that reads everything again each time says the same at every step, and nothing
// twice.
func TestReadingAgainTellsNothingElse(t *testing.T) {
	for seed := range tried(20) {
		r := rand.New(rand.NewPCG(seed, 13))
		specs := randomSpecs(r)
		hits := shuffled(r, randomHits(r, specs, 60), memory.DefaultLateness)
		engines := []*memory.Engine{
			memory.NewEngine(specs, memory.EngineOptions{State: new(memory.Volatile)}),
			memory.NewEngine(specs, memory.EngineOptions{State: new(memory.Volatile), Shared: true}),
			memory.NewEngine(specs, memory.EngineOptions{State: new(memory.Volatile), Shared: true}).Small(1 + r.IntN(4)),
			memory.NewEngine(specs, memory.EngineOptions{State: new(memory.Volatile), Groups: 2}).Small(1 + r.IntN(4)),
		}
		for len(hits) > 0 {
			n := min(len(hits), 1+r.IntN(40))
			var batch []*memory.Hit
			for i := range hits[:n] {
				batch = append(batch, &hits[i])
			}
			hits = hits[n:]
			want := step(t, engines[0], batch...)
			for i, e := range engines[1:] {
				if d := cmp.Diff(want.Detections, step(t, e, batch...).Detections); d != "" {
					t.Fatalf("seed %d: engine %d: kept - read again +\n%s", seed, i+1, d)
				}
			}
		}
	}
}

// What a judgement writes is bounded, however many hits a group holds: all of
// them come to little more than the hits themselves.
func TestAJudgementWritesAboutWhatCame(t *testing.T) {
	for _, s := range []*memory.Spec{
		{Rule: "count", Kind: memory.Count, Bounds: memory.AtLeast(90_000), Window: time.Hour},
		{Rule: "distinct", Kind: memory.Distinct, Bounds: memory.AtLeast(90_000), Window: time.Hour},
		{Rule: "first", Kind: memory.FirstSeen, Window: 24 * time.Hour},
	} {
		s.Inputs = inputs(1)
		e := memory.NewEngine([]*memory.Spec{s}, memory.EngineOptions{Lateness: time.Hour})
		const hits, batch = 20_000, 50
		most, all := 0, 0
		for i := 0; i < hits; {
			var some []*memory.Hit
			for range batch {
				h := hitAt(i, time.Duration(i)*500*time.Millisecond)
				h.Key[1], h.Key[2] = byte(i>>8), byte(i>>16)
				h.Value = memory.AppendValue(nil, fmt.Append(nil, "value ", i%7000))
				some, i = append(some, h), i+1
			}
			out := step(t, e, some...)
			n := 0
			for _, x := range out.Changes {
				n += len(x.Data)
			}
			most, all = max(most, n), all+n
		}
		if perHit := all / hits; perHit > 400 {
			t.Errorf("%s: %d bytes written for a hit, %d at most in one judgement", s.Rule, perHit, most)
		} else {
			t.Logf("%s: %d bytes written for a hit, %d at most in one judgement", s.Rule, perHit, most)
		}
	}
}

package storetest

import (
	"encoding/json"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/severity"
)

func testMerge(t *testing.T, h Harness) {
	b := newBench(t, h, toPager())
	c := b.commit(event("1"))
	if c.New != 1 || c.Queued != 1 || len(c.Alerts) != 1 {
		t.Fatalf("got %+v, want one new alert and one message", c)
	}
	first := b.deliver(alert.Opened)
	if first.Sequence != 1 || first.Alert != c.Alerts[0] {
		t.Errorf("got sequence %d of %s", first.Sequence, first.Alert)
	}
	for _, id := range []string{"2", "3", "4"} {
		b.pass(time.Minute)
		b.commit(event(id))
		b.nothing()
	}
	b.now = Noon().Add(time.Hour - time.Millisecond)
	b.nothing()
	b.now = Noon().Add(time.Hour)
	again := b.deliver(alert.Repeated)
	if again.Count != 4 || again.Sequence != 2 {
		t.Errorf("got count %d, sequence %d, want 4 and 2", again.Count, again.Sequence)
	}
	b.pass(24 * time.Hour)
	b.nothing()
	if a := b.alert(first.Alert); a.Count != 4 || a.Told[0].Count != 4 || len(a.Samples) != 4 {
		t.Errorf("got count %d, told %d, %d samples, want 4 each", a.Count, a.Told[0].Count, len(a.Samples))
	}
}

// testInterval is the wish that a changed interval need not wait for old alerts
// to leave.
func testInterval(t *testing.T, h Harness) {
	b := newBench(t, h, toPager())
	b.commit(event("1"))
	b.deliver(alert.Opened)
	b.commit(event("2"))
	shorter := toPager()
	shorter.Routes[0].Repeat = 5 * time.Minute
	b.policy.Store(shorter)
	n, err := b.s.Reschedule(b.ctx, b.now)
	if err != nil || n != 1 {
		t.Fatalf("got %d, %v, want one repeat with a new time", n, err)
	}
	b.pass(5*time.Minute - time.Second)
	b.nothing()
	b.pass(time.Second)
	b.deliver(alert.Repeated)
	b.commit(event("3"))
	b.pass(5 * time.Minute)
	b.deliver(alert.Repeated)
}

// contents are what of an alert must not depend on when findings came.
func contents(t *testing.T, as []*alert.Alert) string {
	t.Helper()
	for _, a := range as {
		a.Created, a.Updated, a.Version, a.Told = time.Time{}, time.Time{}, 0, nil
	}
	text, err := json.MarshalIndent(as, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func testOrder(t *testing.T, h Harness) {
	seeds, n := uint64(20), 400
	if h.Small {
		seeds, n = 3, 60
	}
	input := twoPaths(append(Many(Rule("a", severity.Low), n, 7), Many(Rule("b", severity.High), n/2, 1)...))
	whole := newBench(t, h, toPager())
	whole.commit(input...)
	want := contents(t, whole.all())
	for seed := range seeds {
		rng := rand.New(rand.NewPCG(seed, 1))
		b := newBench(t, h, toPager())
		for fs := disturbed(rng, input); len(fs) > 0; {
			size := min(1+rng.IntN(n/3), len(fs))
			b.commit(fs[:size]...)
			fs = fs[size:]
			b.pass(time.Duration(rng.IntN(60)) * time.Second)
		}
		if diff := cmp.Diff(want, contents(t, b.all())); diff != "" {
			t.Fatalf("seed %d: the alerts differ (-one batch +disturbed):\n%s", seed, diff)
		}
	}
}

// twoPaths adds, to every third finding, the copy that came by another path.
func twoPaths(input []alert.Finding) (fs []alert.Finding) {
	for i, f := range input {
		fs = append(fs, f)
		if i%3 == 0 {
			f.Evidence = alert.Evidence{File: "events/" + f.Evidence.EventID, Record: -1, EventID: f.Evidence.EventID}
			f.Mode = "lambda"
			fs = append(fs, f)
		}
	}
	return fs
}

// disturbed shuffles findings and doubles a tenth of them.
func disturbed(rng *rand.Rand, input []alert.Finding) []alert.Finding {
	var fs []alert.Finding
	for _, f := range input {
		fs = append(fs, f)
		if rng.IntN(10) == 0 {
			fs = append(fs, f)
		}
	}
	rng.Shuffle(len(fs), func(i, j int) { fs[i], fs[j] = fs[j], fs[i] })
	return fs
}

func testReplay(t *testing.T, h Harness) {
	b := newBench(t, h, toPager())
	fs := Many(Rule("a", severity.Low), 30, 3)
	if c := b.commit(fs...); c.New != 3 || c.Repeated != 27 || c.Known != 0 || c.Queued != 3 {
		t.Errorf("first: got %+v", c)
	}
	want, err := json.Marshal(b.all())
	if err != nil {
		t.Fatal(err)
	}
	b.pass(time.Hour)
	if c := b.commit(append(fs, fs...)...); c.New+c.Repeated+c.Queued != 0 || c.Known != 60 || len(c.Alerts) != 0 {
		t.Errorf("again: got %+v, want 60 known", c)
	}
	got, err := json.Marshal(b.all())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("the replay changed alerts:\n%s", diff)
	}
}

func testPositions(t *testing.T, h Harness) {
	b := newBench(t, h, toPager())
	if data, err := b.s.Load(b.ctx, "s3"); err != nil || data != nil {
		t.Fatalf("got %q, %v, want nothing", data, err)
	}
	_, err := b.s.Commit(b.ctx, alert.Batch{
		Now: b.now, Findings: []alert.Finding{event("1")},
		Positions: []alert.Position{{Name: "s3", Data: []byte("object 7, record 12")}},
		State:     []alert.Position{{Name: "window/a/2", Data: []byte("two")}, {Name: "window/a/1", Data: []byte("one")}, {Name: "window/b", Data: []byte("b")}},
	})
	if err != nil {
		t.Fatal(err)
	}
	again := h.Again(t, b.s, b.policy.Load)
	if data, err := again.Load(b.ctx, "s3"); err != nil || string(data) != "object 7, record 12" {
		t.Errorf("position: got %q, %v", data, err)
	}
	if got := states(t, again, "window/a/"); got != "window/a/1=one window/a/2=two " {
		t.Errorf("state: got %q", got)
	}
	if _, err := b.s.Commit(b.ctx, alert.Batch{Now: b.now, State: []alert.Position{{Name: "window/a/1"}}}); err != nil {
		t.Fatal(err)
	}
	if got := states(t, again, "window/"); got != "window/a/2=two window/b=b " {
		t.Errorf("state after one was forgotten: got %q", got)
	}
	if err := b.s.Save(b.ctx, "sqs", []byte("x")); err != nil {
		t.Fatal(err)
	}
	if data, err := again.Load(b.ctx, "sqs"); err != nil || string(data) != "x" {
		t.Errorf("saved position: got %q, %v", data, err)
	}
}

func states(t *testing.T, s alert.Store, prefix string) string {
	t.Helper()
	got := ""
	err := s.State(t.Context(), prefix, func(p alert.Position) error {
		got += p.Name + "=" + string(p.Data) + " "
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

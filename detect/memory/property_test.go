package memory_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/detect"
	"github.com/trailwarden/trailwarden/detect/memory"
)

var t0 = time.Date(2026, 3, 14, 9, 0, 0, 0, time.UTC)

// inputs are n inputs that tests hit by number.
func inputs(n int) (all []memory.Input) {
	for i := range n {
		all = append(all, memory.Input{Name: fmt.Sprint("input ", i), Node: detect.Const(true)})
	}
	return all
}

// randomSpecs are Specs of every kind with settings that few records meet.
func randomSpecs(r *rand.Rand) (all []*memory.Spec) {
	w := func() time.Duration { return time.Duration(1+r.IntN(8)) * time.Minute }
	bound := func() []memory.Bound {
		b := []memory.Bound{{Op: detect.NumOp(r.IntN(5)), Not: r.IntN(8) == 0, Value: float64(r.IntN(5))}}
		if r.IntN(4) == 0 {
			b = append(b, memory.Bound{Op: detect.NumLess, Value: float64(3 + r.IntN(4))})
		}
		return b
	}
	in := func(i int) *memory.Expr { return &memory.Expr{Op: 'i', Input: i} }
	exprs := []*memory.Expr{
		{Op: 'a', Parts: []*memory.Expr{in(0), in(1)}},
		{Op: 'o', Parts: []*memory.Expr{{Op: 'a', Parts: []*memory.Expr{in(0), in(2)}}, in(1)}},
		{Op: 'a', Parts: []*memory.Expr{in(0), {Op: 'n', Parts: []*memory.Expr{in(1)}}}},
	}
	for k := memory.Count; k <= memory.Percentile; k++ {
		all = append(all, &memory.Spec{Kind: k, Inputs: inputs(1 + r.IntN(2)), Window: w(), Bounds: bound(), Percentile: float64(r.IntN(101))})
	}
	all = append(all,
		&memory.Spec{Kind: memory.Count, Inputs: inputs(1), Window: w(), Bounds: memory.AtLeast(float64(2 + r.IntN(5)))},
		&memory.Spec{Kind: memory.Inputs, Inputs: inputs(3), Window: w(), Bounds: memory.AtLeast(float64(2 + r.IntN(2)))},
		&memory.Spec{Kind: memory.Expression, Inputs: inputs(3), Window: w(), Expr: exprs[r.IntN(3)]},
		&memory.Spec{Kind: memory.Ordered, Inputs: inputs(3), Window: w(), Steps: [][]int{{0, 1}, {0, 0, 1}, {0, 1, 0, 2}, {2, 1, 0}, {1, 1, 1}}[r.IntN(5)]},
		&memory.Spec{Kind: memory.Absence, Inputs: inputs(2), Window: w()},
		&memory.Spec{Kind: memory.FirstSeen, Inputs: inputs(1), Window: w(), Warmup: w()},
		&memory.Spec{Kind: memory.Rate, Inputs: inputs(1), Window: 2 * time.Minute, Warmup: 6 * time.Minute,
			Rate: memory.RateSettings{Baseline: 30 * time.Minute, Season: memory.Never, Factor: 1 + r.Float64(), Least: float64(1 + r.IntN(4))}},
		&memory.Spec{Kind: memory.Alarm, Inputs: inputs(1), Alarm: randomAlarm(r)},
		&memory.Spec{Kind: memory.Alarm, Inputs: inputs(2), Alarm: randomAlarm(r)},
		&memory.Spec{Kind: memory.Alarm, Inputs: selecting(r), Alarm: randomAlarm(r)},
	)
	for range 3 {
		all = append(all, randomDifference(r, w()))
	}
	all = append(all, &memory.Spec{Kind: memory.Count, Window: w(), Bounds: memory.AtLeast(2), Inputs: []memory.Input{{From: 5}, {From: 7}}})
	for i, s := range all {
		s.Rule = fmt.Sprintf("%d-%v", i, s.Kind)
	}
	return all
}

// selecting are metric filters of which some take their values from fields of the
// record, each from another.
func selecting(r *rand.Rand) []memory.Input {
	all := inputs(3)
	for i := range all {
		all[i].Amount = float64(i)
		if f := memory.FieldOf(fmt.Sprint("n", i)); i == 0 || r.IntN(2) == 0 {
			all[i].Number = &f
		}
	}
	return all
}

// randomDifference is a sequence some of whose steps differ from an earlier one.
func randomDifference(r *rand.Rand, window time.Duration) *memory.Spec {
	s := &memory.Spec{Kind: memory.Ordered, Inputs: inputs(4), Window: window, Over: []string{"network"}}
	one := []struct {
		steps  []int
		differ memory.Difference
	}{
		{[]int{0, 1}, memory.Difference{From: 0, Steps: []int{1}}},
		{[]int{0, 1, 2}, memory.Difference{From: 0, Steps: []int{1, 2}}},
		{[]int{0, 1, 2}, memory.Difference{From: 0, Steps: []int{2}}},
		{[]int{3, 3, 0, 1, 3}, memory.Difference{From: 2, Steps: []int{3}}},
		{[]int{3, 0, 3, 1, 2}, memory.Difference{From: 1, Steps: []int{3, 4}}},
	}[r.IntN(5)]
	s.Steps, s.Differ = one.steps, &one.differ
	for i := range 3 {
		s.Inputs[i].Value = []memory.Field{memory.FieldOf("network")}
	}
	return s
}

func randomAlarm(r *rand.Rand) *memory.AlarmSettings {
	n := 1 + r.IntN(3)
	a := &memory.AlarmSettings{
		Name: "alarm", Period: []time.Duration{time.Minute, 2 * time.Minute, 30 * time.Second}[r.IntN(3)], Periods: n, Datapoints: 1 + r.IntN(n),
		Statistic: []string{"Sum", "Average", "Maximum", "Minimum", "SampleCount", "p90", "TM(10%:90%)", "tc90", "TS(0:5)", "WM(:2)", "PR(0:2)", "IQM"}[r.IntN(12)],
		Threshold: memory.Bound{Op: detect.NumOp(1 + r.IntN(4)), Value: float64(r.IntN(4))},
		Missing:   []memory.Missing{"", "ignore", "breaching", "notBreaching"}[r.IntN(4)], KeepWhenFew: r.IntN(4) == 0,
	}
	if r.IntN(2) == 0 {
		a.Default = new(float64)
	}
	return a
}

func randomKey(r *rand.Rand) (k cloudtrail.Key) {
	for i := range k {
		k[i] = byte(r.Uint32())
	}
	return k
}

// randomHits are the hits of about n records within an hour.
func randomHits(r *rand.Rand, specs []*memory.Spec, n int) (hits []memory.Hit) {
	for i := range n {
		at, key := t0.Add(time.Duration(r.IntN(1800))*2*time.Second), randomKey(r)
		for s, spec := range specs {
			for in := range spec.Inputs {
				if spec.Inputs[in].Node == nil || r.IntN(3) > 0 {
					continue
				}
				h := memory.Hit{Spec: s, Input: in, At: at, Key: key, Ref: fmt.Append(nil, "r", i)}
				if spec.Kind != memory.Alarm && s != len(specs)-1 && s != 5 && s != 7 && i%2 == 0 {
					h.Group = memory.AppendValue(nil, fmt.Append(nil, "g", i%4))
				}
				if spec.Differ == nil || len(spec.Inputs[in].Value) > 0 {
					h.Value = memory.AppendValue(nil, fmt.Append(nil, "v", (i*7+3)%5))
				}
				h.Number = []float64{0, 1, 2, 5, 0.5, 0.1, 7}[i%7]
				if spec.Kind == memory.Alarm && len(spec.Inputs) > 1 {
					if h.Number = spec.Inputs[in].Amount; spec.Inputs[in].Number != nil {
						h.Number = float64((i + 3*in) % 7)
					}
				}
				hits = append(hits, h)
			}
		}
	}
	return hits
}

func minutesOf(hits []memory.Hit) (all []int64) {
	for _, h := range hits {
		all = append(all, h.At.Unix()/60)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// shuffled is an arrival of hits in which none comes more than the bound behind
// one that is later, with every tenth record repeated by another path.
func shuffled(r *rand.Rand, hits []memory.Hit, bound time.Duration) []memory.Hit {
	type arrival struct {
		h  memory.Hit
		at time.Time
	}
	var all []arrival
	for _, h := range hits {
		all = append(all, arrival{h, h.At.Add(time.Duration(r.Int64N(int64(bound))))})
		if r.IntN(10) == 0 {
			all = append(all, arrival{h, h.At.Add(time.Duration(r.Int64N(int64(bound))))})
		}
	}
	slices.SortFunc(all, func(a, b arrival) int { return a.at.Compare(b.at) })
	var out []memory.Hit
	for _, a := range all {
		out = append(out, a.h)
	}
	return out
}

// final is what is left of all outcomes: the last of each ID, less those
// withdrawn, without what only handing out decides.
type final map[string]memory.Detection

func (f final) take(out memory.Outcome) {
	for _, d := range out.Detections {
		if d.Withdrawn {
			delete(f, d.ID)
			continue
		}
		d.Open, d.Replaces = false, nil
		f[d.ID] = d
	}
}

func (f final) sorted() (all []memory.Detection) {
	for _, d := range f {
		all = append(all, d)
	}
	memory.SortDetections(all)
	return all
}

// clock is when tests end: everything is over by then.
var clock = t0.Add(3 * time.Hour)

// tried is how many seeds are tried: more when MEMORY_SEEDS says so.
func tried(usual uint64) uint64 {
	if n, err := strconv.ParseUint(os.Getenv("MEMORY_SEEDS"), 10, 32); err == nil {
		return n
	}
	return usual
}

// Order, repetition, the size of batches and restarts change nothing: History,
// Engine and Naive agree, whatever the order of arrival within the bound.
func TestOrderOfArrivalChangesNothing(t *testing.T) {
	for seed := range tried(25) {
		r := rand.New(rand.NewPCG(seed, 7))
		specs := randomSpecs(r)
		if hits := randomHits(r, specs, 20+r.IntN(60)); !agree(t, r, seed, specs, hits, minutesOf(hits)) {
			return
		}
	}
}

// agree holds History and Engine equal to Naive.
func agree(t *testing.T, r *rand.Rand, seed uint64, specs []*memory.Spec, hits []memory.Hit, minutes []int64) bool {
	t.Helper()
	want := memory.Naive(specs, hits, minutes, clock)
	if got := history(t, specs, hits, memory.HistoryOptions{}); !equal(t, seed, "history", want, got) {
		return false
	}
	if got := history(t, specs, hits, memory.HistoryOptions{Bytes: 4000, Dir: t.TempDir()}); !equal(t, seed, "history that spills", want, got) {
		return false
	}
	for _, o := range []memory.EngineOptions{{}, {Groups: 3}, {Shared: true}} {
		o.State = new(memory.Volatile)
		if got := engine(t, r, specs, shuffled(r, hits, memory.DefaultLateness), o, 0); !equal(t, seed, fmt.Sprintf("engine %+v", o), want, got) {
			return false
		}
	}
	got := engine(t, r, specs, shuffled(r, hits, memory.DefaultLateness), memory.EngineOptions{State: new(memory.Volatile)}, 3)
	return equal(t, seed, "engine with crashes", want, got)
}

func equal(t *testing.T, seed uint64, what string, want, got []memory.Detection) bool {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("seed %d: %s: naive - got +\n%s", seed, what, d)
		return false
	}
	return true
}

func history(t *testing.T, specs []*memory.Spec, hits []memory.Hit, o memory.HistoryOptions) []memory.Detection {
	t.Helper()
	h := memory.NewHistory(specs, o)
	for i := range hits {
		h.Active(hits[i].At)
		if err := h.Add(&hits[i]); err != nil {
			t.Fatal(err)
		}
	}
	all, err := h.Judge(clock)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// someEngine is an Engine of which every other one cuts what it keeps into small
// pieces, as happens to groups of many hits.
func someEngine(r *rand.Rand, specs []*memory.Spec, o memory.EngineOptions) *memory.Engine {
	e := memory.NewEngine(specs, o)
	if r.IntN(2) == 0 {
		e.Small(1 + r.IntN(4))
	}
	return e
}

// engine judges hits in batches of random size; every crashes-th batch is judged
// by an engine that dies before it saves, and read again by the next one.
func engine(t *testing.T, r *rand.Rand, specs []*memory.Spec, hits []memory.Hit, o memory.EngineOptions, crashes int) []memory.Detection {
	t.Helper()
	ctx := context.Background()
	e, f := someEngine(r, specs, o), final{}
	for batch := 1; len(hits) > 0; batch++ {
		n := min(len(hits), 1+r.IntN(40))
		add := func() {
			if err := e.Begin(ctx); err != nil {
				t.Fatal(err)
			}
			for i := range hits[:n] {
				e.Add(&hits[i])
			}
		}
		if add(); crashes > 0 && batch%crashes == 0 {
			if _, err := e.Judge(ctx); err != nil {
				t.Fatal(err)
			}
			e = someEngine(r, specs, o)
			add()
		}
		out, err := e.Step(ctx)
		if err != nil {
			t.Fatal(err)
		}
		f.take(out)
		for s, late := range out.Late {
			if late > 0 {
				t.Fatalf("%d hits of %s are said to be late", late, specs[s].Rule)
			}
		}
		hits = hits[n:]
	}
	out, err := e.Finish(ctx, clock)
	if err != nil {
		t.Fatal(err)
	}
	f.take(out)
	return f.sorted()
}

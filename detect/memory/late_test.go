package memory_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/trailwarden/trailwarden/detect"
	"github.com/trailwarden/trailwarden/detect/memory"
)

// region is a hit of FirstSeen for one actor.
func region(n int, value string, at time.Duration) *memory.Hit {
	h := hitAt(n, at)
	h.Value = memory.AppendValue(nil, []byte(value))
	return h
}

func firstSeen(warmup time.Duration) []*memory.Spec {
	return []*memory.Spec{{Rule: "region", Kind: memory.FirstSeen, Inputs: inputs(1), Window: 30 * 24 * time.Hour, Warmup: warmup,
		By: []string{"actor"}, Over: []string{"awsRegion"}}}
}

const days = 24 * time.Hour

// A value that a group never had is news however late it comes, once, and under
// the ID that it has in order.
func TestALateValueThatNeverCameIsNews(t *testing.T) {
	for name, c := range map[string]struct {
		warmup time.Duration
		inTime []*memory.Hit
		late   []*memory.Hit
		want   []string
	}{
		"never seen":                        {7 * days, []*memory.Hit{region(1, "us", 0), region(2, "us", 10*days)}, []*memory.Hit{region(3, "eu", 9*days)}, []string{"eu"}},
		"twice, by two paths":               {7 * days, []*memory.Hit{region(1, "us", 0), region(2, "us", 10*days)}, []*memory.Hit{region(3, "eu", 9*days), region(3, "eu", 9*days)}, []string{"eu"}},
		"two records of it":                 {7 * days, []*memory.Hit{region(1, "us", 0), region(2, "us", 10*days)}, []*memory.Hit{region(3, "eu", 9*days), region(4, "eu", 8*days)}, []string{"eu"}},
		"seen before":                       {7 * days, []*memory.Hit{region(1, "us", 0), region(2, "eu", 1*days), region(3, "us", 10*days)}, []*memory.Hit{region(4, "eu", 9*days)}, nil},
		"told since":                        {7 * days, []*memory.Hit{region(1, "us", 0), region(2, "eu", 9*days), region(3, "us", 10*days)}, []*memory.Hit{region(4, "eu", 8*days)}, nil},
		"told of a record that may change":  {7 * days, []*memory.Hit{region(1, "us", 0), region(2, "eu", 10*days)}, []*memory.Hit{region(4, "eu", 8*days)}, nil},
		"seen, but longer ago":              {7 * days, []*memory.Hit{region(1, "eu", 0), region(2, "us", 20*days), region(3, "us", 40*days)}, []*memory.Hit{region(4, "eu", 39*days)}, []string{"eu"}},
		"while the group is only watched":   {7 * days, []*memory.Hit{region(1, "us", 0), region(2, "us", 6*days)}, []*memory.Hit{region(3, "eu", 5*days)}, nil},
		"before the group began":            {7 * days, []*memory.Hit{region(1, "us", 9*days), region(2, "us", 10*days)}, []*memory.Hit{region(3, "eu", 1*days)}, nil},
		"of a group that nobody knew":       {7 * days, []*memory.Hit{other(1, 10*days)}, []*memory.Hit{region(3, "eu", 1*days)}, nil},
		"without a time of watching":        {0, []*memory.Hit{other(1, 10*days)}, []*memory.Hit{region(3, "eu", 1*days)}, []string{"eu"}},
		"of a time that is forgotten":       {7 * days, []*memory.Hit{region(1, "eu", 0), region(2, "us", 8*days), region(3, "us", 60*days)}, []*memory.Hit{region(4, "eu", 20*days)}, nil},
		"of a time that is known, and over": {7 * days, []*memory.Hit{region(1, "eu", 0), region(2, "us", 8*days), region(3, "us", 60*days)}, []*memory.Hit{region(4, "eu", 50*days)}, []string{"eu"}},
	} {
		specs := firstSeen(c.warmup)
		for _, shared := range []bool{false, true} {
			e := memory.NewEngine(specs, memory.EngineOptions{Shared: shared})
			for _, h := range c.inTime {
				step(t, e, h)
			}
			var got []string
			var ids []string
			take := func(out memory.Outcome) {
				for _, d := range out.Detections {
					got, ids = append(got, d.Subject), append(ids, d.ID)
					if !d.Late || d.Withdrawn {
						t.Errorf("%s: %+v", name, d)
					}
				}
			}
			out := step(t, e, c.late...)
			if take(out); out.Late[0] != int64(len(c.late)) {
				t.Errorf("%s: %d hits counted as late", name, out.Late[0])
			}
			take(step(t, e, c.late...)) // again, as after a crash of the one who delivers
			if !slices.Equal(got, c.want) {
				t.Errorf("%s: told %v, want %v", name, got, c.want)
			}
			inOrder(t, name, specs, slices.Concat(c.inTime, c.late), ids)
		}
	}
}

// inOrder holds the IDs to be among those of a judgement of everything in order.
func inOrder(t *testing.T, name string, specs []*memory.Spec, all []*memory.Hit, ids []string) {
	t.Helper()
	var hits []memory.Hit
	for _, h := range all {
		hits = append(hits, *h)
	}
	have := map[string]bool{}
	for _, d := range memory.Naive(specs, hits, nil, t0.Add(100*days)) {
		have[d.ID] = true
	}
	for _, id := range ids {
		if !have[id] && name != "two records of it" { // of which the later came first
			t.Errorf("%s: %s is none of those in order", name, id)
		}
	}
}

// other is a hit of another group.
func other(n int, at time.Duration) *memory.Hit {
	h := region(n, "us", at)
	h.Group = memory.AppendValue(nil, []byte("bob"))
	return h
}

// Files that are delivered again, days later and in parts, are not told again.
func TestWhatWasToldIsNotToldAgainOfLateRepetitions(t *testing.T) {
	burst := func(from time.Duration, first, n int) (all []*memory.Hit) {
		for i := range n {
			all = append(all, hitAt(first+i, from+time.Duration(i)*10*time.Second))
		}
		return all
	}
	for name, c := range map[string]struct {
		then, late, again []*memory.Hit
		want              int // detections of the late ones
	}{
		"all of it":                       {burst(0, 1, 12), burst(0, 1, 12), nil, 0},
		"a part of it":                    {burst(0, 1, 12), burst(20*time.Second, 3, 10), nil, 0},
		"another burst":                   {burst(0, 1, 12), burst(time.Hour, 50, 10), nil, 1},
		"another burst, again":            {burst(0, 1, 12), burst(time.Hour, 50, 10), burst(time.Hour, 50, 10), 1},
		"another burst, again in part":    {burst(0, 1, 12), burst(time.Hour, 50, 12), burst(time.Hour+20*time.Second, 52, 10), 1},
		"nothing that was told":           {burst(0, 1, 9), burst(0, 1, 9), nil, 0},
		"what late records alone fulfill": {burst(0, 1, 1), burst(0, 1, 10), nil, 1},
	} {
		for _, shared := range []bool{false, true} {
			e := memory.NewEngine(denied(10), memory.EngineOptions{Shared: shared})
			told := len(step(t, e, c.then...).Detections)
			if told != map[bool]int{true: 1}[len(c.then) >= 10] {
				t.Errorf("%s: %d told in time", name, told)
			}
			step(t, e, hitAt(100, 3*time.Hour))
			ids := map[string]bool{}
			tell := func(hits []*memory.Hit) {
				for i := range hits {
					for _, d := range step(t, e, hits[i]).Detections {
						ids[d.ID] = d.Late || ids[d.ID]
					}
				}
			}
			tell(c.late)
			step(t, e, hitAt(101, 48*time.Hour))
			step(t, e, hitAt(102, 49*time.Hour))
			tell(c.again)
			if len(ids) != c.want {
				t.Errorf("%s (shared %t): %d told of late records, want %d", name, shared, len(ids), c.want)
			}
		}
	}
}

// Of kinds that need all records of a time, what comes late is counted.
func TestLateHitsOfOtherKindsAreCounted(t *testing.T) {
	exactly := []memory.Bound{{Op: detect.NumEqual, Value: 1}}
	for _, s := range []*memory.Spec{
		{Kind: memory.Count, Bounds: exactly}, {Kind: memory.Distinct, Bounds: exactly}, {Kind: memory.Sum, Bounds: exactly},
		{Kind: memory.Count, Bounds: []memory.Bound{{Op: detect.NumLess, Value: 5}}},
		{Kind: memory.Average, Bounds: memory.AtLeast(0)}, {Kind: memory.Percentile, Bounds: memory.AtLeast(0)},
		{Kind: memory.Expression, Expr: &memory.Expr{Op: 'n', Parts: []*memory.Expr{{Op: 'i', Input: 1}}}},
		{Kind: memory.Absence},
		{Kind: memory.Rate, Rate: memory.RateSettings{Baseline: time.Hour, Factor: 1, Least: 1, Season: memory.Never}},
		{Kind: memory.Alarm, Alarm: &memory.AlarmSettings{Period: time.Minute, Periods: 1, Statistic: "Sum", Threshold: memory.AtLeast(1)[0]}},
	} {
		s.Rule, s.Window, s.Inputs = s.Kind.String(), 5*time.Minute, inputs(2)
		e := memory.NewEngine([]*memory.Spec{s}, memory.EngineOptions{})
		step(t, e, hitAt(1, 0))
		step(t, e, hitAt(2, 10*time.Hour))
		for i := range 3 {
			out := step(t, e, hitAt(10+i, 5*time.Hour+time.Duration(i)*time.Minute))
			if len(out.Detections) != 0 || out.Late[0] != 1 {
				t.Errorf("%s %v: %d late, %+v", s.Rule, s.Bounds, out.Late[0], out.Detections)
			}
		}
	}
}

// With a third of all records later than the bound, in any order and repeated,
// what is told of late ones is, or belongs to, what a judgement in order tells.
func TestWhatIsToldOfLateRecordsIsTrue(t *testing.T) {
	holdsTold(t, 20, 19, veryLate, func(s *memory.Spec, d *memory.Detection) bool {
		return d.Late && s.Kind != memory.FirstSeen // what is in time depends on records that are not there
	})
}

// veryLate is twoPaths with a third of the hits later than the bound.
func veryLate(r *rand.Rand, hits []memory.Hit) []memory.Hit {
	var inTime, late []memory.Hit
	for _, h := range hits {
		if r.IntN(3) == 0 {
			late = append(late, h)
		} else {
			inTime = append(inTime, h)
		}
	}
	return slices.Concat(twoPaths(r, inTime), twoPaths(r, late), twoPaths(r, hits))
}

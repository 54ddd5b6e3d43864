package memory

import (
	"slices"
	"time"

	"github.com/trailwarden/trailwarden/detect"
)

// What was told cannot be taken back. So an episode is told at once only where
// no record that may still come can make it untrue; otherwise it waits until
// none can come in time. An episode's sure is the event time up to which
// everything must be settled for that; it is 0 where more records only add to
// the episode, move its beginning or join it to another.

// certain tells whether e may be told when nothing changes any more up to
// settled. Late records are judged among themselves, and only where more of
// them cannot prove anything wrong.
func (g *group) certain(e *episode, settled int64) bool {
	return g.late || settled >= e.sure
}

// rises tells whether a hit more never makes the condition false. Numbers that
// are added up are taken not to be negative.
func (s *Spec) rises() bool {
	switch s.Kind {
	case Count, Distinct, Inputs:
		return s.boundedBelow()
	case Sum:
		return s.boundedBelow() && s.addsUp()
	case Expression:
		return !s.Expr.negates()
	case Ordered:
		return true
	}
	return false
}

// boundedBelow tells whether every number over one that satisfies the bounds
// does so, too.
func (s *Spec) boundedBelow() bool {
	return !slices.ContainsFunc(s.Bounds, func(b Bound) bool { return !b.below() })
}

func (b Bound) below() bool {
	return !b.Not && (b.Op == detect.NumGreater || b.Op == detect.NumGreaterEqual)
}

// addsUp tells whether no input counts records as less than nothing.
func (s *Spec) addsUp() bool {
	return !slices.ContainsFunc(s.Inputs, func(in Input) bool { return in.Number == nil && in.Amount < 0 })
}

// rises tells the same of the value of one period: a sample more never makes it
// harmless. A default value goes when a sample of its minute comes, which may
// belong to another period where periods are shorter.
func (m *alarm) rises() bool {
	a := m.s.Alarm
	if !a.Threshold.below() || a.Default != nil && (*a.Default > 0 || a.Period < time.Minute) {
		return false
	}
	switch {
	case a.KeepWhenFew:
		return false
	case m.stat.kind == total:
		return m.s.addsUp()
	}
	return m.stat.kind == sampleCount || m.stat.kind == maximum
}

// sureOf is when it is sure that the alarm is on at the end of the points: at
// once when enough of the newest are breaching, for whatever fills the gaps
// between them, they are among those that are judged.
func (m *alarm) sureOf(points []Point, at int64) int64 {
	if !m.rises() {
		return at - 1
	}
	breaching := 0
	for _, p := range points[len(points)-m.s.Alarm.Periods:] {
		if p == Breaching {
			breaching++
		}
	}
	if breaching >= m.s.Alarm.datapoints() {
		return 0
	}
	return at - 1
}

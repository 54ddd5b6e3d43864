package memory

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash/fnv"
	"slices"
)

// group is what an Engine holds of one group of one Spec.
type group struct {
	spec    int
	key     string // the group's values
	late    bool   // holds only hits that came too late for the group itself
	settled []byte // the machine after all hits up to the engine's settled time
	pending []hit  // later ones, sorted once judged
	fresh   bool   // hits were added since
	told    []told // detections handed out that may still change
	arrived int64  // clock when a late group got its last hit
	due     int64  // minute under which the group is filed, -1 for none
	loaded  bool
	id      string // in the State
	stored  blob
}

// forgettable tells whether nothing is left to remember.
func (g *group) forgettable() bool {
	return g.settled == nil && len(g.pending) == 0 && len(g.told) == 0
}

// told is a detection as it was handed out last.
type told struct {
	id  string
	sum uint64 // of its content
}

// stateKey names the group in the State. A change of the rule's meaning gives
// it other keys: what was remembered under another meaning is left behind.
func (s *Spec) stateKey(key string, late bool) string {
	h := sha256.New()
	var b []byte
	for _, p := range []string{s.Rule, s.fingerprint(), key} {
		b = appendText(b, p)
	}
	h.Write(b)
	if late {
		h.Write([]byte("late"))
	}
	return "g/" + hex.EncodeToString(h.Sum(nil)[:20])
}

func (c *codec) group(g *group, rule *string) {
	version := int64(1)
	if c.int(&version); version != 1 {
		c.fail()
		return
	}
	c.text(rule)
	c.bool(&g.late)
	c.text(&g.key)
	settled := string(g.settled)
	c.text(&settled)
	if c.reading && settled != "" {
		g.settled = []byte(settled)
	}
	c.hits(&g.pending)
	list(c, &g.told, func(t *told) { c.text(&t.id); c.word(&t.sum) })
	c.int(&g.arrived)
	c.int(&g.due)
}

// add files a hit; one of the same record is joined when the group is judged.
func (g *group) add(h hit) { g.pending, g.fresh = append(g.pending, h), true }

// machine is the group's machine as of the settled time.
func (g *group) machine(s *Spec) machine {
	m := s.machine()
	if g.settled != nil {
		c := codec{b: g.settled, reading: true}
		if m.code(&c); c.bad {
			return s.machine()
		}
	}
	return m
}

// judgement is what judging a group brought.
type judgement struct {
	final, likely []episode // that cannot change any more; that still can
	due           int64     // event time at which there is more to settle
	empty         bool
}

// judge settles all hits up to settled and judges the later ones for now. clock
// is the time of the latest record.
func (g *group) judge(s *Spec, settled, clock int64) (j judgement) {
	if g.fresh {
		g.pending, g.fresh = sorted(g.pending), false
	}
	n := 0
	for n < len(g.pending) && g.pending[n].at <= settled {
		n++
	}
	m := g.machine(s)
	run(m, g.pending[:n])
	m.until(settled)
	j.final = m.ended()
	g.pending = g.pending[n:]
	c := codec{}
	m.code(&c)
	g.settled = c.b
	j.empty, j.due = m.empty(), m.due()
	if j.empty {
		g.settled = nil
	}
	if s.speculates() {
		run(m, g.pending)
		if s.Kind == Alarm {
			m.until(clock)
		}
		j.likely = append(m.ended(), m.open()...)
	} else {
		j.likely = m.open()
	}
	if len(g.pending) > 0 {
		j.due, j.empty = min(j.due, g.pending[0].at), false
	}
	return j
}

// judgeLate judges hits that came too late among themselves: once, together.
func (g *group) judgeLate(s *Spec) (j judgement) {
	g.pending = sorted(g.pending)
	m := s.machine()
	run(m, g.pending)
	j.likely = append(m.ended(), m.open()...)
	return j
}

// speculates tells whether a condition is told of before late records can no
// longer change it. Where a record more can make it false, it is not.
func (s *Spec) speculates() bool {
	if s.Kind == Alarm {
		return s.Alarm.Threshold.holds(1e18) && s.Alarm.Missing != MissingBreaching
	}
	return !s.AtClose()
}

// lateLane tells whether hits that come too late are worth judging by
// themselves: only where hits alone make the condition true.
func (s *Spec) lateLane() bool {
	return !s.AtClose() && s.Kind != FirstSeen && s.Kind != Rate && s.Kind != Alarm
}

func (e *episode) sum() uint64 {
	c := codec{}
	c.episode(e)
	h := fnv.New64a()
	h.Write(c.b)
	return h.Sum64()
}

// news compares what a judgement says with what was told before.
func (g *group) news(s *Spec, place int, j judgement) (out []Detection) {
	var now []told
	said := slices.Clone(g.told)
	tell := func(e *episode, open bool) {
		d := s.detection(place, g.key, e, g.late)
		d.Open = open
		t := told{d.ID, e.sum()}
		i := slices.IndexFunc(said, func(x told) bool { return x.id == t.id })
		if i < 0 || said[i].sum != t.sum {
			out = append(out, d)
		}
		if i >= 0 {
			said = slices.Delete(said, i, i+1)
		}
		if open {
			now = append(now, t)
		}
	}
	for i := range j.final {
		tell(&j.final[i], false)
	}
	for i := range j.likely {
		tell(&j.likely[i], true)
	}
	g.told = now
	return g.withdraw(s, place, said, out)
}

// withdraw says of detections that are no longer true what took their place.
func (g *group) withdraw(s *Spec, place int, gone []told, out []Detection) []Detection {
	if len(gone) == 0 {
		return out
	}
	for i := range out {
		if !slices.ContainsFunc(gone, func(t told) bool { return t.id == out[i].ID }) {
			for _, t := range gone {
				out[i].Replaces = append(out[i].Replaces, t.id)
			}
			break
		}
	}
	for _, t := range gone {
		out = append(out, Detection{ID: t.id, Spec: place, Rule: s.Rule, Kind: s.Kind, Group: s.labels(g.key), Withdrawn: true})
	}
	return out
}

// fingerprint is all of the Spec's settings that change what its machines mean.
func (s *Spec) fingerprint() string {
	text := fmt.Sprint(s.Kind, s.Window, s.Bounds, s.Percentile, s.Steps, s.Warmup, s.Rate, s.By, s.Over, len(s.Inputs), s.Expr.text())
	if s.Alarm != nil {
		text += fmt.Sprint(s.Alarm.Period, s.Alarm.Periods, s.Alarm.Datapoints, s.Alarm.Statistic, s.Alarm.Threshold, s.Alarm.Missing)
	}
	return text
}

func (e *Expr) text() string {
	if e == nil {
		return ""
	}
	out := fmt.Sprint(string(e.Op), e.Input, "(")
	for _, p := range e.Parts {
		out += p.text()
	}
	return out + ")"
}

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
	arrived int64  // clock when a late group got its last hit
	filed   int64  // slot of the agenda in which the group is, -1 for none

	settled int64   // nothing up to then changes any more
	base    machine // after all hits up to then; nil where idle tells it
	idle    []byte  // base in few bytes; nil for one that knows nothing
	pending []hit   // later hits, sorted
	fresh   []hit   // hits that came since the group was judged
	live    *track  // base and pending, of a Spec that speculates
	clock   int64   // time of the latest record when the group was judged
	told    []told  // detections handed out that may still change
	belated []hit   // that came too late, of a Spec that can judge them still
	amended bool    // base was changed by what came too late

	loaded bool
	id     string // in the State
	stored held
	sizes  *sizes
}

// long is earlier than any event.
const long = -never

func newGroup(spec int, key string, late bool, most *sizes) *group {
	return &group{sizes: most, spec: spec, key: key, late: late, filed: -1, settled: long, clock: long, stored: held{at: long}}
}

// forgettable tells whether nothing is left to remember.
func (g *group) forgettable() bool {
	return g.base == nil && g.idle == nil && len(g.pending)+len(g.fresh)+len(g.told)+len(g.belated) == 0
}

// told is a detection as it was handed out last; one without an ID was not, for
// it is not certain.
type told struct {
	id      string
	sum     uint64 // of its content
	subject string
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
	return groupPrefix + hex.EncodeToString(h.Sum(nil)[:20])
}

// add files a hit; one of the same record is joined when the group is judged.
func (g *group) add(h hit) { g.fresh = append(g.fresh, h) }

// machine is the group's machine as of the settled time.
func (g *group) machine(s *Spec) machine {
	if g.base == nil {
		g.base = s.restored(g.idle)
		g.idle = nil
	}
	return g.base
}

// restored is the machine that encoded wrote; nil is one that knows nothing.
func (s *Spec) restored(b []byte) machine {
	m := s.machine()
	if b != nil {
		c := codec{b: b, reading: true}
		if m.code(&c); c.bad {
			return s.machine()
		}
	}
	return m
}

func encoded(m machine) []byte {
	c := codec{}
	m.code(&c)
	return c.b
}

// rest keeps of a machine that has nothing to do what is needed to make it again.
func (g *group) rest() {
	switch {
	case g.base == nil || len(g.pending) > 0:
	case g.base.empty():
		g.base, g.live = nil, nil
	default:
		g.idle, g.base, g.live = encoded(g.base), nil, nil
	}
}

// merge files the hits that came since and gives the place in pending from which
// on it is another than before. Repeated ones change nothing.
func (g *group) merge(s *Spec) (from int) {
	how := s.merging()
	fresh := how.sorted(g.fresh)
	g.fresh = nil
	fresh = slices.DeleteFunc(fresh, func(h hit) bool { return g.knows(how, h) })
	if len(fresh) == 0 {
		return len(g.pending)
	}
	if n, ok := g.knowledge(s); ok {
		n.shorten(fresh)
	}
	g.stored.tail = append(g.stored.tail, fresh...)
	from = g.after(fresh[0].at - 1)
	if from == len(g.pending) {
		g.pending = append(g.pending, fresh...)
		return from
	}
	rest := how.sorted(slices.Concat(g.pending[from:], fresh))
	g.pending = append(g.pending[:from], rest...)
	return from
}

// after is the place of the first pending hit that is later than at.
func (g *group) after(at int64) int {
	i, _ := slices.BinarySearchFunc(g.pending, at+1, func(h hit, at int64) int {
		if h.at < at {
			return -1
		}
		return 1
	})
	return i
}

// knows tells whether h adds nothing to what is pending.
func (g *group) knows(how merging, h hit) bool {
	i, ok := slices.BinarySearchFunc(g.pending, h, func(a, b hit) int { return how.before(&a, &b) })
	return ok && h.inputs&^g.pending[i].inputs == 0 && h.beforeText(&g.pending[i]) >= 0
}

// judgement is what judging a group brought.
type judgement struct {
	news  []Detection
	final []episode // that cannot change any more
	due   int64     // event time at which there is more to settle
}

// judge settles all hits up to settled and judges the later ones for now. clock
// is the time of the latest record. Its work is bounded by the hits that came
// since and by how much they are out of order, not by those that are there.
func (g *group) judge(s *Spec, place int, settled, clock int64) (j judgement) {
	from := g.merge(s)
	g.clock = clock
	if !g.speculates(s) {
		j.final = g.settle(s, settled)
		j.news = g.news(s, place, 0, len(j.final), settled, j.final, g.machine(s).open())
	} else {
		t := g.track(s)
		same := t.follow(s, g, from)
		t.until(s, settled, clock)
		j.final = g.settle(s, settled)
		j.news = g.news(s, place, same, len(j.final), settled, t.ended, t.m.open())
		t.shift(len(j.final))
	}
	g.told = g.told[len(j.final):]
	j.due = g.due()
	return j
}

func (g *group) speculates(s *Spec) bool { return g.late || s.speculates() }

// settle moves the machine on; what it then says is final.
func (g *group) settle(s *Spec, settled int64) []episode {
	if settled <= g.settled {
		return nil
	}
	m, n := g.machine(s), g.after(settled)
	run(m, g.pending[:n])
	m.until(settled)
	g.settled = settled
	g.stored.settled += n
	if g.live != nil {
		g.live.forget(n)
	}
	clear(g.pending[:n])
	g.pending = g.pending[n:]
	return m.ended()
}

func (g *group) due() int64 {
	due := int64(never)
	if g.base != nil && !g.base.empty() {
		due = g.base.due()
	}
	if len(g.pending) > 0 {
		due = min(due, g.pending[0].at)
	}
	return due
}

// evaluation is when an alarm is evaluated for the first time with the group's last
// hit, if clock has not come there: where it is certain then, nobody has to wait
// until nothing can come any more.
func (g *group) evaluation(s *Spec, clock int64) (at int64, ahead bool) {
	if s.Kind != Alarm || len(g.pending) == 0 {
		return 0, false
	}
	at = (&alarm{s: s}).after(g.pending[len(g.pending)-1].at)
	return at, at > clock
}

// reload is what is known of a group again once its hits are read: those up to
// the settled time were judged, and what the others mean was told.
func (g *group) reload(s *Spec, hits []hit) {
	hits = s.merging().sorted(hits)
	m := g.machine(s)
	n := 0
	for n < len(hits) && hits[n].at <= g.settled {
		n++
	}
	if run(m, hits[:n]); g.settled > long {
		m.until(g.settled)
	}
	m.ended() // were told as such
	g.pending, g.stored.settled = slices.Clone(hits[n:]), n
	if g.speculates(s) {
		t := g.track(s)
		t.follow(s, g, 0)
		t.until(s, g.settled, g.clock)
		g.tell(s, t.ended, t.m.open())
		return
	}
	g.tell(s, nil, m.open())
}

func (g *group) tell(s *Spec, lists ...[]episode) {
	for _, list := range lists {
		for i := range list {
			var t told
			if g.certain(&list[i], g.settled) {
				t = told{s.identity(g.key, &list[i], g.late), list[i].sum(), readable(list[i].subject)}
			}
			g.told = append(g.told, t)
		}
	}
}

// speculates tells whether a condition is told of before late records can no
// longer change it. Where a record more can make it false, it is not.
func (s *Spec) speculates() bool {
	switch s.Kind {
	case FirstSeen, Rate:
		return true // each detection for itself, see certain
	case Alarm:
		return newAlarm(s).rises() && s.Alarm.Missing != MissingBreaching
	}
	return s.rises() && !s.AtClose()
}

// lateLane tells whether hits that come too late are worth judging by
// themselves: only where hits alone make the condition true.
func (s *Spec) lateLane() bool {
	return s.rises() && !s.AtClose()
}

func (e *episode) sum() uint64 {
	c := codec{}
	of := *e
	of.sure = 0 // which is not told
	c.episode(&of)
	h := fnv.New64a()
	h.Write(c.b)
	return h.Sum64()
}

// news compares what a judgement says with what was told before: the first of
// the episodes that ended are the same as before, and the first are final. What
// is not certain when nothing changes any more up to settled is not told yet.
func (g *group) news(s *Spec, place, same, final int, settled int64, ended, open []episode) (out []Detection) {
	said := newSaid(slices.Clone(g.told[same:]))
	g.told = g.told[:same]
	tell := func(e *episode, open bool) (t told) {
		if !g.certain(e, settled) {
			return t
		}
		d := s.detection(place, g.key, e, g.late)
		d.Open = open
		t = told{d.ID, e.sum(), d.Subject}
		if said.take(t.id) != t.sum && !s.ofPast(e) {
			out = append(out, d)
		}
		return t
	}
	for i := range ended {
		switch {
		case i >= same:
			g.told = append(g.told, tell(&ended[i], i >= final))
		case g.told[i].id == "":
			g.told[i] = tell(&ended[i], i >= final)
		}
	}
	for i := range open {
		g.told = append(g.told, tell(&open[i], true))
	}
	return g.withdraw(s, place, said.left(), out)
}

// said is what was told and was not found again yet.
type said struct {
	order []told
	sums  map[string]uint64
}

func newSaid(all []told) *said {
	s := &said{order: all, sums: make(map[string]uint64, len(all))}
	for _, t := range all {
		if t.id != "" { // was told
			s.sums[t.id] = t.sum
		}
	}
	return s
}

// take gives the sum under which id was told, 0 for none.
func (s *said) take(id string) uint64 {
	sum := s.sums[id]
	delete(s.sums, id)
	return sum
}

func (s *said) left() (all []told) {
	for _, t := range s.order {
		if _, ok := s.sums[t.id]; ok {
			all = append(all, t)
		}
	}
	return all
}

// withdraw says of detections that are no longer true what took their place:
// the first new one about the same.
func (g *group) withdraw(s *Spec, place int, gone []told, out []Detection) []Detection {
	news := out
	for _, t := range gone {
		if i := slices.IndexFunc(news, func(d Detection) bool { return d.Subject == t.subject }); i >= 0 {
			news[i].Replaces = append(news[i].Replaces, t.id)
		}
		out = append(out, Detection{ID: t.id, Spec: place, Rule: s.Rule, Kind: s.Kind, Group: s.labels(g.key), Withdrawn: true})
	}
	return out
}

// fingerprint is all of the Spec's settings that change what its machines mean.
func (s *Spec) fingerprint() string {
	text := fmt.Sprint("2 ", s.Kind, s.Window, s.Bounds, s.Percentile, s.Steps, s.Warmup, s.Rate, s.By, s.Over, len(s.Inputs), s.Expr.text())
	if s.Alarm != nil {
		text += fmt.Sprint(s.Alarm.Period, s.Alarm.Periods, s.Alarm.Datapoints, s.Alarm.Statistic, s.Alarm.Threshold, s.Alarm.Missing, s.Alarm.KeepWhenFew)
	}
	if s.merging() == apart {
		text += "apart"
	}
	if s.Differ != nil {
		text += fmt.Sprint("differ", *s.Differ)
	}
	if s.carried() != nil { // what was remembered without it has nothing to carry
		text += "carried " + s.Inputs[0].Value[0].Name
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

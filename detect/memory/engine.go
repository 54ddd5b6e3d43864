package memory

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"
)

// DefaultLateness is how late a record may come and still be judged with the
// others of its time: CloudTrail delivers within about 5 minutes on average,
// without a promise.
const DefaultLateness = 15 * time.Minute

// EngineOptions say how an Engine judges and what it keeps where.
type EngineOptions struct {
	State    State         // where groups are kept; nil means memory
	Lateness time.Duration // 0 means DefaultLateness
	Groups   int           // in memory at a time; 0 means 200,000
	// Shared says that other processes change the State too: nothing is kept in
	// memory from one Judge to the next.
	Shared bool
	// Ahead is how far records may be ahead of Now before their time is not
	// believed as the time it is; 0 means 10 minutes. Now may be nil: then every
	// record's time is believed.
	Ahead time.Duration
	Now   func() time.Time
}

// Engine judges records as they come. Its time is that of the latest record; a
// record may come Lateness behind it in any order, and any number of times. What
// comes later than that is counted, and still judged, and said to be late, where
// nothing that was handed out can be wrong for it: where hits alone make the
// condition true, among such hits; of FirstSeen, by what the group knows.
//
// A detection is handed out as soon as its condition holds, and again, under the
// same ID, when records that came since changed it. Where a further record can
// make a condition false, it is handed out when no such record can come in time
// any more. What was handed out is the same in the end for every order of the
// same records.
//
// A caller adds the hits of a batch of records, calls Judge, and writes the
// Outcome's detections, its Changes and its own position in the source in one
// transaction; then it calls Saved, or Forget when the transaction failed. After
// a crash the source is read again from that position, and nothing is lost or
// said twice. An Engine is not for concurrent use.
type Engine struct {
	specs  []*Spec
	levels [][]int
	feeds  []bool // the Spec's detections are hits of others
	opts   EngineOptions
	own    *Volatile
	sizes  *sizes

	groups  []map[string]*group // by key of group; late ones have a NUL in front
	byState map[string]*group
	touched map[*group]bool
	time    clockwork
	hold    time.Time
	late    []int64
	early   []Hit  // added before Begin
	ref     string // of the hit added last
}

// NewEngine prepares an Engine for specs.
func NewEngine(specs []*Spec, opts EngineOptions) *Engine {
	e := &Engine{specs: specs, levels: levels(specs), feeds: make([]bool, len(specs)), opts: opts, late: make([]int64, len(specs)), sizes: usualSizes()}
	if e.opts.State == nil {
		e.own = new(Volatile)
		e.opts.State = e.own
	}
	if e.opts.Lateness <= 0 {
		e.opts.Lateness = DefaultLateness
	}
	if e.opts.Groups <= 0 {
		e.opts.Groups = 200_000
	}
	if e.opts.Ahead <= 0 {
		e.opts.Ahead = 10 * time.Minute
	}
	for _, s := range specs {
		for _, in := range s.Inputs {
			if in.Node == nil && in.From < len(specs) {
				e.feeds[in.From] = true
			}
		}
	}
	e.Forget()
	return e
}

// Forget drops everything that is not saved: hits added and judgements made
// since the last Saved.
func (e *Engine) Forget() {
	e.groups = make([]map[string]*group, len(e.specs))
	for i := range e.groups {
		e.groups[i] = map[string]*group{}
	}
	e.byState, e.touched = map[string]*group{}, map[*group]bool{}
	e.time, e.early = newClockwork(), nil
}

// Outcome is what a Judge brought.
type Outcome struct {
	// Detections are new or changed, ascending by At, rule and ID.
	Detections []Detection
	Changes    []Entry // to save
	// Late counts, by the place of the Spec, hits that came later than the
	// bound since the last Judge.
	Late []int64
}

// Begin loads how far time has come. Judge calls it too; what is added before
// waits for it.
func (e *Engine) Begin(ctx context.Context) error {
	if e.time.loaded {
		return nil
	}
	if err := e.loadClock(ctx); err != nil {
		return err
	}
	e.time.loaded = true
	early := e.early
	e.early = nil
	for i := range early {
		e.Add(&early[i])
	}
	return nil
}

// Observe notes the time of a record, whether it matched or not: time comes on.
func (e *Engine) Observe(t time.Time) {
	at := t.UnixMilli()
	if now := e.opts.Now; now != nil && t.After(now().Add(e.opts.Ahead)) {
		return
	}
	e.time.latest = max(e.time.latest, at)
	if m := at / 60_000; m != e.time.active {
		e.time.active = m
		e.minute(m)
	}
}

// minute gives alarms their sample of a minute in which records came.
func (e *Engine) minute(m int64) {
	for i, s := range e.specs {
		if s.Kind == Alarm && s.Alarm.Default != nil && m*60_000+59_999 > e.time.settled {
			e.file(i, "", defaultHit(s, m), false)
		}
	}
}

// Add files a hit and notes its record's time. The Engine keeps nothing of x.
func (e *Engine) Add(x *Hit) {
	if !e.time.loaded {
		h := *x
		h.Group, h.Value, h.Ref = bytes.Clone(h.Group), bytes.Clone(h.Value), bytes.Clone(h.Ref)
		e.early = append(e.early, h)
		return
	}
	e.Observe(x.At)
	e.add(x)
}

func (e *Engine) add(x *Hit) {
	if string(x.Ref) != e.ref { // of another record than the hit before
		e.ref = string(x.Ref)
	}
	h := e.specs[x.Spec].hit(x, e.ref)
	late := h.at <= e.time.settled
	if late {
		e.late[x.Spec]++
		if !e.lateHit(x, h) {
			return
		}
	}
	e.file(x.Spec, string(x.Group), h, late)
}

func (e *Engine) file(spec int, key string, h hit, late bool) {
	g := e.group(spec, key, late)
	g.add(h)
	g.arrived = e.time.latest
	e.touched[g] = true
}

func (e *Engine) group(spec int, key string, late bool) *group {
	in := key
	if late {
		in = "\x00" + key
	}
	g := e.groups[spec][in]
	if g == nil {
		g = newGroup(spec, key, late, e.sizes)
		e.groups[spec][in] = g
	}
	return g
}

// Judge judges all groups that got hits or are due.
func (e *Engine) Judge(ctx context.Context) (Outcome, error) {
	if err := e.Begin(ctx); err != nil {
		return Outcome{}, err
	}
	latest := e.time.latest
	if !e.hold.IsZero() {
		latest = min(latest, e.hold.UnixMilli())
	}
	return e.judge(ctx, max(e.time.settled, latest-e.opts.Lateness.Milliseconds()))
}

// Hold has Judge settle nothing that records from up to t may still change, Lateness
// behind it included, whatever the latest record; a zero t has it go by that alone.
func (e *Engine) Hold(t time.Time) { e.hold = t }

// Held tells whether Judge settled less than the latest record would have it.
func (e *Engine) Held() bool { return !e.hold.IsZero() && e.hold.UnixMilli() < e.time.latest }

// Finish is Judge when no further record is to come: everything is settled up
// to clock.
func (e *Engine) Finish(ctx context.Context, clock time.Time) (Outcome, error) {
	if err := e.Begin(ctx); err != nil {
		return Outcome{}, err
	}
	e.time.latest = max(e.time.latest, clock.UnixMilli())
	return e.judge(ctx, e.time.latest)
}

func (e *Engine) judge(ctx context.Context, settled int64) (out Outcome, err error) {
	if err := e.summon(ctx, settled+e.opts.Lateness.Milliseconds()); err != nil {
		return out, err
	}
	for _, specs := range e.levels {
		if err := e.load(ctx); err != nil {
			return out, err
		}
		var found []Detection
		for _, g := range e.of(specs) {
			found = append(found, e.judgeGroup(g, settled)...)
		}
		for i := range found {
			if d := &found[i]; !d.Withdrawn {
				out.Detections = append(out.Detections, *d)
			}
		}
		for _, d := range found {
			if d.Withdrawn {
				out.Detections = append(out.Detections, d)
			}
		}
	}
	e.time.settled = settled
	SortDetections(out.Detections)
	if out.Changes, err = e.changes(ctx); err != nil {
		return out, err
	}
	out.Late, e.late = e.late, make([]int64, len(e.specs))
	return out, nil
}

// of are the touched groups of some Specs, in an order that does not change from
// run to run.
func (e *Engine) of(specs []int) (all []*group) {
	for g := range e.touched {
		if slices.Contains(specs, g.spec) {
			all = append(all, g)
		}
	}
	slices.SortFunc(all, func(a, b *group) int {
		if a.spec != b.spec {
			return a.spec - b.spec
		}
		if a.key < b.key || a.key == b.key && !a.late {
			return -1
		}
		return 1
	})
	return all
}

func (e *Engine) judgeGroup(g *group, settled int64) []Detection {
	s, lateness := e.specs[g.spec], e.opts.Lateness.Milliseconds()
	if g.late {
		return e.judgeLate(g, s, lateness)
	}
	j := g.judge(s, g.spec, settled, e.time.latest)
	g.amend(s, settled, &j)
	if e.feeds[g.spec] {
		e.feed(g, j.final, settled)
		e.feed(g, g.machine(s).open(), settled)
	}
	evaluation, ahead := g.evaluation(s, e.time.latest)
	if g.rest(); ahead {
		e.schedule(g, evaluation)
	}
	if j.due < never && !g.forgettable() {
		e.schedule(g, j.due+lateness)
	}
	return j.news
}

// feed makes episodes that became certain just now hits of the Specs that count
// such detections.
func (e *Engine) feed(g *group, all []episode, settled int64) {
	for i := range all {
		if ep := &all[i]; ep.at > e.time.settled && ep.at <= settled {
			d := e.specs[g.spec].detection(g.spec, g.key, ep, false)
			_ = chained(e.specs, &d, func(h *Hit) error { e.add(h); return nil }) // which has no error
		}
	}
}

// Saved says that the last Outcome's Changes are saved.
func (e *Engine) Saved() {
	for g := range e.touched {
		if g.forgettable() {
			e.drop(g)
		}
	}
	clear(e.touched)
	n := 0
	for _, all := range e.groups {
		n += len(all)
	}
	if e.opts.Shared {
		late := e.late
		e.Forget()
		e.late = late
		return
	}
	for _, all := range e.groups {
		for _, g := range all {
			if n <= e.opts.Groups {
				return
			}
			e.drop(g) // saved, so it can be loaded again
			n--
		}
	}
}

func (e *Engine) drop(g *group) {
	in := g.key
	if g.late {
		in = "\x00" + in
	}
	delete(e.groups[g.spec], in)
	delete(e.byState, e.keyOf(g))
}

// Step is Judge, Save and Saved in one, for a State of the Engine's own.
func (e *Engine) Step(ctx context.Context) (Outcome, error) {
	out, err := e.Judge(ctx)
	if err == nil {
		err = e.opts.State.Save(ctx, out.Changes)
	}
	if err != nil {
		e.Forget()
		return Outcome{}, fmt.Errorf("what rules remember: %w", err)
	}
	e.Saved()
	return out, nil
}

// Settled is the event time up to which nothing changes any more.
func (e *Engine) Settled() time.Time { return stamp(e.time.settled) }

// sortedKeys are the keys of a map in order.
func sortedKeys[K int64 | string, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }

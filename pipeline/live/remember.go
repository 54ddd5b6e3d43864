package live

import (
	"bytes"
	"context"
	"errors"
	"hash/maphash"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/detect/memory"
	"github.com/trailwarden/trailwarden/pipeline/intake"
)

// ahead is how far a record may be ahead of the clock before its time is not
// believed: one that is wrong by a year must not carry event time with it.
const ahead = 10 * time.Minute

// remembering judges the rules that remember, in the committer. Each judgement
// is followed by saved or forget.
type remembering struct {
	o       *Options
	pending *pending
	rules   *intake.Rules // that engine is of
	engine  *memory.Engine
	raw     recent
	stands  standIns
	latest  *atomic.Int64 // of all records judged, Unix milliseconds
	judged  int64         // how far the last judgement came of it
	first   time.Time     // of what was in hand at the last judgement
	held    bool          // the last judgement settled less, for deliveries in hand
	putOff  int64         // what latest was when it was left to the next look
	stirred *atomic.Bool  // a record came since the last look at rest
	rest    rest
	looked  time.Time // at rest
	found   int64     // findings of the judgement in hand
	tooLate int64     // hits in it
}

func newRemembering(o *Options) remembering {
	return remembering{o: o, pending: new(pending), latest: new(atomic.Int64), stirred: new(atomic.Bool), stands: standIns{}}
}

// part is an empty one that rules are about to fill.
func (p *Pipeline) part(rules *intake.Rules) part { return part{rules: rules} }

// keep has the judge keep in the part what rules remember of records.
func (w *worker) keep() {
	if w.part.hits == nil {
		h, ok := w.hits.Get().(*intake.Hits)
		if !ok {
			h = new(intake.Hits)
		}
		h.Until = w.o.Now().Add(ahead)
		w.part.hits = h
		if k, ok := w.keys.Get().(*[]cloudtrail.Key); ok {
			w.part.keys = *k
		}
	}
	w.judge.Keep = w.part.hits
}

// release gives back the memory of the part's hits and identities, which nobody
// uses any more.
func (w *worker) release() {
	if h := w.part.hits; h != nil {
		h.Reset()
		w.hits.Put(h)
	}
	if k := w.part.keys[:0]; cap(k) > 0 && cap(k) <= mostKeysKept {
		w.keys.Put(&k)
	}
}

// mostKeysKept is how many identities there may be room for in memory that is used
// again.
const mostKeysKept = 1 << 14

// advance notes the time of a record all of whose predecessors are committed;
// several goroutines may call it.
func (r *remembering) advance(t time.Time) {
	r.stirred.Store(true)
	ms := t.UnixMilli() // of the zero time, before all others
	for {
		latest := r.latest.Load()
		if ms <= latest || r.latest.CompareAndSwap(latest, ms) {
			return
		}
	}
}

// statePrefix begins the names of what an Engine keeps in the store.
const statePrefix = "memory/"

// use makes the engine that of rules. What another one has in memory is in the
// store, too.
func (r *remembering) use(rules *intake.Rules) *intake.Memory {
	if rules == nil {
		return nil
	}
	m := rules.Memory()
	if r.rules == rules {
		return m
	}
	r.rules, r.engine = rules, nil
	if m != nil {
		r.engine = memory.NewEngine(m.Specs, memory.EngineOptions{
			State: kept{r.o.Store}, Lateness: r.o.Lateness, Groups: r.o.Groups, Shared: r.o.Shared, Now: r.o.Now, Ahead: ahead})
	}
	return m
}

// judge adds to b what the hits of the parts bring.
func (r *remembering) judge(ctx context.Context, joined []waiting, b *alert.Batch) error {
	r.found, r.tooLate = 0, 0
	m := r.use(joined[0].part.rules)
	hits := false
	for _, w := range joined {
		hits = hits || w.part.remembers()
	}
	if m == nil || !hits {
		return nil // time alone comes on with settle
	}
	if err := r.engine.Begin(ctx); err != nil {
		return err
	}
	for _, w := range joined {
		h := w.part.hits
		if h == nil {
			continue
		}
		for _, minute := range h.Minutes {
			r.engine.Observe(minute)
		}
		if !h.Latest.IsZero() {
			r.engine.Observe(h.Latest)
		}
		for i := range h.All {
			r.engine.Add(&h.All[i])
		}
		r.raw.add(h.Raw)
	}
	return r.outcome(ctx, m, b)
}

// settle adds to b what time alone brings; due is false when there is nothing.
func (r *remembering) settle(ctx context.Context, b *alert.Batch) (due bool, err error) {
	r.found, r.tooLate = 0, 0
	latest := r.latest.Load()
	m := r.use(r.o.Rules())
	if m == nil {
		return false, nil
	}
	if latest <= r.judged || latest > r.o.Now().Add(ahead).UnixMilli() { // the clock was set back since
		later, err := r.elapse(ctx, b.Now)
		if err != nil || !later {
			return false, err
		}
		return true, r.outcome(ctx, m, b)
	}
	if err := r.engine.Begin(ctx); err != nil {
		return false, err
	}
	if r.o.Shared && !r.held && r.leave(latest) {
		return false, nil
	}
	r.engine.Observe(time.UnixMilli(latest))
	return true, r.outcome(ctx, m, b)
}

// leave tells whether the clock that several processes have in common is left as
// it is, and forgets what was read of it. All of them see the same time come on,
// and whoever writes it makes the judgements of the others try again: so nobody
// writes what is there already, and a step of less than a Tick waits for one
// more look.
func (r *remembering) leave(latest int64) bool {
	step := latest - r.eventTime()
	if step > 0 && (step >= r.o.Tick.Milliseconds() || r.putOff == latest) {
		return false
	}
	if r.putOff = latest; step <= 0 {
		r.judged = latest
	}
	r.engine.Forget()
	return true
}

// outcome judges.
func (r *remembering) outcome(ctx context.Context, m *intake.Memory, b *alert.Batch) error {
	first, before := r.pending.first(r.o.Now()), r.first
	r.first = first
	if first.IsZero() || !before.IsZero() && before.Before(first) {
		first = before // of what was handed over since, some may not have begun
	}
	r.engine.Hold(first)
	out, err := r.engine.Judge(ctx)
	if err != nil {
		return err
	}
	// Records without hits, which are committed before those of this judgement,
	// may be younger; settle brings the engine to their time, and settles what was
	// held back.
	r.judged = r.eventTime()
	if r.held = r.engine.Held(); r.held {
		r.judged = 0
	}
	from := intake.Origin{Mode: r.o.Mode, Arrived: b.Now}
	for i := range out.Detections {
		d := &out.Detections[i]
		f, ok := m.Finding(d, &from, r.raw.get)
		if !ok {
			continue
		}
		f.Identity = r.stands.identity(d)
		b.Findings = append(b.Findings, f)
		r.found++
	}
	r.stands.forget(r.engine.Settled())
	for _, e := range out.Changes {
		b.State = append(b.State, alert.Position{Name: statePrefix + e.Key, Data: e.Data, Version: e.Version})
	}
	for _, n := range out.Late {
		r.tooLate += n
	}
	return nil
}

// saved says that the judgement in hand is durable, and how many findings it
// brought.
func (r *remembering) saved() int64 {
	if r.engine != nil {
		r.engine.Saved()
	}
	return r.found
}

// late is how many hits of the judgement came later than the bound.
func (r *remembering) late() int64 { return r.tooLate }

// forget drops the judgement in hand; its hits come again with their deliveries.
func (r *remembering) forget() {
	if r.engine != nil {
		r.engine.Forget()
	}
	r.judged = 0
}

// standIns give a detection that takes the place of an earlier one the identity
// under which the earlier one was counted: a record that came out of order moves
// the beginning of a window, and that is no second window. They are forgotten
// with the process: then such a window counts twice.
type standIns map[string]standIn

type standIn struct {
	identity string
	at       time.Time
}

func (s standIns) identity(d *memory.Detection) string {
	if as, ok := s[d.ID]; ok {
		return as.identity
	}
	if len(d.Replaces) == 0 {
		return d.ID
	}
	as := standIn{d.Replaces[0], d.At}
	if first, ok := s[as.identity]; ok {
		as.identity = first.identity
	}
	s[d.ID] = as
	return as.identity
}

// forget drops what can change no more: detections from long before the time up
// to which everything is settled.
func (s standIns) forget(settled time.Time) {
	const most = 10_000
	for id, as := range s {
		if len(s) > most || as.at.Before(settled.Add(-48*time.Hour)) {
			delete(s, id)
		}
	}
}

// recent are the latest records that were hits, by reference: of most detections
// the record that made the condition true is among them.
//
// They are copied into memory that is used again and again.
type recent struct {
	young, old half
}

// half is one of two that take turns.
type half struct {
	at   map[uint64]intake.Raw // by a hash of the reference: of two that share it one is forgotten
	text []byte                // of all of them
}

// references hashes them.
var references = maphash.MakeSeed()

// maxRecent bounds each half of them, in bytes.
const maxRecent = 8 << 20

func (r *recent) add(raw []intake.Raw) {
	for _, rec := range raw {
		if len(r.young.text)+len(rec.Ref)+len(rec.Text) > maxRecent {
			r.old, r.young = r.young, r.old
			clear(r.young.at)
			r.young.text = r.young.text[:0]
		}
		r.young.add(rec)
	}
}

func (h *half) add(rec intake.Raw) {
	if h.at == nil {
		h.at = map[uint64]intake.Raw{}
	}
	hash := maphash.Bytes(references, rec.Ref)
	if before, ok := h.at[hash]; ok && bytes.Equal(before.Ref, rec.Ref) {
		return // its commit is tried again
	}
	h.at[hash] = intake.Raw{Ref: h.copied(rec.Ref), Text: h.copied(rec.Text)}
}

// copied is a copy of b among the texts. What those grow out of stays as it is.
func (h *half) copied(b []byte) []byte {
	n := len(h.text)
	h.text = append(h.text, b...)
	return h.text[n:len(h.text):len(h.text)]
}

func (r *recent) get(ref string) []byte {
	hash := maphash.String(references, ref)
	for _, some := range []*half{&r.young, &r.old} {
		if rec := some.at[hash]; rec.Text != nil && string(rec.Ref) == ref {
			return rec.Text
		}
	}
	return nil
}

// States is what a store may offer beside State: several pieces at once.
type States interface {
	// States gives those of the named pieces of state that are there, in any
	// order.
	States(ctx context.Context, names []string) ([]alert.Position, error)
}

// kept is the part of a store in which an Engine's entries are. They are
// written by Commit alone.
type kept struct{ store Store }

// Load implements memory.State.
func (k kept) Load(ctx context.Context, keys []string) (found []memory.Entry, err error) {
	take := func(p alert.Position) {
		found = append(found, memory.Entry{Key: strings.TrimPrefix(p.Name, statePrefix), Data: slices.Clone(p.Data), Version: p.Version})
	}
	if s, ok := k.store.(States); ok {
		names := make([]string, len(keys))
		for i, key := range keys {
			names[i] = statePrefix + key
		}
		all, err := s.States(ctx, names)
		for _, p := range all {
			take(p)
		}
		return found, err
	}
	for _, key := range keys {
		err = k.store.State(ctx, statePrefix+key, func(p alert.Position) error {
			if p.Name == statePrefix+key {
				take(p)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}

// Save implements memory.State, and is never called.
func (k kept) Save(context.Context, []memory.Entry) error {
	return errors.New("an engine's entries are saved with the findings")
}

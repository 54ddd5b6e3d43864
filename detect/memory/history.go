package memory

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/trailwarden/trailwarden/cloudtrail"
)

// HistoryOptions bound what a History keeps in memory.
type HistoryOptions struct {
	Bytes  int    // of hits and groups; 0 means 192 MiB
	Groups int    // of one Spec; 0 means 200,000
	Dir    string // where the rest goes; empty means the system's folder for temporary files
}

// History judges records that come in any order, with no bound on lateness, once
// all of them are there: a scan of files. Each record must be added once, with
// all its hits; who may meet one twice tells them apart by their keys. What
// does not fit into memory is written to a temporary file, which is gone when
// the process ends. It is not for concurrent use.
type History struct {
	specs    []*Spec
	levels   [][]int
	forms    []form
	whole    bool // no records follow: see JudgeWhole
	opts     HistoryOptions
	log      *hitLog
	edition  int // of the log: grows when it is written to the temporary file
	spill    *spill
	minutes  map[int64]bool // with a record, when some alarm needs to know
	last     int64          // minute added last
	alarmed  []bool         // by Spec: its one group was given the samples of empty minutes
	grouping grouping
	sorter   sorter
	hits     []hit   // buffer
	times    []int64 // buffer
}

// pile is the hits of one group as they came.
type pile struct {
	base int64 // hits' times are relative to it
	buf  []byte
	n    int32 // hits in buf
	more *pile // of the same group, read back from the temporary file
}

// read gives all hits of the group, sorted.
func (p *pile) read(s *Spec, f form, into []hit) []hit {
	for q := p; q != nil; q = q.more {
		into = f.readHits(into, q.buf, q.base)
	}
	return s.merging().sorted(into)
}

func (p *pile) count() (n int) {
	for q := p; q != nil; q = q.more {
		n += int(q.n)
	}
	return n
}

// NewHistory prepares for hits of specs.
func NewHistory(specs []*Spec, opts HistoryOptions) *History {
	if opts.Bytes <= 0 {
		opts.Bytes = 192 << 20
	}
	if opts.Groups <= 0 {
		opts.Groups = 200_000
	}
	h := &History{specs: specs, levels: levels(specs), opts: opts, last: -1, edition: 1, log: newHitLog(len(specs)), alarmed: make([]bool, len(specs))}
	for _, s := range specs {
		h.forms = append(h.forms, s.form())
	}
	if NeedsActivity(specs) {
		h.minutes = map[int64]bool{}
	}
	return h
}

// NeedsActivity tells whether some Spec wants to know of every record's time.
func NeedsActivity(specs []*Spec) bool {
	return slices.ContainsFunc(specs, func(s *Spec) bool { return s.Kind == Alarm && s.Alarm.Default != nil })
}

// levels are the Specs by how many others stand between them and records.
func levels(specs []*Spec) [][]int {
	depth := make([]int, len(specs))
	for range specs { // a chain is no longer than that, and has no cycles
		for i, s := range specs {
			for _, in := range s.Inputs {
				if in.Node == nil && in.From < len(specs) {
					depth[i] = max(depth[i], min(depth[in.From]+1, len(specs)))
				}
			}
		}
	}
	var out [][]int
	for i, d := range depth {
		for len(out) <= d {
			out = append(out, nil)
		}
		out[d] = append(out[d], i)
	}
	return out
}

// Active notes that a record was there at t, whether it matched or not.
func (h *History) Active(t time.Time) {
	if m := t.Unix() / 60; h.minutes != nil && m != h.last {
		h.minutes[m], h.last = true, m
	}
}

// Add files a hit. The error is that of the temporary file.
func (h *History) Add(x *Hit) error {
	if err := h.Record(x.At, x.Key, x.Ref); err != nil {
		return err
	}
	group, value := Text(h.log.groups.number(x.Group)), Text(0)
	if h.forms[x.Spec].values {
		value = Text(h.log.values.number(x.Value))
	}
	h.Hit(x.Spec, x.Input, group, value, x.Number)
	return nil
}

// Text is the number of a text that groups or is counted, valid for one record.
type Text uint32

// Record begins a record, of which Hit files the hits: Add in parts, for who has
// records with many hits. The error is that of the temporary file.
func (h *History) Record(at time.Time, key cloudtrail.Key, ref []byte) error {
	if h.log.record(at.UnixMilli(), foldKey(key), ref); h.crowded() {
		err := h.flush()
		h.log.record(at.UnixMilli(), foldKey(key), ref)
		return err
	}
	return nil
}

// checked is after how many records the memory is looked at.
const checked = 64

// crowded tells whether memory holds as much as it may.
func (h *History) crowded() bool {
	groups, records := h.log.groups.len(), h.log.times.len()
	return records > 1 && (groups > h.opts.Groups || records%checked == 0 && (h.log.bytes() > h.opts.Bytes || h.log.full()))
}

// Hit files a hit of the record that Record began last. value matters only to
// Specs that look at values, number to those that add up.
func (h *History) Hit(spec, input int, group, value Text, number float64) {
	h.log.add(spec, h.forms[spec], input, uint32(group), uint32(value), number)
}

// Judge gives all detections, ascending by At, rule and ID. clock is how far
// the records reach: nothing is said to be missing after it. The History is
// empty afterwards.
func (h *History) Judge(clock time.Time) ([]Detection, error) {
	var all []Detection
	at := clock.UnixMilli()
	for level, specs := range h.levels {
		found, err := h.judgeLevel(specs, at)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
		if level+1 == len(h.levels) {
			break
		}
		for i := range found {
			if err := chained(h.specs, &found[i], h.Add); err != nil {
				return nil, err
			}
		}
	}
	SortDetections(all)
	return all, h.Close()
}

// JudgeWhole is Judge of records that no others follow: alarms are judged once
// more, at the end of the minute in which the last record lies.
func (h *History) JudgeWhole(clock time.Time) ([]Detection, error) {
	h.whole = true
	return h.Judge(clock)
}

// SortDetections sorts by At, then rule, then ID.
func SortDetections(all []Detection) {
	slices.SortFunc(all, func(a, b Detection) int {
		return cmp.Or(a.At.Compare(b.At), strings.Compare(a.Rule, b.Rule), strings.Compare(a.ID, b.ID))
	})
}

// chained files a detection with the Specs that count detections of its kind.
func chained(specs []*Spec, d *Detection, add func(*Hit) error) error {
	for i, s := range specs {
		for j := range s.Inputs {
			in := &s.Inputs[j]
			if in.Node != nil || in.From != d.Spec {
				continue
			}
			h, ok := in.readDetection(d, s)
			if !ok {
				continue
			}
			h.Spec, h.Input, h.At, h.Key, h.Ref = i, j, d.At, keyOf(d.ID), []byte(d.Trigger.Ref)
			if err := add(&h); err != nil {
				return err
			}
		}
	}
	return nil
}

// defaults gives alarms their samples of minutes in which nothing matched.
func (h *History) defaults(s int, group []hit) []hit {
	for m := range h.minutes {
		group = append(group, defaultHit(h.specs[s], m))
	}
	return h.specs[s].merging().sorted(group)
}

func (s *Spec) hasDefault() bool { return s.Kind == Alarm && s.Alarm.Default != nil }

// defaultHit stands at the end of its minute, when it is known what matched.
func defaultHit(s *Spec, minute int64) hit {
	return hit{at: minute*60_000 + 59_999, inputs: defaulted, weight: 1, number: *s.Alarm.Default}
}

func (h *History) judgeLevel(specs []int, clock int64) (all []Detection, err error) {
	if h.spill == nil {
		for _, s := range specs {
			all = h.judgeLog(all, s, clock)
			h.log.specs[s] = specLog{}
		}
		return all, nil
	}
	err = h.eachPile(specs, func(s int, key string, p *pile) error {
		all = h.judgePile(all, s, key, p, clock)
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, s := range specs {
		if h.specs[s].hasDefault() && !h.alarmed[s] {
			all = h.judgeHits(all, s, "", nil, clock)
		}
	}
	return all, nil
}

// eachPile visits the groups of Specs that are in the temporary file.
func (h *History) eachPile(specs []int, visit func(s int, key string, p *pile) error) error {
	if err := h.flush(); err != nil {
		return err
	}
	for part := range spillParts {
		groups, err := h.spill.load(part, specs)
		if err != nil {
			return err
		}
		for _, s := range specs {
			for key, p := range groups[s] {
				if err := visit(s, key, p); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// judgeLog judges the groups in the log.
func (h *History) judgeLog(all []Detection, s int, clock int64) []Detection {
	spec, of := h.specs[s], &h.log.specs[s]
	g := newGlance(spec, h.log.values.len(), &h.sorter)
	h.grouping.each(h.log, s, spec.leastHits(), func(key string, seen []sighting) {
		if !g.mayHold(h.log, of, seen) {
			return // as of most groups
		}
		if spec.Kind == FirstSeen {
			seen = g.fewer(seen)
		}
		h.hits = h.log.read(spec, of, seen, h.hits[:0])
		all = h.judgeHits(all, s, key, h.hits, clock)
	})
	if spec.hasDefault() && !h.alarmed[s] {
		all = h.judgeHits(all, s, "", nil, clock)
	}
	return all
}

func (h *History) judgePile(all []Detection, s int, key string, p *pile, clock int64) []Detection {
	spec := h.specs[s]
	if p.count() < spec.leastHits() || !spec.mayHold(p, h.forms[s], &h.times) {
		return all // as of most groups
	}
	h.hits = p.read(spec, h.forms[s], h.hits[:0])
	return h.judgeHits(all, s, key, h.hits, clock)
}

// judgeHits judges one group.
func (h *History) judgeHits(all []Detection, s int, key string, hits []hit, clock int64) []Detection {
	spec := h.specs[s]
	if spec.hasDefault() && key == "" {
		hits, h.alarmed[s] = h.defaults(s, hits), true
	}
	m := spec.machine()
	run(m, hits)
	if h.whole {
		clock = spec.lastEvaluation(clock)
	}
	m.until(clock)
	for _, e := range append(m.ended(), m.open()...) {
		all = append(all, spec.detection(s, key, &e, false))
	}
	return all
}

// lastEvaluation is when an alarm is judged for the first time after clock, so
// that what came in the last minute counts. One that is judged by whole hours is
// not: its last hour has only begun.
func (s *Spec) lastEvaluation(clock int64) int64 {
	if s.Kind != Alarm {
		return clock
	}
	m := &alarm{s: s}
	if m.pitch() != m.unit() {
		return clock
	}
	return (clock/m.unit() + 1) * m.unit()
}

// Close removes the temporary file, if there is one.
func (h *History) Close() error {
	if h.spill == nil {
		return nil
	}
	err := h.spill.close()
	h.spill = nil
	return err
}

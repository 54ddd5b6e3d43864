package intake

import (
	"encoding/binary"
	"slices"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/detect/memory"
	"github.com/trailwarden/trailwarden/rule"
)

// Memory is the rules of a set that remember. Their inputs are judged with all
// other rules; an Engine of package memory judges the hits.
type Memory struct {
	Specs  []*memory.Spec
	owners []*alert.Rule // by Spec; nil for one that only other rules count
	inputs []input       // by number of the engine's rule, less those on single records
	clock  bool          // the minutes of all records matter
}

// input is one input of one Spec.
type input struct{ spec, input int }

// remember adds the rules that remember.
func (s *Rules) remember(rules []*rule.Rule, adjust func(*alert.Rule)) {
	specs, owners := rule.Specs(rules)
	if len(specs) == 0 {
		return
	}
	m := &Memory{Specs: specs, owners: make([]*alert.Rule, len(specs)), clock: memory.NeedsActivity(specs)}
	for i, spec := range specs {
		if owners[i].CountedBy == "" {
			m.owners[i] = Facts(owners[i])
			if adjust != nil {
				adjust(m.owners[i])
			}
		}
		for j, in := range spec.Inputs {
			if in.Node != nil {
				m.inputs = append(m.inputs, input{i, j})
				s.nodes = append(s.nodes, in.Node)
			}
		}
	}
	s.memory = m
}

func (m *Memory) told() (all []*alert.Rule) {
	for _, f := range m.owners {
		if f != nil {
			all = append(all, f)
		}
	}
	return all
}

// Hits are what records judged one after the other mean to rules that remember.
type Hits struct {
	All []memory.Hit
	// Until, when it is set, is the latest time that is believed of a record:
	// Latest passes over later ones.
	Until   time.Time
	Latest  time.Time   // of all records, UTC
	Minutes []time.Time // in which there were records, where that matters
	// Raw are the records that were hits.
	Raw   []Raw
	Bytes int // of their texts

	arena      []byte   // has room for more
	full, free [][]byte // pieces of memory as it is one
}

// Raw is a record that was a hit.
type Raw struct{ Ref, Text []byte }

// Empty tells whether there is nothing that must be kept.
func (h *Hits) Empty() bool { return len(h.All)+len(h.Minutes) == 0 }

const (
	piece = 16 << 10 // bytes of memory for copies that are taken at once

	// What Reset keeps.
	mostHitsKept   = 1024
	mostPiecesKept = 16
)

// Reset forgets all hits and keeps their memory for others. Nothing of them may
// be in use.
func (h *Hits) Reset() {
	again := Hits{free: append(h.free, h.full...)}
	if cap(h.arena) == piece { // larger ones are of one text each
		again.arena = h.arena[:0]
	}
	if len(again.free) > mostPiecesKept {
		clear(again.free[mostPiecesKept:])
		again.free = again.free[:mostPiecesKept]
	}
	clear(h.All)
	clear(h.Raw)
	if cap(h.All) <= mostHitsKept {
		again.All = h.All[:0]
	}
	if cap(h.Raw) <= mostHitsKept {
		again.Raw = h.Raw[:0]
	}
	again.Minutes = h.Minutes[:0]
	*h = again
}

// Expect makes room for some hits and records, which are most often as many as the
// file before had.
func (h *Hits) Expect(hits, records int) {
	h.All, h.Raw = slices.Grow(h.All, hits), slices.Grow(h.Raw, records)
}

// copied keeps a copy of b.
func (h *Hits) copied(b []byte) []byte {
	if cap(h.arena)-len(h.arena) < len(b) {
		h.another(len(b))
	}
	n := len(h.arena)
	h.arena = append(h.arena, b...)
	return h.arena[n:len(h.arena):len(h.arena)]
}

// another begins another piece of memory, with room for n bytes.
func (h *Hits) another(n int) {
	if cap(h.arena) == piece {
		h.full = append(h.full, h.arena[:0])
	}
	last := len(h.free) - 1
	if n > piece || last < 0 {
		h.arena = make([]byte, 0, max(piece, n))
		return
	}
	h.arena, h.free = h.free[last], h.free[:last]
}

// reader is what a Judge needs to read hits.
type reader struct {
	memory.Reading
	ref []byte
}

// remember notes the hits of inputs among the hits at hand.
func (j *Judge) remember(rec *cloudtrail.Record, index int, from *Origin) {
	t, ok := rec.Time()
	if !ok {
		return // it has no place in time
	}
	m, keep := j.rules.memory, j.Keep
	if t.After(keep.Latest) && (keep.Until.IsZero() || !t.After(keep.Until)) {
		keep.Latest = t.UTC()
	}
	if minute := t.UTC().Truncate(time.Minute); m.clock && (len(keep.Minutes) == 0 || !keep.Minutes[len(keep.Minutes)-1].Equal(minute)) {
		keep.Minutes = append(keep.Minutes, minute)
	}
	var ref []byte
	begun := false
	for _, n := range j.hits {
		if n -= len(j.rules.facts); n < 0 {
			continue
		}
		if !begun {
			j.reader.Begin(rec)
			begun = true
		}
		in := m.inputs[n]
		if !j.reader.Read(m.Specs[in.spec], in.input) {
			continue
		}
		if ref == nil {
			ref = keep.raw(j.reader.reference(rec, index, from), rec)
		}
		keep.All = append(keep.All, memory.Hit{
			Spec: in.spec, Input: in.input, At: t, Key: rec.Key(), Number: j.reader.Number,
			Group: keep.copied(j.reader.Group), Value: keep.copied(j.reader.Value), Ref: ref,
		})
	}
}

// raw keeps the record under its reference, and gives a copy of that.
func (h *Hits) raw(ref []byte, rec *cloudtrail.Record) []byte {
	kept := Raw{h.copied(ref), h.copied(rec.Raw())}
	h.Raw, h.Bytes = append(h.Raw, kept), h.Bytes+len(kept.Text)
	return kept.Ref
}

// reference says where a record is: its index, the lengths of event ID and
// name, both, the file and its version.
func (r *reader) reference(rec *cloudtrail.Record, index int, from *Origin) []byte {
	const most = 128 // bytes of an ID or a name that are kept
	b := binary.AppendVarint(r.ref[:0], int64(index))
	for _, field := range []cloudtrail.FieldID{cloudtrail.EventID, cloudtrail.EventName} {
		var text []byte
		if v := rec.Field(field); v.Kind() == cloudtrail.String {
			text = v.Text(nil)
		}
		text = text[:min(len(text), most)]
		b = append(binary.AppendUvarint(b, uint64(len(text))), text...)
	}
	version := from.Version[:min(len(from.Version), most)]
	b = append(binary.AppendUvarint(b, uint64(len(version))), version...)
	r.ref = append(b, from.File...)
	return r.ref
}

// evidence is where the record of a reference is, and its event's name.
func evidence(ref string) (e alert.Evidence, name string) {
	b := []byte(ref)
	index, n := binary.Varint(b)
	if n <= 0 {
		return alert.Evidence{Record: -1}, ""
	}
	b = b[n:]
	var texts [3]string
	for i := range texts {
		size, n := binary.Uvarint(b)
		if n <= 0 || uint64(len(b)-n) < size {
			return alert.Evidence{Record: -1}, ""
		}
		texts[i], b = string(b[n:n+int(size)]), b[n+int(size):]
	}
	return alert.Evidence{File: string(b), Version: texts[2], Record: int(index), EventID: texts[0]}, texts[1]
}

// Finding is the finding of a detection; ok is false for one that is nobody's
// news. raw gives records by reference, nil for one that is not at hand: then
// the finding shows what is known of it.
func (m *Memory) Finding(d *memory.Detection, from *Origin, raw func(ref string) []byte) (f alert.Finding, ok bool) {
	if d.Withdrawn || m.owners[d.Spec] == nil {
		return f, false
	}
	at, name := evidence(d.Trigger.Ref)
	f = alert.Finding{
		Rule: m.owners[d.Spec], Identity: d.ID, Time: d.At.UTC(), Arrived: from.Arrived, Mode: from.Mode,
		Evidence: at, Detection: detection(d),
	}
	if b := raw(d.Trigger.Ref); b != nil {
		f.Record = slices.Clone(b)
	} else {
		known := memory.Known{At: d.At, Group: d.Group, EventID: at.EventID, EventName: name, File: at.File}
		f.Record = known.Record()
	}
	return f, true
}

func detection(d *memory.Detection) *alert.Detection {
	out := &alert.Detection{ID: d.ID, Summary: d.Summary, From: d.First.UTC(), To: d.Last.UTC(), Count: d.Count, Late: d.Late}
	for _, l := range d.Group {
		out.Group = append(out.Group, alert.Label{Name: l.Name, Value: l.Value})
	}
	for _, r := range d.Related {
		if e, _ := evidence(r.Ref); e.File != "" {
			out.Related = append(out.Related, e)
		}
	}
	return out
}

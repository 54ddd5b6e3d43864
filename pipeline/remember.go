package pipeline

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/detect"
	"github.com/trailwarden/trailwarden/detect/memory"
	"github.com/trailwarden/trailwarden/rule"
)

// remembering is the part of a scan that rules with a memory need: their inputs
// are judged by the workers like any rule, their hits come to the flusher, which
// files those of records that are no duplicates, and when all files are read the
// windows are judged in one place.
type remembering struct {
	specs   []*memory.Spec
	owners  []*rule.Rule
	inputs  []source
	same    [][]int32 // by number of the engine's rule, less the rules on single records: inputs with one predicate
	clock   bool      // the time of every record matters, whether it matches or not
	minutes bool      // and every minute that has a record
	latest  int64     // of all records, milliseconds
	past    *memory.History
	keep    keep
	shown   shown

	fields memory.FieldSets // that inputs read
	ref    []byte           // buffer
}

// source is one input of one Spec.
type source struct {
	spec, input  int
	group, value int // lists of fields that are read
	alarm        bool
	hits         *atomic.Int32 // shown
}

// newRemembering adds the inputs of rules that remember to nodes.
func newRemembering(rules []*rule.Rule, nodes []detect.Node) (*remembering, []detect.Node) {
	specs, owners := rule.Specs(rules)
	if len(specs) == 0 {
		return nil, nodes
	}
	m := &remembering{specs: specs, owners: owners, past: memory.NewHistory(specs, memory.HistoryOptions{})}
	m.minutes = memory.NeedsActivity(specs)
	own, likely := len(nodes), memory.NewLikely(specs)
	for i, s := range specs {
		m.clock = m.clock || s.AtClose() || s.Kind == memory.Alarm
		for j, in := range s.Inputs {
			if in.Node == nil {
				continue
			}
			from := max(own, len(nodes)-compared)
			rule := slices.IndexFunc(nodes[from:], func(n detect.Node) bool { return reflect.DeepEqual(n, in.Node) }) + from - own
			if rule < from-own {
				rule, nodes, m.same = len(m.same), append(nodes, in.Node), append(m.same, nil)
			}
			m.same[rule] = append(m.same[rule], int32(len(m.inputs)))
			m.inputs = append(m.inputs, newSource(s, i, j, &m.fields))
			if likely.Guesses(i) {
				m.inputs[len(m.inputs)-1].doubt()
			}
		}
	}
	return m, nodes
}

// compared is with how many predicates each is compared, so that the same one is
// judged once for all rules that look for it.
const compared = 256

func newSource(s *memory.Spec, i, j int, fields *memory.FieldSets) source {
	in := &s.Inputs[j]
	x := source{spec: i, input: j, group: fields.Add(in.By), value: fields.Add(in.Value), alarm: s.Kind == memory.Alarm, hits: new(atomic.Int32)}
	if s.Kind == memory.Absence && j != 0 || s.Kind == memory.Ordered && j != s.Steps[len(s.Steps)-1] {
		x.leave() // no finding shows its records, but for the chance that two are of one instant
	}
	return x
}

// recalled is one hit of an input in a batch. Group and value are numbers on the
// batch's page.
type recalled struct {
	record       int32 // in records
	input        int32 // number
	group, value uint32
	number       float64
}

// hitRecord is a record in a batch that is a hit.
type hitRecord struct {
	record int32 // index in keys
	index  int32 // in its file
	at     int64 // milliseconds
	key    cloudtrail.Key
	id     part // the event's ID
	raw    part // the record itself, of inputs that cannot be read again
	event  part // what findings show of it, if that is kept
}

// part is a part of a batch's texts.
type part struct{ from, to int32 }

func (b *batch) text(p part) []byte { return b.texts[p.from:p.to] }

// since is what was appended to the texts since they were so long.
func (b *batch) since(from int) part { return part{int32(from), int32(len(b.texts))} }

// remember notes that the record in hand is a hit of an input.
func (w *worker) remember(n int) {
	in := &w.memory.inputs[n]
	if w.begun != w.index {
		w.begun = w.index
		w.numbering.Begin(w.rec)
		w.noted = false
	}
	group, all := w.numbering.Number(in.group)
	if !all {
		return
	}
	value, all := w.numbering.Number(in.value)
	if !all && !in.alarm {
		return
	}
	spec := w.memory.specs[in.spec]
	number, ok := w.numbering.Amount(spec, &spec.Inputs[in.input])
	if !ok || !w.noted && !w.note() {
		return
	}
	b := &w.batch
	h := recalled{record: int32(len(b.records) - 1), input: int32(n), number: number, group: group, value: value}
	if !w.stream && !w.o.WithEvent && (in.show(w.number+1, len(w.entries)) || w.likely.Hit(in.spec, group, value, w.at)) {
		w.show(&b.records[h.record])
	}
	b.memory = append(b.memory, h)
}

// note puts the record in hand among the batch's; it is false when the record
// has no time.
func (w *worker) note() bool {
	at, ok := w.time()
	if !ok {
		w.untimed()
		return false
	}
	w.noted = true
	w.batch.records = append(w.batch.records, w.hitRecord(at))
	return true
}

func (w *worker) hitRecord(at int64) hitRecord {
	b := &w.batch
	r := hitRecord{record: int32(len(b.keys) - 1), index: int32(w.index), at: at}
	if w.out.seen != nil {
		last := b.keys[r.record]
		binary.LittleEndian.PutUint64(r.key[:], last.hi)
		binary.LittleEndian.PutUint64(r.key[8:], last.lo)
	} else { // every copy counts
		binary.LittleEndian.PutUint64(r.key[:], uint64(w.index))
		binary.LittleEndian.PutUint32(r.key[8:], uint32(w.number))
	}
	from := len(b.texts)
	b.texts = appendID(b.texts, w.rec)
	r.id = b.since(from)
	if w.stream {
		from = len(b.texts)
		b.texts = append(b.texts, w.rec.Raw()...)
		r.raw = b.since(from)
	}
	return r
}

// show keeps what findings show of the record in hand.
func (w *worker) show(r *hitRecord) {
	b := &w.batch
	if r.event.to == 0 {
		if len(w.event) == 0 {
			w.event = w.encode.AppendEvent(w.event, w.rec, w.quotedFile(), w.index)
		}
		from := len(b.texts)
		b.texts = append(b.texts, w.event...)
		r.event = b.since(from)
	}
	b.shown = append(b.shown, int32(len(b.memory)))
}

// time is the time of the record in hand, in milliseconds of Unix time.
func (w *worker) time() (int64, bool) {
	if w.timed == w.index {
		return w.at, w.hasTime
	}
	w.timed = w.index
	if raw := w.rec.FieldRaw(cloudtrail.EventTime); canonical(raw) {
		if w.at, w.hasTime = w.clock.instant(raw[1:21]); w.hasTime {
			return w.at, true
		}
	}
	t, ok := w.rec.Time()
	w.at, w.hasTime = t.UnixMilli(), ok
	return w.at, w.hasTime
}

// untimed says once a file that a record has no place in time.
func (w *worker) untimed() {
	if w.saidUntimed == w.number+1 {
		return
	}
	w.saidUntimed = w.number + 1
	w.batch.notes = append(w.batch.notes, cloudtrail.Fault{
		File: w.batch.file, Offset: -1, Record: w.index,
		Reason: "a record without an eventTime that can be read: rules that count records in time pass it over",
	})
}

// tick notes how far the records reach, and in which minutes there are any.
func (w *worker) tick() {
	raw := w.rec.FieldRaw(cloudtrail.EventTime)
	if !w.memory.minutes && notAfter(raw, w.newest) {
		return // as most, if not in order
	}
	at, ok := w.time()
	if !ok {
		return
	}
	b := &w.batch
	if b.latest = max(b.latest, at); canonical(raw) {
		w.newest = append(w.newest[:0], raw...)
	}
	if !w.memory.minutes {
		return
	}
	if m := at / 60_000; w.told[uint64(m)%uint64(len(w.told))] != m {
		w.told[uint64(m)%uint64(len(w.told))] = m
		b.minutes = append(b.minutes, m)
	}
}

// notAfter tells of the JSON texts of two times, without reading them, that the
// first is no later than the second, or is no time.
func notAfter(a, b []byte) bool {
	return len(b) > 0 && canonical(a) && bytes.Compare(a, b) <= 0
}

// canonical tells whether raw has the form in which nearly all records write
// their time: "2026-03-14T09:00:00Z", with the quotes. Such texts sort as the
// times do.
func canonical(raw []byte) bool {
	return len(raw) == 22 && raw[5] == '-' && raw[8] == '-' && raw[11] == 'T' && raw[14] == ':' && raw[17] == ':' && raw[20] == 'Z'
}

// remember files a batch's hits of records that are no duplicates.
func (f *flusher) remember(b *batch) error {
	m := f.memory
	if m == nil {
		return nil
	}
	m.latest = max(m.latest, b.latest)
	for _, minute := range b.minutes {
		m.past.Active(time.Unix(minute*60, 0))
	}
	shown := b.shown
	last := int32(-1)
	for i := range b.memory {
		h := &b.memory[i]
		r := &b.records[h.record]
		shows := len(shown) > 0 && int(shown[0]) == i
		if shows {
			shown = shown[1:]
		}
		if f.seen != nil && f.repeats[r.record] {
			continue
		}
		if h.record != last {
			last = h.record
			if err := m.begin(b, r); err != nil {
				return err
			}
		}
		in := &m.inputs[h.input]
		if shows {
			m.shown.add(m.inputs, int(h.input), place{b.number, int(r.index)}, b.text(r.event))
		}
		m.past.Hit(in.spec, in.input, m.past.Group(&b.page, h.group), m.past.Value(&b.page, h.value), h.number)
	}
	return nil
}

// begin takes up a record.
func (m *remembering) begin(b *batch, r *hitRecord) error {
	m.latest = max(m.latest, r.at)
	m.ref = binary.AppendUvarint(m.ref[:0], uint64(b.number))
	m.ref = binary.AppendUvarint(m.ref, uint64(r.index))
	m.ref = append(m.ref, b.text(r.id)...)
	if r.raw.to > 0 {
		if err := m.keep.add(place{b.number, int(r.index)}, b.text(r.raw)); err != nil {
			return err
		}
	}
	return m.past.Record(time.UnixMilli(r.at), r.key, m.ref)
}

// place is where a record stands: the number of its file in the listing, and
// its index in it.
type place struct{ file, index int }

// A hit's reference is the record's place and the event's ID.
func placeOf(ref string) (p place, id string, ok bool) {
	b := []byte(ref)
	file, n := binary.Uvarint(b)
	index, k := binary.Uvarint(b[max(n, 0):])
	if n <= 0 || k <= 0 {
		return p, "", false // an alarm without any record behind it
	}
	return place{int(file), int(index)}, idText(b[n+k:]), true
}

const uuidText = 36 // characters

// appendID appends the event's ID: in 16 bytes when it is a UUID as AWS writes
// them, else as text of another length.
func appendID(dst []byte, rec *cloudtrail.Record) []byte {
	raw := rec.FieldRaw(cloudtrail.EventID)
	if len(raw) == 0 {
		raw = rec.FieldRaw(cloudtrail.LowerEventID)
	}
	if len(raw) == uuidText+2 {
		u := raw[1 : uuidText+1]
		var packed [32]byte
		n := copy(packed[:], u[:8])
		n += copy(packed[n:], u[9:13])
		n += copy(packed[n:], u[14:18])
		n += copy(packed[n:], u[19:23])
		copy(packed[n:], u[24:])
		from := len(dst)
		if out, err := hex.AppendDecode(dst, packed[:]); err == nil && plainUUID(u) {
			return out
		}
		dst = dst[:from]
	}
	text := cloudtrail.ValueOf(raw).Str()
	if len(text) > maxID {
		text = text[:maxID]
	}
	if dst = append(dst, text...); len(text) == len(cloudtrail.Key{}) {
		dst = append(dst, 0)
	}
	return dst
}

// plainUUID tells whether hexadecimal digits are grouped as in a UUID, and have
// no capitals among them.
func plainUUID(u []byte) bool {
	for _, c := range u {
		if 'A' <= c && c <= 'F' {
			return false
		}
	}
	return u[8] == '-' && u[13] == '-' && u[18] == '-' && u[23] == '-'
}

// maxID bounds an event's ID, in bytes; those of AWS have 36.
const maxID = 128

func idText(b []byte) string {
	if len(b) != len(cloudtrail.Key{}) {
		return strings.TrimSuffix(string(b), "\x00")
	}
	h := hex.EncodeToString(b)
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

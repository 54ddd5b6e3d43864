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
	"github.com/trailwarden/trailwarden/report"
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
	event  part // what findings show of it, if that is kept: see report.AppendFacts
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
	if !w.stream && !w.o.WithEvent && (in.show(w.number+1, len(w.entries)) || w.likely.Hit(in.spec, group, value, w.at)) {
		w.show(&b.records[len(b.records)-1])
	}
	// Written where it stays, as in note: made elsewhere and copied, the processor
	// would wait for each of them until its parts had left the stores.
	b.memory = append(b.memory, recalled{})
	h := &b.memory[len(b.memory)-1]
	h.record, h.input, h.number, h.group, h.value = int32(len(b.records)-1), int32(n), number, group, value
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
	b := &w.batch
	b.records = append(b.records, hitRecord{})
	w.fill(&b.records[len(b.records)-1], at)
	return true
}

// fill says of r, which is empty, which record is in hand.
func (w *worker) fill(r *hitRecord, at int64) {
	b := &w.batch
	r.record, r.index, r.at = int32(len(b.keys)-1), int32(w.index), at
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
}

// show keeps what findings show of the record in hand.
func (w *worker) show(r *hitRecord) {
	b := &w.batch
	if r.event.to == 0 {
		if len(w.event) == 0 {
			w.event = report.AppendFacts(w.event, w.rec)
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
		m.keep.add(place{b.number, int(r.index)}, b.text(r.raw))
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
		if out, ok := appendUUID(dst, raw[1:uuidText+1]); ok {
			return out
		}
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

// appendUUID appends the 16 bytes of a UUID with small letters; ok is false of
// every other text. It reads eight digits at a time: every second record may be a
// hit.
func appendUUID(dst, u []byte) (out []byte, ok bool) {
	if len(u) != uuidText || u[8] != '-' || u[13] != '-' || u[18] != '-' || u[23] != '-' {
		return dst, false
	}
	// 01234567-9012-4567-9012-456789012345
	a, d := binary.LittleEndian.Uint64(u), binary.LittleEndian.Uint64(u[28:])
	b := uint64(binary.LittleEndian.Uint32(u[9:])) | uint64(binary.LittleEndian.Uint32(u[14:]))<<32
	c := uint64(binary.LittleEndian.Uint32(u[19:])) | uint64(binary.LittleEndian.Uint32(u[24:]))<<32
	if !smallHex(a) || !smallHex(b) || !smallHex(c) || !smallHex(d) {
		return dst, false
	}
	dst = binary.LittleEndian.AppendUint64(dst, uint64(fourBytes(a))|uint64(fourBytes(b))<<32)
	return binary.LittleEndian.AppendUint64(dst, uint64(fourBytes(c))|uint64(fourBytes(d))<<32), true
}

// Eight characters at a time: each byte of a word is one.
const (
	everyByte = 0x0101010101010101
	topBits   = 0x80 * everyByte
)

// smallHex tells whether w is eight hexadecimal digits without capitals.
func smallHex(w uint64) bool {
	letters := (w + (0x80-'a')*everyByte) &^ (w + (0x7f-'f')*everyByte)
	digits := (w + (0x80-'0')*everyByte) &^ (w + (0x7f-'9')*everyByte)
	return (letters|digits)&^w&topBits == topBits
}

// fourBytes are the bytes that eight hexadecimal digits stand for, the first one
// lowest.
func fourBytes(w uint64) uint32 {
	w = w&(0x0f*everyByte) + 9*(w>>6&everyByte)
	w = (w<<4 | w>>8) & 0x00ff00ff00ff00ff
	w = (w | w>>8) & 0x0000ffff0000ffff
	return uint32(w | w>>16)
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

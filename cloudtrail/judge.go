package cloudtrail

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"github.com/trailwarden/trailwarden/internal/jsonscan"
)

// judge hands rec over, or takes the record out of what wraps it, or says what
// the object is instead of a record. index is rec's; top says that it stands at
// the top of the file.
func (f *file) judge(rec *Record, offset int64, index int, top bool) {
	if !rec.plainRecord() {
		if top && f.holdsRecords(rec) {
			return
		}
		if f.unwrap(rec, offset, index) {
			return
		}
		if what := foreignKind(rec); what != nil {
			f.foreign(what, offset, index, top)
			return
		}
	}
	f.deliver(rec, offset, index)
}

// deliver calls visit.
func (f *file) deliver(rec *Record, offset int64, index int) {
	f.note(rec, offset, index)
	f.sum.Records++
	if f.sum.Records%256 == 0 {
		if f.err = f.ctx.Err(); f.err != nil {
			return
		}
	}
	f.err = f.visit(rec, index)
}

// plainRecord tells at once that nearly every record is one.
func (r *Record) plainRecord() bool {
	return r.Has(EventVersion) && r.Has(EventID) && !bytes.HasPrefix(r.FieldRaw(EventSource), []byte(`"aws:`))
}

// holdsRecords reads an object that turned out to be a container of records
// although its first key is a record's.
func (f *file) holdsRecords(rec *Record) bool {
	for i := range rec.others {
		o := &rec.others[i]
		if container(o.key) && rec.value(o.slot).Kind() == Array {
			f.next-- // the object itself is no record
			end := f.w.offset(f.w.pos)
			f.w.pos = int(o.slot.at)
			f.array()
			f.w.pos = max(f.w.pos, int(end-f.w.base))
			return true
		}
	}
	return false
}

// wrappers are the fields that hold a whole record: LookupEvents' and the one
// of CloudTrail Lake, which Athena folds to lower case.
var wrappers = [...]string{"CloudTrailEvent", "eventJson", "eventjson"}

// unwrap judges the record inside rec: LookupEvents keeps it as JSON text, and
// rows of an export have lower-case keys. It reports whether there was one.
func (f *file) unwrap(rec *Record, offset int64, index int) bool {
	if rec.ix == f.d.inner {
		return false
	}
	for _, name := range wrappers {
		if v := rec.Get(name); v.Kind() == String || v.Kind() == Object {
			f.derive(v.recordText(f.d.derived[:0]), offset, index)
			return true
		}
	}
	if !isRow(rec) {
		return false
	}
	row := rowWriter{out: f.d.derived[:0]}
	for i := range rec.others {
		o := &rec.others[i]
		row.json(string(o.key), rec.value(o.slot))
	}
	f.derive(row.close(), offset, index)
	return true
}

// recordText is a record kept as text, or as it is, in dst's memory.
func (v Value) recordText(dst []byte) []byte {
	if v.Kind() == String {
		return append(dst, v.Text(nil)...)
	}
	return append(dst, v.raw...)
}

// textRecord judges a record that stands in an array as JSON text.
func (f *file) textRecord() {
	index := f.take()
	end, _, err := f.w.parse()
	if err != nil {
		f.bad(err, index, false)
		return
	}
	offset := f.w.offset(f.w.pos)
	text := ValueOf(f.w.text[f.w.pos:end]).recordText(f.d.derived[:0])
	f.w.pos = end
	f.derive(text, offset, index)
}

// derive judges the record in text, which is not part of the file as it is.
func (f *file) derive(text []byte, offset int64, index int) {
	f.d.derived = text
	at := jsonscan.SkipSpace(text, 0)
	if at >= len(text) || text[at] != '{' {
		f.fault(offset, index, "the text in place of a record is no JSON object: it was not judged")
		return
	}
	ix := f.d.inner
	ix.Reset(text, at, true)
	end, mark, err := ix.Parse(at)
	if err == nil && jsonscan.SkipSpace(text, end) != len(text) {
		err = errMoreText
	}
	if err != nil {
		f.fault(offset, index, "the record, kept as text here, is not valid JSON ("+err.Error()+"): it was not judged")
		return
	}
	rec := &f.d.rec
	rec.view(ix, at, end, mark)
	f.judge(rec, offset, index, false)
}

// note is a set of remarks that have been made about the file.
type note uint8

const (
	noteCase note = 1 << iota
	noteDuplicate
	noteUTF8
	noteVersion
)

// note remarks on what is unusual in a record, once a file for each kind.
func (f *file) note(rec *Record, offset int64, index int) {
	if len(rec.others) > 0 && f.noted&noteCase == 0 {
		if name, real := rec.caseVariant(); name != "" {
			f.remark(noteCase, offset, index, "the key \""+name+"\" differs from \""+real+"\" in case only: rules see the exact name and never this one")
		}
	}
	if rec.repeated && f.noted&noteDuplicate == 0 {
		f.remark(noteDuplicate, offset, index, "a key stands twice in the record: the last one counts")
	}
	if f.noted&noteUTF8 == 0 && !rec.ix.ASCII(rec.at, rec.end) && !utf8.Valid(rec.Raw()) {
		f.remark(noteUTF8, offset, index, "the record is not valid UTF-8: each wrong byte counts as U+FFFD")
	}
	if f.noted&noteVersion == 0 && !rec.knownVersion() {
		f.remark(noteVersion, offset, index, "the record's eventVersion is not 1.x: it was judged as if it were")
	}
}

func (f *file) remark(kind note, offset int64, index int, reason string) {
	f.noted |= kind
	f.sum.Notes = append(f.sum.Notes, Fault{File: f.name, Offset: offset, Record: index, Reason: reason})
}

// caseVariant is a key of the record that is a documented field but for its
// case, and that field.
func (r *Record) caseVariant() (name, real string) {
	for i := range r.others {
		k := r.others[i].key
		if len(k) >= len(namesByLength) {
			continue
		}
		for _, n := range namesByLength[len(k)] {
			if strings.EqualFold(n, string(k)) {
				return string(k), n
			}
		}
	}
	return "", ""
}

// knownVersion tells whether eventVersion is absent or of major version 1.
func (r *Record) knownVersion() bool {
	v := r.FieldRaw(EventVersion)
	return len(v) == 0 || v[0] != '"' || bytes.HasPrefix(v, []byte(`"1.`))
}

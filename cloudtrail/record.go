// Package cloudtrail opens AWS CloudTrail log files into records.
//
// A Record is a view over its own bytes: fields are found when asked for, with
// their exact-case names, and nothing is decoded or written anew. A Decoder
// reads files in every form in which people keep them and says precisely what
// was wrong with the rest. The facts about files, keys, fields and regions
// follow the CloudTrail User Guide (record contents, userIdentity element,
// finding log files).
package cloudtrail

import (
	"bytes"
	"errors"

	"github.com/trailwarden/trailwarden/internal/jsonscan"
)

// ErrNotObject is returned for record bytes that are no JSON object.
var ErrNotObject = errors.New("not a JSON object")

var errMoreText = errors.New("more text follows the JSON object")

// Record is one CloudTrail event, or any other JSON object that rules judge.
// Its own keys are walked once, when it is made; after that each documented
// field is there without a search. A Record is not for concurrent use.
type Record struct {
	ix       *jsonscan.Index
	text     []byte // the index's
	at, end  int    // the record's place in text
	mark     int
	repeated bool // a documented key stands twice
	slots    [numFields]slot
	others   []other // fields that are not documented, in order
	scratch  []byte
	after    [numFields]FieldID // what stood after each field the last time
	caller   *callerShape       // the shape of userIdentity, nil when it has none that is known
	callers  callerShapes
	who      userIdentity // once whoRead, where there is no shape
	// callerRead says that caller is known, whoRead that who is.
	callerRead, whoRead bool
}

// slot is where a field's value lies in the text; end is 0 when it is missing.
type slot struct{ at, end, mark uint32 }

// other is a field with a name that is not documented. The key may hold
// escapes.
type other struct {
	key  []byte
	slot slot
}

// ParseRecord views raw, one JSON object. It checks that the bytes are valid
// JSON within the default limits of depth and keys; the record keeps them.
func ParseRecord(raw []byte) (*Record, error) { return new(Reader).Read(raw) }

// Reader views single records one after the other, as ParseRecord does, and uses
// its memory again: about ten kilobytes. The zero Reader is ready; it is not for
// concurrent use.
type Reader struct{ rec Record }

// Read views raw. The record is valid until the next Read, and so are Values that
// are objects or arrays of it.
func (rd *Reader) Read(raw []byte) (*Record, error) {
	i := jsonscan.SkipSpace(raw, 0)
	if i >= len(raw) || raw[i] != '{' {
		return nil, ErrNotObject
	}
	r := &rd.rec
	if r.ix == nil {
		limits := DefaultLimits()
		r.ix = limits.index()
		r.ix.MaxBytes = 0
	}
	r.ix.Reset(raw, i, true)
	end, mark, err := r.ix.Parse(i)
	if err != nil {
		return nil, err
	}
	if jsonscan.SkipSpace(raw, end) != len(raw) {
		return nil, errMoreText
	}
	r.view(r.ix, i, end, mark)
	return r, nil
}

// view makes r the record at text[at:end] of ix, which found it sound.
func (r *Record) view(ix *jsonscan.Index, at, end, mark int) {
	r.ix, r.text, r.at, r.end, r.mark = ix, ix.Text(), at, end, mark
	r.walk()
}

// walk sorts the record's own members, which the index noted in passing. Mostly a
// field is followed by the one that followed it the last time, so each is first
// compared with that one's name: that saves a third of the time, and every record
// has twenty of them.
func (r *Record) walk() {
	r.slots = [numFields]slot{}
	r.others, r.callerRead, r.whoRead = r.others[:0], false, false
	var has, repeated uint64
	f := NoField
	fields := r.ix.Fields()
	for i := range fields {
		m := &fields[i]
		key := r.text[m.KeyAt:m.KeyEnd]
		s := slot{m.At, m.End, m.Key + 2}
		guess := &r.after[f]
		f = *guess
		if w := &quotedNames[f]; len(key) != w.length || first8(key) != w.first || last8(key) != w.last ||
			len(key) > 16 && (second8(key) != w.second || len(key) > 24) {
			f = quotedFieldID(key)
			*guess = f
			if f == NoField {
				if f = r.other(key[1:len(key)-1], s); f == NoField {
					continue
				}
			}
		}
		bit := uint64(1) << f
		repeated |= has & bit
		has |= bit
		r.slots[f] = s
	}
	r.repeated = repeated != 0
}

// other keeps a field that is not documented. It resolves escapes first, and if
// the name is a documented one after all, that is the answer.
func (r *Record) other(key []byte, s slot) FieldID {
	if bytes.IndexByte(key, '\\') >= 0 {
		r.scratch = jsonscan.Unescape(r.scratch[:0], key)
		if f := fieldIDOf(r.scratch); f != NoField {
			return f
		}
	}
	r.others = append(r.others, other{key, s})
	return NoField
}

func (r *Record) value(s slot) Value {
	if s.end == 0 {
		return Value{}
	}
	raw := r.text[s.at:s.end:s.end]
	if raw[0] == '{' || raw[0] == '[' {
		return Value{raw, r.ix, int(s.mark)}
	}
	return Value{raw: raw}
}

// Field is the record's own field f; the last of duplicate keys wins.
func (r *Record) Field(f FieldID) Value { return r.value(r.slots[f]) }

// FieldRaw is the exact JSON text of the record's own field f, empty when it is
// missing: what Field(f).Raw() is, for those who ask for little of many records.
func (r *Record) FieldRaw(f FieldID) []byte {
	s := &r.slots[f]
	return r.text[s.at:s.end:s.end]
}

// Has tells whether the record has its own field f, null included.
func (r *Record) Has(f FieldID) bool { return r.slots[f].end != 0 }

// Raw is the record's exact bytes.
func (r *Record) Raw() []byte {
	if r.ix == nil {
		return nil
	}
	return r.text[r.at:r.end:r.end]
}

// Value is the record as a value.
func (r *Record) Value() Value {
	if r.ix == nil {
		return Value{}
	}
	return Value{r.Raw(), r.ix, r.mark}
}

// Get is the record's own field with exactly this name; the last of duplicate
// keys wins.
func (r *Record) Get(name string) Value {
	if f := FieldIDOf(name); f != NoField {
		return r.Field(f)
	}
	for i := len(r.others) - 1; i >= 0; i-- {
		if jsonscan.KeyIs(r.others[i].key, name) {
			return r.value(r.others[i].slot)
		}
	}
	return Value{}
}

// Lookup follows object keys from the record, each exact-case.
func (r *Record) Lookup(keys ...string) Value {
	if len(keys) == 0 {
		return r.Value()
	}
	return r.Get(keys[0]).Lookup(keys[1:]...)
}

// Valid reports whether the record is one JSON object by the rules of
// encoding/json. Decoder and ParseRecord check every record in full, asked for
// or not, so that counts and faults never depend on the rules in force; only the
// zero Record is not valid.
func (r *Record) Valid() error {
	if r.ix == nil {
		return ErrNotObject
	}
	return nil
}

// IsCloudTrail tells whether the object has a CloudTrail record's shape:
// eventVersion with an eventSource, or an eventCategory.
func (r *Record) IsCloudTrail() bool {
	return r.Has(EventVersion) && (r.Has(EventSource) || r.Has(EventCategory))
}

// drop lets go of the text.
func (r *Record) drop() {
	r.ix, r.text, r.others = nil, nil, r.others[:0]
	r.slots = [numFields]slot{}
	if cap(r.others) > 256 {
		r.others = nil
	}
}

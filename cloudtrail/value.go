package cloudtrail

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"github.com/trailwarden/trailwarden/internal/jsonscan"
)

// Kind is the JSON type of a Value, with Missing for a field that is not there.
type Kind uint8

// The kinds of JSON value.
const (
	Missing Kind = iota
	Null
	Bool
	Number
	String
	Object
	Array
)

var kindNames = [...]string{"missing", "null", "boolean", "number", "string", "object", "array"}

// String names the kind as JSON does.
func (k Kind) String() string { return kindNames[k] }

// Value is a view on one JSON value inside a record: its exact bytes, nothing
// decoded. The zero Value is Missing. A Value is valid only as long as the
// record's bytes are.
type Value struct {
	raw []byte
}

// ValueOf views raw, which must hold exactly one JSON value without
// surrounding white space.
func ValueOf(raw []byte) Value { return Value{raw} }

// Kind tells the JSON type from the first byte.
func (v Value) Kind() Kind {
	if len(v.raw) == 0 {
		return Missing
	}
	switch v.raw[0] {
	case '"':
		return String
	case '{':
		return Object
	case '[':
		return Array
	case 't', 'f':
		return Bool
	case 'n':
		return Null
	}
	return Number
}

// Raw is the exact JSON text, quotes included; nil when missing.
func (v Value) Raw() []byte { return v.raw }

// Exists tells whether the field is there, null included.
func (v Value) Exists() bool { return len(v.raw) > 0 }

// IsTrue reports the literal true.
func (v Value) IsTrue() bool { return len(v.raw) > 0 && v.raw[0] == 't' }

// Str is the decoded text of a string, and "" for every other kind.
func (v Value) Str() string {
	if v.Kind() != String {
		return ""
	}
	return string(v.Text(nil))
}

// Text is the value as text: a string's decoded characters (escapes resolved,
// invalid UTF-8 and lone surrogates replaced by U+FFFD as encoding/json does),
// the literal of a number or boolean, "null", and the compact JSON of an object
// or array. The result may alias the record or scratch, which is grown as
// needed; pass nil to allocate.
func (v Value) Text(scratch []byte) []byte {
	switch v.Kind() {
	case String:
		s := v.raw[1 : len(v.raw)-1]
		if bytes.IndexByte(s, '\\') < 0 && utf8.Valid(s) {
			return s
		}
		return jsonscan.Unescape(scratch[:0], s)
	case Object, Array:
		return jsonscan.Compact(scratch[:0], v.raw)
	}
	return v.raw
}

// Members calls yield for each member of an object in order, duplicates
// included, until yield returns false. The key is raw JSON text without its
// quotes; it may hold escapes. Other kinds have no members.
func (v Value) Members(yield func(rawKey []byte, val Value) bool) {
	if v.Kind() != Object {
		return
	}
	jsonscan.EachMember(v.raw, func(k, val []byte) bool { return yield(k, Value{val}) })
}

// Elements calls yield for each element of an array in order until yield
// returns false. Other kinds have no elements.
func (v Value) Elements(yield func(i int, val Value) bool) {
	if v.Kind() != Array {
		return
	}
	i := 0
	jsonscan.EachElement(v.raw, func(val []byte) bool { i++; return yield(i-1, Value{val}) })
}

// Get is the member of an object with exactly this key; the last of duplicate
// keys wins. It is Missing on any other kind.
func (v Value) Get(key string) Value {
	if v.Kind() != Object {
		return Value{}
	}
	return Value{jsonscan.Member(v.raw, key)}
}

// Lookup follows object keys, each exact-case.
func (v Value) Lookup(keys ...string) Value {
	for _, k := range keys {
		v = v.Get(k)
	}
	return v
}

// GetFold is the member whose key equals key ignoring case; an exact match is
// preferred, then the last one that folds. Only languages that promise a
// case-insensitive fallback may ask for it.
func (v Value) GetFold(key string) Value {
	if x := v.Get(key); x.Exists() {
		return x
	}
	var found Value
	v.Members(func(k []byte, val Value) bool {
		if bytes.IndexByte(k, '\\') >= 0 {
			k = jsonscan.Unescape(nil, k)
		}
		if strings.EqualFold(string(k), key) {
			found = val
		}
		return true
	})
	return found
}

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
	// ix knows where the brackets of an object or array close; mark is the
	// number of its opening one. Without ix the bytes are walked one by one.
	ix   *jsonscan.Index
	mark int
}

// ValueOf views raw, which must hold exactly one JSON value without
// surrounding white space.
func ValueOf(raw []byte) Value { return Value{raw: raw} }

// valueOf views an item that ix found.
func valueOf(ix *jsonscan.Index, it *jsonscan.Item) Value {
	if c := it.Val[0]; c == '{' || c == '[' {
		return Value{it.Val, ix, it.Mark}
	}
	return Value{raw: it.Val}
}

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
	if v.ix == nil {
		jsonscan.EachMember(v.raw, func(k, val []byte) bool { return yield(k, Value{raw: val}) })
		return
	}
	var it jsonscan.Item
	for c := v.ix.Inside(v.mark); c.Member(&it); {
		if !yield(it.Key, valueOf(v.ix, &it)) {
			return
		}
	}
}

// Elements calls yield for each element of an array in order until yield
// returns false. Other kinds have no elements.
func (v Value) Elements(yield func(i int, val Value) bool) {
	if v.Kind() != Array {
		return
	}
	i := 0
	if v.ix == nil {
		jsonscan.EachElement(v.raw, func(val []byte) bool { i++; return yield(i-1, Value{raw: val}) })
		return
	}
	var it jsonscan.Item
	for c := v.ix.Inside(v.mark); c.Element(&it); i++ {
		if !yield(i, valueOf(v.ix, &it)) {
			return
		}
	}
}

// Get is the member of an object with exactly this key; the last of duplicate
// keys wins. It is Missing on any other kind.
func (v Value) Get(key string) Value {
	if v.Kind() != Object {
		return Value{}
	}
	if v.ix == nil {
		return Value{raw: jsonscan.Member(v.raw, key)}
	}
	var it jsonscan.Item
	var found Value
	for c := v.ix.Inside(v.mark); c.Member(&it); {
		if jsonscan.KeyIs(it.Key, key) {
			found = valueOf(v.ix, &it)
		}
	}
	return found
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

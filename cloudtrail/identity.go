package cloudtrail

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"slices"

	"github.com/trailwarden/trailwarden/internal/jsonscan"
)

// Key is the identity of an event: two records with the same Key tell of the
// same event, whatever file or path they came by. Keys are the same in every
// run. Different events share one with a probability of about 2^-120.
type Key [16]byte

// Key is the record's identity: its eventID and the account that received it
// (eventId and accountId on aggregated records). The two records of an Insight,
// start and end, differ. A record that repairs an earlier one (addendum reason
// UPDATED_DATA) has a Key of its own, so that it is judged again. A record
// without an eventID, of version 1.0, is identified by all its contents.
func (r *Record) Key() Key {
	if !r.Has(InsightDetails) && !r.Has(Addendum) {
		if k, ok := uuidKey(r.FieldRaw(EventID), r.FieldRaw(RecipientAccountID)); ok {
			return k // of nearly every record
		}
	}
	id, account := r.Field(EventID), r.Field(RecipientAccountID)
	if !named(id) {
		id = r.Field(LowerEventID)
	}
	if !named(id) {
		return r.contentKey()
	}
	if account.Kind() != String {
		account = r.Field(AccountID)
	}
	if !r.Has(InsightDetails) && !r.Has(Addendum) {
		if k, ok := uuidKey(id.raw, account.raw); ok {
			return k
		}
	}
	return r.longKey(id, account)
}

// Supersedes is the Key of the record that this one repairs, when it is an
// UPDATED_DATA addendum.
func (r *Record) Supersedes() (Key, bool) {
	if !r.updatesData() {
		return Key{}, false
	}
	id := r.Lookup("addendum", "originalEventID")
	if !named(id) {
		id = r.Field(EventID)
	}
	account := r.Field(RecipientAccountID)
	if k, ok := uuidKey(id.raw, account.raw); ok {
		return k, true
	}
	r.start("event").part(id).part(account).part(Value{}).part(Value{})
	return r.sum(), true
}

func (r *Record) updatesData() bool {
	return r.Field(Addendum).Exists() && r.Lookup("addendum", "reason").Str() == "UPDATED_DATA"
}

// named tells whether an identifier is a string that is not empty.
func named(v Value) bool { return v.Kind() == String && len(v.raw) > 2 }

// uuidKey is the Key of nearly every record, made of the JSON text of its two
// identifiers. A UUID already is 128 bits, and random; the twelve digits of the
// account are mixed into them in a way that keeps UUIDs of one account apart
// exactly. A UUID in upper case is another text and so another event.
func uuidKey(id, account []byte) (k Key, ok bool) {
	if len(id) != 38 || len(account) != 14 || id[0] != '"' || account[0] != '"' {
		return k, false
	}
	id, account = id[1:37], account[1:13]
	// 01234567-9012-4567-9012-456789012345
	a, b := binary.LittleEndian.Uint64(id), binary.LittleEndian.Uint64(id[9:])
	c, d := binary.LittleEndian.Uint64(id[19:]), binary.LittleEndian.Uint64(id[28:])

	if id[8] != '-' || b>>32&0xff != '-' || id[18] != '-' || c>>32&0xff != '-' {
		return k, false
	}
	b = b&0xffffffff | uint64(binary.LittleEndian.Uint32(id[14:]))<<32
	c = c&0xffffffff | uint64(binary.LittleEndian.Uint32(id[24:]))<<32
	digits := binary.LittleEndian.Uint64(account)
	last := binary.LittleEndian.Uint64(account[4:])
	bad := notHex(a) | notHex(b) | notHex(c) | notHex(d) | notDigits(digits) | notDigits(last)
	if bad != 0 {
		return k, false
	}
	n := packHex(digits) | packHex(last)<<32
	binary.LittleEndian.PutUint64(k[0:], (packHex(a)|packHex(b)<<32)^mix(n+1))
	binary.LittleEndian.PutUint64(k[8:], (packHex(c)|packHex(d)<<32)^mix(^n))
	return k, true
}

// Eight characters at a time: each byte of a word is one.
const (
	everyByte = 0x0101010101010101
	topBits   = 0x80 * everyByte
)

// notHex is 0 when w is eight lower-case hexadecimal digits.
func notHex(w uint64) uint64 {
	letters := (w + (0x80-'a')*everyByte) &^ (w + (0x7f-'f')*everyByte)
	return notDigits(w)&^letters | w&topBits
}

// notDigits is 0 when w is eight decimal digits; else the bits of notHex that
// letters may clear.
func notDigits(w uint64) uint64 {
	digits := (w + (0x80-'0')*everyByte) &^ (w + (0x7f-'9')*everyByte)
	return ^digits&topBits | w&topBits
}

// packHex is the value of eight hexadecimal digits, in an order of its own.
func packHex(w uint64) uint64 {
	w = w&(0x0f*everyByte) + 9*(w>>6&everyByte)
	w = (w | w>>4) & 0x00ff00ff00ff00ff
	w = (w | w>>8) & 0x0000ffff0000ffff
	return (w | w>>16) & 0xffffffff
}

// mix is the finalizer of SplitMix64, a bijection that spreads every bit.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// longKey is the Key of the records that uuidKey is not made for.
func (r *Record) longKey(id, account Value) Key {
	var update Value
	if r.updatesData() {
		update = r.Lookup("addendum", "updatedFields")
		if !update.Exists() {
			update = ValueOf([]byte(`""`))
		}
	}
	state := r.Lookup("insightDetails", "state")
	if !update.Exists() && !state.Exists() {
		if k, ok := uuidKey(id.raw, account.raw); ok {
			return k // an addendum that changes no data
		}
	}
	r.start("event").part(id).part(account).part(state).part(update)
	return r.sum()
}

// start begins the text that a Key is the hash of.
func (r *Record) start(kind string) *Record {
	r.scratch = append(append(r.scratch[:0], kind...), 0)
	return r
}

// part appends a value in a form that ends where it ends, and is the same
// however the value was written.
func (r *Record) part(v Value) *Record {
	r.scratch = appendCanonical(r.scratch, v, 0)
	return r
}

func (r *Record) sum() (k Key) {
	s := sha256.Sum256(r.scratch)
	copy(k[:], s[:])
	return k
}

// contentKey is the Key of a record that has no identifier.
func (r *Record) contentKey() Key {
	r.start("content").part(r.Value())
	return r.sum()
}

// maxCanonicalDepth bounds the recursion; what is nested deeper counts as it is
// written.
const maxCanonicalDepth = 512

// appendCanonical appends v in a form that does not depend on white space, on
// escapes or on the order of keys. Of duplicate keys the last counts.
func appendCanonical(dst []byte, v Value, depth int) []byte {
	kind := v.Kind()
	dst = append(dst, byte(kind))
	switch {
	case kind == Object && depth < maxCanonicalDepth:
		return appendCanonicalObject(dst, v, depth)
	case kind == Array && depth < maxCanonicalDepth:
		v.Elements(func(_ int, x Value) bool { dst = appendCanonical(dst, x, depth+1); return true })
		return append(dst, 0xff)
	}
	text := v.raw
	if kind == String {
		text = v.Text(nil)
	}
	dst = binary.AppendUvarint(dst, uint64(len(text)))
	return append(dst, text...)
}

func appendCanonicalObject(dst []byte, v Value, depth int) []byte {
	type member struct {
		key []byte
		val Value
	}
	var all []member
	v.Members(func(k []byte, x Value) bool {
		all = append(all, member{jsonscan.Unescape(nil, k), x})
		return true
	})
	slices.SortStableFunc(all, func(a, b member) int { return bytes.Compare(a.key, b.key) })
	for i, m := range all {
		if i+1 < len(all) && bytes.Equal(m.key, all[i+1].key) {
			continue
		}
		dst = binary.AppendUvarint(append(dst, 0xfe), uint64(len(m.key)))
		dst = appendCanonical(append(dst, m.key...), m.val, depth+1)
	}
	return append(dst, 0xff)
}

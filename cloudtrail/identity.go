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
	if r.slots[InsightDetails].end == 0 && r.slots[Addendum].end == 0 {
		if k, ok := uuidKey(inner(id), inner(account)); ok {
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
	if k, ok := uuidKey(inner(id), inner(account)); ok {
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

// inner is the text between a string's quotes, as it stands; nil for others.
func inner(v Value) []byte {
	if v.Kind() != String {
		return nil
	}
	return v.raw[1 : len(v.raw)-1]
}

// uuidKey is the Key of nearly every record. A UUID already is 128 bits, and
// random; the twelve digits of the account are mixed into them in a way that
// keeps UUIDs of one account apart exactly.
func uuidKey(id, account []byte) (k Key, ok bool) {
	if len(id) != 36 || len(account) != 12 {
		return k, false
	}
	bad := (id[8] ^ '-') | (id[13] ^ '-') | (id[18] ^ '-') | (id[23] ^ '-')
	j := 0
	for _, part := range [...][2]int{{0, 8}, {9, 13}, {14, 18}, {19, 23}, {24, 36}} {
		for i := part[0]; i < part[1]; i += 2 {
			hi, lo := hexDigits[id[i]], hexDigits[id[i+1]]
			bad |= (hi | lo) & 0xf0
			k[j] = hi<<4 | lo&0x0f
			j++
		}
	}
	n := uint64(0)
	for _, c := range account {
		if c < '0' || c > '9' {
			return k, false
		}
		n = n*10 + uint64(c-'0')
	}
	if bad != 0 {
		return k, false
	}
	a, b := mix(n+1), mix(^n)
	binary.LittleEndian.PutUint64(k[0:], binary.LittleEndian.Uint64(k[0:])^a)
	binary.LittleEndian.PutUint64(k[8:], binary.LittleEndian.Uint64(k[8:])^b)
	return k, true
}

// hexDigits are the values of the lower-case digits, and 0xff for the rest: a
// UUID in upper case is another text and so another event.
var hexDigits = makeHexDigits()

func makeHexDigits() (t [256]byte) {
	for i := range t {
		t[i] = 0xff
	}
	for i, c := range "0123456789abcdef" {
		t[c] = byte(i)
	}
	return t
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
		if k, ok := uuidKey(inner(id), inner(account)); ok {
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

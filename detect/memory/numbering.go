package memory

import (
	"bytes"
	"fmt"
	"hash/maphash"
	"slices"
	"strings"

	"github.com/trailwarden/trailwarden/cloudtrail"
)

// FieldSets are the lists of fields that inputs read: most rules group by the
// same few, whose texts are found once a record.
type FieldSets struct {
	names []string
	sets  []fieldSet
}

// fieldSet is one list of fields.
type fieldSet struct {
	fields []Field
	// parts are places in deciding: the record's own fields that alone decide
	// what the texts are. nil when others may.
	parts   []int
	account bool // one of the fields is the account
	actor   bool // one is made of who acted
}

// deciding are fields of a record that are short and come again and again, so
// that it pays to remember what was read of them.
var deciding = [...]cloudtrail.FieldID{
	cloudtrail.UserIdentity, cloudtrail.RecipientAccountID, cloudtrail.EventName, cloudtrail.EventSource, cloudtrail.AWSRegion,
	cloudtrail.SourceIPAddress, cloudtrail.UserAgent, cloudtrail.ErrorCode, cloudtrail.EventType, cloudtrail.ReadOnly,
}

// Add gives the number of a list of fields.
func (s *FieldSets) Add(fields []Field) int {
	var name strings.Builder
	for _, f := range fields {
		fmt.Fprintf(&name, "%q ", f.Name)
	}
	if i := slices.Index(s.names, name.String()); i >= 0 {
		return i
	}
	s.names, s.sets = append(s.names, name.String()), append(s.sets, newFieldSet(fields))
	return len(s.sets) - 1
}

func newFieldSet(fields []Field) fieldSet {
	s := fieldSet{fields: fields, parts: []int{}}
	for i := range fields {
		f := &fields[i]
		id := f.id
		switch f.kind {
		case account:
			id, s.account = cloudtrail.RecipientAccountID, true
		case actor, principal:
			id, s.actor = cloudtrail.UserIdentity, true
		case network:
			id = cloudtrail.SourceIPAddress
		}
		part := slices.Index(deciding[:], id)
		if part < 0 {
			return fieldSet{fields: fields}
		}
		s.parts = append(s.parts, part)
	}
	slices.Sort(s.parts)
	s.parts = slices.Compact(s.parts)
	return s
}

// Numbering reads of records the texts of lists of fields, as numbers of a
// Lexicon: each list once a record, and one that was read of a record with the
// same deciding fields not at all. It is for one goroutine.
type Numbering struct {
	lexicon *Lexicon
	reading Reading
	sets    *FieldSets
	record  int // counts Begin
	found   []found
	text    []byte // buffer

	seed   maphash.Seed
	hashes [len(deciding)]uint64 // of the record's own fields; 0 for those not looked at
	plain  int8                  // who acted is decided by userIdentity: 1 yes, -1 no, 0 not looked at
	memo   []memo
}

// found is what the record in hand has of one list.
type found struct {
	record int
	number uint32
	all    bool // no field is missing
}

// memo is what a list gave of a record with fields of this hash. The seed is
// the process's own, so that nobody can make up two records for one hash; that
// two meet by chance has a probability of 2^-64 for each record.
type memo struct {
	hash   uint64
	number uint32
	all    bool
}

const memos = 1 << 13 // a power of two

// NewNumbering prepares to read the sets, which are complete.
func NewNumbering(sets *FieldSets) *Numbering {
	return &Numbering{lexicon: NewLexicon(), sets: sets, found: make([]found, len(sets.sets)), seed: maphash.MakeSeed(), memo: make([]memo, memos)}
}

// Page says what the numbers given so far stand for.
func (n *Numbering) Page() Page { return n.lexicon.Page() }

// Renew begins another Lexicon when the one in hand is full. Numbers given
// before are of the pages taken before.
func (n *Numbering) Renew() {
	if n.lexicon.Full() {
		n.lexicon = NewLexicon()
		clear(n.memo)
		n.record++
	}
}

// Begin takes up a record.
func (n *Numbering) Begin(rec *cloudtrail.Record) {
	n.record++
	n.reading.Begin(rec)
	n.hashes, n.plain = [len(deciding)]uint64{}, 0
}

// Number is the number of the texts of a list in the record in hand. When all
// is false the record lacks one of the fields.
func (n *Numbering) Number(set int) (number uint32, all bool) {
	f := &n.found[set]
	if f.record == n.record {
		return f.number, f.all
	}
	f.record = n.record
	s := &n.sets.sets[set]
	hash, decided := n.hash(s, set)
	m := &n.memo[hash%memos]
	if decided && m.hash == hash {
		f.number, f.all = m.number, m.all
		return f.number, f.all
	}
	n.text, f.all = n.reading.Texts(n.text[:0], s.fields)
	f.number = n.lexicon.Number(n.text)
	if decided {
		*m = memo{hash, f.number, f.all}
	}
	return f.number, f.all
}

// Amount is the number that the record in hand has for an input of a Spec.
func (n *Numbering) Amount(s *Spec, in *Input) (float64, bool) { return n.reading.NumberOf(s, in) }

// hash is that of the record's own fields that decide the set's texts; decided
// is false when others may have a say.
func (n *Numbering) hash(s *fieldSet, set int) (hash uint64, decided bool) {
	if s.parts == nil || s.actor && !n.actorIsPlain() || s.account && !n.accountIsPlain() {
		return 0, false
	}
	hash = uint64(set)*2 + 1
	for _, p := range s.parts {
		h := n.hashes[p]
		if h == 0 {
			raw := n.reading.rec.FieldRaw(deciding[p])
			if len(raw) <= len(`""`) {
				return 0, false // what is missing may be looked for elsewhere
			}
			h = maphash.Bytes(n.seed, raw) | 1
			n.hashes[p] = h
		}
		hash = (hash ^ h) * 0x9e3779b97f4a7c15
		hash ^= hash >> 29
	}
	return hash, true
}

// accountIsPlain tells that recipientAccountId alone says which account it is:
// other fields do where it is no text.
func (n *Numbering) accountIsPlain() bool {
	raw := n.reading.rec.FieldRaw(cloudtrail.RecipientAccountID)
	return len(raw) > len(`""`) && raw[0] == '"'
}

// actorIsPlain tells that userIdentity alone says who acted: of a user of IAM
// Identity Center another field does, and escapes may hide that it is one.
func (n *Numbering) actorIsPlain() bool {
	if n.plain == 0 {
		n.plain = 1
		raw := n.reading.rec.FieldRaw(cloudtrail.UserIdentity)
		if bytes.IndexByte(raw, '\\') >= 0 || bytes.Contains(raw, []byte("IdentityCenterUser")) {
			n.plain = -1
		}
	}
	return n.plain > 0
}

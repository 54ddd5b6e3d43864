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
	names   []string
	sets    []fieldSet
	callers [callers]int // sets that only the caller decides, by what of it does
}

// fieldSet is one list of fields.
type fieldSet struct {
	fields []Field
	// parts are places in deciding: the record's own fields that alone decide
	// what the texts are. nil when others may.
	parts   []int
	account bool // one of the fields is the account
	actor   bool // one is made of who acted
	of      caller
	place   int // in a line, of a set that only the caller decides; else -1
}

// deciding are fields of a record that are short and come again and again, so
// that it pays to remember what was read of them.
var deciding = [...]cloudtrail.FieldID{
	cloudtrail.UserIdentity, cloudtrail.RecipientAccountID, cloudtrail.EventName, cloudtrail.EventSource, cloudtrail.AWSRegion,
	cloudtrail.SourceIPAddress, cloudtrail.UserAgent, cloudtrail.ErrorCode, cloudtrail.EventType, cloudtrail.ReadOnly,
}

// The first of them are those of the caller.
const callerAccount = 1

// Add gives the number of a list of fields.
func (s *FieldSets) Add(fields []Field) int {
	var name strings.Builder
	for _, f := range fields {
		fmt.Fprintf(&name, "%q %d ", f.Name, f.kind)
	}
	if i := slices.Index(s.names, name.String()); i >= 0 {
		return i
	}
	set := newFieldSet(fields)
	if n := &s.callers[set.of]; set.ofCaller() && *n < len(line{}.numbers) {
		set.place = *n
		*n++
	}
	s.names, s.sets = append(s.names, name.String()), append(s.sets, set)
	return len(s.sets) - 1
}

// ofCaller tells whether the caller alone decides the set's texts.
func (s *fieldSet) ofCaller() bool {
	return len(s.parts) > 0 && s.parts[len(s.parts)-1] <= callerAccount
}

func newFieldSet(fields []Field) fieldSet {
	s := fieldSet{fields: fields, parts: []int{}, place: -1}
	for i := range fields {
		f := &fields[i]
		id := f.id
		switch f.kind {
		case account:
			id, s.account = cloudtrail.RecipientAccountID, true
		case actor, principal:
			id, s.actor = cloudtrail.UserIdentity, true
		case network, subnet:
			id = cloudtrail.SourceIPAddress
		}
		part := slices.Index(deciding[:], id)
		if part < 0 {
			return fieldSet{fields: fields, place: -1}
		}
		s.of = max(s.of, callerOf(f))
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
	memo   []memo
	lines  [callers][]line
	line   [callers]*line // of the caller of the record in hand, nil before they are looked for
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

// line is what lists that the caller decides gave, in half a line of the
// processor's cache: for most records it is the only thing to be looked up.
type line struct {
	hash     uint64
	has, all uint16 // bits by place
	numbers  [5]uint32
}

// memos is a power of two.
const memos = 1 << 12

// NewNumbering prepares to read the sets, which are complete.
func NewNumbering(sets *FieldSets) *Numbering {
	n := &Numbering{lexicon: NewLexicon(), sets: sets, found: make([]found, len(sets.sets)), seed: maphash.MakeSeed(), memo: make([]memo, memos)}
	for of, some := range sets.callers {
		if some > 0 {
			n.lines[of] = make([]line, caller(of).lines())
		}
	}
	return n
}

// Page says what the numbers given so far stand for.
func (n *Numbering) Page() Page { return n.lexicon.Page() }

// Renew begins another Lexicon when the one in hand is full. Numbers given
// before are of the pages taken before. It tells whether it did so.
func (n *Numbering) Renew() bool {
	if !n.lexicon.Full() {
		return false
	}
	n.lexicon = NewLexicon()
	clear(n.memo)
	for _, all := range n.lines {
		clear(all)
	}
	n.record++
	return true
}

// Begin takes up a record.
func (n *Numbering) Begin(rec *cloudtrail.Record) {
	n.record++
	n.reading.Begin(rec)
	n.hashes, n.line = [len(deciding)]uint64{}, [callers]*line{}
}

// Number is the number of the texts of a list in the record in hand. When all
// is false the record lacks one of the fields.
func (n *Numbering) Number(set int) (number uint32, all bool) {
	f := &n.found[set]
	if f.record == n.record {
		return f.number, f.all
	}
	s := &n.sets.sets[set]
	if len(s.fields) == 0 {
		return noTexts, true
	}
	f.record = n.record
	switch {
	case s.place >= 0:
		n.ofCaller(s, f)
	case s.parts != nil:
		n.ofParts(s, set, f)
	default:
		n.read(s, f)
	}
	return f.number, f.all
}

func (n *Numbering) ofParts(s *fieldSet, set int, f *found) {
	hash := n.hash(uint64(set)*2+1, s.parts)
	m := &n.memo[hash%memos]
	if m.hash == hash {
		f.number, f.all = m.number, m.all
		return
	}
	if n.read(s, f); n.decided(s) {
		*m = memo{hash, f.number, f.all}
	}
}

func (n *Numbering) ofCaller(s *fieldSet, f *found) {
	l, bit := n.lineOf(s), uint16(1)<<s.place
	if l.has&bit != 0 {
		f.number, f.all = l.numbers[s.place], l.all&bit != 0
		return
	}
	n.read(s, f)
	if !n.decided(s) {
		return
	}
	l.has |= bit
	if l.numbers[s.place] = f.number; f.all {
		l.all |= bit
	}
}

func (n *Numbering) read(s *fieldSet, f *found) {
	n.text, f.all = n.reading.Texts(n.text[:0], s.fields)
	f.number = n.lexicon.Number(n.text)
}

// Amount is the number that the record in hand has for an input of a Spec.
func (n *Numbering) Amount(s *Spec, in *Input) (float64, bool) { return n.reading.NumberOf(s, in) }

// hash is that of some of the deciding fields of the record in hand.
func (n *Numbering) hash(hash uint64, parts []int) uint64 {
	for _, p := range parts {
		h := n.hashes[p]
		if h == 0 {
			h = maphash.Bytes(n.seed, n.reading.rec.FieldRaw(deciding[p])) | 1
			n.hashes[p] = h
		}
		hash = mixed(hash, h)
	}
	return hash
}

func mixed(hash, h uint64) uint64 {
	hash = (hash ^ h) * 0x9e3779b97f4a7c15
	return hash ^ hash>>29
}

// decided tells whether those fields alone decide the set's texts, which depends
// on nothing but them.
func (n *Numbering) decided(s *fieldSet) bool {
	for _, p := range s.parts {
		if len(n.reading.rec.FieldRaw(deciding[p])) == 0 {
			return false // what is missing may be looked for elsewhere
		}
	}
	return (!s.actor || n.actorIsPlain()) && (!s.account || n.accountIsPlain())
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
	raw := n.reading.rec.FieldRaw(cloudtrail.UserIdentity)
	return bytes.IndexByte(raw, '\\') < 0 && !bytes.Contains(raw, []byte("IdentityCenterUser"))
}

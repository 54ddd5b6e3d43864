// Package detect judges records: a predicate tree that every rule language
// compiles into, an engine that evaluates many of them on each record at a cost
// that hardly grows with their number, and a naive twin that states the meaning.
//
// The tree is small on purpose. A language says in the tree what it thinks of
// missing fields, null, arrays and types; the engine knows no languages.
package detect

import (
	"net/netip"

	"github.com/trailwarden/trailwarden/cloudtrail"
)

// Node is one node of a predicate: All, Any, Not, Const, Test, Consistent or
// Compare. Trees are immutable once built and may be shared.
type Node interface{ isNode() }

// All is true when every child is; empty, it is true.
type All []Node

// Any is true when some child is; empty, it is false.
type Any []Node

// Not negates its child.
type Not struct{ X Node }

// Const is a fixed truth.
type Const bool

// Test is true when some value that Path selects satisfies Match. A path that
// selects nothing makes it false, so "absent" is Not{Test{Path, Exists}}.
type Test struct {
	Path  Path
	Match Match
	// Src is the test as the rule's author wrote it, for explanations.
	Src string
}

// Consistent is EventBridge's conjunction over flattened leaves: one leaf is
// chosen for every term so that no two chosen leaves sit in different elements
// of the same array. Terms are visited in the order given (ascending path
// order, by the Event Ruler's rules), which decides what an absent term looks
// at. Paths must have End EndLeaves.
type Consistent struct{ Terms []Term }

// Term is one path of a Consistent node. It holds when a leaf consistent with
// the choices so far satisfies Match (nil: no leaf can), or, if Absent is set,
// when no leaf consistent with the choices so far is there.
type Term struct {
	Path   Path
	Match  Match
	Absent bool
	Src    string
}

// Compare is true when some value of Left and some value of Right, both as
// text, stand in relation Op (Left Equal/HasPrefix/HasSuffix/Contains Right).
type Compare struct {
	Left, Right Path
	Op          TextOp
	Fold        bool
	Kinds       Kinds
	Src         string
}

func (All) isNode()        {}
func (Any) isNode()        {}
func (Not) isNode()        {}
func (Const) isNode()      {}
func (Test) isNode()       {}
func (Consistent) isNode() {}
func (Compare) isNode()    {}

// Root says where a path starts.
type Root uint8

const (
	// RootRecord starts at the record itself.
	RootRecord Root = iota
	// RootEnvelope starts at the EventBridge envelope that a CloudTrail record
	// would travel in: source, detail-type, account, region, time, id, version,
	// resources. (detail is the record: use RootRecord.) See Envelope.
	RootEnvelope
)

// StepKind is the kind of one path step.
type StepKind uint8

const (
	// StepKey descends to an object member by exact key.
	StepKey StepKind = iota
	// StepIndex descends to the array element at Index, zero-based.
	StepIndex
	// StepElements descends to every element of an array.
	StepElements
	// StepFields descends to every member value of an object.
	StepFields
)

// Step is one step of a path.
type Step struct {
	Kind  StepKind
	Key   string
	Index int
}

// Dotted says how a key containing dots in the record meets a dotted path.
type Dotted uint8

const (
	// DottedNever says that each step is one key.
	DottedNever Dotted = iota
	// DottedLiteralFirst says that at each object the longest run of the remaining keys
	// joined by dots that exists as one literal key is taken; only then shorter
	// ones (Sigma).
	DottedLiteralFirst
	// DottedUnion says that every way of joining the remaining keys is followed
	// (EventBridge, whose flattened paths do not escape dots).
	DottedUnion
)

// End says what a path selects when it arrives at a container.
type End uint8

const (
	// EndSelf selects the value as it is, container or not.
	EndSelf End = iota
	// EndLeaves selects scalars only: arrays are entered at any depth, objects
	// and empty arrays select nothing (EventBridge).
	EndLeaves
	// EndElements selects a scalar or object as it is, and of an array its
	// elements instead, at any depth; an empty array selects nothing.
	EndElements
	// EndScalars is as EndSelf, except that a non-empty array of scalars only
	// selects its elements (Sigma).
	EndScalars
)

// Path selects values in a record. The zero Path selects the record itself.
type Path struct {
	Root   Root
	Steps  []Step
	Cross  bool   // arrays met before a StepKey are entered, at any depth
	Dotted Dotted // joins of consecutive StepKey
	Fold   bool   // a key with no exact match falls back to a case-insensitive one
	End    End
}

// Key is a StepKey.
func Key(k string) Step { return Step{Kind: StepKey, Key: k} }

// Keys is a path of exact keys.
func Keys(keys ...string) Path {
	p := Path{Steps: make([]Step, len(keys))}
	for i, k := range keys {
		p.Steps[i] = Key(k)
	}
	return p
}

// Kinds is a set of value kinds.
type Kinds uint8

// KindSet is the set of ks.
func KindSet(ks ...cloudtrail.Kind) Kinds {
	var s Kinds
	for _, k := range ks {
		s |= 1 << k
	}
	return s
}

// Has tells whether k is in the set.
func (s Kinds) Has(k cloudtrail.Kind) bool { return s&(1<<k) != 0 }

// Useful sets of kinds.
const (
	Strings    Kinds = 1 << cloudtrail.String
	Numbers    Kinds = 1 << cloudtrail.Number
	Bools      Kinds = 1 << cloudtrail.Bool
	Nulls      Kinds = 1 << cloudtrail.Null
	Scalars    Kinds = Strings | Numbers | Bools
	Containers Kinds = 1<<cloudtrail.Object | 1<<cloudtrail.Array
	Anything   Kinds = Scalars | Nulls | Containers
)

// Match tests one value: MatchAll, MatchAny, MatchNot, Is, Text, Glob, Regexp,
// Num, CIDR or TimePart. The value is never missing.
type Match interface{ isMatch() }

// MatchAll is true when every part is; empty, it is true.
type MatchAll []Match

// MatchAny is true when some part is; empty, it is false.
type MatchAny []Match

// MatchNot negates its part.
type MatchNot struct{ X Match }

// Is is true when the value's kind is in the set. Exists is Is(Anything).
type Is Kinds

// Exists matches any value, null included.
const Exists = Is(Anything)

// TextOp is a relation between a value's text and an operand.
type TextOp uint8

// The text relations.
const (
	Equal TextOp = iota
	HasPrefix
	HasSuffix
	Contains
)

// Text is true when the value's kind is in Kinds and its text (see
// cloudtrail.Value.Text; that of a container has no escape that JSON does not
// ask for) stands in relation Op to any of Values. With Fold both
// sides are compared under Unicode simple case folding.
type Text struct {
	Op     TextOp
	Values []string
	Fold   bool
	Kinds  Kinds
	// Raw takes a container's text as it stands in the record, white space
	// included, instead of compact JSON.
	Raw bool
}

// Glob is true when the value's whole text matches Pattern: a sequence of
// literal pieces, AnyRun and AnyChar.
type Glob struct {
	Pieces []Piece
	Fold   bool
	Kinds  Kinds
}

// PieceKind is the kind of a Glob piece.
type PieceKind uint8

const (
	// Literal matches its text.
	Literal PieceKind = iota
	// AnyRun matches any run of characters, newlines and none included.
	AnyRun
	// AnyChar matches exactly one character (code point).
	AnyChar
)

// Piece is one piece of a Glob.
type Piece struct {
	Kind PieceKind
	Text string // Literal only
}

// Regexp is true when the expression is found in the value's text, which is
// cut to MaxRegexpText bytes before the search. Two expressions of the same
// text count as the same test. Raw is as in Text.
type Regexp struct {
	Re    Searcher
	Kinds Kinds
	Raw   bool
}

// Searcher is a regular expression of RE2's syntax, with the meaning that
// regexp.Compile gives it: a *regexp.Regexp, or one that is compiled when it is
// first searched for. It may be used by several goroutines at once.
type Searcher interface {
	Match(b []byte) bool
	MatchString(s string) bool
	String() string
}

// MaxRegexpText bounds the text that one regular expression searches, in bytes.
const MaxRegexpText = 64 << 10

// NumOp is a numeric relation.
type NumOp uint8

// The numeric relations.
const (
	NumEqual NumOp = iota
	NumLess
	NumLessEqual
	NumGreater
	NumGreaterEqual
)

// Num is true when the value is a number in relation Op to Value. Numbers
// compare as IEEE 754 doubles. A number on either side whose text no double
// prints as (too many significant digits, overflow) is equal only to identical
// text, and in no other relation, as in EventBridge;
// with Wide it compares by its decimal digits. With Strings in Kinds, a string
// whose whole text is a JSON number counts as that number.
type Num struct {
	Op    NumOp
	Value Decimal
	Kinds Kinds
	Wide  bool
}

// CIDR is true when the value's text is an IP address inside Prefix. IPv4
// ranges never hold IPv6 addresses and the reverse; a zone or an IPv6 address
// with an embedded dotted quad is no address.
type CIDR struct {
	Prefix netip.Prefix
	Kinds  Kinds
	Padded bool // zeros may stand before the groups of a dotted address
}

// TimeUnit is a part of a timestamp.
type TimeUnit uint8

// The parts of a timestamp, in UTC; Week is the ISO 8601 week.
const (
	Minute TimeUnit = iota
	Hour
	Day
	Week
	Month
	Year
)

// TimePart is true when the value is an RFC 3339 timestamp whose part Unit, in
// UTC, equals Value.
type TimePart struct {
	Unit  TimeUnit
	Value int
}

func (MatchAll) isMatch() {}
func (MatchAny) isMatch() {}
func (MatchNot) isMatch() {}
func (Is) isMatch()       {}
func (Text) isMatch()     {}
func (Glob) isMatch()     {}
func (Regexp) isMatch()   {}
func (Num) isMatch()      {}
func (CIDR) isMatch()     {}
func (TimePart) isMatch() {}

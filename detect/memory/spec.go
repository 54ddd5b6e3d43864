package memory

import (
	"math"
	"time"

	"github.com/trailwarden/trailwarden/detect"
)

// Kind is what a Spec looks for among the hits of a group.
type Kind uint8

// The kinds. A window is the stretch of event time that ends at an instant
// and reaches Spec.Window back, both ends included.
const (
	Count      Kind = iota // records in the window
	Distinct               // different values in the window
	Sum                    // of the numbers in the window
	Average                // likewise
	Percentile             // likewise, Spec.Percentile, interpolated linearly
	Inputs                 // different inputs with a hit in the window
	Expression             // Spec.Expr over the inputs with a hit in the window
	Ordered                // Spec.Steps in this order within the window
	Absence                // a hit of input 0 without one of input 1 in the window after it
	FirstSeen              // a value that the group had not for Spec.Window
	Rate                   // more in a clock period of Spec.Window than the group's own past lets expect
	Alarm                  // Spec.Alarm over the metric that the inputs publish
)

// String names the kind as detections tell it.
func (k Kind) String() string {
	return [...]string{"count", "distinct", "sum", "average", "percentile", "temporal", "temporal", "sequence",
		"absence", "first_seen", "rate", "alarm"}[k]
}

// Limits of one Spec and of what is kept for one group.
const (
	MaxInputs     = 64      // inputs of one Spec
	MaxSteps      = 100     // steps of a sequence, repetitions included
	MaxWindowHits = 100_000 // hits of one group that a window holds; the oldest go first
	MaxValues     = 10_000  // values of one group that FirstSeen knows; the longest unseen go first
	MaxRelated    = 10      // records that a detection names
	MaxText       = 512     // bytes of one group value or value; longer ones end in a hash
)

// Spec is one rule that remembers. It is immutable once in use.
type Spec struct {
	Rule   string // identity of the rule: part of every detection's ID
	Kind   Kind
	Inputs []Input
	By     []string // names of the group's fields, as every input gives them in By
	Over   []string // names of the fields whose values are counted

	Window     time.Duration
	Bounds     []Bound     // all must hold; of Count to Inputs
	Percentile float64     // 0 to 100
	Expr       *Expr       // of Expression
	Steps      []int       // of Ordered: the input of each step
	Differ     *Difference // of Ordered: steps whose value is another than an earlier one's; nil means none

	// FirstSeen says nothing until the group is known for Warmup; Rate until
	// Warmup of its past is known.
	Warmup time.Duration
	Rate   RateSettings
	Alarm  *AlarmSettings
}

// Input is one source of hits.
type Input struct {
	Name string // as explanations call it
	// Node judges records. When it is nil, the detections of the Spec whose
	// place in the list of all Specs is From are the hits.
	Node detect.Node
	From int

	By     []Field // the group's values, in the order of Spec.By; a record that lacks one is left out
	Value  []Field // what Distinct, FirstSeen and Difference look at, the actor of Alarm; one that lacks it is left out
	Number *Field  // what Sum, Average, Percentile and Alarm add up; one without a number is left out
	Amount float64 // in place of Number when that is nil
}

// Bound compares the counted value with a number; Not negates the relation.
type Bound struct {
	Op    detect.NumOp
	Not   bool
	Value float64
}

func (b Bound) holds(v float64) bool {
	var is bool
	switch b.Op {
	case detect.NumEqual:
		is = v == b.Value
	case detect.NumLess:
		is = v < b.Value
	case detect.NumLessEqual:
		is = v <= b.Value
	case detect.NumGreater:
		is = v > b.Value
	case detect.NumGreaterEqual:
		is = v >= b.Value
	}
	return is != b.Not
}

// AtLeast is the bounds of a plain threshold.
func AtLeast(n float64) []Bound { return []Bound{{Op: detect.NumGreaterEqual, Value: n}} }

// Within tells whether v satisfies all bounds.
func (s *Spec) Within(v float64) bool {
	for _, b := range s.Bounds {
		if !b.holds(v) {
			return false
		}
	}
	return true
}

// AtClose tells whether the condition can hold of a window without any hits, or
// needs that something does not come: then it can be judged only once a window
// is over. The window that a hit leaves is judged: what came after the hit,
// until Window later.
func (s *Spec) AtClose() bool {
	switch s.Kind {
	case Count, Distinct, Sum, Inputs:
		return s.Within(0)
	case Expression:
		return s.Expr.negates()
	case Absence:
		return true
	}
	return false
}

// enough is the least count that satisfies the bounds when every greater one
// does too; ok is false when the bounds are of another form.
func (s *Spec) enough() (n int, ok bool) {
	least := 0.0
	for _, b := range s.Bounds {
		switch {
		case b.Not || b.Value > MaxWindowHits:
			return 0, false
		case b.Op == detect.NumGreaterEqual:
			least = max(least, math.Ceil(b.Value))
		case b.Op == detect.NumGreater:
			least = max(least, math.Floor(b.Value)+1)
		default:
			return 0, false
		}
	}
	return int(max(least, 1)), true
}

// leastHits is how many hits a group must have for any detection.
func (s *Spec) leastHits() int {
	switch s.Kind {
	case Count, Distinct:
		if n, ok := s.enough(); ok && !s.AtClose() {
			return n
		}
	case Ordered:
		return len(s.Steps)
	}
	return 0
}

func (s *Spec) window() int64 { return s.Window.Milliseconds() }

// valued and numbered tell what a hit of the Spec carries.
func (s *Spec) valued() bool {
	return s.Kind == Distinct || s.Kind == FirstSeen || s.Kind == Alarm || s.Differ != nil
}

func (s *Spec) numbered() bool {
	return s.Kind == Sum || s.Kind == Average || s.Kind == Percentile || s.Kind == Alarm
}

// RateSettings say when a period's count is out of the ordinary.
type RateSettings struct {
	Baseline time.Duration // how much of the past counts
	Season   Season
	Factor   float64 // the count must be over Factor times the usual highest
	Least    float64 // and at least this
}

// Season says which earlier periods a period is compared with.
type Season uint8

// The seasons.
const (
	Daily  Season = iota // the same hours of earlier days, and those next to them
	Weekly               // the same hours of the same weekday
	Never                // all
)

// Expr is a boolean expression over inputs: Op is 'a' (and), 'o' (or), 'n' (not)
// with Parts, or 'i' for Input.
type Expr struct {
	Op    byte
	Input int
	Parts []*Expr
}

func (e *Expr) holds(present uint64) bool {
	switch e.Op {
	case 'i':
		return present>>e.Input&1 == 1
	case 'n':
		return !e.Parts[0].holds(present)
	case 'a':
		for _, p := range e.Parts {
			if !p.holds(present) {
				return false
			}
		}
		return true
	}
	for _, p := range e.Parts {
		if p.holds(present) {
			return true
		}
	}
	return false
}

// negates tells whether a hit more can make e false.
func (e *Expr) negates() bool {
	if e.Op == 'n' {
		return true
	}
	for _, p := range e.Parts {
		if p.negates() {
			return true
		}
	}
	return false
}

package eventbridge

import (
	"math/bits"
	"slices"
	"strings"

	"github.com/trailwarden/trailwarden/detect"
)

// EventBridge refuses wildcards that keep too many of their own beginnings
// alive at once, at a threshold it does not publish. A wildcard that scores
// acceptedAmbiguity is known to be accepted; one that scores refusedAmbiguity
// with refusedAsterisks is known to be refused. What is not known to be refused
// is accepted, with a warning.
const (
	acceptedAmbiguity = 7
	refusedAmbiguity  = 11
	refusedAsterisks  = 6
)

// wildcard reads the operand of wildcard.
func (p *parser) wildcard(x *value) (detect.Match, *fault) {
	s, err := p.str("wildcard", x)
	if err != nil {
		return nil, err
	}
	pieces, bad := globPieces(s)
	if bad != "" {
		return nil, p.fail("EB011", x, "the wildcard %q %s", cut(s), bad)
	}
	switch score := ambiguity(pieces); {
	case score >= refusedAmbiguity && asterisks(pieces) >= refusedAsterisks:
		f := p.fail("EB014", x, "the wildcard %q is too ambiguous for EventBridge", cut(s))
		f.why = "Too many of its beginnings can match one text at once, because the same characters follow several asterisks."
		return nil, f
	case score > acceptedAmbiguity:
		p.warn("EBW03", x, "EventBridge may refuse the wildcard "+cut(s)+" as too complex",
			"The same characters follow several asterisks; the limit is not published.")
	}
	return detect.Glob{Pieces: pieces, Kinds: detect.Strings}, nil
}

func asterisks(pieces []detect.Piece) (n int) {
	for _, p := range pieces {
		if p.Kind == detect.AnyRun {
			n++
		}
	}
	return n
}

// globPieces takes a wildcard apart; bad says what is wrong with it.
func globPieces(s string) (pieces []detect.Piece, bad string) {
	var lit strings.Builder
	flush := func() {
		if lit.Len() > 0 {
			pieces = append(pieces, detect.Piece{Kind: detect.Literal, Text: lit.String()})
			lit.Reset()
		}
	}
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '*':
			if strings.HasPrefix(s[i+1:], "*") {
				return nil, "has two asterisks in a row"
			}
			flush()
			pieces = append(pieces, detect.Piece{Kind: detect.AnyRun})
			continue
		case '\\':
			if i++; i == len(s) || s[i] != '*' && s[i] != '\\' {
				return nil, `has a backslash that is not followed by * or \ (in JSON each backslash is written twice)`
			}
		}
		lit.WriteByte(s[i])
	}
	flush()
	return pieces, ""
}

// ambiguity is the largest number of non-empty beginnings of the wildcard that
// can match one and the same text, the measure of the Event Ruler's complexity
// evaluator. It stops counting at refusedAmbiguity, and gives up looking for
// more after a bounded amount of work.
func ambiguity(pieces []detect.Piece) int {
	a := newAutomaton(pieces)
	most := 0
	seen := map[string]bool{}
	queue := []state{a.start()}
	for work := 0; len(queue) > 0 && work < 2_000_000; {
		s := queue[0]
		queue = queue[1:]
		for _, c := range a.alphabet {
			work += len(a.symbols) + 10
			t := a.step(s, c)
			if n := t.count(); n > most {
				if most = n; most >= refusedAmbiguity {
					return refusedAmbiguity
				}
			}
			if k := t.key(); !seen[k] {
				seen[k] = true
				queue = append(queue, t)
			}
		}
	}
	return most
}

// automaton has one state for each beginning of a wildcard, asterisks being
// symbols of their own.
type automaton struct {
	symbols  []rune // star for *
	alphabet []rune
}

const star = rune(-1)

func newAutomaton(pieces []detect.Piece) automaton {
	var a automaton
	for _, p := range pieces {
		if p.Kind == detect.AnyRun {
			a.symbols = append(a.symbols, star)
			continue
		}
		a.symbols = append(a.symbols, []rune(p.Text)...)
	}
	if !slices.Contains(a.symbols, star) {
		return automaton{} // nothing is ambiguous without
	}
	a.alphabet = slices.Clone(a.symbols)
	slices.Sort(a.alphabet)
	a.alphabet = slices.Compact(a.alphabet)[1:]
	if len(a.alphabet) == 0 {
		a.alphabet = []rune{'x'}
	}
	return a
}

// state is a set of beginnings: bit i stands for the first i symbols.
type state []uint64

func (s state) has(i int) bool { return s[i/64]&(1<<(i%64)) != 0 }
func (s state) set(i int)      { s[i/64] |= 1 << (i % 64) }

// count leaves out the empty beginning.
func (s state) count() int {
	n := -int(s[0] & 1)
	for _, w := range s {
		n += bits.OnesCount64(w)
	}
	return n
}

func (s state) key() string {
	var b strings.Builder
	for _, w := range s {
		for i := 0; i < 64; i += 8 {
			b.WriteByte(byte(w >> i))
		}
	}
	return b.String()
}

func (a automaton) start() state {
	s := make(state, len(a.symbols)/64+1)
	s.set(0)
	a.stars(s)
	return s
}

// stars adds the beginnings that differ by an asterisk matching nothing.
func (a automaton) stars(s state) {
	for i, sym := range a.symbols {
		if sym == star && s.has(i) {
			s.set(i + 1)
		}
	}
}

func (a automaton) step(s state, c rune) state {
	t := make(state, len(s))
	for i, sym := range a.symbols {
		if sym == c && s.has(i) || sym == star && s.has(i+1) {
			t.set(i + 1)
		}
	}
	a.stars(t)
	return t
}

package detect

import (
	"bytes"
	"slices"
	"unicode/utf8"

	"github.com/trailwarden/trailwarden/cloudtrail"
)

// Rules that any call may satisfy ask a few values of every record: does the
// access key begin with AKIA, does the ARN hold this or that. Such a test reads
// the value where it stands, as JSON wrote it: where there is no escape, ASCII is
// itself, and bytes that are no UTF-8 do not become ASCII. What escapes may hide
// is judged as other tests are.

// assignDirect marks the tests that can be judged so.
func (e *Engine) assignDirect() {
	for i := range e.atoms {
		a := &e.atoms[i]
		if a.kind != atomTest || a.memo != 0 || !a.check.bare() {
			continue
		}
		s := &e.selectors[a.sel]
		caller := e.spots[s.spot].caller
		switch {
		case s.reach == reachField && !s.path.Fold:
			a.direct, a.field = directField, s.field
		case s.reach == reachTrie && caller != cloudtrail.NoCallerField:
			a.direct, a.caller = directCaller, caller
		}
	}
}

// direct is where a test finds the JSON text of the value that it looks at.
type direct uint8

const (
	notDirect    direct = iota
	directField         // a documented field of the record
	directCaller        // a CallerField
)

// bare tells whether c compares a string, as it is written, with a few texts
// that JSON writes in one way unless it escapes what needs no escape.
func (c *check) bare() bool {
	switch {
	case !c.kinds.Has(cloudtrail.String) || c.fold && !c.apart() || len(c.values) == 0:
		return false
	case c.op == checkText:
		return c.operand == nil && !slices.ContainsFunc(c.values, ambiguous)
	}
	return c.op == checkRegexp && !slices.ContainsFunc(c.values, ambiguous)
}

func ambiguous(operand []byte) bool {
	return slices.ContainsFunc(operand, func(c byte) bool { return c >= utf8.RuneSelf || c < ' ' || c == '\\' || c == '"' })
}

// directly judges a by the JSON text of its value. ok is false when that does
// not tell.
func (m *Matcher) directly(a *atom) (is, ok bool) {
	var raw []byte
	if a.direct == directField {
		raw = m.rec.FieldRaw(a.field)
	} else if raw, ok = m.rec.CallerRaw(a.caller); !ok || m.rootOdd() != 0 {
		return false, false
	}
	switch {
	case len(raw) == 0:
		return false, true
	case raw[0] != '"':
		return false, false
	}
	return a.check.bareHolds(raw[1 : len(raw)-1])
}

// apart tells that c compares whole texts without regard to case, which are ASCII, so
// that a glance at a text mostly tells that it is another.
func (c *check) apart() bool {
	return c.op == checkText && c.fold && c.text == Equal && c.operand == nil && !slices.ContainsFunc(c.values, ambiguous)
}

// escaped is how much longer than a character of ASCII one may be, in a JSON string,
// that is the same without regard to case: \u212a, the Kelvin sign, is k.
const escaped = 6

// isNone tells at a glance that the inside of a JSON string is none of the texts that
// c compares it with, if it does.
func (c *check) isNone(s []byte) bool {
	same, most := false, 0
	for _, v := range c.values {
		same, most = same || len(v) == len(s), max(most, len(v))
	}
	return len(s) > escaped*most || !same && isASCII(s) && bytes.IndexByte(s, '\\') < 0
}

// bareHolds judges the inside of a JSON string. ok is false when that takes more.
func (c *check) bareHolds(s []byte) (is, ok bool) {
	if c.fold {
		return false, c.isNone(s)
	}
	if c.op == checkText && c.text == HasPrefix {
		escaped := false
		for _, v := range c.values {
			if bytes.HasPrefix(s, v) {
				return true, true
			}
			escaped = escaped || bytes.IndexByte(s[:min(len(s), len(v))], '\\') >= 0
		}
		return false, !escaped
	}
	if bytes.IndexByte(s, '\\') >= 0 {
		return false, false
	}
	if c.op == checkRegexp {
		return false, !c.mayMatch(s)
	}
	return c.textHolds(s), true
}

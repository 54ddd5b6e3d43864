package detect

import (
	"bytes"
	"fmt"
	"net/netip"
	"slices"
)

type checkOp uint8

const (
	checkKind checkOp = iota // the kind alone decides
	checkAll
	checkAny
	checkNot
	checkText
	checkGlob
	checkRegexp
	checkNumber
	checkAddr
	checkTime
)

// check is a compiled Match. It is small because most are comparisons of texts
// and there are as many as rules.
type check struct {
	op     checkOp
	kinds  Kinds
	fold   bool
	raw    bool
	padded bool // checkAddr
	text   TextOp
	numOp  NumOp
	unit   TimeUnit
	values [][]byte // checkText, folded with fold; checkRegexp: texts of which a match contains one, if any
	*operand
}

// operand is what a check compares with when that is no list of texts.
type operand struct {
	parts  []check
	many   *operands // checkText, instead of values when there are many
	glob   *globber
	re     Searcher
	rare   []int // checkRegexp: where in each of values its rarest byte is
	number Decimal
	wide   bool // number: Num.Wide
	prefix netip.Prefix
	part   int
}

// fewValues is the number of operands up to which one test tries each in turn.
const fewValues = 6

func compileMatch(m Match) check {
	switch m := m.(type) {
	case MatchAll:
		return check{op: checkAll, operand: &operand{parts: compileMatches(m)}}
	case MatchAny:
		return check{op: checkAny, operand: &operand{parts: compileMatches(m)}}
	case MatchNot:
		return check{op: checkNot, operand: &operand{parts: []check{compileMatch(m.X)}}}
	case Is:
		return check{op: checkKind, kinds: Kinds(m)}
	case Text:
		return compileText(m)
	case Glob:
		return compileGlob(m)
	case Regexp:
		return compileRegexp(m)
	case Num:
		return check{op: checkNumber, kinds: m.Kinds, numOp: m.Op, operand: &operand{number: m.Value, wide: m.Wide}}
	case CIDR:
		return check{op: checkAddr, kinds: m.Kinds, padded: m.Padded, operand: &operand{prefix: m.Prefix}}
	case TimePart:
		return check{op: checkTime, kinds: Strings, unit: m.Unit, operand: &operand{part: m.Value}}
	}
	panic(fmt.Sprintf("detect: unknown match %T", m))
}

// dear tells whether c takes long even on a short text.
func (c *check) dear() bool {
	switch c.op {
	case checkAll, checkAny, checkNot:
		return slices.ContainsFunc(c.parts, func(p check) bool { return p.dear() })
	case checkRegexp:
		return c.values == nil // else mostly a search for a text decides
	case checkGlob, checkTime:
		return true
	}
	return c.operand != nil && c.many != nil
}

func compileMatches(ms []Match) []check {
	out := make([]check, len(ms))
	for i, m := range ms {
		out[i] = compileMatch(m)
	}
	return out
}

func compileText(m Text) check {
	c := check{op: checkText, kinds: m.Kinds, fold: m.Fold, raw: m.Raw, text: m.Op}
	if len(m.Values) > fewValues {
		c.operand = &operand{many: new(operands)}
	} else {
		c.values = make([][]byte, len(m.Values))
	}
	for i, v := range m.Values {
		if m.Fold {
			v = FoldText(v)
		}
		if c.operand != nil {
			c.many.add(m.Op, v, int32(i))
			continue
		}
		c.values[i] = bytesOf(v)
	}
	return c
}

func compileRegexp(m Regexp) check {
	c := check{op: checkRegexp, kinds: m.Kinds, raw: m.Raw, operand: &operand{re: m.Re}}
	for _, n := range needed(m.Re) {
		if !n.fold && len(n.text) > 1 {
			c.values, c.rare = append(c.values, bytesOf(n.text)), append(c.rare, rarest(n.text))
			continue
		}
		c.values = nil // not worth looking for
		break
	}
	return c
}

func compileGlob(m Glob) check {
	pieces := m.Pieces
	if m.Fold {
		pieces = make([]Piece, len(m.Pieces))
		for i, p := range m.Pieces {
			pieces[i] = Piece{p.Kind, FoldText(p.Text)}
		}
	}
	return check{op: checkGlob, kinds: m.Kinds, fold: m.Fold, operand: &operand{glob: newGlobber(pieces)}}
}

func (m *Matcher) holds(c *check, f *found) bool {
	switch c.op {
	case checkAll:
		for i := range c.parts {
			if !m.holds(&c.parts[i], f) {
				return false
			}
		}
		return true
	case checkAny:
		for i := range c.parts {
			if m.holds(&c.parts[i], f) {
				return true
			}
		}
		return false
	case checkNot:
		return !m.holds(&c.parts[0], f)
	}
	if !c.kinds.Has(f.kind) {
		return false
	}
	switch c.op {
	case checkText:
		return !c.tooLong(m, f) && c.textHolds(m.side(c, f))
	case checkGlob:
		return c.glob.match(m.side(c, f))
	case checkRegexp:
		s := m.side(c, f)
		s = s[:min(len(s), MaxRegexpText)]
		return c.mayMatch(s) && c.re.Match(s)
	case checkNumber:
		return m.number(c, f)
	case checkAddr:
		a, ok := m.addr(f)
		if !ok && c.padded {
			a, ok = unpadded(string(m.side(c, f)))
		}
		return ok && c.prefix.Contains(a)
	case checkTime:
		return m.timePart(c, f)
	}
	return true
}

// side is the text that c looks at: raw, folded or as it is.
func (m *Matcher) side(c *check, f *found) []byte {
	switch {
	case c.raw && c.fold:
		return m.texts.fold(m.rawText(f))
	case c.raw:
		return m.rawText(f)
	case c.fold:
		return m.folded(f)
	}
	return m.text(f)
}

// tooLong rules out most values of a case-insensitive comparison before they
// are folded: ASCII keeps its length.
func (c *check) tooLong(m *Matcher, f *found) bool {
	if !c.fold || c.raw || c.text != Equal || c.operand != nil || f.have&haveFolded != 0 {
		return false
	}
	s := m.text(f)
	for _, v := range c.values {
		if len(v) == len(s) {
			return false
		}
	}
	return isASCII(s)
}

func (c *check) mayMatch(s []byte) bool {
	for i, n := range c.values {
		if holdsNear(s, n, c.rare[i]) {
			return true
		}
	}
	return c.values == nil
}

// rarest is where in text the byte is that records have least of, about: letters
// and digits are in every name, colons and hyphens in every ARN and time.
func rarest(text string) (at int) {
	for i := range len(text) {
		if rarity(text[i]) > rarity(text[at]) {
			at = i
		}
	}
	return at
}

func rarity(c byte) int {
	switch {
	case 'a' <= c && c <= 'z':
		return 0
	case '0' <= c && c <= '9', c == ':', c == '-', c == '.', c == ' ', c == '"':
		return 1
	case 'A' <= c && c <= 'Z', c == '/':
		return 2
	}
	return 3
}

// holdsNear tells whether s contains text, looking where the byte at rare is. What
// bytes.Contains does of a text as short as a name is to compare at each place.
func holdsNear(s, text []byte, rare int) bool {
	for from, tries := rare, 0; from < len(s); from++ {
		if tries++; tries > maxTries {
			return bytes.Contains(s[from-rare:], text)
		}
		i := bytes.IndexByte(s[from:], text[rare])
		if i < 0 {
			return false
		}
		if from += i; bytes.HasPrefix(s[from-rare:], text) {
			return true
		}
	}
	return false
}

// maxTries is how often holdsNear looks before the byte counts as no rare one.
const maxTries = 4

func (c *check) textHolds(s []byte) bool {
	if c.operand != nil {
		return c.many.any(s)
	}
	for _, v := range c.values {
		if relates(c.text, s, v) {
			return true
		}
	}
	return false
}

func relates(op TextOp, s, operand []byte) bool {
	switch op {
	case HasPrefix:
		return bytes.HasPrefix(s, operand)
	case HasSuffix:
		return bytes.HasSuffix(s, operand)
	case Contains:
		return bytes.Contains(s, operand)
	}
	return bytes.Equal(s, operand)
}

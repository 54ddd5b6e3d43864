package detect

import (
	"cmp"
	"math"
	"strconv"
	"strings"
)

// Decimal is a JSON number: its text and, where it can carry it, its value.
type Decimal struct {
	Text  string
	Value float64
	Exact bool // Value stands for Text: the double nearest to it, printed, is the same decimal
}

// ParseDecimal reads JSON number text. ok is false when text is no JSON number.
func ParseDecimal(text string) (d Decimal, ok bool) {
	if !isJSONNumber(text) {
		return Decimal{}, false
	}
	f, err := strconv.ParseFloat(text, 64)
	d = Decimal{Text: text, Value: f}
	d.Exact = err == nil && isExact(text, f)
	return d, true
}

// safeDigits is how many significant digits every normal double keeps.
const safeDigits = 15

// isExact tells whether f, the double nearest to text, prints as the same
// decimal. 16 and 17 digits may or may not come back, and numbers beside zero
// keep fewer.
func isExact(text string, f float64) bool {
	const smallestNormal = 0x1p-1022
	digits, exp := Digits(text)
	switch {
	case digits == "":
		return true // zero
	case len(digits) <= safeDigits && math.Abs(f) >= smallestNormal:
		return true
	}
	shortest, shortestExp := Digits(strconv.FormatFloat(f, 'e', -1, 64))
	return digits == shortest && exp == shortestExp
}

// Int is the Decimal of n.
func Int(n int64) Decimal {
	d, _ := ParseDecimal(strconv.FormatInt(n, 10))
	return d
}

func (d Decimal) compare(op NumOp, o Decimal) bool {
	if !d.Exact || !o.Exact {
		return op == NumEqual && d.Text == o.Text
	}
	switch op {
	case NumLess:
		return d.Value < o.Value
	case NumLessEqual:
		return d.Value <= o.Value
	case NumGreater:
		return d.Value > o.Value
	case NumGreaterEqual:
		return d.Value >= o.Value
	}
	return d.Value == o.Value
}

// Relates compares two numbers of any size: as doubles where both are exact, by
// their decimal digits otherwise.
func (d Decimal) Relates(op NumOp, o Decimal) bool {
	if d.Exact && o.Exact {
		return d.compare(op, o)
	}
	switch order := compareDigits(d.Text, o.Text); op {
	case NumLess:
		return order < 0
	case NumLessEqual:
		return order <= 0
	case NumGreater:
		return order > 0
	case NumGreaterEqual:
		return order >= 0
	default:
		return order == 0
	}
}

// compareDigits is -1, 0 or 1 as the JSON number a is less than, equal to or
// greater than b. Time grows with the texts, not with the numbers.
func compareDigits(a, b string) int {
	sign := signOf(a)
	if other := signOf(b); sign != other || sign == 0 {
		return cmp.Compare(sign, other)
	}
	digits, exp := Digits(a)
	others, otherExp := Digits(b)
	if exp != otherExp {
		return sign * cmp.Compare(exp, otherExp)
	}
	return sign * strings.Compare(digits, others)
}

func signOf(s string) int {
	switch {
	case isZero(s):
		return 0
	case s[0] == '-':
		return -1
	}
	return 1
}

// maxExponent bounds what Digits takes of an exponent, so that sums with it do
// not overflow, also where an int has 32 bits.
const maxExponent = 1 << 29

// Digits takes a JSON number apart: its digits d without leading and trailing
// zeros, and the exponent e for which the absolute value is 0.d × 10^e. Zero
// has neither.
func Digits(number string) (d string, e int) {
	m, power, _ := strings.Cut(strings.ToLower(strings.TrimPrefix(number, "-")), "e")
	e, _ = strconv.Atoi(power)
	e = max(-maxExponent, min(e, maxExponent))
	whole, frac, _ := strings.Cut(m, ".")
	e += len(whole)
	d = strings.TrimLeft(whole+frac, "0")
	e -= len(whole+frac) - len(d)
	if d = strings.TrimRight(d, "0"); d == "" {
		e = 0
	}
	return d, e
}

func mantissa(s string) string {
	s = strings.TrimPrefix(s, "-")
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		s = s[:i]
	}
	return s
}

func isZero(s string) bool { return strings.Trim(mantissa(s), "0.") == "" }

func isJSONNumber(s string) bool {
	digits := func() bool {
		n := 0
		for n < len(s) && s[n] >= '0' && s[n] <= '9' {
			n++
		}
		s = s[n:]
		return n > 0
	}
	s = strings.TrimPrefix(s, "-")
	if strings.HasPrefix(s, "0") {
		s = s[1:]
	} else if !digits() {
		return false
	}
	if strings.HasPrefix(s, ".") {
		s = s[1:]
		if !digits() {
			return false
		}
	}
	if s != "" && (s[0] == 'e' || s[0] == 'E') {
		s = s[1:]
		if s != "" && (s[0] == '+' || s[0] == '-') {
			s = s[1:]
		}
		if !digits() {
			return false
		}
	}
	return s == ""
}

package detect

import (
	"math"
	"strconv"
	"strings"
)

// Decimal is a JSON number: its text and, where it can carry it, its value.
type Decimal struct {
	Text  string
	Value float64
	Exact bool // Value stands for Text: finite, no underflow, at most 17 significant digits
}

// ParseDecimal reads JSON number text. ok is false when text is no JSON number.
func ParseDecimal(text string) (d Decimal, ok bool) {
	if !isJSONNumber(text) {
		return Decimal{}, false
	}
	f, err := strconv.ParseFloat(text, 64)
	d = Decimal{Text: text, Value: f}
	d.Exact = err == nil && !math.IsInf(f, 0) && significant(text) <= 17 && (f != 0 || isZero(text))
	return d, true
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

func mantissa(s string) string {
	s = strings.TrimPrefix(s, "-")
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		s = s[:i]
	}
	return s
}

func isZero(s string) bool { return strings.Trim(mantissa(s), "0.") == "" }

func significant(s string) int {
	m := strings.TrimLeft(strings.Replace(mantissa(s), ".", "", 1), "0")
	return len(strings.TrimRight(m, "0"))
}

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

package detect

import (
	"bytes"
	"time"

	"github.com/trailwarden/trailwarden/cloudtrail"
)

// shortInt is the length up to which a whole number is read without strconv;
// its value is exact in a double.
const shortInt = 15

// parseDecimal equals ParseDecimal; the Decimal of a short whole number has no
// Text, which only inexact numbers are compared by.
func parseDecimal(s []byte) (Decimal, bool) {
	digits := s
	if len(s) > 0 && s[0] == '-' {
		digits = s[1:]
	}
	if len(digits) == 0 || len(digits) > shortInt || digits[0] == '0' && len(digits) > 1 {
		return slowDecimal(s)
	}
	n := int64(0)
	for _, c := range digits {
		if c < '0' || c > '9' {
			return slowDecimal(s)
		}
		n = n*10 + int64(c-'0')
	}
	if len(digits) < len(s) {
		n = -n
	}
	return Decimal{Value: float64(n), Exact: true}, true
}

// slowDecimal allocates, so text that cannot be a number is refused first.
func slowDecimal(s []byte) (Decimal, bool) {
	if len(s) == 0 || s[0] != '-' && (s[0] < '0' || s[0] > '9') {
		return Decimal{}, false
	}
	for _, c := range s {
		if (c < '0' || c > '9') && bytes.IndexByte([]byte("-+.eE"), c) < 0 {
			return Decimal{}, false
		}
	}
	return ParseDecimal(string(s))
}

func (m *Matcher) number(c *check, f *found) bool {
	if f.kind != cloudtrail.Number && f.kind != cloudtrail.String {
		return false
	}
	d, ok := parseDecimal(m.text(f))
	if !ok {
		return false
	}
	if !c.number.Exact || !d.Exact {
		if c.wide {
			d.Text = string(m.text(f))
			return d.Relates(c.numOp, c.number)
		}
		return c.numOp == NumEqual && string(m.text(f)) == c.number.Text
	}
	return d.compare(c.numOp, c.number)
}

func (m *Matcher) timePart(c *check, f *found) bool {
	if f.kind != cloudtrail.String {
		return false
	}
	t, ok := parseTime(m.text(f))
	return ok && timePart(t, c.unit) == c.part
}

// parseTime reads an RFC 3339 time as UTC; CloudTrail's own form, whole seconds
// in UTC, without allocating.
func parseTime(s []byte) (time.Time, bool) {
	const form = "0000-00-00T00:00:00Z"
	if len(s) == len(form) && s[len(s)-1] == 'Z' {
		if t, ok := cloudTrailTime(s, form); ok {
			return t, true
		}
	}
	if len(s) < 5 || s[4] != '-' {
		return time.Time{}, false
	}
	t, err := time.Parse(time.RFC3339, string(s))
	return t.UTC(), err == nil
}

func cloudTrailTime(s []byte, form string) (time.Time, bool) {
	for i := range form {
		if form[i] == '0' && (s[i] < '0' || s[i] > '9') || form[i] != '0' && s[i] != form[i] {
			return time.Time{}, false
		}
	}
	n := func(i int) int { return int(s[i]-'0')*10 + int(s[i+1]-'0') }
	year, month, day := n(0)*100+n(2), n(5), n(8)
	if month < 1 || month > 12 || day < 1 || day > 28 || n(11) > 23 || n(14) > 59 || n(17) > 59 {
		return time.Time{}, false // rare enough to leave to package time
	}
	return time.Date(year, time.Month(month), day, n(11), n(14), n(17), 0, time.UTC), true
}

// Package period reads lengths of time as people write them in configurations,
// rules and on the command line: 90s, 15m, 24h, 7d, 2w, or a sum such as 1h30m.
package period

import (
	"errors"
	"time"
)

// Longest is the longest time that is read: it keeps sums from overflowing.
const Longest = 100 * 365 * 24 * time.Hour

// What can be wrong with a text.
var (
	ErrForm = errors.New("no length of time")
	ErrLong = errors.New("longer than 100 years")
)

var units = map[string]time.Duration{
	"ms": time.Millisecond, "s": time.Second, "m": time.Minute, "h": time.Hour,
	"d": 24 * time.Hour, "w": 7 * 24 * time.Hour,
}

// Parse reads a length of time; 0 needs no unit. The error is ErrForm or ErrLong.
func Parse(text string) (sum time.Duration, err error) {
	if text == "0" {
		return 0, nil
	}
	if text == "" {
		return 0, ErrForm
	}
	long := false
	for text != "" {
		digits := span(text, '0', '9')
		letters := span(text[digits:], 'a', 'z')
		unit := units[text[digits:digits+letters]]
		if digits == 0 || unit == 0 {
			return 0, ErrForm
		}
		n := time.Duration(0)
		for _, c := range []byte(text[:digits]) {
			if n = n*10 + time.Duration(c-'0'); n > Longest/unit {
				long, n = true, 0
			}
		}
		if sum += n * unit; sum > Longest {
			long, sum = true, 0
		}
		text = text[digits+letters:]
	}
	if long {
		return 0, ErrLong
	}
	return sum, nil
}

// ParseGo reads also what Go writes and Parse does not, such as 1.5h: flags and the
// environment have always taken it. The error is ErrForm or ErrLong.
func ParseGo(text string) (time.Duration, error) {
	d, err := Parse(text)
	if !errors.Is(err, ErrForm) {
		return d, err
	}
	switch d, e := time.ParseDuration(text); {
	case e != nil || d < 0:
		return 0, err
	case d > Longest:
		return 0, ErrLong
	default:
		return d, nil
	}
}

// span is how many bytes between two the text begins with.
func span(text string, from, to byte) (n int) {
	for n < len(text) && from <= text[n] && text[n] <= to {
		n++
	}
	return n
}

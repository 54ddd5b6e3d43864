package main

import (
	"fmt"
	"strconv"
	"time"

	"github.com/trailwarden/trailwarden/internal/re2"
)

var relative = re2.Own(`^([0-9]{1,6})([smhdw])$`)

var units = map[string]time.Duration{
	"s": time.Second, "m": time.Minute, "h": time.Hour, "d": 24 * time.Hour, "w": 7 * 24 * time.Hour,
}

// longest is the greatest age: three centuries do not fit a time.Duration.
const longest = 100 * 365 * 24 * time.Hour

// age reads a length of time such as 24h or 7d.
func age(s string) (length time.Duration, ok bool) {
	m := relative.FindStringSubmatch(s)
	if m == nil {
		return 0, false
	}
	n, _ := strconv.Atoi(m[1]) // at most six digits
	unit := units[m[2]]
	return time.Duration(n) * unit, n <= int(longest/unit)
}

// instant reads a time bound: RFC 3339, a date (its first instant, UTC), a date
// and time without zone (UTC), or an age such as 24h or 7d before now. An empty
// text is no bound.
func instant(flag, s string, now time.Time) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	if length, ok := age(s); ok {
		return now.Add(-length), nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly, "2006-01-02T15:04:05", "2006-01-02T15:04", time.DateTime} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%s: %q is no time; want 2026-03-14T09:26:53Z, 2026-03-14 or an age such as 24h or 7d, of 100 years at most", flag, s)
}

// window is the time bounds of a command: from ≤ eventTime < to.
type window struct{ from, to time.Time }

func newWindow(from, to string, now time.Time) (w window, err error) {
	if w.from, err = instant("--from", from, now); err != nil {
		return w, err
	}
	if w.to, err = instant("--to", to, now); err != nil {
		return w, err
	}
	if !w.from.IsZero() && !w.to.IsZero() && !w.from.Before(w.to) {
		return w, fmt.Errorf("--from %s is not before --to %s: no record could be between them", from, to)
	}
	return w, nil
}

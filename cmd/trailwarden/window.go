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

// instant reads a time bound: RFC 3339, a date (its first instant, UTC), a date
// and time without zone (UTC), or an age such as 24h or 7d before now. An empty
// text is no bound.
func instant(flag, s string, now time.Time) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	if m := relative.FindStringSubmatch(s); m != nil {
		n, _ := strconv.Atoi(m[1])
		return now.Add(-time.Duration(n) * units[m[2]]), nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly, "2006-01-02T15:04:05", "2006-01-02T15:04", time.DateTime} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%s: %q is no time; want 2026-03-14T09:26:53Z, 2026-03-14 or an age such as 24h or 7d", flag, s)
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

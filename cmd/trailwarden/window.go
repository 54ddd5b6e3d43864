package main

import (
	"fmt"
	"reflect"
	"time"

	"github.com/alecthomas/kong"

	"github.com/trailwarden/trailwarden/config"
	"github.com/trailwarden/trailwarden/internal/period"
)

// length reads a length of time as a configuration has it, such as 90s, 7d or
// 2w, or as Go writes it, such as 1.5h.
func length(text string) (d time.Duration, ok bool) {
	d, err := period.ParseGo(text)
	return d, err == nil
}

// lengthFlag reads a flag that is a length of time.
func lengthFlag(c *kong.DecodeContext, to reflect.Value) error {
	t, err := c.Scan.PopValue("duration")
	if err != nil {
		return err
	}
	d, ok := length(t.String())
	if !ok {
		return fmt.Errorf("%q is no length of time; want such as 30s, 15m, 24h or 7d", t.String())
	}
	to.SetInt(int64(d))
	return nil
}

// instant reads a time bound, see config.Moment. An empty text is no bound.
func instant(flag, s string, now time.Time) (time.Time, error) {
	t, err := config.Moment(s, now)
	if err != nil {
		return t, fmt.Errorf("%s: %w", flag, err)
	}
	return t, nil
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

package config

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Moment reads a time as sources take it: RFC 3339, a day (its start, UTC), or an
// age before now such as 24h or 7d. The zero time stands for "".
func Moment(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	if days, ok := strings.CutSuffix(text, "d"); ok {
		if n, err := strconv.Atoi(days); err == nil && n >= 0 && n < 100_000 {
			return now.UTC().AddDate(0, 0, -n), nil
		}
	}
	if d, err := time.ParseDuration(text); err == nil && d >= 0 {
		return now.UTC().Add(-d), nil
	}
	return time.Time{}, fmt.Errorf("%s is no time; want 2026-03-14, 2026-03-14T09:00:00Z, or an age such as 24h or 7d", quoted(text))
}

// eventHistory is how long CloudTrail keeps the events that LookupEvents gives
// (CloudTrail User Guide, event history).
const eventHistory = 90 * 24 * time.Hour

// moment reads a time of a source.
func (ch *checker) moment(s Source, kind, key, text string) time.Time {
	t, err := Moment(text, ch.known.Now)
	if err != nil {
		ch.fail(ch.at("sources", s.Name, kind, key), CodeValue, "sources.%s.%s.%s: %v", s.Name, kind, key, err)
	}
	return t
}

// span checks the range of time of a bucket.
func (ch *checker) span(s Source) {
	from, to := ch.moment(s, "s3", "from", s.S3.From), ch.moment(s, "s3", "to", s.S3.To)
	if !to.IsZero() && !from.Before(to) {
		ch.fail(ch.at("sources", s.Name, "s3", "to"), CodeSense, "sources.%s.s3.to: nothing lies between from, %s, and to, %s; to is the later one", s.Name, quoted(s.S3.From), quoted(s.S3.To))
	}
}

// history checks where event history is begun with.
func (ch *checker) history(s Source) {
	from := ch.moment(s, "lookup", "from", s.Lookup.From)
	if oldest := ch.known.Now.Add(-eventHistory - time.Hour); !from.IsZero() && from.Before(oldest) {
		ch.warn(ch.at("sources", s.Name, "lookup", "from"), CodeSense, "sources.%s.lookup.from: CloudTrail keeps its event history for 90 days; what is older is in a trail's bucket", s.Name)
	}
}

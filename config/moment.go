package config

import (
	"fmt"
	"time"

	"github.com/trailwarden/trailwarden/internal/period"
)

// Moment reads a time as sources and commands take it: RFC 3339, a day (its
// start), a day and time without zone (UTC), or an age before now such as 24h, 7d
// or 2w. The zero time stands for "".
func Moment(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if age, err := period.ParseGo(text); err == nil {
		return now.UTC().Add(-age), nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly, "2006-01-02T15:04:05", "2006-01-02T15:04", time.DateTime} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("%s is no time; want 2026-03-14T09:26:53Z, 2026-03-14 or an age such as 24h, 7d or 2w, of 100 years at most", quoted(text))
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

package alert

import (
	"encoding/json"
	"time"

	"github.com/trailwarden/trailwarden/severity"
)

// Notice is something that the program has to say of itself.
type Notice struct {
	Key      string // what it is about, in any words: the same notice has the same key
	Headline string
	Summary  string
	Severity severity.Level
	Facts    []Label
}

// Delivery makes the notice a Health delivery for a sink. Its ID holds the day,
// so that a notice that is put again and again is told once a day. Its number is
// the day's: receivers that know a message by key and number, as mail servers do,
// must not take tomorrow's for a repeat of today's. It is due before all else: what
// waits because of a storm or a slow receiver may take hours, and that something is
// wrong must be known before.
func (n Notice) Delivery(sink string, now time.Time) Delivery {
	day := now.Unix() / int64(24*time.Hour/time.Second) // in UTC
	return Delivery{
		ID:   digest("health", n.Key, sink, now.UTC().Format(time.DateOnly))[:32],
		Sink: sink, Kind: Health, Sequence: day, Created: now, NotUntil: time.UnixMilli(0).UTC(),
		Body: body{Headline: n.Headline, Summary: n.Summary, Severity: n.Severity, Key: digest("notice", n.Key), Facts: n.Facts}.json(),
	}
}

// body is the part of a message's body that this package fills in; package
// message reads it.
type body struct {
	Headline string         `json:"headline,omitempty"`
	Summary  string         `json:"summary,omitempty"`
	Severity severity.Level `json:"severity,omitempty"`
	Key      string         `json:"key,omitempty"`
	From     time.Time      `json:"from,omitzero"`
	To       time.Time      `json:"to,omitzero"`
	Totals   []Total        `json:"totals,omitempty"`
	Facts    []Label        `json:"facts,omitempty"`
	Told     int64          `json:"told,omitempty"`
	ToldAt   time.Time      `json:"toldAt,omitzero"`
}

func (b body) json() []byte {
	data, err := json.Marshal(b)
	if err != nil {
		return nil // no part of it can fail
	}
	return data
}

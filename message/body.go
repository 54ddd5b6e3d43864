package message

import (
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/severity"
)

// Body is what alert.Delivery.Body holds, as JSON. A message of kind Storm,
// Report, Health or Test is made of it alone; for Repeated, Reopened and Storm it
// says what the last message told, so that this one can say what is new.
type Body struct {
	Headline string         `json:"headline,omitempty"`
	Summary  string         `json:"summary,omitempty"`
	Severity severity.Level `json:"severity,omitempty"`
	Key      string         `json:"key,omitempty"` // dedup key, hex; the delivery's ID when empty

	// From and To bound what is told, in UTC: event time of a report's rows,
	// arrival time of a storm.
	From time.Time `json:"from,omitzero"`
	To   time.Time `json:"to,omitzero"`

	// Totals are the lines of a storm.
	Totals []Total `json:"totals,omitempty"`

	// Rule, Columns and Rows are those of a report; More counts the rows that
	// the sender left out.
	Rule    *alert.Rule `json:"rule,omitempty"`
	Columns []string    `json:"columns,omitempty"`
	Rows    [][]string  `json:"rows,omitempty"`
	More    int64       `json:"more,omitempty"`

	// Facts and Next are what a health or test message has to say beside that.
	Facts []alert.Label `json:"facts,omitempty"`
	Next  []Step        `json:"next,omitempty"`

	// Told is how many findings the last message of the alert told of, and
	// ToldAt when it was made, UTC.
	Told   int64     `json:"told,omitempty"`
	ToldAt time.Time `json:"toldAt,omitzero"`
}

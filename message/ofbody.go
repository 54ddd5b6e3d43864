package message

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/severity"
)

// fromBody makes a message that no alert is behind.
func (b *Builder) fromBody(body Body, d alert.Delivery) *Message {
	m := &Message{
		Kind: d.Kind, Key: keyOf(body, d), Severity: body.Severity, Headline: oneLine(b.clean(body.Headline), maxHeadline),
		Summary: b.clean(body.Summary), FirstSeen: body.From.UTC(), LastSeen: body.To.UTC(), Opened: d.Created.UTC(),
		Facts: b.cleanLabels(body.Facts, 50), Next: steps(body.Next),
	}
	if body.Rule != nil {
		m.Rule = b.rule(body.Rule)
		m.Severity = max(m.Severity, body.Rule.Severity)
	}
	switch d.Kind {
	case alert.Storm:
		b.storm(m, body)
	case alert.Report:
		b.report(m, body)
	case alert.Test:
		m.Headline = firstText(m.Headline, "Test message from Trailwarden")
		m.Summary = firstText(m.Summary, "If you can read this, the sink works. Nothing happened.")
	default:
		m.Headline = firstText(m.Headline, "Trailwarden needs attention")
	}
	return m
}

// keyOf is the dedup key: hex, whatever the delivery's ID looks like.
func keyOf(body Body, d alert.Delivery) string {
	for _, k := range []string{body.Key, d.Alert, d.ID} {
		if hexID(k) {
			return k
		}
	}
	sum := sha256.Sum256([]byte(d.ID))
	return hex.EncodeToString(sum[:])
}

func steps(all []Step) []Step {
	var out []Step
	for _, s := range all[:min(len(all), 20)] {
		out = append(out, Step{own(s.Text, 512), own(s.Command, 2048)})
	}
	return out
}

func (b *Builder) storm(m *Message, body Body) {
	m.Totals = slices.Clone(body.Totals)
	slices.SortStableFunc(m.Totals, func(x, y Total) int {
		return cmp.Or(cmp.Compare(y.Severity, x.Severity), cmp.Compare(y.Findings, x.Findings), cmp.Compare(x.Rule, y.Rule))
	})
	var alerts, findings int64
	worst := severity.Informational
	for i := range m.Totals {
		t := &m.Totals[i]
		t.Rule, t.Title = own(t.Rule, 256), own(t.Title, 256)
		alerts, findings, worst = alerts+t.Alerts, findings+t.Findings, max(worst, t.Severity)
	}
	m.Count, m.Severity = findings, max(m.Severity, worst)
	if body.Told > 0 {
		m.New, m.Since = max(0, findings-body.Told), body.ToldAt.UTC()
	}
	rules := len(m.Totals)
	if extra := rules - b.Limits.Rows; extra > 0 {
		m.Totals, m.More = m.Totals[:b.Limits.Rows], int64(extra)
	}
	m.Headline = firstText(m.Headline, fmt.Sprintf("Alert storm: %s of %s held back", counted(alerts, "alert"), counted(int64(rules), "rule")))
	m.Summary = firstText(m.Summary, fmt.Sprintf("More alerts came than this receiver is to be sent. They are all kept, with their %s; these are the totals.", counted(findings, "finding")))
	if m.Next == nil {
		m.Next = []Step{{"List the alerts", "trailwarden alerts list"}}
	}
}

func (b *Builder) report(m *Message, body Body) {
	b.table(m, body.Columns, body.Rows, body.More)
	m.Count = int64(len(body.Rows)) + body.More
	m.Headline = firstText(m.Headline, oneLine(firstText(m.Rule.Title, m.Rule.ID, "Report")+": "+counted(m.Count, "row"), maxHeadline))
	if m.Summary == "" {
		s := "The query found " + counted(m.Count, "row")
		if !m.FirstSeen.IsZero() && !m.LastSeen.IsZero() {
			s += when(m.FirstSeen, m.LastSeen)
		}
		if m.More > 0 {
			s += "; " + counted(int64(len(m.Rows)), "row") + " shown"
		}
		m.Summary = s + "."
	}
}

// bound makes the message fit Limits.Total by leaving out, from the last event
// back, raw records, then fields, then rows. What tells who did what is small by
// itself and stays.
func (b *Builder) bound(m *Message) {
	if !b.over(m) {
		return
	}
	for i := len(m.Events) - 1; i >= 0 && b.over(m); i-- {
		m.Events[i].Raw = nil
	}
	for i := len(m.Events) - 1; i >= 0 && b.over(m); i-- {
		m.Events[i].Fields = nil
	}
	for len(m.Rows) > 1 && b.over(m) {
		half := len(m.Rows) / 2
		m.More += int64(len(m.Rows) - half)
		m.Rows = m.Rows[:half]
	}
	for len(m.Events) > 1 && b.over(m) {
		m.Events = m.Events[:len(m.Events)/2]
	}
	if b.over(m) {
		m.Tallies, m.Detection = nil, nil
	}
}

func (b *Builder) over(m *Message) bool {
	if m.most() <= b.Limits.Total {
		return false // as nearly always, without writing it
	}
	text, _, err := m.AppendJSON(nil)
	return err == nil && len(text) > b.Limits.Total
}

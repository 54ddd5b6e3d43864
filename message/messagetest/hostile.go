package messagetest

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/message"
)

// Hostile are the opened, the repeated and the report message, once for each
// payload, with the payload in every text that an attacker may have written.
func Hostile() []Case {
	var all []Case
	for i, p := range Payloads() {
		name := "payload " + strconv.Itoa(i) + " " + strconv.QuoteToASCII(p[:min(len(p), 24)])
		for _, c := range []Case{{"opened", Opened()}, {"repeated", Repeated()}, {"report", Report()}} {
			all = append(all, Case{c.Name + ", " + name, Poisoned(c.Message, p)})
		}
	}
	return all
}

// Poisoned is m with payload in every text that comes from records, object keys
// or what people noted. Dedup key, rule, steps, links and times stay. The
// payload need not be valid UTF-8; in the message it is, as in every message.
func Poisoned(m *message.Message, payload string) *message.Message {
	p := strings.ToValidUTF8(payload, "\ufffd")
	m.Headline, m.Summary = "DeleteTrail by "+p, "Someone called "+p+" it was."
	w, t, l, f := &m.Who, &m.What, &m.Where, &m.From
	for _, s := range []*string{&w.Name, &w.Type, &w.ARN, &w.Session, &w.Source, &w.AccessKey, &w.Account, &w.Via, &w.Principal,
		&t.Action, &t.Service, &t.Product, &t.Words, &t.ErrorCode, &t.Error,
		&l.Account, &l.AccountName, &l.Unit, &l.Region, &l.Place, &f.IP, &f.Country, &f.City, &f.ASN, &f.UserAgent, &f.Client} {
		*s = p
	}
	t.Resources, t.Others = []string{p, p + "2"}, []string{p}
	t.Parameters = []alert.Label{{Name: p, Value: p}, {Name: "name", Value: p}}
	t.Results = t.Parameters
	m.Group = []alert.Label{{Name: "actor", Value: p}, {Name: "requestParameters.name", Value: p}}
	m.Tallies = []alert.Tally{{Field: "actor", Values: []alert.TalliedText{{Text: p, Count: 2}, {Text: p + "2", Count: 1}}}}
	m.Detection = &alert.Detection{ID: "d41d8cd98f00b204", Summary: p, Group: m.Group, From: Moment(), To: Moment(), Count: 2,
		Related: []alert.Evidence{{File: p, EventID: p}}}
	m.Notes = []alert.Note{{Time: Moment(), By: p, Did: "noted", Text: p}}
	for i := range m.Events {
		poisonEvent(&m.Events[i], p)
	}
	for _, row := range m.Rows {
		for i := range row {
			row[i] = p
		}
	}
	return m
}

func poisonEvent(e *message.Event, p string) {
	for _, s := range []*string{&e.ID, &e.Who, &e.Action, &e.Service, &e.Account, &e.Region, &e.IP, &e.Error, &e.Resource,
		&e.Evidence.File, &e.Evidence.Version, &e.Evidence.EventID} {
		*s = p
	}
	e.Fields = []alert.Label{{Name: "eventName", Value: p}, {Name: "requestParameters." + p, Value: p}}
	e.Raw, _ = json.Marshal(map[string]any{"eventName": p, p: []any{p, map[string]string{p: p}}}) // cannot fail
}

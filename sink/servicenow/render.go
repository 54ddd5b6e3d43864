package servicenow

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/internal/re2"
	"github.com/trailwarden/trailwarden/message"
	"github.com/trailwarden/trailwarden/severity"
	"github.com/trailwarden/trailwarden/sink"
	"github.com/trailwarden/trailwarden/sink/page"
)

var hexKey = re2.Own(`^[0-9a-f]{8,100}$`)

// correlation is the alert's key: hex only, because it stands in queries, where
// other characters are operators. What is not hex is hashed.
func correlation(m *message.Message) string {
	if hexKey.MatchString(m.Key) {
		return m.Key
	}
	sum := sha256.Sum256([]byte(string(m.Kind) + "\x00" + m.Key + "\x00" + m.Rule.ID + "\x00" + m.Headline))
	return hex.EncodeToString(sum[:])
}

var codeTag = re2.Own(`(?i)\[(\s*/?\s*code\s*)\]`)

// inert is text in which nothing means anything to a journal field: no [code]
// tags, between which HTML would be obeyed, and no @[…] mentions. Tags lose their
// brackets and stay: what stood around one must not come together, as a scheme and
// its slashes would.
func inert(s string) string {
	return strings.ReplaceAll(codeTag.ReplaceAllString(s, "($1)"), "@[", "@ [")
}

// value is text for a field of the user's choice.
func value(s string) string {
	return sink.ServiceNowDescription.Cut(inert(sink.Defang(sink.Clean(s))))
}

// incident is m as the fields of a new incident.
func (s *Sink) incident(m *message.Message) map[string]string {
	key := correlation(m)
	f := map[string]string{
		"short_description":   sink.ServiceNowShort.Cut(inert(headline(m))),
		"description":         s.words(m, sink.ServiceNowDescription.Max()),
		"urgency":             strconv.Itoa(level(s.config.Urgency, urgency, m.Severity)),
		"impact":              strconv.Itoa(level(s.config.Impact, impact, m.Severity)),
		"correlation_id":      key,
		"correlation_display": "Trailwarden",
	}
	for name, t := range s.templates {
		var b bounded
		if err := t.Execute(&b, m); err != nil {
			continue // a template that does not suit this message leaves its field to the instance
		}
		f[name] = value(b.String())
	}
	for _, l := range m.Custom {
		if identifier.MatchString(l.Name) {
			f[l.Name] = value(l.Value)
		}
	}
	f["correlation_id"] = key // nothing overrides what the incident is found by
	return f
}

// bounded takes as much of a template's output as a field can hold.
type bounded struct{ strings.Builder }

var errFull = errors.New("the field is full")

func (b *bounded) Write(p []byte) (int, error) {
	if b.Len() > 1<<16 {
		return 0, errFull
	}
	return b.Builder.Write(p)
}

// mentionRoom is kept free for what inert adds.
const mentionRoom = 64

// words is m as plain text of at most limit characters, key and links included.
func (s *Sink) words(m *message.Message, limit int) string {
	tail := "\nKey: " + correlation(m)
	for _, l := range m.Links {
		line := "\n" + sink.Defang(sink.Line(sink.Cut(l.Text, 80, sink.Characters))) + ": " + l.URL
		if page.Web(l.URL) && len(tail)+len(line) < limit/2 {
			tail += line
		}
	}
	c := *m
	c.Links, c.Key, c.Text = nil, "", sink.Defang(m.Text)
	text := inert(page.Text(&c, limit-len(tail)-mentionRoom))
	return sink.Cut(text, limit-len(tail), sink.UTF16) + tail
}

func headline(m *message.Message) string {
	text := sink.Defang(sink.Line(sink.Cut(m.Headline, 1000, sink.Characters)))
	return "[" + strings.ToUpper(m.Severity.String()) + "] " + text
}

// Urgency and impact by severity, from which an instance computes the priority.
func urgency(l severity.Level) int { return max(1, min(3, 4-int(l))) }

func impact(l severity.Level) int {
	switch {
	case l >= severity.Critical:
		return 1
	case l >= severity.Medium:
		return 2
	}
	return 3
}

func level(configured map[string]int, otherwise func(severity.Level) int, l severity.Level) int {
	if n := configured[l.String()]; n > 0 {
		return n
	}
	return otherwise(l)
}

// change is m as the fields of a change to an incident: a note, and what the
// kind of message says of the state.
func (s *Sink) change(m *message.Message) map[string]string {
	f := map[string]string{s.config.Journal: s.note(m)}
	switch m.Kind {
	case alert.Acked:
		f["state"] = s.config.States.Work
	case alert.Closed:
		f["state"] = s.config.States.Resolved
		f["close_code"] = s.config.CloseCode
		f["close_notes"] = s.config.CloseNotes
	}
	return f
}

// marker tells a note apart, so that it is not written twice.
func marker(m *message.Message) string {
	return fmt.Sprintf("Trailwarden %.12s, message %d.", correlation(m), m.Sequence)
}

func (s *Sink) note(m *message.Message) string {
	first := marker(m) + "\n"
	return first + s.words(m, sink.ServiceNowJournal.Max()-len(first))
}

// noted tells whether a record has the message's note already. A record whose
// journal may not be read has none.
func (d *delivery) noted(r row) bool {
	q := url.Values{"sysparm_fields": {"sys_id," + d.config.Journal}, "sysparm_display_value": {"true"}}
	req, err := http.NewRequestWithContext(d.ctx, http.MethodGet, d.table(r.ID)+"?"+q.Encode(), nil)
	if err != nil {
		return false
	}
	req.Header.Set("Accept", "application/json")
	secrets, o := d.authorize(d.ctx, req)
	if o != nil {
		return false
	}
	a, err := d.client.Send(req, secrets...) // newest notes come first: a cut answer will do
	return err == nil && a.Status == http.StatusOK && strings.Contains(string(a.Body), marker(d.m))
}

// Package pagerduty tells alerts to PagerDuty by its Events API v2: an alert is
// an incident, found again by the alert's key, so nothing is told twice.
//
// Source: PagerDuty, "Events API v2 overview" and "Send an alert event".
package pagerduty

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	pd "github.com/PagerDuty/go-pagerduty"
	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/message"
	"github.com/trailwarden/trailwarden/severity"
	"github.com/trailwarden/trailwarden/sink"
	"github.com/trailwarden/trailwarden/sink/egress"
	"github.com/trailwarden/trailwarden/sink/fit"
	"github.com/trailwarden/trailwarden/sink/page"
)

// Endpoints of the service regions.
const (
	US = "https://events.pagerduty.com"
	EU = "https://events.eu.pagerduty.com"
)

// Config is a service's integration.
type Config struct {
	RoutingKey sink.Secret // integration key, 32 characters
	Site       string      // us (also when empty) or eu
	URL        string      // another endpoint in place of the site's
	Component  string      // of the payload
	Class      string      // of the payload; the rule's ID when empty
}

// Sink is the service.
type Sink struct {
	config   Config
	endpoint string
	client   *egress.Client
	now      func() time.Time
}

// New makes a sink. Errors name the setting.
func New(c Config, client *egress.Client, now func() time.Time) (*Sink, error) {
	endpoint, ok := map[string]string{"": US, "us": US, "eu": EU}[c.Site]
	switch {
	case c.RoutingKey == nil:
		return nil, errors.New("pagerduty: routing_key is missing")
	case !ok:
		return nil, fmt.Errorf("pagerduty: site %q: expected us or eu", c.Site)
	case c.URL != "":
		endpoint = strings.TrimSuffix(strings.TrimSuffix(c.URL, "/"), "/v2/enqueue")
	}
	if err := client.CheckURL(endpoint); err != nil {
		return nil, fmt.Errorf("pagerduty: events_url: %w", err)
	}
	return &Sink{c, endpoint, client, now}, nil
}

// Traits implements sink.Sink.
func (s *Sink) Traits() sink.Traits {
	return sink.Traits{Idempotent: true, PerSecond: 2, Lifecycle: true}
}

// Preview implements sink.Sink.
func (s *Sink) Preview(n sink.Notification) (sink.Preview, error) {
	e, err := s.event(n.Message, "[redacted]")
	if err != nil {
		return sink.Preview{}, err
	}
	text, err := json.MarshalIndent(e, "", "  ")
	return sink.Preview{Parts: []sink.Part{{Name: "body", ContentType: "application/json", Body: text}}}, err
}

// Deliver implements sink.Sink.
func (s *Sink) Deliver(ctx context.Context, n sink.Notification) alert.Outcome {
	key, err := s.config.RoutingKey(ctx)
	if err != nil {
		return alert.Outcome{Class: alert.Retry, Reason: "pagerduty: the routing key cannot be fetched: " + err.Error()}
	}
	e, err := s.event(n.Message, strings.TrimSpace(key))
	if err != nil {
		return alert.Outcome{Class: alert.Reject, Reason: err.Error()}
	}
	r := s.client.Recorder(e.RoutingKey)
	client := pd.NewClient("", pd.WithV2EventsAPIEndpoint(s.endpoint))
	client.HTTPClient = r
	// The outcome is read from the answer itself: the library's errors know
	// neither Retry-After nor whether anything was sent.
	_, _ = client.ManageEventWithContext(ctx, e)
	return outcome(r, e.DedupKey, s.now())
}

// event is m as PagerDuty takes it, within its limits.
func (s *Sink) event(m *message.Message, routingKey string) (*pd.V2Event, error) {
	e := &pd.V2Event{RoutingKey: routingKey, Action: action(m.Kind), DedupKey: sink.PagerDutyKey.Cut(dedup(m))}
	if e.Action != "trigger" {
		return e, nil
	}
	e.Client = "Trailwarden"
	var size int
	fit.To(m, func(c *message.Message) bool {
		e.Payload, e.Links = s.payload(c), links(c)
		text, err := json.Marshal(e)
		size = len(text)
		return err == nil && size <= sink.PagerDutyRequest.Max()
	})
	if size > sink.PagerDutyRequest.Max() {
		return nil, fmt.Errorf("pagerduty: the message needs %d bytes at least, more than PagerDuty takes", size)
	}
	return e, nil
}

// action is what a kind of message means to an incident.
func action(k alert.Kind) string {
	switch k {
	case alert.Acked:
		return "acknowledge"
	case alert.Closed:
		return "resolve"
	}
	return "trigger"
}

// dedup is the alert's key; messages without an alert keep to their headline.
func dedup(m *message.Message) string {
	if m.Key != "" {
		return m.Key
	}
	return "trailwarden-" + string(m.Kind) + "-" + sink.Subject(m.Headline, 100)
}

func (s *Sink) payload(m *message.Message) *pd.V2Payload {
	p := page.Of(m)
	out := &pd.V2Payload{
		Summary: sink.PagerDutySummary.Cut(summary(m, p)), Source: source(m), Severity: level(m.Severity),
		Component: s.config.Component, Class: s.config.Class, Group: shown(m.Where.Account),
		Details: details(m, p),
	}
	if out.Class == "" {
		out.Class = shown(m.Rule.ID)
	}
	if !m.LastSeen.IsZero() {
		out.Timestamp = m.LastSeen.UTC().Format(time.RFC3339)
	}
	return out
}

// summary is what a phone shows and reads out: the headline, after what kind of
// news it is unless it is the usual one.
func summary(m *message.Message, p page.Page) string {
	if m.Kind == alert.Opened {
		return p.Title
	}
	return p.Kind + ": " + p.Title
}

func shown(s string) string { return sink.Cut(sink.Defang(sink.Line(s)), 255, sink.Characters) }

// source is what is affected; PagerDuty refuses an empty one.
func source(m *message.Message) string {
	s := strings.Trim(shown(m.Where.Account+" "+m.Where.Region), " ")
	if s == "" {
		return "trailwarden"
	}
	return s
}

// level maps severities onto PagerDuty's four.
func level(l severity.Level) string {
	switch {
	case l >= severity.Critical:
		return "critical"
	case l == severity.High:
		return "error"
	case l == severity.Medium:
		return "warning"
	}
	return "info"
}

// longestText bounds a user's own text, in bytes: JSON writes up to six for one.
const longestText = 64 << 10

// details is the message for people, by section.
func details(m *message.Message, p page.Page) map[string]any {
	out := map[string]any{"key": m.Key}
	add := func(name string, v string) {
		if v != "" {
			out[name] = v
		}
	}
	add("summary", p.Lead)
	add("notice", p.Notice)
	if m.Text != "" {
		add("text", sink.Cut(sink.Defang(sink.Clean(m.Text)), longestText, sink.Bytes))
		return out
	}
	for _, s := range p.Sections {
		if s.Title != "Links" {
			out[s.Title] = section(s)
		}
	}
	return out
}

// section is a part of the page as JSON.
func section(s page.Section) any {
	out := map[string]any{}
	for _, p := range s.Pairs {
		name := p.Name
		for i := 2; out[name] != nil; i++ {
			name = fmt.Sprintf("%s (%d)", p.Name, i)
		}
		out[name] = p.Value
	}
	if len(s.Text) > 0 {
		out["text"] = strings.Join(s.Text, "\n\n")
	}
	if s.Table != nil {
		var rows []string
		for _, r := range append([][]string{s.Table.Columns}, s.Table.Rows...) {
			rows = append(rows, strings.Join(r, " | "))
		}
		if s.Table.More != "" {
			rows = append(rows, s.Table.More)
		}
		out["rows"] = rows
	}
	for i, step := range s.Steps {
		out[fmt.Sprintf("step %d", i+1)] = strings.TrimSpace(step.Text + "\n" + sink.Defang(step.Command))
	}
	return out
}

// links are ours only.
func links(m *message.Message) []any {
	var out []any
	for _, l := range m.Links {
		if page.Web(l.URL) {
			out = append(out, map[string]string{"href": l.URL, "text": shown(l.Text)})
		}
	}
	return out
}

// outcome judges an answer. 202 means queued; the answer must say success.
func outcome(r *egress.Recorder, key string, now time.Time) alert.Outcome {
	if !r.Asked {
		return alert.Outcome{Class: alert.Reject, Reason: "pagerduty: the client did not accept the event"}
	}
	o := egress.Outcome(r.Answer, r.Err, now)
	var got struct {
		Status string   `json:"status"`
		Errors []string `json:"errors"`
	}
	readable := r.Err == nil && json.Unmarshal(r.Answer.Body, &got) == nil
	switch {
	case o.Class == alert.OK && (!readable || got.Status != "success"):
		return alert.Outcome{Class: alert.Retry, Unsure: true, Reason: "pagerduty: an answer that is not PagerDuty's: " + r.Answer.Reason()}
	case o.Class == alert.OK:
		o.Receipt = []byte(key)
	case o.Class == alert.Reject && readable && aboutKey(got.Errors):
		o.Class = alert.Auth
	}
	if o.Reason != "" {
		o.Reason = "pagerduty: " + o.Reason
	}
	return o
}

// aboutKey tells whether the integration key is at fault, not the event.
func aboutKey(errs []string) bool {
	for _, e := range errs {
		if e = strings.ToLower(e); strings.Contains(e, "routing_key") || strings.Contains(e, "routing key") {
			return true
		}
	}
	return false
}

var _ sink.Sink = (*Sink)(nil)

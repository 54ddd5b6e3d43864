// Package teams tells alerts to a Microsoft Teams channel through a workflow
// that starts "when a Teams webhook request is received", as Adaptive Cards.
//
// Sources: Microsoft, "Create incoming webhooks with Workflows", "Format cards
// in Microsoft Teams", "Adaptive Cards: text features".
package teams

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/atc0005/go-teams-notify/v2/adaptivecard"
	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/internal/re2"
	"github.com/trailwarden/trailwarden/message"
	"github.com/trailwarden/trailwarden/severity"
	"github.com/trailwarden/trailwarden/sink"
	"github.com/trailwarden/trailwarden/sink/egress"
	"github.com/trailwarden/trailwarden/sink/fit"
	"github.com/trailwarden/trailwarden/sink/page"
)

// Config is a channel.
type Config struct {
	Webhook sink.Secret // URL of the workflow: it holds a signature, so all of it is a secret
}

// Sink is the channel.
type Sink struct {
	config Config
	client *egress.Client
	now    func() time.Time
}

// New makes a sink. Errors name the setting.
func New(c Config, client *egress.Client, now func() time.Time) (*Sink, error) {
	if c.Webhook == nil {
		return nil, errors.New("teams: webhook is missing")
	}
	return &Sink{c, client, now}, nil
}

// Traits implements sink.Sink: Teams knows no idempotency key.
func (s *Sink) Traits() sink.Traits { return sink.Traits{PerSecond: 1} }

// Preview implements sink.Sink.
func (s *Sink) Preview(n sink.Notification) (sink.Preview, error) {
	text, err := render(n.Message)
	if err != nil {
		return sink.Preview{}, err
	}
	var pretty bytes.Buffer
	err = json.Indent(&pretty, text, "", "  ")
	return sink.Preview{Parts: []sink.Part{{Name: "body", ContentType: "application/json", Body: pretty.Bytes()}}}, err
}

// Deliver implements sink.Sink.
func (s *Sink) Deliver(ctx context.Context, n sink.Notification) alert.Outcome {
	text, err := render(n.Message)
	if err != nil {
		return alert.Outcome{Class: alert.Reject, Reason: err.Error()}
	}
	a, err := s.client.Hook(ctx, s.config.Webhook, "application/json", text)
	return outcome(a, err, s.now())
}

// envelope is what a workflow takes: cards as attachments.
type envelope struct {
	Type        string                    `json:"type"`
	Summary     string                    `json:"summary"`
	Attachments []adaptivecard.Attachment `json:"attachments"`
}

// shortest is how many bytes of a user's text always fit.
const shortest = 1000

// render is m as the body of a request of at most 28 KB.
func render(m *message.Message) ([]byte, error) {
	var text []byte
	var err error
	fits := func(c *message.Message) bool {
		text, err = marshal(c)
		return err == nil && len(text) <= sink.TeamsMessage.Max()
	}
	c := *m // a user's own text does not get shorter with the message
	for limit := sink.TeamsMessage.Max(); c.Text != "" && limit > shortest && !fits(&c); limit -= limit / 4 {
		c.Text = sink.Cut(m.Text, limit, sink.Bytes)
	}
	fit.To(&c, fits)
	switch {
	case err != nil:
		return nil, fmt.Errorf("teams: the card cannot be made: %w", err)
	case len(text) > sink.TeamsMessage.Max():
		return nil, fmt.Errorf("teams: the card needs %d bytes at least, more than Teams takes", len(text))
	}
	return text, nil
}

func marshal(m *message.Message) ([]byte, error) {
	c, err := card(m)
	if err != nil {
		return nil, err
	}
	e := envelope{"message", plain(headline(page.Of(m)), 200), []adaptivecard.Attachment{{
		ContentType: adaptivecard.AttachmentContentType, Content: adaptivecard.TopLevelCard{Card: c}}}}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // it would cost five bytes more for each < and &
	if err := enc.Encode(e); err != nil {
		return nil, err
	}
	return bytes.TrimSpace(b.Bytes()), nil
}

func headline(p page.Page) string {
	return strings.ToUpper(p.Severity.String()) + ", " + p.Kind + ": " + p.Title
}

// plain is text for places where nothing formats, escaped all the same.
func plain(s string, limit int) string {
	return sink.Markdown(sink.Cut(sink.Line(s), limit, sink.MarkdownEscaped))
}

// longest is how many bytes one text of a card may have.
const longest = 4000

// block is a text without any formatting of its own.
func block(s string) adaptivecard.Element { return adaptivecard.NewTextBlock(plain(s, longest), true) }

func card(m *message.Message) (adaptivecard.Card, error) {
	c := adaptivecard.NewCard()
	c.SetFullWidth()
	p := page.Of(m)
	title := adaptivecard.NewTitleTextBlock(plain(headline(p), 600), true)
	title.Color = color(p.Severity)
	c.Body = append(c.Body, title)
	switch {
	case m.Text != "":
		c.Body = append(c.Body, lines(sink.Defang(sink.Clean(m.Text)))...)
	default:
		c.Body = append(c.Body, sections(p)...)
	}
	key := block("Key " + m.Key)
	key.IsSubtle, key.Separator = true, true
	c.Body = append(c.Body, key)
	c.FallbackText = plain(headline(p), 600)
	c.Actions = actions(m)
	return c, c.Validate()
}

// mostLines bounds a user's text.
const mostLines = 100

// lines are those of a text that are not empty.
func lines(text string) []adaptivecard.Element {
	var out []adaptivecard.Element
	more := 0
	for line := range strings.Lines(text) {
		switch {
		case strings.TrimSpace(line) == "":
		case len(out) < mostLines:
			out = append(out, block(line))
		default:
			more++
		}
	}
	if more > 0 {
		out = append(out, block(fmt.Sprintf("… (%d more lines)", more)))
	}
	return out
}

// color is a hint for people who see it; the word stands in the title too.
func color(l severity.Level) string {
	switch {
	case l >= severity.High:
		return adaptivecard.ColorAttention
	case l == severity.Medium:
		return adaptivecard.ColorWarning
	}
	return adaptivecard.ColorDefault
}

func sections(p page.Page) []adaptivecard.Element {
	var out []adaptivecard.Element
	for _, s := range []string{p.Notice, p.Lead} {
		if s != "" {
			out = append(out, block(s))
		}
	}
	for _, s := range p.Sections {
		if s.Title != "Links" { // ours are actions, others are not shown
			out = append(out, section(s)...)
		}
	}
	return out
}

func section(s page.Section) []adaptivecard.Element {
	head := block(s.Title)
	head.Weight, head.Separator = adaptivecard.WeightBolder, true
	out := []adaptivecard.Element{head}
	for _, t := range s.Text {
		out = append(out, block(t))
	}
	if len(s.Pairs) > 0 {
		out = append(out, facts(s.Pairs))
	}
	if s.Table != nil {
		for _, r := range append([][]string{s.Table.Columns}, s.Table.Rows...) {
			out = append(out, block(strings.Join(r, " | ")))
		}
		if s.Table.More != "" {
			out = append(out, block(s.Table.More))
		}
	}
	for i, step := range s.Steps {
		out = append(out, block(fmt.Sprintf("(%d) %s", i+1, step.Text)))
		if step.Command != "" {
			command := block(sink.Defang(step.Command))
			command.IsSubtle = true
			out = append(out, command)
		}
	}
	return out
}

func facts(pairs []page.Pair) adaptivecard.Element {
	set := adaptivecard.NewFactSet()
	for _, p := range pairs {
		title, value := plain(p.Name, 200), plain(p.Value, longest)
		if title == "" {
			title = "–"
		}
		if value == "" {
			value = "–"
		}
		set.Facts = append(set.Facts, adaptivecard.Fact{Title: title, Value: value})
	}
	return adaptivecard.Element(set)
}

// buttons is how many actions Teams shows.
const buttons = 6

// actions are our links only.
func actions(m *message.Message) []adaptivecard.Action {
	var out []adaptivecard.Action
	for _, l := range m.Links {
		if len(out) < buttons && page.Web(l.URL) {
			title := sink.Cut(sink.Defang(sink.Line(l.Text)), 75, sink.Bytes)
			if title == "" {
				title = "Open"
			}
			out = append(out, adaptivecard.Action{Type: adaptivecard.TypeActionOpenURL, URL: l.URL, Title: title})
		}
	}
	return out
}

// failedWith is in the body of an HTTP 200 of the older connectors.
var failedWith = re2.Own(`(?i)(?:HTTP error|status code:?|StatusCode:?)\s*(\d{3})`)

// orphaned are codes of workflows that are gone or off: the setting is at
// fault, so the queue is kept.
var orphaned = re2.Own(`"code"\s*:\s*"(WorkflowNotFound|WorkflowTriggerIsNotEnabled|WorkflowDisabled|WorkflowTriggerNotFound|DirectApiAuthorizationRequired|DirectApiInvalidAuthorizationScheme|InvalidSharedAccessSignature|AuthorizationFailed)"`)

// outcome judges an answer. 202 means that the flow took it; posting may still
// fail, of which nobody is told.
func outcome(a egress.Answer, err error, now time.Time) alert.Outcome {
	o := egress.Outcome(a, err, now)
	switch {
	case err != nil:
	case o.Class == alert.OK && failedWith.Match(a.Body):
		status, _ := strconv.Atoi(string(failedWith.FindSubmatch(a.Body)[1]))
		a.Status = status
		if o = egress.Outcome(a, nil, now); o.Class == alert.OK {
			o = alert.Outcome{Class: alert.Retry, Unsure: true, Reason: a.Reason()}
		}
	case o.Class == alert.OK && page200(a):
		o = alert.Outcome{Class: alert.Retry, Unsure: true, Reason: "an answer that is not a workflow's: " + a.Reason()}
	case o.Class == alert.Reject && orphaned.Match(a.Body):
		o.Class = alert.Auth
	}
	if o.Reason != "" {
		o.Reason = "teams: " + o.Reason
	}
	return o
}

// page200 tells a web page or an error object, which a workflow never answers
// with a 2xx.
func page200(a egress.Answer) bool {
	text := bytes.TrimSpace(a.Body)
	return bytes.HasPrefix(text, []byte("<")) || strings.Contains(a.Header.Get("Content-Type"), "text/html") ||
		bytes.HasPrefix(text, []byte("{")) && bytes.Contains(text, []byte(`"error"`))
}

var _ sink.Sink = (*Sink)(nil)

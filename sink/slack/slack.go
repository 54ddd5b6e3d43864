// Package slack tells alerts to a Slack channel, by incoming webhook or with a
// bot token. With a token, what follows a first message goes into its thread,
// and the first message is kept up to date.
//
// Sources: Slack, "Incoming webhooks", chat.postMessage, chat.update,
// conversations.history, "Reference: blocks", "Formatting message text",
// "Rate limits".
package slack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/slack-go/slack"
	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/sink"
	"github.com/trailwarden/trailwarden/sink/egress"
)

// Styles of a message.
const (
	Blocks = "blocks" // who, what, where … in blocks
	YAML   = "yaml"   // the records' essentials as YAML
	Line   = "line"   // one line for each record or row
)

// Config is a channel. Either Webhook or Token and Channel.
type Config struct {
	Webhook sink.Secret // URL of the incoming webhook: all of it is a secret
	Token   sink.Secret // bot token with the scope chat:write, better also channels:history
	Channel string      // id or name
	Style   string      // Blocks when empty
	Fields  []string    // with YAML: dotted paths of the record; empty means the message's own choice
	APIURL  string      // https://slack.com/api/ when empty; https://slack-gov.com/api/ for GovSlack
}

// Sink is the channel.
type Sink struct {
	config Config
	client *egress.Client
	now    func() time.Time
	id     atomic.Pointer[string] // of the channel, once Slack has told it
}

// New makes a sink. Errors name the setting.
func New(c Config, client *egress.Client, now func() time.Time) (*Sink, error) {
	if c.Style == "" {
		c.Style = Blocks
	}
	if c.APIURL == "" {
		c.APIURL = slack.APIURL
	}
	c.APIURL = strings.TrimSuffix(c.APIURL, "/") + "/"
	switch {
	case (c.Webhook == nil) == (c.Token == nil):
		return nil, errors.New("slack: expected either webhook, or token and channel")
	case c.Token != nil && c.Channel == "":
		return nil, errors.New("slack: channel is missing: a token needs the id or name of a channel")
	case !slices.Contains([]string{Blocks, YAML, Line}, c.Style):
		return nil, fmt.Errorf("slack: style %q: expected blocks, yaml or line", c.Style)
	}
	if err := client.CheckURL(c.APIURL); err != nil {
		return nil, fmt.Errorf("slack: api_url: %w", err)
	}
	return &Sink{config: c, client: client, now: now}, nil
}

// Traits implements sink.Sink: Slack knows no idempotency key and takes about
// one message a second.
func (s *Sink) Traits() sink.Traits {
	return sink.Traits{PerSecond: 1, Lifecycle: s.config.Token != nil}
}

// Preview implements sink.Sink. With a receipt it shows the reply and the first
// message as it will be.
func (s *Sink) Preview(n sink.Notification) (sink.Preview, error) {
	parts := []sink.Part{}
	add := func(name string, b body) error {
		text, err := json.MarshalIndent(b.webhook(), "", "  ")
		parts = append(parts, sink.Part{Name: name, ContentType: "application/json", Body: text})
		return err
	}
	if s.follows(n) {
		if err := add("reply", s.reply(n.Message)); err != nil {
			return sink.Preview{}, err
		}
	}
	err := add("body", s.render(n.Message))
	return sink.Preview{Parts: parts}, err
}

// Deliver implements sink.Sink.
func (s *Sink) Deliver(ctx context.Context, n sink.Notification) alert.Outcome {
	if s.config.Webhook != nil {
		return s.post(ctx, s.render(n.Message))
	}
	token, err := s.config.Token(ctx)
	if err != nil {
		return alert.Outcome{Class: alert.Retry, Reason: "slack: the token cannot be fetched: " + err.Error()}
	}
	b := &bot{s, token, n.Message}
	if s.follows(n) {
		return b.follow(ctx, n.Receipt)
	}
	return b.first(ctx)
}

// follows tells messages that belong to an earlier one.
func (s *Sink) follows(n sink.Notification) bool {
	if s.config.Token == nil || len(n.Receipt) == 0 {
		return false
	}
	switch n.Message.Kind {
	case alert.Report, alert.Health, alert.Test:
		return false
	}
	_, err := readReceipt(n.Receipt)
	return err == nil
}

// post sends to the webhook.
func (s *Sink) post(ctx context.Context, b body) alert.Outcome {
	text, err := json.Marshal(b.webhook())
	if err != nil {
		return alert.Outcome{Class: alert.Reject, Reason: "slack: the message cannot be written as JSON"}
	}
	a, err := s.client.Hook(ctx, s.config.Webhook, "application/json; charset=utf-8", text)
	return hookOutcome(a, err, s.now())
}

// body is a message for Slack.
type body struct {
	Text   string
	Blocks []slack.Block
	Key    string
	Seq    int64
}

// envelope is what a webhook takes; slack.WebhookMessage has no mrkdwn.
type envelope struct {
	Text        string       `json:"text"`
	Markdown    bool         `json:"mrkdwn"`
	Blocks      slack.Blocks `json:"blocks"`
	UnfurlLinks bool         `json:"unfurl_links"`
	UnfurlMedia bool         `json:"unfurl_media"`
	LinkNames   bool         `json:"link_names"`
}

func (b body) webhook() envelope {
	return envelope{Text: b.Text, Blocks: slack.Blocks{BlockSet: b.Blocks}}
}

func (b body) options() []slack.MsgOption {
	return []slack.MsgOption{
		slack.MsgOptionText(b.Text, false), slack.MsgOptionBlocks(b.Blocks...),
		slack.MsgOptionDisableLinkUnfurl(), slack.MsgOptionDisableMediaUnfurl(),
		slack.MsgOptionDisableMarkdown(), slack.MsgOptionLinkNames(false),
		slack.MsgOptionMetadata(slack.SlackMetadata{EventType: eventType, EventPayload: map[string]any{"key": b.Key, "sequence": b.Seq}}),
	}
}

// eventType marks our messages in a channel's history.
const eventType = "trailwarden_alert"

var _ sink.Sink = (*Sink)(nil)

package slack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/slack-go/slack"
	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/message"
	"github.com/trailwarden/trailwarden/sink/egress"
)

// bot is one delivery with a token.
type bot struct {
	sink  *Sink
	token string
	m     *message.Message
}

// receipt says where the first message of an alert is.
type receipt struct {
	Channel string `json:"channel"`
	TS      string `json:"ts"`
}

func (r receipt) bytes() []byte {
	b, err := json.Marshal(r)
	if err != nil {
		return nil // two strings always have a JSON form
	}
	return b
}

func readReceipt(b []byte) (r receipt, err error) {
	if err := json.Unmarshal(b, &r); err != nil {
		return r, err
	}
	if r.Channel == "" || r.TS == "" {
		return r, errors.New("the receipt names no message")
	}
	return r, nil
}

// api is a client of the vendor's library for one call, and what records it.
func (b *bot) api() (*slack.Client, *egress.Recorder) {
	r := b.sink.client.Recorder(b.token)
	return slack.New(b.token, slack.OptionHTTPClient(r), slack.OptionAPIURL(b.sink.config.APIURL)), r
}

// channel is the channel's id where it is known: messages may be posted to a
// name, and looked for by the id only.
func (b *bot) channel() string {
	if id := b.sink.id.Load(); id != nil {
		return *id
	}
	return b.sink.config.Channel
}

// first posts a message of its own. When an earlier attempt ended without an
// answer it looks first whether the message is there.
func (b *bot) first(ctx context.Context) alert.Outcome {
	body := b.sink.render(b.m)
	if b.m.MayRepeat {
		if r, ok := b.find(ctx, body, receipt{Channel: b.channel()}); ok {
			return alert.Outcome{Class: alert.OK, Receipt: r.bytes()}
		}
	}
	o, r := b.send(ctx, b.sink.config.Channel, body.options()...)
	if o.Class == alert.OK {
		o.Receipt = r.bytes()
		b.sink.id.Store(&r.Channel)
	}
	return o
}

// follow brings the first message up to date, which may be done twice, and then
// replies to it. When the first message is gone, or its channel is, the follow-up
// becomes one.
func (b *bot) follow(ctx context.Context, earlier []byte) alert.Outcome {
	root, err := readReceipt(earlier)
	if err != nil {
		return b.first(ctx)
	}
	whole := b.sink.render(b.m)
	whole.Seq = 1
	switch o, code := b.update(ctx, root, whole); {
	case gone[code]:
		return b.first(ctx)
	case o.Class == alert.Retry || o.Class == alert.Auth:
		return o
	}
	body := b.sink.reply(b.m)
	if b.m.MayRepeat {
		if _, ok := b.find(ctx, body, root); ok {
			return alert.Outcome{Class: alert.OK, Receipt: root.bytes()}
		}
	}
	o, _ := b.send(ctx, root.Channel, append(body.options(), slack.MsgOptionTS(root.TS))...)
	o.Receipt = root.bytes()
	return o
}

// gone are the codes of chat.update for a message that is no longer there, or in
// a channel that is closed to us: the sink may have another one by now, and where
// it has not, posting the message will say so.
var gone = map[string]bool{
	"message_not_found": true, "thread_not_found": true,
	"channel_not_found": true, "is_archived": true, "not_in_channel": true,
}

func (b *bot) send(ctx context.Context, channel string, options ...slack.MsgOption) (alert.Outcome, receipt) {
	client, r := b.api()
	// The library's own error is not asked: it takes ok:false without a code
	// for success and cannot read every Retry-After.
	_, _, _ = client.PostMessageContext(ctx, channel, options...)
	o, code := apiOutcome(r, b.sink.now())
	if code.OK && code.TS == "" {
		return alert.Outcome{Class: alert.Retry, Unsure: true, Reason: "slack: the answer names no message"}, receipt{}
	}
	if code.Channel == "" {
		code.Channel = channel
	}
	return o, receipt{code.Channel, code.TS}
}

func (b *bot) update(ctx context.Context, at receipt, body body) (alert.Outcome, string) {
	client, r := b.api()
	_, _, _, _ = client.UpdateMessageContext(ctx, at.Channel, at.TS, body.options()...)
	o, code := apiOutcome(r, b.sink.now())
	return o, code.Error
}

// recent bounds the messages that are asked for; of long ones only the first
// fit into the part of an answer that is read.
const recent = 12

// find looks in the channel's latest messages, newest first, or in the thread of
// root, for one with our key and number. Without the scope for that, or with an
// answer that cannot be read, it finds nothing.
func (b *bot) find(ctx context.Context, body body, root receipt) (receipt, bool) {
	client, r := b.api()
	// The library reads no answer that is cut; apiOutcome reads its beginning.
	if root.TS != "" {
		_, _, _, _ = client.GetConversationRepliesContext(ctx, &slack.GetConversationRepliesParameters{
			ChannelID: root.Channel, Timestamp: root.TS, Limit: recent, IncludeAllMetadata: true, Oldest: b.since()})
	} else {
		_, _ = client.GetConversationHistoryContext(ctx, &slack.GetConversationHistoryParameters{
			ChannelID: root.Channel, Limit: recent, IncludeAllMetadata: true})
	}
	o, got := apiOutcome(r, b.sink.now())
	if o.Class != alert.OK {
		return receipt{}, false
	}
	for _, m := range got.Messages {
		p := m.Metadata.EventPayload
		if m.Metadata.EventType == eventType && p["key"] == body.Key && fmt.Sprint(p["sequence"]) == fmt.Sprint(body.Seq) {
			return receipt{root.Channel, m.TS}, true
		}
	}
	return receipt{}, false
}

// since is an hour ago: a thread is listed from its oldest message on, and attempts
// follow each other within minutes.
func (b *bot) since() string {
	return strconv.FormatInt(b.sink.now().Add(-time.Hour).Unix(), 10)
}

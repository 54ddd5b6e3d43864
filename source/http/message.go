package http

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/source"
	"github.com/trailwarden/trailwarden/source/envelope"
)

// The kinds of message that SNS posts.
const (
	notification = "Notification"
	confirmation = "SubscriptionConfirmation"
	goodbye      = "UnsubscribeConfirmation"
)

// message is SNS JSON, its fields by their exact names.
type message struct {
	fields map[string]string
	odd    bool // a field is no text
}

func (m message) get(field string) string { return m.fields[field] }

// snsFields are the fields that are read (SNS Developer Guide, HTTP/HTTPS
// notification and confirmation JSON format).
var snsFields = []string{"Type", "MessageId", "TopicArn", "Subject", "Message", "Timestamp", "SignatureVersion", "Signature",
	"SigningCertURL", "Token", "SubscribeURL"}

// parseSNS reads a body that says it is SNS JSON. Whatever has a Type of SNS or
// a signature is held to be one, whoever sends it, and must be signed.
func parseSNS(body []byte) (message, bool) {
	rec, err := cloudtrail.ParseRecord(body)
	if err != nil {
		return message{}, false
	}
	m := message{fields: map[string]string{}}
	for _, f := range snsFields {
		v := rec.Get(f)
		switch v.Kind() {
		case cloudtrail.String:
			m.fields[f] = v.Str()
		case cloudtrail.Missing:
		case cloudtrail.Null:
			m.odd = m.odd || f != "Subject"
		default:
			m.odd = true
		}
	}
	kind := m.get("Type")
	typed := kind == notification || kind == confirmation || kind == goodbye
	signed := rec.Get("Signature").Exists() || rec.Get("SigningCertURL").Exists()
	return m, signed || typed && rec.Get("TopicArn").Exists()
}

// message handles a message of SNS, after it has proved to be one.
func (s *Source) message(ctx context.Context, m message, h source.Handler) error {
	if err := s.genuine(ctx, m); err != nil {
		return err
	}
	id := m.get("MessageId")
	switch s.sns.seen.begin(id, s.o.Clock.Time()) {
	case seenBefore:
		return nil // ours was the answer that SNS did not get, or it is a replay
	case seenNow:
		return busyNow
	}
	err := s.genuineMessage(ctx, m, h)
	s.sns.seen.end(id, err == nil, s.o.Clock.Time())
	return err
}

// genuine verifies a message: its topic, age and signature.
func (s *Source) genuine(ctx context.Context, m message) error {
	if m.odd || m.get("MessageId") == "" || len(m.get("MessageId")) > 128 {
		return refuse(http.StatusBadRequest, "the SNS message is malformed")
	}
	if !s.topics[m.get("TopicArn")] {
		return refuse(http.StatusForbidden, "the topic is not among those that are accepted")
	}
	sent, err := time.Parse(time.RFC3339, m.get("Timestamp"))
	now := s.o.Clock.Time()
	switch {
	case err != nil:
		return refuse(http.StatusForbidden, "the SNS message has no valid timestamp")
	case now.Sub(sent) > s.sns.o.MaxAge:
		return refuse(http.StatusForbidden, "the SNS message is too old")
	case sent.Sub(now) > maxAhead:
		return refuse(http.StatusForbidden, "the SNS message is of the future")
	}
	err = s.sns.verify(ctx, m)
	if err == nil || isPassing(err) {
		s.went("SNS", err)
	}
	return err
}

// maxAhead is how far the sender's clock may be ahead of ours.
const maxAhead = 15 * time.Minute

// genuineMessage handles a message that was verified.
func (s *Source) genuineMessage(ctx context.Context, m message, h source.Handler) error {
	if m.get("Type") == confirmation {
		return s.confirm(ctx, m)
	}
	sent, _ := time.Parse(time.RFC3339, m.get("Timestamp"))
	hop := envelope.Hop{Shape: envelope.ShapeSNS, ID: m.get("MessageId"), Origin: m.get("TopicArn"), Time: sent.UTC()}
	p := parcel{ID: hop.ID, Hop: &hop, Body: []byte(m.get("Message")), Arrived: s.o.Clock.Time()}
	if m.get("Type") != goodbye {
		return s.handle(ctx, h, s.delivery(p), &p)
	}
	d := source.Delivery{ID: hop.ID, Source: s.o.Name, Arrived: p.Arrived, Sent: hop.Time,
		Items: []envelope.Item{{Kind: envelope.Nothing, What: goodbye, Path: []envelope.Hop{hop},
			Reason: "somebody ended the subscription of this endpoint to " + hop.Origin}}}
	return s.handle(ctx, h, d, nil)
}

// confirm confirms the subscription of an accepted topic.
func (s *Source) confirm(ctx context.Context, m message) error {
	u, ok := snsURL(m.get("SubscribeURL"))
	if !ok || !confirms(u, m.get("TopicArn")) {
		return refuse(http.StatusForbidden, "the SubscribeURL is none of Amazon SNS for this topic")
	}
	if s.sns.o.Confirm == nil {
		return nil
	}
	if err := s.sns.o.Confirm(ctx, u.String()); err != nil {
		s.went("SNS", err)
		return refuse(http.StatusServiceUnavailable, "the subscription could not be confirmed now")
	}
	return nil
}

// confirms tells whether the URL asks SNS for nothing but to confirm the topic.
func confirms(u *url.URL, topic string) bool {
	q, err := url.ParseQuery(u.RawQuery)
	if err != nil || u.Path != "/" && u.Path != "" {
		return false
	}
	for k, v := range q {
		one := len(v) == 1
		switch k {
		case "Action":
			one = one && v[0] == "ConfirmSubscription"
		case "TopicArn":
			one = one && v[0] == topic
		case "Token":
		default:
			return false
		}
		if !one {
			return false
		}
	}
	return q.Has("Action") && q.Has("TopicArn") && strings.TrimSpace(q.Get("Token")) != ""
}

package webhook_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/message"
	"github.com/trailwarden/trailwarden/message/messagetest"
	"github.com/trailwarden/trailwarden/sink"
	"github.com/trailwarden/trailwarden/sink/sinktest"
	"github.com/trailwarden/trailwarden/sink/webhook"
)

func now() time.Time { return time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC) }

func start(t *testing.T, format string) (*sinktest.Webhook, *webhook.Sink) {
	t.Helper()
	return startSmall(t, format, 0)
}

// startSmall is start with a bound of bodies in bytes.
func startSmall(t *testing.T, format string, most int) (*sinktest.Webhook, *webhook.Sink) {
	t.Helper()
	fake := sinktest.NewWebhook(t)
	s, err := webhook.New(webhook.Config{URL: sink.Fixed(fake.Hook), HMAC: sink.Fixed(sinktest.Secret("webhook hmac key")), Format: format, Max: most,
		Secrets: map[string]sink.Secret{"X-Token": sink.Fixed(sinktest.Secret("webhook header"))}, Headers: map[string]string{"X-Team": "security"}}, sinktest.Client(t), now)
	if err != nil {
		t.Fatal(err)
	}
	return fake, s
}

func accepted(t *testing.T, fake *sinktest.Webhook, s *webhook.Sink, name string, m *message.Message) {
	t.Helper()
	if o := s.Deliver(t.Context(), sink.Notification{Message: m}); o.Class != alert.OK {
		t.Errorf("%s: %+v %q", name, o, fake.Faults())
		return
	}
	sent := fake.Requests()
	r := sent[len(sent)-1]
	var got struct {
		Message, Data *message.Message
		ID            string
	}
	if err := json.Unmarshal(r.Body, &got); err != nil || len(r.Body) > sink.WebhookBody.Max() {
		t.Errorf("%s: %d bytes, %v", name, len(r.Body), err)
	}
	inner := got.Message
	if inner == nil {
		inner = got.Data
	}
	if inner == nil {
		inner = &message.Message{}
		json.Unmarshal(r.Body, inner)
	}
	if inner.Key != messagetest.Key || len(inner.Links) != len(m.Links) || r.Header.Get("Trailwarden-Key") != messagetest.Key {
		t.Errorf("%s: key %q, %d links of %d", name, inner.Key, len(inner.Links), len(m.Links))
	}
	for i, l := range m.Links {
		if inner.Links[i].URL != l.URL {
			t.Errorf("%s: link %q", name, inner.Links[i].URL)
		}
	}
	for name, values := range r.Header {
		if strings.ContainsAny(strings.Join(values, ""), "\r\n") || strings.HasPrefix(name, "Bcc") {
			t.Errorf("header %s: %q", name, values)
		}
	}
}

// Plain, hostile and large messages arrive whole or reduced, signed, as JSON.
func TestEveryMessageIsAccepted(t *testing.T) {
	for i, format := range []string{webhook.JSON, webhook.CloudEvents, webhook.CloudEventBinary} {
		fake, s := start(t, format)
		for j, c := range sinktest.Messages() {
			if j%3 == i || !strings.Contains(c.Name, ", ") {
				accepted(t, fake, s, format+", "+c.Name, c.Message)
			}
		}
		rnd := sinktest.Seeded(t)
		for j := range 13 {
			accepted(t, fake, s, fmt.Sprint(format, j), sinktest.Random(rnd, 5<<(8+j)))
		}
	}
}

// Every message fits into the smallest body that may be asked for, whatever its
// records hold, and a body is never larger than that.
func TestEveryMessageFitsIntoTheSmallestBody(t *testing.T) {
	const most = 8 << 10
	for i, format := range []string{webhook.JSON, webhook.CloudEvents, webhook.CloudEventBinary} {
		fake, s := startSmall(t, format, most)
		for j, c := range sinktest.Messages() {
			if j%3 == i || !strings.Contains(c.Name, ", ") {
				accepted(t, fake, s, format+", "+c.Name, c.Message)
			}
		}
		for _, r := range fake.Requests() {
			if len(r.Body) > most {
				t.Fatalf("%s: %d bytes of %d", format, len(r.Body), most)
			}
		}
	}
}

// A repeat is recognized by its key; an update has a key of its own.
func TestIdempotency(t *testing.T) {
	fake, s := start(t, "")
	fake.Then(sinktest.Canned{Lost: true})
	opened, repeated := sink.Notification{Message: messagetest.Opened()}, sink.Notification{Message: messagetest.Repeated()}
	if o := s.Deliver(t.Context(), opened); o.Class != alert.Retry || !o.Unsure {
		t.Errorf("%+v", o)
	}
	for _, n := range []sink.Notification{opened, repeated, repeated} {
		if o := s.Deliver(t.Context(), n); o.Class != alert.OK {
			t.Errorf("%+v", o)
		}
	}
	got := fake.Accepted()
	if len(got) != 2 || got[messagetest.Key] != 1 || got[messagetest.Key+"-3"] != 1 {
		t.Errorf("%v", got)
	}
}

// What the head of an answer says counts, though the answer breaks off behind it.
func TestAnswersMayBreakOff(t *testing.T) {
	fake, s := start(t, "")
	n := sink.Notification{Message: messagetest.Opened()}
	for _, status := range []int{200, 202, 409} {
		fake.Then(sinktest.Canned{Status: status, Body: "ok", Short: true})
		if o := s.Deliver(t.Context(), n); o.Class != alert.OK {
			t.Errorf("%d: %+v, want it taken", status, o)
		}
	}
	fake.Then(sinktest.Canned{Status: 429, Header: map[string]string{"Retry-After": "7"}, Body: "later", Short: true})
	if o := s.Deliver(t.Context(), n); o.Class != alert.Retry || !o.NotUntil.Equal(now().Add(7*time.Second)) {
		t.Errorf("429: %+v, want another try in seven seconds", o)
	}
	fake.Then(sinktest.Canned{Status: 500, Body: "x", Short: true})
	if o := s.Deliver(t.Context(), n); o.Class != alert.Retry || !o.Unsure {
		t.Errorf("500: %+v, want another try, unsure", o)
	}
}

// The signature is what a receiver in another language computes.
func TestSignature(t *testing.T) {
	want := "v1=210863f2c670cde08954ca284ebe5f2d85a279c9a672d7632d036529f6175926" // Python's hmac
	if got := webhook.Signature("key", "1785585600", []byte(`{"a":1}`)); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// CloudEvents 1.0: required attributes in both modes.
func TestCloudEvents(t *testing.T) {
	fake, s := start(t, webhook.CloudEvents)
	s.Deliver(t.Context(), sink.Notification{Message: messagetest.Opened()})
	var e map[string]any
	r := fake.Requests()[0]
	if err := json.Unmarshal(r.Body, &e); err != nil {
		t.Fatal(err)
	}
	if e["specversion"] != "1.0" || e["id"] != messagetest.Key || e["source"] != "trailwarden" || e["type"] != "io.trailwarden.alert.opened" ||
		e["time"] != "2026-03-14T15:09:26Z" || e["subject"] != messagetest.Key || e["datacontenttype"] != "application/json" ||
		!strings.HasPrefix(r.Header.Get("Content-Type"), "application/cloudevents+json") {
		t.Errorf("structured: %v %v", r.Header, e["id"])
	}
	fake, s = start(t, webhook.CloudEventBinary)
	s.Deliver(t.Context(), sink.Notification{Message: messagetest.Opened()})
	h := fake.Requests()[0].Header
	if h.Get("Ce-Specversion") != "1.0" || h.Get("Ce-Id") != messagetest.Key || h.Get("Ce-Type") != "io.trailwarden.alert.opened" || h.Get("Ce-Source") != "trailwarden" || h.Get("Content-Type") != "application/json" {
		t.Errorf("binary: %v", h)
	}
}

// F53, F50.
func TestAnswersAreClassified(t *testing.T) {
	for _, c := range []struct {
		canned sinktest.Canned
		want   alert.Class
		unsure bool
		after  time.Duration
	}{
		{sinktest.Canned{Status: 200}, alert.OK, false, 0},
		{sinktest.Canned{Status: 201}, alert.OK, false, 0},
		{sinktest.Canned{Status: 204}, alert.OK, false, 0},
		{sinktest.Canned{Status: 409, Body: "seen"}, alert.OK, false, 0},
		{sinktest.Canned{Status: 301, Header: map[string]string{"Location": "http://169.254.169.254/"}}, alert.Reject, false, 0},
		{sinktest.Canned{Status: 307, Header: map[string]string{"Location": "/"}}, alert.Reject, false, 0},
		{sinktest.Canned{Status: 400}, alert.Reject, false, 0},
		{sinktest.Canned{Status: 401}, alert.Auth, false, 0},
		{sinktest.Canned{Status: 403}, alert.Auth, false, 0},
		{sinktest.Canned{Status: 404}, alert.Reject, false, 0},
		{sinktest.Canned{Status: 408}, alert.Retry, true, 0},
		{sinktest.Canned{Status: 410}, alert.Reject, false, 0},
		{sinktest.Canned{Status: 422}, alert.Reject, false, 0},
		{sinktest.Canned{Status: 425}, alert.Retry, false, 0},
		{sinktest.Canned{Status: 429, Header: map[string]string{"Retry-After": "1"}}, alert.Retry, false, time.Second},
		{sinktest.Canned{Status: 429, Header: map[string]string{"Retry-After": "Sat, 01 Aug 2026 11:00:00 GMT"}}, alert.Retry, false, 0},
		{sinktest.Canned{Status: 500}, alert.Retry, true, 0},
		{sinktest.Canned{Status: 503, Header: map[string]string{"Retry-After": "86400"}}, alert.Retry, false, time.Hour},
		{sinktest.Canned{Cut: true}, alert.Retry, true, 0},
	} {
		fake, s := start(t, "")
		fake.Then(c.canned)
		o := s.Deliver(t.Context(), sink.Notification{Message: messagetest.Opened()})
		sinktest.Expect(t, fmt.Sprintf("%+v", c.canned), o, c.want, c.unsure, now(), c.after)
	}
}

func TestGolden(t *testing.T) {
	for _, format := range []string{webhook.JSON, webhook.CloudEvents, webhook.CloudEventBinary} {
		_, s := start(t, format)
		p, err := s.Preview(sink.Notification{Message: messagetest.Opened()})
		if err != nil {
			t.Fatal(err)
		}
		sinktest.Golden(t, "opened "+format, p)
	}
	_, s := start(t, "")
	sinktest.Previews(t, s, messagetest.Kinds()[1:])
}

// F76, F71: secrets stay inside; a secret with a line break makes no header.
func TestSecretsStayInside(t *testing.T) {
	fake, s := start(t, "")
	var out strings.Builder
	for _, c := range []sinktest.Canned{{Status: 400, Body: fake.Hook + sinktest.Secret("webhook header") + sinktest.Secret("webhook hmac key")}, {Cut: true}} {
		fake.Then(c)
		o := s.Deliver(t.Context(), sink.Notification{Message: messagetest.Opened()})
		fmt.Fprintf(&out, "%+v %#v", o, o)
	}
	p, err := s.Preview(sink.Notification{Message: messagetest.Opened()})
	fmt.Fprintf(&out, "%s %v", p, err)
	if leaks := sinktest.Leaks(out.String()); len(leaks) > 0 {
		t.Errorf("%q: %s", leaks, out.String())
	}
	for _, c := range []webhook.Config{
		{URL: sink.Fixed(fake.Hook), Token: sink.Fixed("a\r\nBcc: x")},
		{URL: sink.Fixed(fake.Hook), Secrets: map[string]sink.Secret{"X-A": sink.Fixed("a\nb: c")}},
		{URL: sink.Fixed("https://[::1]/")}, {URL: sink.Fixed("not a url")},
	} {
		s, err := webhook.New(c, sinktest.Client(t), now)
		if err != nil {
			t.Fatal(err)
		}
		before := len(fake.Requests())
		if o := s.Deliver(t.Context(), sink.Notification{Message: messagetest.Opened()}); o.Class != alert.Auth || len(fake.Requests()) != before {
			t.Errorf("%+v", o)
		}
	}
}

// A secret that cannot be fetched now is fetched again later.
func TestUnfetchedSecretIsRetried(t *testing.T) {
	s, err := webhook.New(webhook.Config{URL: func(context.Context) (string, error) { return "", errors.New("throttled") }}, sinktest.Client(t), now)
	if err != nil {
		t.Fatal(err)
	}
	if o := s.Deliver(t.Context(), sink.Notification{Message: messagetest.Opened()}); o.Class != alert.Retry || o.Unsure {
		t.Errorf("%+v", o)
	}
}

// F71: names and values of headers that would forge others are refused.
func TestNewNamesTheSetting(t *testing.T) {
	for want, c := range map[string]webhook.Config{
		"url is missing":        {},
		"format":                {URL: sink.Fixed("x"), Format: "xml"},
		"a body of":             {URL: sink.Fixed("x"), Max: 10},
		"line break":            {URL: sink.Fixed("x"), Headers: map[string]string{"X-A": "a\r\nb: c"}},
		"expected a name":       {URL: sink.Fixed("x"), Headers: map[string]string{"X-A\r\nB": "a"}},
		"by Trailwarden":        {URL: sink.Fixed("x"), Headers: map[string]string{"idempotency-key": "a"}},
		"Ce-Id is set":          {URL: sink.Fixed("x"), Headers: map[string]string{"ce-id": "a"}},
		"Content-Length is set": {URL: sink.Fixed("x"), Secrets: map[string]sink.Secret{"content-length": nil}},
	} {
		if _, err := webhook.New(c, sinktest.Client(t), now); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

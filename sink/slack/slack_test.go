package slack_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/message"
	"github.com/trailwarden/trailwarden/message/messagetest"
	"github.com/trailwarden/trailwarden/sink"
	"github.com/trailwarden/trailwarden/sink/sinktest"
	"github.com/trailwarden/trailwarden/sink/slack"
	"go.yaml.in/yaml/v3"
)

func now() time.Time { return time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC) }

func hook(t *testing.T, fake *sinktest.Slack, style string) *slack.Sink {
	t.Helper()
	s, err := slack.New(slack.Config{Webhook: sink.Fixed(fake.Hook), Style: style}, sinktest.Client(t), now)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func bot(t *testing.T, fake *sinktest.Slack) *slack.Sink {
	t.Helper()
	s, err := slack.New(slack.Config{Token: sink.Fixed(fake.Token), Channel: "C0ALERTS", APIURL: fake.URL + "/api"}, sinktest.Client(t), now)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Plain, hostile and large messages are all accepted by a strict Slack, in every
// style: within the limits, nothing active, key and link whole.
func TestEveryMessageIsAcceptedAndInert(t *testing.T) {
	for _, style := range []string{slack.Blocks, slack.YAML, slack.Line} {
		fake := sinktest.NewSlack(t)
		s := hook(t, fake, style)
		for i, c := range sinktest.Messages() {
			if style != slack.Blocks && i%3 != 0 { // the kinds take turns
				continue
			}
			accepted(t, fake, s, style+", "+c.Name, c.Message)
		}
	}
}

// Any message up to 5 MB is accepted.
func TestAnyMessageIsAccepted(t *testing.T) {
	rnd := sinktest.Seeded(t)
	for _, style := range []string{slack.Blocks, slack.YAML, slack.Line} {
		fake := sinktest.NewSlack(t)
		s := hook(t, fake, style)
		for i := range 13 {
			accepted(t, fake, s, fmt.Sprint(style, " ", i), sinktest.Random(rnd, 5<<(8+i)))
		}
	}
}

func accepted(t *testing.T, fake *sinktest.Slack, s *slack.Sink, name string, m *message.Message) {
	t.Helper()
	before := len(fake.Faults())
	if o := s.Deliver(t.Context(), sink.Notification{Message: m}); o.Class != alert.OK {
		t.Errorf("%s: %+v", name, o)
	}
	if faults := fake.Faults(); len(faults) > before {
		t.Errorf("%s: %q", name, faults[before:])
		return
	}
	posts := fake.Posts()
	last := string(posts[len(posts)-1].Blocks)
	if !strings.Contains(last, messagetest.Key) {
		t.Errorf("%s: the key is gone", name)
	}
	for _, l := range m.Links {
		quoted, _ := json.Marshal(l.URL)
		if !strings.Contains(last, string(quoted)) {
			t.Errorf("%s: the link is gone", name)
		}
	}
	for _, e := range documents(t, last) {
		if _, ok := e["account"]; !ok {
			t.Errorf("%s: YAML without account: %v", name, e)
		}
	}
}

// documents are the YAML documents in blocks, as a reader sees them.
func documents(t *testing.T, blocks string) []map[string]any {
	t.Helper()
	var list []struct{ Text struct{ Text string } }
	if err := json.Unmarshal([]byte(blocks), &list); err != nil {
		t.Fatal(err)
	}
	var out []map[string]any
	for _, b := range list {
		code, ok := strings.CutPrefix(b.Text.Text, "```\naccount")
		if !ok {
			continue
		}
		code = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&").Replace("account" + strings.TrimSuffix(code, "```"))
		d := map[string]any{}
		if err := yaml.Unmarshal([]byte(code), &d); err != nil {
			t.Errorf("not YAML: %v\n%s", err, code)
		}
		out = append(out, d)
	}
	return out
}

// The body of the published walk-through: essentials as YAML, account of the
// envelope whatever the request's parameters say, nested values, chosen fields.
func TestYAMLShowsEssentials(t *testing.T) {
	fake := sinktest.NewSlack(t)
	s, err := slack.New(slack.Config{Webhook: sink.Fixed(fake.Hook), Style: slack.YAML,
		Fields: []string{"eventName", "userIdentity", "requestParameters", "missing", "responseElements"}}, sinktest.Client(t), now)
	if err != nil {
		t.Fatal(err)
	}
	m := messagetest.Opened()
	m.Events[0].Raw = json.RawMessage(`{"eventName":"RunInstances","userIdentity":{"type":"IAMUser","n":{"deep":[1,2.5,true,null]}},` +
		`"requestParameters":{"accountId":"999999999999","set":[{"a":"yes"},{"b":"12"}]},"responseElements":null}`)
	if o := s.Deliver(t.Context(), sink.Notification{Message: m}); o.Class != alert.OK {
		t.Fatal(o, fake.Faults())
	}
	got := documents(t, string(fake.Posts()[0].Blocks))
	want := `[{"account":"111122223333","accountName":"production","eventName":"RunInstances","requestParameters":{"accountId":"999999999999","set":[{"a":"yes"},{"b":"12"}]},"responseElements":null,"userIdentity":{"n":{"deep":[1,2.5,true,null]},"type":"IAMUser"}}]`
	if text, _ := json.Marshal(got); string(text) != want {
		t.Errorf("got  %s\nwant %s", text, want)
	}
}

func TestGolden(t *testing.T) {
	fake := sinktest.NewSlack(t)
	for _, c := range messagetest.Kinds() {
		for _, style := range []string{slack.Blocks, slack.YAML} {
			p, err := hook(t, fake, style).Preview(sink.Notification{Message: c.Message})
			if err != nil {
				t.Fatal(err)
			}
			sinktest.Golden(t, c.Name+"-"+style, p)
		}
		p, err := bot(t, fake).Preview(sink.Notification{Message: c.Message, Receipt: []byte(`{"channel":"C0ALERTS","ts":"1.2"}`)})
		if err != nil {
			t.Fatal(err)
		}
		sinktest.Golden(t, c.Name+"-thread", p)
	}
}

// With a token what follows becomes a reply, and the first message is kept up to date.
func TestThreads(t *testing.T) {
	fake := sinktest.NewSlack(t)
	s := bot(t, fake)
	first := s.Deliver(t.Context(), sink.Notification{Message: messagetest.Opened()})
	second := s.Deliver(t.Context(), sink.Notification{Message: messagetest.Repeated(), Receipt: first.Receipt})
	posts := fake.Posts()
	if first.Class != alert.OK || second.Class != alert.OK || string(first.Receipt) != string(second.Receipt) {
		t.Fatalf("%+v, %+v, faults %q", first, second, fake.Faults())
	}
	if len(posts) != 2 || posts[1].Thread != posts[0].TS || posts[0].Edits != 1 || !bytes.Contains(posts[0].Blocks, []byte("12 findings")) {
		t.Errorf("posts %+v", posts)
	}
	fake.Delete()
	third := s.Deliver(t.Context(), sink.Notification{Message: messagetest.Repeated(), Receipt: first.Receipt})
	if third.Class != alert.OK || len(fake.Posts()) != 1 || fake.Posts()[0].Thread != "" {
		t.Errorf("after the first message was deleted: %+v, %+v", third, fake.Posts())
	}
}

// F52: a lost answer leads to no second message where the history may be read,
// and to one at most, that says so, where not.
func TestLostAnswer(t *testing.T) {
	for _, may := range []bool{true, false} {
		fake := sinktest.NewSlack(t)
		fake.Scopes["channels:history"] = may
		s := bot(t, fake)
		m := messagetest.Opened()
		fake.Then(sinktest.Canned{Lost: true})
		if o := s.Deliver(t.Context(), sink.Notification{Message: m}); o.Class != alert.Retry || !o.Unsure {
			t.Fatalf("lost answer: %+v", o)
		}
		m.MayRepeat = true
		o := s.Deliver(t.Context(), sink.Notification{Message: m})
		want := map[bool]int{true: 1, false: 2}[may]
		if o.Class != alert.OK || len(o.Receipt) == 0 || len(fake.Posts()) != want {
			t.Errorf("history readable %v: %+v, %d posts", may, o, len(fake.Posts()))
		}
		if !may && !bytes.Contains(fake.Posts()[1].Blocks, []byte("you may have it already")) {
			t.Error("the repeat does not say so")
		}
		fake.Then(sinktest.Canned{Status: 200, Header: map[string]string{"Content-Type": "application/json"}, Body: `{"ok":true,"channel":"C0ALERTS","ts":"` + fake.Posts()[0].TS + `"}`}, sinktest.Canned{Lost: true})
		r := messagetest.Repeated()
		n := sink.Notification{Message: r, Receipt: o.Receipt}
		if o := s.Deliver(t.Context(), n); o.Class != alert.Retry || !o.Unsure {
			t.Errorf("lost answer of a reply: %+v", o)
		}
		r.MayRepeat = true
		before := len(fake.Posts())
		if o := s.Deliver(t.Context(), n); o.Class != alert.OK || may && len(fake.Posts()) != before {
			t.Errorf("reply, history readable %v: %+v, %d posts after %d", may, o, len(fake.Posts()), before)
		}
	}
}

// Of an answer that is longer than what is read of it the beginning counts: a
// message that it repeats is there, and the newest of a channel's messages are
// known. Nothing is sent again for it.
func TestLongAnswers(t *testing.T) {
	fake := sinktest.NewSlack(t)
	s := bot(t, fake)
	for range 20 { // a channel with a history
		s.Deliver(t.Context(), sink.Notification{Message: messagetest.Repeated()})
	}
	m := messagetest.Opened()
	fake.Then(sinktest.Canned{Lost: true})
	if o := s.Deliver(t.Context(), sink.Notification{Message: m}); o.Class != alert.Retry || !o.Unsure {
		t.Fatalf("lost answer: %+v", o)
	}
	m.MayRepeat = true
	if o := s.Deliver(t.Context(), sink.Notification{Message: m}); o.Class != alert.OK || len(fake.Posts()) != 21 {
		t.Errorf("after a lost answer: %+v, %d posts after 20", o, len(fake.Posts()))
	}
	m.Text = strings.Repeat("監査証跡を停止しました。\n", 850)
	m.Summary, m.Sequence, m.MayRepeat = m.Text, 2, false
	first := s.Deliver(t.Context(), sink.Notification{Message: m})
	second := s.Deliver(t.Context(), sink.Notification{Message: m, Receipt: first.Receipt})
	if posts := fake.Posts(); first.Class != alert.OK || second.Class != alert.OK || len(posts) != 23 || posts[21].Edits != 1 {
		t.Errorf("long message %+v, its reply %+v, %d posts", first, second, len(posts))
	}
}

// A message to a channel by its name is found by the channel's id, which an
// earlier answer told.
func TestLostAnswerOfANamedChannel(t *testing.T) {
	fake := sinktest.NewSlack(t)
	s, err := slack.New(slack.Config{Token: sink.Fixed(fake.Token), Channel: "soc", APIURL: fake.URL + "/api"}, sinktest.Client(t), now)
	if err != nil {
		t.Fatal(err)
	}
	s.Deliver(t.Context(), sink.Notification{Message: messagetest.Repeated()})
	m := messagetest.Opened()
	fake.Then(sinktest.Canned{Lost: true})
	s.Deliver(t.Context(), sink.Notification{Message: m})
	m.MayRepeat = true
	if o := s.Deliver(t.Context(), sink.Notification{Message: m}); o.Class != alert.OK || len(fake.Posts()) != 2 {
		t.Errorf("%+v, %d posts, want 2", o, len(fake.Posts()))
	}
}

// An alert whose first message is in a channel that is closed by now goes on in
// the sink's present channel; the sink pauses only when that one is closed.
func TestChannelsMove(t *testing.T) {
	for _, code := range []string{"is_archived", "channel_not_found", "not_in_channel"} {
		fake := sinktest.NewSlack(t)
		n := sink.Notification{Message: messagetest.Repeated(), Receipt: []byte(`{"channel":"C0OLD","ts":"1772000000.000001"}`)}
		fake.Closed = map[string]string{"C0OLD": code}
		o := bot(t, fake).Deliver(t.Context(), n)
		if posts := fake.Posts(); o.Class != alert.OK || len(posts) != 1 || posts[0].Channel != "C0ALERTS" || posts[0].Thread != "" ||
			!bytes.Contains(o.Receipt, []byte("C0ALERTS")) {
			t.Errorf("%s: %+v, posts %+v", code, o, posts)
		}
		fake.Closed["C0ALERTS"] = code
		if o := bot(t, fake).Deliver(t.Context(), n); o.Class != alert.Auth {
			t.Errorf("%s in both: %+v", code, o)
		}
	}
}

type answer struct {
	name   string
	canned sinktest.Canned
	want   alert.Class
	unsure bool
	after  time.Duration
}

func ok200(body string) sinktest.Canned {
	return sinktest.Canned{Status: 200, Header: map[string]string{"Content-Type": "application/json"}, Body: body}
}

func status(code int, body string, header ...string) sinktest.Canned {
	c := sinktest.Canned{Status: code, Body: body, Header: map[string]string{}}
	for i := 0; i < len(header); i += 2 {
		c.Header[header[i]] = header[i+1]
	}
	return c
}

func apiAnswers() []answer {
	out := []answer{
		{"429 seconds", status(429, `{"ok":false,"error":"ratelimited"}`, "Retry-After", "30"), alert.Retry, false, 30 * time.Second},
		{"429 date", status(429, "", "Retry-After", "Sat, 01 Aug 2026 12:01:00 GMT"), alert.Retry, false, time.Minute},
		{"429 absurd", status(429, "", "Retry-After", "99999999999"), alert.Retry, false, time.Hour},
		{"429 nonsense", status(429, "", "Retry-After", "soon"), alert.Retry, false, 0},
		{"429 without", status(429, ""), alert.Retry, false, 0},
		{"ratelimited with 200", sinktest.Canned{Status: 200, Header: map[string]string{"Retry-After": "7"}, Body: `{"ok":false,"error":"ratelimited"}`}, alert.Retry, false, 7 * time.Second},
		{"HTML with 200", status(200, "<html>sign in</html>", "Content-Type", "text/html"), alert.Retry, true, 0},
		{"empty with 200", ok200(""), alert.Retry, true, 0},
		{"ok false without a code", ok200(`{"ok":false}`), alert.Retry, true, 0},
		{"ok true without ts", ok200(`{"ok":true}`), alert.Retry, true, 0},
		{"302", status(302, "", "Location", "https://evil.example.com/"), alert.Reject, false, 0},
		{"500", status(500, "oops"), alert.Retry, true, 0},
		{"503", status(503, "busy", "Retry-After", "5"), alert.Retry, false, 5 * time.Second},
		{"500 with a code", status(500, `{"ok":false,"error":"what_is_this"}`), alert.Retry, true, 0},
		{"404", status(404, ""), alert.Reject, false, 0},
		{"401", status(401, ""), alert.Auth, false, 0},
	}
	for class, codes := range map[alert.Class][]string{
		alert.Retry:  {"internal_error", "fatal_error", "service_unavailable", "request_timeout"},
		alert.Auth:   {"invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive", "missing_scope", "not_in_channel", "channel_not_found", "is_archived", "restricted_action", "ekm_access_denied"},
		alert.Reject: {"invalid_blocks", "invalid_blocks_format", "msg_too_long", "msg_blocks_too_long", "no_text", "invalid_arguments", "metadata_too_large", "something_new"},
	} {
		for _, code := range codes {
			out = append(out, answer{code, ok200(`{"ok":false,"error":"` + code + `"}`), class, class == alert.Retry && code != "service_unavailable", 0})
		}
	}
	return out
}

func hookAnswers() []answer {
	return []answer{
		{"ok", status(200, "ok"), alert.OK, false, 0},
		{"ok with a line break", status(200, "ok\n"), alert.OK, false, 0},
		{"invalid_payload", status(400, "invalid_payload"), alert.Reject, false, 0},
		{"no_text", status(400, "no_text"), alert.Reject, false, 0},
		{"invalid_blocks", status(400, "invalid_blocks"), alert.Reject, false, 0},
		{"action_prohibited", status(403, "action_prohibited"), alert.Auth, false, 0},
		{"invalid_token", status(403, "invalid_token"), alert.Auth, false, 0},
		{"no_service", status(404, "no_service"), alert.Auth, false, 0},
		{"channel_not_found", status(404, "channel_not_found"), alert.Auth, false, 0},
		{"channel_is_archived", status(410, "channel_is_archived"), alert.Auth, false, 0},
		{"rollup_error", status(500, "rollup_error"), alert.Retry, true, 0},
		{"429", status(429, "", "Retry-After", "3"), alert.Retry, false, 3 * time.Second},
		{"ok false with 200", ok200(`{"ok":false,"error":"invalid_auth"}`), alert.Auth, false, 0},
		{"unknown code with 200", ok200(`{"ok":false,"error":"what_is_this"}`), alert.Reject, false, 0},
		{"HTML with 200", status(200, "<!DOCTYPE html><html></html>", "Content-Type", "text/html"), alert.Retry, true, 0},
		{"empty with 200", status(200, ""), alert.Retry, true, 0},
		{"204", status(204, ""), alert.Retry, true, 0},
		{"301", status(301, "", "Location", "http://169.254.169.254/"), alert.Reject, false, 0},
		{"502 page", status(502, "<html>bad gateway</html>"), alert.Retry, true, 0},
		{"404 of a proxy", status(404, "<html>not found</html>"), alert.Reject, false, 0},
	}
}

// F53, F50: every canned answer is classified as the sheet says.
func TestAnswersAreClassified(t *testing.T) {
	for _, c := range apiAnswers() {
		judged(t, c, func(fake *sinktest.Slack) *slack.Sink { return bot(t, fake) })
	}
	for _, c := range hookAnswers() {
		judged(t, c, func(fake *sinktest.Slack) *slack.Sink { return hook(t, fake, slack.Blocks) })
	}
}

func judged(t *testing.T, c answer, make func(*sinktest.Slack) *slack.Sink) {
	t.Helper()
	fake := sinktest.NewSlack(t)
	fake.Then(c.canned)
	o := make(fake).Deliver(t.Context(), sink.Notification{Message: messagetest.Opened()})
	if o.Class != c.want || o.Unsure != c.unsure || c.want != alert.OK && o.Reason == "" {
		t.Errorf("%s: %+v", c.name, o)
	}
	if c.after == 0 && !o.NotUntil.IsZero() || c.after > 0 && !o.NotUntil.Equal(now().Add(c.after)) {
		t.Errorf("%s: not before %v", c.name, o.NotUntil)
	}
}

// F76: neither URL nor token comes out, even when the receiver sends them back.
func TestSecretsStayInside(t *testing.T) {
	fake := sinktest.NewSlack(t)
	var out strings.Builder
	for secret, s := range map[string]*slack.Sink{fake.Hook: hook(t, fake, ""), fake.Token: bot(t, fake)} {
		for _, c := range []sinktest.Canned{
			status(400, secret), status(500, "at "+secret), ok200(`{"ok":false,"error":"` + secret + `"}`), ok200(secret), ok200(`{"ok":true,"warning":"` + secret + `"}`),
			ok200(`{"ok":false,"error":"invalid_arguments","response_metadata":{"messages":["` + secret + `"]}}`), {Cut: true}, {Lost: true},
		} {
			fake.Then(c)
			o := s.Deliver(t.Context(), sink.Notification{Message: messagetest.Opened()})
			fmt.Fprintf(&out, "%+v %#v %s\n", o, o, o.Receipt)
		}
		p, err := s.Preview(sink.Notification{Message: messagetest.Opened()})
		fmt.Fprintf(&out, "%s %v %+v\n", p.Parts[0].Body, err, s.Traits())
	}
	if leaks := sinktest.Leaks(out.String()); len(leaks) > 0 {
		t.Errorf("%q in %s", leaks, out.String())
	}
}

// An ended context is a retry, and unsure only if something was sent.
func TestEndedContext(t *testing.T) {
	fake := sinktest.NewSlack(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, s := range []*slack.Sink{hook(t, fake, ""), bot(t, fake)} {
		if o := s.Deliver(ctx, sink.Notification{Message: messagetest.Opened()}); o.Class != alert.Retry || o.Unsure {
			t.Errorf("%+v", o)
		}
	}
}

func TestNewNamesTheSetting(t *testing.T) {
	for want, c := range map[string]slack.Config{
		"either webhook":     {},
		"channel is missing": {Token: sink.Fixed("x")},
		"style":              {Webhook: sink.Fixed("x"), Style: "xml"},
		"api_url":            {Token: sink.Fixed("x"), Channel: "c", APIURL: "http://169.254.169.254/"},
	} {
		if _, err := slack.New(c, sinktest.Client(t), now); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	s, err := slack.New(slack.Config{Webhook: sink.Fixed("https://127.0.0.2.nip.io@169.254.169.254/")}, sinktest.Client(t), now)
	if err != nil {
		t.Fatal(err)
	}
	if o := s.Deliver(t.Context(), sink.Notification{Message: messagetest.Opened()}); o.Class != alert.Auth {
		t.Errorf("%+v", o)
	}
}

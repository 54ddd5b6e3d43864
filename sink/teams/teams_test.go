package teams_test

import (
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
	"github.com/trailwarden/trailwarden/sink/teams"
)

func now() time.Time { return time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC) }

func start(t *testing.T) (*sinktest.Teams, *teams.Sink) {
	t.Helper()
	fake := sinktest.NewTeams(t)
	s, err := teams.New(teams.Config{Webhook: sink.Fixed(fake.Hook)}, sinktest.Client(t), now)
	if err != nil {
		t.Fatal(err)
	}
	return fake, s
}

func accepted(t *testing.T, fake *sinktest.Teams, s *teams.Sink, name string, m *message.Message) {
	t.Helper()
	before := len(fake.Faults())
	o := s.Deliver(t.Context(), sink.Notification{Message: m})
	if faults := fake.Faults(); o.Class != alert.OK || len(faults) > before {
		t.Errorf("%s: %+v %q", name, o, faults[before:])
		return
	}
	cards := fake.Cards()
	last := string(cards[len(cards)-1])
	if !strings.Contains(last, messagetest.Key) {
		t.Errorf("%s: the key is gone", name)
	}
	for _, l := range m.Links {
		quoted, _ := json.Marshal(l.URL)
		if !strings.Contains(last, string(quoted)) {
			t.Errorf("%s: the link is gone", name)
		}
	}
}

// Plain, hostile and large messages become cards within 28 KB without Markdown,
// mentions or links of others.
func TestEveryMessageIsAcceptedAndInert(t *testing.T) {
	fake, s := start(t)
	for _, c := range sinktest.Messages() {
		accepted(t, fake, s, c.Name, c.Message)
	}
}

// A user's own text is cut to what is taken, and the card says so.
func TestLongTextsAreCut(t *testing.T) {
	fake, s := start(t)
	for _, text := range []string{strings.Repeat("word ", 200) + "\n", "line\n", "*", "\"", "監", strings.Repeat("x", 4100) + "\n"} {
		m := messagetest.Opened()
		m.Text = strings.Repeat(text, 256<<10/len(text))
		accepted(t, fake, s, fmt.Sprintf("%.10q", text), m)
		if cards := fake.Cards(); len(cards) > 0 && !strings.Contains(string(cards[len(cards)-1]), "more ") {
			t.Errorf("%.10q: nothing says that the text was cut", text)
		}
	}
}

// Any message up to 5 MB does.
func TestAnyMessageIsAccepted(t *testing.T) {
	fake, s := start(t)
	rnd := sinktest.Seeded(t)
	for i := range 26 {
		accepted(t, fake, s, fmt.Sprint(i), sinktest.Random(rnd, 5<<(8+i/2)))
	}
}

// F53, F50.
func TestAnswersAreClassified(t *testing.T) {
	html := map[string]string{"Content-Type": "text/html"}
	for _, c := range []struct {
		name   string
		canned sinktest.Canned
		want   alert.Class
		unsure bool
		after  time.Duration
	}{
		{"202", sinktest.Canned{Status: 202}, alert.OK, false, 0},
		{"200 of the older connector", sinktest.Canned{Status: 200, Body: "1"}, alert.OK, false, 0},
		{"200 with 429 inside", sinktest.Canned{Status: 200, Body: "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 429 with ContextId x"}, alert.Retry, false, 0},
		{"200 with 403 inside", sinktest.Canned{Status: 200, Body: "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 403"}, alert.Auth, false, 0},
		{"200 with 413 inside", sinktest.Canned{Status: 200, Body: "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 413"}, alert.Reject, false, 0},
		{"200 HTML", sinktest.Canned{Status: 200, Header: html, Body: "<html>sign in"}, alert.Retry, true, 0},
		{"202 with an error", sinktest.Canned{Status: 202, Body: `{"error":{"code":"x"}}`}, alert.Retry, true, 0},
		{"302", sinktest.Canned{Status: 302, Header: map[string]string{"Location": "https://login.microsoftonline.com/"}}, alert.Reject, false, 0},
		{"400 schema", sinktest.Canned{Status: 400, Body: `{"error":{"code":"TriggerInputSchemaMismatch"}}`}, alert.Reject, false, 0},
		{"400 trigger off", sinktest.Canned{Status: 400, Body: `{"error":{"code":"WorkflowTriggerIsNotEnabled"}}`}, alert.Auth, false, 0},
		{"401", sinktest.Canned{Status: 401, Body: `{"error":{"code":"DirectApiAuthorizationRequired"}}`}, alert.Auth, false, 0},
		{"403", sinktest.Canned{Status: 403}, alert.Auth, false, 0},
		{"404 orphaned", sinktest.Canned{Status: 404, Body: `{"error":{"code":"WorkflowNotFound"}}`}, alert.Auth, false, 0},
		{"404", sinktest.Canned{Status: 404}, alert.Reject, false, 0},
		{"413", sinktest.Canned{Status: 413}, alert.Reject, false, 0},
		{"429", sinktest.Canned{Status: 429, Header: map[string]string{"Retry-After": "20"}}, alert.Retry, false, 20 * time.Second},
		{"429 date", sinktest.Canned{Status: 429, Header: map[string]string{"Retry-After": "Sat, 01 Aug 2026 12:00:30 GMT"}}, alert.Retry, false, 30 * time.Second},
		{"500", sinktest.Canned{Status: 500}, alert.Retry, true, 0},
		{"502", sinktest.Canned{Status: 502, Header: html, Body: "<html>"}, alert.Retry, true, 0},
		{"503", sinktest.Canned{Status: 503}, alert.Retry, false, 0},
		{"lost", sinktest.Canned{Lost: true}, alert.Retry, true, 0},
	} {
		fake, s := start(t)
		fake.Then(c.canned)
		o := s.Deliver(t.Context(), sink.Notification{Message: messagetest.Opened()})
		sinktest.Expect(t, c.name, o, c.want, c.unsure, now(), c.after)
	}
}

func TestGolden(t *testing.T) {
	_, s := start(t)
	sinktest.Previews(t, s, messagetest.Kinds())
}

// F76: the URL holds a signature.
func TestSecretsStayInside(t *testing.T) {
	fake, s := start(t)
	var out strings.Builder
	for _, c := range []sinktest.Canned{{Status: 400, Body: fake.Hook}, {Status: 500, Body: sinktest.Secret("teams signature")}, {Cut: true}, {Lost: true}} {
		fake.Then(c)
		o := s.Deliver(t.Context(), sink.Notification{Message: messagetest.Opened()})
		fmt.Fprintf(&out, "%+v %#v", o, o)
	}
	p, err := s.Preview(sink.Notification{Message: messagetest.Opened()})
	fmt.Fprintf(&out, "%s %v", p, err)
	if leaks := sinktest.Leaks(out.String()); len(leaks) > 0 {
		t.Errorf("%q: %s", leaks, out.String())
	}
}

package pagerduty_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/message"
	"github.com/trailwarden/trailwarden/message/messagetest"
	"github.com/trailwarden/trailwarden/sink"
	"github.com/trailwarden/trailwarden/sink/pagerduty"
	"github.com/trailwarden/trailwarden/sink/sinktest"
)

func now() time.Time { return time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC) }

func start(t *testing.T) (*sinktest.PagerDuty, *pagerduty.Sink) {
	t.Helper()
	fake := sinktest.NewPagerDuty(t)
	s, err := pagerduty.New(pagerduty.Config{RoutingKey: sink.Fixed(fake.RoutingKey), URL: fake.URL}, sinktest.Client(t), now)
	if err != nil {
		t.Fatal(err)
	}
	return fake, s
}

func accepted(t *testing.T, fake *sinktest.PagerDuty, s *pagerduty.Sink, name string, m *message.Message) {
	t.Helper()
	if o := s.Deliver(t.Context(), sink.Notification{Message: m}); o.Class != alert.OK || string(o.Receipt) != messagetest.Key {
		t.Errorf("%s: %+v, %q", name, o, fake.Faults())
	}
	sent := fake.Requests()
	body := string(sent[len(sent)-1].Body)
	for _, l := range m.Links {
		if m.Kind != alert.Acked && m.Kind != alert.Closed && !strings.Contains(body, l.URL) {
			t.Errorf("%s: the link is gone", name)
		}
	}
	for _, at := range linkAt(body, "://") {
		if !strings.HasPrefix(at, "https://eu-west-1.console.aws.amazon.com/") && !strings.HasPrefix(at, "s3://") {
			t.Errorf("%s: a link of others: %.60s", name, at)
		}
	}
}

// linkAt are the texts around each scheme.
func linkAt(s, mark string) []string {
	var out []string
	for i := strings.Index(s, mark); i >= 0; i = strings.Index(s, mark) {
		start := i
		for start > 0 && s[start-1] >= 'a' && s[start-1] <= 'z' || start > 0 && s[start-1] >= '0' && s[start-1] <= '9' {
			start--
		}
		out = append(out, s[start:min(len(s), i+60)])
		s = s[i+len(mark):]
	}
	return out
}

// Plain, hostile and large messages are accepted within all limits; no link but ours.
func TestEveryMessageIsAccepted(t *testing.T) {
	fake, s := start(t)
	for _, c := range sinktest.Messages() {
		accepted(t, fake, s, c.Name, c.Message)
	}
}

// A user's own text is cut to what is taken, however it has to be written.
func TestLongTextsAreCut(t *testing.T) {
	fake, s := start(t)
	for _, text := range []string{"word ", "<", "\n", "監"} {
		m := messagetest.Opened()
		m.Text = strings.Repeat(text, 256<<10/len(text))
		accepted(t, fake, s, text, m)
	}
}

// The largest event that stays whole is within the limit.
func TestLargestEvent(t *testing.T) {
	_, s := start(t)
	size := func(total int) int { // of an event with so many bytes in it
		m := messagetest.Opened()
		for rest := total; rest > 0; rest -= 16000 {
			e := m.Events[0]
			e.IP = strings.Repeat("x", min(rest, 16000))
			m.Events = append(m.Events, e)
		}
		p, err := s.Preview(sink.Notification{Message: m})
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if err := json.Compact(&b, p.Parts[0].Body); err != nil {
			t.Fatal(err)
		}
		return b.Len()
	}
	least := 400_000
	most := least + sort.Search(200_000, func(n int) bool { return size(least+n) < least+n }) - 1
	if n := size(most); n > sink.PagerDutyRequest.Max() || n < sink.PagerDutyRequest.Max()-10 {
		t.Errorf("the largest event has %d bytes, the limit is %d", n, sink.PagerDutyRequest.Max())
	}
}

// Any message up to 5 MB is accepted.
func TestAnyMessageIsAccepted(t *testing.T) {
	fake, s := start(t)
	rnd := sinktest.Seeded(t)
	for i := range 26 {
		accepted(t, fake, s, fmt.Sprint(i), sinktest.Random(rnd, 5<<(8+i/2)))
	}
}

// An alert's life is an incident's: triggered once, acknowledged, resolved; what
// comes after that is a new one.
func TestLifecycle(t *testing.T) {
	fake, s := start(t)
	want := [][]string{{"triggered"}, {"triggered"}, {"acknowledged"}, {"resolved"}, {"resolved", "triggered"}}
	for i, c := range messagetest.Kinds()[:5] {
		if o := s.Deliver(t.Context(), sink.Notification{Message: c.Message}); o.Class != alert.OK {
			t.Fatalf("%s: %+v", c.Name, o)
		}
		if got := fake.Incidents(messagetest.Key); !slices.Equal(got, want[i]) {
			t.Errorf("after %s: %q, want %q", c.Name, got, want[i])
		}
	}
}

// F52: a lost answer leads to no second incident.
func TestLostAnswer(t *testing.T) {
	fake, s := start(t)
	n := sink.Notification{Message: messagetest.Opened()}
	fake.Then(sinktest.Canned{Lost: true})
	if o := s.Deliver(t.Context(), n); o.Class != alert.Retry || !o.Unsure {
		t.Errorf("%+v", o)
	}
	if o := s.Deliver(t.Context(), n); o.Class != alert.OK || len(fake.Incidents(messagetest.Key)) != 1 {
		t.Errorf("%+v, %q", o, fake.Incidents(messagetest.Key))
	}
}

// F53, F50.
func TestAnswersAreClassified(t *testing.T) {
	for _, c := range []struct {
		name   string
		canned sinktest.Canned
		want   alert.Class
		unsure bool
		after  time.Duration
	}{
		{"202", sinktest.Canned{Status: 202, Body: `{"status":"success","dedup_key":"x"}`}, alert.OK, false, 0},
		{"202 without success", sinktest.Canned{Status: 202, Body: `{"status":"invalid event"}`}, alert.Retry, true, 0},
		{"202 empty", sinktest.Canned{Status: 202}, alert.Retry, true, 0},
		{"200 HTML", sinktest.Canned{Status: 200, Body: "<html>"}, alert.Retry, true, 0},
		{"302", sinktest.Canned{Status: 302, Header: map[string]string{"Location": "http://10.0.0.1/"}}, alert.Reject, false, 0},
		{"400", sinktest.Canned{Status: 400, Body: `{"status":"invalid event","errors":["'summary' is missing"]}`}, alert.Reject, false, 0},
		{"400 not JSON", sinktest.Canned{Status: 400, Body: "no"}, alert.Reject, false, 0},
		{"400 key's length", sinktest.Canned{Status: 400, Body: `{"status":"invalid event","errors":["Length of 'routing_key' is incorrect (should be 32 characters)"]}`}, alert.Auth, false, 0},
		{"400 unknown key", sinktest.Canned{Status: 400, Body: `{"status":"invalid event","errors":["Invalid routing key"]}`}, alert.Auth, false, 0},
		{"401", sinktest.Canned{Status: 401}, alert.Auth, false, 0},
		{"403", sinktest.Canned{Status: 403}, alert.Auth, false, 0},
		{"404", sinktest.Canned{Status: 404}, alert.Reject, false, 0},
		{"408", sinktest.Canned{Status: 408}, alert.Retry, true, 0},
		{"413", sinktest.Canned{Status: 413}, alert.Reject, false, 0},
		{"429", sinktest.Canned{Status: 429, Header: map[string]string{"Retry-After": "12"}}, alert.Retry, false, 12 * time.Second},
		{"429 date", sinktest.Canned{Status: 429, Header: map[string]string{"Retry-After": "Sat, 01 Aug 2026 13:30:00 GMT"}}, alert.Retry, false, time.Hour},
		{"429 absurd", sinktest.Canned{Status: 429, Header: map[string]string{"Retry-After": "1000000000000"}}, alert.Retry, false, time.Hour},
		{"500", sinktest.Canned{Status: 500, Body: "<html>"}, alert.Retry, true, 0},
		{"503", sinktest.Canned{Status: 503}, alert.Retry, false, 0},
		{"cut", sinktest.Canned{Cut: true}, alert.Retry, true, 0},
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

// F76.
func TestSecretsStayInside(t *testing.T) {
	fake, s := start(t)
	var out strings.Builder
	for _, body := range []string{`{"errors":["` + fake.RoutingKey + `"]}`, fake.RoutingKey, ""} {
		fake.Then(sinktest.Canned{Status: 400, Body: body})
		o := s.Deliver(t.Context(), sink.Notification{Message: messagetest.Opened()})
		fmt.Fprintf(&out, "%+v %#v", o, o)
	}
	p, err := s.Preview(sink.Notification{Message: messagetest.Opened()})
	fmt.Fprintf(&out, "%s %v", p, err)
	if leaks := sinktest.Leaks(out.String()); len(leaks) > 0 {
		t.Errorf("%q: %s", leaks, out.String())
	}
}

func TestNewNamesTheSetting(t *testing.T) {
	for want, c := range map[string]pagerduty.Config{
		"routing_key": {}, "site": {RoutingKey: sink.Fixed("x"), Site: "mars"}, "events_url": {RoutingKey: sink.Fixed("x"), URL: "https://169.254.169.254/"},
	} {
		if _, err := pagerduty.New(c, sinktest.Client(t), now); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

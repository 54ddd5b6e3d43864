package servicenow_test

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/message"
	"github.com/trailwarden/trailwarden/message/messagetest"
	"github.com/trailwarden/trailwarden/sink"
	"github.com/trailwarden/trailwarden/sink/servicenow"
	"github.com/trailwarden/trailwarden/sink/sinktest"
)

func now() time.Time { return time.Date(2026, 8, 1, 13, 0, 0, 0, time.UTC) }

func config(fake *sinktest.ServiceNow) servicenow.Config {
	return servicenow.Config{Instance: fake.URL, Username: sink.Fixed(fake.User), Password: sink.Fixed(fake.Password),
		Wait: func(context.Context, time.Duration) {}}
}

func start(t *testing.T, fake *sinktest.ServiceNow, c servicenow.Config) *servicenow.Sink {
	t.Helper()
	s, err := servicenow.New(c, sinktest.Client(t), now)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func deliver(t *testing.T, s *servicenow.Sink, m *message.Message, receipt []byte) alert.Outcome {
	t.Helper()
	return s.Deliver(t.Context(), sink.Notification{Message: m, Receipt: receipt})
}

func live(fake *sinktest.ServiceNow, key string) int {
	n := 0
	for _, i := range fake.Incidents(key) {
		if i.Live() {
			n++
		}
	}
	return n
}

// An alert's life is an incident's: opened, noted, taken, resolved, reopened.
func TestLifecycle(t *testing.T) {
	for _, objects := range []bool{false, true} {
		fake := sinktest.NewServiceNow(t)
		fake.Objects = objects
		s := start(t, fake, config(fake))
		var receipt []byte
		for i, want := range []struct {
			state string
			notes int
		}{{"1", 0}, {"1", 1}, {"2", 2}, {"6", 3}, {"2", 4}} {
			c := messagetest.Kinds()[i]
			o := deliver(t, s, c.Message, receipt)
			got := fake.Incidents("")
			if o.Class != alert.OK || len(got) != 1 || got[0].Fields["state"] != want.state || len(got[0].Journal) != want.notes {
				t.Fatalf("%s: %+v, %d incidents, %+v", c.Name, o, len(got), got)
			}
			if receipt != nil && string(receipt) != string(o.Receipt) {
				t.Errorf("%s: receipt %s, was %s", c.Name, o.Receipt, receipt)
			}
			receipt = o.Receipt
		}
		f := fake.Incidents("")[0].Fields
		if f["close_code"] == "" || f["urgency"] != "1" || f["impact"] != "2" || f["correlation_id"] != messagetest.Key ||
			!strings.Contains(f["description"], "DeleteTrail") || !strings.Contains(f["description"], "111122223333") {
			t.Errorf("%v", f)
		}
		if len(fake.Faults()) > 0 {
			t.Errorf("%q", fake.Faults())
		}
	}
}

// Configured fields, templates of the message and maps of severities reach the incident.
func TestFields(t *testing.T) {
	fake := sinktest.NewServiceNow(t)
	c := config(fake)
	c.DisplayValues = true
	c.Fields = map[string]string{"assignment_group": "Cloud Security", "category": "security", "u_account": "{{.Where.Account}}/{{.Who.Name}}", "correlation_id": "mine", "u_broken": "{{.Nothing}}"}
	c.Urgency, c.Impact = map[string]int{"high": 2}, map[string]int{"high": 3}
	c.Required = []string{"assignment_group"}
	if o := deliver(t, start(t, fake, c), messagetest.Opened(), nil); o.Class != alert.OK || o.Reason != "" {
		t.Fatalf("%+v", o)
	}
	f := fake.Incidents("")[0].Fields
	if f["assignment_group"] != fake.Groups["Cloud Security"] || f["category"] != "security" || f["u_account"] != "111122223333/alice" ||
		f["urgency"] != "2" || f["impact"] != "3" || f["correlation_id"] != messagetest.Key {
		t.Errorf("%v", f)
	}
}

// A required reference that the instance stored empty is said, in the outcome
// and in the incident.
func TestRequiredFieldIsReadBack(t *testing.T) {
	fake := sinktest.NewServiceNow(t)
	c := config(fake)
	c.Fields, c.Required = map[string]string{"assignment_group": "Cloud Security"}, []string{"assignment_group"} // a name where a sys_id is needed
	o := deliver(t, start(t, fake, c), messagetest.Opened(), nil)
	i := fake.Incidents("")[0]
	if o.Class != alert.OK || !strings.Contains(o.Reason, "assignment_group") || len(i.Journal) != 1 || !strings.Contains(i.Journal[0], "assignment_group") {
		t.Errorf("%+v, %q", o, i.Journal)
	}
}

// What happens to an alert whose incident somebody resolved, closed or canceled.
func TestInactive(t *testing.T) {
	for _, c := range []struct {
		policy, state string
		incidents     int
		want          string // state of the first
	}{
		{servicenow.Reopen, "6", 1, "2"}, {servicenow.Reopen, "7", 2, "7"}, {servicenow.Reopen, "8", 2, "8"},
		{servicenow.NewOne, "6", 2, "6"}, {servicenow.NewOne, "7", 2, "7"},
		{servicenow.Comment, "6", 1, "6"},
	} {
		for _, resolvedActive := range []bool{true, false} {
			for _, withReceipt := range []bool{true, false} {
				fake := sinktest.NewServiceNow(t)
				fake.ResolvedActive = resolvedActive
				conf := config(fake)
				conf.Inactive = c.policy
				s := start(t, fake, conf)
				first := deliver(t, s, messagetest.Opened(), nil)
				fake.Set(0, "state", c.state)
				receipt := first.Receipt
				if !withReceipt {
					receipt = nil
				}
				o := deliver(t, s, messagetest.Repeated(), receipt)
				got := fake.Incidents(messagetest.Key)
				if o.Class != alert.OK || len(got) != c.incidents || got[0].Fields["state"] != c.want {
					t.Errorf("%s, state %s, receipt %v: %+v, %d incidents, state %s", c.policy, c.state, withReceipt, o, len(got), got[0].Fields["state"])
				}
				again := deliver(t, s, messagetest.Repeated(), o.Receipt)
				if after := fake.Incidents(messagetest.Key); again.Class != alert.OK || len(after) != c.incidents {
					t.Errorf("%s, state %s: the next message: %+v, %d incidents", c.policy, c.state, again, len(after))
				}
			}
		}
	}
}

// An alert whose incident somebody deleted gets a new one, as often as that
// happens, and goes on in it.
func TestDeleted(t *testing.T) {
	fake := sinktest.NewServiceNow(t)
	s := start(t, fake, config(fake))
	o := deliver(t, s, messagetest.Opened(), nil)
	for range 3 {
		fake.Delete()
		for notes := range 2 {
			o = deliver(t, s, messagetest.Repeated(), o.Receipt)
			if got := fake.Incidents(messagetest.Key); o.Class != alert.OK || len(got) != 1 || len(got[0].Journal) != notes {
				t.Fatalf("%+v, %+v", o, got)
			}
		}
	}
}

// What is written so that nothing in it is active stays within its field.
func TestInertTextsAreWithinLimits(t *testing.T) {
	fake := sinktest.NewServiceNow(t)
	c := config(fake)
	c.Fields = map[string]string{"close_notes": "{{.Headline}}{{.Headline}}"}
	m := messagetest.Opened()
	m.Headline = strings.Repeat("@[a:b]", 400)
	m.Summary = "java[code]script:alert(1) https:[/ Code]//evil.example.com h[code]ttps://evil.example.com @[code][x]"
	if o := deliver(t, start(t, fake, c), m, nil); o.Class != alert.OK || len(fake.Faults()) > 0 {
		t.Errorf("%+v, %q", o, fake.Faults())
	}
	if text := fake.Incidents("")[0].Fields["description"]; strings.Contains(text, "://evil") || strings.Contains(text, "javascript:") {
		t.Errorf("a link of others:\n%s", text)
	}
}

// An incident that was resolved long ago is not reopened.
func TestReopenWithin(t *testing.T) {
	fake := sinktest.NewServiceNow(t)
	c := config(fake)
	c.ReopenWithin = 30 * time.Minute
	s := start(t, fake, c)
	o := deliver(t, s, messagetest.Opened(), nil)
	fake.Set(0, "state", "6")
	deliver(t, s, messagetest.Repeated(), o.Receipt)
	if got := fake.Incidents(""); len(got) != 2 || got[0].Fields["state"] != "6" {
		t.Errorf("%d incidents", len(got))
	}
}

// F57: two workers that race on one key leave exactly one active incident, 200
// times each: with an index that is up to date, with one that lags, and with one
// that lags wildly and workers that share a ledger. Whatever they were told
// first, the next message finds the one that is left.
func TestRaces(t *testing.T) {
	shared := &ledger{records: map[string]string{}, held: map[string]bool{}}
	rnd := sinktest.Seeded(t)
	for _, c := range []struct {
		name   string
		lag    func(int) int
		ledger servicenow.Ledger
	}{
		{"no lag", nil, nil},
		{"lag of 3 queries", func(int) int { return 3 }, nil},
		{"random lag, shared ledger", func(int) int { return rnd.IntN(40) }, shared},
	} {
		fake := sinktest.NewServiceNow(t)
		fake.Lag = c.lag
		conf := config(fake)
		conf.Ledger = c.ledger
		workers := []*servicenow.Sink{start(t, fake, conf), start(t, fake, conf)}
		rounds := 200
		if testing.Short() {
			rounds = 20
		}
		for round := range rounds {
			key := fmt.Sprintf("%064x", round+1)
			race(t, fake, workers, key, c.name)
		}
		if len(fake.Faults()) > 0 {
			t.Errorf("%s: %q", c.name, fake.Faults())
		}
	}
}

func race(t *testing.T, fake *sinktest.ServiceNow, workers []*servicenow.Sink, key, name string) {
	t.Helper()
	outcomes := make([]alert.Outcome, len(workers))
	var wg sync.WaitGroup
	begin := make(chan struct{})
	for i, w := range workers {
		wg.Go(func() {
			m := messagetest.Opened()
			m.Key = key
			<-begin
			outcomes[i].Class = alert.Retry
			for outcomes[i].Class == alert.Retry && t.Context().Err() == nil { // as the dispatcher does, but at once
				outcomes[i] = w.Deliver(t.Context(), sink.Notification{Message: m})
				runtime.Gosched()
			}
		})
	}
	close(begin)
	wg.Wait()
	if n := live(fake, key); n != 1 {
		t.Errorf("%s, key %s: %d active incidents", name, key, n)
	}
	for i, w := range workers {
		m := messagetest.Repeated()
		m.Key = key
		o := w.Deliver(t.Context(), sink.Notification{Message: m, Receipt: outcomes[i].Receipt})
		if outcomes[i].Class != alert.OK || o.Class != alert.OK {
			t.Errorf("%s: %+v, then %+v", name, outcomes[i], o)
		}
	}
	if n := live(fake, key); n != 1 {
		t.Errorf("%s, key %s: %d active incidents after the next message", name, key, n)
	}
}

// ledger is one that processes would share.
type ledger struct {
	mu      sync.Mutex
	records map[string]string
	held    map[string]bool
}

func (l *ledger) Claim(_ context.Context, key string, _ time.Duration) (string, bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if r := l.records[key]; r != "" {
		return r, false, nil
	}
	if l.held[key] {
		return "", false, nil
	}
	l.held[key] = true
	return "", true, nil
}

func (l *ledger) Opened(_ context.Context, key, record string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.records[key] = record
	return nil
}

func (l *ledger) Release(_ context.Context, key string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.held, key)
	return nil
}

// F52: after a lost answer nothing is there twice, even if the index lags.
func TestLostAnswer(t *testing.T) {
	fake := sinktest.NewServiceNow(t)
	fake.Lag = func(int) int { return 4 }
	s := start(t, fake, config(fake))
	html := sinktest.Canned{Status: 200, Header: map[string]string{"Content-Type": "application/json"}, Body: `{"result":[]}`}
	fake.Then(html, html, sinktest.Canned{Lost: true})
	m := messagetest.Opened()
	if o := deliver(t, s, m, nil); o.Class != alert.Retry || !o.Unsure {
		t.Fatalf("%+v", o)
	}
	m.MayRepeat = true
	o := deliver(t, s, m, nil)
	if o.Class != alert.OK || len(fake.Incidents("")) != 1 {
		t.Fatalf("%+v, %d incidents", o, len(fake.Incidents("")))
	}
	r := messagetest.Repeated()
	get := sinktest.Canned{Status: 200, Header: map[string]string{"Content-Type": "application/json"},
		Body: `{"result":{"sys_id":"` + fake.Incidents("")[0].Fields["sys_id"] + `","number":"INC0000001","state":"1","active":"true"}}`}
	fake.Then(get, sinktest.Canned{Lost: true})
	if o := deliver(t, s, r, o.Receipt); o.Class != alert.Retry || !o.Unsure {
		t.Fatalf("%+v", o)
	}
	r.MayRepeat = true
	if o := deliver(t, s, r, o.Receipt); o.Class != alert.OK || len(fake.Incidents("")[0].Journal) != 1 {
		t.Errorf("%+v, %d notes", o, len(fake.Incidents("")[0].Journal))
	}
}

// OAuth: both grants; a refused token is renewed once; refused credentials pause.
func TestOAuth(t *testing.T) {
	for _, grant := range []string{servicenow.ClientCredentials, servicenow.Password} {
		fake := sinktest.NewServiceNow(t)
		c := config(fake)
		c.Auth, c.ClientID, c.ClientSecret = grant, sink.Fixed(fake.ClientID), sink.Fixed(fake.ClientSecret)
		s := start(t, fake, c)
		o := deliver(t, s, messagetest.Opened(), nil)
		deliver(t, s, messagetest.Repeated(), o.Receipt)
		if o.Class != alert.OK || fake.Issued() != 1 {
			t.Errorf("%s: %+v, %d tokens", grant, o, fake.Issued())
		}
		fake.Expire()
		if o := deliver(t, s, messagetest.Repeated(), o.Receipt); o.Class != alert.OK || fake.Issued() != 2 {
			t.Errorf("%s, expired: %+v, %d tokens", grant, o, fake.Issued())
		}
		c.ClientSecret = sink.Fixed("wrong")
		if o := deliver(t, start(t, fake, c), messagetest.Opened(), nil); o.Class != alert.Auth {
			t.Errorf("%s, wrong secret: %+v", grant, o)
		}
		always := sinktest.Canned{Status: 401, Header: map[string]string{"Content-Type": "application/json"}, Body: `{"error":{"message":"User Not Authenticated"}}`}
		before := len(fake.Requests())
		fake.Then(always)
		fake.Then(sinktest.Canned{Status: 200, Header: always.Header, Body: `{"access_token":"x","expires_in":"100"}`}, always)
		if o := deliver(t, s, messagetest.Repeated(), o.Receipt); o.Class != alert.Auth || len(fake.Requests()) != before+3 {
			t.Errorf("%s, refused twice: %+v after %d requests", grant, o, len(fake.Requests())-before)
		}
	}
}

// A web page with HTTP 200 is an instance that wakes up, however often it is asked
// meanwhile, and, if it goes on, one behind a sign-in.
func TestWebPages(t *testing.T) {
	fake := sinktest.NewServiceNow(t)
	at := now()
	s, err := servicenow.New(config(fake), sinktest.Client(t), func() time.Time { return at })
	if err != nil {
		t.Fatal(err)
	}
	page := sinktest.Canned{Status: 200, Header: map[string]string{"Content-Type": "text/html;charset=UTF-8"}, Body: "<html>Your instance is hibernating</html>"}
	for i, c := range []struct {
		after time.Duration
		want  alert.Class
	}{{0, alert.Retry}, {time.Second, alert.Retry}, {time.Second, alert.Retry}, {10 * time.Minute, alert.Retry}, {5 * time.Minute, alert.Auth},
		{0, alert.OK}, {time.Hour, alert.Retry}} {
		at = at.Add(c.after)
		if c.want != alert.OK {
			fake.Then(page)
		}
		if o := deliver(t, s, messagetest.Opened(), nil); o.Class != c.want {
			t.Errorf("attempt %d: %+v, want %s", i, o, c.want)
		}
	}
}

// F53: answers to the query and to the creation.
func TestAnswersAreClassified(t *testing.T) {
	js := func(status int, body string, header ...string) sinktest.Canned {
		c := sinktest.Canned{Status: status, Body: body, Header: map[string]string{"Content-Type": "application/json"}}
		for i := 0; i < len(header); i += 2 {
			c.Header[header[i]] = header[i+1]
		}
		return c
	}
	for _, c := range []struct {
		name   string
		canned sinktest.Canned
		want   alert.Class
		unsure bool // after a creation
	}{
		{"400", js(400, `{"error":{"message":"Exception while reading request"},"status":"failure"}`), alert.Reject, false},
		{"401", js(401, `{"error":{"message":"User Not Authenticated"}}`), alert.Auth, false},
		{"403 ACL", js(403, `{"error":{"message":"Operation Failed","detail":"ACL Exception"}}`), alert.Auth, false},
		{"404 table", js(404, `{"error":{"message":"Invalid table incidentt"}}`), alert.Auth, false},
		{"400 table", js(400, `{"error":{"message":"Invalid table incidentt"}}`), alert.Reject, false},
		{"429", js(429, `{"error":{"message":"Rate limit exceeded"}}`, "Retry-After", "60"), alert.Retry, false},
		{"500", js(500, `{}`), alert.Retry, true},
		{"503", js(503, `{}`), alert.Retry, false},
		{"202 HTML", sinktest.Canned{Status: 202, Header: map[string]string{"Content-Type": "text/html"}, Body: "<html>"}, alert.Retry, true},
		{"200 JSON that is none", js(200, `<html>`), alert.Retry, true},
		{"200 without a record", js(200, `{"result":{}}`), alert.Retry, true},
		{"302 to a sign-in", sinktest.Canned{Status: 302, Header: map[string]string{"Location": "/login_with_sso.do"}}, alert.Reject, false},
		{"lost", sinktest.Canned{Lost: true}, alert.Retry, true},
	} {
		fake := sinktest.NewServiceNow(t)
		s := start(t, fake, config(fake))
		fake.Then(c.canned)
		if c.name != "200 without a record" { // of a query that is an empty list
			if o := deliver(t, s, messagetest.Opened(), nil); o.Class != c.want || o.Unsure {
				t.Errorf("%s to the query: %+v", c.name, o)
			}
		}
		empty := js(200, `{"result":[]}`)
		fake = sinktest.NewServiceNow(t)
		s = start(t, fake, config(fake))
		fake.Then(empty, empty, c.canned)
		o := deliver(t, s, messagetest.Opened(), nil)
		if o.Class != c.want || o.Unsure != c.unsure {
			t.Errorf("%s to the creation: %+v", c.name, o)
		}
		if c.name == "429" && !o.NotUntil.Equal(now().Add(time.Minute)) {
			t.Errorf("not before %v", o.NotUntil)
		}
	}
}

// A record that is gone or hidden does not end an alert's story.
func TestVanishedRecord(t *testing.T) {
	fake := sinktest.NewServiceNow(t)
	s := start(t, fake, config(fake))
	gone := []byte(`{"sys_id":"ffffffffffffffffffffffffffffffff","number":"INC9"}`)
	if o := deliver(t, s, messagetest.Repeated(), gone); o.Class != alert.OK || len(fake.Incidents("")) != 1 {
		t.Errorf("%+v", o)
	}
	for _, bad := range []string{"{", `{"sys_id":"../../x"}`, `{"sys_id":"a^b"}`, "null"} {
		if o := deliver(t, s, messagetest.Repeated(), []byte(bad)); o.Class != alert.OK {
			t.Errorf("receipt %s: %+v", bad, o)
		}
	}
}

// Plain, hostile and large messages make incidents and notes within the fields'
// lengths, without code tags and mentions, and queries of hex keys only.
func TestEveryMessageIsAcceptedAndInert(t *testing.T) {
	fake := sinktest.NewServiceNow(t)
	s := start(t, fake, config(fake))
	rnd := sinktest.Seeded(t)
	cases := sinktest.Messages()
	for i := range 13 {
		cases = append(cases, messagetest.Case{Name: fmt.Sprint("random ", i), Message: sinktest.Random(rnd, 5<<(8+i))})
	}
	o := deliver(t, s, messagetest.Opened(), nil)
	for i, c := range cases {
		m, receipt := *c.Message, o.Receipt
		if i%2 == 0 {
			m.Key, receipt = fmt.Sprintf("%064x", i+1), nil
		}
		if i%7 == 0 {
			m.Key, receipt = "x^active=false^ORcorrelation_idISNOTEMPTY,@="+c.Name, nil
		}
		before, sent := len(fake.Faults()), len(fake.Requests())
		if o := deliver(t, s, &m, receipt); o.Class != alert.OK {
			t.Errorf("%s: %+v", c.Name, o)
		}
		if faults := fake.Faults(); len(faults) > before {
			t.Errorf("%s: %q", c.Name, faults[before:])
		}
		whole(t, fake.Requests()[sent:], c.Name, &m)
	}
}

// whole checks that key and links are in what was written.
func whole(t *testing.T, sent []sinktest.Request, name string, m *message.Message) {
	t.Helper()
	for _, r := range sent {
		var f map[string]string
		if r.Method == "GET" || json.Unmarshal(r.Body, &f) != nil {
			continue
		}
		text := f["description"] + f["work_notes"]
		for _, l := range m.Links {
			if !strings.Contains(text, l.URL) {
				t.Errorf("%s: the link is gone", name)
			}
		}
		if !strings.Contains(text, "\nKey: ") {
			t.Errorf("%s: the key is gone", name)
		}
	}
}

func TestGolden(t *testing.T) {
	fake := sinktest.NewServiceNow(t)
	sinktest.Previews(t, start(t, fake, config(fake)), messagetest.Kinds())
}

// F76.
func TestSecretsStayInside(t *testing.T) {
	var out strings.Builder
	for _, auth := range []string{servicenow.Basic, servicenow.ClientCredentials, servicenow.Password} {
		fake := sinktest.NewServiceNow(t)
		c := config(fake)
		c.Auth, c.ClientID, c.ClientSecret = auth, sink.Fixed(fake.ClientID), sink.Fixed(fake.ClientSecret)
		s := start(t, fake, c)
		deliver(t, s, messagetest.Opened(), nil) // there is a token now
		own := fake.Password
		if auth != servicenow.Basic {
			own = sinktest.Secret("servicenow bearer") + "-1"
		}
		for _, canned := range []sinktest.Canned{{Status: 400, Body: own}, {Status: 403, Body: own}, {Cut: true}, {Status: 200, Body: own}} {
			fake.Then(canned)
			o := deliver(t, s, messagetest.Repeated(), nil)
			fmt.Fprintf(&out, "%+v %#v", o, o)
		}
		fake.Expire()
		deliver(t, s, messagetest.Repeated(), nil)
		s = start(t, fake, c)
		for _, canned := range []sinktest.Canned{{Status: 400, Body: fake.ClientSecret}, {Status: 500, Body: fake.Password}} {
			if auth == servicenow.Password || auth == servicenow.ClientCredentials && canned.Status == 400 {
				fake.Then(canned)
				o := deliver(t, s, messagetest.Repeated(), nil)
				fmt.Fprintf(&out, "%+v %#v", o, o)
			}
		}
	}
	if leaks := sinktest.Leaks(out.String()); len(leaks) > 0 {
		t.Errorf("%q: %s", leaks, out.String())
	}
}

func TestNewNamesTheSetting(t *testing.T) {
	good := servicenow.Config{Instance: "https://example.service-now.com", Username: sink.Fixed("u"), Password: sink.Fixed("p")}
	for want, change := range map[string]func(*servicenow.Config){
		"instance":           func(c *servicenow.Config) { c.Instance = "https://10.0.0.1" },
		"without a path":     func(c *servicenow.Config) { c.Instance += "/api" },
		"auth \"x\"":         func(c *servicenow.Config) { c.Auth = "x" },
		"username":           func(c *servicenow.Config) { c.Password = nil },
		"client_id":          func(c *servicenow.Config) { c.Auth = servicenow.ClientCredentials },
		"inactive":           func(c *servicenow.Config) { c.Inactive = "x" },
		"journal":            func(c *servicenow.Config) { c.Journal = "x" },
		"name of a table":    func(c *servicenow.Config) { c.Table = "a/../b" },
		"expected 1, 2 or 3": func(c *servicenow.Config) { c.Urgency = map[string]int{"high": 9} },
		"fields: short":      func(c *servicenow.Config) { c.Fields = map[string]string{"short": "{{"} },
		"\"a b\" is not":     func(c *servicenow.Config) { c.Fields = map[string]string{"a b": ""} },
	} {
		c := good
		change(&c)
		if _, err := servicenow.New(c, sinktest.Client(t), now); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

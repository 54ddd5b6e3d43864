package message_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/internal/publicdata"
	"github.com/trailwarden/trailwarden/internal/seeds"
	"github.com/trailwarden/trailwarden/message"
	"github.com/trailwarden/trailwarden/message/messagetest"
)

func builder(t testing.TB, o message.Options) *message.Builder {
	t.Helper()
	b, err := message.NewBuilder(o)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func build(t testing.TB, b *message.Builder, a *alert.Alert, d alert.Delivery) *message.Message {
	t.Helper()
	m, err := b.Build(context.Background(), a, d)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// The message depends on what the alert holds, not on the order in which its
// samples, tallies and notes came.
func TestOrderDoesNotMatter(t *testing.T) {
	b := builder(t, message.Options{})
	var records []json.RawMessage
	for i := range 8 {
		records = append(records, json.RawMessage(fmt.Sprintf(`{"eventName":"Call%d","eventSource":"iam.amazonaws.com","awsRegion":"us-east-1","eventID":"0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4%d",`+
			`"userIdentity":{"type":"IAMUser","userName":"u%d"},"recipientAccountId":"111122223333"}`, i%3, i, i%2)))
	}
	a := messagetest.Alert(records...)
	a.Samples[3].Time, a.Samples[4].Time = a.Samples[2].Time, a.Samples[2].Time // ties
	for _, f := range []string{"eventName", "actor"} {
		a.Tallies = append(a.Tallies, alert.Tally{Field: f, Values: []alert.TalliedText{{Text: "x", Count: 3}, {Text: "y", Count: 3}, {Text: "z", Count: 9}}})
	}
	for i := range 3 {
		a.Notes = append(a.Notes, alert.Note{Time: messagetest.Moment().Add(time.Duration(i) * time.Hour), By: "bob", Did: "noted"})
	}
	want := build(t, b, a, alert.Delivery{Kind: alert.Repeated})
	seed := seeds.Of(t)
	r := rand.New(rand.NewPCG(seed, 1))
	for range 200 {
		r.Shuffle(len(a.Samples), func(i, j int) { a.Samples[i], a.Samples[j] = a.Samples[j], a.Samples[i] })
		r.Shuffle(len(a.Tallies), func(i, j int) { a.Tallies[i], a.Tallies[j] = a.Tallies[j], a.Tallies[i] })
		r.Shuffle(len(a.Notes), func(i, j int) { a.Notes[i], a.Notes[j] = a.Notes[j], a.Notes[i] })
		for _, y := range a.Tallies {
			r.Shuffle(3, func(i, j int) { y.Values[i], y.Values[j] = y.Values[j], y.Values[i] })
		}
		if d := cmp.Diff(want, build(t, b, a, alert.Delivery{Kind: alert.Repeated})); d != "" {
			t.Fatalf("seed %d: %s", seed, d)
		}
	}
}

// documented are the fields that CloudTrail documents, identity's included.
func documented() []string {
	all := []string{"userIdentity.type", "userIdentity.userName", "userIdentity.arn", "userIdentity.accountId", "userIdentity.principalId", "userIdentity.accessKeyId",
		"userIdentity.invokedBy", "userIdentity.identityProvider", "userIdentity.onBehalfOf", "userIdentity.sessionContext", "userIdentity.sessionContext.sessionIssuer",
		"userIdentity.sessionContext.attributes", "userIdentity.sessionContext.attributes.mfaAuthenticated", "userIdentity.sessionContext.sourceIdentity",
		"userIdentity.sessionContext.webIdFederationData", "requestParameters.userName", "requestParameters.omitted", "responseElements.user", "insightDetails.state"}
	for f := cloudtrail.EventVersion; f <= cloudtrail.SummaryDetails; f++ {
		all = append(all, f.String())
	}
	return all
}

// Whatever type a documented field has, and when it is missing, a message is made
// and holds to its promises.
func TestEveryFieldOfEveryType(t *testing.T) {
	b := builder(t, message.Options{Fields: documented()})
	n := 0
	for _, field := range documented() {
		kinds := []string{"AssumedRole"}
		if strings.HasPrefix(field, "userIdentity") {
			kinds = []string{"AssumedRole", "IAMUser", "Root", "AWSAccount", "IdentityCenterUser", "FederatedUser", "Martian"}
		}
		for _, kind := range kinds {
			for _, value := range []string{"", "null", "true", "-1e400", `"text"`, `""`, `{"a":{"b":[1]}}`, `{}`, `["x",{"y":null}]`, `[]`, `"\ud800\u0000\u202e"`} {
				raw := set(t, whole(kind), field, value)
				m := build(t, b, messagetest.Alert(raw), alert.Delivery{Kind: alert.Opened})
				promises(t, field+" = "+value, m)
				n++
			}
		}
	}
	t.Logf("%d records", n)
}

func whole(kind string) map[string]any {
	return map[string]any{
		"eventVersion": "1.11", "eventTime": "2026-03-14T15:09:26Z", "eventSource": "iam.amazonaws.com", "eventName": "CreateUser", "awsRegion": "us-east-1",
		"userIdentity": map[string]any{"type": kind, "userName": "alice", "arn": "arn:aws:sts::111122223333:assumed-role/R/s", "accountId": "111122223333",
			"principalId": "AROAEXAMPLEEXAMPLEEX:s", "sessionContext": map[string]any{"sessionIssuer": map[string]any{"userName": "R"}, "attributes": map[string]any{}}},
		"requestParameters": map[string]any{"userName": "eve"}, "responseElements": map[string]any{"user": map[string]any{"arn": "x"}},
		"resources": []any{map[string]any{"ARN": "arn:aws:iam::111122223333:user/eve"}}, "recipientAccountId": "111122223333", "eventID": messagetest.EventID,
		"insightDetails": map[string]any{"state": "Start"}, "sourceIPAddress": "203.0.113.7", "userAgent": "aws-cli/2.1",
	}
}

// set puts a value, JSON text, at a dotted path; "" removes what is there.
func set(t *testing.T, record map[string]any, path, value string) json.RawMessage {
	t.Helper()
	at := record
	keys := strings.Split(path, ".")
	for _, k := range keys[:len(keys)-1] {
		next, ok := at[k].(map[string]any)
		if !ok {
			next = map[string]any{}
			at[k] = next
		}
		at = next
	}
	if last := keys[len(keys)-1]; value == "" {
		delete(at, last)
	} else {
		at[last] = json.RawMessage(value)
	}
	raw, err := json.Marshal(record)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// promises are what every message keeps, whatever the record.
func promises(t testing.TB, name string, m *message.Message) {
	t.Helper()
	text, err := json.Marshal(m)
	if err != nil || !utf8.Valid(text) {
		t.Fatalf("%s: not valid: %v", name, err)
	}
	if len(text) > 300<<10 {
		t.Errorf("%s: the message has %d bytes", name, len(text))
	}
	if m.Key != messagetest.Key || m.Headline == "" || strings.ContainsAny(m.Headline, "\r\n") || utf8.RuneCountInString(m.Headline) > 250 {
		t.Errorf("%s: key %q, headline %q", name, m.Key, m.Headline)
	}
	for _, e := range m.Events {
		if e.Raw != nil && !json.Valid(e.Raw) {
			t.Errorf("%s: raw is not JSON", name)
		}
	}
	for _, l := range m.Links {
		if !strings.HasPrefix(l.URL, "https://") || strings.ContainsAny(l.URL, " <>\"'|\\\n") {
			t.Errorf("%s: link %q", name, l.URL)
		}
	}
	for _, s := range m.Next {
		if strings.ContainsAny(s.Command, ";`$\\<>") || strings.Count(s.Command, "'")%2 != 0 {
			t.Errorf("%s: command %q", name, s.Command)
		}
	}
}

// Payloads in every text of a record reach no command, no link and no key, and
// break nothing.
func TestPayloadsInEveryField(t *testing.T) {
	b := builder(t, message.Options{})
	n := 0
	for i, p := range messagetest.Payloads() {
		q, _ := json.Marshal(strings.ToValidUTF8(p, "\ufffd"))
		all := whole("AssumedRole")
		for j, field := range documented() {
			if field == "eventTime" {
				continue
			}
			if strings.Count(field, ".") == 0 && field != "userIdentity" && field != "requestParameters" {
				all[field] = json.RawMessage(q)
			}
			if (i+j)%16 != 0 {
				continue
			}
			raw := set(t, whole("AssumedRole"), field, string(q))
			promises(t, field+" = "+string(q[:min(len(q), 60)]), build(t, b, messagetest.Alert(raw), alert.Delivery{Kind: alert.Opened}))
			n++
		}
		raw := set(t, all, "userIdentity.userName", string(q))
		promises(t, "all = "+string(q[:min(len(q), 60)]), build(t, b, messagetest.Alert(raw), alert.Delivery{Kind: alert.Opened}))
	}
	t.Logf("%d records with one payload, %d full of it", n, len(messagetest.Payloads()))
}

// A record that is none still makes a message that says so, with its evidence.
func TestBrokenRecords(t *testing.T) {
	b := builder(t, message.Options{})
	for name, raw := range map[string]string{"nothing": "", "null": "null", "list": "[]", "text": `"x"`, "cut": `{"eventName":"x`, "deep": strings.Repeat(`{"a":`, 400) + "1" + strings.Repeat("}", 400),
		"5 MB of text": `{"userAgent":"` + strings.Repeat("x", 5<<20) + `"}`, "5 MB of list": `{"requestParameters":{"a":[` + strings.Repeat("1,", 2_500_000) + `1]}}`} {
		m := build(t, b, messagetest.Alert(json.RawMessage(raw)), alert.Delivery{Kind: alert.Opened})
		promises(t, name, m)
		if m.Events[0].Evidence.File == "" {
			t.Errorf("%s: no evidence", name)
		}
	}
}

// An oracle that reads published records with encoding/json finds what the
// message says, for every one of them.
func TestPublishedRecordsAreToldRight(t *testing.T) {
	b := builder(t, message.Options{})
	n := 0
	for _, r := range publicdata.Records(t, "cloudtrail") {
		var o map[string]any
		if json.Unmarshal(r.Raw, &o) != nil {
			continue
		}
		m := build(t, b, messagetest.Alert(r.Raw), alert.Delivery{Kind: alert.Opened})
		if n%5 == 0 {
			promises(t, r.File, m)
		}
		id, _ := o["userIdentity"].(map[string]any)
		account := firstOf(o["recipientAccountId"], id["accountId"])
		for _, c := range []struct{ what, got, want string }{
			{"action", m.What.Action, firstOf(o["eventName"])}, {"service", m.What.Service, firstOf(o["eventSource"])},
			{"account", m.Where.Account, account}, {"region", m.Where.Region, firstOf(o["awsRegion"])},
			{"address", m.From.IP, firstOf(o["sourceIPAddress"])}, {"error", m.What.ErrorCode, firstOf(o["errorCode"])},
			{"id", m.Events[0].ID, firstOf(o["eventID"])}, {"type", m.Who.Type, firstOf(id["type"])}, {"arn", m.Who.ARN, firstOf(id["arn"])},
		} {
			if c.got != c.want {
				t.Errorf("%s: %s is %q, want %q", firstOf(o["eventID"]), c.what, c.got, c.want)
			}
		}
		if id["type"] == "IAMUser" && m.Who.Name != firstOf(id["userName"], id["arn"]) {
			t.Errorf("%s: who is %q", firstOf(o["eventID"]), m.Who.Name)
		}
		if m.Who.Name == "unknown" && len(id) > 0 {
			t.Errorf("%s: nobody, of %v", firstOf(o["eventID"]), id)
		}
		n++
	}
	t.Logf("%d records", n)
}

func firstOf(all ...any) string {
	for _, x := range all {
		if s, _ := x.(string); s != "" {
			return s
		}
	}
	return ""
}

// Any record at all makes a message that keeps the promises.
func FuzzBuild(f *testing.F) {
	b, err := message.NewBuilder(message.Options{})
	if err != nil {
		f.Fatal(err)
	}
	for _, c := range messagetest.Canaries() {
		f.Add([]byte(c.Record))
	}
	f.Add([]byte(`{"eventName":5,"userIdentity":[],"resources":{"ARN":1},"insightDetails":{"insightContext":{"attributions":[{"attribute":"userIdentityArn","insight":[{"value":"x"}]}]}}}`))
	f.Add([]byte(`{"requestParameters":{"omitted":true,"originalSize":102400,"reason":"requestParameters too large"}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		m, err := b.Build(context.Background(), messagetest.Alert(raw), alert.Delivery{Kind: alert.Opened})
		if err != nil {
			t.Fatal(err)
		}
		promises(t, "fuzz", m)
	})
}

package alert_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/alert/storetest"
	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/severity"
)

// Who acted stays the same from session to session.
func TestStableActor(t *testing.T) {
	for _, c := range []struct{ name, identity, want string }{
		{"root", `{"type":"Root","arn":"arn:aws:iam::111122223333:root"}`, "arn:aws:iam::111122223333:root"},
		{"user", `{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/alice","userName":"alice","accessKeyId":"AKIA1"}`, "arn:aws:iam::111122223333:user/alice"},
		{"user without ARN", `{"type":"IAMUser","userName":"alice"}`, "alice"},
		{"role", `{"type":"AssumedRole","arn":"arn:aws:sts::1:assumed-role/Admin/alice","sessionContext":{"sessionIssuer":{"arn":"arn:aws:iam::1:role/team/Admin"}}}`, "arn:aws:iam::1:role/team/Admin"},
		{"role without issuer", `{"type":"AssumedRole","arn":"arn:aws:sts::1:assumed-role/Admin/alice@example.com"}`, "arn:aws:sts::1:assumed-role/Admin"},
		{"role by id only", `{"type":"AssumedRole","principalId":"AROA1:i-0abc"}`, "AROA1"},
		{"SAML", `{"type":"SAMLUser","userName":"bob","identityProvider":"idp"}`, "idp/bob"},
		{"web identity", `{"type":"WebIdentityUser","principalId":"p","userName":"","identityProvider":"idp"}`, "p"},
		{"service", `{"type":"AWSService","invokedBy":"ec2.amazonaws.com"}`, "ec2.amazonaws.com"},
		{"other account", `{"type":"AWSAccount","principalId":"AROA2:session","accountId":"2"}`, "AROA2"},
		{"anonymous", `{"type":"AWSAccount","principalId":"","accountId":"anonymous"}`, "anonymous"},
		{"identity center", `{"type":"IdentityCenterUser","onBehalfOf":{"userId":"u-1"}}`, "u-1"},
		{"federated", `{"type":"FederatedUser","arn":"arn:aws:sts::1:federated-user/carol"}`, "arn:aws:sts::1:federated-user/carol"},
		{"no identity", `null`, ""},
		{"wrong types", `{"type":7,"arn":[],"userName":{}}`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			rec, err := cloudtrail.ParseRecord([]byte(`{"userIdentity":` + c.identity + `}`))
			if err != nil {
				t.Fatal(err)
			}
			if got := alert.StableActor(rec); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestGroupOf(t *testing.T) {
	record := `{"recipientAccountId":"1","awsRegion":"eu-west-1","userIdentity":{"type":"IAMUser","userName":"alice"},
		"requestParameters":{"bucketName":"b","tags":[{"k":"y"},{"k":"x"},{"k":"y"}],"n":1.50,"long":"` + strings.Repeat("ä", 2000) + `"},"nothing":null}`
	for _, c := range []struct {
		name    string
		groupBy []string
		change  func(*alert.Finding)
		want    []string
	}{
		{"default", nil, nil, []string{"1", "eu-west-1", "alice"}},
		{"paths", []string{"requestParameters.bucketName", "requestParameters.n", "nothing", "none.such"}, nil, []string{"b", "1.50", "", ""}},
		{"array", []string{"requestParameters.tags.k"}, nil, []string{"x,y"}},
		{"case counts", []string{"requestparameters.bucketname"}, nil, []string{""}},
		{"window", nil, func(f *alert.Finding) { f.Detection = &alert.Detection{Group: []alert.Label{{Name: "ip", Value: "9"}}} }, []string{"9"}},
		{"row", []string{"user"}, func(f *alert.Finding) { f.Row = []alert.Label{{Name: "user", Value: "bob"}} }, []string{"bob"}},
		{"no JSON", nil, func(f *alert.Finding) { f.Record = []byte("{") }, []string{"", "", ""}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := alert.Finding{Rule: &alert.Rule{ID: "r", GroupBy: c.groupBy}, Record: []byte(record)}
			if c.change != nil {
				c.change(&f)
			}
			var got []string
			for _, l := range alert.GroupOf(&f) {
				got = append(got, l.Value)
			}
			if strings.Join(got, "|") != strings.Join(c.want, "|") {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
	f := alert.Finding{Rule: &alert.Rule{ID: "r", GroupBy: []string{"requestParameters.long"}}, Record: []byte(record)}
	if got := alert.GroupOf(&f)[0].Value; len(got) > alert.MaxValue || !utf8.ValidString(got) || !strings.Contains(got, "…#") {
		t.Errorf("a long value became %d bytes: %q", len(got), got)
	}
}

// Different alerts have different fingerprints, whatever an attacker writes into
// the values, and the order of the labels does not count.
func TestFingerprint(t *testing.T) {
	at := storetest.Noon()
	l := func(kv ...string) (ls []alert.Label) {
		for i := 0; i < len(kv); i += 2 {
			ls = append(ls, alert.Label{Name: kv[i], Value: kv[i+1]})
		}
		return ls
	}
	if alert.Fingerprint("r", l("a", "1", "b", "2"), at) != alert.Fingerprint("r", l("b", "2", "a", "1"), at) {
		t.Error("the order of the labels counts")
	}
	seen := map[string]int{}
	for i, id := range []string{
		alert.Fingerprint("r", l("a", "1", "b", "2"), at),
		alert.Fingerprint("r", l("a", "1b", "", "2"), at),
		alert.Fingerprint("r", l("a", "1", "b", "2"), at.Add(time.Hour)),
		alert.Fingerprint("ra", l("", "1", "b", "2"), at),
		alert.Fingerprint("r", l("a", "2", "b", "1"), at),
		alert.Fingerprint("r", l("a", "1"), at),
		alert.Fingerprint("r", nil, at),
	} {
		if j, ok := seen[id]; ok || len(id) != 64 {
			t.Errorf("fingerprints %d and %d are both %s", i, j, id)
		}
		seen[id] = i
	}
}

// Routes choose sinks by severity, rule, account and what else an alert has.
func TestRoutes(t *testing.T) {
	a := &alert.Alert{
		Rule:  &alert.Rule{ID: "iam/root-login", Severity: severity.High, Tags: []string{"attack.t1078", "cis"}},
		Group: []alert.Label{{Name: "account", Value: "111122223333"}, {Name: "region", Value: "us-east-1"}}, Count: 2, Mode: "serve",
		Tallies: []alert.Tally{{Field: "eventName", Values: []alert.TalliedText{{Text: "ConsoleLogin", Count: 1}, {Text: "GetUser", Count: 1}}}},
	}
	l := func(name, value string) alert.Label { return alert.Label{Name: name, Value: value} }
	for _, c := range []struct {
		name  string
		match []alert.Label
		want  bool
	}{
		{"everything", nil, true},
		{"severity", []alert.Label{l("severity", "high")}, true},
		{"at least", []alert.Label{l("severity", ">=medium")}, true},
		{"at least more", []alert.Label{l("severity", ">=critical")}, false},
		{"one of", []alert.Label{l("severity", "low"), l("severity", "high")}, true},
		{"both", []alert.Label{l("severity", "high"), l("account", "444455556666")}, false},
		{"wildcard", []alert.Label{l("rule", "iam/*"), l("account", "1111*")}, true},
		{"question mark", []alert.Label{l("region", "us-east-?")}, true},
		{"tag", []alert.Label{l("tag", "cis")}, true},
		{"some event name", []alert.Label{l("eventName", "Get*")}, true},
		{"mode", []alert.Label{l("mode", "scan")}, false},
		{"unknown field", []alert.Label{l("colour", "*")}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := alert.Policy{Routes: []alert.Route{{Match: c.match, Sinks: []string{"s"}}}}
			if got := len(p.SinksOf(a)) == 1; got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
	p := alert.Policy{Routes: []alert.Route{
		{Match: []alert.Label{l("rule", "iam/*")}, Sinks: []string{"a", "b"}, Continue: true},
		{Match: []alert.Label{l("rule", "none")}, Sinks: []string{"never"}},
		{Sinks: []string{"b", "c"}},
		{Sinks: []string{"not reached"}},
	}}
	if got := strings.Join(p.SinksOf(a), " "); got != "a b c" {
		t.Errorf("got sinks %q, want a b c", got)
	}
}

// Buckets are of event time, whenever findings arrive, and a rule may have its
// own length.
func TestBuckets(t *testing.T) {
	at := func(s string) time.Time {
		v, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	ids := func(p alert.Policy, r *alert.Rule, times ...string) int {
		var b alert.Batch
		b.Now = storetest.Noon().AddDate(1, 0, 0)
		for _, s := range times {
			b.Findings = append(b.Findings, storetest.Finding(r, storetest.Event{ID: s, At: at(s)}))
		}
		in, _, _ := alert.Gather(&b, &p)
		return len(in)
	}
	r := storetest.Rule("r", severity.Low)
	if got := ids(alert.Policy{}, r, "2026-03-01T00:00:00Z", "2026-03-01T23:59:59Z", "2026-03-02T00:00:00Z"); got != 2 {
		t.Errorf("days: got %d alerts, want 2", got)
	}
	r.Bucket = time.Hour
	if got := ids(alert.Policy{}, r, "2026-03-01T00:59:59Z", "2026-03-01T01:00:00Z", "1969-12-31T23:59:59Z"); got != 3 {
		t.Errorf("hours: got %d alerts, want 3", got)
	}
}

// Exceptions are warned about before they end.
func TestExpiring(t *testing.T) {
	now := storetest.Noon()
	r := storetest.Rule("r", severity.Low)
	for _, d := range []time.Duration{-8 * 24, -1, 24, 6 * 24, 8 * 24} {
		r.Exceptions = append(r.Exceptions, alert.Exception{Owner: "alice", Reason: "x", Place: "r.yaml:9", Expires: now.Add(d * time.Hour)})
	}
	got := alert.Expiring([]*alert.Rule{r}, now, 7*24*time.Hour)
	if len(got) != 3 || !strings.Contains(got[0].Headline, "has ended") || !strings.Contains(got[1].Headline, "ends on 2026-03-15") {
		t.Fatalf("got %+v", got)
	}
	if a, b := got[1].Delivery("mail", now), got[1].Delivery("mail", now.Add(time.Hour)); a.ID != b.ID || a.ID == got[1].Delivery("mail", now.Add(24*time.Hour)).ID {
		t.Error("a notice is told once a day")
	}
}

// What an alert keeps is bounded, and valid JSON, whatever a record holds.
func TestLargeRecords(t *testing.T) {
	for _, c := range []struct{ name, record string }{
		{"large field", `{"eventID":"1","requestParameters":{"policy":"` + strings.Repeat("x", 3<<20) + `"},"awsRegion":"eu-west-1"}`},
		{"many fields", `{"eventID":"1"` + strings.Repeat(`,"`+strings.Repeat("k", 400)+`":"`+strings.Repeat("v", 1000)+`"`, 2000) + `}`},
		{"no JSON", "\x00\xff{"},
		{"empty", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := storetest.Finding(storetest.Rule("r", severity.Low), storetest.Event{ID: "1"})
			f.Record = json.RawMessage(c.record)
			b := alert.Batch{Findings: []alert.Finding{f}, Now: storetest.Noon()}
			in, _, _ := alert.Gather(&b, &alert.Policy{})
			a, _, _ := alert.Apply(nil, in[0], &alert.Env{Policy: &alert.Policy{}, Now: b.Now})
			kept := a.Samples[0].Record
			if !json.Valid(kept) || len(kept) > alert.MaxSampleRecord {
				t.Errorf("kept %d bytes, valid %v", len(kept), json.Valid(kept))
			}
			if c.name == "large field" && !strings.Contains(string(kept), `"awsRegion":"eu-west-1"`) {
				t.Errorf("small fields are gone: %s", kept)
			}
		})
	}
}

func TestBackoff(t *testing.T) {
	for attempts, want := range map[int]time.Duration{0: time.Second, 1: time.Second, 2: 2 * time.Second, 5: 16 * time.Second, 9: 256 * time.Second, 10: 5 * time.Minute, 1 << 30: 5 * time.Minute} {
		if got := alert.Backoff(attempts); got != want {
			t.Errorf("after %d attempts: got %s, want %s", attempts, got, want)
		}
	}
}

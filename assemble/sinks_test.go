package assemble_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/assemble"
	"github.com/trailwarden/trailwarden/config"
	"github.com/trailwarden/trailwarden/internal/awsx"
	"github.com/trailwarden/trailwarden/message/messagetest"
	"github.com/trailwarden/trailwarden/sink"
	"github.com/trailwarden/trailwarden/sink/sinktest"
	"github.com/trailwarden/trailwarden/source"
)

// parse reads a configuration that stands in dir.
func parse(t *testing.T, dir, text string) *config.Config {
	t.Helper()
	c, err := config.Parse(filepath.Join(dir, "trailwarden.yaml"), []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func noAWS(context.Context, awsx.Settings) (aws.Config, error) {
	return aws.Config{Region: "eu-west-1"}, nil
}

func options() assemble.Options {
	return assemble.Options{LoadAWS: noAWS, Out: io.Discard, Now: func() time.Time { return time.Date(2026, 3, 14, 9, 0, 0, 0, time.UTC) }}
}

// everyKind has a sink of each kind, with the settings that it needs.
const everyKind = `
sinks:
  slack: {slack: {webhook: env:A}}
  sns: {sns: {topic: 'arn:aws:sns:eu-west-1:111122223333:t'}}
  ses: {ses: {from: a@example.com, to: [b@example.com]}}
  smtp: {smtp: {server: 'mail.example.com:587', from: a@example.com, to: [b@example.com], username: u, password: env:A}}
  servicenow: {servicenow: {instance: 'https://example.service-now.com', username: u, password: env:A}}
  pagerduty: {pagerduty: {routing_key: env:A}}
  teams: {teams: {webhook: env:A}}
  webhook: {webhook: {url: env:A, hmac_key: env:A, secret_headers: {X-Key: env:A}, headers: {X-Team: soc}}}
  securityhub: {securityhub: {account: '111122223333'}}
  eventbridge: {eventbridge: }
  file: {file: {path: messages.ndjson}}
  ocsf: {ocsf: {path: ocsf.ndjson}}
  stdout: {stdout: }
`

// Every kind of sink that the configuration knows can be made, and shows every
// kind of message.
func TestEveryKindOfSinkIsMade(t *testing.T) {
	cfg := parse(t, t.TempDir(), everyKind)
	a := assemble.New(cfg, options())
	made, err := a.Sinks(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var kinds []string
	for _, k := range config.Keys() {
		if rest, ok := strings.CutPrefix(k.Path, "sinks.NAME."); ok && !strings.Contains(rest, ".") {
			kinds = append(kinds, rest)
		}
	}
	for _, general := range []string{"enabled", "quota", "timeout", "lifecycle", "template"} {
		kinds = slices.DeleteFunc(kinds, func(k string) bool { return k == general })
	}
	slices.Sort(kinds)
	if got := slices.Sorted(maps.Keys(made)); !slices.Equal(got, kinds) {
		t.Errorf("made %v; the configuration knows %v", got, kinds)
	}
	for name, s := range made {
		for _, c := range messagetest.Kinds() {
			if p, err := s.Preview(sink.Notification{Message: c.Message}); err != nil || len(p.Parts) == 0 {
				t.Errorf("%s: %s: %d parts, %v", name, c.Name, len(p.Parts), err)
			}
		}
	}
	if n := len(a.Targets(made)); n != len(made) {
		t.Errorf("%d targets of %d sinks", n, len(made))
	}
}

// One sink that cannot be made is named and does not stop the others.
func TestASinkThatCannotBeMadeStopsNoOther(t *testing.T) {
	cfg := parse(t, t.TempDir(), "sinks:\n  a: {servicenow: {instance: 'ftp://x'}}\n  b: {stdout: }\n  c: {stdout: , enabled: false}\n")
	a := assemble.New(cfg, options())
	made, err := a.Sinks(t.Context())
	if err == nil || !strings.HasPrefix(err.Error(), "sinks.a: ") || len(made) != 1 || made["b"] == nil {
		t.Errorf("%v, %v", made, err)
	}
	if _, err := a.Sink(t.Context(), "none"); !errors.Is(err, assemble.ErrUnknownSink) {
		t.Errorf("%v", err)
	}
}

// A secret that its receiver refused is fetched anew: when it was rotated, the
// message goes out with the new one, and nobody has to do anything. A sink that
// is paused hears of a new one when it is due to be fetched again.
func TestARefusedSecretIsFetchedAnew(t *testing.T) {
	fake := sinktest.NewSlack(t)
	kept, fetched, now := "xoxb-of-last-month", 0, time.Date(2026, 3, 14, 9, 0, 0, 0, time.UTC)
	o := options()
	o.Secrets = &config.Secrets{Now: func() time.Time { return now }, Fetch: map[string]config.Fetch{config.SchemeSSM: func(context.Context, string) (string, error) {
		fetched++
		return kept, nil
	}}}
	cfg := parse(t, t.TempDir(), "sinks: {a: {slack: {token: 'ssm:/bot', channel: C0ALERTS, api_url: '"+fake.URL+"/api', allow_private: [127.0.0.0/8]}}}")
	s, err := assemble.New(cfg, o).Sink(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	renewed, ok := s.(sink.Renewer)
	if !ok {
		t.Fatal("a sink with secrets does not say when they are renewed")
	}
	n := sink.Notification{Message: messagetest.Opened()}
	if out := s.Deliver(t.Context(), n); out.Class != alert.Auth || len(fake.Requests()) != 1 || fetched != 2 || renewed.Renewed(t.Context()) {
		t.Errorf("%+v after %d requests and %d looks, want one request with a secret that is refused, and a look for another", out, len(fake.Requests()), fetched)
	}
	kept = "xoxb-of-yesterday"
	now = now.Add(5 * time.Minute)
	if !renewed.Renewed(t.Context()) {
		t.Error("a new secret is not seen")
	}
	kept = fake.Token
	if out := s.Deliver(t.Context(), n); out.Class != alert.OK || len(fake.Posts()) != 1 {
		t.Errorf("with a secret that was rotated: %+v, %d posts", out, len(fake.Posts()))
	}
}

// The name of a user may be kept beside its password.
func TestAUserIsFetchedLikeItsPassword(t *testing.T) {
	fake := sinktest.NewServiceNow(t)
	cfg := parse(t, t.TempDir(), "sinks: {a: {servicenow: {instance: '"+fake.URL+"', username: 'secretsmanager:now#user', password: 'secretsmanager:now#password', allow_private: [127.0.0.0/8]}}}")
	o := options()
	o.Secrets = &config.Secrets{Now: o.Now, Fetch: map[string]config.Fetch{config.SchemeManager: func(context.Context, string) (string, error) {
		return fmt.Sprintf(`{"user": %q, "password": %q}`, fake.User, fake.Password), nil
	}}}
	s, err := assemble.New(cfg, o).Sink(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	if out := s.Deliver(t.Context(), sink.Notification{Message: messagetest.Opened()}); out.Class != alert.OK {
		t.Errorf("%+v", out)
	}
}

// A sink's template says the message; one that fails is found when the
// configuration is read.
func TestTemplates(t *testing.T) {
	cfg := parse(t, t.TempDir(), "messages:\n  templates:\n    short:\n      headline: 'Mine: {{.Headline}}'\nsinks: {a: {stdout: , template: short}}\n")
	a := assemble.New(cfg, options())
	b, err := a.Builder(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	made, err := a.Sinks(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	m, err := a.Dispatcher(made, b).Build(t.Context(), nil, alert.Delivery{ID: "x", Sink: "a", Kind: alert.Health, Body: []byte(`{"headline":"quiet"}`)})
	if err != nil || m.Headline != "Mine: quiet" {
		t.Errorf("%v, %v", m, err)
	}
	cfg = parse(t, t.TempDir(), "messages:\n  templates:\n    short:\n      text: |\n        one\n        {{.Nothing}}\n")
	if _, err = assemble.New(cfg, options()).Builder(t.Context()); err == nil || !strings.Contains(err.Error(), "trailwarden.yaml:6") {
		t.Errorf("%v; want line 6", err)
	}
}

// Names of accounts are in messages, and routes can go by them.
func TestAccountsFromAFile(t *testing.T) {
	dir := t.TempDir()
	names := "accounts:\n  \"111122223333\": {name: production, unit: Root/Workloads/Production}\n  \"444455556666\": {name: sandbox, unit: Root/Sandbox}\n"
	if err := os.WriteFile(filepath.Join(dir, "names.yaml"), []byte(names), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg := parse(t, dir, `
enrich: {accounts: names.yaml}
sinks: {a: {stdout: }, b: {stdout: }, c: {stdout: }}
routes:
  - {match: {unit: "Root/Workloads*"}, sinks: [a]}
  - {match: {account: sandbox}, sinks: [b]}
  - {match: {unit: Root/None}, sinks: [c]}
`)
	a := assemble.New(cfg, options())
	defer a.Close()
	b, err := a.Builder(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if name, unit, ok := b.Accounts.Account("111122223333"); name != "production" || unit != "Root/Workloads/Production" || !ok {
		t.Errorf("%s %s %v", name, unit, ok)
	}
	p := a.Policy(nil)
	for account, want := range map[string]string{"111122223333": "a", "444455556666": "b", "999999999999": ""} {
		got := strings.Join(p.SinksOf(&alert.Alert{Rule: &alert.Rule{ID: "r"}, Group: []alert.Label{{Name: "account", Value: account}}}), ",")
		if got != want {
			t.Errorf("%s goes to %q; want %q", account, got, want)
		}
	}
}

// organizationOf is an AWS Organizations whose one account is in the unit, and says
// nothing while it is broken.
func organizationOf(t *testing.T, unit *string, broken *bool) (url string) {
	t.Helper()
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if *broken {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"__type":"AccessDeniedException","Message":"no"}`)
			return
		}
		var in struct {
			ParentID string `json:"ParentId"`
		}
		_ = json.NewDecoder(r.Body).Decode(&in)
		_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		answer := map[string]string{
			"ListRoots":                             `{"Roots":[{"Id":"r-1","Name":"Root"}]}`,
			"ListOrganizationalUnitsForParent r-1":  `{"OrganizationalUnits":[{"Id":"ou-1","Name":"` + *unit + `"}]}`,
			"ListOrganizationalUnitsForParent ou-1": `{"OrganizationalUnits":[]}`,
			"ListAccountsForParent r-1":             `{"Accounts":[]}`,
			"ListAccountsForParent ou-1":            `{"Accounts":[{"Id":"444455556666","Name":"trying","Status":"ACTIVE"}]}`,
		}[strings.TrimSpace(operation+" "+in.ParentID)]
		_, _ = io.WriteString(w, answer)
	}))
	t.Cleanup(srv.Close)
	return srv.URL
}

const byUnit = `
rules: {packs: [starter]}
alerts: {own_activity: judge}
sources: {logs: {folder: {path: .}}}
enrich: {accounts: {organizations: {region: us-east-1, endpoint: "%s"}}}
sinks: {a: {stdout: }, b: {stdout: }}
routes:
  - {match: {unit: "Root/Sandbox*"}, sinks: [a]}
  - {sinks: [b]}
`

func goesTo(p *assemble.Parts, account string) string {
	return strings.Join(p.Policy.SinksOf(&alert.Alert{Rule: &alert.Rule{ID: "r"}, Group: []alert.Label{{Name: "account", Value: account}}}), ",")
}

// The parts of a server and of a function know what AWS Organizations says of
// accounts, and their routes go by it.
func TestPartsKnowTheOrganization(t *testing.T) {
	unit, broken := "Sandbox", false
	o := options()
	o.LoadAWS = awsx.Load
	p, err := assemble.PartsOf(t.Context(), parse(t, t.TempDir(), fmt.Sprintf(byUnit, organizationOf(t, &unit, &broken))), o)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Assembly.Close()
	for account, want := range map[string]string{"444455556666": "a", "111122223333": "b"} {
		if got := goesTo(p, account); got != want {
			t.Errorf("%s goes to %q; want %q", account, got, want)
		}
	}
}

// A server asks again when the names are old, routes by what it hears then, and
// keeps the names that it knows while nobody answers.
func TestServersAskTheOrganizationAgain(t *testing.T) {
	unit, broken := "Sandbox", false
	file := filepath.Join(t.TempDir(), "trailwarden.yaml")
	if err := os.WriteFile(file, fmt.Appendf(nil, byUnit, organizationOf(t, &unit, &broken)), 0o600); err != nil {
		t.Fatal(err)
	}
	o, now := options(), time.Date(2026, 3, 14, 9, 0, 0, 0, time.UTC)
	o.LoadAWS, o.Now = awsx.Load, func() time.Time { return now }
	l := assemble.NewLoader(file, o, nil)
	for _, step := range []struct {
		after   time.Duration
		unit    string
		broken  bool
		changed bool
		want    string
	}{
		{0, "Sandbox", false, true, "a"},
		{23 * time.Hour, "Production", false, false, ""},
		{time.Hour, "Production", false, true, "b"},
		{24 * time.Hour, "Sandbox", true, true, "b"},
		{59 * time.Second, "Sandbox", false, false, ""},
		{time.Second, "Sandbox", false, true, "a"},
		{23 * time.Hour, "Sandbox", false, false, ""},
	} {
		now, unit, broken = now.Add(step.after), step.unit, step.broken
		if changed := l.Changed(); changed != step.changed {
			t.Fatalf("at %v changed is %v", now, changed)
		}
		if !step.changed {
			continue
		}
		p, err := l.Load(t.Context(), &source.MemoryCursor{})
		if err != nil {
			t.Fatal(err)
		}
		if got := goesTo(p, "444455556666"); got != step.want {
			t.Errorf("at %v the account's alerts go to %q; want %q", now, got, step.want)
		}
		if err := p.Assembly.Close(); err != nil {
			t.Error(err)
		}
	}
}

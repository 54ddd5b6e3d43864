package assemble_test

import (
	"strings"
	"testing"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/assemble"
	"github.com/trailwarden/trailwarden/severity"
)

// Routes of the configuration send alerts where it says.
func TestPolicySendsAlertsWhereRoutesSay(t *testing.T) {
	cfg := parse(t, t.TempDir(), `
sinks: {soc: {stdout: , quota: 1/s}, tickets: {stdout: }, off: {stdout: , enabled: false}, log: {stdout: , quota: 100/h}}
alerts: {bucket: 12h, repeat: 2h, storm_every: 10m}
routes:
  - {match: {min_severity: high}, sinks: [soc, off], continue: true, repeat: 4h}
  - {match: {rule: ["iam-*", root-login], tag: attack.t1136*}, sinks: [tickets]}
  - {match: {severity: [low, informational], region: eu-*}, sinks: []}
  - {match: {account: "1111*"}, sinks: [log]}
`)
	p := assemble.Policy(cfg, nil, nil)
	of := func(rule string, level severity.Level, account, region string, tags ...string) *alert.Alert {
		return &alert.Alert{Rule: &alert.Rule{ID: rule, Severity: level, Tags: tags},
			Group: []alert.Label{{Name: "account", Value: account}, {Name: "region", Value: region}}}
	}
	for name, c := range map[string]struct {
		alert *alert.Alert
		want  string
	}{
		"high goes on":             {of("x", severity.High, "111122223333", "us-east-1"), "soc,log"},
		"critical, by rule":        {of("root-login", severity.Critical, "2", "us-east-1", "attack.t1136.003"), "soc,tickets"},
		"the rule without the tag": {of("root-login", severity.Medium, "111122223333", "us-east-1"), "log"},
		"a wildcard of rules":      {of("iam-user", severity.Medium, "111122223333", "us-east-1", "attack.t1136"), "tickets"},
		"kept without telling":     {of("x", severity.Low, "111122223333", "eu-west-1"), ""},
		"elsewhere":                {of("x", severity.Low, "111122223333", "us-east-1"), "log"},
		"another account":          {of("x", severity.Low, "222222222222", "us-east-1"), ""},
	} {
		if got := strings.Join(p.SinksOf(c.alert), ","); got != c.want {
			t.Errorf("%s: %q; want %q", name, got, c.want)
		}
	}
	if p.Bucket != 12*time.Hour || p.Repeat != 2*time.Hour || p.Routes[0].Repeat != 4*time.Hour {
		t.Errorf("%+v", p)
	}
	if s := p.Sinks["soc"]; s.Quota != 60 || s.StormEvery != 10*time.Minute || !s.Lifecycle {
		t.Errorf("%+v", s)
	}
	if s := p.Sinks["log"]; s.Quota != 2 {
		t.Errorf("100 an hour are %d a minute", s.Quota)
	}
	if s := p.Sinks["tickets"]; s.Quota != 30 {
		t.Errorf("the default is %d a minute", s.Quota)
	}
}

// Without routes every alert goes to every sink that is enabled.
func TestPolicyWithoutRoutes(t *testing.T) {
	p := assemble.Policy(parse(t, t.TempDir(), "sinks: {a: {stdout: }, b: {stdout: , enabled: false}, c: {stdout: }}"), nil, nil)
	if got := strings.Join(p.SinksOf(&alert.Alert{Rule: &alert.Rule{ID: "r"}}), ","); got != "a,c" {
		t.Errorf("%q", got)
	}
}

// Overrides change what alerts tell of rules, the last one last.
func TestAdjust(t *testing.T) {
	cfg := parse(t, t.TempDir(), `
rules:
  overrides:
    iam-*: {severity: low, bucket: 1h}
    iam-user:
      severity: high
      group_by: [account]
      exceptions:
        - {match: {actor: "*deploy*", account: "111122223333"}, owner: bob, reason: deploys, expires: 2026-12-31}
`)
	r := &alert.Rule{ID: "iam-user", Severity: severity.Medium}
	assemble.Adjust(cfg)(r)
	if r.Severity != severity.High || r.Bucket != time.Hour || len(r.GroupBy) != 1 || len(r.Exceptions) != 1 {
		t.Fatalf("%+v", r)
	}
	e := r.Exceptions[0]
	if e.Owner != "bob" || !e.Expires.Equal(time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)) || len(e.Match) != 2 || e.Match[0].Name != "account" || !strings.HasSuffix(e.Place, "trailwarden.yaml:9") {
		t.Errorf("%+v", e)
	}
	other := &alert.Rule{ID: "root", Severity: severity.Medium}
	assemble.Adjust(cfg)(other)
	if other.Severity != severity.Medium || other.GroupBy != nil || other.Exceptions != nil {
		t.Errorf("%+v", other)
	}
}

// The limits of the configuration are the decoder's.
func TestLimits(t *testing.T) {
	l := assemble.Limits(parse(t, t.TempDir(), "limits: {record: 1MiB, depth: 100, decompressed: 3GiB}"))
	if l.Record != 1<<20 || l.Depth != 100 || l.Decompressed != 3<<30 || l.Keys != 20_000 || l.Faults == 0 || l.Whole == 0 {
		t.Errorf("%+v", l)
	}
}

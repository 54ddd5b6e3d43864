package config

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/trailwarden/trailwarden/rule/diagnostic"
	"github.com/trailwarden/trailwarden/severity"
)

var checkTime = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

// known stands for three loaded rules and a catalogue of two regions.
var known = Known{
	Rules: []KnownRule{
		{ID: "cloudtrail-stopped", Severity: severity.Critical, Tags: []string{"attack.t1562.008"}},
		{ID: "iam-user-created", Severity: severity.Medium, Tags: []string{"attack.t1136.003"}, Groups: []string{"network"}},
		{ID: "root-login", Severity: severity.High},
		{ID: "many-rows", Severity: severity.Low, Rows: true},
	},
	Field: func(path string) (bool, string) { return path == "userIdentity.userName", "userIdentity.userName" },
	Region: func(term string) (bool, string) {
		return term == "eu-west-1" || term == "us-east-1" || term == "eu-*", "eu-west-1"
	},
	Now: checkTime,
}

const sinksAB = "sinks:\n  soc: {stdout: {}}\n  tickets: {stdout: {}}\n"

// Every mistake is named by its line, with what to do.
func TestCheckNamesEveryMistake(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want []string // line: code and a part of each message; none for no mistake
	}{
		"nothing wrong":            {sinksAB + "routes:\n  - {match: {min_severity: high}, sinks: [soc]}\n  - {sinks: [tickets]}\n", nil},
		"unknown sink":             {sinksAB + "routes:\n  - sinks: [sok, tickets]\n", []string{`5: CF007 routes[0].sinks: there is no sink "sok"; did you mean soc?`, `2: CF012 sinks.soc: no route names it`}},
		"unreachable route":        {sinksAB + "routes:\n  - {sinks: [soc]}\n  - {match: {rule: root-login}, sinks: [tickets]}\n", []string{"6: CF008 routes[1]: no alert reaches it: routes[0] in line 5"}},
		"reachable by continue":    {sinksAB + "routes:\n  - {sinks: [soc], continue: true}\n  - {match: {rule: root-login}, sinks: [tickets]}\n", nil},
		"unreachable by severity":  {sinksAB + "routes:\n  - {match: {min_severity: medium}, sinks: [soc]}\n  - {match: {severity: [high, critical], tag: 'attack.*'}, sinks: [tickets]}\n", []string{"6: CF008"}},
		"reachable by severity":    {sinksAB + "routes:\n  - {match: {min_severity: high}, sinks: [soc]}\n  - {match: {severity: [medium, critical]}, sinks: [tickets]}\n", nil},
		"unreachable by wildcard":  {sinksAB + "routes:\n  - {match: {rule: 'root-*'}, sinks: [soc]}\n  - {match: {rule: root-login}, sinks: [tickets]}\n  - {sinks: [soc]}\n", []string{"6: CF008"}},
		"no severity left":         {sinksAB + "routes:\n  - {match: {severity: low, min_severity: high}, sinks: [soc]}\n  - {sinks: [tickets]}\n", []string{"5: CF011 routes[0].match: severity and min_severity leave no severity"}},
		"some alerts for nobody":   {"sinks: {a: {stdout: {}}}\nroutes:\n  - {match: {rule: root-login}, sinks: [a]}\n", []string{"3: CF010 routes: no route takes every critical alert"}},
		"sources and nobody":       {"sources: {a: {folder: {path: .}}}\n", []string{"1: CF010 there are sources and no sinks"}},
		"an unknown rule":          {"rules: {overrides: {root-logon: {enabled: false}}}\n", []string{`1: CF007 rules.overrides: no rule that is loaded is called "root-logon"; did you mean root-login?`}},
		"a wildcard of rules":      {"rules: {overrides: {root-*: {enabled: false}}}\n", nil},
		"a route of unknown rules": {sinksAB + "routes:\n  - match: {rule: [root-login, aws-*]}\n    sinks: [soc, tickets]\n  - sinks: [soc]\n", []string{`5: CF007 routes[0].match.rule: no rule that is loaded is called "aws-*"`}},
		"an unknown tag":           {sinksAB + "routes:\n  - match: {tag: [attack.t1136*, pci]}\n    sinks: [soc, tickets]\n  - sinks: [soc]\n", []string{`5: CF007 routes[0].match.tag: no rule that is loaded has the tag "pci"`}},
		"an expired exception":     {"rules:\n  overrides:\n    root-login:\n      exceptions:\n        - {match: {actor: x}, owner: o, reason: r, expires: 2026-05-31}\n", []string{"5: CF009 an exception of root-login expired on 2026-05-31"}},
		"the exception's last day": {"rules:\n  overrides:\n    root-login:\n      exceptions:\n        - {match: {actor: x}, owner: o, reason: r, expires: 2026-06-01}\n", []string{"5: CF009 an exception of root-login, owned by o, expires on 2026-06-01"}},
		"no owner":                 {"rules:\n  overrides:\n    root-login:\n      exceptions:\n        - {match: {actor: x}, owner: ' ', reason: r, expires: 2027-01-01}\n", []string{"5: CF009 an exception of root-login has no owner"}},
		"no owner key":             {"rules:\n  overrides:\n    root-login:\n      exceptions:\n        - {match: {actor: x}, reason: r, expires: 2027-01-01}\n", []string{"5: CF004 rules.overrides.root-login.exceptions[0]: owner is missing (who answers for it)"}},
		"an exception of no field": {"rules:\n  overrides:\n    root-login:\n      exceptions:\n        - {match: {userIdentity.userName: a, actr: b, network: c, who: d}, owner: o, reason: r, expires: 2027-01-01}\n", []string{`5: CF007 an exception of root-login: records have no field "actr"; did you mean actor?`, `5: CF007 an exception of root-login: records have no field "network"`}},
		"an exception by a group":  {"rules:\n  overrides:\n    iam-*:\n      exceptions:\n        - {match: {network: b}, owner: o, reason: r, expires: 2027-01-01}\n    many-*:\n      exceptions:\n        - {match: {column: b}, owner: o, reason: r, expires: 2027-01-01}\n", nil},
		"a group that is none":     {"rules: {overrides: {root-login: {group_by: [account, usrname]}}}\n", []string{`1: CF007 rules.overrides.root-login.group_by: records have no field "usrname"`}},
		"no routes in the list":    {sinksAB + "routes: []\n", nil},
		"a quota below a minute's": {"sinks: {a: {stdout: {}, quota: 10/h}, b: {stdout: {}, quota: 90/h}, c: {stdout: {}, quota: 120/h}}\n", []string{"1: CF011 sinks.a.quota: quotas are kept by the minute: this one becomes 1/m", "1: CF011 sinks.b.quota: quotas are kept by the minute: this one becomes 2/m"}},
		"a quota by the minute":    {"sinks: {a: {stdout: {}, quota: 1000/m}, b: {stdout: {}, quota: 47/m}, c: {stdout: {}, quota: 49/s}, d: {stdout: {}, quota: 2940/h}}\n", nil},
		"lengths of nothing":       {"sinks: {a: {stdout: {}, timeout: 0}}\nalerts: {retention: 0s, give_up: 1d}\nserve: {reload: 0}\n", []string{"1: CF011 sinks.a.timeout: 0 stands for the default, 30s", "2: CF011 alerts.retention: 0 stands for the default, 400d"}},
		"a region of all clients":  {"aws: {region: us-esat-1}\n", []string{`1: CF014 aws.region: AWS has no region "us-esat-1"`}},
		"a role of organizations":  {"enrich: {accounts: {organizations: {role: me}}}\n", []string{`1: CF003 enrich.accounts.organizations.role: "me" is no ARN of iam`}},
		"files that are not there": {"sinks: {a: {webhook: {url: env:A, client_certificate: no.pem, client_key: env:K}}}\nqueries: {q: {file: no.sql}}\nlake: {path: l}\n", []string{`1: CF013 sinks.a.webhook.client_certificate:`, `2: CF013 queries.q.file:`}},
		"an age of weeks":          {sinksAB + "sources: {a: {s3: {bucket: xyz, from: 2w}}, b: {s3: {bucket: xyz, from: 2026-03-14T09:26, to: 1h30m}}}\n", nil},
		"an exception of all":      {"rules:\n  overrides:\n    root-login:\n      exceptions:\n        - {match: {actor: '*'}, owner: o, reason: r, expires: 2027-01-01}\n", []string{"5: CF009 an exception of root-login matches everything"}},
		"a webhook in clear":       {"sinks:\n  a:\n    slack:\n      webhook: https://hooks.slack.com/services/T0/B0/" + canary + "\n", []string{"4: CF006 sinks.a.slack.webhook: a secret does not stand in a configuration"}},
		"a token in a wrong key":   {"sinks:\n  a:\n    slack:\n      webhook: env:A\n      channel: xoxb-1-" + canary + "\n", []string{"5: CF006 sinks.a.slack.channel: this looks like a Slack token"}},
		"a password in a URL":      {"sinks:\n  a:\n    servicenow: {instance: 'https://u:" + canary + "@x.example.com', username: u, password: env:P}\n", []string{"3: CF006 sinks.a.servicenow.instance: this looks like a URL with a password", "3: CF003"}},
		"a secret as unknown kind": {"sinks:\n  a: {sns: {topic: 'xoxb-1-" + canary + "'}}\n", []string{"2: CF006", "2: CF004"}},
		"webhook and token":        {"sinks: {a: {slack: {webhook: env:A, token: env:B, channel: c}}}\n", []string{"1: CF011 sinks.a.slack: webhook and token exclude each other"}},
		"a topic that is none":     {"sinks: {a: {sns: {topic: my-topic}}}\n", []string{`1: CF003 sinks.a.sns.topic: "my-topic" is no ARN of sns`}},
		"a topic elsewhere":        {"sinks: {a: {sns: {topic: 'arn:aws:sns:us-east-1:111122223333:t', region: eu-west-1}}}\n", []string{"1: CF011 sinks.a.sns.region"}},
		"an address":               {"sinks: {a: {ses: {from: nobody, to: [x@example.com]}}}\n", []string{`1: CF003 sinks.a.ses: "nobody" is no e-mail address`}},
		"a key of the kind":        {"sinks: {a: {servicenow: {instance: 'https://x.service-now.com', username: u, password: env:P}, allow_private: [10.0.0.0/8]}}\n", []string{`1: CF002 unknown key "allow_private" in sinks.a; it belongs into sinks.a.servicenow`}},
		"a user by reference":      {"sinks: {a: {servicenow: {instance: 'https://x.service-now.com', username: env:U, password: env:P}}, b: {smtp: {server: 'mail.example.com:25', from: a@b.c, to: [a@b.c], username: 'secretsmanager:mail#user', password: 'secretsmanager:mail#password'}}}\n", nil},
		"a token as a user":        {"sinks:\n  a: {servicenow: {instance: 'https://x.service-now.com', username: 'xoxb-1-" + canary + "', password: env:P}}\n", []string{"2: CF006 sinks.a.servicenow.username: this looks like a Slack token"}},
		"a reference in vain":      {"sinks: {a: {slack: {token: env:TOKEN, channel: env:CHANNEL}}}\n", []string{"1: CF003 sinks.a.slack.channel: this key takes no reference such as env:CHANNEL"}},
		"a password without TLS":   {"sinks: {a: {smtp: {server: 'mail.example.com:25', from: a@b.c, to: [a@b.c], tls: off, username: u, password: env:P}}}\n", []string{"1: CF011 sinks.a.smtp.tls: a password is never sent without TLS"}},
		"servicenow without user":  {"sinks: {a: {servicenow: {instance: 'https://x.service-now.com'}}}\n", []string{"1: CF004 sinks.a.servicenow: auth basic needs username", "1: CF004 sinks.a.servicenow: auth basic needs password"}},
		"urgency":                  {"sinks: {a: {servicenow: {instance: 'https://x.service-now.com', username: u, password: env:P, urgency: {hihg: 1}}}}\n", []string{`1: CF003 sinks.a.servicenow.urgency "hihg": want one of`}},
		"a private range":          {"sinks: {a: {teams: {webhook: env:A, allow_private: [intranet]}}}\n", []string{`1: CF003 sinks.a.teams.allow_private: "intranet" is no range`}},
		"an unknown template":      {"sinks: {a: {teams: {webhook: env:A}, template: short}}\n", []string{`1: CF007 sinks.a.template: messages.templates has no "short"`}},
		"an unknown region":        {"approved_regions: [eu-wset-1]\n", []string{`1: CF014 approved_regions: AWS has no region "eu-wset-1" that is known to this release; did you mean eu-west-1?`}},
		"a bucket with a scheme":   {sinksAB + "sources: {a: {s3: {bucket: 's3://x'}}}\n", []string{`4: CF003 sources.a.s3.bucket: "s3://x" is no name of a bucket`}},
		"an account":               {sinksAB + "sources: {a: {s3: {bucket: xyz, accounts: ['1234']}}}\n", []string{`4: CF003 sources.a.s3.accounts: "1234" is no account id`}},
		"a port that is none":      {"serve: {listen: '127.0.0.1:81810'}\n", []string{`1: CF003 serve.listen: "127.0.0.1:81810" is no address`}},
		"an open endpoint":         {sinksAB + "sources: {a: {http: {listen: '0.0.0.0:80'}}}\n", []string{"4: CF004 sources.a.http: nothing may send to it"}},
		"an API key in clear":      {sinksAB + "sources: {a: {http: {listen: '0.0.0.0:80', eventbridge_api_key: env:K}}}\n", []string{"4: CF011 sources.a.http: the API key crosses the network in clear"}},
		"a path of an endpoint":    {sinksAB + "sources: {a: {http: {url_path: '/{x', sns_topics: ['arn:aws:sns:us-east-1:111122223333:t']}}}\n", []string{`4: CF003 sources.a.http.url_path: "/{x" is no path of an endpoint`}},
		"endpoints in one place": {sinksAB + "sources:\n  a: {http: {sns_topics: ['arn:aws:sns:us-east-1:111122223333:t']}}\n  b: {http: {sns_topics: ['arn:aws:sns:us-east-1:111122223333:u']}}\n",
			[]string{"6: CF011 sources.b.http: it has the address and the path of a"}},
		"a from that is no time": {sinksAB + "sources: {a: {s3: {bucket: xyz, from: yesterday, to: 2026-13-15}}}\n", []string{`4: CF003 sources.a.s3.from: "yesterday" is no time; want 2026-03-14`, `4: CF003 sources.a.s3.to: "2026-13-15" is no time`}},
		"a to before from":       {sinksAB + "sources: {a: {s3: {bucket: xyz, from: 2026-03-15, to: 2026-03-14}}}\n", []string{`4: CF011 sources.a.s3.to: nothing lies between from, "2026-03-15", and to, "2026-03-14"`}},
		"too old a history":      {sinksAB + "sources: {a: {lookup: {from: 100d}}}\n", []string{"4: CF011 sources.a.lookup.from: CloudTrail keeps its event history for 90 days"}},
		"external id alone":      {sinksAB + "sources: {a: {s3: {bucket: xyz, external_id: a}}}\n", []string{"4: CF011 sources.a.s3.external_id"}},
		"profiles for all":       {"serve: {listen: '0.0.0.0:8181', pprof: true}\n", []string{"1: CF011 serve.pprof"}},
		"health sinks":           {"sinks: {a: {stdout: {}}}\nserve: {health_sinks: [b]}\n", []string{`2: CF007 serve.health_sinks: there is no sink "b"; did you mean a?`}},
		"no such rules":          {"rules: [none/]\n", []string{`1: CF013 rules: "none": no such file or directory`}},
		"no such names":          {"enrich: {accounts: names.yaml}\n", []string{`1: CF013 enrich.accounts.file: "names.yaml": no such file`}},
		"no such database":       {"enrich: {geoip: {city: none.mmdb}}\n", []string{`1: CF013 enrich.geoip.city: "none.mmdb": no such file`}},
		"several at once":        {"formt: csv\nworkers: x\nsinks: {a: {slak: {}}}\n", []string{"1: CF002", "2: CF003 workers", `3: CF002 unknown key "slak" in sinks.a; did you mean slack?`, "3: CF005 sinks.a: it does not say what it is"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			conf, list := Decode("c.yaml", []byte(c.text))
			list = append(list, conf.Check(known)...)
			for i, d := range list {
				got := fmt.Sprintf("%d: %s %s", d.Line, d.Code, d.Message)
				if i >= len(c.want) || !strings.HasPrefix(got, c.want[i]) {
					t.Errorf("unexpected: %s", got)
				}
				if strings.Contains(d.Error(), canary) {
					t.Errorf("a secret is told: %s", d.Error())
				}
			}
			for _, w := range c.want[min(len(list), len(c.want)):] {
				t.Errorf("not said: %s", w)
			}
		})
	}
}

// The configuration object of the AWS Security Blog's walk-through is a rule
// and a sink.
func TestPublishedConfiguration(t *testing.T) {
	const text = `{
   "source" : "iam|signin|sts",
   "regexp" : "Password|AccessKey|PutRolePolicy|User|Token|Login",
   "sns" : {
      "region" : "us-west-2",
"topicARN" : "arn:aws:sns:us-west-2:123456789012:PushNotifications"
   }
}`
	c, err := Parse("filter_config.json", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if !c.Published || len(c.Rules) != 1 || c.Rules[0] != "filter_config.json" || len(c.Sinks) != 1 {
		t.Fatalf("%+v", c)
	}
	s := c.Sinks[0]
	if s.Kind() != "sns" || s.SNS.Topic != "arn:aws:sns:us-west-2:123456789012:PushNotifications" || s.SNS.Region != "us-west-2" || s.SNS.Style != "lines" || s.Quota.Count != 30 {
		t.Errorf("%+v %+v", s, s.SNS)
	}
	if list := c.Check(Known{Now: checkTime}); len(list) > 0 {
		t.Errorf("%v", list)
	}
	c, err = Parse("f.json", []byte(`{"source":"a","regexp":"b"}`))
	if err != nil || len(c.Sinks) != 0 || len(c.Check(Known{})) != 1 {
		t.Errorf("%+v, %v, %v", c.Sinks, err, c.Check(Known{}))
	}
	if _, err = Parse("f.json", []byte("{\"source\":\"a\",\n\"regexp\":\"(?=b)\"}")); err == nil || !strings.Contains(err.Error(), "f.json:2") {
		t.Errorf("%v", err)
	}
}

// Files that would cost much are refused before they do.
func TestBombsAreRefused(t *testing.T) {
	aliases := "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
	for i := 'b'; i < 'l'; i++ {
		aliases += fmt.Sprintf("%c: &%c [*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c]\n", i, i, i-1, i-1, i-1, i-1, i-1, i-1, i-1, i-1, i-1, i-1)
	}
	for name, text := range map[string]string{
		"aliases":   aliases,
		"deep":      "rules: " + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000),
		"huge":      "rules: [" + strings.Repeat("a,", 2<<20) + "]",
		"deep maps": strings.Repeat("{a: ", 5000) + "1" + strings.Repeat("}", 5000),
		"JSON":      strings.Repeat(`{"source":`, 3000) + "1" + strings.Repeat("}", 3000),
		"merges":    "a: &a {<<: *a}\n",
		"many keys": strings.Repeat("a", 100) + ": 1\n" + strings.Repeat("x", 3<<20),
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := Parse("c.yaml", []byte(text)); err == nil || len(err.Error()) > 2000 {
				t.Errorf("%.300v", err)
			}
		})
	}
	p := filepath.Join(t.TempDir(), "c.yaml")
	if err := os.WriteFile(p, make([]byte, 3<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(p); err == nil || !strings.Contains(err.Error(), "more than") {
		t.Errorf("%v", err)
	}
}

// Wherever a secret is written by mistake, no message repeats it.
func TestNoMessageRepeatsASecret(t *testing.T) {
	hook := "https://hooks.slack.com/services/T0/" + canary
	for _, text := range []string{
		"format: " + hook, "workers: " + hook, "fail_on: " + hook, "rules: {" + `"` + hook + `": 1}`, hook + ": 1",
		"sinks: {a: {slack: " + hook + "}}", "sinks: {a: {slack: {webhook: [" + hook + "]}}}", "sinks: {a: {slack: {webhook: *" + canary + "}}}",
		"sinks: {a: {slack: {webhook: " + canary + "}}}", "sinks: {a: {quota: " + hook + "}}", "sinks: {a: {enabled: " + hook + "}}",
		"sinks: {a: {slack: {webhook: env:A, style: " + hook + "}}}", "alerts: {repeat: " + hook + "}", "limits: {record: " + hook + "}",
		"routes: [{sinks: [" + hook + "]}]", "routes: [{match: {severity: " + hook + "}}]", "serve: {listen: '" + hook + "'}",
		"sinks: {a: {webhook: {url: " + hook + ", hmac_key: " + canary + ", bearer_token: " + canary + ", secret_headers: {X-Key: " + canary + "}}}}",
		"sinks: {a: {pagerduty: {routing_key: " + canary + "}}}", "sinks: {a: {smtp: {server: 'h:1', from: a@b.c, to: [a@b.c], password: " + canary + "}}}",
		"sinks: {a: {servicenow: {instance: x, password: " + canary + ", client_secret: " + canary + "}}}",
		"sources: {a: {http: {eventbridge_api_key: " + canary + "}}}", "sinks: {a: {slack: {token: !!binary " + canary + "}}}",
		"sinks: {a: {slack: {webhook: " + hook + ", webhook: " + hook + "}}}", "a: '" + hook + "\n", "{" + `"sinks": {"a": {"slack": {"webhook": "` + hook + `"}}}`,
	} {
		c, list := Decode("c.yaml", []byte(text))
		list = append(list, c.Check(known)...)
		if len(list) == 0 {
			t.Errorf("nothing is wrong with %s", text)
		}
		for _, d := range append(list, diagnostic.Diagnostic{Message: fmt.Sprintf("%+v %#v", c.Sinks, c.Sources)}) {
			if strings.Contains(fmt.Sprintf("%+v", d), canary) {
				t.Errorf("%s: %s %s", text, d.Error(), d.Fix)
			}
		}
	}
}

func TestWild(t *testing.T) {
	for _, c := range []struct {
		pattern, text string
		want          bool
	}{
		{"a", "a", true}, {"a", "b", false}, {"*", "", true}, {"a*", "abc", true}, {"*c", "abc", true}, {"a*c", "abc", true}, {"a*c", "ab", false},
		{"a*b*c", "axxbxxc", true}, {"a*b*c", "acb", false}, {"ab*ba", "aba", false}, {"**", "x", true}, {"a**b", "ab", true}, {"*a*a", "a", false},
	} {
		if got := Wild(c.pattern, c.text); got != c.want {
			t.Errorf("%q on %q: %v", c.pattern, c.text, got)
		}
	}
}

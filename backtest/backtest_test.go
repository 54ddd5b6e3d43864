package backtest_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/backtest"
	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/internal/publicdata"
	"github.com/trailwarden/trailwarden/packs"
	"github.com/trailwarden/trailwarden/pipeline"
	"github.com/trailwarden/trailwarden/report"
	"github.com/trailwarden/trailwarden/rule"
)

func rules(t *testing.T, text string) []*rule.Rule {
	t.Helper()
	set, list := rule.LoadFS(fstest.MapFS{"r.yaml": {Data: []byte(text)}}, "", rule.Options{})
	if list.Err() != nil {
		t.Fatal(list)
	}
	return set.Rules
}

// log writes 40 records of two days into a folder: a pipeline's, and one of a
// person.
func log(t *testing.T) string {
	t.Helper()
	var records []string
	for i := range 40 {
		who, name := "pipeline", "PutObject"
		if i == 13 {
			who, name = "alice", "DeleteBucket"
		}
		records = append(records, fmt.Sprintf(`{"eventVersion":"1.11","eventTime":"2026-03-%02dT%02d:00:00Z","eventSource":"s3.amazonaws.com","eventName":%q,"awsRegion":"eu-west-1","sourceIPAddress":"203.0.113.%d","eventID":"00000000-0000-4000-8000-%012d","recipientAccountId":"111122223333","userIdentity":{"type":"IAMUser","userName":%q}}`, 10+i/20, i%20, name, i%3, i, who))
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.json"), []byte(`{"Records":[`+strings.Join(records, ",")+`]}`), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

// Two sessions of a role are one actor to alerts, so they are to the forecast:
// what a rule would have told is what a watch then tells.
func TestForecastGroupsAsAlertsDo(t *testing.T) {
	var records []string
	for i, session := range []string{"alice", "i-0123456789abcdef0", "alice"} {
		records = append(records, fmt.Sprintf(`{"eventVersion":"1.11","eventTime":"2026-03-10T0%d:00:00Z","eventSource":"s3.amazonaws.com","eventName":"DeleteBucket","awsRegion":"eu-west-1","eventID":"00000000-0000-4000-8000-%012d","recipientAccountId":"111122223333","userIdentity":{"type":"AssumedRole","arn":"arn:aws:sts::111122223333:assumed-role/Deploy/%s","sessionContext":{"sessionIssuer":{"type":"Role","arn":"arn:aws:iam::111122223333:role/Deploy","userName":"Deploy"}}}}`, i, i, session))
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.json"), []byte(`{"Records":[`+strings.Join(records, ",")+`]}`), 0o644); err != nil {
		t.Fatal(err)
	}
	for by, want := range map[string]int64{"": 1, "group_by: [account, actor]\n": 1, "group_by: [who]\n": 2} {
		got, err := backtest.Run(context.Background(), backtest.Options{
			Scan:  pipeline.Options{Listing: pipeline.List([]string{dir}, false), Limits: cloudtrail.DefaultLimits()},
			Rules: rules(t, "id: deleted\nmatch: {where: {eventName: {equals: DeleteBucket}}}\n"+by),
		})
		if err != nil || len(got.Rules) != 1 || got.Rules[0].Alerts != want || got.Rules[0].Findings != 3 {
			t.Errorf("%q: %v %+v, want %d alerts", by, err, got.Rules, want)
		}
	}
}

// A noisy pipeline and one person: alerts are grouped, the narrowest exception
// names the pipeline alone, and a stricter set is compared.
func TestBacktest(t *testing.T) {
	dir := log(t)
	const all = "id: writes\nmatch: {where: {eventName: {regex: \"^(Put|Delete)\"}}}\ngroup_by: [account, actor]\n"
	got, err := backtest.Run(context.Background(), backtest.Options{
		Scan: pipeline.Options{Listing: pipeline.List([]string{dir}, false), Limits: cloudtrail.DefaultLimits()}, Suggest: true,
		Rules:   rules(t, all+"---\nid: new\nmatch: {where: {eventName: {equals: DeleteBucket}}}\n"),
		Against: rules(t, all+"---\nid: old\nmatch: {where: {eventName: {equals: DeleteBucket}}}\n"),
	})
	if err != nil || len(got.Rules) != 3 || got.Records != 40 {
		t.Fatalf("%v %+v", err, got)
	}
	w, fresh, old := got.Rules[0], got.Rules[1], got.Rules[2]
	if w.Rule != "writes" || w.Findings != 40 || w.Alerts != 3 || w.Principals[0] != (backtest.Share{Value: "pipeline", Findings: 39}) || *w.Before != (backtest.Figures{Findings: 40, Alerts: 3}) {
		t.Errorf("%+v", w)
	}
	if len(w.Suggestions) != 1 || fmt.Sprint(w.Suggestions[0]) != "{[{who pipeline} {eventName PutObject} {awsRegion eu-west-1}] 39 2 1}" {
		t.Errorf("%+v", w.Suggestions)
	}
	if fresh.Rule != "new" || fresh.Before != nil || fresh.Findings != 1 || old.Rule != "old" || !old.Gone || old.Before.Findings != 1 {
		t.Errorf("%+v\n%+v", fresh, old)
	}
}

// A rule that told nothing before is not new.
func TestARuleThatToldNothingBeforeIsKnown(t *testing.T) {
	got, err := backtest.Run(context.Background(), backtest.Options{
		Scan:    pipeline.Options{Listing: pipeline.List([]string{log(t)}, false), Limits: cloudtrail.DefaultLimits()},
		Rules:   rules(t, "id: r\nmatch: {where: {eventName: {equals: DeleteBucket}}}\n"),
		Against: rules(t, "id: r\nmatch: {where: {eventName: {equals: CreateBucket}}}\n"),
	})
	if err != nil || len(got.Rules) != 1 || got.Rules[0].Before == nil || *got.Rules[0].Before != (backtest.Figures{}) || got.Rules[0].Gone {
		t.Fatalf("%v %+v", err, got)
	}
}

// What sinks would have been sent follows routes, repeats and quotas: an alert is
// told at once, and again at most once an hour while it grows; a sink with a
// quota gets totals in place of the rest.
func TestMessagesPerSink(t *testing.T) {
	const text = "id: writes\nseverity: high\nmatch: {where: {eventName: {regex: \"^(Put|Delete)\"}}}\ngroup_by: [account, actor]\n"
	run := func(p *alert.Policy) map[string]int64 {
		got, err := backtest.Run(context.Background(), backtest.Options{
			Scan: pipeline.Options{Listing: pipeline.List([]string{log(t)}, false), Limits: cloudtrail.DefaultLimits()}, Rules: rules(t, text), Policy: p,
		})
		if err != nil {
			t.Fatal(err)
		}
		n := map[string]int64{}
		for _, x := range got.Sinks {
			n[x.Sink] = x.Messages
		}
		return n
	}
	for name, c := range map[string]struct {
		policy alert.Policy
		want   map[string]int64
	}{
		"one message an alert":                       {alert.Policy{Repeat: -1, Routes: []alert.Route{{Sinks: []string{"a", "b"}}}}, map[string]int64{"a": 3, "b": 3}},
		"each alert again as it grows, hour by hour": {alert.Policy{Routes: []alert.Route{{Sinks: []string{"a"}}}}, map[string]int64{"a": 40}},
		"each alert again twice a day":               {alert.Policy{Repeat: 12 * time.Hour, Routes: []alert.Route{{Sinks: []string{"a"}}}}, map[string]int64{"a": 7}},
		"routes choose": {alert.Policy{Repeat: -1, Routes: []alert.Route{
			{Match: []alert.Label{{Name: "actor", Value: "alice"}}, Sinks: []string{"a"}}, {Match: []alert.Label{{Name: "severity", Value: "low"}}, Sinks: []string{"b"}}}},
			map[string]int64{"a": 1, "b": 0}},
	} {
		if d := cmp.Diff(c.want, run(&c.policy)); d != "" {
			t.Errorf("%s: want - got +\n%s", name, d)
		}
	}
}

// A storm of alerts is forecast in the time that reading it takes: of thousands that
// wait, each is looked at when it is due.
func TestMessagesOfAStorm(t *testing.T) {
	const alerts = 20_000
	var records []string
	for i := range alerts {
		records = append(records, fmt.Sprintf(`{"eventTime":"2026-03-10T09:00:%02dZ","eventSource":"s3.amazonaws.com","eventName":"PutObject","eventID":"id-%d","recipientAccountId":"111122223333","userIdentity":{"type":"IAMUser","userName":"u%d"}}`, i%60, i, i))
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.json"), []byte(`{"Records":[`+strings.Join(records, ",")+`]}`), 0o644); err != nil {
		t.Fatal(err)
	}
	policy := alert.Policy{Repeat: -1, Routes: []alert.Route{{Sinks: []string{"a"}}}, Sinks: map[string]alert.SinkPolicy{"a": {Quota: -1}}}
	got, err := backtest.Run(context.Background(), backtest.Options{
		Scan:  pipeline.Options{Listing: pipeline.List([]string{dir}, false), Limits: cloudtrail.DefaultLimits()},
		Rules: rules(t, "id: writes\nmatch: {where: {eventName: {equals: PutObject}}}\ngroup_by: [account, actor]\n"), Policy: &policy,
	})
	if err != nil || len(got.Sinks) != 1 || got.Sinks[0].Messages != alerts {
		t.Fatalf("%v: %+v; want %d messages", err, got.Sinks, alerts)
	}
}

// A suggestion that is made an exception hides the alerts that it says, and no
// others.
func TestSuggestionsAreExceptions(t *testing.T) {
	const text = "id: writes\nmatch: {where: {eventName: {regex: \"^(Put|Delete)\"}}}\ngroup_by: [account, actor]\n"
	o := backtest.Options{
		Scan:  pipeline.Options{Listing: pipeline.List([]string{log(t)}, false), Limits: cloudtrail.DefaultLimits()},
		Rules: rules(t, text), Suggest: true, Policy: &alert.Policy{Repeat: -1, Routes: []alert.Route{{Sinks: []string{"a"}}}},
	}
	before, err := backtest.Run(context.Background(), o)
	if err != nil || len(before.Rules) != 1 || len(before.Rules[0].Suggestions) != 1 {
		t.Fatalf("%v %+v", err, before)
	}
	s := before.Rules[0].Suggestions[0]
	e := alert.Exception{Owner: "me", Reason: "a pipeline", Expires: time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)}
	for _, m := range s.Match {
		e.Match = append(e.Match, alert.Label{Name: m.Field, Value: m.Value})
	}
	o.Adjust = func(r *alert.Rule) { r.Exceptions = []alert.Exception{e} }
	after, err := backtest.Run(context.Background(), o)
	if err != nil || s.HidesAlerts == 0 || after.Sinks[0].Messages != s.LeavesAlerts || before.Sinks[0].Messages-after.Sinks[0].Messages != s.HidesAlerts {
		t.Errorf("%v: %+v leaves %d of %d messages", err, s, after.Sinks[0].Messages, before.Sinks[0].Messages)
	}
}

// On the records of a real attack each suggestion hides what it says: as many
// findings have all its values as it would have hidden.
func TestSuggestionsHideWhatTheySay(t *testing.T) {
	logs := publicdata.Path(t, "cloudtrail/invictus")
	set, list := packs.Starter().Rules(rule.Options{})
	if list.Err() != nil {
		t.Fatal(list)
	}
	scan := func() pipeline.Options {
		return pipeline.Options{Listing: pipeline.List([]string{logs}, false), Limits: cloudtrail.DefaultLimits(), Rules: set.Rules}
	}
	got, err := backtest.Run(context.Background(), backtest.Options{Scan: scan(), Rules: set.Rules, Suggest: true})
	if err != nil {
		t.Fatal(err)
	}
	var findings []report.Finding
	o := scan()
	o.Findings = func(lines []byte) error {
		for line := range strings.Lines(string(lines)) {
			f, err := report.ParseFinding([]byte(line))
			if err != nil {
				return err
			}
			findings = append(findings, f)
		}
		return nil
	}
	if _, err := pipeline.Scan(context.Background(), o); err != nil {
		t.Fatal(err)
	}
	suggestions := 0
	for _, r := range got.Rules {
		for _, s := range r.Suggestions {
			suggestions++
			hidden := int64(0)
			for i := range findings {
				if f := &findings[i]; f.Rule == r.Rule && covered(f, s.Match) {
					hidden++
				}
			}
			if hidden != s.Hides || hidden == 0 {
				t.Errorf("%s: %v hides %d, says %d", r.Rule, s.Match, hidden, s.Hides)
			}
		}
	}
	if suggestions != 5 {
		t.Errorf("%d suggestions, want 5", suggestions)
	}
}

// covered tells whether the finding has all the values.
func covered(f *report.Finding, match []backtest.Match) bool {
	of := map[string]string{"who": f.Actor, "eventName": f.EventName, "sourceIPAddress": f.SourceIPAddress, "awsRegion": f.AWSRegion}
	for _, m := range match {
		if of[m.Field] != m.Value {
			return false
		}
	}
	return true
}

// Alerts a day are over the time that the records are of, not that of the
// findings: a rule that found something twice in ten days tells 0.2 a day.
func TestAlertsADayAreOverAllRecords(t *testing.T) {
	got, err := backtest.Run(context.Background(), backtest.Options{
		Scan:  pipeline.Options{Listing: pipeline.List([]string{log(t)}, false), Limits: cloudtrail.DefaultLimits()},
		Rules: rules(t, "id: deleted\nmatch: {where: {eventName: {equals: DeleteBucket}}}\n"),
	})
	if err != nil || len(got.Rules) != 1 {
		t.Fatalf("%v %+v", err, got)
	}
	first, last := time.Date(2026, 3, 10, 0, 0, 0, 0, time.UTC), time.Date(2026, 3, 11, 19, 0, 0, 0, time.UTC)
	days := last.Sub(first).Hours() / 24
	if !got.From.Equal(first) || !got.To.Equal(last) || got.Days != days || got.Rules[0].PerDay != 1/days {
		t.Errorf("%s to %s, %v days, %v a day", got.From, got.To, got.Days, got.Rules[0].PerDay)
	}
}

// Records that the window leaves out are counted apart.
func TestRecordsOutsideTheWindowAreLeftOut(t *testing.T) {
	dir := log(t)
	text, err := os.ReadFile(filepath.Join(dir, "a.json"))
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "copy.json"), text, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	from := time.Date(2026, 3, 11, 0, 0, 0, 0, time.UTC)
	got, err := backtest.Run(context.Background(), backtest.Options{
		Scan:  pipeline.Options{Listing: pipeline.List([]string{dir}, false), Limits: cloudtrail.DefaultLimits(), From: from, To: from.Add(15 * time.Hour)},
		Rules: rules(t, "id: writes\nmatch: {where: {eventName: {regex: \"^(Put|Delete)\"}}}\n"),
	})
	if err != nil || got.Records != 30 || got.Outside != 50 || got.Rules[0].Findings != 15 {
		t.Errorf("%v: %d records, %d outside", err, got.Records, got.Outside)
	}
}

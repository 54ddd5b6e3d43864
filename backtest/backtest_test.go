package backtest_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/trailwarden/trailwarden/backtest"
	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/pipeline"
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

// A noisy pipeline and one person: alerts are grouped, the narrowest exception
// names the pipeline alone, and a stricter set is compared.
func TestBacktest(t *testing.T) {
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
	if len(w.Suggestions) != 1 || fmt.Sprint(w.Suggestions[0]) != "{[{actor=pipeline 0} {eventName=PutObject 0} {awsRegion=eu-west-1 0}] 39 2 1}" {
		t.Errorf("%+v", w.Suggestions)
	}
	if fresh.Rule != "new" || fresh.Before != nil || fresh.Findings != 1 || old.Rule != "old" || !old.Gone || old.Before.Findings != 1 {
		t.Errorf("%+v\n%+v", fresh, old)
	}
}

package intake_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/pipeline/intake"
	"github.com/trailwarden/trailwarden/report"
	"github.com/trailwarden/trailwarden/rule"
	"github.com/trailwarden/trailwarden/severity"
)

// committer remembers what it was given.
type committer struct {
	batches [][]alert.Finding
	err     error
}

func (c *committer) Commit(_ context.Context, b alert.Batch) (alert.Committed, error) {
	c.batches = append(c.batches, append([]alert.Finding(nil), b.Findings...))
	return alert.Committed{New: len(b.Findings), Queued: 1}, c.err
}

// The lines of a scan's report become the findings that judging the records
// directly gives.
func TestKeeperMakesFindingsOfLines(t *testing.T) {
	r := &rule.Rule{ID: "one", Title: "One", Severity: severity.Low, Version: "v"}
	now := time.Date(2026, 3, 14, 10, 0, 0, 0, time.UTC)
	store := new(committer)
	k := intake.NewKeeper(store, []*rule.Rule{r}, func(a *alert.Rule) { a.Bucket = time.Hour })
	k.Now = func() time.Time { return now }
	enc := report.NewEncoder([]*rule.Rule{r}, true)
	var lines []byte
	var want []alert.Finding
	for i := range 2500 {
		text := fmt.Sprintf("{\"eventVersion\":\"1.11\",\n\"eventTime\":\"2026-03-14T09:00:00Z\",\"eventName\":\"X\",\"eventID\":\"id-%d\",\"userAgent\":\"\\\",\\\"event\\\":{}\"}", i)
		rec, err := cloudtrail.ParseRecord([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		lines = enc.Append(lines, 0, rec, report.QuoteFile("a\"b.json"), i)
		want = append(want, intake.Finding(rec, i, &intake.Origin{File: "a\"b.json", Mode: "scan", Arrived: now}))
	}
	if err := k.Findings(t.Context(), lines); err != nil {
		t.Fatal(err)
	}
	sum, err := k.Close(t.Context())
	if err != nil || sum.New != 2500 || sum.Queued != 3 || len(store.batches) != 3 {
		t.Fatalf("%+v, %d batches, %v", sum, len(store.batches), err)
	}
	i := 0
	for _, b := range store.batches {
		for _, f := range b {
			w := want[i]
			if f.Identity != w.Identity || f.Evidence != w.Evidence || !f.Time.Equal(w.Time) || f.Mode != "scan" || f.Rule.Bucket != time.Hour || f.Rule.ID != "one" {
				t.Fatalf("finding %d is %+v; want %+v", i, f, w)
			}
			if strings.ReplaceAll(string(w.Record), "\n", "") != string(f.Record) {
				t.Fatalf("record %d is %s; want %s", i, f.Record, w.Record)
			}
			i++
		}
	}
}

// An alarm that went off because nothing came has no record, and is an alert all
// the same: one with the time, the group and the identity of the detection.
func TestKeeperTakesDetectionsWithoutARecord(t *testing.T) {
	r := &rule.Rule{ID: "quiet", Title: "Quiet", Severity: severity.Low, Version: "v"}
	store := new(committer)
	k := intake.NewKeeper(store, []*rule.Rule{r}, nil)
	at := time.Date(2026, 3, 14, 9, 5, 0, 0, time.UTC)
	lines := report.NewEncoder([]*rule.Rule{r}, true).AppendDetection(nil, 0, nil, &report.Detection{
		ID: "d1", Kind: "alarm", Summary: "nothing came", At: at, From: at, To: at, Group: []report.Label{{Name: "account", Value: "111122223333"}},
	}, nil)
	if err := k.Findings(t.Context(), lines); err != nil {
		t.Fatal(err)
	}
	if _, err := k.Close(t.Context()); err != nil || len(store.batches) != 1 || len(store.batches[0]) != 1 {
		t.Fatalf("%v, %+v", err, store.batches)
	}
	f := store.batches[0][0]
	want := `{"eventTime":"2026-03-14T09:05:00Z","recipientAccountId":"111122223333"}`
	if f.Identity != "d1" || !f.Time.Equal(at) || string(f.Record) != want || f.Evidence.Record != -1 || f.Detection.Summary != "nothing came" {
		t.Errorf("%+v %s", f, f.Record)
	}
}

func TestKeeperStopsWhenTheStoreDoes(t *testing.T) {
	r := &rule.Rule{ID: "one"}
	k := intake.NewKeeper(&committer{err: alert.ErrFull}, []*rule.Rule{r}, nil)
	if err := k.Findings(t.Context(), []byte(`{"rule":"one","file":"f","record":0,"event":{"eventName":"X"}}`+"\n")); err != nil {
		t.Fatal(err)
	}
	if _, err := k.Close(t.Context()); !errors.Is(err, alert.ErrFull) {
		t.Errorf("%v", err)
	}
	if err := k.Findings(t.Context(), []byte(`{"rule":"two","event":{}}`)); err == nil {
		t.Error("a finding of an unknown rule was taken")
	}
}

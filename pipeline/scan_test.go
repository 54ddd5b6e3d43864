package pipeline_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/detect"
	"github.com/trailwarden/trailwarden/pipeline"
	"github.com/trailwarden/trailwarden/report"
	"github.com/trailwarden/trailwarden/rule"
)

const account = "111122223333"

// event is a record with some fields; more is JSON members.
func event(id int, name, more string) string {
	return fmt.Sprintf(`{"eventVersion":"1.11","eventTime":"2026-03-14T%02d:00:00Z","eventSource":"iam.amazonaws.com","eventName":%q,`+
		`"awsRegion":"us-east-1","userIdentity":{"type":"IAMUser","userName":"alice"},"eventID":"00000000-0000-4000-8000-%012d",`+
		`"recipientAccountId":"%s","readOnly":false%s}`, id%24, name, id, account, more)
}

func logFile(records ...string) string { return `{"Records":[` + strings.Join(records, ",") + `]}` }

func named(id string, severity rule.Severity, eventName string) *rule.Rule {
	return &rule.Rule{ID: id, Title: id, Severity: severity, Predicate: detect.Test{
		Path:  detect.Keys("eventName"),
		Match: detect.Text{Op: detect.Equal, Values: []string{eventName}, Kinds: detect.Strings},
	}}
}

// rules are two that match CreateUser and one for DeleteUser.
func rules() []*rule.Rule {
	return []*rule.Rule{
		named("create", rule.High, "CreateUser"), named("sleeping", rule.Low, "CreateUser"),
		named("again", rule.Low, "CreateUser"), named("delete", rule.Medium, "DeleteUser"),
	}
}

type outcome struct {
	totals report.Totals
	byRule []int64
	lines  []string
	faults []string
}

func scan(t *testing.T, files map[string]string, change func(*pipeline.Options)) outcome {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
	var out outcome
	o := pipeline.Options{
		Rules: rules(), Limits: cloudtrail.DefaultLimits(), Listing: pipeline.List([]string{"."}, false),
		Findings: func(b []byte) error {
			out.lines = append(out.lines, strings.Split(strings.TrimSuffix(string(b), "\n"), "\n")...)
			return nil
		},
		Fault: func(f cloudtrail.Fault) { out.faults = append(out.faults, f.Error()) },
	}
	o.Rules[1].Inactive = "not now"
	if change != nil {
		change(&o)
	}
	res, err := pipeline.Scan(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	out.totals, out.byRule = res.Totals, res.ByRule
	out.totals.Seconds = 0
	return out
}

// brief is rule, event number, file and record of each finding.
func (o outcome) brief(t *testing.T) (all []string) {
	t.Helper()
	for _, l := range o.lines {
		f, err := report.ParseFinding([]byte(l))
		if err != nil {
			t.Fatalf("%v: %s", err, l)
		}
		all = append(all, fmt.Sprintf("%s %s %s:%d", f.Rule, strings.TrimLeft(f.EventID[len(f.EventID)-12:], "0"), f.File, f.Record))
	}
	return all
}

func many() map[string]string {
	files := map[string]string{}
	for i := range 40 {
		var recs []string
		for j := range 30 {
			name := []string{"CreateUser", "DeleteUser", "ListUsers"}[(i+j)%3]
			recs = append(recs, event((i*25+j)%700, name, ""))
		}
		files[fmt.Sprintf("f%02d.json", i)] = logFile(recs...)
	}
	return files
}

// The output does not depend on the number of workers nor on how much may wait.
func TestScanOrderAndDuplicatesDoNotDependOnWorkers(t *testing.T) {
	files := many()
	one := scan(t, files, func(o *pipeline.Options) { o.Workers = 1 })
	if one.totals.Records != 1200 || one.totals.Duplicates != 500 || one.totals.Files != 40 {
		t.Fatalf("%+v; want 1,200 records, 500 of them duplicates, in 40 files", one.totals)
	}
	for _, workers := range []int{2, 3, 8} {
		for _, ahead := range []int{1, 1 << 20} {
			got := scan(t, files, func(o *pipeline.Options) { o.Workers, o.MaxAhead = workers, ahead })
			if d := cmp.Diff(one.lines, got.lines); d != "" {
				t.Fatalf("%d workers: %s", workers, d)
			}
			if got.totals != one.totals {
				t.Errorf("%d workers: %+v; want %+v", workers, got.totals, one.totals)
			}
		}
	}
}

// What is said about a file stands behind its findings and before those of the next,
// also where workers take many small files at once and meet a large one.
func TestScanRemarksInTheirPlace(t *testing.T) {
	files, want := map[string]string{}, ""
	for i := range 200 {
		name := fmt.Sprintf("f%03d.json", i)
		if i%11 == 5 {
			files[name] = " "
			continue
		}
		want += "found " + name + " again " + name + "\n"
		records := []string{event(i, "CreateUser", "")}
		if i%50 == 22 {
			records = slices.Repeat(records, 300) // a large file
		}
		if i%7 == 3 {
			records = append(records, "7")
			want += "fault " + name + "\n"
		}
		files[name] = logFile(records...)
	}
	for _, workers := range []int{1, 2, 5} {
		var got strings.Builder
		scan(t, files, func(o *pipeline.Options) {
			o.Workers = workers
			o.Findings = func(lines []byte) error {
				for line := range bytes.Lines(lines) {
					f, err := report.ParseFinding(line)
					if err != nil {
						return err
					}
					if f.Rule == "create" {
						fmt.Fprintf(&got, "found %s again ", f.File)
					} else {
						fmt.Fprintln(&got, f.File)
					}
				}
				return nil
			}
			o.Fault = func(f cloudtrail.Fault) { fmt.Fprintln(&got, "fault", f.File) }
		})
		if d := cmp.Diff(want, got.String()); d != "" {
			t.Errorf("%d workers: %s", workers, d)
		}
	}
}

// The first record in listing order is judged, later ones are only counted.
func TestScanDuplicates(t *testing.T) {
	files := map[string]string{
		"a.json": logFile(event(1, "ListUsers", ""), event(2, "CreateUser", ""), event(2, "CreateUser", "")),
		"b.json": logFile(event(2, "DeleteUser", ""), event(3, "DeleteUser", ""), strings.Replace(event(3, "DeleteUser", ""), account, "444455556666", 1)),
	}
	got := scan(t, files, nil)
	want := []string{"create 2 a.json:1", "again 2 a.json:1", "delete 3 b.json:1", "delete 3 b.json:2"}
	if d := cmp.Diff(want, got.brief(t)); d != "" {
		t.Error(d)
	}
	if got.totals.Duplicates != 2 || got.totals.Records != 6 || got.totals.Findings != 4 {
		t.Errorf("%+v", got.totals)
	}
	if d := cmp.Diff([]int64{1, 0, 1, 2}, got.byRule); d != "" {
		t.Error("findings by rule:", d)
	}
	all := scan(t, files, func(o *pipeline.Options) { o.KeepDuplicates = true })
	if len(all.lines) != 7 || all.totals.Duplicates != 0 {
		t.Errorf("kept duplicates: %d findings, %+v; want 7", len(all.lines), all.totals)
	}
}

// A record that CloudTrail delivers again with corrected data is judged, once,
// and the one that it replaces is not when it comes later.
func TestScanUpdatedRecords(t *testing.T) {
	correction := event(7, "DeleteUser", `,"addendum":{"reason":"UPDATED_DATA","updatedFields":"eventName","originalEventID":"00000000-0000-4000-8000-000000000005"}`)
	late := event(5, "CreateUser", `,"addendum":{"reason":"DELIVERY_DELAY"}`)
	for name, c := range map[string]struct {
		files map[string]string
		want  []string
	}{
		"after":     {map[string]string{"a.json": logFile(event(5, "CreateUser", "")), "b.json": logFile(correction, correction)}, []string{"create 5 a.json:0", "again 5 a.json:0", "delete 7 b.json:0"}},
		"before":    {map[string]string{"a.json": logFile(correction), "b.json": logFile(event(5, "CreateUser", ""))}, []string{"delete 7 a.json:0"}},
		"same id":   {map[string]string{"a.json": logFile(event(7, "CreateUser", "")), "b.json": logFile(correction)}, []string{"create 7 a.json:0", "again 7 a.json:0", "delete 7 b.json:0"}},
		"only late": {map[string]string{"a.json": logFile(event(5, "CreateUser", ""), late)}, []string{"create 5 a.json:0", "again 5 a.json:0"}},
	} {
		t.Run(name, func(t *testing.T) {
			if d := cmp.Diff(c.want, scan(t, c.files, nil).brief(t)); d != "" {
				t.Error(d)
			}
		})
	}
}

// From is inclusive, To is not, and a record without a time is judged.
func TestScanWindow(t *testing.T) {
	at := func(h int) time.Time { return time.Date(2026, 3, 14, h, 0, 0, 0, time.UTC) }
	files := map[string]string{"a.json": logFile(event(1, "DeleteUser", ""), event(2, "DeleteUser", ""), event(3, "DeleteUser", ""), event(4, "DeleteUser", ""),
		strings.Replace(event(9, "DeleteUser", ""), "2026-03-14T09:00:00Z", "yesterday", 1))}
	got := scan(t, files, func(o *pipeline.Options) { o.From, o.To = at(2), at(4) })
	if d := cmp.Diff([]string{"delete 2 a.json:1", "delete 3 a.json:2", "delete 9 a.json:4"}, got.brief(t)); d != "" {
		t.Error(d)
	}
	if got.totals.Records != 5 {
		t.Errorf("%d records; want 5, those outside the window included", got.totals.Records)
	}
}

// A file delivered long before From is not opened; one that came later is,
// whatever To says.
func TestScanSkipsFilesByDeliveryTime(t *testing.T) {
	name := func(day string) string {
		return account + "_CloudTrail_us-east-1_" + day + "T0005Z_AAAAAAAAAAAAAAAA.json"
	}
	dir := "AWSLogs/" + account + "/CloudTrail/us-east-1/2026/03/"
	if _, ok := cloudtrail.ParseObjectKey(dir + "14/" + name("20260314") + ".gz"); !ok {
		t.Fatal("the test's own object key is not one")
	}
	root := t.TempDir()
	t.Chdir(root)
	for _, day := range []string{"10", "14", "20"} {
		p := filepath.FromSlash(dir + day)
		if err := os.MkdirAll(p, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(p, name("202603"+day)+".gz"), pack(t, logFile(event(1, "DeleteUser", ""))), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	res, err := pipeline.Scan(context.Background(), pipeline.Options{
		Listing: pipeline.List([]string{"AWSLogs"}, false), Rules: rules(), Limits: cloudtrail.DefaultLimits(),
		From: time.Date(2026, 3, 14, 0, 0, 0, 0, time.UTC), To: time.Date(2026, 3, 15, 0, 0, 0, 0, time.UTC),
	})
	if err != nil || res.Totals.Files != 2 {
		t.Errorf("%+v, %v; want the files of the 14th and the 20th read", res.Totals, err)
	}
}

func pack(t *testing.T, s string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err := z.Write([]byte(s))
	if err = errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// --with-event carries the record as it is, on one line.
func TestScanWithEvent(t *testing.T) {
	spread := strings.ReplaceAll(event(1, "DeleteUser", `,"requestParameters":{"n":1e400,"t":"a\u0009b"}`), `,"`, ",\n  \"")
	got := scan(t, map[string]string{"a.json": logFile(spread)}, func(o *pipeline.Options) { o.WithEvent = true })
	f, err := report.ParseFinding([]byte(got.lines[0]))
	if err != nil {
		t.Fatal(err)
	}
	var want bytes.Buffer
	if err := json.Compact(&want, []byte(spread)); err != nil {
		t.Fatal(err)
	}
	if string(f.Event) != want.String() {
		t.Errorf("event %s\nwant  %s", f.Event, want.String())
	}
}

// A receiver that cannot take more ends the scan with its error.
func TestScanStopsWhenFindingsCannotBeWritten(t *testing.T) {
	full := errors.New("disk full")
	dir := t.TempDir()
	for name, content := range many() {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	_, err := pipeline.Scan(context.Background(), pipeline.Options{
		Listing: pipeline.List([]string{dir}, false), Rules: rules(), Limits: cloudtrail.DefaultLimits(),
		Findings: func([]byte) error { return full }, Workers: 3,
	})
	if !errors.Is(err, full) {
		t.Errorf("error %v; want %v", err, full)
	}
}

// A cancelled scan returns promptly with the context's error.
func TestScanCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	dir := t.TempDir()
	for name, content := range many() {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	n := 0
	_, err := pipeline.Scan(ctx, pipeline.Options{
		Listing: pipeline.List([]string{dir}, false), Rules: rules(), Limits: cloudtrail.DefaultLimits(), Workers: 2,
		MaxAhead: 1, // so that no worker has read everything before the first finding
		Findings: func([]byte) error {
			if n++; n == 3 {
				cancel()
			}
			return nil
		},
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v; want %v", err, context.Canceled)
	}
}

package timeline_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/internal/publicdata"
	"github.com/trailwarden/trailwarden/pipeline"
	"github.com/trailwarden/trailwarden/query"
	"github.com/trailwarden/trailwarden/timeline"
)

func build(t *testing.T, s timeline.Subject, most int, paths ...string) *timeline.Timeline {
	t.Helper()
	tl, err := timeline.Make(context.Background(), timeline.Options{Subject: s, Most: most,
		Records: pipeline.RecordOptions{Listing: pipeline.List(paths, false), Limits: cloudtrail.DefaultLimits()}})
	if err != nil {
		t.Fatal(err)
	}
	return tl
}

// write puts records into files of one record each, in the order given.
func write(t *testing.T, records ...string) string {
	t.Helper()
	dir := t.TempDir()
	for i, r := range records {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%02d.json", i)), []byte(`{"Records":[`+r+`]}`), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func call(second int, key, who, name, more string) string {
	return fmt.Sprintf(`{"eventVersion":"1.11","eventTime":"2026-03-14T09:00:%02dZ","eventSource":"sts.amazonaws.com","eventName":%q,"awsRegion":"eu-west-1","sourceIPAddress":"198.51.100.7",
	"userIdentity":{"type":"IAMUser","userName":%q,"accessKeyId":%q,"accountId":"111122223333"},"eventID":"id-%d","recipientAccountId":"111122223333","readOnly":true%s}`, second, name, who, key, second, more)
}

func gives(key string) string {
	return `,"requestParameters":{"roleArn":"arn:aws:iam::111122223333:role/r"},"responseElements":{"credentials":{"accessKeyId":"` + key + `"}}`
}

func story(tl *timeline.Timeline) string {
	var parts []string
	for _, e := range tl.Events {
		text := e.Action
		if len(e.Through) > 0 {
			text += "(" + strings.Join(e.Through, ">") + ")"
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, " ")
}

// Keys that were handed on are followed along the chain, whatever the order of
// the files; keys of others are not.
func TestChains(t *testing.T) {
	records := []string{
		call(1, "AKIA1", "alice", "AssumeRole", gives("ASIA2")),
		call(2, "ASIA2", "r", "AssumeRole", gives("ASIA3")),
		call(3, "ASIA3", "q", "Last", ""),
		call(4, "AKIA9", "bob", "AssumeRole", gives("ASIA8")),
		call(5, "ASIA8", "r", "Others", ""),
		call(6, "AKIA1", "alice", "GetSessionToken", gives("ASIA4")),
		call(7, "ASIA4", "alice-session", "WithToken", ""),
		call(8, "ASIA4", "alice-session", "GetFederationToken", gives("ASIA5")),
		call(9, "ASIA5", "fed", "Federated", ""),
	}
	want := "AssumeRole AssumeRole(AKIA1>ASIA2) Last(AKIA1>ASIA2>ASIA3) GetSessionToken WithToken(AKIA1>ASIA4) GetFederationToken(AKIA1>ASIA4) Federated(AKIA1>ASIA4>ASIA5)"
	for _, s := range []timeline.Subject{{Principals: []string{"alice"}}, {Keys: []string{"AKIA1"}}} {
		if got := story(build(t, s, 0, write(t, records...))); got != want {
			t.Errorf("%v:\n got %s\nwant %s", s, got, want)
		}
	}
	backwards := make([]string, len(records))
	for i, r := range records {
		backwards[len(records)-1-i] = r
	}
	tl := build(t, timeline.Subject{Keys: []string{"AKIA1"}}, 0, write(t, backwards...))
	if got := story(tl); got != want {
		t.Errorf("backwards: %s", got)
	}
	if s := tl.Sessions[1]; s.Key != "ASIA2" || s.From != "AKIA1" || s.By != "AssumeRole" || s.Count != 1 {
		t.Errorf("session %+v", s)
	}
	if got := story(build(t, timeline.Subject{Keys: []string{"ASIA3"}}, 0, write(t, records...))); got != "Last" {
		t.Errorf("a key's own: %s", got)
	}
}

// What a service calls on behalf of somebody is one session, whatever keys it is
// given for it; a key that somebody uses too stays one of theirs.
func TestServicesOnBehalf(t *testing.T) {
	by := func(n int, key, service string) string {
		r := call(n, key, "alice", "Decrypt", "")
		return strings.Replace(r, `"accessKeyId"`, `"invokedBy":"`+service+`","accessKeyId"`, 1)
	}
	tl := build(t, timeline.Subject{Principals: []string{"alice"}}, 0, write(t,
		call(1, "AKIA1", "alice", "GetSecretValue", ""),
		by(2, "ASIA1", "secretsmanager.amazonaws.com"), by(3, "ASIA2", "secretsmanager.amazonaws.com"), by(4, "ASIA2", "secretsmanager.amazonaws.com"),
		by(5, "ASIA3", "s3.amazonaws.com"),
		by(6, "ASIA4", "s3.amazonaws.com"), call(7, "ASIA4", "alice", "ListBuckets", "")))
	var got []string
	for _, s := range tl.Sessions {
		got = append(got, fmt.Sprintf("%s%s %d keys %d calls", s.Key, s.Service, s.Keys, s.Count))
	}
	if d := cmp.Diff([]string{"AKIA1 0 keys 1 calls", "secretsmanager.amazonaws.com 2 keys 3 calls", "s3.amazonaws.com 1 keys 1 calls", "ASIA4 0 keys 2 calls"}, got); d != "" {
		t.Error(d)
	}
	var page bytes.Buffer
	if err := tl.WriteHTML(&page); err != nil {
		t.Fatal(err)
	}
	who := page.String()
	if !strings.Contains(who, "secretsmanager.amazonaws.com on its behalf, 2 keys") || !strings.Contains(who, "s3.amazonaws.com on its behalf, 1 key") {
		t.Error(who)
	}
}

// Keys that hand each other out end.
func TestCircle(t *testing.T) {
	dir := write(t, call(1, "A", "x", "AssumeRole", gives("B")), call(2, "B", "y", "AssumeRole", gives("A")), call(3, "C", "z", "AssumeRole", gives("C")))
	if got := story(build(t, timeline.Subject{Keys: []string{"A"}}, 0, dir)); got != "AssumeRole AssumeRole(A>B)" {
		t.Error(got)
	}
}

func TestAddressesAndResources(t *testing.T) {
	dir := write(t, call(1, "A", "x", "One", `,"requestParameters":{"bucketName":"exports"}`), call(2, "A", "x", "Two", `,"resources":[{"ARN":"arn:aws:s3:::exports/a"}]`),
		call(3, "A", "x", "Three", `,"requestParameters":{"list":["not-exports","exportsX"]}`))
	for want, s := range map[string]timeline.Subject{
		"One":           {Resources: []string{"exports"}},
		"Two":           {Resources: []string{"arn:aws:s3:::exports"}},
		"One Two Three": {IPs: []string{"198.51.100.0/24"}},
		"":              {IPs: []string{"198.51.100.8"}},
	} {
		if got := story(build(t, s, 0, dir)); got != want {
			t.Errorf("%v: %q, want %q", s, got, want)
		}
	}
	for _, s := range []timeline.Subject{{}, {IPs: []string{"here"}}} {
		if _, err := timeline.Make(context.Background(), timeline.Options{Subject: s, Records: pipeline.RecordOptions{Listing: pipeline.List([]string{dir}, false)}}); err == nil {
			t.Errorf("%v was taken", s)
		}
	}
}

// Beyond the bound the earliest events stay and all are counted.
func TestBound(t *testing.T) {
	var records []string
	for i := 49; i >= 0; i-- {
		records = append(records, call(i, "A", "x", fmt.Sprint("c", i), ""))
	}
	tl := build(t, timeline.Subject{Keys: []string{"A"}}, 3, write(t, records...))
	if got := story(tl); got != "c0 c1 c2" || tl.More != 47 || tl.Total.Count != 50 {
		t.Errorf("%s, %d more, %d in all", got, tl.More, tl.Total.Count)
	}
}

// The incident in the sample logs reads from the leaked key to the next account.
func TestSampleIncident(t *testing.T) {
	tl := build(t, timeline.Subject{IPs: []string{"198.51.100.77"}}, 0, "../examples")
	got := story(tl)
	at := -1
	for _, name := range []string{"GetCallerIdentity", "CreateUser", "AttachUserPolicy", "CreateAccessKey", "ConsoleLogin", "DeleteDetector", "StopLogging", "RunInstances", "PutBucketPolicy", "ScheduleKeyDeletion", "AssumeRole", "ModifySnapshotAttribute"} {
		next := strings.Index(got, name)
		if next < at || next < 0 {
			t.Errorf("%s is not in its place", name)
		}
		at = next
	}
}

// On a real attack: every event is in order, every session that STS gave out is
// tied to the key that asked, and two runs are equal.
func TestRealAttack(t *testing.T) {
	dir := publicdata.Path(t, "cloudtrail/invictus")
	s := timeline.Subject{Principals: []string{"bert-jan"}}
	a, b := build(t, s, 0, dir), build(t, s, 0, dir)
	x, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	if y, _ := json.Marshal(b); !bytes.Equal(x, y) {
		t.Error("two runs differ")
	}
	roles := 0
	for _, s := range a.Sessions {
		if s.From != "" {
			roles++
		}
	}
	if a.Total.Count < 2000 || roles < 4 {
		t.Errorf("%d events, %d sessions of roles", a.Total.Count, roles)
	}
	for i := range a.Events[1:] {
		if a.Events[i+1].Time.Before(a.Events[i].Time) {
			t.Fatalf("event %d is out of order", i+1)
		}
	}
}

// Nothing that a record holds becomes markup, hides or turns the order of letters
// round.
// In a narrow terminal columns are left out, so that times, addresses and keys can
// be read in what is left.
func TestTablesFitTheTerminal(t *testing.T) {
	tl := build(t, timeline.Subject{Principals: []string{"ci-deploy"}}, 1000, "../examples")
	for _, test := range []struct {
		width       int
		events, who string
		at          string // stands in the events whole
	}{
		{80, "time who call ip error", "what value first last calls failed", "2026-03-14T03:40:20Z"},
		{120, "time who call region account ip error about", "what value first last calls failed key handed_out_by", "444455556666"},
		{0, "time who call region account ip error about through eventid", "what value first last calls failed key handed_out_by", "AKIAIOSFODNN7EXAMPLE > AKIAI44QH8DHBEXAMPLE"},
	} {
		t.Run(fmt.Sprint(test.width), func(t *testing.T) {
			table := func(rows func(*timeline.Timeline, query.Writer) error) (head, all string) {
				var out strings.Builder
				w, err := query.NewWriter("table", &out, test.width)
				if err == nil {
					err = rows(tl, w)
				}
				if err != nil {
					t.Fatal(err)
				}
				lines := strings.Split(out.String(), "\n")
				for _, l := range lines {
					if n := utf8.RuneCountInString(l); test.width > 0 && n > test.width {
						t.Errorf("a line of %d: %q", n, l)
					}
				}
				return strings.Join(strings.Fields(lines[0]), " "), out.String()
			}
			head, all := table((*timeline.Timeline).WriteEvents)
			if head != test.events || !strings.Contains(all, test.at) {
				t.Errorf("events\n%s\nwant %q with %q", all, test.events, test.at)
			}
			if head, all = table((*timeline.Timeline).WriteWho); head != test.who || !strings.Contains(all, "2026-03-14T03:42:30Z") {
				t.Errorf("who\n%s\nwant %q", all, test.who)
			}
		})
	}
}

func TestPageIsEscaped(t *testing.T) {
	evil := "</title></svg><script>alert(1)</script>\x1b[2J\u202e\u200b"
	b, _ := json.Marshal(evil)
	dir := write(t, call(1, "A", "x", "One", `,"errorCode":`+string(b)+`,"requestParameters":{"userName":`+string(b)+`}`),
		strings.ReplaceAll(call(2, "A", "x", "Two", ""), `"eu-west-1"`, string(b)))
	var page bytes.Buffer
	if err := build(t, timeline.Subject{Keys: []string{"A"}}, 0, dir).WriteHTML(&page); err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(page.String(), "\x1b\u202e\u200b") || !strings.Contains(page.String(), `\u202e`) {
		t.Error("the page hides characters or turns their order round")
	}
	if s := page.String(); strings.Contains(s, "<script") || !strings.Contains(s, "&lt;script&gt;") || strings.Contains(s, "http://") || strings.Contains(s, "https://") {
		t.Error("the page is not safe or not self-contained")
	}
}

// The pictures of activity reach from the first call to the last, however long
// that is.
func TestPicturesShowAllOfTheTime(t *testing.T) {
	dir := write(t, call(1, "A", "x", "One", ""), strings.Replace(call(2, "A", "x", "Two", ""), "2026-", "2006-", 1))
	var page bytes.Buffer
	if err := build(t, timeline.Subject{Keys: []string{"A"}}, 0, dir).WriteHTML(&page); err != nil {
		t.Fatal(err)
	}
	if s := page.String(); strings.Count(s, "<rect ") != 4 || !strings.Contains(s, "One column is 240 days.") {
		t.Errorf("%d cells; want 2 in each of 2 pictures", strings.Count(s, "<rect "))
	}
}

// A key is followed whatever the number of keys that others were handed, and where
// they are more than can be remembered, that is told.
func TestFollowsAmongManyOthers(t *testing.T) {
	var others strings.Builder
	for i := range 220_000 {
		fmt.Fprintf(&others, `{"eventTime":"2026-03-14T09:00:00Z","eventSource":"sts.amazonaws.com","eventName":"AssumeRole","eventID":"o-%d","userIdentity":{"accessKeyId":"O%d"},"responseElements":{"credentials":{"accessKeyId":"S%d"}}}`+"\n", i, i, i)
	}
	dir := write(t, call(1, "A", "x", "One", gives("B")), call(2, "B", "y", "Two", ""))
	if err := os.WriteFile(filepath.Join(dir, "000.json"), []byte(others.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	for most, lost := range map[int]bool{0: false, 100: true} {
		tl, err := timeline.Make(context.Background(), timeline.Options{Subject: timeline.Subject{Keys: []string{"A"}}, MostKeys: most,
			Records: pipeline.RecordOptions{Listing: pipeline.List([]string{dir}, false), Workers: 1, Limits: cloudtrail.DefaultLimits()}})
		if err != nil {
			t.Fatal(err)
		}
		if got := story(tl); (tl.Unfollowed > 0) != lost || !lost && got != "One Two(A>B)" {
			t.Errorf("most %d: %q, %d keys not followed", most, got, tl.Unfollowed)
		}
	}
}

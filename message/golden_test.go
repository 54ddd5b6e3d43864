package message_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/internal/publicdata"
	"github.com/trailwarden/trailwarden/message"
	"github.com/trailwarden/trailwarden/message/messagetest"
	"github.com/trailwarden/trailwarden/severity"
)

var update = flag.Bool("update", false, "write the golden files anew")

type names map[string][2]string

func (n names) Account(id string) (name, unit string, ok bool) {
	a, ok := n[id]
	return a[0], a[1], ok
}

type addresses struct{}

func (addresses) Address(a netip.Addr) (country, city, asn string, ok bool) {
	if netip.MustParsePrefix("203.0.113.0/24").Contains(a) {
		return "NL", "Utrecht", "AS64500 Example Net", true
	}
	return "", "", "", false
}

func golden(t *testing.T, name string, m *message.Message) {
	t.Helper()
	var got bytes.Buffer
	enc := json.NewEncoder(&got)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(m); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("testdata", "golden", name+".json")
	if *update {
		if err := os.WriteFile(path, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got.String()); d != "" {
		t.Errorf("%s differs (go test -update writes it anew):\n%s", path, d)
	}
}

func goldenBuilder(t *testing.T) *message.Builder {
	return builder(t, message.Options{Addresses: addresses{}, Accounts: names{
		"111122223333": {"production", "Root/Workloads/Production"}, "444455556666": {"sandbox", "Root/Sandbox"}}})
}

func shipped(t testing.TB, name string) []json.RawMessage {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "records", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Records []json.RawMessage }
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	return file.Records
}

// raised is the alert that a rule raises of records, at their own times.
func raised(t testing.TB, rule alert.Rule, records []json.RawMessage) *alert.Alert {
	t.Helper()
	a := messagetest.Alert(records...)
	a.Rule, a.Group = &rule, nil
	for i := range a.Samples {
		rec, err := cloudtrail.ParseRecord(a.Samples[i].Record)
		if err != nil {
			t.Fatal(err)
		}
		a.Samples[i].Time, _ = rec.Time()
		a.Samples[i].Evidence.File = "s3://trail-logs/" + rec.Account() + ".json.gz"
	}
	slices.SortStableFunc(a.Samples, func(x, y alert.Sample) int { return x.Time.Compare(y.Time) })
	a.FirstSeen, a.LastSeen = a.Samples[0].Time, a.Samples[len(a.Samples)-1].Time
	a.Created = a.FirstSeen.Add(7 * time.Minute)
	return a
}

func unapproved() alert.Rule {
	return alert.Rule{ID: "unapproved-region-write", Title: "Something was changed in a region that is not approved", Severity: severity.High,
		Description: "Nothing of ours runs there.", Tags: []string{"attack.defense_evasion", "attack.t1535"}}
}

func keywords() alert.Rule {
	return alert.Rule{ID: "iam-keywords", Title: "An API of interest was called", Severity: severity.Medium, Tags: []string{"attack.t1136.003", "attack.persistence"}}
}

// The messages of the published write-ups, of records that are made up: every
// field that the originals lack or get wrong is there.
func TestWriteUpMessages(t *testing.T) {
	b := goldenBuilder(t)
	opened := alert.Delivery{ID: "d1", Sink: "s", Kind: alert.Opened, Sequence: 1}
	for name, rule := range map[string]alert.Rule{
		"000-unapproved-region": unapproved(),
		"001-two-accounts":      {ID: "trail-stopped", Title: "A trail was stopped", Severity: severity.High},
		"002-iam-keywords":      keywords(),
		"004-root-sign-in":      {ID: "root-sign-in", Title: "Root signed in to the console", Severity: severity.Critical, Tags: []string{"attack.t1078.004"}},
	} {
		t.Run(name, func(t *testing.T) { golden(t, name, build(t, b, raised(t, rule, shipped(t, name)), opened)) })
	}
	t.Run("004-report", func(t *testing.T) {
		body, _ := json.Marshal(message.Body{Rule: &alert.Rule{ID: "deletions", Title: "Resource deletions", Severity: severity.Low},
			From: messagetest.Moment(), To: messagetest.Moment().Add(24 * time.Hour),
			Columns: []string{"eventtime", "account", "user", "eventname", "requestparameters"},
			Rows: [][]string{{"2026-03-14T15:09:26Z", "111122223333", "", "DeleteTrail", `{"name":"all","token":"x"}`},
				{"2026-03-14T15:10:00Z", "111122223333", "arn:aws:iam::111122223333:user/alice"}}, More: 3})
		golden(t, "004-report", build(t, b, nil, alert.Delivery{ID: "0a0b0c0d0e0f", Kind: alert.Report, Body: body}))
	})
}

// What the write-ups' own messages lack or get wrong (S0.6, S0.D1, S1.D1,
// S1.D8, S2.D8, S4.D4), in words.
func TestWriteUpDefectsAreMended(t *testing.T) {
	b := goldenBuilder(t)
	opened := alert.Delivery{Kind: alert.Opened}
	m := build(t, b, raised(t, unapproved(), shipped(t, "000-unapproved-region")), opened)
	want := "role/web-server on i-0123456789abcdef0 ap-southeast-1 Singapore, SG production Root/Workloads/Production T1535"
	if got := strings.Join([]string{m.Who.Name, m.Where.Region, m.Where.Place, m.Where.AccountName, m.Where.Unit, m.Rule.Attack[1].ID}, " "); got != want {
		t.Errorf("000: %s", got)
	}
	m = build(t, b, raised(t, keywords(), shipped(t, "001-two-accounts")[1:]), opened)
	if m.Where.Account != "444455556666" || !m.Who.Foreign || m.Who.Account != "777788889999" || m.What.ErrorCode != "AccessDenied" {
		t.Errorf("001: with null parameters: %+v %+v", m.Who, m.Where)
	}
	m = build(t, b, raised(t, keywords(), shipped(t, "002-iam-keywords")), opened)
	text, _ := json.Marshal(m)
	if bytes.Contains(text, []byte("made-up-and-never-shown")) || m.Masked != 1 {
		t.Errorf("002: %d masked, or the password is shown", m.Masked)
	}
	for _, s := range []string{"alice", "203.0.113.7", "2026-03-14T15:09:26Z", "00000000-0000-4000-8000-000000000021", "us-east-1", "user bob"} {
		if !bytes.Contains(text, []byte(s)) {
			t.Errorf("002: lacks %s", s)
		}
	}
	m = build(t, b, raised(t, keywords(), shipped(t, "004-root-sign-in")), opened)
	if m.Who.Name != "root" || m.Who.MFA != "no" || m.What.Action != "ConsoleLogin" || m.From.Client != "browser" {
		t.Errorf("004: %+v %+v", m.Who, m.From)
	}
}

// The write-ups' messages of published records. The golden files hold what the
// messages say, without the records themselves.
func TestWriteUpMessagesOfPublishedRecords(t *testing.T) {
	var region, slack, keyword, deletions []json.RawMessage
	words := regexp.MustCompile("Password|AccessKey|PutRolePolicy|User|Token|Login")
	for _, r := range publicdata.Records(t, "cloudtrail") {
		rec, err := cloudtrail.ParseRecord(r.Raw)
		if err != nil {
			continue
		}
		at := func(f cloudtrail.FieldID) string { return rec.Field(f).Str() }
		source, name := at(cloudtrail.EventSource), at(cloudtrail.EventName)
		write := string(rec.Field(cloudtrail.ReadOnly).Raw()) == "false"
		switch {
		case write && !strings.HasPrefix(at(cloudtrail.AWSRegion), "us-"):
			region = append(region, r.Raw)
		case name == "StopLogging" || name == "DeleteTrail":
			slack = append(slack, r.Raw)
		case strings.HasPrefix(source, "iam.") && words.MatchString(name) && write:
			keyword = append(keyword, r.Raw)
		case strings.HasPrefix(name, "Delete"):
			deletions = append(deletions, r.Raw)
		}
	}
	b := builder(t, message.Options{})
	for name, c := range map[string]struct {
		rule    alert.Rule
		records []json.RawMessage
	}{"000-published": {unapproved(), region}, "001-published": {keywords(), slack}, "002-published": {keywords(), keyword}, "004-published": {keywords(), deletions}} {
		t.Run(name, func(t *testing.T) {
			a := raised(t, c.rule, c.records)
			a.Samples = a.Samples[:min(len(a.Samples), alert.MaxSamples)]
			m := build(t, b, a, alert.Delivery{Kind: alert.Opened})
			for i := range m.Events {
				m.Events[i].Raw, m.Events[i].Fields, m.Events[i].Evidence = nil, nil, alert.Evidence{}
			}
			golden(t, name, m)
		})
	}
}

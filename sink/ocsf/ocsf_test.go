package ocsf_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/internal/awstest"
	"github.com/trailwarden/trailwarden/message"
	"github.com/trailwarden/trailwarden/message/messagetest"
	"github.com/trailwarden/trailwarden/severity"
	"github.com/trailwarden/trailwarden/sink/ocsf"
)

func options(limit int) ocsf.Options {
	return ocsf.Options{Now: messagetest.Moment(), Version: "1.2.3", Limit: limit}
}

func render(t testing.TB, m *message.Message, limit int) []byte {
	t.Helper()
	body, err := ocsf.Render(m, options(limit))
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// published is the schema of class and profile as the OCSF project states it,
// made by the Python package ocsf-json-schema.
const published = `
import json
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema
print(json.dumps(OcsfJsonSchemaEmbedded(get_ocsf_schema(version="1.3.0")).get_class_schema("detection_finding", profiles=["cloud"])))
`

func schema(t testing.TB) *jsonschema.Schema {
	t.Helper()
	cmd := exec.Command(awstest.Python(t), "-c", published)
	var errors bytes.Buffer
	cmd.Stderr = &errors
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("asking for the schema: %v\n%s", err, errors.String())
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(out))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("ocsf.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("ocsf.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Every message, hostile or large, is a Detection Finding by the published
// schema of version 1.3.0, within the limit.
func TestFindingsFollowThePublishedSchema(t *testing.T) {
	s := schema(t)
	for i, c := range messagetest.All() {
		if strings.Contains(c.Name, "payload") && i%3 != 0 {
			continue // each payload once, in one of the three messages
		}
		body := render(t, c.Message, 256<<10)
		if len(body) > 256<<10 || !utf8.Valid(body) {
			t.Errorf("%s: %d bytes, or invalid UTF-8", c.Name, len(body))
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Validate(doc); err != nil {
			t.Errorf("%s: %v", c.Name, err)
		}
	}
}

// The schema itself notices a finding that is wrong.
func TestSchemaNoticesMistakes(t *testing.T) {
	s := schema(t)
	for _, field := range []string{"time", "metadata", "finding_info", "type_uid", "cloud"} {
		var doc map[string]any
		if err := json.Unmarshal(render(t, messagetest.Opened(), 1<<20), &doc); err != nil {
			t.Fatal(err)
		}
		delete(doc, field)
		if s.Validate(doc) == nil {
			t.Errorf("a finding without %s passes", field)
		}
	}
}

type finding struct {
	Activity int   `json:"activity_id"`
	Class    int   `json:"class_uid"`
	Category int   `json:"category_uid"`
	Type     int   `json:"type_uid"`
	Severity int   `json:"severity_id"`
	Status   int   `json:"status_id"`
	Time     int64 `json:"time"`
	Metadata struct {
		Version string   `json:"version"`
		UID     string   `json:"uid"`
		Profile []string `json:"profiles"`
	} `json:"metadata"`
	Info struct {
		UID      string                            `json:"uid"`
		Title    string                            `json:"title"`
		Analytic struct{ UID string }              `json:"analytic"`
		Attacks  []map[string]struct{ UID string } `json:"attacks"`
	} `json:"finding_info"`
	Cloud struct {
		Provider string
		Region   string
		Account  struct{ UID string }
	}
	Evidences []struct {
		API struct {
			Operation string
			Service   struct{ Name string }
		}
		Actor  struct{ User struct{ Name, UID string } }
		Source struct{ IP string } `json:"src_endpoint"`
	}
}

// The numbers of class, activity, severity and status are those of the schema.
func TestNumbers(t *testing.T) {
	for _, c := range []struct {
		kind             alert.Kind
		status           alert.Status
		level            severity.Level
		activity, sev, s int
	}{
		{alert.Opened, alert.Open, severity.Informational, 1, 1, 1}, {alert.Repeated, alert.Open, severity.Low, 2, 2, 1},
		{alert.Acked, alert.Acknowledged, severity.Medium, 2, 3, 2}, {alert.Closed, alert.Resolved, severity.High, 3, 4, 4},
		{alert.Reopened, alert.Open, severity.Critical, 2, 5, 1}, {alert.Health, "", severity.High, 1, 4, 1},
	} {
		m := messagetest.Opened()
		m.Kind, m.Status, m.Severity = c.kind, c.status, c.level
		var f finding
		if err := json.Unmarshal(render(t, m, 1<<20), &f); err != nil {
			t.Fatal(err)
		}
		got := fmt.Sprint(f.Class, f.Category, f.Type, f.Activity, f.Severity, f.Status, f.Metadata.Version, f.Metadata.Profile)
		if want := fmt.Sprint(2004, 2, 200400+c.activity, c.activity, c.sev, c.s, "1.3.0", "[cloud]"); got != want {
			t.Errorf("%s: %s, want %s", c.kind, got, want)
		}
		if f.Time != m.LastSeen.UnixMilli() {
			t.Errorf("%s: time %d, want milliseconds of %s", c.kind, f.Time, m.LastSeen)
		}
	}
}

// Who, what, where and from where stand in their columns.
func TestColumns(t *testing.T) {
	m := messagetest.Opened()
	var f finding
	if err := json.Unmarshal(render(t, m, 1<<20), &f); err != nil {
		t.Fatal(err)
	}
	e := f.Evidences[0]
	got := strings.Join([]string{f.Info.UID, f.Info.Title, f.Info.Analytic.UID, f.Cloud.Provider, f.Cloud.Account.UID, f.Cloud.Region,
		e.API.Operation, e.API.Service.Name, e.Actor.User.Name, e.Actor.User.UID, e.Source.IP, f.Metadata.UID}, "|")
	want := strings.Join([]string{m.Key, m.Headline, m.Rule.ID, "AWS", m.Where.Account, m.Where.Region,
		m.What.Action, m.What.Service, m.Who.Name, m.Who.ARN, m.From.IP, m.Key + ":1"}, "|")
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// Tactics, techniques and sub-techniques have columns of their own.
func TestAttacks(t *testing.T) {
	m := messagetest.Opened()
	m.Rule.Attack = []message.Technique{{ID: "TA0005"}, {ID: "T1562"}, {ID: "T1562.008", Name: "Disable Cloud Logs"}}
	var f finding
	if err := json.Unmarshal(render(t, m, 1<<20), &f); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(f.Info.Attacks); got != "[map[tactic:{TA0005}] map[technique:{T1562}] map[sub_technique:{T1562.008} technique:{T1562}]]" {
		t.Errorf("%s", got)
	}
}

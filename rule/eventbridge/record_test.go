package eventbridge_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/detect"
	"github.com/trailwarden/trailwarden/rule/eventbridge"

	"github.com/trailwarden/trailwarden/internal/publicdata"
)

// object tells whether text is a JSON object that both judges can take.
func object(text string) (string, bool) {
	text = strings.TrimSpace(text)
	return text, json.Valid([]byte(text)) && strings.HasPrefix(text, "{")
}

const deleteTrail = `{"eventVersion":"1.08","userIdentity":{"type":"IAMUser","userName":"mallory"},"eventTime":"2026-01-02T03:04:05Z",` +
	`"eventSource":"cloudtrail.amazonaws.com","eventName":"DeleteTrail","awsRegion":"eu-west-1","sourceIPAddress":"203.0.113.9",` +
	`"requestParameters":{"name":"main"},"eventID":"e-1","readOnly":false,"eventType":"AwsApiCall","managementEvent":true,` +
	`"recipientAccountId":"123456789012","eventCategory":"Management"}`

func TestRecordsAreJudgedInsideTheirEnvelope(t *testing.T) {
	for _, c := range []struct {
		pattern string
		want    bool
	}{
		{`{"source":["aws.cloudtrail"],"detail-type":["AWS API Call via CloudTrail"],"account":["123456789012"],"region":["eu-west-1"],"time":[{"prefix":"2026-01-02"}],"id":["e-1"],"version":["0"],"detail":{"eventName":["DeleteTrail"]}}`, true},
		{`{"detail.userIdentity.userName":["mallory"]}`, true},
		{`{"detail":{"userIdentity.type":["IAMUser"],"sourceIPAddress":[{"cidr":"203.0.113.0/24"}]}}`, true},
		{`{"resources":[{"exists":false}]}`, true},
		{`{"detail":[{"exists":false}]}`, true},
		{`{"eventName":["DeleteTrail"]}`, false},
		{`{"source":["aws.s3"]}`, false},
		{`{"source":["cloudtrail.amazonaws.com"]}`, false},
		{`{"detail":{"errorCode":[{"exists":false}],"readOnly":[false]}}`, true},
		{`{"detail":{"errorCode":[{"anything-but":"AccessDenied"}]}}`, false},
		{`{"$or":[{"source":["aws.iam"]},{"detail":{"eventName":[{"prefix":"Delete"}]}}],"detail":{"awsRegion":["eu-west-1"]}}`, true},
	} {
		if got := judge(t, parse(t, c.pattern).Predicate(), deleteTrail); got != c.want {
			t.Errorf("%s: %t, want %t", c.pattern, got, c.want)
		}
	}
}

func TestStateDecidesWhichReadsArrive(t *testing.T) {
	const all = `{"detail":{"eventID":[{"exists":true}]}}`
	rec := func(name, source, more string) string {
		return `{"eventVersion":"1.08","eventID":"e","eventName":"` + name + `","eventSource":"` + source + `"` + more + `}`
	}
	const read = `,"readOnly":true,"managementEvent":true,"eventCategory":"Management"`
	for name, c := range map[string]struct {
		record  string
		enabled bool
	}{
		"describe":               {rec("DescribeInstances", "ec2.amazonaws.com", read), false},
		"list":                   {rec("ListUsers", "iam.amazonaws.com", read), false},
		"get":                    {rec("GetCallerIdentity", "sts.amazonaws.com", read), false},
		"get, too old to say":    {rec("GetUser", "iam.amazonaws.com", `,"readOnly":true`), false},
		"session token":          {rec("GetSessionToken", "sts.amazonaws.com", read), true},
		"federation token":       {rec("GetFederationToken", "sts.amazonaws.com", read), true},
		"read by another name":   {rec("AssumeRole", "sts.amazonaws.com", read), true},
		"get that is no read":    {rec("GetPasswordData", "ec2.amazonaws.com", `,"readOnly":false,"managementEvent":true`), true},
		"write":                  {deleteTrail, true},
		"data event":             {rec("GetObject", "s3.amazonaws.com", `,"readOnly":true,"managementEvent":false,"eventCategory":"Data"`), true},
		"data event by category": {rec("GetObject", "s3.amazonaws.com", `,"readOnly":true,"eventCategory":"Data"`), true},
		"network activity":       {rec("ListKeys", "kms.amazonaws.com", `,"readOnly":true,"eventCategory":"NetworkActivity"`), true},
	} {
		p := parse(t, all)
		for state, want := range map[eventbridge.State]bool{
			eventbridge.Unstated: true, eventbridge.Enabled: c.enabled, eventbridge.EnabledAllManagement: true, eventbridge.Disabled: false,
		} {
			if got := judge(t, p.PredicateIn(state), c.record); got != want {
				t.Errorf("%s in state %q: %t, want %t", name, state, got, want)
			}
		}
	}
}

func TestOnlyBareRecordsNeedAnEnvelope(t *testing.T) {
	for name, c := range map[string]struct {
		event string
		want  bool
	}{
		"record":                  {deleteTrail, true},
		"insight":                 {`{"eventVersion":"1.07","eventCategory":"Insight"}`, true},
		"European cloud":          {`{"eventVersion":"1.11","eventSource":"iam.amazonaws.eu"}`, true},
		"EventBridge event":       {`{"version":"0","source":"aws.iam","detail-type":"AWS API Call via CloudTrail","detail":` + deleteTrail + `}`, false},
		"S3 notification record":  {`{"eventVersion":"2.1","eventSource":"aws:s3","eventName":"ObjectCreated:Put"}`, false},
		"anything else":           {`{"a":1}`, false},
		"record of another shape": {`{"eventVersion":"1.0","eventSource":5}`, false},
	} {
		rec, err := cloudtrail.ParseRecord([]byte(c.event))
		if err != nil {
			t.Fatal(err)
		}
		if got := eventbridge.IsRecord(rec); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

func TestExports(t *testing.T) {
	doc := `{"Name":"trail-stopped","Arn":"arn:aws:events:eu-west-1:123456789012:rule/trail-stopped",
	 "EventPattern":"{\n  \"source\": [\"aws.cloudtrail\"]}","State":"ENABLED","Description":"d","EventBusName":"default"}`
	rules, ok := eventbridge.ParseExport([]byte(doc))
	if !ok || len(rules) != 1 {
		t.Fatalf("%v %t", rules, ok)
	}
	r := rules[0]
	if r.Name != "trail-stopped" || r.State != eventbridge.Enabled || r.Bus != "default" || r.Description != "d" ||
		string(r.Pattern) != "{\n  \"source\": [\"aws.cloudtrail\"]}" {
		t.Errorf("%+v", r)
	}
	list := `{"Rules":[` + doc + `,{"Name":"nightly","Arn":"a","State":"DISABLED","ScheduleExpression":"rate(1 day)"}]}`
	rules, ok = eventbridge.ParseExport([]byte(list))
	if !ok || len(rules) != 2 || rules[1].Pattern != nil || rules[1].State != eventbridge.Disabled {
		t.Errorf("%+v %t", rules, ok)
	}
	rules, ok = eventbridge.ParseExport([]byte("\ufeff" + `{"Name":"n","Arn":"a","State":"ENABLED","EventPattern":{"source":["aws.iam"]}}`))
	if !ok || len(rules) != 1 || string(rules[0].Pattern) != `{"source":["aws.iam"]}` {
		t.Errorf("behind a byte order mark: %s", rules)
	}
	for _, other := range []string{
		`{"source":["aws.iam"]}`, `{"Name":["x"],"EventPattern":{"a":["x"]}}`, `{"Rules":["x"]}`, `[]`, `{"Name":"x"}`, `{"Name":"x","Arn":"a","State":"enabled"}`, ``,
	} {
		if _, ok := eventbridge.ParseExport([]byte(other)); ok {
			t.Errorf("%s is taken for an export", other)
		}
	}
}

// TestRealRecords holds Predicate on a real record equal to Event on the same
// record inside a real envelope, for patterns in use.
func TestRealRecords(t *testing.T) {
	records := publicdata.Records(t, "cloudtrail/invictus")
	for _, c := range []struct {
		pattern string
		atLeast int
	}{
		{`{"detail":{"eventSource":["iam.amazonaws.com"]}}`, 20},
		{`{"source":["aws.iam"],"detail-type":["AWS API Call via CloudTrail"]}`, 20},
		{`{"detail":{"userIdentity":{"type":["IAMUser","AssumedRole"]},"readOnly":[false],"errorCode":[{"exists":false}]}}`, 20},
		{`{"detail":{"errorCode":[{"wildcard":"*Denied*"},{"prefix":"Client.Unauthorized"}]}}`, 1},
		{`{"detail":{"sourceIPAddress":[{"cidr":"0.0.0.0/1"},{"suffix":".amazonaws.com"}]}}`, 20},
		{`{"detail":{"requestParameters":{"filterSet":{"items":{"name":[{"exists":true}],"valueSet":{"items":{"value":[{"anything-but":"x"}]}}}}}}}`, 1},
		{`{"detail":{"$or":[{"eventName":[{"prefix":"Delete"}]},{"responseElements":[{"exists":true}]},{"userIdentity":{"sessionContext":{"attributes":{"mfaAuthenticated":["true"]}}}}]}}`, 1},
	} {
		p := parse(t, c.pattern)
		bare, enveloped, matched := p.Predicate(), p.Event(), 0
		for i := 0; i < len(records); i += 7 { // the naive twin is slow
			raw := records[i].Raw
			got, err := detect.Naive(bare, raw)
			if err != nil {
				t.Fatal(err)
			}
			if want, _ := detect.Naive(enveloped, envelope(t, raw)); got != want {
				t.Fatalf("%s: %t bare, %t in an envelope: %s", c.pattern, got, want, raw)
			}
			if got {
				matched++
			}
		}
		if matched < c.atLeast {
			t.Errorf("%s matches %d of %d records", c.pattern, matched, len(records))
		}
	}
}

func envelope(t *testing.T, raw []byte) []byte {
	t.Helper()
	var r map[string]any
	if err := json.Unmarshal(raw, &r); err != nil {
		t.Fatal(err)
	}
	e := map[string]any{"version": "0", "resources": []any{}, "detail": json.RawMessage(raw)}
	for to, from := range map[string]string{"id": "eventID", "account": "recipientAccountId", "region": "awsRegion", "time": "eventTime"} {
		if v, ok := r[from]; ok {
			e[to] = v
		}
	}
	service, _, _ := strings.Cut(r["eventSource"].(string), ".")
	e["source"] = "aws." + service
	if r["eventType"] == "AwsApiCall" {
		e["detail-type"] = "AWS API Call via CloudTrail"
	}
	out, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

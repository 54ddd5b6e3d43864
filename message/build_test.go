package message_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/message"
	"github.com/trailwarden/trailwarden/message/mask"
	"github.com/trailwarden/trailwarden/message/messagetest"
	"github.com/trailwarden/trailwarden/severity"
)

// of is the message of a record, JSON text.
func of(t *testing.T, record string) *message.Message {
	t.Helper()
	return build(t, builder(t, message.Options{}), messagetest.Alert(json.RawMessage(record)), alert.Delivery{Kind: alert.Opened})
}

// The person or workload behind each type of identity (User Guide, userIdentity
// element).
func TestWho(t *testing.T) {
	role := `"type":"AssumedRole","accountId":"111122223333","principalId":"AROAEXAMPLEEXAMPLEEX:%[2]s","arn":"arn:aws:sts::111122223333:assumed-role/%[1]s/%[2]s"`
	issuer := `,"sessionContext":{"sessionIssuer":{"userName":"%[1]s"}%[3]s}`
	for _, c := range []struct{ name, identity, more, want string }{
		{"user", `"type":"IAMUser","userName":"alice","accountId":"111122223333"`, "", "alice/user"},
		{"user without a name", `"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/bob"`, "", "arn:aws:iam::111122223333:user/bob/user"},
		{"root", `"type":"Root","accountId":"111122223333"`, "", "root/root"},
		{"root with alias", `"type":"Root","userName":"acme"`, "", "root (acme)/root"},
		{"role", fmt.Sprintf(role+issuer, "Admin", "bob", ""), "", "role/Admin as bob/role"},
		{"source identity", fmt.Sprintf(role+issuer, "Admin", "x", `,"sourceIdentity":"alice@example.com"`), "", "role/Admin as alice@example.com/person"},
		{"identity center", fmt.Sprintf(role+issuer, "AWSReservedSSO_Admin_0123456789abcdef", "alice@example.com", ""), "", "alice@example.com (Identity Center, Admin)/person"},
		{"instance", fmt.Sprintf(role+issuer, "web", "i-0123456789abcdef0", ""), "", "role/web on i-0123456789abcdef0/workload"},
		{"ec2 delivery", fmt.Sprintf(role+issuer, "web", "s", `,"ec2RoleDelivery":"2.0"`), "", "role/web as s/workload"},
		{"service-linked role", fmt.Sprintf(role+issuer, "AWSServiceRoleForConfig", "s", ""), "", "role/AWSServiceRoleForConfig/service"},
		{"GitHub", fmt.Sprintf(role+issuer, "deploy", "ci", `,"webIdFederationData":{"federatedProvider":"arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"}`), "", "role/deploy as ci/workload"},
		{"Google", fmt.Sprintf(role+issuer, "app", "u", `,"webIdFederationData":{"federatedProvider":"accounts.google.com"}`), "", "role/app as u/person"},
		{"federated", `"type":"FederatedUser","arn":"arn:aws:sts::111122223333:federated-user/carol","sessionContext":{"sessionIssuer":{"userName":"alice"}}`, "", "carol (federated by alice)/user"},
		{"SAML", `"type":"SAMLUser","userName":"dave","identityProvider":"idp"`, "", "dave/person"},
		{"web identity", `"type":"WebIdentityUser","userName":"repo:x","identityProvider":"arn:x:oidc-provider/token.actions.githubusercontent.com"`, "", "repo:x/workload"},
		{"service", `"type":"AWSService","invokedBy":"config.amazonaws.com"`, "", "config.amazonaws.com/service"},
		{"service without a type", `"invokedBy":"backup.amazonaws.com"`, "", "backup.amazonaws.com/service"},
		{"account", `"type":"AWSAccount","accountId":"777788889999","principalId":"AIDAX"`, "", "account 777788889999/account"},
		{"anonymous", `"type":"AWSAccount","accountId":"anonymous","principalId":""`, "", "anonymous/anonymous"},
		{"anonymous principal", `"type":"AWSAccount","accountId":"","principalId":"ANONYMOUS_PRINCIPAL"`, "", "anonymous/anonymous"},
		{"identity center user", `"type":"IdentityCenterUser","onBehalfOf":{"userId":"u-1"}`, `,"additionalEventData":{"UserName":"eve"}`, "eve/person"},
		{"identity center id", `"type":"IdentityCenterUser","onBehalfOf":{"userId":"u-1"}`, "", "u-1/person"},
		{"directory", `"type":"Directory","userName":"frank"`, "", "frank/unknown"},
		{"service event", ``, `,"eventType":"AwsServiceEvent","eventSource":"kms.amazonaws.com"`, "kms.amazonaws.com/service"},
		{"insight", ``, `,"eventType":"AwsCloudTrailInsight","insightDetails":{"eventName":"RunInstances","eventSource":"ec2.amazonaws.com","insightContext":{"attributions":[{"attribute":"userAgent","insight":[{"value":"x"}]},{"attribute":"userIdentityArn","insight":[{"value":"arn:aws:iam::1:user/z"}]}]}}`, "arn:aws:iam::1:user/z/unknown"},
		{"nobody", ``, "", "unknown/unknown"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := of(t, `{"userIdentity":{`+c.identity+`},"eventName":"X"`+c.more+`}`)
			if got := m.Who.Name + "/" + m.Who.Kind; got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

// A user agent is reduced to the program it claims to be.
func TestClient(t *testing.T) {
	b := builder(t, message.Options{})
	for agent, want := range map[string]string{
		"aws-cli/2.15.30 Python/3.11.8 Linux/6.1 exe/x86_64 prompt/off command/s3.ls":                                          "AWS CLI 2.15.30",
		"[Boto3/1.34.51 md/Botocore#1.34.51 ua/2.0]":                                                                           "AWS SDK for Python (Boto3) 1.34.51",
		"APN/1.0 HashiCorp/1.0 Terraform/1.7.4 (+https://www.terraform.io) terraform-provider-aws/5.39.0 aws-sdk-go-v2/1.25.2": "Terraform 1.7.4",
		"console.amazonaws.com": "AWS console", "cloudtrail.amazonaws.com": "AWS service cloudtrail.amazonaws.com", "AWS Internal": "AWS itself",
		"Mozilla/5.0 (X11) Chrome/122.0": "browser", "stratus-red-team_1b2c": "Stratus Red Team", "aws-sdk-go-v2/1.25.2 os/linux": "AWS SDK for Go v2 1.25.2",
		"exec-env/CloudShell": "AWS CloudShell", "[S3Console/0.4, aws-internal/3]": "AWS console (S3)", "made up": "", "": "",
	} {
		q, _ := json.Marshal(agent)
		for range 2 { // the second time it may be remembered
			m := build(t, b, messagetest.Alert(json.RawMessage(`{"eventName":"X","userAgent":`+string(q)+`}`)), alert.Delivery{Kind: alert.Opened})
			if got := m.From.Client; got != want {
				t.Errorf("%s is %q, want %q", agent, got, want)
			}
		}
	}
	if got := of(t, `{"eventName":"X","userAgent":"AWS Internal","sessionCredentialFromConsole":"true"}`).From.Client; got != "AWS console" {
		t.Error(got)
	}
}

// APIs are said in words.
func TestWords(t *testing.T) {
	for api, want := range map[string]string{
		"DeleteTrail": "delete trail", "DeleteDBInstance": "delete DB instance", "ListMFADevices": "list MFA devices", "CreateFunction20150331v2": "create function",
		"CreateDistribution2020_05_31": "create distribution", "GetEC2InstanceRecommendations": "get EC2 instance recommendations", "ConsoleLogin": "sign in to the console",
		"DescribeVPCs": "describe VPCs", "PutObjectAcl": "put object acl", "ListObjectsV2": "list objects V2", "<script>": "", "a b": "", "X": "x",
	} {
		q, _ := json.Marshal(api)
		if got := of(t, `{"eventName":`+string(q)+`}`).What.Words; got != want {
			t.Errorf("%s is %q, want %q", api, got, want)
		}
	}
}

// What is acted on, which parameters come first, what the answer tells, and what
// CloudTrail left out.
func TestWhat(t *testing.T) {
	m := of(t, `{"eventName":"AuthorizeSecurityGroupIngress","eventSource":"ec2.amazonaws.com","requestParameters":{"dryRun":false,"ipPermissions":{"items":[{"ipProtocol":"tcp","fromPort":22,"groups":{},"prefixListIds":[],"ipRanges":{"items":[{"cidrIp":"0.0.0.0/0"}]}}]},"groupId":"sg-1"}}`)
	if d := cmp.Diff([]alert.Label{{Name: "groupId", Value: "sg-1"}, {Name: "ipPermissions.items.0.ipProtocol", Value: "tcp"}, {Name: "ipPermissions.items.0.fromPort", Value: "22"},
		{Name: "ipPermissions.items.0.ipRanges.items.0.cidrIp", Value: "0.0.0.0/0"}, {Name: "dryRun", Value: "false"}, {Name: "ipPermissions.items.0.groups", Value: "{}"}, {Name: "ipPermissions.items.0.prefixListIds", Value: "[]"}}, m.What.Parameters); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"security group sg-1"}, m.What.Resources); d != "" {
		t.Error(d)
	}
	m = of(t, `{"eventName":"CreateAccessKey","eventSource":"iam.amazonaws.com","requestParameters":{"userName":"bob"},"responseElements":{"accessKey":{"accessKeyId":"AKIAEXAMPLEEXAMPLE01","secretAccessKey":"x"}}}`)
	if d := cmp.Diff([]alert.Label{{Name: "accessKey.accessKeyId", Value: "AKIA************LE01"}}, m.What.Results); d != "" {
		t.Error(d)
	}
	m = of(t, `{"eventName":"TerminateInstances","eventSource":"ec2.amazonaws.com","requestParameters":{"instancesSet":{"items":[{"instanceId":"i-1"},{"instanceId":"i-2"}]}},"resources":[{"ARN":"arn:aws:ec2:eu-west-1:111122223333:instance/i-1"}]}`)
	if d := cmp.Diff([]string{"arn:aws:ec2:eu-west-1:111122223333:instance/i-1", "instance i-2"}, m.What.Resources); d != "" {
		t.Error(d)
	}
	m = of(t, `{"eventName":"CreatePolicy","eventSource":"iam.amazonaws.com","requestParameters":{"omitted":true,"originalSize":112384,"reason":"requestParameters too large"}}`)
	if got := m.What.Parameters[0].Value; got != "CloudTrail left them out: requestParameters too large, 112384 bytes" {
		t.Error(got)
	}
	m = of(t, `{"eventName":"ConsoleLogin","eventSource":"signin.amazonaws.com","errorMessage":"Failed authentication","responseElements":{"ConsoleLogin":"Failure"},"additionalEventData":{"MobileVersion":"No","MFAUsed":"No"}}`)
	if m.What.Error != "Failed authentication" || m.What.Parameters[0].Name != "MFAUsed" || !strings.Contains(m.Headline, "ConsoleLogin (failed)") {
		t.Errorf("%+v %s", m.What, m.Headline)
	}
}

// Links lead to the console of the record's partition, by ids only.
func TestLinks(t *testing.T) {
	for region, want := range map[string]string{
		"eu-central-1": "https://eu-central-1.console.aws.amazon.com/cloudtrailv2/home?region=eu-central-1#/events/" + messagetest.EventID,
		"cn-north-1":   "https://cn-north-1.console.amazonaws.cn/cloudtrailv2/home?region=cn-north-1#/events/" + messagetest.EventID,
		"us-gov-west-1": "https://us-gov-west-1.console.amazonaws-us-gov.com/cloudtrailv2/home?region=us-gov-west-1#/events/" +
			messagetest.EventID,
		"eusc-de-east-1": "https://eusc-de-east-1.console.amazonaws-eusc.eu/cloudtrailv2/home?region=eusc-de-east-1#/events/" + messagetest.EventID,
		"eu-future-7":    "https://eu-future-7.console.aws.amazon.com/cloudtrailv2/home?region=eu-future-7#/events/" + messagetest.EventID,
		"us-iso-east-1":  "", "evil.example/x": "", "eu-west-1.evil": "", "": "", "EU-WEST-1": "",
	} {
		q, _ := json.Marshal(region)
		m := of(t, `{"eventName":"X","awsRegion":`+string(q)+`,"eventID":"`+messagetest.EventID+`"}`)
		got := ""
		if len(m.Links) > 0 {
			got = m.Links[0].URL
		}
		if got != want {
			t.Errorf("%s: %s, want %s", region, got, want)
		}
	}
	if m := of(t, `{"eventName":"X","awsRegion":"eu-west-1","eventID":"../../evil"}`); len(m.Links) > 0 {
		t.Errorf("%v", m.Links)
	}
}

// The SQL asks for the alert's own partitions, by ids only.
func TestNextSteps(t *testing.T) {
	m := of(t, `{"eventName":"X","eventSource":"iam.amazonaws.com","awsRegion":"eu-west-1","eventID":"`+messagetest.EventID+`","recipientAccountId":"111122223333","sourceIPAddress":"203.0.113.7",`+
		`"userIdentity":{"type":"IAMUser","userName":"a'; DROP TABLE x; --","principalId":"AIDAEXAMPLEEXAMPLEEX"}}`)
	var all []string
	for _, s := range m.Next {
		all = append(all, s.Command)
	}
	text := strings.Join(all, "\n\n")
	for _, want := range []string{
		"trailwarden alerts show " + messagetest.Key[:12], "trailwarden alerts ack " + messagetest.Key[:12], `trailwarden alerts silence rule=iam-user-created account=111122223333 region=eu-west-1 --for 7d --reason "known to be harmless"`,
		`WHERE "account" = '111122223333' AND "timestamp" BETWEEN '2026/03/14' AND '2026/03/15'` + "\n" + `  AND "region" = 'eu-west-1'` + "\n" + `  AND eventid IN ('` + messagetest.EventID + `')`,
		`"timestamp" BETWEEN '2026/03/13' AND '2026/03/16'` + "\n" + `  AND useridentity.principalid LIKE 'AIDAEXAMPLEEXAMPLEEX%'`, `AND sourceipaddress = '203.0.113.7'`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("lacks %s in\n%s", want, text)
		}
	}
	if strings.Contains(text, "DROP") {
		t.Error("a name of the record is in a command")
	}
	if _, err := message.NewBuilder(message.Options{Table: "x; DROP"}); err == nil {
		t.Error("any text is a table")
	}
	if _, err := message.NewBuilder(message.Options{Fields: []string{"eventname"}}); err == nil || !strings.Contains(err.Error(), "did you mean eventName?") {
		t.Error(err)
	}
}

// Each kind of delivery says what it is, and what is new.
func TestKinds(t *testing.T) {
	b := builder(t, message.Options{})
	a := messagetest.Alert(json.RawMessage(`{"eventName":"X","awsRegion":"us-east-1","recipientAccountId":"111122223333","userIdentity":{"type":"IAMUser","userName":"alice"}}`))
	a.Count = 12
	body, _ := json.Marshal(message.Body{Told: 8, ToldAt: messagetest.Moment()})
	for kind, want := range map[alert.Kind]string{alert.Opened: "X by alice", alert.Repeated: "Again: X by alice", alert.Acked: "Acknowledged: X by", alert.Closed: "Resolved: X by", alert.Reopened: "Reopened: X by"} {
		m := build(t, b, a, alert.Delivery{Kind: kind, Sequence: 3, MayRepeat: true, Body: body})
		if !strings.HasPrefix(m.Headline, want) || m.Sequence != 3 || !m.MayRepeat || m.Kind != kind || m.Key != a.ID || !strings.HasSuffix(m.Headline, "(12 findings)") {
			t.Errorf("%s: %+v", kind, m)
		}
		if news := kind == alert.Repeated || kind == alert.Reopened; news != (m.New == 4) || news != m.Since.Equal(messagetest.Moment()) {
			t.Errorf("%s: %d new since %v", kind, m.New, m.Since)
		}
	}
	if m := build(t, b, a, alert.Delivery{Kind: alert.Opened}); m.DelaySeconds != 240 || m.Severity != severity.Medium || m.Rule.Attack[1].Name != "Create Account: Cloud Account" {
		t.Errorf("%+v", m)
	}
	if _, err := b.Build(context.Background(), nil, alert.Delivery{ID: "7", Sink: "slack", Kind: alert.Opened}); !errors.Is(err, message.ErrNoAlert) {
		t.Error(err)
	}
	if _, err := b.Build(context.Background(), nil, alert.Delivery{ID: "7", Sink: "slack", Kind: alert.Storm, Body: []byte("{")}); err == nil || !strings.Contains(err.Error(), "delivery 7 to slack: its body cannot be read") {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := b.Build(ctx, a, alert.Delivery{Kind: alert.Opened}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// Messages without an alert are made of the delivery's body, and always have a
// hex key and a headline.
func TestBodies(t *testing.T) {
	b := builder(t, message.Options{})
	make := func(k alert.Kind, body message.Body) *message.Message {
		text, _ := json.Marshal(body)
		return build(t, b, nil, alert.Delivery{ID: "delivery 7", Kind: k, Body: text, Created: messagetest.Moment()})
	}
	m := make(alert.Storm, message.Body{Told: 4, ToldAt: messagetest.Moment(), Totals: []message.Total{{Rule: "b", Severity: severity.Low, Alerts: 2, Findings: 5}, {Rule: "a", Severity: severity.High, Alerts: 1, Findings: 1}}})
	if m.Headline != "Alert storm: 3 alerts of 2 rules held back" || m.Totals[0].Rule != "a" || m.Severity != severity.High || m.Count != 6 || m.New != 2 || len(m.Key) != 64 {
		t.Errorf("%+v", m)
	}
	m = make(alert.Health, message.Body{Headline: "a\nb", Severity: severity.High, Facts: []alert.Label{{Name: "password", Value: "x"}}, Key: "0a0b0c0d"})
	if m.Headline != "a b" || m.Facts[0].Value != mask.Shown || m.Key != "0a0b0c0d" || m.Opened != messagetest.Moment() {
		t.Errorf("%+v", m)
	}
	if m = make(alert.Test, message.Body{}); m.Headline != "Test message from Trailwarden" {
		t.Errorf("%+v", m)
	}
	rows := slices.Repeat([][]string{{"a", "b", "too many"}}, 500)
	m = make(alert.Report, message.Body{Columns: []string{"x", "token"}, Rows: rows, More: 7})
	if len(m.Rows) != 200 || m.More != 307 || m.Count != 507 || len(m.Rows[0]) != 2 || m.Rows[0][1] != mask.Shown || m.Headline != "Report: 507 rows" {
		t.Errorf("%d rows, %d more, %v, %s", len(m.Rows), m.More, m.Rows[0], m.Headline)
	}
}

// Findings of scheduled queries have rows and perhaps no record; who, what and
// where come from the columns, in any case, and a NULL is an empty cell.
func TestRows(t *testing.T) {
	b := builder(t, message.Options{})
	a := messagetest.Alert(nil, nil)
	a.Samples[0].Row = []alert.Label{{Name: "EventName", Value: "DeleteBucket"}, {Name: "account", Value: "111122223333"}, {Name: "awsregion", Value: "eu-west-1"},
		{Name: "identity", Value: "arn:aws:iam::111122223333:user/alice"}, {Name: "eventsource", Value: "s3.amazonaws.com"}, {Name: "eventid", Value: messagetest.EventID}}
	a.Samples[1].Row = []alert.Label{{Name: "EventName", Value: ""}, {Name: "new", Value: "=1+1"}}
	m := build(t, b, a, alert.Delivery{Kind: alert.Opened})
	if m.What.Action != "DeleteBucket" || m.What.Product != "Amazon S3" || m.Where.Place != "Ireland, IE" || m.Who.ARN == "" || m.Headline != "An IAM user was created: 2 rows" {
		t.Errorf("%+v", m)
	}
	if len(m.Columns) != 7 || m.Rows[1][6] != "=1+1" || m.Rows[1][1] != "" || m.Events[0].ID != messagetest.EventID {
		t.Errorf("%v\n%v", m.Columns, m.Rows)
	}
}

// ATT&CK is read from tags as Sigma writes them.
func TestAttack(t *testing.T) {
	b := builder(t, message.Options{})
	a := messagetest.Alert(json.RawMessage(`{}`))
	a.Rule.Tags = []string{"attack.T1562.008", "attack.defense-evasion", "attack.t9999", "attack.g0016", "attack.s0002", "cve.2020-1", "attack.t1562.008", "attack.x", "attack.g0016.001"}
	var got []string
	for _, x := range build(t, b, a, alert.Delivery{Kind: alert.Opened}).Rule.Attack {
		got = append(got, x.ID+" "+x.Name+" "+strings.TrimPrefix(x.URL, "https://attack.mitre.org/"))
	}
	want := []string{"TA0005 Defense Evasion tactics/TA0005/", "T1562.008 Impair Defenses: Disable or Modify Cloud Logs techniques/T1562/008/",
		"T9999  techniques/T9999/", "G0016  groups/G0016/", "S0002  software/S0002/"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// However much an alert holds, its message stays within its bound, and what tells
// who did what stays in it.
func TestTotalIsBounded(t *testing.T) {
	b := builder(t, message.Options{Limits: message.Limits{Total: 40 << 10}})
	long := `{"eventName":"X","userIdentity":{"type":"IAMUser","userName":"alice"},"requestParameters":{"a":[` + strings.Repeat(`"0123456789 012345678",`, 20000) + `1]}}`
	a := messagetest.Alert(slices.Repeat([]json.RawMessage{json.RawMessage(long)}, 10)...)
	for range 100 {
		a.Notes = append(a.Notes, alert.Note{Text: strings.Repeat("n", 9000)})
		a.Group = append(a.Group, alert.Label{Name: "g", Value: strings.Repeat("v", 9000)})
	}
	m := build(t, b, a, alert.Delivery{Kind: alert.Opened})
	text, _ := json.Marshal(m)
	if len(text) > 100<<10 || m.Who.Name != "alice" || m.What.Action != "X" || len(m.Events) == 0 {
		t.Errorf("%d bytes, %d events", len(text), len(m.Events))
	}
}

// A message does not hold on to large records, of which it shows little.
func TestMessagesAreSmall(t *testing.T) {
	b := builder(t, message.Options{})
	long := `{"eventName":"X","eventSource":"s3.amazonaws.com","userIdentity":{"type":"IAMUser","userName":"alice"},"requestParameters":{"bucketName":"b","filler":[` +
		strings.Repeat(`"0123456789 012345678",`, 30000) + `1]}}`
	a := messagetest.Alert(slices.Repeat([]json.RawMessage{json.RawMessage(long)}, 5)...)
	made := make([]*message.Message, 20)
	before := held()
	for i := range made {
		made[i] = build(t, b, a, alert.Delivery{Kind: alert.Opened})
	}
	if more := held() - before; more > int64(len(made))*300<<10 {
		t.Errorf("%d messages of %d bytes of records hold %d bytes", len(made), 5*len(long), more)
	}
	runtime.KeepAlive(made)
}

func held() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func BenchmarkBuild(b *testing.B) {
	made, err := message.NewBuilder(message.Options{})
	if err != nil {
		b.Fatal(err)
	}
	for name, a := range map[string]*alert.Alert{
		"ordinary": raised(b, unapproved(), shipped(b, "000-unapproved-region")),
		"secrets":  messagetest.Alert(messagetest.Canaries()[0].Record),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := made.Build(context.Background(), a, alert.Delivery{Kind: alert.Opened}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// Labels become a tree, in order.
func TestTree(t *testing.T) {
	for _, c := range []struct {
		labels []alert.Label
		want   string
	}{
		{nil, `{}`},
		{[]alert.Label{{Name: "b.c", Value: "1"}, {Name: "a", Value: "2"}, {Name: "b.d.0", Value: "3"}, {Name: "b.d.1", Value: "4"}}, `{"b":{"c":"1","d":["3","4"]},"a":"2"}`},
		{[]alert.Label{{Name: "a", Value: "1"}, {Name: "a.b", Value: "2"}, {Name: "a", Value: "3"}}, `{"a":{"":"3","b":"2"}}`},
		{[]alert.Label{{Name: "1", Value: "x"}, {Name: "", Value: "y"}, {Name: "…", Value: "z"}}, `{"1":"x","":"y","…":"z"}`},
	} {
		if got := string(message.Tree(c.labels)); got != c.want {
			t.Errorf("got %s, want %s", got, c.want)
		}
	}
	if deep := message.Tree([]alert.Label{{Name: strings.Repeat("a.", 5000), Value: "x"}}); !json.Valid(deep) || len(deep) > 20000 {
		t.Errorf("%d bytes", len(deep))
	}
}

// What a rule that remembers found is told with each name once, and the records
// behind it are those that the ready query fetches.
func TestADetectionNamesWhatIsBehindIt(t *testing.T) {
	const mine, other = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
	record := `{"eventID":"` + mine + `","eventName":"CreateKeyPair","awsRegion":"eu-west-1","recipientAccountId":"111122223333","userIdentity":{"type":"IAMUser","userName":"bob"}}`
	for _, c := range []struct {
		name, summary, headline string
		group                   []alert.Label
		account                 bool
	}{
		{"an alarm", "abroad went into ALARM: 2 records of alice and bob behind it", "abroad went into ALARM: 2 records of alice and bob behind it in 111122223333, eu-west-1", nil, false},
		{"a threshold", "2 records within 1m", "abroad: 2 records within 1m by bob in 111122223333, eu-west-1", []alert.Label{{Name: "recipientAccountId", Value: "111122223333"}}, true},
	} {
		a := messagetest.Alert(json.RawMessage(record))
		a.Rule.ID, a.Rule.Title = "abroad", "abroad"
		at := a.Samples[0].Time
		a.Samples[0].Detection = &alert.Detection{ID: "d", Summary: c.summary, Group: c.group, From: at.AddDate(0, 0, -3), To: at, Count: 2,
			Related: []alert.Evidence{{EventID: other}, {EventID: mine}, {EventID: "' OR 1=1 --"}}}
		m := build(t, builder(t, message.Options{}), a, alert.Delivery{Kind: alert.Opened})
		if m.Headline != c.headline {
			t.Errorf("%s: %q, want %q", c.name, m.Headline, c.headline)
		}
		i := slices.IndexFunc(m.Next, func(s message.Step) bool { return strings.HasPrefix(s.Text, "Fetch the records") })
		if i < 0 {
			t.Fatalf("%s: no query", c.name)
		}
		sql := m.Next[i].Command
		if !strings.Contains(sql, "eventid IN ('"+mine+"', '"+other+"')") || !strings.Contains(sql, at.UTC().AddDate(0, 0, -3).Format("'2006/01/02'")) ||
			strings.Contains(sql, `"region"`) || strings.Contains(sql, `"account"`) != c.account {
			t.Errorf("%s:\n%s", c.name, sql)
		}
	}
}

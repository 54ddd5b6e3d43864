package eventbridge_test

import (
	"strings"
	"testing"

	"github.com/trailwarden/trailwarden/cloudtrail/catalog"
	"github.com/trailwarden/trailwarden/rule/eventbridge"
)

// TestLintNamesWhatWillNotWork has one wrong pattern per warning and beside it
// the corrected one, of which nothing is said.
func TestLintNamesWhatWillNotWork(t *testing.T) {
	for _, c := range []struct{ name, code, wrong, fix, right string }{
		{"unknown field", "EBW05", `{"detail":{"eventname":["CreateUser"]}}`, "eventName", `{"detail":{"eventName":["CreateUser"]}}`},
		{"field outside detail", "EBW05", `{"eventName":["CreateUser"]}`, `"detail": {"eventName": ["CreateUser"]}`, `{"detail":{"eventName":["CreateUser"]}}`},
		{"an exclusion outside an array", "EBW05", `{"detail":{"eventName":{"anything-but":["DescribeTags"]}}}`, `"eventName": [{"anything-but": "DescribeTags"}]`, `{"detail":{"eventName":[{"anything-but":["DescribeTags"]}]}}`},
		{"an exclusion outside an array below parameters", "EBW05", `{"detail":{"requestParameters":{"name":{"anything-but":["a","b"]}}}}`, `"name": [{"anything-but": ["a","b"]}]`, `{"detail":{"requestParameters":{"name":[{"anything-but":["a","b"]}]}}}`},
		{"an operator outside an array", "EBW05", `{"detail":{"errorCode":{"exists":[false]}}}`, `"errorCode": [{"exists": false}]`, `{"detail":{"errorCode":[{"exists":false}]}}`},
		{"an operator outside an array in the envelope", "EBW05", `{"source":{"prefix":["aws."]}}`, `"source": [{"prefix": "aws."}]`, `{"source":[{"prefix":"aws."}]}`},
		{"a parameter named like an operator", "", "", "", `{"detail":{"requestParameters":{"prefix":["logs/"],"filter":{"suffix":[".gz"]}}}}`},
		{"below a free field", "", "", "", `{"detail":{"requestParameters":{"anything":{"at":["all"]}}}}`},
		{"spelling of sign-in", "EBW07", `{"detail-type":["AWS Console Signin via CloudTrail"]}`, "AWS Console Sign In via CloudTrail", `{"detail-type":["AWS Console Sign In via CloudTrail"]}`},
		{"sign-in as an API call", "EBW09", `{"detail-type":["AWS API Call via CloudTrail"],"detail":{"eventName":["ConsoleLogin"]}}`, "Sign In", `{"detail-type":["AWS API Call via CloudTrail","AWS Console Sign In via CloudTrail"],"detail":{"eventName":["ConsoleLogin"]}}`},
		{"exclusions side by side", "EBW10", `{"source":[{"anything-but":"aws.s3"},{"anything-but":"aws.sns"}]}`, `{"anything-but": ["aws.s3", "aws.sns"]}`, `{"source":[{"anything-but":["aws.s3","aws.sns"]}]}`},
		{"there or not there", "EBW10", `{"detail":{"errorCode":[{"exists":true},{"exists":false}]}}`, "", `{"detail":{"errorCode":[{"exists":true}]}}`},
		{"exists swallows the rest", "EBW10", `{"detail":{"errorCode":[{"exists":true},"AccessDenied"]}}`, "", `{"detail":{"errorCode":["AccessDenied"]}}`},
		{"sources that exclude each other", "EBW11", `{"source":["aws.ec2"],"detail":{"eventSource":["s3.amazonaws.com"]}}`, `"source": ["aws.s3"]`, `{"source":["aws.s3"],"detail":{"eventSource":["s3.amazonaws.com"]}}`},
		{"source of several labels", "EBW11", `{"source":["aws.entitlement"],"detail":{"eventSource":["entitlement.marketplace.amazonaws.com"]}}`, `"source": ["aws.entitlement.marketplace"]`, `{"source":["aws.entitlement.marketplace"],"detail":{"eventSource":["entitlement.marketplace.amazonaws.com"]}}`},
		{"a source spelt as the record's", "EBW11", `{"source":["iam.amazonaws.com"],"detail":{"eventName":["CreateUser"]}}`, `"aws.iam"`, `{"source":["aws.iam"],"detail":{"eventName":["CreateUser"]}}`},
		{"one source of several spelt as the record's", "EBW11", `{"source":["aws.ec2","rds.amazonaws.com"]}`, `"aws.rds"`, `{"source":["aws.ec2","aws.rds"]}`},
		{"a source of one's own", "", "", "", `{"source":["com.example.amazonaws"]}`},
		{"exclusion on an optional field", "EBW12", `{"detail":{"errorCode":[{"anything-but":"AccessDenied"}]}}`, `[{"exists": false}, {"anything-but":"AccessDenied"}]`, `{"detail":{"errorCode":[{"exists":false},{"anything-but":"AccessDenied"}]}}`},
		{"exclusion below parameters", "", "", "", `{"detail":{"requestParameters":{"fromPort":[{"anything-but":[443]}]}}}`},
		{"sources in another case", "", "", "", `{"source":["aws.ec2"],"detail":{"eventSource":["EC2.amazonaws.com"]}}`},
		{"Insights as API calls", "EBW09", `{"detail-type":["AWS API Call via CloudTrail"],"detail":{"insightDetails":{"state":["Start"]}}}`, `"AWS Insight via CloudTrail"`, `{"detail-type":["AWS Insight via CloudTrail"],"detail":{"insightDetails":{"state":["Start"]}}}`},
		{"a plain asterisk at the end", "EBW13", `{"detail":{"eventName":["Delete*"]}}`, `{"prefix": "Delete"}`, `{"detail":{"eventName":[{"prefix":"Delete"}]}}`},
		{"a plain asterisk at the start", "EBW13", `{"detail":{"userIdentity":{"arn":["*:root"]}}}`, `{"suffix": ":root"}`, `{"detail":{"userIdentity":{"arn":[{"suffix":":root"}]}}}`},
		{"plain asterisks", "EBW13", `{"detail":{"eventName":[{"exactly":"*SecurityGroup*"}]}}`, `{"wildcard": "*SecurityGroup*"}`, `{"detail":{"eventName":[{"wildcard":"*SecurityGroup*"}]}}`},
		{"nothing but an asterisk", "EBW13", `{"source":["*"]}`, `{"exists": true}`, `{"source":[{"exists":true}]}`},
		{"asterisks that exclude nothing", "EBW13", `{"detail":{"eventName":[{"anything-but":["Tag*","Untag*"]}]}}`, `{"anything-but": {"prefix": ["Tag", "Untag"]}}`, `{"detail":{"eventName":[{"anything-but":{"prefix":["Tag","Untag"]}}]}}`},
		{"asterisks of two kinds that exclude nothing", "EBW13", `{"source":[{"anything-but":["aws.s3*","*.test"]}]}`, `{"anything-but": {"wildcard": ["aws.s3*", "*.test"]}}`, `{"source":[{"anything-but":{"wildcard":["aws.s3*","*.test"]}}]}`},
		{"an asterisk in a prefix", "EBW13", `{"source":[{"prefix":"aws.*"}]}`, "", `{"source":[{"prefix":"aws."}]}`},
		{"asterisks that may be values", "", "", "", `{"detail":{"errorMessage":["denied on *"],"requestParameters":{"resource":["*"]}}}`},
		{"an object asked for", "EBW14", `{"detail":{"userIdentity":[{"exists":true}]}}`, "", `{"detail":{"userIdentity":{"arn":[{"exists":true}]}}}`},
		{"an object asked to be absent", "EBW14", `{"detail":{"responseElements":[{"exists":false}]}}`, "", `{"detail":{"responseElements":[null]}}`},
		{"null for no error", "EBW14", `{"detail":{"eventName":["CreateUser"],"errorCode":[null]}}`, `"errorCode": [{"exists": false}]`, `{"detail":{"eventName":["CreateUser"],"errorCode":[{"exists":false}]}}`},
		{"null beside absence", "", "", "", `{"detail":{"errorMessage":[null,{"exists":false}]}}`},
		{"an account as a number", "EBW14", `{"account":[111122223333]}`, `"111122223333"`, `{"account":["111122223333"]}`},
		{"not about CloudTrail", "EBW07", `{"detail-type":["EC2 Instance State-change Notification"],"detail":{"state":["stopped"]}}`, "", `{"source":["my.app"],"detail":{"state":["stopped"]}}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.wrong != "" {
				list := parse(t, c.wrong).Lint(catalog.Default())
				if len(list) != 1 || list[0].Code != c.code || list[0].Why == "" || !strings.Contains(list[0].Fix, c.fix) {
					t.Errorf("%s: %+v", c.wrong, list)
				}
			}
			if list := parse(t, c.right).Lint(catalog.Default()); len(list) > 0 {
				t.Errorf("%s: %+v", c.right, list)
			}
		})
	}
}

func TestLintKnowsWhatAStateLeavesOut(t *testing.T) {
	for _, c := range []struct {
		pattern string
		state   eventbridge.State
		want    int
	}{
		{`{"detail":{"eventName":["ListUsers","GetUser"]}}`, eventbridge.Enabled, 1},
		{`{"detail":{"eventName":["ListUsers","GetUser"]}}`, eventbridge.EnabledAllManagement, 0},
		{`{"detail":{"eventName":["ListUsers","GetUser"]}}`, eventbridge.Unstated, 0},
		{`{"detail":{"eventName":["ListUsers","CreateUser"]}}`, eventbridge.Enabled, 1},
		{`{"source":["aws.iam"],"detail":{"eventName":["ListUsers","CreateUser"]}}`, eventbridge.EnabledAllManagement, 0},
		{`{"detail":{"eventName":["CreateUser","GetNothingThatIsKnown"]}}`, eventbridge.Enabled, 0},
		{`{"detail":{"eventName":["GetSessionToken"]}}`, eventbridge.Enabled, 0},
		{`{"detail":{"eventName":["GetObject"]}}`, eventbridge.Enabled, 0},
		{`{"detail":{"eventSource":["s3.amazonaws.com"],"eventName":["GetObject","ListObjectsV2","PutObject"]}}`, eventbridge.Enabled, 0},
	} {
		list := parse(t, c.pattern).WithState(c.state).Lint(catalog.Default())
		if len(list) != c.want || c.want == 1 && list[0].Code != "EBW08" {
			t.Errorf("%s in state %q: %v", c.pattern, c.state, list)
		}
		if len(list) == 1 && strings.Contains(list[0].Message, "CreateUser") {
			t.Errorf("%s: %s names a call that is delivered", c.pattern, list[0].Message)
		}
	}
}

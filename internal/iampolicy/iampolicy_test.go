package iampolicy_test

import (
	"strings"
	"testing"

	"github.com/trailwarden/trailwarden/internal/iampolicy"
)

func parsed(t *testing.T, statements ...string) *iampolicy.Document {
	t.Helper()
	d, err := iampolicy.Parse([]byte(`{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// Decisions are those of IAM: a deny wins, conditions must all hold, a negated
// operator holds for a key that is not there.
func TestDecide(t *testing.T) {
	const anybody = `"Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"`
	get := iampolicy.Request{Principal: "arn:aws:iam::111122223333:role/r", Action: "s3:GetObject", Resource: "arn:aws:s3:::b/k",
		Context: map[string]string{"aws:SourceArn": "arn:aws:sns:eu-west-1:111122223333:t", "aws:SourceIp": "10.1.2.3", "aws:SecureTransport": "true",
			"aws:Name": "k", "s3:max-keys": "100"}}
	for _, c := range []struct {
		name       string
		statements []string
		want       iampolicy.Effect
	}{
		{"nothing", nil, iampolicy.Refused},
		{"allowed", []string{`{"Effect":"Allow",` + anybody + `}`}, iampolicy.Allowed},
		{"a deny wins", []string{`{"Effect":"Allow",` + anybody + `}`, `{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*"}`}, iampolicy.Denied},
		{"a deny under a condition that does not hold", []string{`{"Effect":"Allow",` + anybody + `}`, `{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":false}}}`}, iampolicy.Allowed},
		{"actions respect no case", []string{`{"Effect":"Allow","Principal":"*","Action":"S3:getobject","Resource":"*"}`}, iampolicy.Allowed},
		{"resources do", []string{`{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::B/*"}`}, iampolicy.Refused},
		{"wildcards", []string{`{"Effect":"Allow","Principal":"*","Action":"s3:Get*","Resource":"arn:aws:s3:::?/*"}`}, iampolicy.Allowed},
		{"a question mark is one character", []string{`{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/??"}`}, iampolicy.Refused},
		{"NotAction", []string{`{"Effect":"Allow","Principal":"*","NotAction":"s3:GetObject","Resource":"*"}`}, iampolicy.Refused},
		{"NotResource", []string{`{"Effect":"Allow","Principal":"*","Action":"s3:*","NotResource":"arn:aws:s3:::c/*"}`}, iampolicy.Allowed},
		{"NotPrincipal", []string{`{"Effect":"Deny","NotPrincipal":{"AWS":"arn:aws:iam::111122223333:role/r"},"Action":"*","Resource":"*"}`, `{"Effect":"Allow",` + anybody + `}`}, iampolicy.Allowed},
		{"the account", []string{`{"Effect":"Allow","Principal":{"AWS":["444455556666","111122223333"]},"Action":"s3:*","Resource":"*"}`}, iampolicy.Allowed},
		{"its root", []string{`{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"s3:*","Resource":"*"}`}, iampolicy.Allowed},
		{"another role of it", []string{`{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:role/s"},"Action":"s3:*","Resource":"*"}`}, iampolicy.Refused},
		{"a service", []string{`{"Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Action":"s3:*","Resource":"*"}`}, iampolicy.Refused},
		{"ArnLike", []string{`{"Effect":"Allow",` + anybody + `,"Condition":{"ArnLike":{"AWS:sourcearn":"arn:aws:sns:*:111122223333:t"}}}`}, iampolicy.Allowed},
		{"ArnLike part by part", []string{`{"Effect":"Allow",` + anybody + `,"Condition":{"ArnLike":{"aws:SourceArn":"arn:aws:*:t"}}}`}, iampolicy.Refused},
		{"all conditions", []string{`{"Effect":"Allow",` + anybody + `,"Condition":{"Bool":{"aws:SecureTransport":"true"},"StringEquals":{"aws:SourceAccount":"1"}}}`}, iampolicy.Refused},
		{"one of the values", []string{`{"Effect":"Allow",` + anybody + `,"Condition":{"StringLike":{"aws:SourceArn":["x","*:t"]}}}`}, iampolicy.Allowed},
		{"negated, missing", []string{`{"Effect":"Allow",` + anybody + `,"Condition":{"StringNotEquals":{"aws:SourceVpc":"v"}}}`}, iampolicy.Allowed},
		{"IfExists, missing", []string{`{"Effect":"Allow",` + anybody + `,"Condition":{"StringEqualsIfExists":{"aws:SourceVpc":"v"}}}`}, iampolicy.Allowed},
		{"Null", []string{`{"Effect":"Allow",` + anybody + `,"Condition":{"Null":{"aws:SourceVpc":"true"}}}`}, iampolicy.Allowed},
		{"not Null", []string{`{"Effect":"Allow",` + anybody + `,"Condition":{"Null":{"aws:SourceVpc":"false"}}}`}, iampolicy.Refused},
		{"an address", []string{`{"Effect":"Allow",` + anybody + `,"Condition":{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}}`}, iampolicy.Allowed},
		{"not an address", []string{`{"Effect":"Allow",` + anybody + `,"Condition":{"NotIpAddress":{"aws:SourceIp":"10.0.0.0/8"}}}`}, iampolicy.Refused},
		{"a variable", []string{`{"Effect":"Allow",` + anybody + `,"Condition":{"StringEquals":{"aws:SourceIp":"${aws:SourceIp}"}}}`}, iampolicy.Allowed},
		{"a variable in other letters", []string{`{"Effect":"Allow",` + anybody + `,"Condition":{"StringEquals":{"aws:SourceIp":"${AWS:sourceip}"}}}`}, iampolicy.Allowed},
		{"a variable in a resource", []string{`{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::b/${aws:Name}"}`}, iampolicy.Allowed},
		{"a variable without a value", []string{`{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::b/${aws:None}"}`}, iampolicy.Refused},
		{"a variable in what is left out", []string{`{"Effect":"Allow","Principal":"*","Action":"s3:*","NotResource":"arn:aws:s3:::b/${aws:Name}"}`}, iampolicy.Refused},
		{"a deny of old TLS, by a request that does not say", []string{`{"Effect":"Allow",` + anybody + `}`, `{"Effect":"Deny",` + anybody + `,"Condition":{"NumericLessThan":{"s3:TlsVersion":"1.2"}}}`}, iampolicy.Allowed},
		{"a deny of many keys", []string{`{"Effect":"Allow",` + anybody + `}`, `{"Effect":"Deny",` + anybody + `,"Condition":{"NumericGreaterThan":{"s3:max-keys":10}}}`}, iampolicy.Denied},
		{"a number", []string{`{"Effect":"Allow",` + anybody + `,"Condition":{"NumericEquals":{"s3:max-keys":"1e2"},"NumericLessThanEquals":{"s3:max-keys":100},"NumericGreaterThanEquals":{"s3:max-keys":100}}}`}, iampolicy.Allowed},
		{"no number", []string{`{"Effect":"Allow",` + anybody + `,"Condition":{"NumericEquals":{"aws:SourceIp":"10.1.2.3"}}}`}, iampolicy.Refused},
		{"none of the values, of a key that is missing", []string{`{"Effect":"Allow",` + anybody + `}`, `{"Effect":"Deny",` + anybody + `,"Condition":{"ForAnyValue:StringNotLike":{"aws:PrincipalOrgPaths":"o-a/*"}}}`}, iampolicy.Allowed},
		{"what is not understood", []string{`{"Effect":"Allow",` + anybody + `,"Condition":{"DateGreaterThan":{"aws:CurrentTime":"2020-01-01T00:00:00Z"}}}`}, iampolicy.Unsure},
		{"what is not understood, and what is enough", []string{`{"Effect":"Allow",` + anybody + `,"Condition":{"DateGreaterThan":{"aws:CurrentTime":"2020-01-01T00:00:00Z"}}}`, `{"Effect":"Allow",` + anybody + `}`}, iampolicy.Allowed},
		{"a deny that is not understood", []string{`{"Effect":"Deny",` + anybody + `,"Condition":{"DateGreaterThan":{"aws:CurrentTime":"2020-01-01T00:00:00Z"}}}`, `{"Effect":"Allow",` + anybody + `}`}, iampolicy.Unsure},
		{"a deny that is not understood, of what nothing allows", []string{`{"Effect":"Deny",` + anybody + `,"Condition":{"DateGreaterThan":{"aws:CurrentTime":"2020-01-01T00:00:00Z"}}}`}, iampolicy.Refused},
	} {
		if got := parsed(t, c.statements...).Decide(get); got.Effect != c.want {
			t.Errorf("%s: %v (%v), want %v", c.name, got.Effect, got, c.want)
		}
	}
}

// A refusal says how near the closest statement was.
func TestReason(t *testing.T) {
	d := parsed(t, `{"Sid":"Write","Effect":"Allow","Principal":{"Service":"x"},"Action":"s3:PutObject","Resource":"*","Condition":{"StringEquals":{"aws:SourceArn":"a"}}}`)
	got := d.Decide(iampolicy.Request{Principal: "x", Action: "s3:PutObject", Resource: "r", Context: map[string]string{"aws:SourceArn": "b"}}).String()
	if want := "statement Write nearly allows it: StringEquals wants aws:SourceArn a, the request has b"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A policy that cannot be read is an error that says where.
func TestParseRefuses(t *testing.T) {
	for _, text := range []string{"", "[]", `{"Statement":[{"Effect":"allow"}]}`, `{"Statement":{"Effect":"Allow","Principal":"x"}}`, `{"Statement":{"Effect":"Allow","Condition":{"Bool":{"a":{}}}}}`, strings.Repeat(" ", iampolicy.MaxDocument+1)} {
		if _, err := iampolicy.Parse([]byte(text)); err == nil {
			t.Errorf("%.40q is taken", text)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"Statement":{"Effect":"Deny","Principal":{"AWS":["1"]},"Action":"*","Resource":"*","Condition":{"Bool":{"a":true}}}}`))
	f.Fuzz(func(_ *testing.T, text []byte) {
		d, err := iampolicy.Parse(text)
		if err == nil {
			_ = d.Decide(iampolicy.Request{Principal: "a", Action: "b:c", Resource: "d"}).String()
		}
	})
}

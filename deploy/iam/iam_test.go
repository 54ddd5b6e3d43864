package iam_test

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/trailwarden/trailwarden/deploy/iam"
	"github.com/trailwarden/trailwarden/internal/awstest"
)

func TestMain(m *testing.M) { os.Exit(awstest.Main(m)) }

// The documented logic: denials win, conditions on missing keys, wildcards.
func TestDocumentedLogic(t *testing.T) {
	for _, c := range []struct {
		name, statements string
		context          map[string]string
		want             iam.Answer
	}{
		{"nothing is said", `[]`, nil, iam.Silent},
		{"allowed", `[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]`, nil, iam.Allow},
		{"actions in any case", `[{"Effect":"Allow","Action":"S3:getobject","Resource":"*"}]`, nil, iam.Allow},
		{"resources in exact case", `[{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::B/k"}]`, nil, iam.Silent},
		{"wildcards", `[{"Effect":"Allow","Action":"s3:Get*","Resource":"arn:aws:s3:::?/*"}]`, nil, iam.Allow},
		{"a question mark is one character", `[{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/??"}]`, nil, iam.Silent},
		{"a denial wins, whatever its place", `[{"Effect":"Deny","Action":"*","Resource":"*"},{"Effect":"Allow","Action":"*","Resource":"*"}]`, nil, iam.Deny},
		{"a condition that holds", `[{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{"k":["a","b"]}}}]`, map[string]string{"k": "b"}, iam.Allow},
		{"all keys have to hold", `[{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{"k":"a","l":"a"}}}]`, map[string]string{"k": "a"}, iam.Silent},
		{"a missing key fails", `[{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringLike":{"k":"*"}}}]`, nil, iam.Silent},
		{"a missing key passes with IfExists", `[{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEqualsIfExists":{"k":"a"}}}]`, nil, iam.Allow},
		{"a missing key is not equal", `[{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringNotEquals":{"k":"a"}}}]`, nil, iam.Allow},
		{"none of the values", `[{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringNotLike":{"k":["a*","b"]}}}]`, map[string]string{"k": "ab"}, iam.Silent},
		{"a key that must be missing", `[{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Null":{"k":"true"}}}]`, nil, iam.Allow},
		{"a key that must be there", `[{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Null":{"k":"false"}}}]`, nil, iam.Silent},
		{"truth in any case", `[{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Bool":{"k":"True"}}}]`, map[string]string{"k": "true"}, iam.Allow},
		{"no wildcard of an ARN reaches over a colon", `[{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"ArnLike":{"k":"arn:aws:sns:*:topic"}}}]`, map[string]string{"k": "arn:aws:sns:eu-west-1:222222222222:topic"}, iam.Silent},
		{"an ARN's parts", `[{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"ArnLike":{"k":"arn:aws:sns:*:2222*:to*"}}}]`, map[string]string{"k": "arn:aws:sns:eu-west-1:222222222222:topic"}, iam.Allow},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, err := parse(`{"Statement":` + c.statements + `}`)
			if err != nil {
				t.Fatal(err)
			}
			if got := d.Identity(iam.Request{Action: "s3:GetObject", Resource: "arn:aws:s3:::b/k", Context: c.context}); got != c.want {
				t.Errorf("answer %d, want %d", got, c.want)
			}
		})
	}
}

// What the logic here does not know is refused.
func TestUnknownPoliciesAreRefused(t *testing.T) {
	for _, s := range []string{
		`{"Effect":"Allow","NotAction":"s3:*","Resource":"*"}`, `{"Effect":"Perhaps","Action":"*","Resource":"*"}`, `{"Action":"*"}`,
		`{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"DateLessThan":{"aws:CurrentTime":"2026"}}}`,
		`{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{"k":"${aws:username}"}}}`,
		`{"Effect":"Allow","Action":5,"Resource":"*"}`,
	} {
		if _, err := parse(`{"Statement":[` + s + `]}`); err == nil {
			t.Errorf("%s was read", s)
		}
	}
}

func parse(text string) (iam.Document, error) {
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		return iam.Document{}, err
	}
	return iam.Parse(v)
}

// FuzzParse: whatever a policy says, reading it ends, and a denial is never
// overruled by what stands beside it.
func FuzzParse(f *testing.F) {
	f.Add(`{"Statement":[{"Effect":"Allow","Action":["s3:Get*","*"],"Resource":"arn:aws:s3:::b/*","Principal":{"AWS":"*"},"Condition":{"StringLike":{"k":["a*b?","*"]},"Null":{"l":"true"}}}]}`)
	f.Add(`{"Statement":[{"Effect":"Deny","Action":"*","Resource":"*","Principal":"*"}]}`)
	f.Add(`{"Statement":[]}`)
	deny := iam.Statement{Deny: true, Actions: []string{"*"}, Resources: []string{"*"}, Principals: map[string][]string{"*": {"*"}}}
	f.Fuzz(func(t *testing.T, text string) {
		d, err := parse(text)
		if err != nil {
			return
		}
		r := iam.Request{Principal: "arn:aws:iam::222222222222:role/x", Action: "s3:GetObject", Resource: "arn:aws:s3:::b/k", Context: map[string]string{"k": "aab1"}}
		d.Statements = append(d.Statements, deny)
		if d.Identity(r) != iam.Deny || d.Resource(r) != iam.Deny {
			t.Error("a denial was overruled")
		}
	})
}

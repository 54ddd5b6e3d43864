package mask_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/message/mask"
)

// What is no secret is shown as it is: hashes, ids, ARNs, policies, the names of
// secrets, paths.
func TestWhatIsNoSecretStays(t *testing.T) {
	for _, s := range []string{
		"da39a3ee5e6b4b0d3255bfef95601890afd80709", "arn:aws:secretsmanager:eu-west-1:111122223333:secret:prod/db-AbCdEf",
		"arn:aws:iam::111122223333:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling",
		"arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Admin_0123456789abcdef/alice@example.com",
		"AWSLogs/111122223333/CloudTrail/eu/west/1/2026/03/14/file", "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d", "AROAEXAMPLEEXAMPLEEX:alice",
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"secretsmanager:GetSecretValue","Resource":"*"}]}`,
		"https://sqs.eu-west-1.amazonaws.com/111122223333/queue", "ssh key of alice@example.com", "aws-cli/2.15.30 Python/3.11.8 md/Botocore#1.34 ua/2.0",
		"team-p retrieved", "my-token service", "Basic HTTP authentication", "the password is wrong", "<b>secret</b>", "ssh git@example.com",
		"password", "The security token included in the request is invalid", "s3:x-amz-acl", "short", "",
		"arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/my-load-balancer/50dc6c495c0c9188",
	} {
		if got, n := mask.Text(s); got != s || n != 0 {
			t.Errorf("%q became %q", s, got)
		}
	}
}

// Options are as programs in Go have them, with one hyphen, too.
func TestOptionsHideTheirValues(t *testing.T) {
	for s, want := range map[string]string{
		"tool -token abcdefgh": "tool -token [masked]", "tool --token abcdefgh": "tool --token [masked]", "-api-key=abcdefgh run": "-api-key=[masked] run",
		"x -master-user-password 'a b'": "x -master-user-password [masked]", "x -secret-key abc": "x -secret-key [masked]", "my-token service": "my-token service",
	} {
		if got, _ := mask.Text(s); got != want {
			t.Errorf("%q became %q, want %q", s, got, want)
		}
	}
}

// Names that only speak of secrets hide nothing, and settings of passwords are no
// passwords.
func TestNamesThatHideNothing(t *testing.T) {
	in := `{"secretId":"prod/db","SecretARN":"arn:x","secretName":"n","secretVersionId":"v","secretsManagerConfiguration":{"a":"b"},"passwordResetRequired":true,` +
		`"maxPasswordAge":90,"minimumPasswordLength":14,"keyId":"k","tokenType":"x","publicKey":"ssh-rsa AAAA","clientToken":"c","password":"","newPassword":"***",` +
		`"userName":"HIDDEN_DUE_TO_SECURITY_REASONS","masterUserPassword":"HIDDEN_DUE_TO_SECURITY_REASONS"}`
	out, n := mask.JSON(cloudtrail.ValueOf([]byte(in)), mask.DefaultLimits())
	if string(out) != in || n != 0 {
		t.Errorf("got %d masked:\n%s\n%s", n, out, in)
	}
}

// An access key id is shown in part.
func TestAccessKeyInPart(t *testing.T) {
	id := "AKIA" + "IOSFODNN7EXAMPLE"
	if got, _ := mask.Text("used " + id + "."); got != "used AKIA************MPLE." {
		t.Error(got)
	}
	if got := mask.AccessKey("short"); got != "*****" {
		t.Error(got)
	}
}

// Whatever is reduced stays valid JSON and valid UTF-8 within its limit, and
// says what is missing.
func TestReducedStaysValid(t *testing.T) {
	long := strings.Repeat("é\"\\\x01", 5000)
	q, _ := json.Marshal(long)
	policy, _ := json.Marshal(`{"Statement":[` + strings.Repeat(`{"Effect":"Allow","Action":"s3:*","Resource":"*"},`, 500) + `{"Effect":"Deny"}]}`)
	cases := map[string]string{
		"long string":    string(q),
		"long list":      "[" + strings.Repeat("1,", 9999) + "1]",
		"many keys":      manyKeys(5000),
		"deep":           strings.Repeat(`{"a":[`, 100) + strings.Repeat(`]}`, 100),
		"long number":    `{"n":1` + strings.Repeat("0", 5000) + `}`,
		"long key":       `{"` + strings.Repeat("k", 100000) + `":1}`,
		"policy in text": `{"policyDocument":` + string(policy) + `}`,
		"all documented": `{"eventName":` + string(q) + `,"userAgent":` + string(q) + `,"requestParameters":` + manyKeys(5000) + `}`,
		"lone surrogate": `{"a":"\ud800","\udfff":"x"}`,
		"wide and deep":  nested(6, 7),
	}
	for name, in := range cases {
		for _, limit := range []int{1, 64, 500, 4 << 10, 64 << 10} {
			out, _ := mask.JSON(cloudtrail.ValueOf([]byte(in)), mask.Limits{Bytes: limit, Text: 200, Items: 50, Depth: 12})
			if !json.Valid(out) || !utf8.Valid(out) {
				t.Errorf("%s in %d: not valid: %.200s", name, limit, out)
			}
			if len(out) > max(limit, 100) {
				t.Errorf("%s: %d bytes within a limit of %d", name, len(out), limit)
			}
		}
	}
}

func manyKeys(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"key%d":"value"`, i)
	}
	return "{" + b.String()[1:] + "}"
}

func nested(depth, width int) string {
	if depth == 0 {
		return `"leaf"`
	}
	parts := make([]string, width)
	for i := range parts {
		parts[i] = nested(depth-1, width)
	}
	return "[" + strings.Join(parts, ",") + "]"
}

// JSON inside a string that is too long is reduced as JSON, not cut.
func TestEmbeddedJSONIsReducedNotCut(t *testing.T) {
	doc := `{"Version":"2012-10-17","Statement":[` + strings.Repeat(`{"Effect":"Allow","Action":"s3:*","Resource":"*"},`, 100) + `{"Effect":"Deny"}]}`
	q, _ := json.Marshal(doc)
	out, _ := mask.JSON(cloudtrail.ValueOf([]byte(`{"policyDocument":`+string(q)+`}`)), mask.DefaultLimits())
	inner := cloudtrail.ValueOf(out).Get("policyDocument").Str()
	if !json.Valid([]byte(inner)) || !strings.Contains(inner, "more") || len(inner) > 1024 {
		t.Errorf("%d bytes: %s", len(inner), inner)
	}
}

// Of duplicate keys the last is shown, because it is the one that rules saw; a
// key in another case is another key.
func TestDuplicateKeys(t *testing.T) {
	out, _ := mask.JSON(cloudtrail.ValueOf([]byte(`{"eventName":"A","EVENTNAME":"B","eventNam\u0065":"C"}`)), mask.DefaultLimits())
	if string(out) != `{"EVENTNAME":"B","eventName":"C"}` {
		t.Errorf("%s", out)
	}
	many := manyKeys(20)
	out, _ = mask.JSON(cloudtrail.ValueOf([]byte(`{"a":1,`+many[1:len(many)-1]+`,"a":2}`)), mask.DefaultLimits())
	if string(out) != many[:len(many)-1]+`,"a":2}` {
		t.Errorf("of many: %s", out)
	}
}

// Documented fields are not crowded out by thousands of others.
func TestDocumentedFieldsOutlast(t *testing.T) {
	in := manyKeys(5000)
	in = in[:len(in)-1] + `,"eventName":"DeleteTrail"}`
	out, _ := mask.JSON(cloudtrail.ValueOf([]byte(in)), mask.DefaultLimits())
	if cloudtrail.ValueOf(out).Get("eventName").Str() != "DeleteTrail" || cloudtrail.ValueOf(out).Get("…").Str() != "4,900 more" {
		t.Errorf("%.300s … %s", out, out[len(out)-100:])
	}
}

// Half a secret never stays in front of a cut.
func TestSecretAcrossTheCut(t *testing.T) {
	key := "wJalrXUtnFEMI/K7MDENG/" + "bPxRfiCYZ3kQ81vTaN"
	for at := range 1100 {
		got, _ := mask.TextUpTo(strings.Repeat("ab ", at/3)+"abc"[:at%3]+" "+key+strings.Repeat(" tail", 3000), 1024)
		if strings.Contains(got, key[:8]) {
			t.Fatalf("at %d: %s", at, got[len(got)-120:])
		}
	}
}

func TestCut(t *testing.T) {
	for _, c := range []struct {
		in   string
		n    int
		want string
	}{{"abc", 3, "abc"}, {"ééé", 3, "ééé"}, {"éééé", 3, "ééé… [1 more characters]"}, {strings.Repeat("x", 2000), 2, "xx… [1,998 more characters]"}} {
		if got := mask.Cut(c.in, c.n); got != c.want {
			t.Errorf("Cut(%.10q, %d) = %q, want %q", c.in, c.n, got, c.want)
		}
	}
}

// Any JSON text is masked into valid JSON within the limit.
func FuzzJSON(f *testing.F) {
	f.Add([]byte(`{"password":"x","a":[1,{"b":"{\"token\":\"y\"}"}]}`))
	f.Add([]byte(`"\ud800"`))
	f.Fuzz(func(t *testing.T, in []byte) {
		if !json.Valid(in) {
			return
		}
		v := cloudtrail.ValueOf([]byte(strings.TrimSpace(string(in))))
		out, _ := mask.JSON(v, mask.Limits{Bytes: 300, Text: 40, Items: 5, Depth: 4})
		if !json.Valid(out) || !utf8.Valid(out) || len(out) > 300 {
			t.Errorf("%q became %q", in, out)
		}
	})
}

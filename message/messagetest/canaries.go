package messagetest

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/message"
	"github.com/trailwarden/trailwarden/severity"
)

// Canary is a message of a record that holds secrets, which nobody may see in
// what is made of it.
type Canary struct {
	Case
	Secrets []string
	Record  json.RawMessage // the record with its secrets
}

// secret is a made-up secret of some shape. They are put together here so that
// tools that look for secrets in repositories find none.
type secret struct{ name, text, canary string }

func secrets() []secret {
	aws := "wJalrXUtnFEMI/K7MDENG/" + "bPxRfiCYZ3kQ81vTaN"
	jwt := "eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiJjYW5hcnkifQ." + "c2lnbmF0dXJlLWNhbmFyeQ"
	body := strings.Repeat("MIIEowIBAAKCAQEAcanary"+"0123456789abcdefghij\n", 8)
	pem := "-----BEGIN RSA " + "PRIVATE KEY-----\n" + body + "-----END RSA PRIVATE KEY-----"
	sig := "3f1e9c27canary" + strings.Repeat("0a", 25)
	return []secret{
		{"AWS secret key", aws, aws},
		{"AWS secret key in a sentence", "the key is " + aws + ", keep it", aws},
		{"AWS session token", "IQoJb3JpZ2luX2VjE" + strings.Repeat("Canary9/", 40), "Canary9/Canary9"},
		{"JWT", jwt, "c2lnbmF0dXJlLWNhbmFyeQ"},
		{"bearer", "Authorization: Bearer " + "c4n4ry.Token.0123456789", "c4n4ry.Token"},
		{"PEM", pem, "IBAAKCAQEAcanary"},
		{"PEM cut short", pem[:150], "IBAAKCAQEAcanary"},
		{"presigned URL", "https://b.s3.amazonaws.com/k?X-Amz-Credential=x&X-Amz-Signature=" + sig + "&X-Amz-Date=1", "3f1e9c27canary"},
		{"shared access signature", "https://x.example/workflows/1?sv=1&sig=" + "c4n4ryS1gnature%3D", "c4n4ryS1gnature"},
		{"Slack token", "xo" + "xb-123456789012-c4n4ryc4n4ry", "c4n4ryc4n4ry"},
		{"Slack webhook", "https://hooks.slack" + ".com/services/T0000/B0000/c4n4ryc4n4ry", "c4n4ryc4n4ry"},
		{"URL with a password", "postgres://app:" + "c4n4ry-p4ss@db.example/app", "c4n4ry-p4ss"},
		{"GitHub token", "gh" + "p_" + strings.Repeat("C4n4ry", 6), "C4n4ryC4n4ry"},
		{"password in a script", "#!/bin/sh\nexport DB_PASSWORD='c4n4ry-p4ss'\nmysql", "c4n4ry-p4ss"},
		{"password in YAML", "db:\n  password: c4n4ry-p4ss\n", "c4n4ry-p4ss"},
		{"password in JSON in text", `run {"password": "c4n4ry-p4ss", "x": 1} now`, "c4n4ry-p4ss"},
		{"password in JSON", `{"a":{"password":"c4n4ry-p4ss"}}`, "c4n4ry-p4ss"},
		{"password in JSON in JSON", `{"a":"{\"password\":\"c4n4ry-p4ss\"}"}`, "c4n4ry-p4ss"},
		{"password option", "mysql --password c4n4ry-p4ss -h db", "c4n4ry-p4ss"},
		{"script in base64", base64.StdEncoding.EncodeToString([]byte("export DB_PASSWORD=c4n4ry-p4ss\n")), base64.StdEncoding.EncodeToString([]byte("c4n4ry-p4ss"))[4:10]},
		{"percent-encoded JSON", "%7B%22password%22%3A%22c4n4ry-p4ss%22%7D", "c4n4ry-p4ss"},
		{"secret behind long text", strings.Repeat("word ", 204) + aws, aws[:20]},
		{"password in XML", "<c><DbPassword type='x'>c4n4ry-p4ss</DbPassword></c>", "c4n4ry-p4ss"},
		{"access key", "AK" + "IAC4N4RYC4N4RYABCD", "IAC4N4RYC4N4RY"},
	}
}

// secretKeys are names that make any text a secret.
func secretKeys() []string {
	return []string{"password", "masterUserPassword", "newPassword", "oldPassword", "Password", "db_password", "passwd", "passphrase", "secret", "clientSecret",
		"secretAccessKey", "secretKey", "secretString", "secretBinary", "token", "sessionToken", "accessToken", "SecurityToken", "authToken", "x-amz-security-token",
		"privateKey", "private_key", "keyMaterial", "authorization", "Authorization", "apiKey", "x-api-key", "connectionString", "preSharedKey", "userData", "plaintext",
		"tokenCode", "authenticationCode1", "pass\\u0077ord", "cookie", "webhookUrl"}
}

// Canaries are messages of records that hold secrets of every kind: under telling
// names, and by their shape in every text that a record has.
func Canaries() []Canary {
	const plain = "c4n4ry-by-name"
	var all []Canary
	b := builder()
	canary := func(name string, record json.RawMessage, secrets ...string) Canary {
		return canary(b, name, record, secrets...)
	}
	for _, key := range secretKeys() {
		params := `{"` + key + `":"` + plain + `","nested":{"list":[{"` + key + `":["` + plain + `",{"x":"` + plain + `"}]}]}}`
		all = append(all, canary("under the name "+key, record(params, "alice", "aws-cli/2"), plain))
	}
	pair := `{"containerDefinitions":[{"environment":[{"name":"DB_PASSWORD","value":"` + plain + `"},{"name":"A","value":"b"}]}],"parameters":[{"parameterKey":"MasterPassword","parameterValue":"` + plain + `"}]}`
	all = append(all, canary("in a pair of name and value", record(pair, "alice", "x"), plain),
		canary("as a parameter of type SecureString", record(`{"name":"x","type":"SecureString","value":"`+plain+`"}`, "alice", "x"), plain))
	all = append(all, canary("in a list of arguments", record(`{"command":["mysql","--password","`+plain+`","-h","db"]}`, "alice", "x"), plain))
	for _, s := range secrets() {
		text, _ := json.Marshal(s.text) // cannot fail
		q := string(text)
		all = append(all, canary(s.name+" in a parameter", record(`{"value":`+q+`,"list":[`+q+`],`+q+`:1}`, "alice", "x"), s.canary),
			canary(s.name+" in names and user agent", record(`{"userName":`+q+`}`, s.text, s.text), s.canary))
	}
	return all
}

// record is a record with these parameters and texts.
func record(params, user, agent string) json.RawMessage {
	u, _ := json.Marshal(user) // cannot fail
	a, _ := json.Marshal(agent)
	return json.RawMessage(`{"eventVersion":"1.11","eventTime":"2026-03-14T15:09:26Z","eventSource":"iam.amazonaws.com","eventName":"CreateUser","awsRegion":"us-east-1",` +
		`"userIdentity":{"type":"IAMUser","userName":` + string(u) + `,"accountId":"111122223333"},"sourceIPAddress":"203.0.113.7","userAgent":` + string(a) +
		`,"errorCode":"X","errorMessage":` + string(a) + `,"requestParameters":` + params + `,"responseElements":` + params + `,"additionalEventData":` + params +
		`,"serviceEventDetails":` + params + `,"resources":[{"ARN":` + string(u) + `}],"other":` + params + `,"eventID":"` + EventID + `","recipientAccountId":"111122223333"}`)
}

func canary(b *message.Builder, name string, record json.RawMessage, secrets ...string) Canary {
	a := Alert(record)
	a.Group = append(a.Group, alert.Label{Name: "userIdentity.userName", Value: textAt(record, "userIdentity", "userName")})
	a.Tallies = []alert.Tally{{Field: "userAgent", Values: []alert.TalliedText{{Text: textAt(record, "userAgent"), Count: 1}}}}
	return Canary{Case{name, build(b, a, alert.Delivery{ID: "d1", Kind: alert.Opened, Sequence: 1})}, secrets, record}
}

func textAt(record []byte, keys ...string) string {
	var x any
	_ = json.Unmarshal(record, &x) // our own record
	for _, k := range keys {
		m, _ := x.(map[string]any)
		x = m[k]
	}
	s, _ := x.(string)
	return s
}

// Alert is an open alert of one finding for each record, a minute apart.
func Alert(records ...json.RawMessage) *alert.Alert {
	a := &alert.Alert{ID: Key, Bucket: Moment().Truncate(24 * time.Hour), Status: alert.Open, Count: int64(len(records)), Mode: "serve", Version: 1,
		Rule: &alert.Rule{ID: "iam-user-created", Title: "An IAM user was created", Severity: severity.Medium,
			Description: "A new user is a way back in.", Tags: []string{"attack.persistence", "attack.t1136.003"}},
		Group:     []alert.Label{{Name: "account", Value: "111122223333"}, {Name: "region", Value: "us-east-1"}},
		FirstSeen: Moment(), LastSeen: Moment(), Created: Moment().Add(4 * time.Minute), Updated: Moment().Add(4 * time.Minute)}
	for i, r := range records {
		at := Moment().Add(time.Duration(i) * time.Minute)
		a.LastSeen = at
		a.Samples = append(a.Samples, alert.Sample{Record: r, Identity: string(rune('a' + i)), Time: at,
			Evidence: alert.Evidence{File: "s3://trail-logs/a.json.gz", Record: i, EventID: textAt(r, "eventID")}})
	}
	return a
}

func builder() *message.Builder {
	b, err := message.NewBuilder(message.Options{})
	if err != nil {
		panic(err)
	}
	return b
}

func build(b *message.Builder, a *alert.Alert, d alert.Delivery) *message.Message {
	m, err := b.Build(context.Background(), a, d)
	if err != nil {
		panic(err)
	}
	return m
}

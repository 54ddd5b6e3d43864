package intake_test

import (
	"testing"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/pipeline/intake"
)

// Our own calls are told from others by who made them, what they are and how,
// and a call that lacks one of these is judged.
func TestOwnActivity(t *testing.T) {
	const (
		session = `"userIdentity":{"type":"AssumedRole","arn":"arn:aws:sts::111122223333:assumed-role/trailwarden/serve","sessionContext":{"sessionIssuer":{"type":"Role","arn":"arn:aws:iam::111122223333:role/ops/trailwarden"}}}`
		user    = `"userIdentity":{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/watch"}`
		agent   = `"userAgent":"[aws-sdk-go-v2/1.41 os/linux lang/go trailwarden/1.0.0]"`
	)
	get := `"eventSource":"s3.amazonaws.com","eventName":"GetObject"`
	own := intake.NewOwn([]string{"arn:aws:sts::111122223333:assumed-role/trailwarden/i-0abc", "arn:aws:iam::111122223333:user/watch", "arn:aws:iam::111122223333:root", "nonsense"})
	for name, c := range map[string]struct {
		record string
		want   bool
	}{
		"our role reads a log":         {get + "," + session + "," + agent, true},
		"our user publishes":           {`"eventSource":"sns.amazonaws.com","eventName":"Publish",` + user + "," + agent, true},
		"S3 decrypts on our behalf":    {`"eventSource":"kms.amazonaws.com","eventName":"Decrypt","userIdentity":{"type":"AssumedRole","invokedBy":"s3.amazonaws.com","sessionContext":{"sessionIssuer":{"arn":"arn:aws:iam::111122223333:role/trailwarden"}}},"userAgent":"s3.amazonaws.com"`, true},
		"somebody decrypts by itself":  {`"eventSource":"kms.amazonaws.com","eventName":"Decrypt",` + session + `,"userAgent":"aws-cli/2"`, false},
		"our role by another program":  {get + "," + session + `,"userAgent":"aws-cli/2"`, false},
		"our role does more":           {`"eventSource":"iam.amazonaws.com","eventName":"CreateUser",` + session + "," + agent, false},
		"another account's role":       {get + `,"userIdentity":{"type":"AssumedRole","sessionContext":{"sessionIssuer":{"arn":"arn:aws:iam::444455556666:role/trailwarden"}}},` + agent, false},
		"another role":                 {get + `,"userIdentity":{"type":"AssumedRole","sessionContext":{"sessionIssuer":{"arn":"arn:aws:iam::111122223333:role/other"}}},` + agent, false},
		"a user of the role's name":    {get + `,"userIdentity":{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/trailwarden"},` + agent, false},
		"root":                         {get + `,"userIdentity":{"type":"Root","arn":"arn:aws:iam::111122223333:root"},` + agent, false},
		"nobody":                       {get + "," + agent, false},
		"an issuer beside a user":      {get + `,"userIdentity":{"type":"IAMUser","arn":"arn:aws:iam::1:user/x","sessionContext":{"sessionIssuer":{"arn":"arn:aws:iam::111122223333:role/trailwarden"}}},` + agent, false},
		"a user agent that is no text": {get + "," + session + `,"userAgent":{"a":"trailwarden/"},"eventName":["GetObject"]`, false},
	} {
		rec, err := cloudtrail.ParseRecord([]byte("{" + c.record + "}"))
		if err != nil {
			t.Fatal(name, err)
		}
		before := own.Count()
		if got := own.Is(rec); got != c.want || own.Count()-before != map[bool]int64{true: 1}[c.want] {
			t.Errorf("%s: %t, want %t", name, got, c.want)
		}
		if (*intake.Own)(nil).Is(rec) || intake.NewOwn(nil).Is(rec) {
			t.Errorf("%s: nobody's own", name)
		}
	}
	if own.Principals() != 2 {
		t.Errorf("%d principals, want the role and the user", own.Principals())
	}
}

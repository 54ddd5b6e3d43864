package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"

	"github.com/trailwarden/trailwarden/internal/awstest"
	"github.com/trailwarden/trailwarden/sink/sinktest"
)

// record is a CloudTrail record for the reports; more is put behind its fields.
func record(id, at, source, name, identity, more string) string {
	return `{"eventVersion":"1.11","eventTime":"` + at + `","eventSource":"` + source + `","eventName":"` + name + `","awsRegion":"us-east-1","sourceIPAddress":"203.0.113.9",
	"userIdentity":` + identity + `,"eventID":"` + id + `","recipientAccountId":"111122223333","eventType":"AwsApiCall"` + more + `}`
}

const (
	rootUser = `{"type":"Root","arn":"arn:aws:iam::111122223333:root","accountId":"111122223333"}`
	alice    = `{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/alice","userName":"alice","accountId":"111122223333"}`
	linked   = `{"type":"AssumedRole","arn":"arn:aws:sts::111122223333:assumed-role/AWSServiceRoleForAutoScaling/AutoScaling","accountId":"111122223333"}`
	byCFN    = `{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/alice","invokedBy":"cloudformation.amazonaws.com"}`
	service  = `{"type":"AWSService","invokedBy":"autoscaling.amazonaws.com"}`
)

// reportRecords are what the two reports are to tell of, and what they are not.
func reportRecords() []string {
	deleted := []string{"DeleteBucket", "TerminateInstances", "DeregisterImage", "RevokeSecurityGroupIngress", "ScheduleKeyDeletion", "RemoveRoleFromInstanceProfile", "BatchDeleteImage", "DeleteFunction20150331"}
	var all []string
	for i, name := range deleted {
		all = append(all, record("d-"+string(rune('a'+i)), "2026-03-14T23:5"+string(rune('0'+i))+":00Z", "x.amazonaws.com", name, alice, `,"readOnly":false`))
	}
	for i, c := range []struct{ name, who, more string }{
		{"GetDeletedThings", alice, `,"readOnly":true`}, {"DeleteBucketReadOnly", alice, `,"readOnly":true`}, {"DeleteUser", alice, `,"readOnly":false,"errorCode":"AccessDenied"`},
		{"TerminateInstances", service, ""}, {"TerminateInstances", linked, ""}, {"DeleteStackThing", byCFN, ""}, {"UndeleteThing", alice, ""}, {"ListDeletedThings", alice, ""},
	} {
		all = append(all, record("no-"+string(rune('a'+i)), "2026-03-14T23:40:00Z", "x.amazonaws.com", c.name, c.who, c.more))
	}
	signIn := `,"responseElements":{"ConsoleLogin":"Success"},"additionalEventData":{"MFAUsed":"No"}`
	return append(all, record("root-1", "2026-03-14T23:59:30Z", "signin.amazonaws.com", "ConsoleLogin", rootUser, signIn),
		record("alice-1", "2026-03-14T23:59:31Z", "signin.amazonaws.com", "ConsoleLogin", alice, signIn))
}

// From log files to the mail at SES and the message in Slack: the shipped reports
// tell of what they should, once, and of nothing else.
func TestShippedReports(t *testing.T) {
	cfg := awstest.Config(t)
	for _, kv := range awstest.Env(t, cfg) {
		name, value, _ := strings.Cut(kv, "=")
		t.Setenv(name, value)
	}
	if _, err := sesv2.NewFromConfig(cfg).CreateEmailIdentity(context.Background(), &sesv2.CreateEmailIdentityInput{EmailIdentity: aws.String("trailwarden@example.com")}); err != nil {
		t.Fatal(err)
	}
	slack := sinktest.NewSlack(t)
	t.Setenv("SLACK_WEBHOOK", slack.Hook)
	dir := reportFolder(t)
	do := func(name, at string) (int, string) {
		var out bytes.Buffer
		code := run([]string{"queries", "run", name, "--config", filepath.Join(dir, "trailwarden.yaml"), "--at", at}, strings.NewReader(""), &out, &out)
		return code, out.String()
	}
	for _, c := range []struct{ name, want string }{{"root-sign-ins", "1 of them new; 2 messages."}, {"deletions", "8 of them new; 2 messages."}} {
		if code, out := do(c.name, "2026-03-15T00:30:00Z"); code != 0 || !strings.Contains(out, c.want) {
			t.Fatalf("%s: %d %s", c.name, code, out)
		}
		if code, out := do(c.name, "2026-03-15T01:30:00Z"); code != 0 || !strings.Contains(out, "0 of them new; 0 messages.") {
			t.Errorf("%s again: %d %s", c.name, code, out)
		}
	}
	checkReports(t, awstest.SentMail(t, cfg), slack.Posts())
}

// reportFolder is the shipped pack with logs in it; Slack's stand-in is on this
// machine.
func reportFolder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("../../packs/reports")); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "trailwarden.yaml")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text = bytes.Replace(text, []byte("env:SLACK_WEBHOOK"), []byte("env:SLACK_WEBHOOK, allow_private: [127.0.0.0/8]"), 1)
	logs := []byte(`{"Records":[` + strings.Join(reportRecords(), ",") + `]}`)
	for name, b := range map[string][]byte{path: text, filepath.Join(dir, "logs", "a.json"): logs, filepath.Join(dir, "logs", "copy.json"): logs} {
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func checkReports(t *testing.T, mails []awstest.Mail, posts []sinktest.SlackPost) {
	t.Helper()
	if len(mails) != 2 || len(posts) != 2 {
		t.Fatalf("%d mails, %d posts, want 2 each", len(mails), len(posts))
	}
	for i, want := range [][]string{{"Root user signed in", "arn:aws:iam::111122223333:root", "203.0.113.9", "Success"}, {"Resources deleted", "ScheduleKeyDeletion", "DeregisterImage", "RevokeSecurityGroupIngress"}} {
		m, err := mail.ReadMessage(strings.NewReader(mails[i].Raw))
		if err != nil {
			t.Fatalf("mail %d: %v: %+v", i, err, mails[i])
		}
		body, _ := io.ReadAll(m.Body)
		text := m.Header.Get("Subject") + string(body)
		post, _ := json.Marshal(posts[i])
		for _, w := range want {
			if !strings.Contains(strings.ReplaceAll(text, "=\r\n", ""), w) || !strings.Contains(string(post), w) {
				t.Errorf("report %d has no %q in the mail or the post:\n%s\n%s", i, w, text, post)
			}
		}
		if !strings.Contains(text, "text/plain") || !strings.Contains(text, "text/html") || !strings.Contains(text, "<table") {
			t.Errorf("mail %d has not both bodies with a table", i)
		}
		for _, no := range []string{"UndeleteThing", "DeleteStackThing", "AccessDenied", "AWSServiceRoleFor"} {
			if strings.Contains(text+string(post), no) {
				t.Errorf("report %d tells of %s", i, no)
			}
		}
	}
}

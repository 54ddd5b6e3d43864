package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/trailwarden/trailwarden/internal/awstest"
)

// The configuration object of the AWS Security Blog's walk-through, as it was
// published, is enough to scan a log and publish the article's lines to its
// topic.
func TestPublishedConfigurationPublishes(t *testing.T) {
	cfg := awstest.Config(t)
	topic := awstest.Topic(t, cfg)
	queue, arn := awstest.Queue(t, cfg)
	awstest.Subscribe(t, cfg, topic, arn, nil)
	for _, kv := range awstest.Env(t, cfg) {
		name, value, _ := strings.Cut(kv, "=")
		t.Setenv(name, value)
	}
	t.Chdir(t.TempDir())
	object := fmt.Sprintf(`{
   "source" : "iam|signin|sts",
   "regexp" : "Password|AccessKey|PutRolePolicy|User|Token|Login",
   "sns" : {"region" : %q, "topicARN" : %q}
}`, awstest.Region, topic)
	for name, text := range map[string]string{"filter_config.json": object, "log.json": records(2, map[int]string{0: `,"requestParameters":{"userName":"mallory"}`})} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var out, errOut bytes.Buffer
	if code := run([]string{"scan", "--notify", "--config", "filter_config.json", "--store", "alerts.db", "-f", "ndjson", "log.json"}, strings.NewReader(""), &out, &errOut); code != 0 {
		t.Fatalf("exit code %d\n%s", code, errOut.String())
	}
	if strings.Count(out.String(), "CreateUser") != 2 {
		t.Errorf("the report is\n%s", out.String())
	}
	got := awstest.Receive(t, cfg, queue)
	if len(got) != 1 {
		t.Fatalf("%d messages\n%s", len(got), errOut.String())
	}
	for _, want := range []string{"CreateUser", "iam.amazonaws.com", `{"userName":"mallory"}`, "us-east-1", "Event", "Source", "Params", "Region"} {
		if !strings.Contains(*got[0].Body, want) {
			t.Errorf("the message has no %s:\n%s", want, *got[0].Body)
		}
	}
}

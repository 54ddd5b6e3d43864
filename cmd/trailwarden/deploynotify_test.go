package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/trailwarden/trailwarden/internal/awstest"
)

// S2.15, S2.D10: the command adds ours once, says what would be before it does it,
// refuses an overlap by name, and takes only ours away.
func TestDeployNotify(t *testing.T) {
	cfg := awstest.Config(t)
	for _, kv := range awstest.Env(t, cfg) {
		name, value, _ := strings.Cut(kv, "=")
		t.Setenv(name, value)
	}
	bucket, topic := awstest.Bucket(t, cfg), awstest.Topic(t, cfg)
	_, queue := awstest.Queue(t, cfg)
	for _, c := range []struct {
		args string
		code int
		want string
	}{
		{"--queue " + queue + " --id backup --prefix backup/", 0, `backup: s3:ObjectCreated:* of keys "backup/*" to ` + queue},
		{"--topic " + topic + " --prefix AWSLogs/ --suffix .json.gz --dry-run", 0, "would have"},
		{"--topic " + topic, 1, `"backup"`},
		{"--topic " + topic + " --prefix AWSLogs/ --suffix .json.gz", 0, `trailwarden: s3:ObjectCreated:* of keys "AWSLogs/*.json.gz" to ` + topic},
		{"--topic " + topic + " --prefix AWSLogs/ --suffix .json.gz", 0, "nothing to change"},
		{"--remove", 0, "backup: "},
		{"--remove", 0, "nothing to change"},
		{"", 2, "give one of --topic"},
		{"--topic nowhere", 2, "want the ARN"},
		{"--topic " + topic + " --eventbridge", 2, "can't be used together"},
	} {
		var out bytes.Buffer
		args := append([]string{"deploy", "notify", "--bucket", bucket}, strings.Fields(c.args)...)
		if code := run(args, nil, &out, &out); code != c.code || !strings.Contains(out.String(), c.want) {
			t.Errorf("%s: exit code %d, want %d and %q in\n%s", c.args, code, c.code, c.want, out.String())
		}
	}
}

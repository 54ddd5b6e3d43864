package main

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/trailwarden/trailwarden/internal/awstest"
	"github.com/trailwarden/trailwarden/query/sandbox"
)

// athena sync finds the accounts in the bucket, makes the table, and changes
// nothing the second time; a dry run does nothing.
func TestAthenaSync(t *testing.T) {
	cfg := awstest.Config(t)
	for _, kv := range awstest.Env(t, cfg) {
		name, value, _ := strings.Cut(kv, "=")
		t.Setenv(name, value)
	}
	bucket := awstest.Bucket(t, cfg)
	for _, k := range []string{"AWSLogs/o-exampleorgid/111122223333/CloudTrail/a", "AWSLogs/o-exampleorgid/444455556666/CloudTrail/b"} {
		if _, err := awstest.S3(cfg).PutObject(context.Background(), &s3.PutObjectInput{Bucket: &bucket, Key: &k}); err != nil {
			t.Fatal(err)
		}
	}
	do := func(args ...string) (code int, out, errs string) {
		var o, e bytes.Buffer
		code = run(append([]string{"athena", "sync", "--bucket", bucket}, args...), strings.NewReader(""), &o, &e)
		return code, o.String(), e.String()
	}
	there := func() bool {
		_, err := glue.NewFromConfig(cfg).GetTable(context.Background(), &glue.GetTableInput{DatabaseName: aws.String("default"), Name: aws.String("cloudtrail_logs")})
		return err == nil
	}
	if code, out, errs := do("--dry-run"); code != 0 || there() || !strings.Contains(out, "'111122223333,444455556666'") || !strings.Contains(errs, "2 accounts found of o-exampleorgid") {
		t.Errorf("dry run: %d %s %s", code, out, errs)
	}
	if code, out, errs := do(); code != 0 || !there() || out != "Table default.cloudtrail_logs was made.\n" {
		t.Errorf("first: %d %s %s", code, out, errs)
	}
	if code, out, errs := do(); code != 0 || out != "Table default.cloudtrail_logs is up to date.\n" {
		t.Errorf("second: %d %s %s", code, out, errs)
	}
	if code, out, errs := do("--organization", "-"); code != 2 || !strings.Contains(errs, "no folder of an account") {
		t.Errorf("wrong layout: %d %s %s", code, out, errs)
	}
}

// query --engine athena asks Athena, says the execution and the cost, and takes
// no logs.
func TestQueryOnAthena(t *testing.T) {
	cfg := awstest.Config(t)
	for _, kv := range awstest.Env(t, cfg) {
		name, value, _ := strings.Cut(kv, "=")
		t.Setenv(name, value)
	}
	t.Setenv(sandbox.EngineVariable, filepath.Join(t.TempDir(), "none")) // Athena needs none here
	var out, errs bytes.Buffer
	if code := run([]string{"query", "--engine", "athena", "--format", "csv", "SELECT eventname FROM cloudtrail_logs"}, strings.NewReader(""), &out, &errs); code != 0 {
		t.Fatalf("%d: %s", code, errs.String())
	}
	if !strings.Contains(errs.String(), "running on Athena as ") || !strings.Contains(errs.String(), "MB scanned, about $") {
		t.Errorf("said %s", errs.String())
	}
	errs.Reset()
	if code := run([]string{"query", "--engine", "athena", "SELECT 1", "../../examples"}, strings.NewReader(""), &out, &errs); code != 2 || !strings.Contains(errs.String(), "leave the logs") {
		t.Errorf("%d: %s", code, errs.String())
	}
}

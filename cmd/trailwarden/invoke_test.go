package main

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/trailwarden/trailwarden/internal/awstest"
)

// The configuration that a function reads from a bucket can be tried here from
// the same place, with the rules beside it.
func TestInvokeWithTheConfigurationOfTheFunction(t *testing.T) {
	cfg := awstest.Config(t)
	for _, kv := range awstest.Env(t, cfg) {
		name, value, _ := strings.Cut(kv, "=")
		t.Setenv(name, value)
	}
	t.Setenv("TMPDIR", t.TempDir())
	bucket := awstest.Bucket(t, cfg)
	for key, text := range map[string]string{
		"settings/trailwarden.yaml": "rules: [mine.yaml]\nsinks: {screen: {stdout: {}}}\n",
		"settings/mine.yaml":        "id: a-key\nseverity: low\nmatch: {where: {eventName: {equals: CreateAccessKey}}}\n",
		"published.json":            `{"source": "iam", "regexp": "AccessKey", "sns": {"region": "us-west-2", "topicARN": "arn:aws:sns:us-west-2:111122223333:calls"}}`,
	} {
		if _, err := awstest.S3(cfg).PutObject(context.Background(), &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader(text)}); err != nil {
			t.Fatal(err)
		}
	}
	for config, want := range map[string]string{
		"s3://" + bucket + "/settings/trailwarden.yaml": "rule=a-key",
		"s3://" + bucket + "/published.json":            "Event  : CreateAccessKey",
	} {
		var out, errs bytes.Buffer
		if code := run([]string{"invoke", "--sample", "s3", "--config", config}, strings.NewReader(""), &out, &errs); code != 0 || !strings.Contains(out.String(), want) {
			t.Errorf("%s: want %q, have %d %s%s", config, want, code, out.String(), errs.String())
		}
	}
	var out, errs bytes.Buffer
	missing := "s3://" + bucket + "/missing.yaml"
	if code := run([]string{"invoke", "--sample", "s3", "--config", missing}, strings.NewReader(""), &out, &errs); code != 1 || !strings.Contains(errs.String(), missing) {
		t.Errorf("a configuration that is not there: %d %s%s", code, out.String(), errs.String())
	}
}

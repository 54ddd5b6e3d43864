package main

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/trailwarden/trailwarden/internal/awstest"
	"github.com/trailwarden/trailwarden/internal/needs"
	"github.com/trailwarden/trailwarden/query/sandbox"
)

// logBucket makes a bucket that holds the sample logs, and sets the environment
// for it.
func logBucket(t *testing.T) string {
	if _, err := sandbox.FindEngine(context.Background(), func(string) {}); err != nil {
		needs.Missing(t, "engine", err)
	}
	cfg := awstest.Config(t)
	for _, kv := range awstest.Env(t, cfg) {
		name, value, _ := strings.Cut(kv, "=")
		t.Setenv(name, value)
	}
	bucket := awstest.Bucket(t, cfg)
	logs := os.DirFS("../../examples")
	err := fs.WalkDir(logs, "AWSLogs", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := fs.ReadFile(logs, path)
		if err != nil {
			return err
		}
		_, err = awstest.S3(cfg).PutObject(context.Background(), &s3.PutObjectInput{Bucket: &bucket, Key: &path, Body: bytes.NewReader(body)})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return bucket
}

// Logs in S3 answer as the same logs in a folder do, only what the question
// reaches is read, and a lake takes them in.
func TestQueryInS3(t *testing.T) {
	bucket := logBucket(t)
	do := func(args ...string) (out, errs string) {
		var o, e bytes.Buffer
		if code := run(args, strings.NewReader(""), &o, &e); code != 0 {
			t.Fatalf("%v: %d %s", args, code, e.String())
		}
		return o.String(), e.String()
	}
	const sql = "SELECT eventid, account, region, \"timestamp\" FROM cloudtrail_logs ORDER BY eventid, account"
	here, _ := do("query", "--format", "csv", sql, "../../examples/AWSLogs")
	there, _ := do("query", "--format", "csv", sql, "s3://"+bucket)
	if here != there || strings.Count(here, "\n") < 100 {
		t.Errorf("%d lines from the folder, %d from the bucket", strings.Count(here, "\n"), strings.Count(there, "\n"))
	}
	lakeDir := t.TempDir()
	if said, _ := do("lake", "ingest", "--lake", lakeDir, "s3://"+bucket); !strings.Contains(said, " objects added") {
		t.Errorf("ingest: %s", said)
	}
	if again, _ := do("lake", "ingest", "--lake", lakeDir, "s3://"+bucket); !strings.HasPrefix(again, "0 records of 0 objects added") {
		t.Errorf("again: %s", again)
	}
	if both, _ := do("query", "--format", "csv", sql, "--lake", lakeDir, "s3://"+bucket); both != here {
		t.Errorf("%d lines from lake and bucket; want %d", strings.Count(both, "\n"), strings.Count(here, "\n"))
	}
	path, _ := do("query", "--format", "csv", `SELECT DISTINCT substr("$path", 1, 5) FROM cloudtrail_logs WHERE "timestamp" = '2026/03/14' AND account = '111122223333'`, "s3://"+bucket)
	if !strings.Contains(path, `"s3://"`) {
		t.Errorf("paths: %s", path)
	}
}

// A place in S3 that cannot be listed is told by its name.
func TestQueryInS3ThatIsNotThere(t *testing.T) {
	logBucket(t)
	var o, e bytes.Buffer
	if code := run([]string{"query", "SELECT 1 FROM cloudtrail_logs", "s3://no-such-bucket-of-ours/AWSLogs"}, strings.NewReader(""), &o, &e); code != 2 || !strings.Contains(e.String(), "no-such-bucket-of-ours") {
		t.Errorf("%d: %s", code, e.String())
	}
}

// A scan of a bucket finds what a scan of the same files in a folder does, also
// where rules learn from the past and show records again; --account and a time
// leave objects unread.
func TestScanInS3(t *testing.T) {
	bucket := "s3://" + logBucket(t)
	do := func(args ...string) string {
		var o, e bytes.Buffer
		if code := run(args, strings.NewReader(""), &o, &e); code != 0 {
			t.Fatalf("%v: %d %s", args, code, e.String())
		}
		return o.String()
	}
	here := do("scan", "-f", "ndjson", "--with-event", "--warm", "../../examples/AWSLogs", "../../examples/AWSLogs")
	there := do("scan", "-f", "ndjson", "--with-event", "--warm", bucket, bucket)
	if there = strings.ReplaceAll(there, bucket+"/", "../../examples/"); here != there || strings.Count(here, "\n") < 30 {
		t.Errorf("%d findings from the folder, %d from the bucket\n%s", strings.Count(here, "\n"), strings.Count(there, "\n"), there)
	}
	if one := do("scan", "-f", "ndjson", "--account", "444455556666", bucket); one == "" || strings.Contains(one, `"account":"111122223333"`) {
		t.Errorf("one account: %s", one)
	}
	if none := do("scan", "-f", "ndjson", "--from", "2026-04-01", bucket); none != "" {
		t.Errorf("a later month: %s", none)
	}
	if a, b := do("backtest", "../../examples/AWSLogs"), do("backtest", bucket); a != b || a == "" {
		t.Errorf("the folder:\n%s\nthe bucket:\n%s", a, b)
	}
}

// A scan, a backtest and learning reach a bucket as the configuration says.
func TestBucketByTheConfiguration(t *testing.T) {
	bucket := logBucket(t)
	endpoint := os.Getenv("AWS_ENDPOINT_URL")
	t.Setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1") // where nobody answers
	folder := t.TempDir()
	config := filepath.Join(folder, "trailwarden.yaml")
	text := "aws: {endpoint: \"" + endpoint + "\", region: " + awstest.Region + "}\nrules: {packs: [starter]}\nstore: {sqlite: {path: alerts.db}}\nsinks: {out: {file: {path: told.ndjson}}}\nsources: {logs: {folder: {path: .}}}\n"
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"scan", "-f", "ndjson"}, {"backtest"}, {"learn"}} {
		var o, e bytes.Buffer
		if code := run(append(args, "--config", config, "s3://"+bucket), strings.NewReader(""), &o, &e); code != 0 || o.Len() == 0 {
			t.Errorf("%v: %d %s", args, code, e.String())
		}
	}
}

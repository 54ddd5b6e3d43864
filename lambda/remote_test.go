package lambda_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/trailwarden/trailwarden/lambda"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
	"github.com/trailwarden/trailwarden/source/folder"
)

// parameters answers like the Parameter Store (Systems Manager API Reference,
// GetParameter; AWS JSON 1.1) and like Amazon S3 with one object.
type parameters struct {
	value   string
	version int
	made    float64 // seconds of the epoch
}

func (p *parameters) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("X-Amz-Target") != "AmazonSSM.GetParameter" {
		w.Header().Set("ETag", `"one"`)
		_, _ = io.WriteString(w, p.value)
		return
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	_ = json.NewEncoder(w).Encode(map[string]any{"Parameter": map[string]any{"Name": "/trailwarden", "Type": "String", "Value": p.value,
		"Version": p.version, "LastModifiedDate": p.made}})
}

// remote is a Remote that reads from p, a folder where it may keep copies, and
// one with the bundle.
func remote(t *testing.T, p *parameters, ref string) *lambda.Remote {
	t.Helper()
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	credentials := aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: "AKIAIOSFODNN7EXAMPLE", SecretAccessKey: "secret"}, nil
	})
	return &lambda.Remote{Ref: ref, Bundle: t.TempDir(), Temp: t.TempDir(),
		AWS: aws.Config{Region: "eu-central-1", BaseEndpoint: aws.String(server.URL), Credentials: credentials, RetryMaxAttempts: 1}}
}

const oneRule = "id: one\ntitle: One\nmatch: {where: {eventName: {equals: StopLogging}}}\n"

// The files that a parameter names are those of the bundle, where they stay: the
// bundle has the program and perhaps tables of addresses in it.
func TestAParameterReadsTheBundleWhereItIs(t *testing.T) {
	p := &parameters{value: "rules: [rules]\n", version: 1}
	r := remote(t, p, "ssm:/trailwarden")
	write(t, filepath.Join(r.Bundle, "rules", "one.yaml"), oneRule)
	write(t, filepath.Join(r.Bundle, "bootstrap"), strings.Repeat("x", 1<<20))
	got, _, err := r.Load(t.Context())
	if err != nil || got.Rules.Len() != 1 {
		t.Fatalf("got %v, %v; want the bundle's rule", got, err)
	}
	var copies []string
	for range 3 { // a change replaces the copy of the text
		p.version++
		if _, _, err := r.Load(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	err = filepath.WalkDir(r.Temp, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			copies = append(copies, filepath.Base(path))
		}
		return err
	})
	if err != nil || len(copies) != 1 || copies[0] != "trailwarden.yaml" {
		t.Errorf("copied %q, %v; want the parameter's text only", copies, err)
	}
}

// A parameter that is deleted and made anew begins with version 1 again.
func TestAParameterMadeAnewIsNoticed(t *testing.T) {
	p := &parameters{value: "rules: [one.yaml]\n", version: 1, made: 1_790_000_000}
	r := remote(t, p, "ssm:/trailwarden")
	write(t, filepath.Join(r.Bundle, "one.yaml"), oneRule)
	write(t, filepath.Join(r.Bundle, "two.yaml"), oneRule+"---\n"+strings.ReplaceAll(oneRule, "one", "two"))
	for _, want := range []struct {
		made  float64
		value string
		rules int // 0: unchanged
	}{{1_790_000_000, p.value, 1}, {1_790_000_000, p.value, 0}, {1_790_000_060, "rules: [two.yaml]\n", 2}} {
		p.made, p.value = want.made, want.value
		got, unchanged, err := r.Load(t.Context())
		if err != nil || unchanged != (want.rules == 0) || !unchanged && got.Rules.Len() != want.rules {
			t.Errorf("%+v: got %v, unchanged %v, %v", want, got, unchanged, err)
		}
	}
}

// A mistake is named where its author finds it: in the parameter or object, not
// in a copy of it that is gone.
func TestMistakesAreNamedWhereTheyAre(t *testing.T) {
	for ref, want := range map[string]string{
		"ssm:/trailwarden":             "ssm:/trailwarden:2: ",
		"s3://bucket/live/config.yaml": "s3://bucket/live/config.yaml:2: ",
	} {
		r := remote(t, &parameters{value: "rules: [starter]\nsnks: {}\n", version: 1}, ref)
		_, _, err := r.Load(t.Context())
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), r.Temp) {
			t.Errorf("got %v, want %q in it, and no %s", err, want, r.Temp)
		}
		if left, err := os.ReadDir(r.Temp); err != nil || len(left) > 0 {
			t.Errorf("%s: %v is left, %v", ref, left, err)
		}
	}
	r := remote(t, &parameters{value: `{"source":"cloudtrail|iam","regexp":"(","sns":{"region":"eu-central-1","topicARN":"arn:aws:sns:eu-central-1:111122223333:out"}}`}, "s3://bucket/live/config.json")
	var told diagnostic.List
	r.Remark = func(l diagnostic.List) { told = l }
	if _, _, err := r.Load(t.Context()); err == nil {
		t.Error("an expression that is none was put in force")
	}
	for _, d := range told {
		if !strings.HasPrefix(d.File, "s3://bucket/live/config.json") {
			t.Errorf("%s is told of %s", d.Message, d.File)
		}
	}
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// shelf is a Keeper that takes nothing while it is missing.
type shelf struct {
	missing bool
	kept    map[string][]byte
}

func (s *shelf) Load(_ context.Context, name string) ([]byte, error) {
	if s.missing {
		return nil, errors.New("there is no such table")
	}
	return s.kept[name], nil
}

func (s *shelf) Save(_ context.Context, name string, data []byte) error {
	if s.missing {
		return errors.New("there is no such table")
	}
	s.kept[name] = data
	return nil
}

// A configuration that could not be kept, for the table is made only when it is in
// force, is kept the next time that it is looked at, though it did not change.
func TestWhatCouldNotBeKeptIsKeptLater(t *testing.T) {
	p := &parameters{value: "approved_regions: [eu-west-1]\n"}
	r := remote(t, p, "s3://settings/trailwarden.yaml")
	table := &shelf{missing: true, kept: map[string][]byte{}}
	told := 0
	r.LastGood, r.Trouble = table, func(error) { told++ }
	if _, _, err := r.Load(t.Context()); err != nil || told != 1 {
		t.Fatalf("%v, told %d times; want a configuration in force, and to hear that it is not kept", err, told)
	}
	table.missing = false
	if _, unchanged, err := r.Load(t.Context()); err != nil || !unchanged || told != 1 || len(table.kept) != 1 {
		t.Fatalf("%v, unchanged %v, told %d times, %d kept; want it kept", err, unchanged, told, len(table.kept))
	}
	cold := remote(t, &parameters{value: "approved_regions: ["}, r.Ref)
	cold.LastGood = table
	if got, _, err := cold.Load(t.Context()); err != nil || len(got.Config.ApprovedRegions) != 1 {
		t.Fatalf("got %v, %v; want what was kept", got, err)
	}
}

// The configuration may lie in a bucket that is watched. Its objects are no logs,
// and so no dead letters; others that are none still are, and so would logs be
// judged that lie where rules do.
func TestTheOwnConfigurationIsNoDeadLetter(t *testing.T) {
	r := remote(t, &parameters{value: `{"source":"cloudtrail|iam","regexp":"StopLogging","sns":{"region":"eu-central-1","topicARN":"arn:aws:sns:eu-central-1:111122223333:out"}}`}, "s3://logs/live/config.json")
	bucket := t.TempDir()
	write(t, filepath.Join(bucket, "live", "config.json"), `{"source":"cloudtrail|iam"}`)
	write(t, filepath.Join(bucket, "live", "other.json"), `{"source":"cloudtrail|iam"}`)
	write(t, filepath.Join(bucket, "archive", "live", "config.json"), `{"source":"cloudtrail|iam"}`)
	var log strings.Builder
	o := options(t, &heard{keys: map[string]int{}}, folder.Files{Default: bucket})
	o.Load, o.Reads, o.Log = r.Load, r.Reads, slog.New(slog.NewTextHandler(&log, nil))
	f := start(t, o)
	for key, dead := range map[string]bool{"live/config.json": false, "live/other.json": true, "archive/live/config.json": true} {
		log.Reset()
		event := `{"Records":[{"eventVersion":"2.1","eventSource":"aws:s3","eventName":"ObjectCreated:Put","eventTime":"2026-03-14T09:05:00Z","awsRegion":"eu-central-1","s3":{"bucket":{"name":"logs"},"object":{"key":"` + key + `","eTag":"` + key + `"}}}]}`
		if _, err := f.Invoke(t.Context(), []byte(event)); err != nil {
			t.Errorf("%s: %v", key, err)
		}
		if got := strings.Contains(log.String(), "dead letter"); got != dead {
			t.Errorf("%s: dead letter %t, want %t:\n%s", key, got, dead, log.String())
		}
	}
}

package serve_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/alert/sqlite"
	"github.com/trailwarden/trailwarden/assemble"
	"github.com/trailwarden/trailwarden/assemble/home"
	"github.com/trailwarden/trailwarden/internal/awstest"
	"github.com/trailwarden/trailwarden/internal/awsx"
	"github.com/trailwarden/trailwarden/serve"
)

func TestMain(m *testing.M) { os.Exit(awstest.Main(m)) }

const examples = "../examples/AWSLogs"

// running is a server under test.
type running struct {
	dir     string
	address string
	reload  chan struct{}
	stop    func() error
}

// run starts a server with the configuration in a folder of its own; DIR in it
// stands for that folder.
func run(t *testing.T, dir, text string, o assemble.Options) *running {
	t.Helper()
	return runWith(t, dir, text, o, nil)
}

func runWith(t *testing.T, dir, text string, o assemble.Options, change func(*serve.Options)) *running {
	t.Helper()
	file := filepath.Join(dir, "trailwarden.yaml")
	text = strings.ReplaceAll(text, "DIR", dir)
	text += "\nstore: {sqlite: {path: " + dir + "/state/alerts.db}}\n"
	if !strings.Contains(text, "sinks:") {
		text += "sinks: {all: {file: {path: " + dir + "/told.ndjson}, quota: 100000/m}}\n"
	}
	if !strings.Contains(text, "serve:") {
		text += "serve: {listen: \"127.0.0.1:0\", reload: 0s}\n"
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	o.Out = io.Discard
	l := assemble.NewLoader(file, o, nil)
	ctx, cancel := context.WithCancel(context.Background())
	r := &running{dir: dir, reload: make(chan struct{})}
	ready, done := make(chan string, 1), make(chan error, 1)
	go func() {
		so := serve.Options{Load: l.Load, Changed: l.Changed, Reload: r.reload, Log: slog.New(slog.DiscardHandler),
			Ready: func(a string) { ready <- a },
			Open: func(ctx context.Context, a *assemble.Assembly, policy func() *alert.Policy) (alert.Store, error) {
				return home.Open(ctx, a, policy)
			}}
		if change != nil {
			change(&so)
		}
		done <- serve.Run(ctx, so)
	}()
	stopped := false
	r.stop = func() error {
		if stopped {
			return nil
		}
		stopped = true
		cancel()
		select {
		case err := <-done:
			return err
		case <-time.After(30 * time.Second):
			return fmt.Errorf("it did not stop in 30 s")
		}
	}
	t.Cleanup(func() {
		if err := r.stop(); err != nil {
			t.Error(err)
		}
	})
	select {
	case r.address = <-ready:
	case err := <-done:
		stopped = true
		t.Fatal("the server ended: ", err)
	}
	return r
}

// alerts are the alerts that the server's store holds, once it is stopped: id
// and count.
func (r *running) alerts(t *testing.T) map[string]int64 {
	t.Helper()
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	return stored(t, filepath.Join(r.dir, "state", "alerts.db"))
}

func stored(t *testing.T, path string) map[string]int64 {
	t.Helper()
	s, err := sqlite.Open(t.Context(), path, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	all := map[string]int64{}
	for after := ""; ; {
		page, next, err := s.Alerts(t.Context(), alert.Query{Limit: 100, After: after})
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range page {
			if a.Rule.ID != notYet {
				all[a.ID] = a.Count
			}
		}
		if after = next; next == "" {
			return all
		}
	}
}

// told counts the messages of the file sink by alert.
func (r *running) told(t *testing.T) map[string]int {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(r.dir, "told.ndjson"))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	all := map[string]int{}
	for line := range bytes.Lines(text) {
		if !bytes.HasSuffix(line, []byte("\n")) {
			break // it is being written
		}
		var m struct{ Key, Kind string }
		if err := json.Unmarshal(line, &m); err != nil {
			t.Fatal(err)
		}
		if m.Kind == string(alert.Opened) {
			all[m.Key]++
		}
	}
	return all
}

// settle waits until the store holds the wanted alerts with all their findings
// and the file sink was told of each.
func (r *running) settle(t *testing.T, alerts int, findings int64) {
	t.Helper()
	path := filepath.Join(r.dir, "state", "alerts.db")
	soon(t, fmt.Sprintf("%d alerts of %d findings", alerts, findings), func() bool {
		if len(r.told(t)) < alerts {
			return false
		}
		held := stored(t, path)
		return len(held) >= alerts && total(held) >= findings
	})
}

func total(alerts map[string]int64) (n int64) {
	for _, count := range alerts {
		n += count
	}
	return n
}

// What the example files hold as the scan of the README counts it, without what
// the rule found that waits for something not to happen: how soon a server takes
// it for certain depends on which record comes last.
const (
	exampleAlerts, exampleFindings = 22, 37
	notYet                         = "trail-not-restarted"
)

func (r *running) get(t *testing.T, path string) (int, string) {
	t.Helper()
	resp, err := http.Get("http://" + r.address + path)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, string(b)
}

// fromFolder is what a server over the example files opens: the measure for all
// other ways.
func fromFolder(t *testing.T) map[string]int64 {
	t.Helper()
	dir := t.TempDir()
	r := run(t, dir, "sources: {logs: {folder: {path: "+abs(t, examples)+", settled: 10ms, every: 1s}}}", assemble.Options{})
	r.settle(t, exampleAlerts, exampleFindings)
	return r.alerts(t)
}

func abs(t *testing.T, path string) string {
	t.Helper()
	p, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func equal(t *testing.T, what string, got, want map[string]int64) {
	t.Helper()
	if len(want) == 0 {
		t.Fatal("nothing to compare with")
	}
	if !maps.Equal(got, want) {
		t.Errorf("%s: %d alerts, want %d; missing %v, other %v", what, len(got), len(want), less(want, got), less(got, want))
	}
}

func less(a, b map[string]int64) (out []string) {
	for k, n := range a {
		if b[k] != n {
			out = append(out, fmt.Sprintf("%.8s ×%d (×%d)", k, n, b[k]))
		}
	}
	slices.Sort(out)
	return out
}

// logFiles are the example files by key.
func logFiles(t *testing.T) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	err := filepath.WalkDir(examples, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(p, ".json.gz") {
			return err
		}
		b, err := os.ReadFile(p)
		rel, _ := filepath.Rel(filepath.Dir(examples), p)
		all[filepath.ToSlash(rel)] = b
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// X1: records that are posted open the alerts that files open.
func TestPostedRecordsOpenTheSameAlerts(t *testing.T) {
	want := fromFolder(t)
	t.Setenv("TEST_INTAKE_KEY", "sesame")
	r := run(t, t.TempDir(), `sources: {push: {http: {listen: "127.0.0.1:18231", url_path: /, eventbridge_api_key: "env:TEST_INTAKE_KEY"}}}`, assemble.Options{})
	for key, body := range logFiles(t) {
		req, _ := http.NewRequest("POST", "http://127.0.0.1:18231/", bytes.NewReader(body))
		req.Header.Set("X-Api-Key", "sesame")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			t.Fatalf("%s: %s", key, resp.Status)
		}
	}
	r.settle(t, len(want), total(want))
	equal(t, "posted", r.alerts(t), want)
}

// End to end on an emulator: files in S3, notifications in SQS, alerts at the
// sink, once each.
func TestFilesInS3OpenTheSameAlertsThroughSQS(t *testing.T) {
	want := fromFolder(t)
	cfg := awstest.Config(t)
	bucket := awstest.Bucket(t, cfg)
	queue, arn := awstest.Queue(t, cfg)
	client := awstest.S3(cfg)
	_, err := client.PutBucketNotificationConfiguration(t.Context(), &s3.PutBucketNotificationConfigurationInput{Bucket: &bucket,
		NotificationConfiguration: &s3types.NotificationConfiguration{QueueConfigurations: []s3types.QueueConfiguration{{QueueArn: &arn, Events: []s3types.Event{"s3:ObjectCreated:*"}}}}})
	if err != nil {
		t.Fatal(err)
	}
	o := assemble.Options{LoadAWS: func(context.Context, awsx.Settings) (aws.Config, error) { return cfg, nil }}
	r := run(t, t.TempDir(), "sources: {q: {sqs: {queue: \""+queue+"\"}}}", o)
	for key, body := range logFiles(t) {
		if _, err := client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: aws.String(key), Body: bytes.NewReader(body)}); err != nil {
			t.Fatal(err)
		}
	}
	r.settle(t, len(want), total(want))
	for id, n := range r.told(t) {
		if n != 1 {
			t.Errorf("alert %.8s was told %d times", id, n)
		}
	}
	equal(t, "through SQS", r.alerts(t), want)
}

// F91: a broken set of rules is refused and the old one goes on; a good one
// takes its place.
func TestReload(t *testing.T) {
	dir := t.TempDir()
	rules, logs := filepath.Join(dir, "rules"), filepath.Join(dir, "logs")
	write := func(path, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path+".part", []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(path+".part", path); err != nil {
			t.Fatal(err)
		}
	}
	ruleFor := func(name string) string {
		return "id: " + name + "\ntitle: " + name + "\nmatch:\n  filter: '{ $.eventName = \"" + name + "\" }'\n"
	}
	record := func(name string) string {
		return `{"Records":[{"eventVersion":"1.11","eventID":"` + name + `","eventTime":"2026-03-14T09:00:00Z","eventSource":"s3.amazonaws.com","eventName":"` + name + `","awsRegion":"us-east-1","recipientAccountId":"111122223333"}]}`
	}
	if err := os.MkdirAll(logs, 0o755); err != nil {
		t.Fatal(err)
	}
	write(filepath.Join(rules, "one.yaml"), ruleFor("First"))
	r := run(t, dir, "rules: [rules]\nsources: {logs: {folder: {path: DIR/logs, settled: 10ms, every: 100ms}}}", assemble.Options{})
	write(filepath.Join(logs, "1.json"), record("First"))
	r.settle(t, 1, 1)

	write(filepath.Join(rules, "two.yaml"), "id: broken\nmatch: {filter: '{ $.x = }'}\n")
	r.reload <- struct{}{}
	r.reload <- struct{}{} // the first one is done when the second is taken
	if _, body := r.get(t, "/readyz"); !strings.Contains(body, "two.yaml") || !strings.Contains(body, `"rules":1`) {
		t.Errorf("after a broken reload: %s", body)
	}
	write(filepath.Join(rules, "two.yaml"), ruleFor("Second"))
	r.reload <- struct{}{}
	r.reload <- struct{}{}
	if _, body := r.get(t, "/readyz"); !strings.Contains(body, `"rules":2`) || strings.Contains(body, "two.yaml") {
		t.Errorf("after a good reload: %s", body)
	}
	write(filepath.Join(logs, "2.json"), record("Second"))
	r.settle(t, 2, 2)
	if got := r.alerts(t); len(got) != 2 {
		t.Errorf("%d alerts, want one for each rule", len(got))
	}
}

// Counters balance, and health answers.
func TestHealthAndMetrics(t *testing.T) {
	r := run(t, t.TempDir(), "sources: {logs: {folder: {path: "+abs(t, examples)+", settled: 10ms, every: 1s}}}", assemble.Options{})
	r.settle(t, exampleAlerts, exampleFindings)
	if code, _ := r.get(t, "/healthz"); code != http.StatusOK {
		t.Errorf("/healthz answers %d", code)
	}
	if code, body := r.get(t, "/readyz"); code != http.StatusOK {
		t.Errorf("/readyz answers %d: %s", code, body)
	}
	var n map[string]float64
	of := func(outcome string) float64 { return n[`trailwarden_records_total{outcome="`+outcome+`"}`] }
	soon(t, "records balance, and a delivery is counted", func() bool { // after its receiver has it
		_, text := r.get(t, "/metrics")
		n = counted(text)
		return of("received") > 0 && of("received") == of("judged")+of("duplicate")+of("failed") &&
			n[`trailwarden_sink_attempts_total{outcome="ok",sink="all"}`] > 0
	})
}

// A folder's files that were read before a restart are not read after it, and those
// that came meanwhile are.
func TestAFolderIsNotReadAgain(t *testing.T) {
	dir, logs := t.TempDir(), t.TempDir()
	config := "sources: {logs: {folder: {path: " + logs + ", settled: 10ms, every: 1s}}}"
	received := func(r *running) float64 {
		_, text := r.get(t, "/metrics")
		return counted(text)[`trailwarden_records_total{outcome="received"}`]
	}
	for i, names := range [][]string{{"a.json", "deep/b.json", "deep/c.json"}, {"z.json"}} {
		for _, name := range names {
			file := filepath.Join(logs, name)
			text := `{"Records":[{"eventVersion":"1.11","eventID":"` + name + `","eventTime":"2026-03-14T09:00:00Z","eventSource":"ec2.amazonaws.com","eventName":"DescribeVpcs"}]}`
			at := time.Now().Add(time.Duration(i-2) * time.Hour) // later ones are read later
			if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(text), 0o600), os.Chtimes(file, at, at)); err != nil {
				t.Fatal(err)
			}
		}
		r := run(t, dir, config, assemble.Options{})
		soon(t, "reading what is new", func() bool { return received(r) >= float64(len(names)) })
		if n := received(r); n != float64(len(names)) {
			t.Errorf("run %d received %v records, want %d", i, n, len(names))
		}
		if err := r.stop(); err != nil {
			t.Fatal(err)
		}
	}
}

// counted are the values of metrics by name.
func counted(text string) map[string]float64 {
	n := map[string]float64{}
	for line := range strings.Lines(text) {
		var v float64
		name, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		if _, err := fmt.Sscan(rest, &v); err == nil {
			n[name] = v
		}
	}
	return n
}

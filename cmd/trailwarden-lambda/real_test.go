package main_test

import (
	"bytes"
	"crypto/md5" // as S3 makes an ETag
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/alert/dynamodb"
	"github.com/trailwarden/trailwarden/internal/awstest"
	"github.com/trailwarden/trailwarden/internal/runtimeapi"
	"github.com/trailwarden/trailwarden/lambda/sample"
	"github.com/trailwarden/trailwarden/source"
)

func TestMain(m *testing.M) { os.Exit(awstest.Main(m)) }

// built is the bootstrap binary, made once.
var built = sync.OnceValues(runtimeapi.Bootstrap)

// cloud is an account of the emulator with the sample's log file, a topic whose
// messages can be read, and room for configuration.
type cloud struct {
	t      testing.TB
	cfg    aws.Config
	env    []string
	topic  string
	queue  string
	config string // bucket
	logs   string // bucket
	etag   string // of the log file
}

func newCloud(t testing.TB) *cloud {
	t.Helper()
	if testing.Short() {
		t.Skip("builds and runs the real binary")
	}
	cfg := awstest.Config(t)
	c := &cloud{t: t, cfg: cfg, topic: awstest.Topic(t, cfg), config: awstest.Bucket(t, cfg), logs: awstest.Bucket(t, cfg)}
	var arn string
	c.queue, arn = awstest.Queue(t, cfg)
	awstest.Subscribe(t, cfg, c.topic, arn, nil)
	body, _, err := sample.Files{}.Open(t.Context(), source.Object{Bucket: sample.Bucket, Key: sample.Key})
	if err != nil {
		t.Fatal(err)
	}
	all, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	c.put(c.logs, sample.Key, all)
	c.etag = fmt.Sprintf("%x", md5.Sum(all))
	c.env = append(awstest.Env(t, cfg), "AWS_ENDPOINT_URL="+awstest.OneByOne(t, cfg), "TRAILWARDEN_REFRESH=1ms")
	return c
}

func (c *cloud) put(bucket, key string, body []byte) {
	c.t.Helper()
	_, err := awstest.S3(c.cfg).PutObject(c.t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: bytes.NewReader(body)})
	if err != nil {
		c.t.Fatal(err)
	}
}

// yaml is a configuration with the starter pack, the topic, and a table. Its
// template, which is tried when it is read, calls methods: see the build command.
func (c *cloud) yaml(table string) string {
	text := "sinks: {out: {sns: {topic: " + c.topic + "}, template: short}}\n" +
		"messages: {templates: {short: {headline: '{{.Severity.String}}: {{.Headline}}{{range .Events}}, {{.Time.UTC.Format \"2006\"}}{{end}}'}}}\n"
	if table != "" {
		text += "store: {dynamodb: {table: " + table + ", create: true}}\n"
	}
	return text
}

// start runs the binary with the configuration at ref.
func (c *cloud) start(ref string) *runtimeapi.Function {
	c.t.Helper()
	binary, err := built()
	if err != nil {
		c.t.Fatal(err)
	}
	f, err := runtimeapi.Start(binary, append(slices.Clone(c.env), "TRAILWARDEN_CONFIG="+ref))
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { _ = f.Close() })
	return f
}

func (c *cloud) bundle(text string) string {
	file := filepath.Join(c.t.TempDir(), "trailwarden.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		c.t.Fatal(err)
	}
	return file
}

// event is a sample that announces the file in this account's bucket.
func (c *cloud) event(name string) []byte {
	c.t.Helper()
	e, err := sample.Event(name)
	if err != nil {
		c.t.Fatal(err)
	}
	// An event with another ETag would be about an object that was replaced since,
	// which is a finding of its own.
	e = bytes.ReplaceAll(e, []byte("d41d8cd98f00b204e9800998ecf8427e"), []byte(c.etag))
	return bytes.ReplaceAll(e, []byte(sample.Bucket), []byte(c.logs))
}

// alerts are the IDs of the alerts in a table, with the counts.
func (c *cloud) alerts(table string) map[string]int64 {
	c.t.Helper()
	s, err := dynamodb.Open(c.t.Context(), c.cfg, table, dynamodb.Options{})
	if err != nil {
		c.t.Fatal(err)
	}
	page, _, err := s.Alerts(c.t.Context(), alert.Query{Limit: 1000})
	if err != nil {
		c.t.Fatal(err)
	}
	ids := map[string]int64{}
	for _, a := range page {
		ids[a.ID] = a.Count
	}
	return ids
}

// waiting counts the messages that are still to be sent.
func (c *cloud) waiting(table string) (n int) {
	c.t.Helper()
	s, err := dynamodb.Open(c.t.Context(), c.cfg, table, dynamodb.Options{})
	if err != nil {
		c.t.Fatal(err)
	}
	all, err := s.Backlog(c.t.Context())
	if err != nil {
		c.t.Fatal(err)
	}
	for _, k := range all {
		n += int(k)
	}
	return n
}

func (c *cloud) invoke(f *runtimeapi.Function, name string) {
	c.t.Helper()
	if _, err := f.Invoke(c.event(name), time.Minute); err != nil {
		c.t.Fatalf("%s: %v\n%s", name, err, f.Log())
	}
}

// messages counts what the topic's subscriber received, by body.
func (c *cloud) messages() int {
	c.t.Helper()
	return len(awstest.Receive(c.t, c.cfg, c.queue))
}

// X1, P3, F11: the real binary opens the same alerts whatever the trigger is;
// two environments on one table tell each once between them.
func TestEveryTriggerOfTheRealBinary(t *testing.T) {
	c := newCloud(t)
	var want map[string]int64
	for _, name := range []string{"s3", "sns", "sqs", "sqs-sns", "eventbridge-s3", "logs", "kinesis", "firehose"} {
		table := awstest.Name(t, "alerts")
		file := c.bundle(c.yaml(table))
		one := c.start(file)
		c.invoke(one, name)
		two := c.start(file)
		var both sync.WaitGroup
		for _, f := range []*runtimeapi.Function{one, two} {
			both.Go(func() {
				if _, err := f.Invoke(c.event(name), time.Minute); err != nil {
					t.Errorf("%s: %v\n%s", name, err, f.Log())
				}
			})
		}
		both.Wait()
		got := c.alerts(table)
		if want == nil {
			want = got
		}
		if len(got) == 0 || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s opened %v, s3 opened %v", name, got, want)
		}
		if n := c.messages(); n != len(got) {
			t.Errorf("%s: %d messages of %d alerts", name, n, len(got))
		}
		c.invoke(one, "schedule")
		_, _ = one.Close(), two.Close()
	}
}

// F1, F44: killed at any moment of an invocation, and invoked again, as Lambda
// does: nothing is lost, and at most one message of an alert is repeated.
func TestKilledInMidInvocation(t *testing.T) {
	c := newCloud(t)
	var want map[string]int64
	for i, after := range []time.Duration{20, 60, 120, 200, 300, 450} {
		table := awstest.Name(t, "alerts")
		file := c.bundle(c.yaml(table))
		first := c.start(file)
		if _, err := first.Ready(); err != nil {
			t.Fatal(err)
		}
		go func() {
			time.Sleep(after * time.Millisecond) // the moment is the test
			first.Kill()
		}()
		_, err := first.Invoke(c.event("sqs"), time.Minute)
		if err != nil && !errors.Is(err, runtimeapi.ErrCrashed) {
			t.Fatal(err)
		}
		_ = first.Close()
		second := c.start(file)
		c.invoke(second, "sqs")
		alerts, told := c.alerts(table), c.messages()
		if want == nil {
			want = alerts // killed before anything was done
		}
		// What the first environment had claimed waits for its lease, and is
		// repeated once at most if it had been sent.
		waiting := c.waiting(table)
		if len(alerts) == 0 || fmt.Sprint(alerts) != fmt.Sprint(want) {
			t.Errorf("kill %d: alerts %v, want %v", i, alerts, want)
		}
		if told+waiting < len(alerts) || told+waiting > 2*len(alerts) {
			t.Errorf("kill %d: %d alerts, %d messages sent and %d waiting", i, len(alerts), told, waiting)
		}
		_ = second.Close()
	}
}

// F44: an invocation that takes longer than its time is reported as such, and
// the next one is served by a new environment.
func TestTimeout(t *testing.T) {
	c := newCloud(t)
	f := c.start(c.bundle(c.yaml("")))
	if _, err := f.Ready(); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Invoke(c.event("sqs"), time.Millisecond); !errors.Is(err, runtimeapi.ErrTimeout) {
		t.Errorf("got %v, want a timeout", err)
	}
}

// F91: configuration from S3 and from the Parameter Store: a change takes
// effect, a broken one leaves the old in force; the walk-through's JSON object
// is a configuration too.
func TestRemoteConfiguration(t *testing.T) {
	c := newCloud(t)
	walk := `{"source":"cloudtrail|iam","regexp":"DeleteTrail|StopLogging","sns":{"region":"` + awstest.Region + `","topicARN":"` + c.topic + `"}}`
	for _, kind := range []string{"s3", "ssm"} {
		ref := map[string]string{"s3": "s3://" + c.config + "/live/trailwarden.yaml", "ssm": "ssm:/trailwarden/config"}[kind]
		set := func(text string) {
			if kind == "s3" {
				c.put(c.config, "live/trailwarden.yaml", []byte(text))
				return
			}
			_, err := ssm.NewFromConfig(c.cfg).PutParameter(t.Context(), &ssm.PutParameterInput{Name: aws.String("/trailwarden/config"),
				Value: &text, Type: ssmtypes.ParameterTypeString, Overwrite: aws.Bool(true)})
			if err != nil {
				t.Fatal(err)
			}
		}
		before, after := awstest.Name(t, "before"), awstest.Name(t, "after")
		set(c.yaml(before))
		if kind == "s3" { // files beside it come along
			c.put(c.config, "live/known/names.csv", []byte("id,name\n111122223333,production\n"))
			set(c.yaml(before) + "enrich: {accounts: known/names.csv}\n")
		}
		f := c.start(ref)
		c.invoke(f, "s3")
		if len(c.alerts(before)) == 0 || c.messages() == 0 {
			t.Errorf("%s: nothing was found", kind)
		}
		set("sinks: {out: {snz: {}}}\n")
		c.invoke(f, "s3")
		if !strings.Contains(f.Log(), "the old one stays") {
			t.Errorf("%s: the broken configuration is not reported: %s", kind, f.Log())
		}
		set(c.yaml(after))
		c.invoke(f, "s3") // the store of an environment stays; a new one has the new table
		_ = f.Close()
		f = c.start(ref)
		c.invoke(f, "s3")
		if len(c.alerts(after)) == 0 {
			t.Errorf("%s: the changed configuration has no effect", kind)
		}
		_ = f.Close()
		lastGood(t, c, ref, after, set)
		set(walk)
		f = c.start(ref)
		if _, err := f.Invoke(c.event("s3"), time.Minute); err != nil {
			t.Errorf("%s: the walk-through's object: %v", kind, err)
		}
		_ = f.Close()
		_ = c.messages()
	}
}

// lastGood: a cold start with a broken configuration goes on with the last good
// one, of which the table has a copy.
func lastGood(t *testing.T, c *cloud, ref, table string, set func(string)) {
	t.Helper()
	c.env = append(c.env, "TRAILWARDEN_TABLE="+table)
	set(c.yaml(table) + "alerts: {repeat: 2h}\n")
	f := c.start(ref)
	c.invoke(f, "s3") // keeps a copy
	_ = f.Close()
	set("sinks: {out: {snz: {}}}\n")
	f = c.start(ref)
	c.invoke(f, "s3")
	if !strings.Contains(f.Log(), "the last good one is in force") {
		t.Errorf("%s: the broken configuration is not reported: %s", ref, f.Log())
	}
	_ = f.Close()
	if !strings.HasPrefix(ref, "s3:") {
		return
	}
	// One invalid rule makes a set broken, too, and must not become the good one.
	const rule = "id: one\ntitle: One\nmatch: {where: {eventName: {equals: %s}}}\n"
	c.put(c.config, "live/rules/one.yaml", fmt.Appendf(nil, rule, "One"))
	set(c.yaml(table) + "rules: [starter, rules]\n")
	f = c.start(ref)
	c.invoke(f, "s3")
	_ = f.Close()
	for range 2 {
		c.put(c.config, "live/rules/one.yaml", fmt.Appendf(nil, rule, "{"))
		f = c.start(ref)
		c.invoke(f, "s3")
		if !strings.Contains(f.Log(), "the last good one is in force") || strings.Contains(f.Log(), "a rule is left out") {
			t.Errorf("%s: a broken rule: %s", ref, f.Log())
		}
		_ = f.Close()
	}
	// Where nothing was kept, the sound rules judge.
	c.env = append(c.env, "TRAILWARDEN_TABLE="+awstest.Name(t, "none"))
	f = c.start(ref)
	c.invoke(f, "s3")
	if !strings.Contains(f.Log(), "a rule is left out") {
		t.Errorf("%s: a broken rule, and nothing kept: %s", ref, f.Log())
	}
	_ = f.Close()
}

// A configuration with a file as its store is refused with the reason.
func TestSQLiteIsRefused(t *testing.T) {
	c := newCloud(t)
	f := c.start(c.bundle(c.yaml("") + "store: {sqlite: {path: /tmp/alerts.db}}\n"))
	_, err := f.Invoke(c.event("s3"), time.Minute)
	if err == nil || !strings.Contains(err.Error(), "store.sqlite") {
		t.Errorf("got %v", err)
	}
}

// The function carries no database, no command line, no query engine, and, built
// as it is deployed, nothing of a server's sources and of ways to credentials
// that it has not.
func TestDependencies(t *testing.T) {
	for tags, bad := range map[string][]string{
		"":         {"modernc.org/sqlite", "duckdb", "alecthomas/kong", "peterh/liner", "vbauerster/mpb", "/alert/sqlite"},
		"function": {"fsnotify", "/source/http", "/source/sqs", "/source/logs", "/source/lookup", "/source/folder", "/service/sso", "/service/signin", "ec2/imds", "/credentials/processcreds"},
	} {
		out, err := exec.Command("go", "list", "-deps", "-tags", tags, ".").Output()
		if err != nil {
			t.Fatal(err)
		}
		for _, bad := range bad {
			if strings.Contains(string(out), bad) {
				t.Errorf("the function links %s", bad)
			}
		}
	}
}

// BenchmarkColdStart measures the time from the start of the process to its
// first call of next, and to the answer of a first event.
func BenchmarkColdStart(b *testing.B) {
	c := newCloud(b)
	file := c.bundle(c.yaml(""))
	c.start(file).Kill() // the file is in the cache from now on
	var ready, answered []time.Duration
	for b.Loop() {
		f := c.start(file)
		d, err := f.Ready()
		if err != nil {
			b.Fatal(err)
		}
		at := time.Now()
		c.invoke(f, "schedule")
		ready, answered = append(ready, d), append(answered, time.Since(at))
		_ = f.Close()
	}
	slices.Sort(ready)
	slices.Sort(answered)
	b.ReportMetric(float64(ready[len(ready)/2].Microseconds())/1000, "ms-to-next")
	b.ReportMetric(float64(answered[len(answered)/2].Microseconds())/1000, "ms-first-event")
	binary, _ := built()
	if info, err := os.Stat(binary); err == nil {
		b.ReportMetric(float64(info.Size())/1e6, "MB")
	}
}

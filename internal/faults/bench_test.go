package faults_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/trailwarden/trailwarden/internal/faults"
	"github.com/trailwarden/trailwarden/internal/synth"
)

// benching tells whether the benchmarks were asked for: they take minutes.
func benching(t *testing.T) {
	t.Helper()
	if os.Getenv("FAULTS_BENCH") == "" {
		t.Skip("a benchmark: make bench-live runs it")
	}
}

// simple are the starter rules on single records, as paths of a configuration.
func simple(t testing.TB) []string { return starterFiles(t, false) }

// starterFiles are the paths of the starter rules that remember, or of those that
// do not.
func starterFiles(t testing.TB, remember bool) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "..", "packs", "starter", "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatal("no starter rules", err)
	}
	remembers := regexp.MustCompile(`(?m)^(threshold|sequence|absence|first_seen|rate):`)
	var out []string
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if path, err := filepath.Abs(f); err == nil && remembers.Match(text) == remember {
			out = append(out, path)
		}
	}
	return out
}

// The server's throughput on a folder, beside a scan of the same files: in
// records a second of processor time, and by the clock.
func TestThroughput(t *testing.T) {
	benching(t)
	logs := t.TempDir()
	made, err := synth.New(synth.Options{Seed: 1, Bytes: int64(count(100, 1000)) << 20}).Write(logs)
	if err != nil {
		t.Fatal(err)
	}
	t.Log(made)
	rules := simple(t)
	seldom := slices.DeleteFunc(slices.Clone(rules), func(path string) bool {
		return !slices.Contains([]string{"cloudtrail-stopped.yaml", "config-disabled.yaml", "guardduty-disabled.yaml", "securityhub-disabled.yaml",
			"kms-key-deletion.yaml", "root-sign-in.yaml", "s3-bucket-public.yaml", "cloudtrail-narrowed.yaml"}, filepath.Base(path))
	})
	quiet := slices.DeleteFunc(slices.Clone(rules), func(path string) bool {
		return slices.Contains([]string{"unapproved-region-write.yaml", "resource-deletion.yaml", "security-group-opened.yaml", "iam-user-created.yaml",
			"access-key-created.yaml", "iam-policy-changed.yaml", "access-denied.yaml", "cloudtrail-stopped.yaml", "root-sign-in.yaml"}, filepath.Base(path))
	})
	for _, row := range []struct {
		name  string
		rules []string
		quota string // of the sink, empty for the one that sinks have by default
	}{
		{"rules that hardly match", quiet, everyMessage}, {"rules that seldom match", seldom, everyMessage},
		{"rules on single records", rules, everyMessage}, {"rules on single records, with the default quota", rules, ""},
		{"the whole starter pack", nil, everyMessage}, {"the whole starter pack, with the default quota", nil, ""},
		{"a rule on 0.1 % of all records", share(t, 4), everyMessage}, {"a rule on 0.1 %, with the default quota", share(t, 4), ""},
		{"a rule on 1 %", share(t, 41), everyMessage}, {"a rule on 1 %, with the default quota", share(t, 41), ""},
		{"a rule on 3 %", share(t, 123), everyMessage}, {"a rule on 3 %, with the default quota", share(t, 123), ""},
		{"a rule on 6 %", share(t, 246), everyMessage}, {"a rule on 6 %, with the default quota", share(t, 246), ""},
	} {
		var judged, told, wall []float64
		var last served
		for range 3 {
			scanCPU, scanWall := scanTime(t, logs, row.rules)
			last = serveTime(t, logs, row.rules, row.quota, made.Records, scanWall)
			judged, told = append(judged, scanCPU.Seconds()/last.judged.Seconds()), append(told, scanCPU.Seconds()/last.told.Seconds())
			wall = append(wall, scanWall.Seconds()/last.wall.Seconds())
			t.Logf("%s: scan %.2f s of processor time, %.2f s by the clock; serve %.2f s, %.2f s, and %.2f s until all was told",
				row.name, scanCPU.Seconds(), scanWall.Seconds(), last.judged.Seconds(), last.wall.Seconds(), last.told.Seconds())
		}
		figure(t, "bench", "%s, %d records, %d findings, %d messages: serve ÷ scan %.2f by processor time, %.2f until all was told, %.2f by the clock (medians of 3 pairs)",
			row.name, made.Records, last.findings, last.messages, median(judged), median(told), median(wall))
	}
}

// everyMessage is a quota that no sink has use for but to have each alert told by
// itself, where by default a storm of them is told in totals.
const everyMessage = "quota: 100000/m"

// share is the path of a rule that so many of 4,096 records match, whatever they
// hold: it goes by the beginning of their random eventID.
func share(t *testing.T, of int) []string {
	t.Helper()
	var begin []string
	for i := range of {
		begin = append(begin, fmt.Sprintf("\"%03x\"", i))
	}
	text := "id: share\ntitle: A share of all records\nseverity: low\ndescription: For a benchmark.\nmatch: {where: {eventID: {prefix: [" + strings.Join(begin, ", ") + "]}}}\n"
	path := filepath.Join(t.TempDir(), "share.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return []string{path}
}

func median(of []float64) float64 {
	slices.Sort(of)
	return of[len(of)/2]
}

func scanTime(t *testing.T, logs string, rules []string) (cpu, wall time.Duration) {
	t.Helper()
	args := []string{"scan", logs, "-f", "ndjson"}
	for _, r := range rules {
		args = append(args, "--rules", r)
	}
	cmd := exec.Command(program(t), args...)
	cmd.Dir = t.TempDir()
	began := time.Now()
	out, err := cmd.CombinedOutput()
	if code := cmd.ProcessState.ExitCode(); err != nil && code > 1 {
		t.Fatalf("scan: %v\n%.2000s", err, out)
	}
	return cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), time.Since(began)
}

// served is what a server took: processor time until all records were judged and
// until all messages were told, and the first by the clock.
type served struct {
	judged, told, wall time.Duration
	findings, messages int
}

// It is looked at every 50 ms, and for the first time when a scan was done. A look
// costs the server a millisecond, which nobody who watches it spends; all metrics
// would be four.
func serveTime(t *testing.T, logs string, rules []string, quota string, records int, scanned time.Duration) (took served) {
	t.Helper()
	dir, more := t.TempDir(), ""
	if len(rules) > 0 {
		more = "rules: [\"" + strings.Join(rules, "\", \"") + "\"]\n"
	}
	text := more + "sources: {logs: {folder: {path: \"" + logs + "\", settled: 10ms, every: 10s}}}\nstore: {sqlite: {path: state/alerts.db}}\nsinks: {out: {file: {path: told.ndjson}, " + quota + "}}\nserve: {listen: \"127.0.0.1:0\", reload: 0s}\n"
	if err := os.WriteFile(filepath.Join(dir, "trailwarden.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	s := faults.Serve(t, program(t), dir, nil)
	defer s.Kill()
	time.Sleep(scanned - time.Since(began))
	for news := began; took.judged == 0 || time.Since(news) < time.Second; time.Sleep(50 * time.Millisecond) {
		m, err := s.Metrics(t.Context(), "process_cpu_seconds_total", "trailwarden_records_total", "trailwarden_findings_total", "trailwarden_sink_attempts_total")
		if err != nil {
			t.Fatal(err)
		}
		cpu := time.Duration(m["process_cpu_seconds_total"] * float64(time.Second))
		done := m[`trailwarden_records_total{outcome="judged"}`] + m[`trailwarden_records_total{outcome="duplicate"}`]
		if took.judged == 0 && int(done) >= records {
			took.judged, took.told, took.wall, news = cpu, cpu, time.Since(began), time.Now()
		}
		if n := attempts(m); n > took.messages {
			took.messages, took.told, news = n, max(took.judged, cpu), time.Now()
		}
		took.findings = int(m["trailwarden_findings_total"])
	}
	return took
}

// attempts are the messages that went to any sink.
func attempts(metrics map[string]float64) (n int) {
	for name, v := range metrics {
		if strings.HasPrefix(name, "trailwarden_sink_attempts_total{") {
			n += int(v)
		}
	}
	return n
}

// The time from the notification of an object to the call of the sink, at 200
// objects a second of which every twentieth has a finding.
func TestLatency(t *testing.T) {
	benching(t)
	const rate, seconds, alerting = 200, 10, 20
	ordinary := slices.DeleteFunc(faults.Corpus{Seed: 3, Records: 300, Incidents: 1}.Make(), func(r faults.Record) bool { return !strings.Contains(r.JSON, `"readOnly":true`) })
	body := func(i int) []byte {
		var texts []string
		for _, r := range ordinary[:50] {
			texts = append(texts, strings.Replace(r.JSON, `"eventID":"`, fmt.Sprintf(`"eventID":"%06d-`, i), 1))
		}
		if i%alerting == 0 {
			texts = append(texts, fmt.Sprintf(`{"eventVersion":"1.11","eventID":"a-%06d","eventTime":"2026-03-14T09:00:00Z","eventSource":"cloudtrail.amazonaws.com","eventName":"StopLogging","awsRegion":"eu-west-1","recipientAccountId":"111122223333","readOnly":false,"userIdentity":{"type":"IAMUser","userName":"mark-%06d","arn":"arn:aws:iam::111122223333:user/mark-%06d"},"requestParameters":{"name":"t"}}`, i, i, i))
		}
		return faults.Pack(texts)
	}
	bodies := make([][]byte, rate*seconds)
	for i := range bodies {
		bodies[i] = body(i)
	}
	bucket := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var i int
		_, _ = fmt.Sscanf(filepath.Base(r.URL.Path), "%06d.json.gz", &i)
		w.Header().Set("ETag", `"e"`)
		_, _ = w.Write(bodies[i])
	}))
	defer bucket.Close()
	b := newBench(t, "sources: {push: {http: {listen: \"127.0.0.1:18377\", url_path: /, eventbridge_api_key: \"env:FAULTS_KEY\", endpoint: \""+bucket.URL+"\", region: eu-west-1}}}",
		"rules: [\""+strings.Join(simple(t), "\", \"")+"\"]\nroutes: [{sinks: [keyed]}]")
	b.env = append(b.env, "FAULTS_KEY=sesame", "AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY=test", "AWS_EC2_METADATA_DISABLED=true")
	b.keyed.Mark = regexp.MustCompile(`mark-[0-9]{6}`)
	s := faults.Serve(t, program(t), b.dir, b.env)
	sent := make([]time.Time, rate*seconds)
	var all sync.WaitGroup
	tick := time.NewTicker(time.Second / rate)
	defer tick.Stop()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	for i := range sent {
		<-tick.C
		sent[i] = time.Now()
		all.Go(func() { announce1(t, client, i) })
	}
	all.Wait()
	b.drained(1<<30, 3*time.Second)
	m, err := s.Metrics(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%.2f s of the server's processor time, %v findings", m["process_cpu_seconds_total"], m["trailwarden_findings_total"])
	if _, err := s.Stop(); err != nil {
		t.Error(err)
	}
	var took []time.Duration
	marked := b.keyed.Marked()
	for i := 0; i < len(sent); i += alerting {
		at, ok := marked[fmt.Sprintf("mark-%06d", i)]
		if !ok {
			t.Errorf("object %d was never told", i)
			continue
		}
		took = append(took, at.Sub(sent[i]))
	}
	slices.Sort(took)
	figure(t, "bench", "%d objects at %d a second, %d alerts: notification to sink p50 %s, p99 %s", len(sent), rate, len(took),
		took[len(took)/2].Round(time.Millisecond), took[len(took)*99/100].Round(time.Millisecond))
}

// announce1 posts the notification of object i until it is taken.
func announce1(t *testing.T, client *http.Client, i int) {
	text := fmt.Sprintf(`{"Records":[{"eventVersion":"2.1","eventSource":"aws:s3","eventName":"ObjectCreated:Put","eventTime":"2026-03-14T09:05:00Z","awsRegion":"eu-west-1","s3":{"bucket":{"name":"logs"},"object":{"key":"AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/14/%06d.json.gz"}}}]}`, i)
	for {
		req, err := http.NewRequest(http.MethodPost, "http://127.0.0.1:18377/", strings.NewReader(text))
		if err != nil {
			t.Error(err)
			return
		}
		req.Header.Set("X-Api-Key", "sesame")
		resp, err := client.Do(req)
		if err != nil {
			t.Error(err)
			return
		}
		resp.Body.Close()
		if resp.StatusCode == http.StatusOK {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}

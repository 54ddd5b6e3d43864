package faults_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/trailwarden/trailwarden/internal/awstest"
	"github.com/trailwarden/trailwarden/internal/faults"
	"github.com/trailwarden/trailwarden/internal/seeds"
)

// built is the program under test, made once; FAULTS_PROGRAM names another.
var built struct {
	once sync.Once
	dir  string
	path string
}

func program(t testing.TB) string {
	t.Helper()
	if path := os.Getenv("FAULTS_PROGRAM"); path != "" {
		return path
	}
	built.once.Do(func() {
		dir, err := os.MkdirTemp("", "trailwarden-faults-")
		if err != nil {
			t.Fatal(err)
		}
		built.dir = dir
		built.path = faults.Build(t, dir, "github.com/trailwarden/trailwarden/cmd/trailwarden")
	})
	if built.path == "" {
		t.Fatal("the program could not be built: an earlier test says why")
	}
	return built.path
}

func random(t testing.TB) *rand.Rand {
	t.Helper()
	s := seeds.Of(t)
	return rand.New(rand.NewPCG(s, 1))
}

// bench is a server's folder and its receivers.
type bench struct {
	dir         string
	env         []string
	keyed, mail faults.Ledger
	hook, smtp  string
}

// newBench makes a folder with a configuration; source is the block of sources.
func newBench(t testing.TB, source, more string) *bench {
	t.Helper()
	b := &bench{dir: t.TempDir()}
	b.hook, b.smtp = faults.Keyed(t, &b.keyed), faults.Mail(t, &b.mail)
	b.env = []string{"FAULTS_HOOK=" + b.hook}
	b.configure(t, source, more)
	return b
}

func (b *bench) configure(t testing.TB, source, more string) {
	t.Helper()
	text := strings.ReplaceAll(source+`
store: {sqlite: {path: DIR/state/alerts.db}}
sinks:
  keyed: {webhook: {url: "env:FAULTS_HOOK", allow_private: [127.0.0.0/8]}, quota: 100000/m, timeout: 3s}
  plain: {smtp: {server: "`+b.smtp+`", from: a@example.com, to: [b@example.com], tls: off}, quota: 100000/m, timeout: 3s}
serve: {listen: "127.0.0.1:0", reload: 0s}
`+more, "DIR", b.dir)
	if err := os.MkdirAll(filepath.Join(b.dir, "logs"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(b.dir, "trailwarden.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// watched is the folder as a source.
const watched = "sources: {logs: {folder: {path: DIR/logs, settled: 10ms, every: 200ms}}}"

// drained waits until the receivers have heard of n alerts, or nothing comes any
// more for a while.
func (b *bench) drained(n int, quiet time.Duration) {
	last, since := -1, time.Now()
	for time.Since(since) < quiet {
		k, m := b.keyed.Len(), b.mail.Len()
		if k >= n && m >= n {
			time.Sleep(500 * time.Millisecond) // for what would be too much
			return
		}
		if k+m != last {
			last, since = k+m, time.Now()
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// golden is what an undisturbed server tells of the objects. Of a corpus that
// spans more than the bound on lateness it depends on their order.
func golden(t testing.TB, objects []faults.Object, more string) map[string]int {
	t.Helper()
	b := newBench(t, watched, more)
	faults.Place(t, filepath.Join(b.dir, "logs"), objects)
	s := faults.Serve(t, program(t), b.dir, b.env)
	b.drained(1<<30, 12*time.Second)
	if _, err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	want := b.keyed.Opened()
	if len(want) < 20 || !maps.Equal(want, b.mail.Opened()) {
		t.Fatalf("undisturbed: %d alerts at one receiver, %d at the other", len(want), b.mail.Len())
	}
	return want
}

// verdict compares the ledgers with the undisturbed run's.
func (b *bench) verdict(t testing.TB, want map[string]int, kills int) (missing, extra int) {
	t.Helper()
	keyed, mail := b.keyed.Opened(), b.mail.Opened()
	for key := range want {
		for name, got := range map[string]map[string]int{"keyed": keyed, "plain": mail} {
			if got[key] == 0 {
				missing++
				t.Errorf("alert %.12s never reached the %s receiver", key, name)
			}
		}
		if keyed[key] > 1 {
			t.Errorf("alert %.12s was taken %d times by the receiver that knows keys", key, keyed[key])
		}
		if n := mail[key] - 1; n > 0 {
			if extra += n; n > kills {
				t.Errorf("alert %.12s was mailed %d times too often in %d kills", key, n, kills)
			}
		}
	}
	for key := range keyed {
		if want[key] == 0 {
			t.Errorf("alert %.12s is none of the undisturbed run", key)
		}
	}
	return missing, extra
}

// F1, P1, P2, P7: killed at random moments and started again until everything is
// told: no alert is missing, none is told twice to a receiver that knows keys,
// and to others at most once more for each kill.
func TestKilledAtRandomMoments(t *testing.T) {
	runs, kills := count(1, 30), count(4, 10)
	objects := faults.Deliver(faults.Corpus{Seed: 7, Records: 3_000, Incidents: 4, Span: 55 * time.Minute}.Make(), nil)
	want := golden(t, objects, "")
	r := random(t)
	missing, extra, worst := 0, 0, time.Duration(0)
	for run := range runs {
		b := newBench(t, watched, "")
		faults.Place(t, filepath.Join(b.dir, "logs"), objects)
		for range kills {
			s := faults.Serve(t, program(t), b.dir, b.env)
			worst = max(worst, s.Ready)
			time.Sleep(time.Duration(r.Int64N(int64(1500 * time.Millisecond))))
			s.Kill()
		}
		s := faults.Serve(t, program(t), b.dir, b.env)
		b.drained(len(want), 25*time.Second)
		if _, err := s.Stop(); err != nil {
			t.Errorf("run %d: %v", run, err)
		}
		m, e := b.verdict(t, want, kills)
		missing, extra = missing+m, extra+e
		t.Logf("run %d of %d: %d missing, %d mailed once more so far", run+1, runs, missing, extra)
	}
	figure(t, "F1", "%d kills in %d runs of %d alerts: %d missing, %d twice at the keyed receiver, %d mailed once more, slowest start %s",
		runs*kills, runs, len(want), missing, 0, extra, worst.Round(10*time.Millisecond))
}

// F1 with a queue: what was in hand comes back when its visibility ends, and is
// judged however often the process was killed with it in hand.
func TestKilledAtRandomMomentsWithAQueue(t *testing.T) {
	runs, kills := count(1, 5), count(3, 10)
	objects := faults.Deliver(faults.Corpus{Seed: 8, Records: 1_500, Incidents: 3, Span: 50 * time.Minute}.Make(), nil)
	want := golden(t, objects, "")
	r := random(t)
	missing, extra := 0, 0
	for run := range runs {
		cfg := awstest.Config(t)
		queue := announced(t, cfg, objects)
		b := newBench(t, "sources: {q: {sqs: {queue: \""+queue+"\", visibility: 5s}}}", "")
		b.env = append(b.env, awstest.Env(t, cfg)...)
		for range kills {
			s := faults.Serve(t, program(t), b.dir, b.env)
			time.Sleep(time.Duration(r.Int64N(int64(3 * time.Second))))
			s.Kill()
		}
		s := faults.Serve(t, program(t), b.dir, b.env)
		b.drained(len(want), 40*time.Second)
		if _, err := s.Stop(); err != nil {
			t.Error(err)
		}
		m, e := b.verdict(t, want, kills)
		missing, extra = missing+m, extra+e
		t.Logf("run %d of %d: %d missing, %d mailed once more so far", run+1, runs, missing, extra)
	}
	figure(t, "F1 queue", "%d kills in %d runs of %d alerts: %d missing, %d mailed once more", runs*kills, runs, len(want), missing, extra)
}

// announced puts objects into a bucket that tells a queue of them, and gives the
// queue's URL.
func announced(t testing.TB, cfg aws.Config, objects []faults.Object) string {
	t.Helper()
	bucket := awstest.Bucket(t, cfg)
	queue, arn := awstest.Queue(t, cfg)
	client := awstest.S3(cfg)
	_, err := client.PutBucketNotificationConfiguration(t.Context(), &s3.PutBucketNotificationConfigurationInput{Bucket: &bucket,
		NotificationConfiguration: &s3types.NotificationConfiguration{QueueConfigurations: []s3types.QueueConfiguration{{QueueArn: &arn, Events: []s3types.Event{"s3:ObjectCreated:*"}}}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range objects {
		_, err := client.PutObject(context.Background(), &s3.PutObjectInput{Bucket: &bucket, Key: &o.Key, Body: strings.NewReader(string(o.Body))})
		if err != nil {
			t.Fatal(err)
		}
	}
	return queue
}

// figures collects what `make faults` prints.
func figure(t testing.TB, row, format string, args ...any) {
	t.Helper()
	state := "holds"
	if t.Failed() {
		state = "FAILS"
	}
	line := fmt.Sprintf("%-10s %-6s %s", row, state, fmt.Sprintf(format, args...))
	t.Log(line)
	if path := os.Getenv("FAULTS_TABLE"); path != "" {
		f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		fmt.Fprintln(f, line)
	}
}

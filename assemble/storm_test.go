package assemble_test

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/alert/sqlite"
	"github.com/trailwarden/trailwarden/assemble"
	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/deliver"
	"github.com/trailwarden/trailwarden/detect"
	"github.com/trailwarden/trailwarden/pipeline/intake"
	"github.com/trailwarden/trailwarden/rule"
	"github.com/trailwarden/trailwarden/severity"
	"github.com/trailwarden/trailwarden/sink"
)

var stormMatches = flag.Int("storm", 5000, "matches of the storm; 100000 shows the promised figures")

// pager is a sink that keeps when messages came, and their kinds.
type pager struct {
	mu    sync.Mutex
	times []time.Time
	kinds map[alert.Kind]int
	told  int64 // findings in totals
}

func (p *pager) Traits() sink.Traits                             { return sink.Traits{} }
func (p *pager) Preview(sink.Notification) (sink.Preview, error) { return sink.Preview{}, nil }

func (p *pager) Deliver(_ context.Context, n sink.Notification) alert.Outcome {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.times = append(p.times, time.Now())
	p.kinds[n.Message.Kind]++
	for _, l := range n.Message.Totals {
		p.told += l.Findings
	}
	return alert.Outcome{Class: alert.OK}
}

// worst is the most messages within any minute.
func (p *pager) worst() (most int) {
	for i, first := range p.times {
		n := 0
		for _, t := range p.times[i:] {
			if t.Sub(first) < time.Minute {
				n++
			}
		}
		most = max(most, n)
	}
	return most
}

// F59: a storm of matches within five minutes, in half as many groups, from
// records through judging, store and dispatcher to a sink: the first message
// within 30 s, at most 30 in any minute, and every match counted. Run it with
// -storm 100000 -v for the figures that are promised, memory among them.
func TestStorm(t *testing.T) {
	path := filepath.Join(t.TempDir(), "alerts.db")
	p := &pager{kinds: map[alert.Kind]int{}}
	began := time.Now()
	var spread time.Duration
	synctest.Test(t, func(t *testing.T) { spread = storm(t, path, p, *stormMatches) })
	s, err := sqlite.Open(t.Context(), path, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	alerts, findings := counted(t, s)
	t.Logf("%d matches in %s of simulated time: %d alerts, %d findings counted; first message after %s, at most %d messages in a minute, %v; resident at most %d MiB; took %s",
		*stormMatches, spread, alerts, findings, p.times[0].Sub(simulated), p.worst(), p.kinds, peak()>>20, time.Since(began).Round(time.Millisecond))
	if first := p.times[0].Sub(simulated); first > 30*time.Second {
		t.Errorf("the first message came after %s", first)
	}
	if most := p.worst(); most > 30 {
		t.Errorf("%d messages in one minute", most)
	}
	if findings != int64(*stormMatches) || alerts != *stormMatches/2 {
		t.Errorf("%d findings in %d alerts, want %d in %d", findings, alerts, *stormMatches, *stormMatches/2)
	}
	if p.kinds[alert.Storm] == 0 {
		t.Error("no running totals")
	}
	if rss := peak(); *stormMatches >= 100_000 && rss > 256<<20 {
		t.Errorf("%d MiB resident", rss>>20)
	}
}

// simulated is when a bubble's time begins.
var simulated = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// storm judges and commits n records over five minutes beside a dispatcher.
func storm(t *testing.T, path string, p *pager, n int) time.Duration {
	policy := &alert.Policy{Routes: []alert.Route{{Sinks: []string{"pager"}}}, Sinks: map[string]alert.SinkPolicy{"pager": {}}}
	s, err := sqlite.Open(context.Background(), path, sqlite.Options{Policy: func() *alert.Policy { return policy }})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	a := assemble.New(parse(t, filepath.Dir(path), ""), assemble.Options{LoadAWS: noAWS})
	builder, err := a.Builder(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	o := a.Dispatcher(nil, builder)
	o.Store, o.Now, o.Targets = s, time.Now, []deliver.Target{{Name: "pager", Sink: p}}
	d, err := deliver.New(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	all.Go(func() {
		if err := d.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	began := time.Now()
	feed(t, s, d, n)
	time.Sleep(10 * time.Minute) // of the bubble
	cancel()
	all.Wait()
	return time.Since(began) - 10*time.Minute
}

// feed commits a batch every three seconds.
func feed(t *testing.T, s *sqlite.Store, d *deliver.Dispatcher, n int) {
	judge := intake.Prepare([]*rule.Rule{{
		ID: "storm", Title: "A storm", Severity: severity.High, GroupBy: []string{"actor"},
		Predicate: detect.Test{Path: detect.Keys("eventName"), Match: detect.Text{Values: []string{"CreateUser"}, Kinds: detect.Strings}},
	}}, nil).NewJudge()
	const batches = 100
	for b := range batches {
		var found []alert.Finding
		for i := n * b / batches; i < n*(b+1)/batches; i++ {
			rec, err := cloudtrail.ParseRecord(fmt.Appendf(nil, `{"eventVersion":"1.08","eventTime":"%s","eventSource":"iam.amazonaws.com","eventName":"CreateUser","awsRegion":"us-east-1","eventID":"00000000-0000-4000-8000-%012d","recipientAccountId":"111122223333","sourceIPAddress":"203.0.113.7","userIdentity":{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/u%d","userName":"u%d","accountId":"111122223333"}}`,
				time.Now().UTC().Format(time.RFC3339), i, i%(n/2), i%(n/2)))
			if err != nil {
				t.Fatal(err)
			}
			found = judge.Record(found, rec, i, &intake.Origin{File: "storm.json", Mode: "serve", Arrived: time.Now()})
		}
		if _, err := s.Commit(context.Background(), alert.Batch{Findings: found, Now: time.Now()}); err != nil {
			t.Fatal(err)
		}
		d.Wake()
		time.Sleep(3 * time.Second) // of the bubble
	}
}

// counted counts what the store holds.
func counted(t *testing.T, s *sqlite.Store) (alerts int, findings int64) {
	t.Helper()
	for after := ""; ; {
		page, next, err := s.Alerts(t.Context(), alert.Query{Limit: 1000, After: after})
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range page {
			alerts, findings = alerts+1, findings+a.Count
		}
		if after = next; next == "" {
			return alerts, findings
		}
	}
}

// peak is the most memory that the process had resident, in bytes.
func peak() int64 {
	f, err := os.Open("/proc/self/status")
	if err != nil {
		return 0
	}
	defer func() { _ = f.Close() }()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if rest, ok := strings.CutPrefix(lines.Text(), "VmHWM:"); ok {
			kb, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			return kb << 10
		}
	}
	return 0
}

package faults_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/alert/sqlite"
	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/internal/awstest"
	"github.com/trailwarden/trailwarden/internal/faults"
	"github.com/trailwarden/trailwarden/packs"
	"github.com/trailwarden/trailwarden/pipeline"
	"github.com/trailwarden/trailwarden/pipeline/intake"
	"github.com/trailwarden/trailwarden/pipeline/live"
	"github.com/trailwarden/trailwarden/rule"
	"github.com/trailwarden/trailwarden/source"
	"github.com/trailwarden/trailwarden/source/envelope"
)

var full = flag.Bool("full", false, "the counts of the fault matrix in place of quick ones")

// count is how often something is done: quickly, or in full.
func count(quick, whole int) int {
	if *full {
		return whole
	}
	return quick
}

func TestMain(m *testing.M) {
	flag.Parse()
	code := awstest.Main(m)
	if built.dir != "" {
		_ = os.RemoveAll(built.dir)
	}
	os.Exit(code)
}

func starter(t testing.TB) []*rule.Rule {
	t.Helper()
	set, list := packs.Starter().Rules(rule.Options{})
	if list.Err() != nil {
		t.Fatal(list.Err())
	}
	return set.Rules
}

func open(t testing.TB) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "alerts.db"), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// told is what an alert comes to: how many findings it counts.
type told map[string]string

func alerts(t testing.TB, s alert.Alerts) told {
	t.Helper()
	all := told{}
	for after := ""; ; {
		page, next, err := s.Alerts(context.Background(), alert.Query{Limit: 100, After: after})
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range page {
			text := fmt.Sprint(a.Count, " ", a.FirstSeen.Format(time.RFC3339), " ", a.LastSeen.Format(time.RFC3339))
			for _, s := range a.Samples {
				if s.Detection != nil { // the number of windows depends on when they were joined
					text = "windows"
				}
			}
			all[a.Rule.ID+" "+a.ID] = text
		}
		if after = next; next == "" {
			return all
		}
	}
}

func same(t testing.TB, what string, got, want told) {
	t.Helper()
	if len(want) == 0 {
		t.Fatal("nothing to compare with")
	}
	if maps.Equal(got, want) {
		return
	}
	t.Errorf("%s: %d alerts, want %d", what, len(got), len(want))
	for _, id := range slices.Sorted(maps.Keys(want)) {
		if got[id] != want[id] {
			t.Errorf("  %.60s: %q, want %q", id, got[id], want[id])
		}
	}
	for _, id := range slices.Sorted(maps.Keys(got)) {
		if _, ok := want[id]; !ok {
			t.Errorf("  %.60s: %q, and is too many", id, got[id])
		}
	}
}

// scanned are the alerts of a scan that keeps them.
func scanned(t testing.TB, rules []*rule.Rule, objects []faults.Object) told {
	t.Helper()
	return scannedAfter(t, nil, rules, objects)
}

// scannedAfter is what a scan finds that knows a past.
func scannedAfter(t testing.TB, past *pipeline.Listing, rules []*rule.Rule, objects []faults.Object) told {
	t.Helper()
	s := open(t)
	k := intake.NewKeeper(s, rules, nil)
	_, err := pipeline.Scan(t.Context(), pipeline.Options{Listing: listed(t, objects), Warm: past, Rules: rules, Workers: 2,
		Limits: cloudtrail.DefaultLimits(), WithEvent: true, Findings: func(lines []byte) error { return k.Findings(t.Context(), lines) }})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := k.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	return alerts(t, s)
}

// listed are objects as files.
func listed(t testing.TB, objects []faults.Object) *pipeline.Listing {
	t.Helper()
	dir := t.TempDir()
	for _, o := range objects {
		path := filepath.Join(dir, filepath.FromSlash(o.Key))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, o.Body, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return pipeline.List([]string{dir}, false)
}

// bucket is objects in memory.
type bucket map[string][]byte

func (b bucket) Open(_ context.Context, o source.Object) (io.ReadCloser, source.Info, error) {
	o.Size = int64(len(b[o.Key]))
	return io.NopCloser(bytes.NewReader(b[o.Key])), source.Info{Object: o}, nil
}

func (b bucket) put(objects []faults.Object) bucket {
	for _, o := range objects {
		b[o.Key] = o.Body
	}
	return b
}

func start(t testing.TB, s live.Store, b source.Fetcher, change func(*live.Options)) *live.Pipeline {
	t.Helper()
	rules := intake.Prepare(starter(t), nil)
	o := live.Options{Store: s, Fetch: func(string) source.Fetcher { return b }, Rules: func() *intake.Rules { return rules },
		Mode: "serve", Limits: cloudtrail.DefaultLimits(), Lateness: time.Hour}
	if change != nil {
		change(&o)
	}
	p := live.New(o)
	t.Cleanup(p.Close)
	return p
}

func announce(keys ...string) source.Delivery {
	d := source.Delivery{ID: strings.Join(keys, ","), Source: "queue", Receives: 1, MaxReceives: 5, Arrived: time.Now().UTC()}
	for _, k := range keys {
		d.Items = append(d.Items, envelope.Item{Kind: envelope.Created, Object: source.Object{Bucket: "logs", Key: k, Size: -1}})
	}
	return d
}

// feed hands deliveries over in their order, a few at once.
func feed(t testing.TB, p *live.Pipeline, ds []source.Delivery, workers int) {
	t.Helper()
	next := make(chan source.Delivery)
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for d := range next {
				if err := p.Handle(t.Context(), d); err != nil {
					t.Errorf("%s: %v", d.ID, err)
				}
			}
		})
	}
	for _, d := range ds {
		next <- d
	}
	close(next)
	all.Wait()
}

// abreast feeds the deliveries of five minutes of the log, four at once, and goes
// on when all of them are handled: however the machine shares its time among the
// workers, none is overtaken by more than that, which is what the tests leave
// between their disorder and the bound.
func abreast(t testing.TB, p *live.Pipeline, ds []source.Delivery) {
	t.Helper()
	slot := func(d source.Delivery) string { return strings.Split(path.Base(d.ID), "_")[3] }
	for len(ds) > 0 {
		n := 1
		for n < len(ds) && slot(ds[n]) == slot(ds[0]) {
			n++
		}
		feed(t, p, ds[:n], 4)
		ds = ds[n:]
	}
}

// much later, an event that means nothing settles all windows.
func later(records []faults.Record) faults.Object {
	last := records[len(records)-1]
	last.At = last.At.Add(3 * time.Hour)
	last.JSON = fmt.Sprintf(`{"eventVersion":"1.11","eventID":"the-end","eventTime":"%s","eventSource":"s3.amazonaws.com","eventName":"HeadBucket","awsRegion":"%s","recipientAccountId":"%s","readOnly":true}`,
		last.At.Format(time.RFC3339), last.Region, last.Account)
	return faults.Deliver([]faults.Record{last}, nil)[0]
}

// F20, P3: shuffled within 50 minutes of event time, a tenth of the records and
// of the objects twice, by two paths: the alerts are those of a scan in order.
func TestDisorderAndDuplicatesGiveTheAlertsOfAScan(t *testing.T) {
	records := faults.Corpus{Seed: 1, Records: count(4_000, 12_000), Incidents: 6}.Make()
	end := later(records)
	want := scanned(t, starter(t), append(faults.Deliver(records, nil), end))
	windows := 0
	for _, text := range want {
		if text == "windows" {
			windows++
		}
	}
	if windows < 15 {
		t.Fatalf("only %d alerts of rules that remember", windows)
	}
	t.Logf("%d alerts, %d of rules that remember", len(want), windows)
	for seed := range uint64(count(4, 20)) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 20))
			objects, ds := disorder(r, records)
			s := open(t)
			p := start(t, s, bucket{}.put(objects).put([]faults.Object{end}), nil)
			abreast(t, p, ds)
			feed(t, p, []source.Delivery{announce(end.Key)}, 1)
			p.Close()
			if late := p.Late.Load(); late != 0 {
				t.Errorf("%d records are called late", late)
			}
			same(t, "shuffled", alerts(t, s), want)
			if a, b := p.Received.Load(), p.Judged.Load()+p.Duplicates.Load()+p.Failed.Load(); a != b {
				t.Errorf("%d records received and %d accounted for", a, b)
			}
		})
	}
	figure(t, "F20", "%d seeds of %d records, %d alerts, %d of rules that remember: identical", count(4, 20), len(records), len(want), windows)
}

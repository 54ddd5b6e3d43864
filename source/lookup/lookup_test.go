package lookup_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"go.uber.org/goleak"

	"github.com/trailwarden/trailwarden/source"
	"github.com/trailwarden/trailwarden/source/envelope"
	"github.com/trailwarden/trailwarden/source/lookup"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var now = time.Date(2026, 3, 14, 9, 30, 0, 0, time.UTC)

// history is a fake of LookupEvents: newest first, 50 a page, both ends of the
// range included, at most 90 days back, and a limit of calls for each region.
type history struct {
	mu     sync.Mutex
	events map[string][]fact // by region
	calls  map[string]int
	fault  func(region string, call int) string
}

type fact struct {
	id string
	at time.Time
}

func (h *history) add(region, id string, at time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.events[region] = append(h.events[region], fact{id, at})
}

func (h *history) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	scope := strings.Split(r.Header.Get("Authorization"), "/")
	region := scope[2]
	h.calls[region]++
	refuse := func(status int, code string) {
		w.Header().Set("X-Amzn-Errortype", code)
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"__type":%q,"message":"no"}`, code)
	}
	if h.fault != nil {
		if code := h.fault(region, h.calls[region]); code != "" {
			refuse(400, code)
			return
		}
	}
	var in struct {
		StartTime, EndTime float64
		MaxResults         int
		NextToken          string
	}
	if json.NewDecoder(r.Body).Decode(&in) != nil || r.Header.Get("X-Amz-Target") != "CloudTrail_20131101.LookupEvents" || in.MaxResults > 50 || in.EndTime < in.StartTime ||
		in.StartTime < float64(now.Add(-90*24*time.Hour).Unix()) {
		refuse(400, "InvalidTimeRangeException")
		return
	}
	var hits []fact
	for _, f := range h.events[region] {
		if t := float64(f.at.Unix()); t >= in.StartTime && t <= in.EndTime {
			hits = append(hits, f)
		}
	}
	slices.SortFunc(hits, func(a, b fact) int { return b.at.Compare(a.at) })
	from, _ := strconv.Atoi(in.NextToken)
	page := hits[min(from, len(hits)):min(from+50, len(hits))]
	out := map[string]any{}
	var events []map[string]any
	for _, f := range page {
		rec := fmt.Sprintf(`{"eventVersion":"1.11","eventSource":"iam.amazonaws.com","eventID":%q,"awsRegion":%q}`, f.id, region)
		events = append(events, map[string]any{"EventId": f.id, "EventTime": float64(f.at.Unix()), "EventName": "X", "CloudTrailEvent": rec, "ReadOnly": "true"})
	}
	out["Events"] = events
	if from+50 < len(hits) {
		out["NextToken"] = strconv.Itoa(from + 50)
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	_ = json.NewEncoder(w).Encode(out)
}

// bench runs the source against the fake, with a clock that the test moves.
type bench struct {
	t      *testing.T
	h      *history
	o      lookup.Options
	mu     sync.Mutex
	at     time.Time
	cycles int // waits for the next round
	got    []string
	times  []time.Time
	fail   func(n int) error
}

func newBench(t *testing.T, regions ...string) *bench {
	b := &bench{t: t, at: now, h: &history{events: map[string][]fact{}, calls: map[string]int{}}}
	srv := httptest.NewServer(b.h)
	transport := &http.Transport{}
	t.Cleanup(func() { transport.CloseIdleConnections(); srv.Close() })
	b.o = lookup.Options{Regions: regions, PerSecond: 10_000, Cursor: &source.MemoryCursor{}, From: now.Add(-3 * time.Hour),
		Config: aws.Config{Region: "eu-west-1", BaseEndpoint: &srv.URL, HTTPClient: &http.Client{Transport: transport},
			Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
				return aws.Credentials{AccessKeyID: "AKID", SecretAccessKey: "x"}, nil
			})}}
	b.o.Retry.Backoff = source.Backoff{Base: time.Millisecond, Most: time.Millisecond}
	return b
}

// run runs the source for a number of rounds that end with nothing left to do.
func (b *bench) run(rounds int) *lookup.Source {
	b.t.Helper()
	ctx, cancel := context.WithCancel(b.t.Context())
	defer cancel()
	o := b.o
	o.Clock = source.Clock{Now: func() time.Time { b.mu.Lock(); defer b.mu.Unlock(); return b.at }, Sleep: func(ctx context.Context, d time.Duration) error {
		b.mu.Lock()
		defer b.mu.Unlock()
		if d >= 30*time.Second {
			if b.cycles++; b.cycles >= rounds {
				cancel()
			}
			b.at = b.at.Add(d)
		}
		return ctx.Err()
	}}
	b.cycles = 0
	s := lookup.New(o)
	if err := s.Run(ctx, b.handle); err != nil {
		b.t.Fatal(err)
	}
	return s
}

func (b *bench) handle(_ context.Context, d source.Delivery) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fail != nil {
		if err := b.fail(len(b.got)); err != nil {
			return err
		}
	}
	for _, it := range d.Items {
		if it.Kind != envelope.Record || !json.Valid(it.Record) || it.Path[0].Shape != envelope.ShapeLookup {
			b.t.Errorf("item %+v", it)
		}
		b.got = append(b.got, it.Path[0].ID)
		b.times = append(b.times, it.Path[0].Time)
	}
	return nil
}

func (b *bench) check(want int) {
	b.t.Helper()
	once := map[string]int{}
	for _, id := range b.got {
		once[id]++
	}
	if len(once) != want || len(b.got) != want {
		b.t.Errorf("%d events, %d different, want %d", len(b.got), len(once), want)
	}
}

// All regions come in the order of time, each event once, page after page.
func TestAllRegionsMerged(t *testing.T) {
	b := newBench(t, "eu-west-1", "us-east-1", "ap-southeast-2")
	n := 0
	for i, r := range b.o.Regions {
		for k := range 400 {
			b.h.add(r, fmt.Sprintf("%s-%d", r, k), now.Add(-3*time.Hour).Add(time.Duration(k*25+i*7)*time.Second))
			n++
		}
	}
	b.run(1)
	b.check(n)
	if !slices.IsSortedFunc(b.times, time.Time.Compare) {
		t.Error("not in the order of time")
	}
}

// Events that come late are found within the overlap, and nothing comes twice.
func TestLateEvents(t *testing.T) {
	b := newBench(t, "eu-west-1")
	b.h.add("eu-west-1", "first", now.Add(-time.Minute))
	b.run(1)
	b.h.add("eu-west-1", "late", now.Add(-10*time.Minute))
	b.h.add("eu-west-1", "new", now.Add(30*time.Second))
	b.run(2)
	b.check(3)
}

// F9: after a clock was ahead and is set back, events are read on at once.
func TestClockSetBack(t *testing.T) {
	b := newBench(t, "eu-west-1")
	b.h.add("eu-west-1", "first", now.Add(-time.Hour))
	b.at = now.Add(24 * time.Hour)
	b.run(1)
	b.at = now.Add(time.Minute)
	b.h.add("eu-west-1", "second", now.Add(30*time.Second))
	if h := b.run(1).Health(); h.Fault != nil {
		t.Errorf("health %+v", h)
	}
	b.check(2)
}

// What is older than 90 days is out of reach: a question begins there at the most,
// also after a server was off for longer.
func TestNinetyDays(t *testing.T) {
	for name, from := range map[string]time.Duration{"from the first day": 90 * 24 * time.Hour, "off for a year": 365 * 24 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, "eu-west-1", "us-east-1")
			b.o.From, b.o.Step = now.Add(-from), 30*24*time.Hour
			b.h.add("eu-west-1", "old", now.Add(-89*24*time.Hour))
			b.h.add("us-east-1", "new", now.Add(-time.Hour))
			s := b.run(1)
			b.check(2)
			if h := s.Health(); h.Fault != nil {
				t.Errorf("health %+v", h)
			}
		})
	}
}

// More events than fit into one step are read in smaller ones.
func TestManyEvents(t *testing.T) {
	b := newBench(t, "eu-west-1")
	b.o.From = now.Add(-time.Hour)
	const n = 14_000
	for k := range n {
		b.h.add("eu-west-1", strconv.Itoa(k), now.Add(-time.Hour).Add(time.Duration(k)*time.Hour/n))
	}
	b.run(1)
	b.check(n)
	if !slices.IsSortedFunc(b.times, time.Time.Compare) {
		t.Error("not in the order of time")
	}
}

// F42: throttling is waited for; a region that is not enabled is left out; one
// that fails does not hold up the others and catches up.
func TestFaults(t *testing.T) {
	b := newBench(t, "eu-west-1", "us-east-1", "ap-east-1", "me-south-1")
	for _, r := range b.o.Regions {
		for k := range 120 {
			b.h.add(r, fmt.Sprintf("%s-%d", r, k), now.Add(-time.Hour).Add(time.Duration(k)*time.Second))
		}
	}
	broken := true
	b.h.fault = func(region string, call int) string {
		switch {
		case region == "ap-east-1":
			return "UnrecognizedClientException"
		case region == "me-south-1" && broken:
			return "AccessDeniedException"
		case region == "us-east-1" && call%2 == 1:
			return "ThrottlingException"
		}
		return ""
	}
	s := b.run(3)
	b.check(240)
	if h := s.Health(); h.Fault == nil || !strings.Contains(h.Fault.Error(), "me-south-1") {
		t.Errorf("health %+v", h)
	}
	if n := b.h.calls["ap-east-1"]; n > 1 {
		t.Errorf("a region that is not enabled was asked %d times", n)
	}
	broken = false
	s = b.run(6)
	b.check(360)
	if h := s.Health(); h.Fault != nil {
		t.Errorf("health %+v", h)
	}
}

// A region that may never be asked, as where a policy forbids it, neither slows
// down the others, nor has what is remembered of them grow for ever.
func TestForbiddenRegion(t *testing.T) {
	b := newBench(t, "eu-west-1", "me-south-1")
	for k := range 900 {
		b.h.add("eu-west-1", strconv.Itoa(k), now.Add(-3*time.Hour).Add(time.Duration(k)*12*time.Second))
	}
	b.h.fault = func(region string, _ int) string {
		if region == "me-south-1" {
			return "AccessDeniedException"
		}
		return ""
	}
	s := b.run(1)
	b.check(900)
	h := s.Health()
	if h.Fault == nil || !strings.Contains(h.Fault.Error(), "regions without it") {
		t.Errorf("health %+v", h)
	}
	kept, err := b.o.Cursor.Load(t.Context(), "lookup/lookup")
	if err != nil || len(kept) > 3000 {
		t.Errorf("a position of %d bytes: %v", len(kept), err)
	}
}

// Credentials that no region accepts are a fault, not regions that are off.
func TestWrongCredentials(t *testing.T) {
	b := newBench(t, "eu-west-1", "us-east-1")
	b.h.fault = func(string, int) string { return "UnrecognizedClientException" }
	if h := b.run(2).Health(); h.Fault == nil || h.LastSuccess != (time.Time{}) {
		t.Errorf("health %+v", h)
	}
	b.h.fault = nil
	b.h.add("eu-west-1", "x", now.Add(-time.Hour))
	b.run(1)
	b.check(1)
}

// A handler that fails is asked again, and its place is kept over a restart.
func TestHandlerFails(t *testing.T) {
	b := newBench(t, "eu-west-1")
	for k := range 60 {
		b.h.add("eu-west-1", strconv.Itoa(k), now.Add(-2*time.Hour).Add(time.Duration(k)*time.Minute))
	}
	fails := 0
	b.fail = func(int) error {
		if fails++; fails < 4 {
			return errors.New("not now")
		}
		return nil
	}
	s := b.run(1)
	b.check(60)
	if h := s.Health(); h.Returned != 3 || h.Received != h.Acknowledged+h.Returned {
		t.Errorf("health %+v", h)
	}
}

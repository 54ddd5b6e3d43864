package faults_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/internal/faults"
	"github.com/trailwarden/trailwarden/pipeline/intake"
	"github.com/trailwarden/trailwarden/pipeline/live"
	"github.com/trailwarden/trailwarden/rule"
	"github.com/trailwarden/trailwarden/source"
	"github.com/trailwarden/trailwarden/source/envelope"
)

const kindsFolder = "testdata/kinds"

// kinds are rules of every kind that remembers.
func kinds(t testing.TB) []*rule.Rule {
	t.Helper()
	set, list := rule.Load([]string{kindsFolder}, rule.Options{})
	if list.Err() != nil {
		t.Fatal(list)
	}
	return set.Rules
}

// kindsRecords are records of which the rules of kindsFolder find some groups
// and not others.
func kindsRecords(seed uint64, n int) (all []faults.Record) {
	r := rand.New(rand.NewPCG(seed, 0x6b))
	start := time.Date(2026, 3, 14, 2, 0, 0, 0, time.UTC)
	at := map[int]time.Time{}
	for range n {
		who := r.IntN(40)
		when, busy := at[who]
		if when = when.Add(time.Duration(1+r.IntN(400)) * time.Second); !busy || r.IntN(5) == 0 || when.After(start.Add(10*time.Hour)) {
			when = start.Add(time.Duration(r.IntN(36_000)) * time.Second)
		}
		at[who] = when
		region := regionsOf[r.IntN(len(regionsOf))]
		all = append(all, faults.Record{At: when, Account: "111122223333", Region: region, JSON: fmt.Sprintf(
			`{"eventVersion":"1.11","userIdentity":{"type":"IAMUser","userName":"u%d","accountId":"111122223333"},"eventTime":"%s","eventSource":"s3.amazonaws.com","eventName":"%c","awsRegion":"%s","sourceIPAddress":"10.%d.0.1","readOnly":true,"eventID":"%016x-%x","recipientAccountId":"111122223333","additionalEventData":{"bytesTransferredOut":%d}}`,
			who, when.Format(time.RFC3339), 'A'+r.IntN(3), region, r.IntN(9), r.Uint64(), seed, r.IntN(12))})
	}
	slices.SortStableFunc(all, func(a, b faults.Record) int { return a.At.Compare(b.At) })
	return all
}

var regionsOf = []string{"eu-west-1", "us-east-1"}

// found is how many alerts of each rule there are.
func found(all told) map[string]int {
	n := map[string]int{}
	for id := range all {
		rule, _, _ := strings.Cut(id, " ")
		n[rule]++
	}
	return n
}

// settled is an event long after all others, that means nothing.
func settled(records []faults.Record) faults.Object {
	last := records[len(records)-1]
	last.At = last.At.Add(6 * time.Hour) // the longest window, and more
	return later([]faults.Record{last})
}

// disorder is records shuffled within 50 minutes, a tenth of them and of the
// files twice, some of it by another path.
func disorder(r *rand.Rand, records []faults.Record) (objects []faults.Object, ds []source.Delivery) {
	more := slices.Clone(records)
	for _, rec := range records {
		if r.IntN(10) == 0 {
			more = append(more, rec)
		}
	}
	objects = faults.Deliver(more, func(int) time.Duration { return time.Duration(r.Int64N(int64(50 * time.Minute))) })
	for _, o := range objects {
		ds = append(ds, announce(o.Key))
		if r.IntN(10) == 0 {
			ds = append(ds, announce(o.Key))
		}
		if r.IntN(10) == 0 { // the same records as a post
			ds = append(ds, source.Delivery{ID: "m" + o.Key, Source: "http", Arrived: time.Now().UTC(), Items: envelope.Unwrap(o.Body, envelope.DefaultLimits())})
		}
	}
	return objects, ds
}

// P3, F20: of every kind of rule that remembers, in any order within the bound,
// repeated and by two paths, the alerts are those of a scan in order: none is
// missing, and none was told that a later record took back.
func TestEveryKindOfRuleFindsTheSameInAnyOrder(t *testing.T) {
	rules := kinds(t)
	prepared := intake.Prepare(rules, nil)
	records := kindsRecords(1, count(700, 3_000))
	end := settled(records)
	want := scanned(t, rules, append(faults.Deliver(records, nil), end))
	for id, n := range found(want) {
		t.Logf("%s: %d alerts", id, n)
	}
	for _, r := range rules {
		if n := found(want)[r.ID]; r.Memory != nil && r.CountedBy == "" && (n == 0) != (r.ID == "k-alarm-never") {
			t.Errorf("%s: %d alerts, which tells nothing", r.ID, n)
		}
	}
	for seed := range uint64(count(4, 20)) {
		r := rand.New(rand.NewPCG(seed, 21))
		objects, ds := disorder(r, records)
		s := open(t)
		p := start(t, s, bucket{}.put(objects).put([]faults.Object{end}), func(o *live.Options) {
			o.Rules = func() *intake.Rules { return prepared }
		})
		abreast(t, p, ds)
		feed(t, p, []source.Delivery{announce(end.Key)}, 1)
		p.Close()
		if late := p.Late.Load(); late != 0 {
			t.Errorf("seed %d: %d records are called late", seed, late)
		}
		if same(t, fmt.Sprint("seed ", seed), alerts(t, s), want); t.Failed() {
			return
		}
	}
	figure(t, "F20 by kind", "%d seeds of %d records, %d rules of every kind, %d alerts: identical", count(4, 20), len(records), len(rules), len(want))
}

// The same in a function.
func TestEveryKindOfRuleFindsTheSameInAFunction(t *testing.T) {
	rules := kinds(t)
	records := kindsRecords(1, count(700, 3_000))
	end := settled(records)
	want := scanned(t, rules, append(faults.Deliver(records, nil), end))
	for seed := range uint64(count(1, 20)) {
		objects, _ := disorder(rand.New(rand.NewPCG(seed, 22)), records)
		s := open(t)
		f := function(t, bucket{}.put(objects).put([]faults.Object{end}), []string{kindsFolder}, "", func(func() *alert.Policy) alert.Store { return unclosed{s} })
		for batch := range slices.Chunk(objects, 10) {
			invoke(t, f, batch)
		}
		invoke(t, f, []faults.Object{end})
		if same(t, fmt.Sprint("seed ", seed), alerts(t, s), want); t.Failed() {
			return
		}
	}
}

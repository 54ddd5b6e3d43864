package faults_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/internal/faults"
	"github.com/trailwarden/trailwarden/pipeline"
	"github.com/trailwarden/trailwarden/pipeline/intake"
	"github.com/trailwarden/trailwarden/pipeline/live"
	"github.com/trailwarden/trailwarden/rule"
	"github.com/trailwarden/trailwarden/source"
)

const baselines = kindsFolder + "/baselines.yaml"

// A server and a function that learned a past say of what comes then what a scan
// says that knows the past, and nothing of the past itself; learning again
// changes nothing.
func TestALearnedPastIsThatOfAScan(t *testing.T) {
	set, list := rule.Load([]string{baselines}, rule.Options{})
	if list.Err() != nil {
		t.Fatal(list)
	}
	rules := intake.Prepare(set.Rules, nil)
	records := kindsRecords(1, count(900, 3_000))
	half := records[len(records)/2].At
	i := slices.IndexFunc(records, func(r faults.Record) bool { return r.At.Equal(half) })
	before, rest := records[:i], records[i:]
	past, last := listed(t, faults.Deliver(before, nil)), rest[len(rest)-1]
	last.At = last.At.Add(6 * time.Hour) // a hit of somebody else, long after all others
	last.JSON = fmt.Sprintf(`{"eventVersion":"1.11","eventID":"the-end","eventTime":"%s","eventName":"A","recipientAccountId":"%s","userIdentity":{"type":"IAMUser","userName":"nobody"}}`, last.At.Format(time.RFC3339), last.Account)
	end := faults.Deliver([]faults.Record{last}, nil)[0]
	want := scannedAfter(t, past, set.Rules, append(faults.Deliver(rest, nil), end))
	if cold := scanned(t, set.Rules, append(faults.Deliver(rest, nil), end)); len(cold) >= len(want) {
		t.Errorf("%d alerts without a past, %d with it: which tells nothing", len(cold), len(want))
	}
	taught := func(s live.Store) live.Store {
		for range 2 {
			done, err := live.Learn(t.Context(), live.LearnOptions{Store: s, Rules: rules, Lateness: time.Hour,
				Records: pipeline.RecordOptions{Listing: past, Limits: cloudtrail.DefaultLimits()}})
			if err != nil || done.Hits == 0 {
				t.Fatal(done, err)
			}
		}
		return s
	}
	objects, ds := disorder(rand.New(rand.NewPCG(1, 23)), rest)
	fetch := bucket{}.put(objects).put([]faults.Object{end})

	s := open(t)
	p := start(t, taught(s), fetch, func(o *live.Options) { o.Rules = func() *intake.Rules { return rules } })
	if n := len(alerts(t, s)); n > 0 {
		t.Errorf("%d alerts of the past", n)
	}
	abreast(t, p, ds)
	feed(t, p, []source.Delivery{announce(end.Key)}, 1)
	p.Close()
	same(t, "a server", alerts(t, s), want)

	s = open(t)
	taught(s)
	f := function(t, fetch, []string{baselines}, "", func(func() *alert.Policy) alert.Store { return unclosed{s} })
	for batch := range slices.Chunk(objects, 10) {
		invoke(t, f, batch)
	}
	invoke(t, f, []faults.Object{end})
	same(t, "a function", alerts(t, s), want)
	figure(t, "learned", "%s", fmt.Sprintf("%d records of a past, %d that came then: %d alerts, as of a scan that knows the past", len(before), len(rest), len(want)))
}

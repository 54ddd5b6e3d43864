package live_test

import (
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/alert/sqlite"
	"github.com/trailwarden/trailwarden/pipeline/intake"
	"github.com/trailwarden/trailwarden/pipeline/live"
	"github.com/trailwarden/trailwarden/rule"
)

const (
	stoppedKey  = "AWSLogs/111122223333/CloudTrail/us-east-1/2026/03/14/111122223333_CloudTrail_us-east-1_20260314T0905Z_abcdefghijklmnop.json.gz"
	stoppedFile = `{"Records":[{"eventVersion":"1.11","userIdentity":{"type":"IAMUser","accountId":"111122223333","arn":"arn:aws:iam::111122223333:user/mallory","userName":"mallory"},` +
		`"eventTime":"2026-03-14T09:00:00Z","eventSource":"cloudtrail.amazonaws.com","eventName":"StopLogging","awsRegion":"us-east-1","sourceIPAddress":"203.0.113.9",` +
		`"requestParameters":{"name":"only-trail"},"eventID":"5f3c1b1e-0000-4000-8000-00000000000a","readOnly":false,"eventType":"AwsApiCall","recipientAccountId":"111122223333"}]}`
)

// quiet is a pipeline over a store of its own, to which the stop of the only
// trail was delivered, and a clock to move.
type quiet struct {
	store *sqlite.Store
	moved atomic.Int64 // by which the clock is ahead
}

func newQuiet(t *testing.T) *quiet {
	t.Helper()
	s, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "alerts.db"), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return &quiet{store: s}
}

func (q *quiet) start(t *testing.T, change func(*live.Options)) *live.Pipeline {
	t.Helper()
	return start(t, q.store, objects{files: map[string][]byte{stoppedKey: pack(stoppedFile)}}, func(o *live.Options) {
		o.Now = func() time.Time { return now.Add(time.Duration(q.moved.Load())) }
		change(o)
	})
}

func (q *quiet) deliver(t *testing.T, p *live.Pipeline) {
	t.Helper()
	if err := p.Handle(t.Context(), announce(stoppedKey)); err != nil {
		t.Fatal(err)
	}
}

// told tells whether the alert is there.
func (q *quiet) told(t *testing.T) bool {
	t.Helper()
	all, _, err := q.store.Alerts(t.Context(), alert.Query{Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range all {
		if a.Rule.ID == "trail-not-restarted" {
			return true
		}
	}
	return false
}

// Whoever stops the only trail stops all records, and not the rule that waits
// for the trail's restart: the window, and what a record may be late.
func TestTimeGoesOnWhereNoRecordsCome(t *testing.T) {
	q := newQuiet(t)
	var looks atomic.Int64
	var deaf atomic.Bool
	p := q.start(t, func(o *live.Options) {
		o.Tick = time.Millisecond
		o.Upstream = func() bool { looks.Add(1); return !deaf.Load() }
	})
	q.deliver(t, p)
	look := func(d time.Duration) {
		t.Helper()
		was := looks.Load()
		q.moved.Add(int64(d))
		for end := time.Now().Add(time.Minute); looks.Load() == was; time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				t.Fatal("nobody looks at the clock")
			}
		}
	}
	after := func(d time.Duration) bool {
		t.Helper()
		look(d)
		look(time.Minute) // what came of the look before is committed
		return q.told(t)
	}
	if after(time.Minute) || after(25*time.Minute) {
		t.Error("the alert was there before its time")
	}
	deaf.Store(true)
	if after(2 * time.Hour) {
		t.Error("time went on while a source could not reach its records")
	}
	deaf.Store(false)
	if after(13 * time.Minute) {
		t.Error("time went on with what had passed while a source was deaf")
	}
	if !after(20 * time.Minute) {
		t.Error("nobody was told that the trail was not started again")
	}
}

// A function that a schedule calls lets time go on, too, each time in a new
// process.
func TestTimeGoesOnByTheSchedule(t *testing.T) {
	q := newQuiet(t)
	once := func(after time.Duration, work func(*live.Pipeline)) bool {
		t.Helper()
		q.moved.Add(int64(after))
		p := q.start(t, func(o *live.Options) { o.Shared = true })
		work(p)
		p.Close()
		return q.told(t)
	}
	schedule := func(p *live.Pipeline) {
		if err := p.ByClock(t.Context()); err != nil {
			t.Error(err)
		}
	}
	once(0, func(p *live.Pipeline) { q.deliver(t, p) })
	for minute := 5; minute <= 30; minute += 5 {
		if once(5*time.Minute, schedule) {
			t.Fatalf("the alert was there %d minutes after the record", minute)
		}
	}
	told := once(5*time.Minute, schedule)
	if !told { // the schedule after that at the latest
		told = once(5*time.Minute, schedule)
	}
	if !told {
		t.Error("nobody was told that the trail was not started again")
	}
}

// An alarm is evaluated at the end of a minute. Where it is certain it is told a
// minute after the last record, and not when the next one comes; and time does not
// go on from there, however many look.
func TestACertainAlarmIsToldWithoutAnotherRecord(t *testing.T) {
	for name, at := range map[string]string{"within a minute": "2026-03-14T09:00:24Z", "as one begins": "2026-03-14T09:00:00Z"} {
		t.Run(name, func(t *testing.T) {
			s := newQuiet(t).store
			set, list := rule.LoadFS(fstest.MapFS{
				"filters.json": {Data: []byte(`{"metricFilters": [{"filterName": "stops", "filterPattern": "{ $.eventName = \"StopLogging\" }",
					"metricTransformations": [{"metricName": "Stops", "metricNamespace": "X", "metricValue": "1"}]}]}`)},
				"alarms.json": {Data: []byte(`{"MetricAlarms": [{"AlarmName": "stopped", "Namespace": "X", "MetricName": "Stops", "Statistic": "Sum", "Period": 300,
					"EvaluationPeriods": 1, "Threshold": 1, "ComparisonOperator": "GreaterThanOrEqualToThreshold"}]}`)},
			}, "", rule.Options{})
			if list.Err() != nil {
				t.Fatal(list)
			}
			rules := intake.Prepare(set.Rules, nil)
			text := strings.Replace(stoppedFile, "2026-03-14T09:00:00Z", at, 1)
			var moved, looks atomic.Int64
			for i := range 2 {
				p := start(t, s, objects{files: map[string][]byte{stoppedKey: pack(text)}}, func(o *live.Options) {
					o.Now, o.Tick = func() time.Time { return now.Add(time.Duration(moved.Load())) }, time.Millisecond
					o.Rules = func() *intake.Rules { return rules }
					o.Upstream = func() bool { looks.Add(1); return true }
				})
				if i == 0 {
					if err := p.Handle(t.Context(), announce(stoppedKey)); err != nil {
						t.Fatal(err)
					}
				}
				for range 4 {
					was := looks.Load()
					moved.Add(int64(time.Minute))
					for end := time.Now().Add(time.Minute); looks.Load() == was; time.Sleep(time.Millisecond) {
						if time.Now().After(end) {
							t.Fatal("nobody looks at the clock")
						}
					}
				}
				p.Close()
				all, _, err := s.Alerts(t.Context(), alert.Query{Limit: 100})
				if err != nil {
					t.Fatal(err)
				}
				if len(all) != 1 || all[0].Rule.ID != "stopped" || all[0].Count != 1 {
					t.Fatalf("server %d: %d alerts, want one of the alarm", i+1, len(all))
				}
			}
		})
	}
}

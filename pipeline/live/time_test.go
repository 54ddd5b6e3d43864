package live_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/pipeline/live"
)

// harmless is a file with one record that no rule looks at.
func harmless(id, at string) (key string, file []byte) {
	return "AWSLogs/111122223333/CloudTrail/us-east-1/2026/03/14/111122223333_CloudTrail_us-east-1_20260314T1005Z_" + id + ".json.gz",
		pack(fmt.Sprintf(`{"Records":[{"eventVersion":"1.11","eventTime":"%s","eventSource":"s3.amazonaws.com","eventName":"HeadBucket","awsRegion":"us-east-1","eventID":"%s","readOnly":true,"recipientAccountId":"111122223333"}]}`, at, id))
}

// waits tells whether the alert comes while the clock stands still.
func (q *quiet) waits(t *testing.T) bool {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if q.told(t) {
			return true
		}
	}
	return false
}

// A record whose time is years ahead does not hold up the time of all that come
// after it, whether it has a file of its own or stands beside others.
func TestARecordFromTheFutureStopsNoTime(t *testing.T) {
	for name, ahead := range map[string]time.Duration{"years": 70 * 365 * 24 * time.Hour, "a day": 24 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			q := newQuiet(t)
			future, text := harmless("future", now.Add(ahead).Format(time.RFC3339))
			ordinary, later := harmless("ordinary", "2026-03-14T11:00:00Z")
			p := start(t, q.store, objects{files: map[string][]byte{stoppedKey: pack(stoppedFile), future: text, ordinary: later}}, func(o *live.Options) {
				o.Now, o.Tick = func() time.Time { return now }, time.Millisecond
			})
			for _, keys := range [][]string{{future, stoppedKey}, {future}, {ordinary}} {
				if err := p.Handle(t.Context(), announce(keys...)); err != nil {
					t.Fatal(err)
				}
			}
			if !q.waits(t) {
				t.Error("nobody was told that the trail was not started again")
			}
		})
	}
}

// Time that records without a hit brought is not forgotten when an older record
// with a hit is judged before anybody looked at it.
func TestTimeOfRecordsWithoutHits(t *testing.T) {
	q := newQuiet(t)
	younger, text := harmless("younger", "2026-03-14T11:30:00Z")
	p := start(t, q.store, objects{files: map[string][]byte{stoppedKey: pack(stoppedFile), younger: text}}, func(o *live.Options) {
		o.Now, o.Tick, o.Lateness = func() time.Time { return now }, 50*time.Millisecond, 2*time.Hour
	})
	for _, key := range []string{younger, stoppedKey} {
		if err := p.Handle(t.Context(), announce(key)); err != nil {
			t.Fatal(err)
		}
	}
	if !q.waits(t) {
		t.Error("nobody was told that the trail was not started again")
	}
}

// counting counts the commits of one pipeline.
type counting struct {
	live.Store
	commits atomic.Int64
}

func (c *counting) Commit(ctx context.Context, b alert.Batch) (alert.Committed, error) {
	c.commits.Add(1)
	return c.Store.Commit(ctx, b)
}

// Of processes that share a store one writes down that time came on; the others
// find it there, and do not make each other try again.
func TestOneOfManyWritesTheTime(t *testing.T) {
	q := newQuiet(t)
	ordinary, text := harmless("ordinary", "2026-03-14T11:00:00Z")
	younger, later := harmless("younger", "2026-03-14T11:00:10Z")
	see := func(key string) int64 {
		t.Helper()
		c := &counting{Store: q.store}
		p := start(t, nil, objects{files: map[string][]byte{ordinary: text, younger: later}}, func(o *live.Options) {
			o.Store, o.Shared, o.Now, o.Tick = c, true, func() time.Time { return now }, 8*time.Second
		})
		if err := p.Handle(t.Context(), announce(key)); err != nil {
			t.Fatal(err)
		}
		p.Close() // which looks at what time brought
		return c.commits.Load()
	}
	for i, step := range []struct {
		key     string
		commits int64
	}{{ordinary, 1}, {ordinary, 0}, {younger, 1}, {ordinary, 0}} {
		if got := see(step.key); got != step.commits {
			t.Errorf("process %d committed %d times, want %d", i+1, got, step.commits)
		}
	}
}

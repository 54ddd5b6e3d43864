package live_test

import (
	"fmt"
	"testing"
	"time"

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

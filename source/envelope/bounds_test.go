package envelope_test

import (
	"bytes"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/trailwarden/trailwarden/source/envelope"
)

// A body of millions of values is opened as far as the limit of items goes, in a
// time that grows with its size and not with its square, which would be many
// minutes here.
func TestManyValuesInOneBody(t *testing.T) {
	for name, value := range map[string]string{"numbers": "1 ", "objects": "{}", "strings": `"a"`} {
		body := bytes.Repeat([]byte(value), 8<<20/len(value))
		items := make(chan []envelope.Item, 1)
		go func() { items <- envelope.Unwrap(body, envelope.DefaultLimits()) }()
		select {
		case all := <-items:
			if most := envelope.DefaultLimits().Items; len(all) != most+1 || all[most].Kind != envelope.Poison {
				t.Errorf("%s: %d items", name, len(all))
			}
		case <-time.After(2 * time.Minute):
			t.Fatalf("%s: not opened in two minutes", name)
		}
	}
}

// What a value of an object needs is made once for all of them: an object may hold
// millions of small ones.
func TestManyValuesInAnObject(t *testing.T) {
	const values = 1 << 16
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	n := 0
	err := envelope.Stream(t.Context(), bytes.NewReader(bytes.Repeat([]byte("{}"), values)), envelope.DefaultLimits(), func(envelope.Item) error {
		n++
		return nil
	})
	runtime.ReadMemStats(&after)
	if each := (after.TotalAlloc - before.TotalAlloc) / values; err != nil || n != values || each > 16<<10 {
		t.Errorf("%d values, %v, %d bytes of memory made for each", n, err, each)
	}
}

// F34: a message of more items than the limit lets through hides none of those
// that come in one event with it.
func TestAFullMessageHidesNoOther(t *testing.T) {
	notice := `{"s3Bucket":"trail-logs","s3ObjectKey":["k"]}`
	for shape, record := range map[envelope.Shape]func(id, body string) string{
		envelope.ShapeSQS: func(id, body string) string {
			return fmt.Sprintf(`{"eventSource":"aws:sqs","messageId":%q,"body":%s}`, id, text([]byte(body)))
		},
		envelope.ShapeKinesis: func(id, body string) string {
			return fmt.Sprintf(`{"eventSource":"aws:kinesis","kinesis":{"sequenceNumber":%q,"data":%q}}`, id, coded([]byte(body)))
		},
	} {
		full := strings.Repeat(notice, 50)
		event := fmt.Sprintf(`{"Records":[%s,%s,%s,%s]}`, record("1", full), record("2", notice), record("3", full), record("4", notice))
		limits := envelope.DefaultLimits()
		limits.Items = 20
		b := envelope.Open([]byte(event), limits)
		if len(b.Units) != 4 || b.Shape != shape {
			t.Fatalf("%s: %d units", b.Shape, len(b.Units))
		}
		for i, want := range []struct{ items, poison int }{{21, 1}, {1, 0}, {2, 1}, {1, 0}} {
			poison := 0
			for _, it := range b.Units[i].Items {
				if it.Kind == envelope.Poison {
					poison++
				}
			}
			if len(b.Units[i].Items) != want.items || poison != want.poison {
				t.Errorf("%s: unit %d has %d items, %d of them poison, want %+v", shape, i, len(b.Units[i].Items), poison, want)
			}
		}
	}
}

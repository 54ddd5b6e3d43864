package envelope_test

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/trailwarden/trailwarden/source/envelope"
)

// wrapper puts a message into another.
type wrapper struct {
	name string
	wrap func(inner []byte) []byte
}

func text(b []byte) string {
	s, _ := json.Marshal(string(b))
	return string(s)
}

var packers = sync.Pool{New: func() any { z, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed); return z }}

func squeeze(b []byte) []byte {
	var out bytes.Buffer
	z := packers.Get().(*gzip.Writer) // a new one costs more than the packing
	defer packers.Put(z)
	z.Reset(&out)
	_, _ = z.Write(b)
	_ = z.Close()
	return out.Bytes()
}

func coded(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

// utf8Text stands for wrappers that carry text: compressed data goes in base64
// inside a Firehose record, as no service puts it into text directly.
func utf8Text(b []byte) []byte {
	if len(b) > 0 && b[0] == 0x1f {
		return []byte(fmt.Sprintf(`{"deliveryStreamArn":"d","records":[{"recordId":"r","data":%q}]}`, coded(b)))
	}
	return b
}

var wrappers = []wrapper{
	{"SQS event", func(b []byte) []byte {
		return []byte(`{"Records":[{"messageId":"m","receiptHandle":"h","eventSource":"aws:sqs","body":` + text(utf8Text(b)) + `}]}`)
	}},
	{"SNS event", func(b []byte) []byte {
		return []byte(`{"Records":[{"EventSource":"aws:sns","Sns":{"Type":"Notification","MessageId":"n","Message":` + text(utf8Text(b)) + `}}]}`)
	}},
	{"SNS JSON", func(b []byte) []byte {
		return []byte(`{"Type":"Notification","MessageId":"n","TopicArn":"t","Message":` + text(utf8Text(b)) + `}`)
	}},
	{"Kinesis event", func(b []byte) []byte {
		return []byte(`{"Records":[{"eventSource":"aws:kinesis","kinesis":{"sequenceNumber":"1","data":"` + coded(b) + `"}}]}`)
	}},
	{"Firehose event", func(b []byte) []byte {
		return []byte(`{"deliveryStreamArn":"d","records":[{"recordId":"r","data":"` + coded(b) + `"}]}`)
	}},
	{"gzip", squeeze},
	{"Logs event", func(b []byte) []byte { return []byte(`{"awslogs":{"data":"` + coded(squeeze(b)) + `"}}`) }},
	{"text in text", func(b []byte) []byte { return []byte(text(utf8Text(b))) }},
	{"array", func(b []byte) []byte { return []byte("[" + text(utf8Text(b)) + "]") }},
}

// outcome is what items say, without the way they came.
func outcome(items []envelope.Item) string {
	var b strings.Builder
	for _, it := range items {
		fmt.Fprintf(&b, "%s|%s|%s|%s|%s\n", it.Kind, it.Record, it.Object, it.What, it.Reason)
	}
	return b.String()
}

// sound is a vector that is about what is inside, not about the outside itself.
func sound(v vector) bool {
	if v.AnyOrder || len(v.body()) == 0 || strings.TrimSpace(string(v.body())) == "" {
		return false
	}
	return json.Valid(v.body()) || v.body()[0] == 0x1f || v.Text != nil && !strings.HasPrefix(v.Name, "a record, then")
}

// However messages lie in one another, the same comes out: every vector in every
// wrapper, and in every pair of wrappers.
func TestEveryNesting(t *testing.T) {
	n := 0
	for _, v := range vectors(t) {
		if !sound(v) {
			continue
		}
		want := outcome(envelope.Unwrap(v.body(), envelope.DefaultLimits()))
		for _, a := range wrappers {
			inner := a.wrap(v.body())
			if got := outcome(envelope.Unwrap(inner, envelope.DefaultLimits())); got != want {
				t.Fatalf("%s in %s:\n%s\nwant\n%s", v.Name, a.name, got, want)
			}
			for _, b := range wrappers {
				n++
				if got := outcome(envelope.Unwrap(b.wrap(inner), envelope.DefaultLimits())); got != want {
					t.Fatalf("%s in %s in %s:\n%s\nwant\n%s", v.Name, a.name, b.name, got, want)
				}
			}
		}
	}
	t.Logf("%d nestings of two", n)
}

// Nesting ends at the limit, as poison, however it is made.
func TestDepthIsBounded(t *testing.T) {
	for _, w := range wrappers {
		body := []byte(`{"s3Bucket":"trail-logs","s3ObjectKey":["k"]}`)
		for range 40 {
			if body = w.wrap(body); len(body) > 1<<20 {
				break
			}
		}
		items := envelope.Unwrap(body, envelope.DefaultLimits())
		if len(items) != 1 || items[0].Kind != envelope.Poison || len(items[0].Excerpt) > 64<<10 {
			t.Errorf("%s: %d items, first %s %s", w.name, len(items), items[0].Kind, items[0].Reason)
		}
	}
	deep := strings.Repeat("[", 200_000)
	if items := envelope.Unwrap([]byte(deep), envelope.DefaultLimits()); len(items) != 1 || items[0].Kind != envelope.Poison {
		t.Errorf("brackets: %+v", items)
	}
}

// Bombs cost no more than the limits allow.
func TestBombsAreRefused(t *testing.T) {
	zeros := squeeze(make([]byte, 100<<20))
	twice := squeeze(append([]byte("   "), zeros...))
	for name, body := range map[string][]byte{
		"gzip":           zeros,
		"gzip in base64": []byte(`{"awslogs":{"data":"` + coded(zeros) + `"}}`),
		"gzip in gzip":   twice,
		"many members":   bytes.Repeat(squeeze(make([]byte, 1<<20)), 200),
	} {
		items := envelope.Unwrap(body, envelope.DefaultLimits())
		if len(items) != 1 || items[0].Kind != envelope.Poison {
			t.Errorf("%s: %d items: %+v", name, len(items), items[0].Kind)
		}
	}
	small := envelope.Limits{Depth: 16, Output: 1000, Items: 3, Excerpt: 10}
	items := envelope.Unwrap([]byte(`[{},{},{},{},{}]`), small)
	if len(items) != 4 || !strings.Contains(items[3].Reason, "more than 3 items") || len(items[0].Excerpt) > 10 {
		t.Errorf("items: %+v", items)
	}
	items = envelope.Unwrap([]byte(`{"awslogs":{"data":"`+coded(make([]byte, 2000))+`"}}`), small)
	if len(items) != 1 || !strings.Contains(items[0].Reason, "decodes to more than 1000") {
		t.Errorf("base64: %+v", items)
	}
}

// Every unit of a batch has at least one item, and an item knows its unit.
func TestUnitsAreComplete(t *testing.T) {
	body := `{"Records":[{"messageId":"a","eventSource":"aws:sqs","body":""},{"messageId":"b","eventSource":"aws:sqs","body":"{}"},` +
		`{"messageId":"c","eventSource":"aws:sqs","body":"{\"Records\":[]}","attributes":{"ApproximateReceiveCount":"7","SentTimestamp":"1773480601000"}}]}`
	batch := envelope.Open([]byte(body), envelope.DefaultLimits())
	for i, id := range []string{"a", "b", "c"} {
		u := batch.Units[i]
		if u.Hop.ID != id || len(u.Items) != 1 || u.Items[0].Path[0].ID != id {
			t.Errorf("unit %d: %+v", i, u)
		}
	}
	if h := batch.Units[2].Hop; h.Receives != 7 || h.Time.Unix() != 1773480601 {
		t.Errorf("hop %+v", h)
	}
	if b := envelope.Open([]byte("nonsense"), envelope.DefaultLimits()); len(b.Units) != 1 || len(b.Units[0].Items) != 1 {
		t.Errorf("one unit for what is no batch: %+v", b)
	}
}

// Opening never panics, never gives nothing, and never more than it may.
func FuzzOpen(f *testing.F) {
	for _, v := range vectors(f) {
		f.Add(v.body())
		f.Add(wrappers[0].wrap(v.body()))
	}
	limits := envelope.Limits{Depth: 8, Output: 1 << 20, Items: 1000, Excerpt: 1000}
	f.Fuzz(func(t *testing.T, body []byte) {
		batch := envelope.Open(body, limits)
		n := 0
		for _, u := range batch.Units {
			n += len(u.Items)
			if len(u.Items) == 0 && n <= limits.Items {
				t.Fatalf("a unit without items: %+v", batch)
			}
			for _, it := range u.Items {
				switch {
				case len(it.Excerpt) > limits.Excerpt:
					t.Fatalf("an excerpt of %d bytes", len(it.Excerpt))
				case it.Kind == envelope.Record && !json.Valid(it.Record):
					t.Fatalf("a record that is no JSON: %q", it.Record)
				case it.Kind == envelope.Poison && it.Reason == "":
					t.Fatalf("poison without a reason: %+v", it)
				case (it.Kind == envelope.Created || it.Kind == envelope.Removed) && it.Object.Check() != nil:
					t.Fatalf("an object that cannot be: %+v", it.Object)
				}
			}
		}
		if n == 0 || n > limits.Items+1 {
			t.Fatalf("%d items of %d bytes", n, len(body))
		}
	})
}

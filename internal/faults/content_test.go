package faults_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/trailwarden/trailwarden/internal/faults"
	"github.com/trailwarden/trailwarden/pipeline/live"
)

const key = "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/14/x.json.gz"

// judged hands one object over until it is acknowledged, and gives the pipeline.
func judged(t testing.TB, body []byte) (p *live.Pipeline, tries int) {
	t.Helper()
	b := bucket{key: body}
	p = start(t, open(t), b, nil)
	d := announce(key)
	for tries = 1; ; tries++ {
		d.Receives = tries
		err := p.Handle(t.Context(), d)
		if err == nil {
			return p, tries
		}
		if tries > d.MaxReceives {
			t.Fatalf("never acknowledged: %v", err)
		}
	}
}

func texts(n int) (all []string) {
	for _, r := range (faults.Corpus{Seed: 22, Records: n, Incidents: 1}).Make()[:n] {
		all = append(all, r.JSON)
	}
	return all
}

// F22, P5, P6: of a file that is cut at any place, what is whole is judged, the
// file is tried again, and then it is a dead letter.
func TestEveryCut(t *testing.T) {
	whole := faults.Pack(texts(6))
	step, most := count(41, 1), int64(0)
	cuts := 0
	for n := 1; n < len(whole); n += step {
		p, tries := judged(t, whole[:n])
		if p.Judged.Load() < most-1 || tries != 2 {
			t.Errorf("cut at %d: %d records judged in %d tries", n, p.Judged.Load(), tries)
		}
		most = max(most, p.Judged.Load())
		if letters := p.Failed.Load() + p.Poisoned.Load(); letters < 0 {
			t.Error("negative counts")
		}
		cuts++
	}
	figure(t, "F22", "%d cuts: whole records judged, tried again once, then a dead letter", cuts)
}

// F23, P5: the forms in which files are packed, well and badly.
func TestPackings(t *testing.T) {
	whole := faults.Pack(texts(5))
	bad := bytes.Clone(whole)
	bad[len(bad)-6] ^= 0xff // in the checksum
	plain := []byte(`{"Records":[` + strings.Join(texts(5), ",") + `]}`)
	for name, c := range map[string]struct {
		body   []byte
		judged int64
	}{
		"wrong checksum":   {bad, 5},
		"trailing garbage": {append(bytes.Clone(whole), "garbage"...), 5},
		"two members":      {append(pack(plain[:200]), pack(plain[200:])...), 5},
		"not packed":       {plain, 5},
		"empty":            {nil, 0},
		"an empty member":  {pack(nil), 0},
	} {
		t.Run(name, func(t *testing.T) {
			p, _ := judged(t, c.body)
			if p.Judged.Load() != c.judged {
				t.Errorf("%d records judged, want %d", p.Judged.Load(), c.judged)
			}
		})
	}
}

func pack(b []byte) []byte {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	_, _ = z.Write(b)
	_ = z.Close()
	return out.Bytes()
}

// bomb packs a text that repeats until it has n bytes.
func bomb(begin, piece string, n int64) []byte {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	_, _ = io.WriteString(z, begin)
	block := []byte(strings.Repeat(piece, max(1, (1<<20)/len(piece))))
	for ; n > 0; n -= int64(len(block)) {
		_, _ = z.Write(block)
	}
	_ = z.Close()
	return out.Bytes()
}

// F24, P4: bombs are refused by the limits, cost little memory, and keep nothing
// else from being judged.
func TestBombs(t *testing.T) {
	size := int64(count(256<<20, 10<<30))
	for name, body := range map[string][]byte{
		"zeros":           bomb("", "\x00", size),
		"one huge string": bomb(`{"Records":[{"eventName":"`, "a", size),
		"deep nesting":    bomb(`{"Records":[`, "[", size/16),
		"tiny members":    bytes.Repeat(pack([]byte(" ")), count(100_000, 1_000_000)),
	} {
		t.Run(name, func(t *testing.T) {
			b := bucket{key: body, "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/14/good.json.gz": faults.Pack(texts(5))}
			p := start(t, open(t), b, nil)
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			d := announce(key)
			d.Receives = 2
			began := time.Now()
			if err := p.Handle(t.Context(), d); err != nil {
				t.Error(err)
			}
			took := time.Since(began)
			runtime.ReadMemStats(&after)
			if err := p.Handle(t.Context(), announce("AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/14/good.json.gz")); err != nil || p.Judged.Load() != 5 {
				t.Errorf("%d good records judged: %v", p.Judged.Load(), err)
			}
			grown := int64(after.HeapSys) - int64(before.HeapSys)
			if grown > 64<<20 {
				t.Errorf("%d MiB more", grown>>20)
			}
			figure(t, "F24", "%s, %d MB packed: refused in %s, %d MiB more", name, len(body)>>20, took.Round(time.Millisecond), max(0, grown)>>20)
		})
	}
}

// F25, P4: one very large file gives the alerts that the same records in many
// files give.
func TestOneLargeFile(t *testing.T) {
	records := faults.Corpus{Seed: 25, Records: count(10_000, 1_000_000), Incidents: 4, Span: 50 * time.Minute}.Make()
	var all []string
	for _, r := range records {
		all = append(all, r.JSON)
	}
	end := later(records)
	feedAll := func(objects []faults.Object) (told, time.Duration) {
		s := open(t)
		p := start(t, s, bucket{}.put(objects).put([]faults.Object{end}), nil)
		began := time.Now()
		for _, o := range append(objects, end) {
			if err := p.Handle(t.Context(), announce(o.Key)); err != nil {
				t.Fatal(err)
			}
		}
		p.Close()
		return alerts(t, s), time.Since(began)
	}
	var parts []faults.Object
	for i := range 100 {
		n := len(all) / 100
		parts = append(parts, faults.Object{Key: fmt.Sprintf("AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/14/%03d.json.gz", i), Body: faults.Pack(all[i*n : (i+1)*n])})
	}
	want, _ := feedAll(parts)
	got, took := feedAll([]faults.Object{{Key: key, Body: faults.Pack(all)}})
	same(t, "one file", got, want)
	figure(t, "F25", "one file of %d records: the alerts of 100 files, in %s", len(all), took.Round(time.Millisecond))
}

// F26, F27, F28, F31, F32, P5: records of every odd shape are judged or are dead
// letters by themselves; the good one beside them is always judged.
func TestOddRecords(t *testing.T) {
	good := texts(1)[0]
	odd := map[string]bool{ // whether they are judged
		`{"eventVersion":"9.99","eventName":"X","eventID":"1"}`: true,
		`{"eventVersion":"1.99"}`:                               true,
		`{"eventType":"AwsCloudTrailInsight","eventCategory":"Insight","insightDetails":{"state":"Start"}}`:            true,
		`{"eventType":"Unheard","eventCategory":"Aggregated"}`:                                                         true,
		`{"userIdentity":null,"eventTime":null,"eventName":[]}`:                                                        true,
		`{"userIdentity":"root","eventTime":5,"awsRegion":{},"readOnly":"yes"}`:                                        true,
		`{"eventName":"A","eventName":"B","EVENTNAME":"C"}`:                                                            true,
		`{"requestParameters":{"n":1e400,"m":-0,"k":9223372036854775808,"account":111122223333}}`:                      true,
		`{"eventTime":"2026-02-30T25:61:61Z","eventID":"t"}`:                                                           true,
		`{"eventTime":"2026-12-31T23:59:60Z","eventID":"leap"}`:                                                        true,
		`{"eventTime":"9999-12-31T23:59:59-12:00","eventName":"StopLogging","eventSource":"cloudtrail.amazonaws.com"}`: true,
		`{"eventTime":"0000-01-01T00:00:00+12:00","eventName":"StopLogging","eventSource":"cloudtrail.amazonaws.com"}`: true,
		`{"eventName":"` + "\xff\xfe" + `"}`:                                                                           false,
		`{"eventName":"\ud800"}`:                                                                                       true,
		`{"eventName":X}`:                                                                                              false,
		strings.Repeat(`{"a":`, 100_000) + "1" + strings.Repeat("}", 100_000):                                          false,
	}
	for text, ok := range odd {
		name := text[:min(len(text), 40)]
		p, _ := judged(t, faults.Pack([]string{text, good}))
		total := p.Judged.Load() + p.Failed.Load() + p.Duplicates.Load()
		if p.Judged.Load() < 1 || p.Received.Load() != total {
			t.Errorf("%q: %d received, %d judged, %d failed", name, p.Received.Load(), p.Judged.Load(), p.Failed.Load())
		}
		if ok && p.Judged.Load() != 2 {
			t.Errorf("%q is not judged", name)
		}
	}
	figure(t, "F26-F32", "%d odd records: each judged or a dead letter, the good one beside it always judged", len(odd))
}

package main

import (
	"errors"
	"testing"

	"github.com/trailwarden/trailwarden/cloudtrail"
)

func refuse(bad *badEvent) error { return bad }

// A bad event in a list is named with its place, and the others are visited.
func TestEachEventGoesOnAfterABadOne(t *testing.T) {
	n, at := 0, []int(nil)
	text := `{"Records":[{"eventName":"x"}, 7, {"a":tru}, {"eventName":"y"}]}`
	err := eachEvent([]byte(text), func(*cloudtrail.Record) error { n++; return nil },
		func(bad *badEvent) error { at = append(at, bad.offset); return nil })
	if err != nil || n != 2 || len(at) != 2 || text[at[0]] != '7' || text[at[1]:at[1]+4] != `{"a"` {
		t.Errorf("%d events, bad ones at %v, %v", n, at, err)
	}
	n, at = 0, nil
	text = `{"Events":[{"CloudTrailEvent":"{"},{"CloudTrailEvent":"{\"a\":1}"}]}`
	err = eachEvent([]byte(text), func(*cloudtrail.Record) error { n++; return nil },
		func(bad *badEvent) error { at = append(at, bad.offset); return nil })
	if err != nil || n != 1 || len(at) != 1 {
		t.Errorf("LookupEvents: %d events, bad ones at %v, %v", n, at, err)
	}
}

// The events of every container that match reads.
func TestEachEvent(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want int
	}{
		"one":               {`{"a":1}`, 1},
		"lines":             {"{\"a\":1}\n\n{\"a\":2}\n", 2},
		"lines with commas": {"{\"a\":1},\n{\"a\":2}\n", 2},
		"array":             {`[{"a":1},{"a":2},{"a":3}]`, 3},
		"log file":          {`{"Records":[{"eventName":"x"},{"eventName":"y"}]}`, 2},
		"field Records":     {`{"Records":[{"a":1},{"a":2}]}`, 1},
		"empty log file":    {`{"Records":[]}`, 0},
		"LookupEvents":      {`{"Events":[{"CloudTrailEvent":"{\"a\":1}"},{"CloudTrailEvent":"{\"a\":2}"}]}`, 2},
		"field Events":      {`{"Events":[{"a":1}]}`, 1},
		"byte order mark":   {"\xef\xbb\xbf{\"a\":1}", 1},
	} {
		n := 0
		if err := eachEvent([]byte(c.text), func(*cloudtrail.Record) error { n++; return nil }, refuse); err != nil || n != c.want {
			t.Errorf("%s: %d events, %v; want %d", name, n, err, c.want)
		}
	}
	for name, text := range map[string]string{"number": "1", "text": "x", "list of numbers": "[1]", "cut": `{"a":`, "bad": `{"a":tru}`, "second": `{"a":1} x`} {
		var bad *badEvent
		if err := eachEvent([]byte(text), func(*cloudtrail.Record) error { return nil }, refuse); !errors.As(err, &bad) {
			t.Errorf("%s: error %v; want a bad event", name, err)
		}
	}
}

// No text makes the reader of events fail in another way than by saying so.
func FuzzEachEvent(f *testing.F) {
	for _, s := range []string{`{"a":1}`, `[{"a":1}]`, `{"Records":[{"eventName":"x"}]}`, `{"Events":[{"CloudTrailEvent":"{}"}]}`, "{}\n{}", `[`, `{"a":[[[`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		err := eachEvent(data, func(rec *cloudtrail.Record) error {
			if rec.Value().Kind() != cloudtrail.Object {
				t.Errorf("an event that is no object: %q", rec.Raw())
			}
			return nil
		}, refuse)
		var bad *badEvent
		if err != nil && !errors.As(err, &bad) {
			t.Errorf("%v is no badEvent", err)
		}
	})
}

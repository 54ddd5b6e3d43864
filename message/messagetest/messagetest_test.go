package messagetest_test

import (
	"encoding/json"
	"testing"
	"unicode/utf8"

	"github.com/trailwarden/trailwarden/message/messagetest"
)

// Every fixture is a message that may be met: valid UTF-8, with a dedup key that
// no payload reaches, and raw records that are JSON.
func TestFixturesAreMessages(t *testing.T) {
	if n := len(messagetest.Payloads()); n < 200 {
		t.Errorf("%d payloads; the promise is 200", n)
	}
	for _, c := range messagetest.All() {
		text, err := json.Marshal(c.Message)
		if err != nil {
			t.Fatalf("%s: %v", c.Name, err)
		}
		if !utf8.Valid(text) || c.Message.Key != messagetest.Key {
			t.Errorf("%s: not valid UTF-8, or key %q", c.Name, c.Message.Key)
		}
		for _, e := range c.Message.Events {
			if !json.Valid(e.Raw) {
				t.Errorf("%s: a raw record is not JSON", c.Name)
			}
		}
	}
}

// The largest fixture is as large as the promise of the sinks speaks of.
func TestLargeReachesFiveMegabytes(t *testing.T) {
	var most int
	for _, c := range messagetest.Large() {
		text, err := json.Marshal(c.Message)
		if err != nil {
			t.Fatal(err)
		}
		most = max(most, len(text))
	}
	if most < 5<<20 {
		t.Errorf("the largest message has %d bytes", most)
	}
}

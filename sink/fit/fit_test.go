package fit_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/trailwarden/trailwarden/internal/seeds"
	"github.com/trailwarden/trailwarden/message"
	"github.com/trailwarden/trailwarden/message/messagetest"
	"github.com/trailwarden/trailwarden/sink/fit"
)

func init() { seeds.Rapid() }

// smallest is a webhook's smallest body without what is around a message, in bytes.
const smallest = 15 << 9

// Any message up to 5 MB is JSON within any limit of a target, with its key and
// links whole.
func TestJSONKeepsWithinLimits(t *testing.T) {
	for _, c := range messagetest.Distinct() {
		for _, limit := range []int{smallest, 28 << 10, 256 << 10, 1 << 20} {
			body, err := fit.JSON(c.Message, limit)
			if err != nil {
				t.Errorf("%s in %d: %v", c.Name, limit, err)
				continue
			}
			check(t, c.Name, c.Message, body, limit)
		}
	}
}

func check(t *testing.T, name string, m *message.Message, body []byte, limit int) {
	t.Helper()
	var back message.Message
	if err := json.Unmarshal(body, &back); err != nil || !utf8.Valid(body) || len(body) > limit {
		t.Errorf("%s: %d bytes of %d, %v", name, len(body), limit, err)
	}
	if back.Key != m.Key || len(back.Links) != len(m.Links) {
		t.Errorf("%s: key %q and %d links, want %q and %d", name, back.Key, len(back.Links), m.Key, len(m.Links))
	}
	for i, l := range back.Links {
		if l.URL != m.Links[i].URL {
			t.Errorf("%s: link %q became %q", name, m.Links[i].URL, l.URL)
		}
	}
	if shown := int64(len(back.Rows)) + back.More; shown != int64(len(m.Rows))+m.More {
		t.Errorf("%s: %d rows are accounted for, want %d", name, shown, int64(len(m.Rows))+m.More)
	}
}

// A storm of many rules says how many of them it does not name.
func TestLeftOutTotalsAreCounted(t *testing.T) {
	m := messagetest.Storm()
	for i := range 180 {
		m.Totals = append(m.Totals, message.Total{Rule: fmt.Sprint("rule-", i), Title: strings.Repeat("title ", 20), Alerts: 1, Findings: 1})
	}
	m.More = 7
	want := int64(len(m.Totals)) + m.More
	for _, limit := range []int{smallest, 28 << 10, 256 << 10} {
		body, err := fit.JSON(m, limit)
		var back message.Message
		if err != nil || json.Unmarshal(body, &back) != nil {
			t.Fatal(err)
		}
		if got := int64(len(back.Totals)) + back.More; got != want || len(back.Totals) == 0 {
			t.Errorf("in %d bytes: %d rules of %d are accounted for", limit, got, want)
		}
	}
}

// The rule's address is whole or left out, as part of one leads elsewhere.
func TestTheRulesAddressIsNeverCut(t *testing.T) {
	m := messagetest.Poisoned(messagetest.Repeated(), strings.Repeat("x", 10_000))
	for _, length := range []int{50, 70, 500, 20_000} {
		m.Rule.Link = "https://rules.example/" + strings.Repeat("a", length)
		for _, limit := range []int{smallest, 28 << 10, 256 << 10} {
			body, err := fit.JSON(m, limit)
			var back message.Message
			if err != nil || json.Unmarshal(body, &back) != nil {
				t.Fatal(err)
			}
			if got := back.Rule.Link; got != "" && got != m.Rule.Link {
				t.Errorf("%d characters in %d bytes became %q", length, limit, got)
			}
		}
	}
}

// A message that fits is not changed.
func TestSmallMessagesStayWhole(t *testing.T) {
	for _, c := range messagetest.Kinds() {
		want, err := json.Marshal(c.Message)
		if err != nil {
			t.Fatal(err)
		}
		got, err := fit.JSON(c.Message, 1<<20)
		if err != nil || string(got) != string(want) {
			t.Errorf("%s: %v\n got %s\nwant %s", c.Name, err, got, want)
		}
	}
}

// A report shows as many rows as fit, not a power of two of them.
func TestReportsShowAsManyRowsAsFit(t *testing.T) {
	m := messagetest.Report()
	row := m.Rows[0]
	for len(m.Rows) < 5000 {
		m.Rows = append(m.Rows, row)
	}
	body, err := fit.JSON(m, 100_000)
	if err != nil {
		t.Fatal(err)
	}
	if len(body) < 99_000 {
		t.Errorf("%d bytes of 100000 are used", len(body))
	}
}

// The input is never changed: several sinks render one message.
func TestInputStays(t *testing.T) {
	m := messagetest.Poisoned(messagetest.Repeated(), strings.Repeat("x", 10_000))
	before, _ := json.Marshal(m)
	if _, err := fit.JSON(m, 28<<10); err != nil {
		t.Fatal(err)
	}
	if after, _ := json.Marshal(m); string(before) != string(after) {
		t.Error("the message was changed")
	}
}

func TestRandomTextsFit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Repeat(rapid.String().Draw(t, "text"), rapid.IntRange(1, 200).Draw(t, "times"))
		m := messagetest.Poisoned(messagetest.Repeated(), text)
		limit := rapid.IntRange(smallest, 1<<20).Draw(t, "limit")
		body, err := fit.JSON(m, limit)
		if err != nil || len(body) > limit || !json.Valid(body) {
			t.Fatalf("%d bytes of %d: %v", len(body), limit, err)
		}
	})
}

// Drawn is the same JSON without anything hidden.
func TestDrawnIsTheSameJSON(t *testing.T) {
	for _, p := range messagetest.Payloads() {
		text, _ := json.Marshal(p)
		var a, b string
		if json.Unmarshal(text, &a) != nil || json.Unmarshal([]byte(fit.Drawn(string(text))), &b) != nil || a != b {
			t.Errorf("%q became %q", a, b)
		}
	}
}

// Secrets in records show nowhere in JSON.
func TestCanariesStayAway(t *testing.T) {
	for _, c := range messagetest.Canaries() {
		body, err := fit.JSON(c.Message, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range c.Secrets {
			if strings.Contains(string(body), s) {
				t.Errorf("%s: %q is shown", c.Name, s)
			}
		}
	}
}

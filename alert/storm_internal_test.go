package alert

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
)

// A log counts what came in the last minute, of a rule and of all: exactly, and
// with a high quota never too little.
func TestLogCounts(t *testing.T) {
	const seed = 11
	r := rand.New(rand.NewPCG(seed, 0))
	for _, quota := range []int{5, 30, 100, 101, 5_000} {
		var log, all []Made
		at := int64(1_773_000_000_000)
		for range 3_000 {
			at += int64(r.IntN(400))
			m := Made{At: at + int64(r.IntN(3)), Rule: string(rune('a' + r.IntN(3)))}
			log, all = logged(log, m, quota), append(all, m)
			for _, rule := range []string{"", "a", "b"} {
				got, want := within(log, at+2, rule, quota), 0
				for _, x := range all {
					if x.At > at+2-quotaWindow.Milliseconds() && x.At <= at+2 && (rule == "" || x.Rule == rule) {
						want++
					}
				}
				switch {
				case rule == "" && quota <= 100 && got != min(want, quota):
					t.Fatalf("seed %d, quota %d: counted %d of %d", seed, quota, got, want)
				case quota > 100 && (got < min(want, quota) && rule == "" || got > want+want/20+5):
					t.Fatalf("seed %d, quota %d, rule %q: counted %d of %d", seed, quota, rule, got, want)
				}
			}
		}
		if quota > 100 && len(log) > 3*102 {
			t.Errorf("a quota of %d keeps %d entries", quota, len(log))
		}
	}
}

// What an earlier version wrote of messages handed out is read.
func TestEarlierLogsAreRead(t *testing.T) {
	var s SinkState
	err := json.Unmarshal([]byte(`{"name":"s","made":[{"at":7,"rule":"r"}],"claimed":[5,6,6],"version":2}`), &s)
	if err != nil || len(s.Claimed) != 3 || s.Claimed[2].At != 6 || within(s.Claimed, 6, "", 30) != 3 || within(s.Made, 7, "r", 30) != 1 {
		t.Errorf("%+v, %v", s, err)
	}
}

// A storm of one alert is told in the singular.
func TestWhatAStormIsCalled(t *testing.T) {
	for want, totals := range map[string][]Total{
		"1 finding in 1 alert came faster":   {{Rule: "a", Alerts: 1, Findings: 1}},
		"5 findings in 2 alerts came faster": {{Rule: "a", Alerts: 1, Findings: 1}, {Rule: "b", Alerts: 1, Findings: 4}},
	} {
		if s := (&Surge{Totals: totals}); !strings.Contains(string(s.body()), want) {
			t.Errorf("want %q in %s", want, s.body())
		}
	}
}

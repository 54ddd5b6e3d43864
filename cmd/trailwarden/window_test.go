package main

import (
	"strings"
	"testing"
	"time"
)

// Every form of a time bound, read at a fixed now.
func TestInstant(t *testing.T) {
	now := time.Date(2026, 3, 14, 12, 30, 0, 0, time.UTC)
	for in, want := range map[string]string{
		"2026-03-14T09:26:53Z": "2026-03-14T09:26:53Z", "2026-03-14T09:26:53.5+02:00": "2026-03-14T07:26:53Z",
		"2026-03-14": "2026-03-14T00:00:00Z", "2026-03-14T09:26": "2026-03-14T09:26:00Z", "2026-03-14 09:26:53": "2026-03-14T09:26:53Z",
		"24h": "2026-03-13T12:30:00Z", "7d": "2026-03-07T12:30:00Z", "90m": "2026-03-14T11:00:00Z", "2w": "2026-02-28T12:30:00Z", "30s": "2026-03-14T12:29:30Z",
		"1h30m": "2026-03-14T11:00:00Z", "1.5h": "2026-03-14T11:00:00Z", "1d12h": "2026-03-13T00:30:00Z",
	} {
		got, err := instant("--from", in, now)
		if err != nil || got.UTC().Format(time.RFC3339) != want {
			t.Errorf("%s: %v, %v; want %s", in, got.UTC(), err, want)
		}
	}
	for _, in := range []string{"yesterday", "24", "-1h", "1y", "2026-02-30", "2026-03-14T25:00:00Z", "9999999h", "999999d", "99999w"} {
		if got, err := instant("--to", in, now); err == nil || !strings.Contains(err.Error(), "--to: ") {
			t.Errorf("%s: %v, %v; want an error that names the flag", in, got, err)
		}
	}
	if got, err := instant("--from", "", now); err != nil || !got.IsZero() {
		t.Errorf("no bound: %v, %v", got, err)
	}
}

// Flags that are lengths of time take what a configuration takes.
func TestLengthFlag(t *testing.T) {
	for text, want := range map[string]time.Duration{"2d": 48 * time.Hour, "1w": 168 * time.Hour, "1h30m": 90 * time.Minute, "1.5h": 90 * time.Minute, "0": 0} {
		var cli struct{ Wait time.Duration }
		p, err := grammar(&cli)
		if err != nil {
			t.Fatal(err)
		}
		if _, err = p.Parse([]string{"--wait", text}); err != nil || cli.Wait != want {
			t.Errorf("%s: %v, %v", text, cli.Wait, err)
		}
		for _, bad := range []string{"soon", "-1h", "99999999w"} {
			if _, err := p.Parse([]string{"--wait=" + bad}); err == nil || !strings.Contains(err.Error(), "is no length of time") {
				t.Errorf("%s: %v", bad, err)
			}
		}
	}
}

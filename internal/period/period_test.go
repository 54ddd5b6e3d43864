package period_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/trailwarden/trailwarden/internal/period"
)

func TestParse(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"0": 0, "0s": 0, "250ms": 250 * time.Millisecond, "90s": 90 * time.Second, "15m": 15 * time.Minute, "007m": 7 * time.Minute,
		"24h": 24 * time.Hour, "7d": 168 * time.Hour, "2w": 336 * time.Hour, "1h30m": 90 * time.Minute, "1w1d1h1m1s1ms": 193*time.Hour + 61*time.Second + time.Millisecond,
		"36500d": period.Longest,
	} {
		if got, err := period.Parse(text); err != nil || got != want {
			t.Errorf("%q: %v, %v, want %v", text, got, err, want)
		}
	}
	for text, want := range map[string]error{
		"": period.ErrForm, "5": period.ErrForm, "m": period.ErrForm, "1.5h": period.ErrForm, "-1h": period.ErrForm, " 1h": period.ErrForm, "1h ": period.ErrForm,
		"1y": period.ErrForm, "1D": period.ErrForm, "1hm": period.ErrForm, "1h5": period.ErrForm, "١h": period.ErrForm, "00": period.ErrForm,
		"36501d": period.ErrLong, "36500d1ms": period.ErrLong, strings.Repeat("9", 400) + "ms": period.ErrLong, strings.Repeat("36500d", 9) + "x": period.ErrForm,
	} {
		if got, err := period.Parse(text); !errors.Is(err, want) || got != 0 {
			t.Errorf("%.30q: %v, %v, want %v", text, got, err, want)
		}
	}
}

func TestParseGo(t *testing.T) {
	for text, want := range map[string]time.Duration{"0": 0, "2w": 336 * time.Hour, "1h30m": 90 * time.Minute, "1.5h": 90 * time.Minute, "+1h": time.Hour, "250us": 250 * time.Microsecond} {
		if got, err := period.ParseGo(text); err != nil || got != want {
			t.Errorf("%q: %v, %v, want %v", text, got, err, want)
		}
	}
	for text, want := range map[string]error{"": period.ErrForm, "5": period.ErrForm, "-1h": period.ErrForm, "1.5d": period.ErrForm, "36501d": period.ErrLong, "900000.5h": period.ErrLong} {
		if got, err := period.ParseGo(text); !errors.Is(err, want) || got != 0 {
			t.Errorf("%q: %v, %v, want %v", text, got, err, want)
		}
	}
}

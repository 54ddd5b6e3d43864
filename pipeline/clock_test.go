package pipeline

import (
	"testing"

	"github.com/trailwarden/trailwarden/cloudtrail"
)

// The short way to read a time says what the long one says, or nothing.
func TestClockReadsTimesAsRecordsDo(t *testing.T) {
	var c clock
	for text, short := range map[string]bool{
		"2026-03-14T09:00:00Z": true, "2026-03-14T23:59:59Z": true, "2024-02-29T12:34:56Z": true, "1969-12-31T23:59:58Z": true,
		"2023-02-29T12:34:56Z": false, "2026-13-01T00:00:00Z": false, "2026-00-10T00:00:00Z": false, "2026-03-14T24:00:00Z": false,
		"2026-03-14T09:60:00Z": false, "2026-03-14T09:00:60Z": false, "2026-03-14T0a:00:00Z": false, "2026-03-14T09:/0:00Z": false,
		"0001-01-02T00:00:00Z": true, "0000-01-01T00:00:00Z": false, "20260-3-14T09:00:00Z": false, "2026-03-14T09:00: 1Z": false,
	} {
		for range 2 { // of a new day, and of the same again
			ms, ok := c.instant([]byte(text))
			if ok != short {
				t.Fatalf("%s: %v", text, ok)
			}
			if at, valid := cloudtrail.ParseTime(text); ok && (!valid || at.UnixMilli() != ms) {
				t.Errorf("%s: %d, want %d, %v", text, ms, at.UnixMilli(), valid)
			}
		}
	}
}

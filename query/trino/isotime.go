package trino

import (
	"fmt"
	"strings"
	"time"
)

// isoLayouts are what from_iso8601_timestamp and from_iso8601_date take besides
// what the engine reads itself (Joda-Time, ISODateTimeFormat.dateTimeParser).
var isoLayouts = [...]string{
	"2006", "2006-01", "2006-01-02", "2006-002", "2006-002T15:04:05Z07:00", "2006-002T15:04:05", "2006-01-02T15", "2006-01-02T15Z07:00", "2006-01-02T15:04Z07:00",
	"2006-01-02T15:04", "2006-01-02T15:04:05", "2006-01-02T15:04:05Z07:00",
}

// isoTime writes a time in ISO 8601 as the engine reads it: one that stops early,
// that counts days of a year, or days of a week of a year.
func isoTime(text string) (any, error) {
	if date, clock, timed := strings.Cut(text, "T"); len(date) > 5 && date[5] == 'W' {
		at, ok := isoWeek(date)
		if !ok {
			return nil, fmt.Errorf("invalid format: %.60q is no time in ISO 8601", text)
		}
		text = at.Format(time.DateOnly)
		if timed && clock != "" {
			text += "T" + clock
		}
	}
	for _, layout := range isoLayouts {
		if at, err := time.Parse(layout, text); err == nil {
			return at.UTC().Format("2006-01-02 15:04:05.999999+00"), nil
		}
	}
	return nil, fmt.Errorf("invalid format: %.60q is no time in ISO 8601", text)
}

// isoWeek reads 2026-W11 and 2026-W11-3.
func isoWeek(text string) (at time.Time, ok bool) {
	year, week, day := 0, 0, 1
	n, _ := fmt.Sscanf(text, "%4d-W%2d-%1d", &year, &week, &day)
	if n < 2 || week < 1 || week > 53 || day < 1 || day > 7 || len(text) != len("2026-W11") && (n < 3 || len(text) != len("2026-W11-3")) {
		return at, false
	}
	at = time.Date(year, 1, 4, 0, 0, 0, 0, time.UTC) // which is in the first week
	at = at.AddDate(0, 0, 7*(week-1)+day-1-(int(at.Weekday())+6)%7)
	gotYear, gotWeek := at.ISOWeek()
	return at, gotYear == year && gotWeek == week
}

package cloudtrail

import "time"

// timeForms are the forms that eventTime has: RFC 3339 in records, with or
// without a fraction of a second, and the SQL form in exports, which is UTC.
var timeForms = [...]string{time.RFC3339Nano, "2006-01-02 15:04:05.999999999", "2006-01-02 15:04:05.999999999 UTC"}

// Time is when the request completed, in UTC, to the second as a rule:
// eventTime, or the end of the window of an aggregated record. ok is false when
// the record has no time that can be read.
func (r *Record) Time() (t time.Time, ok bool) {
	v := r.Field(EventTime)
	if v.Kind() != String {
		v = r.Lookup("timeWindow", "windowEnd")
	}
	return ParseTime(v.Str())
}

// ParseTime reads a time as CloudTrail and its exports write it, in UTC. A leap
// second is the second after :59, as in Unix time. What lies outside of the years 1
// to 9999 in UTC is no time: nothing could write it down again.
func ParseTime(s string) (t time.Time, ok bool) {
	const leap = "2006-01-02T15:04:"
	if len(s) > len(leap)+2 && s[len(leap):len(leap)+2] == "60" {
		t, ok = ParseTime(s[:len(leap)] + "59" + s[len(leap)+2:])
		if !ok {
			return t, false
		}
		return written(t.Add(time.Second))
	}
	for _, form := range timeForms {
		if t, err := time.Parse(form, s); err == nil {
			return written(t.UTC())
		}
	}
	return time.Time{}, false
}

// written is a time that can be written as RFC 3339 has it, and is not the one that
// stands for none.
func written(t time.Time) (time.Time, bool) {
	if !t.After(time.Time{}) || t.Year() > 9999 {
		return time.Time{}, false
	}
	return t, true
}

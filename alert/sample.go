package alert

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"

	"github.com/trailwarden/trailwarden/cloudtrail"
)

// MaxSampleRecord is the most bytes of a record that an alert keeps whole;
// CloudTrail bounds one at 256 KB, or 1 MB in an event data store. Of a larger
// one it keeps the fields up to MaxSampleField bytes, and says of the others how
// large they were.
const (
	MaxSampleRecord = 1 << 20
	MaxSampleField  = 16 << 10
)

// sampleRecord is the record as an alert keeps it: always valid JSON. What is
// sound is known to be that.
func sampleRecord(raw json.RawMessage, sound bool) json.RawMessage {
	if len(raw) <= MaxSampleRecord {
		if sound || json.Valid(raw) {
			return bytes.Clone(raw)
		}
		return omitted(len(raw), "the record is not valid JSON")
	}
	rec, err := cloudtrail.ParseRecord(raw)
	if err != nil {
		return omitted(len(raw), "the record is too large or not valid JSON")
	}
	return reduced(rec)
}

func omitted(size int, reason string) json.RawMessage {
	return fmt.Appendf(nil, `{"omitted":true,"originalSize":%d,"reason":%q}`, size, reason)
}

// reduced is a record without its large fields.
func reduced(rec *cloudtrail.Record) json.RawMessage {
	out := []byte{'{'}
	rec.Value().Members(func(key []byte, v cloudtrail.Value) bool {
		if len(out)+len(key)+MaxSampleField > MaxSampleRecord {
			return false
		}
		if len(key) > MaxValue {
			return true
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(append(append(out, '"'), key...), '"', ':')
		if len(v.Raw()) > MaxSampleField {
			out = append(out, omitted(len(v.Raw()), "larger than an alert keeps")...)
			return true
		}
		out = append(out, v.Raw()...)
		return true
	})
	return append(out, '}')
}

// betterCopy tells which of two copies of one record is shown, so that it does
// not depend on which came first: one whose place in its file is known, then by
// file, version, place and bytes.
func betterCopy(x Evidence, xr json.RawMessage, y Evidence, yr json.RawMessage) bool {
	return cmp.Or(
		cmp.Compare(unplaced(x), unplaced(y)),
		cmp.Compare(x.File, y.File),
		cmp.Compare(x.Version, y.Version),
		cmp.Compare(x.Record, y.Record),
		bytes.Compare(xr, yr),
	) < 0
}

func unplaced(e Evidence) int {
	if e.Record < 0 {
		return 1
	}
	return 0
}

// refine shows f in place of another copy that the alert has a sample of, if it
// is the better one.
func (a *Alert) refine(f *Fact) (changed bool) {
	for i := range a.Samples {
		s := &a.Samples[i]
		if s.Identity != f.Identity {
			continue
		}
		if record := sampleRecord(f.Record, f.sound); betterCopy(f.Evidence, record, s.Evidence, s.Record) {
			s.Evidence, s.Record, s.Detection, s.Row = f.Evidence, record, f.Detection, f.Row
			changed = true
			if i == 0 {
				a.Mode = f.Mode
			}
		}
	}
	return changed
}

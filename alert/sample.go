package alert

import (
	"bytes"
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

// sampleRecord is the record as an alert keeps it: always valid JSON.
func sampleRecord(raw json.RawMessage) json.RawMessage {
	if len(raw) <= MaxSampleRecord {
		if json.Valid(raw) {
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

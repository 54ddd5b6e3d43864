// Package cloudtrail opens AWS CloudTrail log files into records.
//
// A Record is a view over its own bytes: fields are found when asked for, with
// their exact-case names, and nothing is decoded or written anew. The facts
// about files, keys, fields and regions follow the CloudTrail User Guide
// (record contents, userIdentity element, finding log files).
package cloudtrail

import (
	"errors"

	"github.com/trailwarden/trailwarden/internal/jsonscan"
)

// ErrNotObject is returned for record bytes that are no JSON object.
var ErrNotObject = errors.New("not a JSON object")

// Record is one CloudTrail event, or any other JSON object that rules judge.
type Record struct {
	raw []byte
}

// ParseRecord views raw, one JSON object. It checks that the bytes are valid
// JSON; the record keeps them.
func ParseRecord(raw []byte) (*Record, error) {
	r := new(Record)
	i := jsonscan.SkipSpace(raw, 0)
	if i >= len(raw) || raw[i] != '{' {
		return nil, ErrNotObject
	}
	e := jsonscan.SkipValue(raw, i)
	if e < 0 {
		return nil, ErrNotObject
	}
	r.raw = raw[i:e]
	return r, nil
}

// Raw is the record's exact bytes.
func (r *Record) Raw() []byte { return r.raw }

// Value is the record as a value.
func (r *Record) Value() Value { return Value{r.raw} }

// Get is the record's own field with exactly this name; the last of duplicate
// keys wins.
func (r *Record) Get(name string) Value { return r.Value().Get(name) }

// Lookup follows object keys from the record, each exact-case.
func (r *Record) Lookup(keys ...string) Value { return r.Value().Lookup(keys...) }

// IsCloudTrail tells whether the object has a CloudTrail record's shape:
// eventVersion with an eventSource ending in .amazonaws.com or .amazonaws.eu,
// or an eventCategory.
func (r *Record) IsCloudTrail() bool {
	return r.Get("eventVersion").Exists() && (r.Get("eventSource").Exists() || r.Get("eventCategory").Exists())
}

package detect

import (
	"slices"

	"github.com/trailwarden/trailwarden/cloudtrail"
)

// level says which fields of a record decide a test. Records have few different
// values in those of the levels that have a name, so what they decide is worked
// out once and remembered.
type level uint8

const (
	levelRest level = iota // any other field
	levelPair              // eventSource and eventName
	levelFew               // fields with few different values
	levelWho               // members of userIdentity with few different values
)

// fewValued are the fields of levelFew.
var fewValued = [...]cloudtrail.FieldID{
	cloudtrail.AWSRegion, cloudtrail.ErrorCode, cloudtrail.ReadOnly, cloudtrail.EventType,
	cloudtrail.ManagementEvent, cloudtrail.EventCategory, cloudtrail.EventVersion,
}

// whoValued are the paths of levelWho: what kind of caller it was. They tell a
// service from a person and a role from a user, which many rules ask of every
// record, while who it was in particular has too many values.
var whoValued = [...][]string{
	{"userIdentity", "type"},
	{"userIdentity", "invokedBy"},
	{"userIdentity", "sessionContext", "sessionIssuer", "type"},
	{"userIdentity", "sessionContext", "attributes", "mfaAuthenticated"},
}

// pathLevel is the level of a path of several keys.
func pathLevel(steps []Step) level {
	for _, keys := range whoValued {
		if slices.EqualFunc(steps, keys, func(st Step, key string) bool { return st.Key == key }) {
			return levelWho
		}
	}
	return levelRest
}

func levelOf(f cloudtrail.FieldID) level {
	if f == cloudtrail.EventSource || f == cloudtrail.EventName {
		return levelPair
	}
	for _, x := range fewValued {
		if f == x {
			return levelFew
		}
	}
	return levelRest
}

// envelopeLevel is the level of an envelope field and the field it is made from.
func envelopeLevel(name string) (level, cloudtrail.FieldID) {
	switch name {
	case "source", "version", "resources":
		return levelPair, cloudtrail.EventSource
	case "region":
		return levelFew, cloudtrail.AWSRegion
	case "detail-type":
		return levelFew, cloudtrail.EventType
	}
	return levelRest, cloudtrail.NoField
}

// both is the level of a test that reads fields of two levels.
func both(a, b level) level {
	if a == b {
		return a
	}
	return levelRest
}

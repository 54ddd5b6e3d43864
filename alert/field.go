package alert

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/trailwarden/trailwarden/cloudtrail"
)

// MaxValue is the most bytes that a group's or tally's value has: a longer one
// is cut and ends with a piece of its hash, so that two of them still differ.
const MaxValue = 512

// maxElements bounds the elements of an array that make one value.
const maxElements = 32

// fieldText is the text that a finding has for a field: account, region, actor,
// who, or a path of exact names with dots between them. An array on the way
// stands for its elements, sorted, each once, with commas between them.
func fieldText(f *Finding, rec *cloudtrail.Record, name string) string {
	for _, l := range f.Row {
		if l.Name == name {
			return bounded(l.Value)
		}
	}
	switch name {
	case "account":
		return bounded(rec.Account())
	case "region":
		return bounded(rec.Field(cloudtrail.AWSRegion).Str())
	case "actor":
		return bounded(StableActor(rec))
	case "who":
		return bounded(rec.Actor())
	}
	top, below, deep := strings.Cut(name, ".")
	v := rec.Get(top) // which knows where the record's fields are
	if !deep {
		return textOf(v, nil)
	}
	return textOf(v, strings.Split(below, "."))
}

func textOf(v cloudtrail.Value, path []string) string {
	if len(path) == 0 && v.Kind() == cloudtrail.String {
		return bounded(v.Str()) // as nearly always
	}
	texts := pathTexts(nil, v, path)
	slices.Sort(texts)
	return bounded(strings.Join(slices.Compact(texts), ","))
}

func pathTexts(texts []string, v cloudtrail.Value, path []string) []string {
	switch {
	case len(texts) >= maxElements:
		return texts
	case v.Kind() == cloudtrail.Array:
		v.Elements(func(_ int, e cloudtrail.Value) bool {
			texts = pathTexts(texts, e, path)
			return len(texts) < maxElements
		})
		return texts
	case len(path) > 0:
		return pathTexts(texts, v.Get(path[0]), path[1:])
	case v.Kind() == cloudtrail.Missing || v.Kind() == cloudtrail.Null:
		return texts
	}
	return append(texts, string(v.Text(nil)))
}

// bounded cuts s to MaxValue bytes of valid UTF-8.
func bounded(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) <= MaxValue {
		return s
	}
	sum := sha256.Sum256([]byte(s))
	mark := "…#" + hex.EncodeToString(sum[:8])
	cut := MaxValue - len(mark)
	for !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + mark
}

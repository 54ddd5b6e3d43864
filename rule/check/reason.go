package check

import (
	"strings"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/detect"
)

// reason names the first test that made n what it is on the record.
func reason(n detect.Node, rec *cloudtrail.Record, truth bool) string {
	switch n := n.(type) {
	case detect.All:
		return ofAll(n, rec, truth)
	case detect.Any:
		return ofAny(n, rec, truth)
	case detect.Not:
		return "not (" + reason(n.X, rec, !truth) + ")"
	case detect.Test:
		return n.Src + verdict(truth) + found(n.Path, rec)
	case detect.Compare:
		return n.Src + verdict(truth)
	case detect.Consistent:
		var all []string
		for _, t := range n.Terms {
			all = append(all, t.Src)
		}
		return strings.Join(all, " and ") + verdict(truth)
	}
	return "the rule holds for " + map[bool]string{true: "every", false: "no"}[truth] + " event"
}

func verdict(truth bool) string {
	if truth {
		return " holds"
	}
	return " does not hold"
}

// ofAll explains a conjunction: all parts when it holds, the first that fails
// when it does not.
func ofAll(n detect.All, rec *cloudtrail.Record, truth bool) string {
	if truth {
		return joined(n, rec, true)
	}
	for _, x := range n {
		if holds, err := detect.Naive(x, rec.Raw()); err == nil && !holds {
			return reason(x, rec, false)
		}
	}
	return "nothing in particular"
}

func ofAny(n detect.Any, rec *cloudtrail.Record, truth bool) string {
	if !truth {
		return joined(n, rec, false)
	}
	for _, x := range n {
		if holds, err := detect.Naive(x, rec.Raw()); err == nil && holds {
			return reason(x, rec, true)
		}
	}
	return "nothing in particular"
}

// joined is the reasons of at most four parts.
func joined(parts []detect.Node, rec *cloudtrail.Record, truth bool) string {
	var all []string
	for i, x := range parts {
		if i == 4 {
			all = append(all, "…")
			break
		}
		all = append(all, reason(x, rec, truth))
	}
	return strings.Join(all, "; ")
}

// found says what the record has at a path of plain keys.
func found(p detect.Path, rec *cloudtrail.Record) string {
	if p.Root != detect.RootRecord {
		return ""
	}
	v := rec.Value()
	for _, s := range p.Steps {
		if s.Kind != detect.StepKey || v.Kind() == cloudtrail.Array {
			return ""
		}
		v = v.Get(s.Key)
	}
	if !v.Exists() {
		return " (the field is missing)"
	}
	text := string(v.Raw())
	if len(text) > 200 {
		text = strings.ToValidUTF8(text[:200], "") + "…"
	}
	return " (the event has " + text + ")"
}

package alert

import (
	"slices"
	"strings"

	"github.com/trailwarden/trailwarden/internal/wild"
	"github.com/trailwarden/trailwarden/severity"
)

// Whether of several values that an alert's findings have, one must fit or all.
const (
	someValue  = false // routes: whoever is concerned hears of it
	everyValue = true  // silences: what hides an alert must cover all of it
)

// matches tells whether all names in match hold for a.
func matches(a *Alert, match []Label, every bool) bool {
	for _, m := range match {
		if !nameHolds(a, m.Name, match, every) {
			return false
		}
	}
	return true
}

// nameHolds tells whether any of match's values for name fits the alert's.
func nameHolds(a *Alert, name string, match []Label, every bool) bool {
	fits := func(value string) bool {
		for _, m := range match {
			if m.Name == name && fitsValue(name, m.Value, value) {
				return true
			}
		}
		return false
	}
	values, complete := valuesOf(a, name)
	if every && name != "tag" {
		return complete && len(values) > 0 && !slices.ContainsFunc(values, func(v string) bool { return !fits(v) })
	}
	return slices.ContainsFunc(values, fits)
}

func fitsValue(name, pattern, value string) bool {
	if name == "severity" && strings.HasPrefix(pattern, ">=") {
		least, err := severity.Parse(strings.TrimSpace(pattern[2:]))
		level, err2 := severity.Parse(value)
		return err == nil && err2 == nil && level >= least
	}
	return wild.Match(pattern, value)
}

// valuesOf are the values that an alert has for a name; complete is false when
// it had more than it kept.
func valuesOf(a *Alert, name string) (values []string, complete bool) {
	switch name {
	case "rule":
		return []string{a.Rule.ID}, true
	case "severity":
		return []string{a.Rule.Severity.String()}, true
	case "tag":
		return a.Rule.Tags, true
	case "language":
		return []string{a.Rule.Language}, true
	case "mode":
		return []string{a.Mode}, true
	}
	for _, l := range a.Group {
		if l.Name == name {
			return []string{l.Value}, true
		}
	}
	return talliedValues(a, name)
}

// Names are the names that alerts of every rule have values for; others are those
// of what an alert is grouped by.
func Names() []string {
	t := tallied()
	return append([]string{"rule", "severity", "tag", "language", "mode", "region"}, t[:]...)
}

func talliedValues(a *Alert, name string) (values []string, complete bool) {
	if name == "region" {
		name = "awsRegion"
	}
	for _, t := range a.Tallies {
		if t.Field != name {
			continue
		}
		var counted int64
		for _, v := range t.Values {
			values = append(values, v.Text)
			counted += v.Count
		}
		return values, t.Others == 0 && counted == a.Count
	}
	return nil, false
}

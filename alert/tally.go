package alert

import (
	"bytes"
	"slices"
	"strings"

	"github.com/trailwarden/trailwarden/cloudtrail"
)

// tallied are the fields that alerts count values of.
func tallied() [9]string {
	return [9]string{
		"actor", "who", "account", "awsRegion", "eventSource", "eventName",
		"sourceIPAddress", "userAgent", "errorCode",
	}
}

// texts are the values of the tallied fields of one record, in their order.
type texts [9]string

func textsOf(f *Finding, rec *cloudtrail.Record) (t texts) {
	for i, name := range tallied() {
		t[i] = fieldText(f, rec, name)
	}
	return t
}

// of is the text of a field that most alerts are grouped by, empty when it is not
// there or not known.
func (t *texts) of(name string) string {
	switch name {
	case "actor":
		return t[0]
	case "account":
		return t[2]
	}
	return ""
}

// count adds one finding's values to the alert's tallies.
func (a *Alert) count(t texts) {
	for i, name := range tallied() {
		if t[i] != "" {
			a.tally(name).add(a.ID, t[i], 1)
		}
	}
}

func (a *Alert) tally(field string) *Tally {
	for i := range a.Tallies {
		if a.Tallies[i].Field == field {
			return &a.Tallies[i]
		}
	}
	a.Tallies = append(a.Tallies, Tally{Field: field})
	return &a.Tallies[len(a.Tallies)-1]
}

// add counts text n more times. The values kept are those that come first by a
// hash that the alert's ID goes into: one that is kept in the end was kept from
// its first finding on, so its count is exact whatever the order was.
func (t *Tally) add(alertID, text string, n int64) {
	for i := range t.Values {
		if t.Values[i].Text == text {
			t.Values[i].Count += n
			return
		}
	}
	t.Values = append(t.Values, TalliedText{text, n})
	if len(t.Values) <= MaxTally {
		return
	}
	last := 0
	for i := range t.Values {
		if compareRank(alertID, t.Values[i].Text, t.Values[last].Text) > 0 {
			last = i
		}
	}
	t.Others += t.Values[last].Count
	t.Values = slices.Delete(t.Values, last, last+1)
}

func compareRank(alertID, a, b string) int {
	x, y := digestBytes(alertID, a), digestBytes(alertID, b)
	return bytes.Compare(x[:], y[:])
}

// order puts tallies and their values into the order that readers see.
func (a *Alert) order() {
	rank := tallied()
	slices.SortFunc(a.Tallies, func(x, y Tally) int {
		return slices.Index(rank[:], x.Field) - slices.Index(rank[:], y.Field)
	})
	for i := range a.Tallies {
		slices.SortFunc(a.Tallies[i].Values, compareTallied)
	}
}

func compareTallied(x, y TalliedText) int {
	switch {
	case x.Count > y.Count:
		return -1
	case x.Count < y.Count:
		return 1
	}
	return strings.Compare(x.Text, y.Text)
}

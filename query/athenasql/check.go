package athenasql

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/trailwarden/trailwarden/rule/diagnostic"
)

// Codes of what Check warns of.
const (
	codeNoDay      = "AQ120" // no bound on the day partition
	codeNoPlace    = "AQ121" // no bound on account or region
	codeMidnight   = "AQ122" // one day's partition only
	codeLate       = "AQ123" // a short window that late files fall out of
	codeSubstring  = "AQ124" // deletions by substring
	codeRootEvents = "AQ125" // Root without leaving out what services do
	codeNoTime     = "AQ126" // a bound on time but none on the partition
)

// FunctionNames are the functions that can be called, sorted.
func FunctionNames() []string {
	var names []string
	for name, f := range functions() {
		if f.refused == "" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// Report is what Check found.
type Report struct {
	// List has what deserves a look; without an error the query runs.
	List diagnostic.List
	// Days is how many days of partitions are read; 0 means all there are.
	Days int
	// Account and Region tell whether their partitions are bounded.
	Account, Region bool
	trails          int
}

// Check reads a query and says what deserves a look before it runs on Athena:
// what would mean something else there, and what it costs. The error is that of
// Translate.
func Check(text string, o Options) (*Report, error) {
	t, err := Translate(text, o)
	if err != nil {
		return nil, err
	}
	r := &Report{List: slices.Clone(t.Notes), trails: t.Trails}
	if t.Trails == 0 {
		return r, nil
	}
	f := t.bounds
	days := partitions(f, "timestamp")
	r.Days, r.Account, r.Region = days.days(), len(partitions(f, "account").tests) > 0, len(partitions(f, "region").tests) > 0
	add := func(code, message, why, fix string) {
		r.List = append(r.List, diagnostic.Diagnostic{Code: code, Severity: diagnostic.Warning, Message: message, Why: why, Fix: fix})
	}
	timed := hasTime(f)
	switch {
	case len(days.tests) == 0 && timed:
		add(codeNoTime, "the time is bounded, the day partition is not: Athena reads every file there is",
			"eventtime is inside the files; only the partition column \"timestamp\" keeps files from being read",
			`AND "timestamp" >= '`+o.Now.UTC().AddDate(0, 0, -1).Format("2006/01/02")+`'`)
	case len(days.tests) == 0:
		add(codeNoDay, "no bound on the day partition: Athena reads every file there is", "each query is paid for by the bytes it reads",
			`AND "timestamp" BETWEEN '2026/03/13' AND '2026/03/15'`)
	case r.Days == 1:
		add(codeMidnight, "only one day's partition is read: events shortly before midnight lie in the next day's",
			"the partition is the day of delivery in UTC, and files come some minutes after the events", `AND "timestamp" >= the day AND "timestamp" <= the day after`)
	}
	if !r.Account || !r.Region {
		add(codeNoPlace, "no bound on "+strings.Join(missing(r), " and "), "every account's and region's folders are listed and read", "AND account = '…' AND region IN ('…')")
	}
	if short(f, o.Now) {
		add(codeLate, "a window of hours up to now loses late events", "CloudTrail delivers 15 minutes and more after the event; a query that runs every hour over one hour never sees those",
			"ask for twice the window and keep each eventid once")
	}
	r.traps(text, f, add)
	return r, nil
}

func missing(r *Report) []string {
	var m []string
	if !r.Account {
		m = append(m, "account")
	}
	if !r.Region {
		m = append(m, "region")
	}
	return m
}

// traps are mistakes that published queries often make.
func (r *Report) traps(text string, f *Filter, add func(code, message, why, fix string)) {
	low := strings.ToLower(text)
	if strings.Contains(low, "'%delete%'") && !strings.Contains(low, "errorcode") {
		add(codeSubstring, "'%delete%' also finds failed and read-only calls, and misses Terminate, Deregister, Revoke and ScheduleKeyDeletion",
			"a report of deletions should hold what was deleted", "see trailwarden query examples deletions")
	}
	if root := tests(f, "useridentity.type"); len(root) == 1 && slices.Equal(root[0].Values, []string{"Root"}) &&
		!strings.Contains(low, "invokedby") && !strings.Contains(low, "eventtype") && !strings.Contains(low, "consolelogin") {
		add(codeRootEvents, "useridentity.type = 'Root' also finds what AWS services did for the account", "they carry the root identity, too",
			"AND useridentity.invokedby IS NULL AND eventtype <> 'AwsServiceEvent'")
	}
}

// tests are the tests of a leaf that every row has to pass.
func tests(f *Filter, leaf string) (all []*Filter) {
	switch {
	case f == nil:
	case f.All != nil:
		for _, g := range f.All {
			all = append(all, tests(g, leaf)...)
		}
	case f.Leaf == leaf:
		all = append(all, f)
	}
	return all
}

// bounded are the bounds of a partition column.
type bounded struct{ tests []*Filter }

func partitions(f *Filter, leaf string) bounded { return bounded{tests(f, leaf)} }

// days is how many days the bounds leave, as far as that can be told.
func (b bounded) days() int {
	var from, to time.Time
	for _, f := range b.tests {
		first, err := time.Parse("2006/01/02", f.Values[0])
		switch {
		case err != nil:
			return 0
		case f.Test == In:
			return len(f.Values)
		case f.Test == AtLeast:
			from = first
		case f.Test == AtMost:
			to = first
		}
	}
	if from.IsZero() || to.IsZero() || to.Before(from) {
		return 0
	}
	return int(to.Sub(from).Hours()/24) + 1
}

func hasTime(f *Filter) bool {
	switch {
	case f == nil:
		return false
	case f.All != nil:
		return slices.ContainsFunc(f.All, hasTime)
	}
	return f.Test == Since || f.Test == Until || f.Leaf == "eventtime"
}

// short tells whether the window is some hours up to now.
func short(f *Filter, now time.Time) bool {
	switch {
	case f == nil:
		return false
	case f.All != nil:
		return slices.ContainsFunc(f.All, func(g *Filter) bool { return short(g, now) })
	}
	return f.Test == Since && now.Sub(f.Time) <= 6*time.Hour && now.After(f.Time)
}

// regionsNow is how many regions have folders in a bucket of all regions.
const regionsNow = 34

// Describe says in a sentence what the query reads on Athena, when so many
// accounts deliver and so many days of logs are there.
func (r *Report) Describe(accounts, days int) string {
	if r.trails == 0 {
		return "It reads no logs."
	}
	if r.Days > 0 {
		days = min(days, r.Days)
	}
	regions := regionsNow
	if r.Account {
		accounts = 1
	}
	if r.Region {
		regions = 1
	}
	n := accounts * regions * days
	note := ""
	if n > 1_000_000 {
		note = " Athena refuses more than 1,000,000."
	}
	return fmt.Sprintf("On Athena it reads up to %s (%s, %s, %s)%s.%s", counted(n, "partition"), counted(days, "day"), counted(regions, "region"), counted(accounts, "account"),
		map[bool]string{true: fmt.Sprintf(", %d times", r.trails)}[r.trails > 1], note)
}

// counted is how many there are of something.
func counted(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}

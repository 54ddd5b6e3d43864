package query_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/detect"
	"github.com/trailwarden/trailwarden/internal/publicdata"
	"github.com/trailwarden/trailwarden/query"
	"github.com/trailwarden/trailwarden/rule/sigma"
)

// wider are published queries that ask for more than the rule that they are
// named after, and the events that make the difference: the query looks for the
// word userData anywhere in the parameters, the rule for attribute = userData,
// which the call has when it asks and not when it sets the script itself.
var wider = map[string]func(e event) bool{
	"aws_ec2_startup_script_change": func(e event) bool {
		return e.is("eventName", "ModifyInstanceAttribute") && e.null("requestParameters.attribute") && e.has("requestParameters", "userData")
	},
}

// Queries that were published for Sigma's rules find the events of those rules.
func TestQueriesNamedAfterSigmaRulesFindTheirEvents(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join(publicdata.Path(t, "athena"), "*.sql"))
	if err != nil {
		t.Fatal(err)
	}
	l := local(t, publicdata.Path(t, "cloudtrail"))
	records := publicdata.Records(t, "cloudtrail")
	events := realEvents(t)
	named := regexp.MustCompile(`(?m)^-- note: sigma:(\S+)`)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		m := named.FindSubmatch(text)
		if m == nil {
			continue
		}
		name := string(m[1])
		doc, err := os.ReadFile(filepath.Join(publicdata.Path(t, "sigma"), name+".yml"))
		if err != nil {
			continue // the rule was withdrawn since
		}
		want := sigmaEvents(t, doc, records)
		if more := wider[name]; more != nil {
			for _, e := range events {
				if more(e) {
					want = append(want, e.cell("eventID"))
				}
			}
		}
		slices.Sort(want)
		if got := eventIDs(t, l, string(text)); !slices.Equal(got, slices.Compact(want)) {
			t.Errorf("%s: %d events; the rule has %d: %v", filepath.Base(file), len(got), len(want), minus(got, want))
		}
	}
}

// sigmaEvents are the ids of the events that a rule matches.
func sigmaEvents(t *testing.T, doc []byte, records []publicdata.Record) (ids []string) {
	rules, problems := sigma.ParseDocuments(doc, sigma.Options{})
	if len(rules) != 1 {
		t.Fatalf("%v", problems)
	}
	m := detect.Compile([]detect.Node{rules[0].Predicate()}).NewMatcher()
	for _, r := range records {
		rec, err := cloudtrail.ParseRecord(r.Raw)
		if err != nil {
			t.Fatal(err)
		}
		m.Match(rec, func(int) { ids = append(ids, rec.Field(cloudtrail.EventID).Str()) })
	}
	return ids
}

// eventIDs are the sorted ids of the events that a query gives.
func eventIDs(t *testing.T, l query.Engine, sql string) (ids []string) {
	columns, rows, err := run(l, sql)
	if err != nil {
		t.Fatalf("%v\n%s", err, sql)
	}
	at := slices.Index(columns, "eventid")
	for _, r := range rows {
		ids = append(ids, r[at])
	}
	slices.Sort(ids)
	return ids
}

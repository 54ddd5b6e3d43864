// Package ddl makes the Athena table over the log files of a bucket and keeps it
// up to date: every column that CloudTrail records have, partitions that are
// projected rather than registered, all regions there are, and the accounts that
// deliver (Athena User Guide: create the table for CloudTrail logs with partition
// projection; supported types for partition projection).
package ddl

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/internal/re2"
	"github.com/trailwarden/trailwarden/query/schema"
)

// Table says what lies where.
type Table struct {
	Database, Name string // empty means default and cloudtrail_logs
	Bucket         string
	// Prefix is what stands before AWSLogs/, as given to the trail.
	Prefix string
	// Organization is the id of the organization whose trail delivers; empty means
	// trails of single accounts.
	Organization string
	// Kind is CloudTrail (also when empty), CloudTrail-NetworkActivity or
	// CloudTrail-Insight.
	Kind cloudtrail.FileKind
	// Accounts deliver; with more than MaxAccounts, or with Injected, none is
	// listed and every query must name the accounts that it asks about.
	Accounts []string
	Injected bool
	Regions  []string  // all of them, see Regions
	Start    time.Time // the first day; zero means 1 November 2013, when CloudTrail began
}

// MaxAccounts is how many accounts are listed in a table's properties: the
// metadata of a table is bounded, and each account times each region is a
// partition to look into.
const MaxAccounts = 50

// Began is when CloudTrail began.
var Began = time.Date(2013, 11, 1, 0, 0, 0, 0, time.UTC)

// Property is a property of a table.
type Property struct{ Name, Value string }

// Column is a column of a table, or a partition.
type Column struct{ Name, Type string }

var (
	bucketForm  = re2.Own(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)
	prefixForm  = re2.Own(`^[A-Za-z0-9!_.*'()/=+@:, -]*$`)
	orgForm     = re2.Own(`^o-[a-z0-9]{10,32}$`)
	accountForm = re2.Own(`^[0-9]{12}$`)
	regionForm  = re2.Own(`^[a-z]{2,5}(-[a-z]{2,12}){1,3}-[0-9]{1,2}$`)
	nameForm    = re2.Own(`^[a-z0-9_]{1,255}$`)
)

// complete fills in defaults and checks the rest.
func (t Table) complete() (Table, error) {
	t.Database, t.Name = cmp.Or(t.Database, "default"), cmp.Or(t.Name, "cloudtrail_logs")
	t.Kind = cmp.Or(t.Kind, cloudtrail.FileEvents)
	t.Prefix = strings.Trim(t.Prefix, "/")
	if t.Start.IsZero() {
		t.Start = Began
	}
	t.Accounts, t.Regions = unique(t.Accounts), unique(t.Regions)
	var errs []error
	bad := func(what, value, want string) {
		errs = append(errs, fmt.Errorf("%s %q: want %s", what, value, want))
	}
	for _, c := range []struct {
		what, value, want string
		form              *re2.Lazy
	}{
		{"database", t.Database, "lower-case letters, digits and underscores", nameForm},
		{"table", t.Name, "lower-case letters, digits and underscores", nameForm},
		{"bucket", t.Bucket, "the name of an S3 bucket", bucketForm},
		{"prefix", t.Prefix, "what stands before AWSLogs/, without quotes and braces", prefixForm},
	} {
		if !c.form.MatchString(c.value) {
			bad(c.what, c.value, c.want)
		}
	}
	if t.Organization != "" && !orgForm.MatchString(t.Organization) {
		bad("organization", t.Organization, "an id such as o-exampleorgid")
	}
	for _, a := range t.Accounts {
		if !accountForm.MatchString(a) {
			bad("account", a, "12 digits")
		}
	}
	for _, r := range t.Regions {
		if !regionForm.MatchString(r) {
			bad("region", r, "a code such as eu-west-1")
		}
	}
	switch t.Kind {
	case cloudtrail.FileEvents, cloudtrail.FileNetworkActivity, cloudtrail.FileInsights:
	default:
		bad("kind", string(t.Kind), "CloudTrail, CloudTrail-NetworkActivity or CloudTrail-Insight")
	}
	if len(t.Accounts) == 0 && !t.Injected {
		errs = append(errs, errors.New("no accounts: name them, or find them in the bucket or in Organizations"))
	}
	if len(t.Regions) == 0 {
		errs = append(errs, errors.New("no regions"))
	}
	t.Injected = t.Injected || len(t.Accounts) > MaxAccounts
	return t, errors.Join(errs...)
}

func unique(all []string) []string {
	out := slices.Clone(all)
	slices.Sort(out)
	return slices.Compact(out)
}

// Columns are the table's columns without the partitions.
func (t Table) Columns() []Column {
	if t.Kind == cloudtrail.FileInsights {
		return insightColumns()
	}
	var all []Column
	for _, c := range schema.Columns() {
		if c.Class == schema.Recorded {
			all = append(all, Column{c.Name, c.SQLType()})
		}
	}
	return all
}

// Formats are how the files are read, as a table's definition names it: input and
// output format and the SerDe.
func (t Table) Formats() (input, output, serializer string) { return inputFormat, outputFormat, serde }

// insightColumns are those of Insights records (CloudTrail User Guide, Insights
// record contents).
func insightColumns() []Column {
	average := "struct<average:double>"
	attributed := "array<struct<value:string,average:double>>"
	details := "struct<state:string,eventsource:string,eventname:string,insighttype:string,errorcode:string," +
		"insightcontext:struct<statistics:struct<baseline:" + average + ",insight:" + average + ",insightduration:bigint,baselineduration:bigint>," +
		"attributions:array<struct<attribute:string,insight:" + attributed + ",baseline:" + attributed + ">>>>"
	var all []Column
	for _, name := range []string{"eventversion", "eventtime", "awsregion", "eventid", "eventtype", "recipientaccountid", "sharedeventid", "eventcategory"} {
		all = append(all, Column{name, "string"})
	}
	return append(all, Column{"insightdetails", details})
}

// Partitions are the columns that the object key tells, in the order of the key.
func (t Table) Partitions() []Column {
	return []Column{{"account", "string"}, {"region", "string"}, {"timestamp", "string"}}
}

// root is the folder above the accounts, with a slash at its end.
func (t Table) root() string {
	parts := []string{t.Bucket, t.Prefix, "AWSLogs", t.Organization}
	parts = slices.DeleteFunc(parts, func(s string) bool { return s == "" })
	return "s3://" + strings.Join(parts, "/") + "/"
}

// Location is where the table begins.
func (t Table) Location() string { return t.root() }

// Properties are the table's properties: how its partitions are projected. Days
// are generated in UTC; the day after today costs nothing and is there for
// clocks that differ.
func (t Table) Properties() []Property {
	p := []Property{{"EXTERNAL", "TRUE"}, {"projection.enabled", "true"}}
	if t.Injected {
		p = append(p, Property{"projection.account.type", "injected"})
	} else {
		p = append(p, Property{"projection.account.type", "enum"}, Property{"projection.account.values", strings.Join(t.Accounts, ",")})
	}
	return append(p,
		Property{"projection.region.type", "enum"},
		Property{"projection.region.values", strings.Join(t.Regions, ",")},
		Property{"projection.timestamp.type", "date"},
		Property{"projection.timestamp.format", "yyyy/MM/dd"},
		Property{"projection.timestamp.range", t.Start.UTC().Format("2006/01/02") + ",NOW+1DAYS"},
		Property{"projection.timestamp.interval", "1"},
		Property{"projection.timestamp.interval.unit", "DAYS"},
		Property{"storage.location.template", t.root() + "${account}/" + string(t.Kind) + "/${region}/${timestamp}"},
	)
}

// The formats of the files (Athena User Guide, CloudTrail logs): the input format
// takes the records out of a file's Records array. The SerDe is the one that
// knows fields that came later.
const (
	serde        = "org.apache.hive.hcatalog.data.JsonSerDe"
	inputFormat  = "com.amazon.emr.cloudtrail.CloudTrailInputFormat"
	outputFormat = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"
)

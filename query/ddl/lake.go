package ddl

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/trailwarden/trailwarden/internal/re2"
	"github.com/trailwarden/trailwarden/query/schema"
)

// LakeTable is the table over a lake that was copied to Amazon S3: Parquet files
// in folders of days, with account and region as columns of the files.
type LakeTable struct {
	Database, Name string // empty means default and cloudtrail_lake
	// Location is the lake's folder, such as s3://bucket/lake; what Athena reads is
	// the folder data below it.
	Location string
	Start    time.Time // the first day; zero means 1 November 2013, when CloudTrail began
}

var lakeForm = re2.Own(`^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9!_.*'()=+@:, -]+)*/?$`)

func (t LakeTable) complete() (LakeTable, error) {
	t.Database, t.Name = cmp.Or(t.Database, "default"), cmp.Or(t.Name, "cloudtrail_lake")
	if t.Start.IsZero() {
		t.Start = Began
	}
	var errs []error
	for _, name := range []string{t.Database, t.Name} {
		if !nameForm.MatchString(name) {
			errs = append(errs, fmt.Errorf("database or table %q: want lower-case letters, digits and underscores", name))
		}
	}
	if !lakeForm.MatchString(t.Location) {
		errs = append(errs, fmt.Errorf("lake %q: want its folder in Amazon S3, such as s3://example-bucket/lake", t.Location))
	}
	return t, errors.Join(errs...)
}

// Columns are the columns of the lake's files.
func (LakeTable) Columns() (all []Column) {
	for _, c := range schema.LakeColumns() {
		all = append(all, Column{c.Name, c.SQLType()})
	}
	return all
}

// Partitions are the days of delivery. Accounts and regions are columns by which
// the files are sorted: a folder for each of them would hold less than a Parquet
// file says about itself.
func (LakeTable) Partitions() []Column { return []Column{{"day", "string"}} }

// Properties are how the days are projected; their folders are named as Hive
// names them, so no template is needed.
func (t LakeTable) Properties() []Property {
	return []Property{
		{"projection.enabled", "true"},
		{"projection.day.type", "date"},
		{"projection.day.format", "yyyy-MM-dd"},
		{"projection.day.range", t.Start.UTC().Format(time.DateOnly) + ",NOW+1DAYS"},
		{"projection.day.interval", "1"},
		{"projection.day.interval.unit", "DAYS"},
	}
}

// Create is the statement that makes the table, in Athena's DDL. It does nothing
// where a table of that name is.
func (t LakeTable) Create() (string, error) {
	t, err := t.complete()
	if err != nil {
		return "", err
	}
	named := Table{Database: t.Database, Name: t.Name}.named()
	var b strings.Builder
	fmt.Fprintf(&b, "CREATE EXTERNAL TABLE IF NOT EXISTS %s (\n%s\n)\n", named, columnList(t.Columns()))
	fmt.Fprintf(&b, "PARTITIONED BY (\n%s\n)\nSTORED AS PARQUET\n", columnList(t.Partitions()))
	fmt.Fprintf(&b, "LOCATION %s\nTBLPROPERTIES (\n%s\n);\n", quoted(strings.TrimSuffix(t.Location, "/")+"/data/"), propertyList(t.Properties()))
	return b.String(), nil
}

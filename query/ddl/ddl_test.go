package ddl_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/internal/publicdata"
	"github.com/trailwarden/trailwarden/query/ddl"
	"github.com/trailwarden/trailwarden/query/schema"
)

func organizationTable(t *testing.T) ddl.Table {
	t.Helper()
	regions, err := ddl.Regions("")
	if err != nil {
		t.Fatal(err)
	}
	return ddl.Table{Bucket: "example-trail", Organization: "o-exampleorgid", Accounts: []string{"444455556666", "111122223333"},
		Regions: regions, Start: time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)}
}

func create(t *testing.T, table ddl.Table) string {
	t.Helper()
	sql, err := table.Create()
	if err != nil {
		t.Fatal(err)
	}
	return sql
}

// The statement for an organization is the golden file.
func TestCreateForAnOrganization(t *testing.T) {
	got := create(t, organizationTable(t))
	path := filepath.Join("testdata", "organization.sql")
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("the statement changed (UPDATE_GOLDEN=1 writes it):\n%s", d)
	}
}

// An independent parser understands every statement and finds in it what the
// table says.
func TestStatementsAreAthenas(t *testing.T) {
	for name, change := range map[string]func(*ddl.Table){
		"organization":   func(*ddl.Table) {},
		"single account": func(x *ddl.Table) { x.Organization, x.Accounts = "", x.Accounts[:1] },
		"prefix":         func(x *ddl.Table) { x.Prefix = "a/b's c/" },
		"injected":       func(x *ddl.Table) { x.Injected, x.Accounts = true, nil },
		"network":        func(x *ddl.Table) { x.Kind, x.Name = cloudtrail.FileNetworkActivity, "network_activity" },
		"insights":       func(x *ddl.Table) { x.Kind, x.Name, x.Database = cloudtrail.FileInsights, "insights", "soc" },
	} {
		t.Run(name, func(t *testing.T) {
			table := organizationTable(t)
			change(&table)
			p := parse(t, create(t, table))
			if p.Kind != "Create" || !strings.HasSuffix(p.Table, or(table.Name, "cloudtrail_logs")) {
				t.Errorf("%s of %s", p.Kind, p.Table)
			}
			equalColumns(t, p.Columns, table.Columns())
			equalColumns(t, p.Partitions, table.Partitions())
			alter, err := table.Alter()
			if err != nil {
				t.Fatal(err)
			}
			q := parse(t, alter)
			for i, properties := range []map[string]string{p.Properties, q.Properties} {
				if properties["projection.enabled"] != "true" || len(strings.Split(properties["projection.region.values"], ",")) != 34 {
					t.Errorf("%d: properties %v", i, properties)
				}
				template := properties["storage.location.template"]
				if !strings.HasPrefix(template, p.Location) || !strings.HasSuffix(p.Location, "/") || !strings.Contains(template, "/${account}/"+string(or(table.Kind, "CloudTrail"))+"/${region}/${timestamp}") {
					t.Errorf("%d: template %s, location %s", i, template, p.Location)
				}
			}
		})
	}
}

// The table over a lake, as an independent parser reads it, has the columns of the
// files and a partition for each day.
func TestLakeTableIsAthenas(t *testing.T) {
	table := ddl.LakeTable{Location: "s3://example-bucket/it's/lake/", Start: time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)}
	sql, err := table.Create()
	if err != nil {
		t.Fatal(err)
	}
	p := parse(t, sql)
	if p.Kind != "Create" || !strings.HasSuffix(p.Table, "cloudtrail_lake") || p.Location != "s3://example-bucket/it's/lake/data/" || !strings.Contains(sql, "STORED AS PARQUET") {
		t.Errorf("%+v", p)
	}
	equalColumns(t, p.Columns, table.Columns())
	equalColumns(t, p.Partitions, table.Partitions())
	for _, c := range table.Properties() {
		if p.Properties[c.Name] != c.Value {
			t.Errorf("%s = %q; want %q", c.Name, p.Properties[c.Name], c.Value)
		}
	}
	for _, bad := range []string{"", "/lake", "s3://X/lake", "s3://example-bucket/a//b", "s3://example-bucket/${x}"} {
		if _, err := (ddl.LakeTable{Location: bad}).Create(); err == nil {
			t.Errorf("%q is taken for the place of a lake", bad)
		}
	}
}

func or[T ~string](a, b T) T {
	if a != "" {
		return a
	}
	return b
}

func equalColumns(t *testing.T, got [][2]string, want []ddl.Column) {
	t.Helper()
	var texts [][2]string
	for _, c := range want {
		texts = append(texts, [2]string{c.Name, c.Type})
	}
	if d := cmp.Diff(texts, got); d != "" {
		t.Errorf("columns (-ours +the parser's):\n%s", d)
	}
}

// Every column and every field that published tables have is in ours, by the
// name that SQL finds it by.
func TestColumnsOfPublishedTables(t *testing.T) {
	for name, want := range map[string]int{
		"athena/athena-ddl__002__example-ddl.sql": 41, "../seeds/004_d7c140906c5d6268.txt": 41,
	} {
		names := publishedNames(t, name)
		if len(names) < want {
			t.Fatalf("%s: found only %d names: %q", name, len(names), names)
		}
		ours := map[string]bool{}
		for _, c := range schema.Columns() {
			collect(ours, c.Field)
		}
		for _, n := range names {
			if !ours[strings.ToLower(n)] {
				t.Errorf("%s has %s, our table does not", name, n)
			}
		}
	}
}

func collect(to map[string]bool, f schema.Field) {
	to[f.Name] = true
	for _, m := range f.Fields {
		collect(to, m)
	}
}

var typed = regexp.MustCompile("(?im)`?([a-z0-9]+)`?\\s*:?\\s*(?:string|struct|array|map)\\b")

// publishedNames are the names before types in a CREATE TABLE.
func publishedNames(t *testing.T, name string) (names []string) {
	t.Helper()
	b, err := os.ReadFile(publicdata.Path(t, name))
	if err != nil {
		t.Fatal(err)
	}
	_, body, _ := strings.Cut(string(b), "CREATE EXTERNAL TABLE")
	body, _, _ = strings.Cut(body, "ROW FORMAT")
	for _, m := range typed.FindAllStringSubmatch(body, -1) {
		switch n := strings.ToLower(m[1]); n {
		case "array", "map", "struct", "string", "by":
		default:
			names = append(names, n)
		}
	}
	return names
}

// All regions are there, those that must be enabled too.
func TestRegions(t *testing.T) {
	for partition, want := range map[string]string{"": "34 ap-southeast-7", "aws-cn": "2 cn-north-1", "aws-us-gov": "2 us-gov-west-1", "aws-eusc": "1 eusc-de-east-1"} {
		n, has, _ := strings.Cut(want, " ")
		all, err := ddl.Regions(partition)
		if err != nil || len(all) != map[string]int{"34": 34, "2": 2, "1": 1}[n] || !strings.Contains(strings.Join(all, " "), has) {
			t.Errorf("%q: %v %v", partition, all, err)
		}
	}
	if _, err := ddl.Regions("mars"); err == nil || !strings.Contains(err.Error(), "aws-us-gov") {
		t.Errorf("mars: %v", err)
	}
}

func TestManyAccountsAreInjected(t *testing.T) {
	table := organizationTable(t)
	table.Accounts = nil
	for i := range ddl.MaxAccounts + 1 {
		table.Accounts = append(table.Accounts, "1000000000"+string(rune('0'+i/10))+string(rune('0'+i%10)))
	}
	if sql := create(t, table); !strings.Contains(sql, "'projection.account.type' = 'injected'") || strings.Contains(sql, "projection.account.values") {
		t.Error(sql)
	}
}

// What could end a text or name a place elsewhere is refused.
func TestMistakes(t *testing.T) {
	for name, change := range map[string]func(*ddl.Table){
		"bucket":       func(x *ddl.Table) { x.Bucket = "b'); DROP TABLE x" },
		"prefix":       func(x *ddl.Table) { x.Prefix = "${account}" },
		"organization": func(x *ddl.Table) { x.Organization = "o-UPPER" },
		"account":      func(x *ddl.Table) { x.Accounts = []string{"12345"} },
		"region":       func(x *ddl.Table) { x.Regions = []string{"eu-west-1,'"} },
		"table":        func(x *ddl.Table) { x.Name = "a`b" },
		"kind":         func(x *ddl.Table) { x.Kind = cloudtrail.FileDigest },
		"no accounts":  func(x *ddl.Table) { x.Accounts = nil },
		"no regions":   func(x *ddl.Table) { x.Regions = nil },
	} {
		table := organizationTable(t)
		change(&table)
		if _, err := table.Create(); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

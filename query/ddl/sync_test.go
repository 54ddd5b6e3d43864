package ddl_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/trailwarden/trailwarden/internal/awstest"
	"github.com/trailwarden/trailwarden/query/ddl"
)

func TestMain(m *testing.M) { os.Exit(awstest.Main(m)) }

func put(t *testing.T, cfg aws.Config, bucket string, keys ...string) {
	t.Helper()
	for _, k := range keys {
		if _, err := awstest.S3(cfg).PutObject(context.Background(), &s3.PutObjectInput{Bucket: &bucket, Key: &k, Body: strings.NewReader("x")}); err != nil {
			t.Fatal(err)
		}
	}
}

// small gives one folder a page, as a bucket with thousands of accounts would.
type small struct {
	*s3.Client
	pages int
}

func (s *small) ListObjectsV2(ctx context.Context, in *s3.ListObjectsV2Input, opts ...func(*s3.Options)) (*s3.ListObjectsV2Output, error) {
	s.pages++
	in.MaxKeys = aws.Int32(1)
	return s.Client.ListObjectsV2(ctx, in, opts...)
}

// Accounts are the folders named by 12 digits, on all pages, below the
// organization where there is one.
func TestFind(t *testing.T) {
	cfg := awstest.Config(t)
	org, mixed, single := awstest.Bucket(t, cfg), awstest.Bucket(t, cfg), awstest.Bucket(t, cfg)
	put(t, cfg, org, "p/AWSLogs/o-exampleorgid/111122223333/CloudTrail/x", "p/AWSLogs/o-exampleorgid/444455556666/CloudTrail/x",
		"p/AWSLogs/o-exampleorgid/1234/x", "p/AWSLogs/o-exampleorgid/readme", "p/AWSLogs/elsewhere/999988887777/x")
	put(t, cfg, mixed, "AWSLogs/o-exampleorgid/111122223333/CloudTrail/x", "AWSLogs/444455556666/CloudTrail/x")
	put(t, cfg, single, "AWSLogs/444455556666/CloudTrail/x", "AWSLogs/aws-waf-logs/x", "AWSLogs/111122223333/Config/x")
	for _, c := range []struct{ name, bucket, prefix, organization, want string }{
		{"organization", org, "/p/", "", "o-exampleorgid [111122223333 444455556666]"},
		{"organization, named", org, "p", "o-exampleorgid", "o-exampleorgid [111122223333 444455556666]"},
		{"wrong prefix", org, "", "", "is the prefix right"},
		{"wrong organization", org, "p", "o-otherotherx", "is the organization right"},
		{"both layouts", mixed, "", "", "choose with --organization"},
		{"both, organization", mixed, "", "o-exampleorgid", "o-exampleorgid [111122223333]"},
		{"both, single", mixed, "", "-", " [444455556666]"},
		{"single", single, "", "", " [111122223333 444455556666]"},
		{"no such bucket", "missing-bucket-xyz", "", "", "NoSuchBucket"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, err := ddl.Find(context.Background(), &small{Client: awstest.S3(cfg)}, c.bucket, c.prefix, c.organization)
			got := fmt.Sprint(f.Organization, " ", f.Accounts)
			if err != nil {
				got = err.Error()
			}
			if got != c.want && (err == nil || !strings.Contains(got, c.want)) {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
	s := &small{Client: awstest.S3(cfg)}
	if _, err := ddl.Find(context.Background(), s, org, "p", "o-exampleorgid"); err != nil || s.pages < 3 {
		t.Errorf("%d pages, %v", s.pages, err)
	}
}

func TestAccountsOfOrganizations(t *testing.T) {
	cfg := awstest.Config(t)
	client := organizations.NewFromConfig(cfg)
	if _, err := client.CreateOrganization(context.Background(), &organizations.CreateOrganizationInput{}); err != nil {
		t.Fatal(err)
	}
	for i := range 23 {
		in := &organizations.CreateAccountInput{AccountName: aws.String(fmt.Sprint("a", i)), Email: aws.String(fmt.Sprintf("a%d@example.com", i))}
		if _, err := client.CreateAccount(context.Background(), in); err != nil {
			t.Fatal(err)
		}
	}
	f, err := ddl.Accounts(context.Background(), cfg)
	if err != nil || len(f.Accounts) != 24 || !strings.HasPrefix(f.Organization, "o-") || !slices.IsSorted(f.Accounts) {
		t.Errorf("%+v %v", f, err)
	}
}

func plan(t *testing.T, cfg aws.Config, table ddl.Table, o ddl.Options) *ddl.Plan {
	t.Helper()
	p, err := ddl.NewPlan(context.Background(), cfg, table, o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func apply(t *testing.T, cfg aws.Config, p *ddl.Plan) {
	t.Helper()
	if err := p.Apply(context.Background(), cfg); err != nil {
		t.Fatal(err)
	}
}

func stored(t *testing.T, cfg aws.Config) *types.Table {
	t.Helper()
	out, err := glue.NewFromConfig(cfg).GetTable(context.Background(), &glue.GetTableInput{DatabaseName: aws.String("default"), Name: aws.String("cloudtrail_logs")})
	if err != nil {
		t.Fatal(err)
	}
	return out.Table
}

// A table is made, found equal, given a new account in place, and keeps what it
// knew and what others put on it.
func TestSync(t *testing.T) {
	cfg := awstest.Config(t)
	table := organizationTable(t)
	p := plan(t, cfg, table, ddl.Options{})
	if !p.Create {
		t.Fatalf("plan %+v", p)
	}
	apply(t, cfg, p)
	made := stored(t, cfg)
	if aws.ToString(made.StorageDescriptor.Location) != "s3://example-trail/AWSLogs/o-exampleorgid/" || made.Parameters["projection.account.values"] != "111122223333,444455556666" {
		t.Errorf("made %+v", made)
	}
	if p := plan(t, cfg, table, ddl.Options{}); !p.Nothing() {
		t.Errorf("a second sync would change %q", p.Changes)
	}

	note(t, cfg, made)
	table.Accounts, table.Regions = []string{"777788889999"}, []string{"eu-west-1", "xx-north-9"}
	p = plan(t, cfg, table, ddl.Options{})
	if got := strings.Join(p.Changes, "; "); got != "account 777788889999 is added; region xx-north-9 is added" {
		t.Errorf("changes: %s", got)
	}
	apply(t, cfg, p)
	now := stored(t, cfg)
	if got := now.Parameters["projection.account.values"]; got != "111122223333,444455556666,777788889999" {
		t.Errorf("accounts %s", got)
	}
	if now.Parameters["team"] != "soc" || aws.ToString(now.Description) != "ours" || len(now.StorageDescriptor.Columns) != len(made.StorageDescriptor.Columns) {
		t.Errorf("what others put on the table is gone: %+v", now)
	}

	p = plan(t, cfg, table, ddl.Options{Prune: true})
	apply(t, cfg, p)
	if got := stored(t, cfg).Parameters["projection.account.values"]; got != "777788889999" {
		t.Errorf("pruned accounts %s", got)
	}
}

// note puts something on the table that is not ours.
func note(t *testing.T, cfg aws.Config, made *types.Table) {
	t.Helper()
	made.Parameters["team"] = "soc"
	_, err := glue.NewFromConfig(cfg).UpdateTable(context.Background(), &glue.UpdateTableInput{DatabaseName: aws.String("default"), TableInput: &types.TableInput{
		Name: made.Name, Parameters: made.Parameters, PartitionKeys: made.PartitionKeys, StorageDescriptor: made.StorageDescriptor,
		TableType: made.TableType, Description: aws.String("ours")}})
	if err != nil {
		t.Fatal(err)
	}
}

// A table in the write-up's form is brought up to date: new columns, all regions.
func TestSyncOfThePublishedTable(t *testing.T) {
	cfg := awstest.Config(t)
	table := organizationTable(t)
	p := plan(t, cfg, table, ddl.Options{})
	apply(t, cfg, p)
	old := stored(t, cfg)
	old.StorageDescriptor.Columns = slices.DeleteFunc(old.StorageDescriptor.Columns, func(c types.Column) bool {
		return slices.Contains([]string{"eventcategory", "addendum", "sessioncredentialfromconsole", "edgedevicedetails"}, *c.Name)
	})
	old.StorageDescriptor.SerdeInfo.SerializationLibrary = aws.String("com.amazon.emr.hive.serde.CloudTrailSerde")
	old.Parameters["projection.region.values"] = "us-east-1,us-east-2"
	note(t, cfg, old)
	p = plan(t, cfg, table, ddl.Options{})
	got := strings.Join(p.Changes, "\n")
	for _, want := range []string{"column addendum is added", "column eventcategory is added", "SerDe: com.amazon", "region ap-southeast-7 is added"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	apply(t, cfg, p)
	if p := plan(t, cfg, table, ddl.Options{}); !p.Nothing() {
		t.Errorf("left to change: %q", p.Changes)
	}
}

func TestForeignTablesAreLeftAlone(t *testing.T) {
	cfg := awstest.Config(t)
	client := glue.NewFromConfig(cfg)
	if _, err := client.CreateDatabase(context.Background(), &glue.CreateDatabaseInput{DatabaseInput: &types.DatabaseInput{Name: aws.String("default")}}); err != nil {
		t.Fatal(err)
	}
	_, err := client.CreateTable(context.Background(), &glue.CreateTableInput{DatabaseName: aws.String("default"), TableInput: &types.TableInput{
		Name: aws.String("cloudtrail_logs"), StorageDescriptor: &types.StorageDescriptor{InputFormat: aws.String("org.apache.hadoop.mapred.TextInputFormat")}}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ddl.NewPlan(context.Background(), cfg, organizationTable(t), ddl.Options{}); err == nil || !strings.Contains(err.Error(), "--adopt") {
		t.Errorf("error %v", err)
	}
	if p := plan(t, cfg, organizationTable(t), ddl.Options{Adopt: true}); p.Create || p.Nothing() {
		t.Errorf("plan %+v", p)
	}
}

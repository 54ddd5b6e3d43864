package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/config"
	"github.com/trailwarden/trailwarden/internal/awsx"
	"github.com/trailwarden/trailwarden/query"
	"github.com/trailwarden/trailwarden/query/athena"
	"github.com/trailwarden/trailwarden/query/ddl"
)

// athenaCommand is about the table on Athena.
type athenaCommand struct {
	DDL  athenaDDLCommand  `cmd:"" name:"ddl" help:"Print the statement that makes Athena's table over a bucket of logs."`
	Sync athenaSyncCommand `cmd:"" help:"Make that table, or bring its accounts, regions and columns up to date, without a gap."`
}

// athenaTable are the flags that describe a table.
type athenaTable struct {
	Bucket       string   `placeholder:"NAME" help:"Bucket that the trail delivers into."`
	Prefix       string   `placeholder:"PREFIX" help:"What stands before AWSLogs/ in the bucket."`
	Organization string   `placeholder:"ID" help:"Organization whose trail delivers, such as o-exampleorgid; - for trails of single accounts."`
	Account      []string `placeholder:"ID" help:"Accounts that deliver; may be repeated."`
	Injected     bool     `help:"List no accounts; every query must then name its own. So it is with more than 50."`
	Partition    string   `default:"aws" placeholder:"NAME" help:"AWS partition whose regions there are: aws, aws-cn, aws-us-gov, aws-eusc …"`
	Region       []string `placeholder:"NAME" help:"Only these regions. Without it all, also those that must be enabled: what is not looked at is where somebody hides."`
	Kind         string   `default:"CloudTrail" enum:"CloudTrail,CloudTrail-NetworkActivity,CloudTrail-Insight" help:"Kind of the files: CloudTrail, CloudTrail-NetworkActivity or CloudTrail-Insight."`
	Start        string   `placeholder:"TIME" help:"First day, such as 2024-01-01. Default: when CloudTrail began."`
	Database     string   `default:"default" placeholder:"NAME" help:"Database of the table."`
	Table        string   `placeholder:"NAME" help:"Name of the table. Default: cloudtrail_logs, and cloudtrail_lake over a lake."`
}

// start is the first day of the table. Athena looks for a folder of each day from
// it on, and finds none before its own first or in the future.
func (f *athenaTable) start(now time.Time) (time.Time, error) {
	t, err := instant("--start", f.Start, now)
	if err == nil && f.Start != "" && (t.Before(ddl.Began) || t.After(now)) {
		err = fmt.Errorf("--start %s: want a day from %s on, when CloudTrail began, that is not in the future", f.Start, ddl.Began.Format(time.DateOnly))
	}
	return t, err
}

// table is the table as described, without accounts that are still to be found.
func (f *athenaTable) table(now time.Time) (t ddl.Table, err error) {
	if f.Bucket == "" {
		return t, errors.New("--bucket NAME: want the bucket that the trail delivers into")
	}
	t = ddl.Table{Database: f.Database, Name: f.Table, Bucket: f.Bucket, Prefix: f.Prefix, Organization: f.Organization,
		Kind: cloudtrail.FileKind(f.Kind), Accounts: f.Account, Injected: f.Injected, Regions: f.Region}
	if f.Organization == "-" {
		t.Organization = ""
	}
	if t.Start, err = f.start(now); err != nil {
		return t, err
	}
	if len(t.Regions) == 0 {
		if t.Regions, err = ddl.Regions(f.Partition); err != nil {
			return t, fmt.Errorf("--partition: %w", err)
		}
	}
	return t, nil
}

type athenaDDLCommand struct {
	athenaTable
	Update bool   `help:"Print the statement that changes a table that is there."`
	Lake   string `placeholder:"URL" help:"Print the table over a lake that was copied to s3://BUCKET/FOLDER instead."`
}

// Run prints the statement; it calls nobody.
func (c *athenaDDLCommand) Run(s *streams) error {
	if c.Lake != "" {
		return c.lake(s)
	}
	t, err := c.table(time.Now())
	if err != nil {
		return err
	}
	statement := t.Create
	if c.Update {
		statement = t.Alter
	}
	sql, err := statement()
	if err != nil {
		return err
	}
	fmt.Fprint(s.out, sql)
	return nil
}

// lake prints the table over a lake.
func (c *athenaDDLCommand) lake(s *streams) error {
	if c.Bucket != "" || c.Update {
		return errors.New("--lake: want neither --bucket nor --update; days of a lake's table are projected, so that it never has to be changed")
	}
	start, err := c.start(time.Now())
	if err != nil {
		return err
	}
	sql, err := ddl.LakeTable{Database: c.Database, Name: c.Table, Location: c.Lake, Start: start}.Create()
	if err != nil {
		return err
	}
	fmt.Fprint(s.out, sql)
	return nil
}

type athenaSyncCommand struct {
	athenaTable
	AccountsFrom string `default:"bucket" enum:"bucket,organizations" help:"Where accounts are found: the bucket, or organizations (AWS Organizations)."`
	DryRun       bool   `help:"Say what would change and print the statement, and do nothing."`
	Prune        bool   `help:"Take accounts and regions that are not found any more out of the table; their logs are then not seen."`
	Adopt        bool   `help:"Change a table of that name that does not read CloudTrail's files."`
	Config       string `placeholder:"FILE" help:"Configuration file, for its aws block."`
	AWSRegion    string `placeholder:"NAME" help:"Region of the table and the bucket. Default: that of the environment."`
}

// Help says how there is no gap.
func (athenaSyncCommand) Help() string {
	return `The table is changed by one call that puts the new definition in place of the old one; the Glue Data Catalog keeps the old version. Nothing is ever dropped. Accounts, regions and days that the table has stay in it unless --prune says otherwise, and so do properties that others gave it.

It needs s3:ListBucket on the bucket (or organizations:ListAccounts and DescribeOrganization), glue:GetTable, CreateTable, UpdateTable and CreateDatabase.`
}

// Run brings the table up to date.
func (c *athenaSyncCommand) Run(s *streams) error {
	ctx, stop := interruptible()
	defer stop()
	cfg, err := c.aws(ctx)
	if err != nil {
		return err
	}
	t, err := c.table(time.Now())
	if err != nil {
		return err
	}
	if len(t.Accounts) == 0 && !t.Injected {
		if err := c.find(ctx, cfg, &t); err != nil {
			return err
		}
		s.say("%s found%s", counted(len(t.Accounts), "account"), cmp.Or(prefixed(" of ", t.Organization), ""))
	}
	p, err := ddl.NewPlan(ctx, cfg, t, ddl.Options{Prune: c.Prune, Adopt: c.Adopt})
	if err != nil {
		return err
	}
	return c.carryOut(ctx, s, cfg, p)
}

func prefixed(before, s string) string {
	if s == "" {
		return ""
	}
	return before + s
}

func (c *athenaSyncCommand) aws(ctx context.Context) (aws.Config, error) {
	cfg, err := configuration(c.Config)
	if err != nil {
		return aws.Config{}, err
	}
	return awsx.Load(ctx, awsx.Settings{Region: cmp.Or(c.AWSRegion, cfg.AWS.Region), Profile: cfg.AWS.Profile, Endpoint: cfg.AWS.Endpoint, Version: versionName()})
}

// find fills in the accounts that deliver.
func (c *athenaSyncCommand) find(ctx context.Context, cfg aws.Config, t *ddl.Table) error {
	if c.AccountsFrom == "organizations" {
		if c.Organization == "-" {
			return errors.New("--accounts-from organizations and --organization - contradict each other")
		}
		f, err := ddl.Accounts(ctx, cfg)
		if err == nil {
			t.Organization, t.Accounts = cmp.Or(t.Organization, f.Organization), f.Accounts
		}
		return err
	}
	client := s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = cfg.BaseEndpoint != nil || os.Getenv("AWS_ENDPOINT_URL") != "" })
	f, err := ddl.Find(ctx, client, c.Bucket, c.Prefix, c.Organization)
	if err == nil {
		t.Organization, t.Accounts = f.Organization, f.Accounts
	}
	return err
}

func (c *athenaSyncCommand) carryOut(ctx context.Context, s *streams, cfg aws.Config, p *ddl.Plan) error {
	name := p.Table.Database + "." + p.Table.Name
	for _, change := range p.Changes {
		s.say("%s: %s", name, change)
	}
	switch {
	case p.Nothing():
		fmt.Fprintf(s.out, "Table %s is up to date.\n", name)
		return nil
	case c.DryRun:
		sql, err := p.Table.Create()
		if err != nil {
			return err
		}
		fmt.Fprint(s.out, sql)
		return nil
	}
	if err := p.Apply(ctx, cfg); err != nil {
		return err
	}
	if p.Create {
		fmt.Fprintf(s.out, "Table %s was made.\n", name)
	} else {
		fmt.Fprintf(s.out, "Table %s was changed in one step: %s.\n", name, counted(len(p.Changes), "change"))
	}
	return nil
}

// athenaEngine is Athena as the configuration and the AWS environment say.
func athenaEngine(ctx context.Context, s *streams, cfg *config.Config, rows int64) (query.Engine, error) {
	block := cmp.Or(cfg.Query.Athena, &config.Athena{Database: "default", Table: "cloudtrail_logs"})
	general, err := awsx.Load(ctx, awsx.Settings{Region: cmp.Or(block.Region, cfg.AWS.Region), Profile: cfg.AWS.Profile, Role: block.Role,
		External: block.External, Endpoint: cfg.AWS.Endpoint, Own: block.Endpoint, Version: versionName()})
	if err != nil {
		return nil, err
	}
	return athena.New(athena.Options{Config: general, Database: block.Database, Table: block.Table, Workgroup: block.Workgroup, Output: block.Output,
		Rows: rows, Started: func(id string) { s.say("running on Athena as %s", id) }}), nil
}

// engine is what answers: the embedded engine, or Athena, which has the logs
// already.
func (j *queryJob) engine(ctx context.Context) (query.Engine, error) {
	if j.cmd.Engine != "athena" {
		return j.local, nil
	}
	if len(j.cmd.Paths) > 0 || j.cmd.Lake != "" {
		return nil, errors.New("--engine athena asks the table on Athena; leave the logs and --lake out")
	}
	cfg, err := configuration(j.cmd.Config)
	if err != nil {
		return nil, fmt.Errorf("--config: %w", err)
	}
	return athenaEngine(ctx, j.streams, cfg, j.cmd.MaxRows)
}

// sayCost says what Athena charges for.
func (j *queryJob) sayCost(st query.Stats) {
	if j.cmd.Engine == "athena" {
		j.say("%.1f MB scanned, about $%.4f", float64(st.Bytes)/1e6, athena.Cost(st.Bytes))
	}
}

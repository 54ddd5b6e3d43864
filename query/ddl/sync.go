package ddl

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// Plan is what a sync does.
type Plan struct {
	Table   Table    // as it will be
	Create  bool     // it is not there yet
	Changes []string // in words, what differs from the table that is there
	before  *types.Table
}

// Nothing tells that the table is as it should be.
func (p *Plan) Nothing() bool { return !p.Create && len(p.Changes) == 0 }

// Options of a sync.
type Options struct {
	// Prune takes accounts and regions that are not given out of a table that
	// has them; otherwise they stay, as their logs do.
	Prune bool
	// Adopt changes a table that does not read CloudTrail's files.
	Adopt bool
}

// NewPlan compares the table with the one in the Glue Data Catalog, which is
// where Athena keeps tables.
func NewPlan(ctx context.Context, cfg aws.Config, t Table, o Options) (*Plan, error) {
	t, err := t.complete()
	if err != nil {
		return nil, err
	}
	out, err := glue.NewFromConfig(cfg).GetTable(ctx, &glue.GetTableInput{DatabaseName: &t.Database, Name: &t.Name})
	if missing := (*types.EntityNotFoundException)(nil); errors.As(err, &missing) {
		return &Plan{Table: t, Create: true}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("looking for table %s.%s in the Glue Data Catalog: %w", t.Database, t.Name, err)
	}
	p := &Plan{Table: t, before: out.Table}
	if err := p.own(o); err != nil {
		return nil, err
	}
	if !o.Prune {
		p.keep()
	}
	p.compare()
	return p, nil
}

// own refuses tables that are about something else.
func (p *Plan) own(o Options) error {
	b := p.before
	if aws.ToString(b.TableType) == "VIRTUAL_VIEW" {
		return fmt.Errorf("%s.%s is a view: choose another name", p.Table.Database, p.Table.Name)
	}
	if d := b.StorageDescriptor; !o.Adopt && (d == nil || aws.ToString(d.InputFormat) != inputFormat) {
		return fmt.Errorf("table %s.%s is there and does not read CloudTrail's files: choose another name, or --adopt", p.Table.Database, p.Table.Name)
	}
	return nil
}

// keep adds the accounts, regions and days that the table has already.
func (p *Plan) keep() {
	was := p.before.Parameters
	if !p.Table.Injected {
		p.Table.Accounts = unique(append(p.Table.Accounts, listed(was["projection.account.values"], accountForm.MatchString)...))
		p.Table.Injected = len(p.Table.Accounts) > MaxAccounts
	}
	p.Table.Regions = unique(append(p.Table.Regions, listed(was["projection.region.values"], regionForm.MatchString)...))
	first, _, _ := strings.Cut(was["projection.timestamp.range"], ",")
	if day, err := time.Parse("2006/01/02", first); err == nil && day.Before(p.Table.Start) {
		p.Table.Start = day
	}
}

func listed(values string, fits func(string) bool) (out []string) {
	for v := range strings.SplitSeq(values, ",") {
		if fits(v) {
			out = append(out, v)
		}
	}
	return out
}

// compare says in words what differs.
func (p *Plan) compare() {
	d := p.before.StorageDescriptor
	if d == nil {
		d = &types.StorageDescriptor{SerdeInfo: &types.SerDeInfo{}}
	}
	p.differ("location", aws.ToString(d.Location), p.Table.Location())
	p.differ("input format", aws.ToString(d.InputFormat), inputFormat)
	p.differ("output format", aws.ToString(d.OutputFormat), outputFormat)
	if d.SerdeInfo != nil {
		p.differ("SerDe", aws.ToString(d.SerdeInfo.SerializationLibrary), serde)
	}
	p.columns("column", d.Columns, p.Table.Columns())
	p.columns("partition", p.before.PartitionKeys, p.Table.Partitions())
	for _, q := range p.Table.Properties() {
		p.property(q, p.before.Parameters[q.Name])
	}
	if _, ok := p.before.Parameters["projection.account.values"]; ok && p.Table.Injected {
		p.Changes = append(p.Changes, "accounts are no longer listed: each query must name them")
	}
}

func (p *Plan) differ(what, was, now string) {
	if was != now {
		p.Changes = append(p.Changes, fmt.Sprintf("%s: %s becomes %s", what, orNone(was), orNone(now)))
	}
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

// property says what of a list comes and goes, rather than all of it.
func (p *Plan) property(q Property, was string) {
	if !strings.HasSuffix(q.Name, ".values") || was == "" {
		p.differ(q.Name, was, q.Value)
		return
	}
	before, after := strings.Split(was, ","), strings.Split(q.Value, ",")
	name := strings.TrimSuffix(strings.TrimPrefix(q.Name, "projection."), ".values")
	for _, v := range after {
		if !slices.Contains(before, v) {
			p.Changes = append(p.Changes, name+" "+v+" is added")
		}
	}
	for _, v := range before {
		if !slices.Contains(after, v) {
			p.Changes = append(p.Changes, name+" "+v+" is taken out")
		}
	}
}

func (p *Plan) columns(what string, was []types.Column, now []Column) {
	before := map[string]string{}
	for _, c := range was {
		before[strings.ToLower(aws.ToString(c.Name))] = strings.ToLower(strings.ReplaceAll(aws.ToString(c.Type), " ", ""))
	}
	for _, c := range now {
		kind, ok := before[c.Name]
		switch {
		case !ok:
			p.Changes = append(p.Changes, what+" "+c.Name+" is added")
		case kind != c.Type:
			p.Changes = append(p.Changes, what+" "+c.Name+" becomes "+c.Type)
		}
		delete(before, c.Name)
	}
	for _, name := range slices.Sorted(maps.Keys(before)) {
		p.Changes = append(p.Changes, what+" "+name+" is taken out")
	}
}

// Apply makes the table, or puts the new definition in place of the old one in
// one step: queries find the old one or the new one, never none. Glue keeps the
// old version. When somebody changed the table since it was looked at, nothing is
// done.
func (p *Plan) Apply(ctx context.Context, cfg aws.Config) error {
	if p.Nothing() {
		return nil
	}
	client := glue.NewFromConfig(cfg)
	if p.Create {
		return p.create(ctx, client)
	}
	in := &glue.UpdateTableInput{DatabaseName: &p.Table.Database, TableInput: p.input()}
	if p.before.VersionId != nil {
		in.VersionId = p.before.VersionId
	}
	if _, err := client.UpdateTable(ctx, in); err != nil {
		return fmt.Errorf("changing table %s.%s: %w", p.Table.Database, p.Table.Name, err)
	}
	return nil
}

func (p *Plan) create(ctx context.Context, client *glue.Client) error {
	in := &glue.CreateTableInput{DatabaseName: &p.Table.Database, TableInput: p.input()}
	_, err := client.CreateTable(ctx, in)
	if missing := (*types.EntityNotFoundException)(nil); errors.As(err, &missing) {
		name := p.Table.Database
		_, err = client.CreateDatabase(ctx, &glue.CreateDatabaseInput{DatabaseInput: &types.DatabaseInput{Name: &name}})
		if exists := (*types.AlreadyExistsException)(nil); err == nil || errors.As(err, &exists) {
			_, err = client.CreateTable(ctx, in)
		}
	}
	if err != nil {
		return fmt.Errorf("making table %s.%s: %w", p.Table.Database, p.Table.Name, err)
	}
	return nil
}

// input is the table as Glue takes it. What others put on it stays.
func (p *Plan) input() *types.TableInput {
	t := p.Table
	in := &types.TableInput{
		Name: &t.Name, TableType: aws.String("EXTERNAL_TABLE"), PartitionKeys: glueColumns(t.Partitions()), Parameters: map[string]string{},
		StorageDescriptor: &types.StorageDescriptor{
			Columns: glueColumns(t.Columns()), Location: aws.String(t.Location()), InputFormat: aws.String(inputFormat), OutputFormat: aws.String(outputFormat),
			SerdeInfo: &types.SerDeInfo{SerializationLibrary: aws.String(serde), Parameters: map[string]string{"serialization.format": "1"}},
		},
	}
	if b := p.before; b != nil {
		in.Description, in.Owner, in.Retention = b.Description, b.Owner, b.Retention
		maps.Copy(in.Parameters, b.Parameters)
		for name := range in.Parameters {
			if strings.HasPrefix(name, "projection.") {
				delete(in.Parameters, name)
			}
		}
	}
	for _, q := range t.Properties() {
		in.Parameters[q.Name] = q.Value
	}
	return in
}

func glueColumns(all []Column) []types.Column {
	out := make([]types.Column, len(all))
	for i, c := range all {
		out[i] = types.Column{Name: aws.String(c.Name), Type: aws.String(c.Type)}
	}
	return out
}

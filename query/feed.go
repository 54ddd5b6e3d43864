//go:build !function

package query

import (
	"context"
	"os"
	"slices"
	"strings"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/pipeline"
	"github.com/trailwarden/trailwarden/query/sandbox"
	"github.com/trailwarden/trailwarden/query/schema"
)

// stream reads the logs and sends the rows that the plan needs. It ends early when
// ctx does, or the engine, which then says why.
func (l *Local) stream(ctx context.Context, p *plan, to *sandbox.Process) (totals pipeline.RecordTotals) {
	if !p.raw {
		_ = to.End()
		return totals
	}
	o := pipeline.RecordOptions{
		Listing: l.Listing, Stdin: l.Stdin, Workers: l.Bounds.Decoders, From: p.scope.From, To: p.scope.To, Limits: l.Limits,
		Fault: l.Report.Fault, Skip: p.skip,
	}
	totals, err := pipeline.Records(ctx, o, func() pipeline.RecordVisitor {
		leaves := p.projection.Leaves()
		return &feeder{plan: p, to: to, row: p.projection.Row(), batch: sandbox.NewBatch(len(leaves)), leaves: len(leaves),
			match: newMatcher(p.filter)}
	})
	if err == nil {
		_ = to.End()
	}
	return totals
}

// skip tells from a file's name that none of its records can be wanted.
func (p *plan) skip(name string) bool {
	if p.lake != nil {
		if strings.HasPrefix(name, "s3://") { // an object of a log bucket is never written again
			if p.lake.Answers(name, -1) {
				return true
			}
		} else if info, err := os.Stat(name); err == nil && p.lake.Answers(name, info.Size()) {
			return true
		}
	}
	at := schema.NewPlace(name)
	return !p.scope.admits(&at) || !mayHold(p.filter, &at)
}

// admits tells whether the scope's accounts and regions leave the place.
func (s Scope) admits(at *schema.Place) bool {
	has := func(all []string, one string) bool { return len(all) == 0 || one == "" || slices.Contains(all, one) }
	return has(s.Accounts, at.Key.Account) && has(s.Regions, at.Key.Region)
}

// feeder turns the records of one goroutine into rows.
type feeder struct {
	plan   *plan
	to     *sandbox.Process
	row    *schema.Row
	leaves int
	batch  *sandbox.Batch
	place  schema.Place
	match  matcher
}

// Wants tells whether the record may matter to the query.
func (f *feeder) Wants(file string, rec *cloudtrail.Record) bool {
	if f.place.Object != file {
		f.place = schema.NewPlace(file)
	}
	return f.match.passes(f.match.filter, rec, &f.place)
}

// Record adds a row.
func (f *feeder) Record(_ string, rec *cloudtrail.Record) error {
	for i := range f.leaves {
		text, ok := f.row.Append(f.batch.Texts(), i, rec, &f.place)
		f.batch.Cell(text, ok)
	}
	f.batch.EndRow()
	if f.batch.Full() {
		return f.to.Send(f.batch)
	}
	return nil
}

// File has nothing to do: a batch may hold rows of several files.
func (f *feeder) File(string, cloudtrail.Summary) error { return nil }

// Close sends what is left.
func (f *feeder) Close() error {
	if f.batch.Rows() == 0 {
		return nil
	}
	return f.to.Send(f.batch)
}

//go:build !function

package assemble

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/config"
	"github.com/trailwarden/trailwarden/pipeline"
	"github.com/trailwarden/trailwarden/query/lake"
	"github.com/trailwarden/trailwarden/query/sandbox"
	"github.com/trailwarden/trailwarden/source"
	"github.com/trailwarden/trailwarden/source/s3"
)

// maxObjects bounds the objects of one listing, which is kept in memory.
const maxObjects = 2_000_000

// ListBucket adds the objects of a bucket to a listing; they are read when the
// listing is.
func ListBucket(ctx context.Context, l *pipeline.Listing, client *s3.Client, wanted s3.Listing) error {
	for object, err := range client.List(ctx, wanted) {
		if err != nil {
			return fmt.Errorf("s3://%s/%s could not be listed: %w", wanted.Bucket, wanted.Prefix, err)
		}
		if l.Files() >= maxObjects {
			return fmt.Errorf("s3://%s/%s: more than %d objects; narrow it by time, account or region", wanted.Bucket, wanted.Prefix, maxObjects)
		}
		l.AddRemote("s3://"+object.Bucket+"/"+object.Key, object.Size, fetching(client, object))
	}
	return nil
}

func fetching(client *s3.Client, object source.Object) pipeline.Fetch {
	return func(ctx context.Context) (io.ReadCloser, error) {
		r, _, err := client.Open(ctx, object)
		return r, err
	}
}

// KeepsLake tells whether the configuration has a server keep a lake.
func (a *Assembly) KeepsLake() bool { return a.Config.Lake.Keep && a.Config.Lake.Path != "" }

// KeepLake brings the lake up to date with the buckets and folders of the
// sources: what was delivered since the lake's newest day, and a little before,
// is listed, and what is not in it is taken in. It reads for itself, whatever the
// server has read, so that neither waits for the other, and a turn that fails is
// made up for by the next. Then small files are put together and days beyond the
// retention removed.
func (a *Assembly) KeepLake(ctx context.Context, log *slog.Logger) (p lake.Progress, err error) {
	program, err := sandbox.FindEngine(ctx, func(m string) { log.Info(m) })
	if err != nil {
		return p, err
	}
	l, err := lake.OpenForWriting(a.Config.Lake.Path)
	if err != nil {
		return p, err
	}
	defer l.Close()
	listing, faults := a.lakeInputs(ctx, l)
	o := lake.Options{Program: program, Listing: listing, Memory: int64(a.Config.Query.Memory), Workers: a.Config.Serve.Workers, Limits: Limits(a.Config), Now: a.o.Now,
		Fault: func(f cloudtrail.Fault) { log.Warn("the lake passes over what cannot be read", "fault", f.Error()) }}
	p, err = l.Ingest(ctx, o)
	if s := l.Stats(); err == nil && s.Files > 2*s.Partitions {
		_, err = l.Compact(ctx, o)
	}
	if keep := a.Config.Lake.Retention.Std(); err == nil && keep > 0 {
		now := a.o.Now()
		_, err = l.Expire(now.Add(-keep), now)
	}
	return p, errors.Join(err, faults)
}

// lakeInputs lists what the sources read. What cannot be listed is an error, and
// the rest is there.
func (a *Assembly) lakeInputs(ctx context.Context, l *lake.Lake) (*pipeline.Listing, error) {
	all := &pipeline.Listing{}
	var faults []error
	for i := range a.Config.Sources {
		c := &a.Config.Sources[i]
		if !c.Enabled {
			continue
		}
		if err := a.lakeInput(ctx, all, c, l); err != nil {
			faults = append(faults, fmt.Errorf("sources.%s: %w", c.Name, err))
		}
	}
	return all, errors.Join(faults...)
}

// lakeBackfill is how far an empty lake reaches back when the source does not
// say.
const lakeBackfill = 7 * 24 * time.Hour

// lakeOverlap is how much of the lake's newest days is listed again, for files
// that come late.
const lakeOverlap = 48 * time.Hour

func (a *Assembly) lakeInput(ctx context.Context, all *pipeline.Listing, c *config.Source, l *lake.Lake) error {
	from := l.Newest().Add(-lakeOverlap)
	switch {
	case c.Folder != nil:
		if _, err := os.Stat(c.Folder.Path); err != nil {
			return err
		}
		for one := range pipeline.List([]string{c.Folder.Path}, true).Each {
			all.Add(one)
		}
	case c.S3 != nil:
		if l.Newest().IsZero() {
			var err error
			if from, err = config.Moment(c.S3.From, a.o.Now()); err != nil {
				return fmt.Errorf("from: %w", err)
			}
		}
		return a.lakeBucket(ctx, all, c.S3.Client, s3.Listing{Bucket: c.S3.Bucket, Prefix: c.S3.Prefix, From: from, Accounts: c.S3.Accounts, Regions: c.S3.Regions})
	case c.SQS != nil: // its messages name objects of these buckets
		if l.Newest().IsZero() {
			from = time.Time{}
		}
		for _, bucket := range c.SQS.Buckets {
			if err := a.lakeBucket(ctx, all, c.SQS.Client, s3.Listing{Bucket: bucket, From: from}); err != nil {
				return err
			}
		}
	}
	return nil
}

func (a *Assembly) lakeBucket(ctx context.Context, all *pipeline.Listing, block config.Client, wanted s3.Listing) error {
	if wanted.From.IsZero() {
		wanted.From = a.o.Now().Add(-lakeBackfill)
	}
	client, err := a.objects(ctx, block, []string{wanted.Bucket})
	if err != nil {
		return err
	}
	return ListBucket(ctx, all, client, wanted)
}

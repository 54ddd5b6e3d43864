//go:build !function

package assemble

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/trailwarden/trailwarden/config"
	"github.com/trailwarden/trailwarden/source"
	"github.com/trailwarden/trailwarden/source/folder"
	sourcehttp "github.com/trailwarden/trailwarden/source/http"
	"github.com/trailwarden/trailwarden/source/logs"
	"github.com/trailwarden/trailwarden/source/lookup"
	"github.com/trailwarden/trailwarden/source/s3"
	"github.com/trailwarden/trailwarden/source/sqs"
)

// Sources makes every source that is enabled. One that cannot be made does not
// stop the others: the error joins what is wrong with each.
func (a *Assembly) Sources(ctx context.Context, cursor source.Cursor) ([]MadeSource, error) {
	var out []MadeSource
	var faults []error
	for i := range a.Config.Sources {
		c := &a.Config.Sources[i]
		if !c.Enabled {
			continue
		}
		m, err := a.source(ctx, c, cursor)
		if err != nil {
			faults = append(faults, fmt.Errorf("sources.%s: %w", c.Name, err))
			continue
		}
		m.Print = a.print(c)
		out = append(out, m)
	}
	return out, errors.Join(faults...)
}

// print is a hash of the settings; secrets are in it by reference only.
func (a *Assembly) print(c *config.Source) string {
	text, err := json.Marshal(c)
	if err != nil {
		text = fmt.Append(nil, err)
	}
	sum := sha256.Sum256(fmt.Appendf(text, "%v", a.Config.AWS))
	return hex.EncodeToString(sum[:8])
}

func (a *Assembly) source(ctx context.Context, c *config.Source, cursor source.Cursor) (MadeSource, error) {
	switch {
	case c.S3 != nil:
		return a.bucket(ctx, c, cursor)
	case c.SQS != nil:
		return a.queue(ctx, c)
	case c.HTTP != nil:
		return a.endpoint(c, cursor)
	case c.Logs != nil:
		return a.logGroup(ctx, c, cursor)
	case c.Lookup != nil:
		return a.history(ctx, c, cursor)
	case c.Folder != nil:
		s := folder.New(folder.Options{Name: c.Name, Path: c.Folder.Path, Every: c.Folder.Every.Std(), Settled: c.Folder.Settled.Std(),
			Workers: a.workers(), Cursor: cursor, Grace: a.grace()})
		return MadeSource{Source: s, Fetch: s.Fetcher()}, nil
	}
	return MadeSource{}, errors.New("it has no kind")
}

// workers is how many files are judged at once; 0 leaves it to the source.
func (a *Assembly) workers() int { return a.Config.Serve.Workers }

// grace is how long handlers may go on after the end: half of the time for a stop,
// as serve shares it. Sinks need the other half.
func (a *Assembly) grace() time.Duration { return a.Config.Serve.Stop.Std() / 2 }

func (a *Assembly) bucket(ctx context.Context, c *config.Source, cursor source.Cursor) (MadeSource, error) {
	b := c.S3
	client, err := a.objects(ctx, b.Client, []string{b.Bucket})
	if err != nil {
		return MadeSource{}, err
	}
	from, err := config.Moment(b.From, a.o.Now())
	if err != nil {
		return MadeSource{}, fmt.Errorf("from: %w", err)
	}
	to, err := config.Moment(b.To, a.o.Now())
	if err != nil {
		return MadeSource{}, fmt.Errorf("to: %w", err)
	}
	s := s3.NewPoll(s3.PollOptions{Name: c.Name, Client: client, Every: b.Every.Std(), Workers: b.Workers, Cursor: cursor,
		Grace: a.grace(), Ahead: a.Config.Limits.Lateness.Std() / 2,
		Listing: s3.Listing{Bucket: b.Bucket, Prefix: b.Prefix, From: from, To: to, Accounts: b.Accounts, Regions: b.Regions}})
	return MadeSource{Source: s, Fetch: client}, nil
}

func (a *Assembly) queue(ctx context.Context, c *config.Source) (MadeSource, error) {
	q := c.SQS
	block := q.Client
	block.Region = q.AWSRegion()
	cfg, err := a.AWS(ctx, block)
	if err != nil {
		return MadeSource{}, err
	}
	block.Endpoint = "" // which is the queue's, not that of buckets
	client, err := a.objects(ctx, block, q.Buckets)
	if err != nil {
		return MadeSource{}, err
	}
	s := sqs.New(sqs.Options{Name: c.Name, Config: cfg, QueueURL: q.Queue, Parallel: q.Workers, Receivers: max(1, q.Workers/10),
		MaxReceives: q.Tries, Visibility: q.Visibility.Std(), Grace: a.grace()})
	return MadeSource{Source: s, Fetch: client}, nil
}

func (a *Assembly) endpoint(c *config.Source, cursor source.Cursor) (MadeSource, error) {
	h := c.HTTP
	o := sourcehttp.Options{Name: c.Name, Topics: h.Topics, KeyHeader: h.APIHeader, MaxBody: int64(h.MaxBody)}
	o.Shelf, _ = cursor.(source.Shelf) // which a watch has
	if !h.APIKey.IsZero() {
		o.Key = a.Secret(h.APIKey)
		o.Forget = func() { a.secrets.Forget(h.APIKey) }
	}
	if h.Confirm {
		o.SNS.Confirm = sourcehttp.Visit
	}
	s := sourcehttp.New(o)
	return MadeSource{Source: s, Fetch: a.Objects(h.Client),
		Endpoint: &Endpoint{Listen: h.Listen, Path: h.Path, Certificate: h.Certificate, Key: h.Key, Handler: s}}, nil
}

func (a *Assembly) logGroup(ctx context.Context, c *config.Source, cursor source.Cursor) (MadeSource, error) {
	block := c.Logs.Client
	if parts := strings.Split(c.Logs.Group, ":"); block.Region == "" && len(parts) > 5 { // of its ARN
		block.Region = parts[3]
	}
	cfg, err := a.AWS(ctx, block)
	if err != nil {
		return MadeSource{}, err
	}
	s := logs.New(logs.Options{Name: c.Name, Config: cfg, Group: c.Logs.Group, Prefix: c.Logs.Prefix, Every: c.Logs.Every.Std(),
		Overlap: c.Logs.Lag.Std(), Cursor: cursor, Grace: a.grace()})
	return MadeSource{Source: s, Fetch: source.Fetchers{}}, nil
}

func (a *Assembly) history(ctx context.Context, c *config.Source, cursor source.Cursor) (MadeSource, error) {
	cfg, err := a.AWS(ctx, c.Lookup.Client)
	if err != nil {
		return MadeSource{}, err
	}
	from, err := config.Moment(c.Lookup.From, a.o.Now())
	if err != nil {
		return MadeSource{}, fmt.Errorf("from: %w", err)
	}
	s := lookup.New(lookup.Options{Name: c.Name, Config: cfg, Regions: c.Lookup.Regions, From: from, Every: c.Lookup.Every.Std(),
		Overlap: c.Lookup.Overlap.Std(), Cursor: cursor, Grace: a.grace()})
	return MadeSource{Source: s, Fetch: source.Fetchers{}}, nil
}

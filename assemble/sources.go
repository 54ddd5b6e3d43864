package assemble

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
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

// MadeSource is a source with what its deliveries need.
type MadeSource struct {
	source.Source
	// Fetch opens the objects that it announces.
	Fetch source.Fetcher
	// Endpoint is set for a source that is pushed to.
	Endpoint *Endpoint
	// Print changes with the source's settings.
	Print string
}

// Endpoint is where an HTTP source listens.
type Endpoint struct {
	Listen, Path     string
	Certificate, Key string // files, PEM; empty for plain HTTP
	Handler          http.Handler
}

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
		return a.endpoint(c)
	case c.Logs != nil:
		return a.logGroup(ctx, c, cursor)
	case c.Lookup != nil:
		return a.history(ctx, c, cursor)
	case c.Folder != nil:
		s := folder.New(folder.Options{Name: c.Name, Path: c.Folder.Path, Every: c.Folder.Every.Std(), Settled: c.Folder.Settled.Std(),
			Workers: a.workers(), Cursor: cursor, Grace: a.Config.Serve.Stop.Std()})
		return MadeSource{Source: s, Fetch: s.Fetcher()}, nil
	}
	return MadeSource{}, errors.New("it has no kind")
}

// workers is how many files are judged at once; 0 leaves it to the source.
func (a *Assembly) workers() int { return a.Config.Serve.Workers }

// objects reads S3 as a block of the configuration says.
func (a *Assembly) objects(ctx context.Context, block config.Client, buckets []string) (*s3.Client, error) {
	cfg, err := a.AWS(ctx, block)
	if err != nil {
		return nil, err
	}
	return s3.New(s3.Options{Config: cfg, Buckets: buckets, PathStyle: cfg.BaseEndpoint != nil}), nil
}

func (a *Assembly) bucket(ctx context.Context, c *config.Source, cursor source.Cursor) (MadeSource, error) {
	b := c.S3
	client, err := a.objects(ctx, b.Client, []string{b.Bucket})
	if err != nil {
		return MadeSource{}, err
	}
	from, err := moment(b.From, a.o.Now())
	if err != nil {
		return MadeSource{}, fmt.Errorf("from: %w", err)
	}
	to, err := moment(b.To, a.o.Now())
	if err != nil {
		return MadeSource{}, fmt.Errorf("to: %w", err)
	}
	s := s3.NewPoll(s3.PollOptions{Name: c.Name, Client: client, Every: b.Every.Std(), Workers: b.Workers, Cursor: cursor,
		Grace:   a.Config.Serve.Stop.Std(),
		Listing: s3.Listing{Bucket: b.Bucket, Prefix: b.Prefix, From: from, To: to, Accounts: b.Accounts, Regions: b.Regions}})
	return MadeSource{Source: s, Fetch: client}, nil
}

func (a *Assembly) queue(ctx context.Context, c *config.Source) (MadeSource, error) {
	q := c.SQS
	block := q.Client
	if block.Region == "" {
		block.Region = queueRegion(q.Queue)
	}
	cfg, err := a.AWS(ctx, block)
	if err != nil {
		return MadeSource{}, err
	}
	client, err := a.objects(ctx, block, q.Buckets)
	if err != nil {
		return MadeSource{}, err
	}
	s := sqs.New(sqs.Options{Name: c.Name, Config: cfg, QueueURL: q.Queue, Parallel: q.Workers, Receivers: max(1, q.Workers/10),
		MaxReceives: q.Tries, Visibility: q.Visibility.Std(), Grace: a.Config.Serve.Stop.Std()})
	return MadeSource{Source: s, Fetch: client}, nil
}

// queueRegion is the region in a queue's URL, empty when it has none.
func queueRegion(queue string) string {
	_, rest, ok := strings.Cut(queue, "//sqs.")
	if !ok {
		return ""
	}
	region, _, _ := strings.Cut(rest, ".")
	return region
}

func (a *Assembly) endpoint(c *config.Source) (MadeSource, error) {
	h := c.HTTP
	o := sourcehttp.Options{Name: c.Name, Topics: h.Topics, KeyHeader: h.APIHeader, MaxBody: int64(h.MaxBody)}
	if !h.APIKey.IsZero() {
		o.Key = a.Secret(h.APIKey)
	}
	if h.Confirm {
		o.SNS.Confirm = sourcehttp.Visit
	}
	s := sourcehttp.New(o)
	return MadeSource{Source: s, Fetch: a.Objects(h.Client),
		Endpoint: &Endpoint{Listen: h.Listen, Path: h.Path, Certificate: h.Certificate, Key: h.Key, Handler: s}}, nil
}

func (a *Assembly) logGroup(ctx context.Context, c *config.Source, cursor source.Cursor) (MadeSource, error) {
	cfg, err := a.AWS(ctx, c.Logs.Client)
	if err != nil {
		return MadeSource{}, err
	}
	s := logs.New(logs.Options{Name: c.Name, Config: cfg, Group: c.Logs.Group, Prefix: c.Logs.Prefix, Every: c.Logs.Every.Std(),
		Overlap: c.Logs.Lag.Std(), Cursor: cursor, Grace: a.Config.Serve.Stop.Std()})
	return MadeSource{Source: s, Fetch: source.Fetchers{}}, nil
}

func (a *Assembly) history(ctx context.Context, c *config.Source, cursor source.Cursor) (MadeSource, error) {
	cfg, err := a.AWS(ctx, c.Lookup.Client)
	if err != nil {
		return MadeSource{}, err
	}
	from, err := moment(c.Lookup.From, a.o.Now())
	if err != nil {
		return MadeSource{}, fmt.Errorf("from: %w", err)
	}
	s := lookup.New(lookup.Options{Name: c.Name, Config: cfg, Regions: c.Lookup.Regions, From: from, Every: c.Lookup.Every.Std(),
		Overlap: c.Lookup.Overlap.Std(), Cursor: cursor, Grace: a.Config.Serve.Stop.Std()})
	return MadeSource{Source: s, Fetch: source.Fetchers{}}, nil
}

// moment reads a time: RFC 3339, a day (its start, UTC), or an age such as 7d.
func moment(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	if days, ok := strings.CutSuffix(text, "d"); ok {
		if n, err := strconv.Atoi(days); err == nil && n >= 0 {
			return now.UTC().AddDate(0, 0, -n), nil
		}
	}
	if d, err := time.ParseDuration(text); err == nil && d >= 0 {
		return now.UTC().Add(-d), nil
	}
	return time.Time{}, fmt.Errorf("time %q: want 2026-03-14, 2026-03-14T09:00:00Z, or an age such as 24h or 7d", text)
}

// Objects opens the objects of any bucket as a block of the configuration says.
// AWS is spoken to when the first is announced: records that events carry need
// no access to S3.
func (a *Assembly) Objects(block config.Client) source.Fetcher { return &lazily{a: a, block: block} }

type lazily struct {
	a     *Assembly
	block config.Client

	mu     sync.Mutex
	client *s3.Client
}

// Open implements source.Fetcher.
func (l *lazily) Open(ctx context.Context, o source.Object) (io.ReadCloser, source.Info, error) {
	l.mu.Lock()
	if l.client == nil {
		c, err := l.a.objects(ctx, l.block, nil)
		if err != nil {
			l.mu.Unlock()
			return nil, source.Info{}, err
		}
		l.client = c
	}
	c := l.client
	l.mu.Unlock()
	return c.Open(ctx, o)
}

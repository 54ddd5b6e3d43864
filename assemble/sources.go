package assemble

import (
	"context"
	"io"
	"net/http"
	"sync"

	"github.com/trailwarden/trailwarden/config"
	"github.com/trailwarden/trailwarden/source"
	"github.com/trailwarden/trailwarden/source/s3"
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

// objects reads S3 as a block of the configuration says.
func (a *Assembly) objects(ctx context.Context, block config.Client, buckets []string) (*s3.Client, error) {
	cfg, err := a.AWS(ctx, block)
	if err != nil {
		return nil, err
	}
	return s3.New(s3.Options{Config: cfg, Buckets: buckets, PathStyle: cfg.BaseEndpoint != nil}), nil
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

package main

import (
	"context"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/trailwarden/trailwarden/assemble"
	"github.com/trailwarden/trailwarden/config"
	"github.com/trailwarden/trailwarden/internal/awsx"
	"github.com/trailwarden/trailwarden/pipeline"
	"github.com/trailwarden/trailwarden/query"
	"github.com/trailwarden/trailwarden/query/athenasql"
	"github.com/trailwarden/trailwarden/source/s3"
)

// isBucket tells a place in Amazon S3 from a path.
func isBucket(path string) bool { return strings.HasPrefix(path, "s3://") }

// listElsewhere adds what the reach leaves of the lakes and of the places in S3
// among the paths, which by says how to reach.
func listElsewhere(ctx context.Context, s *streams, by config.AWS, l *pipeline.Listing, paths []string, reach athenasql.Reach) (*pipeline.Listing, error) {
	lakes, paths := lakesAmong(paths)
	if err := listLakes(ctx, s, l, lakes, reach); err != nil || !slices.ContainsFunc(paths, isBucket) {
		return l, err
	}
	cfg, err := awsx.Load(ctx, awsx.Settings{Region: by.Region, Profile: by.Profile, Endpoint: by.Endpoint, Version: versionName(), Attempts: 6})
	if err != nil {
		return nil, err
	}
	client := s3.New(s3.Options{Config: cfg, PathStyle: cfg.BaseEndpoint != nil || os.Getenv("AWS_ENDPOINT_URL") != ""})
	for _, p := range paths {
		if isBucket(p) {
			if err := listBucket(ctx, l, client, p, reach); err != nil {
				return nil, err
			}
		}
	}
	return l, nil
}

// listBucket adds the log objects below url.
func listBucket(ctx context.Context, l *pipeline.Listing, client *s3.Client, url string, reach athenasql.Reach) error {
	bucket, prefix, err := s3.ParseURL(url)
	if err != nil {
		return err
	}
	wanted := s3.Listing{Bucket: bucket, Prefix: prefix, From: reach.From, To: reach.To, Accounts: reach.Accounts, Regions: reach.Regions, Foreign: true}
	return assemble.ListBucket(ctx, l, client, wanted)
}

// reachOf is what a scope leaves: files hold events of before their delivery,
// rarely of days before.
func reachOf(s query.Scope) athenasql.Reach {
	r := athenasql.Reach{From: s.From, Accounts: s.Accounts, Regions: s.Regions}
	if !s.To.IsZero() {
		r.To = s.To.Add(lateDelivery)
	}
	return r
}

// lateDelivery is how much later than an event its file may come and still be
// looked for.
const lateDelivery = 48 * time.Hour

// reach is where the records can lie that a query asks for: what its text and
// the flags leave.
func (j *queryJob) reach(sql string) athenasql.Reach {
	r := reachOf(j.scope)
	t, err := athenasql.Translate(sql, athenasql.Options{Params: j.cmd.params(), Args: j.cmd.Arg, Now: time.Now()})
	if err != nil {
		return r // the query itself will say so
	}
	own := t.Reach()
	if own.From.After(r.From) {
		r.From = own.From
	}
	if !own.To.IsZero() && (r.To.IsZero() || own.To.Before(r.To)) {
		r.To = own.To
	}
	if len(r.Accounts) == 0 {
		r.Accounts = own.Accounts
	}
	if len(r.Regions) == 0 {
		r.Regions = own.Regions
	}
	return r
}

package digest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/trailwarden/trailwarden/cloudtrail"
)

// Validator validates all chains of a bucket or of a copy of one.
type Validator struct {
	Vault Vault
	Keys  Keys
	// Results receives every verdict, one at a time: of each digest, newest
	// first, followed by those of its log files; then unreferenced files.
	Results func(Result)
	// Workers is how many log files are hashed at once; 0 means 8.
	Workers int

	summary *Summary
	covered map[string]*coverage // by folder of log files
}

// Scope bounds a validation. Empty fields take all that there is.
type Scope struct {
	Bucket  string
	Prefix  string // of the bucket, without its final slash
	Account string
	Region  string
	Trail   string
	From    time.Time // UTC
	To      time.Time // UTC
}

// Validate validates every chain within scope. The error is one that kept it
// from reading; what is wrong with the files is in the summary.
func (v *Validator) Validate(ctx context.Context, s Scope) (*Summary, error) {
	if s.From.After(s.To) {
		return nil, fmt.Errorf("from %s is after to %s", s.From.Format(time.RFC3339), s.To.Format(time.RFC3339))
	}
	v.summary = &Summary{Counts: map[Kind]*Count{}, Beyond: map[Verdict]int64{}}
	v.covered = map[string]*coverage{}
	chains, err := v.chains(ctx, s)
	if err != nil {
		return v.summary, err
	}
	v.summary.Chains = len(chains)
	for _, c := range chains {
		w := &walk{Validator: v, chain: c, bucket: s.Bucket, from: s.From, to: s.To}
		w.visit = func(d *Digest) error { return v.valid(ctx, w, d, s) }
		if err := w.run(ctx); err != nil {
			return v.summary, fmt.Errorf("account %s, region %s, trail %s: %w", c.Account, c.Region, c.Trail, err)
		}
	}
	return v.summary, v.unreferenced(ctx, s)
}

func (v *Validator) emit(r Result) {
	v.summary.add(r)
	if v.Results != nil {
		v.Results(r)
	}
}

// chains finds what there is to validate: each account and region with a folder
// of digests, and in it each trail.
func (v *Validator) chains(ctx context.Context, s Scope) ([]Chain, error) {
	root := "AWSLogs/"
	if s.Prefix != "" {
		root = s.Prefix + "/" + root
	}
	owners, err := v.Vault.Folders(ctx, s.Bucket, root)
	if err != nil {
		return nil, err
	}
	var chains []Chain
	for _, o := range owners {
		accounts, org := []string{o}, ""
		if strings.HasPrefix(o, "o-") {
			if accounts, err = v.Vault.Folders(ctx, s.Bucket, root+o+"/"); err != nil {
				return nil, err
			}
			org = o
		}
		for _, a := range accounts {
			if s.Account != "" && s.Account != a {
				continue
			}
			found, err := v.trails(ctx, s, Chain{Prefix: s.Prefix, Organization: org, Account: a})
			if err != nil {
				return nil, err
			}
			chains = append(chains, found...)
		}
	}
	return chains, nil
}

// trails finds the chains of one account.
func (v *Validator) trails(ctx context.Context, s Scope, c Chain) (chains []Chain, err error) {
	root := strings.TrimSuffix(c.root(cloudtrail.FileDigest), "/")
	regions, err := v.Vault.Folders(ctx, s.Bucket, root)
	if err != nil {
		return nil, err
	}
	for _, region := range regions {
		if s.Region != "" && s.Region != region {
			continue
		}
		c.Region = region
		seen := map[Chain]bool{}
		after := root + region + "/" + s.From.Add(-time.Minute).Format("2006/01/02")
		last := s.To.Add(time.Hour)
		err := v.Vault.List(ctx, s.Bucket, root+region+"/", after, func(key string) bool {
			k, ok := cloudtrail.ParseObjectKey(key)
			if !ok || k.Delivered.IsZero() || s.Trail != "" && k.Trail != s.Trail {
				return true
			}
			if chain := of(k); !seen[chain] {
				seen[chain] = true
				chains = append(chains, chain)
			}
			return !k.Date.After(last)
		})
		if err != nil {
			return nil, err
		}
	}
	return standardFirst(chains), nil
}

// standardFirst keeps backfill chains behind the others.
func standardFirst(chains []Chain) []Chain {
	var out, backfill []Chain
	for _, c := range chains {
		if c.Backfill {
			backfill = append(backfill, c)
		} else {
			out = append(out, c)
		}
	}
	return append(out, backfill...)
}

// valid reports a valid digest and checks the log files that it names.
func (v *Validator) valid(ctx context.Context, w *walk, d *Digest, s Scope) error {
	v.summary.cover(d, s.From, s.To)
	v.emit(Result{Kind: w.chain.kind(), Bucket: d.Bucket, Key: d.Object, Verdict: Valid})
	v.note(w.chain, d)
	results, errs := make([]Result, len(d.LogFiles)), make([]error, len(d.LogFiles))
	workers := v.Workers
	if workers <= 0 {
		workers = 8
	}
	var wg sync.WaitGroup
	next := make(chan int)
	for range min(workers, len(d.LogFiles)) {
		wg.Go(func() {
			for i := range next {
				results[i], errs[i] = v.logFile(ctx, d.LogFiles[i])
			}
		})
	}
	for i := range d.LogFiles {
		next <- i
	}
	close(next)
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	for _, r := range results {
		v.emit(r)
	}
	return nil
}

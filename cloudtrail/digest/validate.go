package digest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/trailwarden/trailwarden/cloudtrail"
)

// Validator validates all chains of a bucket or of a copy of one. A Validator
// does one validation at a time.
type Validator struct {
	Vault Vault
	Keys  Keys
	// Results receives every verdict, one at a time: of each digest, newest
	// first, followed by those of its log files; then the unreferenced files of
	// its account and region.
	Results func(Result)
	// Workers is how many log files of a digest are hashed at once; 0 means 8.
	Workers int
	// Places is how many pairs of account and region are validated at once, for
	// each chain is read one digest after the other; their results interleave.
	// 0 means 1.
	Places int

	mu      sync.Mutex // of what follows, and of Results
	summary *Summary
	failed  []error
	failing int
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

// Validate validates every chain within scope. The error says which chains
// could not be followed to their end, and why; what is wrong with the files is
// in the summary.
func (v *Validator) Validate(ctx context.Context, s Scope) (*Summary, error) {
	if s.From.After(s.To) {
		return nil, fmt.Errorf("from %s is after to %s", s.From.Format(time.RFC3339), s.To.Format(time.RFC3339))
	}
	v.summary = &Summary{Counts: map[Kind]*Count{}, Beyond: map[Verdict]int64{}}
	v.failed, v.failing = nil, 0
	places, err := Places(ctx, v.Vault, s)
	if err != nil {
		return v.summary, err
	}
	bare, err := bare(ctx, v.Vault, s, places)
	if err != nil {
		return v.summary, err
	}
	places = append(places, bare...)
	var wg sync.WaitGroup
	next := make(chan Chain)
	for range min(max(v.Places, 1), len(places)) {
		wg.Go(func() {
			for p := range next {
				v.place(ctx, p, s)
			}
		})
	}
	for _, p := range places {
		next <- p
	}
	close(next)
	wg.Wait()
	if ctx.Err() != nil {
		return v.summary, ctx.Err()
	}
	if v.failing > len(v.failed) {
		v.failed = append(v.failed, fmt.Errorf("and %d more", v.failing-len(v.failed)))
	}
	return v.summary, errors.Join(v.failed...)
}

// maxFailures is how many chains that fail are told of.
const maxFailures = 20

func (v *Validator) fail(c Chain, err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.failing++; v.failing > maxFailures {
		return
	}
	where := "account " + c.Account + ", region " + c.Region
	if c.Trail != "" {
		where += ", trail " + c.Trail
	}
	v.failed = append(v.failed, fmt.Errorf("%s: %w", where, err))
}

func (v *Validator) emit(r Result) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.summary.add(r)
	if v.Results != nil {
		v.Results(r)
	}
}

// Places finds what there is to validate: each account and region with a folder
// of digests, as a Chain without a trail.
func Places(ctx context.Context, vault Vault, s Scope) (places []Chain, err error) {
	return placesOf(ctx, vault, s, cloudtrail.FileDigest)
}

// bare is the places with log files that have no folder of digests. A log file does
// not say of which trail it is, so there are none where one trail is asked for.
func bare(ctx context.Context, vault Vault, s Scope, digested []Chain) ([]Chain, error) {
	if s.Trail != "" {
		return nil, nil
	}
	logged, err := placesOf(ctx, vault, s, cloudtrail.FileEvents)
	return slices.DeleteFunc(logged, func(p Chain) bool { return slices.Contains(digested, p) }), err
}

// placesOf finds each account and region with a folder of a kind of files.
func placesOf(ctx context.Context, vault Vault, s Scope, kind cloudtrail.FileKind) (places []Chain, err error) {
	root := "AWSLogs/"
	if s.Prefix != "" {
		root = s.Prefix + "/" + root
	}
	owners, err := vault.Folders(ctx, s.Bucket, root)
	if err != nil {
		return nil, err
	}
	for _, o := range owners {
		accounts, org := []string{o}, ""
		if strings.HasPrefix(o, "o-") {
			if accounts, err = vault.Folders(ctx, s.Bucket, root+o+"/"); err != nil {
				return nil, err
			}
			org = o
		}
		for _, a := range accounts {
			if s.Account != "" && s.Account != a {
				continue
			}
			c := Chain{Prefix: s.Prefix, Organization: org, Account: a}
			regions, err := vault.Folders(ctx, s.Bucket, strings.TrimSuffix(c.Root(kind), "/"))
			if err != nil {
				return nil, err
			}
			for _, c.Region = range regions {
				if s.Region == "" || s.Region == c.Region {
					places = append(places, c)
				}
			}
		}
	}
	return places, nil
}

// place validates the chains of one account and region, then looks for log
// files that none of them names.
func (v *Validator) place(ctx context.Context, p Chain, s Scope) {
	digests := map[Chain][]listed{}
	var chains []Chain
	err := v.eachDigest(ctx, s.Bucket, p, s.From, s.To, func(c Chain, l listed) {
		if s.Trail != "" && s.Trail != c.Trail {
			return
		}
		if digests[c] == nil {
			chains = append(chains, c)
		}
		digests[c] = append(digests[c], l)
	})
	if err != nil {
		v.fail(p, err)
		return
	}
	named := newCoverage()
	for _, c := range standardFirst(chains) {
		sortByEnd(digests[c])
		w := &walk{Validator: v, chain: c, bucket: s.Bucket, from: s.From, to: s.To, digests: digests[c], seen: map[string]bool{}}
		w.visit = func(d *Digest) error { return v.valid(ctx, c, d, s, named) }
		if err := w.run(ctx); err != nil {
			v.fail(c, err)
		}
		delete(digests, c)
	}
	v.mu.Lock()
	v.summary.Chains += len(chains)
	v.mu.Unlock()
	if len(chains) == 0 && s.Trail == "" {
		err = v.undigested(ctx, s, p)
	} else {
		err = v.unreferenced(ctx, s, p, named)
	}
	if err != nil {
		v.fail(p, err)
	}
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
func (v *Validator) valid(ctx context.Context, c Chain, d *Digest, s Scope, named *coverage) error {
	v.mu.Lock()
	v.summary.cover(d, s.From, s.To)
	v.mu.Unlock()
	v.emit(Result{Kind: c.kind(), Bucket: d.Bucket, Key: d.Object, Verdict: Valid})
	named.note(c, d)
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

package digest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/trailwarden/trailwarden/cloudtrail"
)

// Chain names a chain of digests: those of one trail for one account and
// region. A trail's backfill digests are a chain of their own.
type Chain struct {
	Prefix       string // of the bucket, without its final slash
	Organization string
	Account      string
	Region       string // whose events it covers
	Trail        string
	HomeRegion   string // of the trail
	Backfill     bool
}

func (c Chain) kind() Kind {
	if c.Backfill {
		return KindBackfill
	}
	return KindDigest
}

// Root is the folder, with its final slash, of a kind of file of the chain's
// account and region.
func (c Chain) Root(kind cloudtrail.FileKind) string {
	parts := []string{"AWSLogs", c.Account, string(kind), c.Region}
	if c.Organization != "" {
		parts = slices.Insert(parts, 1, c.Organization)
	}
	if c.Prefix != "" {
		parts = slices.Insert(parts, 0, c.Prefix)
	}
	return strings.Join(parts, "/") + "/"
}

// place is the chain without what tells it from others of its account and
// region.
func (c Chain) place() Chain {
	c.Trail, c.HomeRegion, c.Backfill = "", "", false
	return c
}

// of is the chain that a digest's key belongs to.
func of(k cloudtrail.ObjectKey) Chain {
	return Chain{Prefix: k.Prefix, Organization: k.Organization, Account: k.Account, Region: k.Region,
		Trail: k.Trail, HomeRegion: k.HomeRegion, Backfill: k.Backfill}
}

// listed is a digest that the bucket lists.
type listed struct {
	key string
	end time.Time // from its name
}

// walk follows one chain from its newest digest to its oldest.
type walk struct {
	*Validator
	chain   Chain
	bucket  string // empty until the first valid digest says, for a copy
	from    time.Time
	to      time.Time
	digests []listed // oldest first; taken from the end
	keys    map[string]string
	seen    map[string]bool // digests read, so that no chain runs in a circle
	// after is the digest that came before in the walk, so after in time, and
	// trusted tells whether it was valid.
	after   *Digest
	trusted bool
	visit   func(*Digest) error
}

// FirstKeys is before CloudTrail signed anything (log file validation came in
// October 2015); earlier times are no times for its API.
var FirstKeys = time.Date(2015, 1, 1, 0, 0, 0, 0, time.UTC)

// run is the walk of `aws cloudtrail validate-logs`: a valid digest leads to
// the one before it; whatever is wrong with one, the next older one that the
// bucket lists is taken.
func (w *walk) run(ctx context.Context) error {
	if !w.chain.Backfill {
		from := w.from
		if from.Before(FirstKeys) {
			from = FirstKeys
		}
		keys, err := w.Keys.Between(ctx, w.chain.Region, from, w.to.Add(2*time.Hour))
		if err != nil {
			return err
		}
		w.keys = keys
	}
	next, ok := w.older(time.Time{})
	last := next.end
	for ok && !last.Before(w.from) {
		d, problem, err := w.read(ctx, next.key)
		if err != nil {
			return err
		}
		if problem != nil {
			// A digest that cannot be verified may still name the signature of the
			// one before it: a signature that fits proves itself.
			w.after, w.trusted = d, false
			w.emit(*problem)
			next, ok = w.older(next.end)
			continue
		}
		last = d.StartTime
		w.bucket = d.Bucket
		if err := w.visit(d); err != nil {
			return err
		}
		next, ok, err = w.follow(ctx, d, next)
		if err != nil {
			return err
		}
	}
	return nil
}

// list loads the names of the chain's digests up to a time.
func (w *walk) list(ctx context.Context, to time.Time) error {
	found := map[Chain][]listed{}
	if err := w.eachDigest(ctx, w.bucket, w.chain, w.from, to, func(c Chain, l listed) {
		if c == w.chain {
			found[c] = append(found[c], l)
		}
	}); err != nil {
		return err
	}
	w.digests = found[w.chain]
	sortByEnd(w.digests)
	return nil
}

func sortByEnd(digests []listed) {
	slices.SortStableFunc(digests, func(a, b listed) int { return a.end.Compare(b.end) })
}

// eachDigest lists the digests of the place of a chain that ended in a time, an
// hour more at its end.
func (v *Validator) eachDigest(ctx context.Context, bucket string, place Chain, from, to time.Time, visit func(Chain, listed)) error {
	root := place.Root(cloudtrail.FileDigest)
	after := root + from.Add(-time.Minute).UTC().Format("2006/01/02")
	limit := to.Add(time.Hour).Truncate(time.Second)
	return v.Vault.List(ctx, bucket, root, after, func(key string) bool {
		k, ok := cloudtrail.ParseObjectKey(key)
		if !ok || k.Delivered.IsZero() || !strings.HasPrefix(key, root) || of(k).place() != place.place() ||
			!strings.HasSuffix(key, ".json.gz") {
			return true
		}
		if !k.Delivered.Before(from.Truncate(time.Second)) && !k.Delivered.After(limit) {
			visit(of(k), listed{key, k.Delivered})
		}
		return !k.Date.After(limit)
	})
}

// older takes the newest listed digest that ended before a time; a zero time
// takes the newest.
func (w *walk) older(before time.Time) (listed, bool) {
	for len(w.digests) > 0 {
		d := w.digests[len(w.digests)-1]
		w.digests = w.digests[:len(w.digests)-1]
		if before.IsZero() || d.end.Before(before) {
			return d, true
		}
	}
	return listed{}, false
}

// follow finds the digest before d.
func (w *walk) follow(ctx context.Context, d *Digest, at listed) (listed, bool, error) {
	if d.PreviousObject == "" || d.PreviousBucket == "" {
		w.after = nil
		next, ok := w.older(at.end)
		if ok {
			w.emit(Result{Kind: KindGap, Verdict: Gap, Bucket: w.bucket, From: next.end, To: d.StartTime})
		}
		return next, ok, nil
	}
	w.after, w.trusted = d, true
	if w.seen[d.PreviousBucket+"/"+d.PreviousObject] {
		w.after = nil
		w.emit(Result{Kind: w.chain.kind(), Bucket: d.Bucket, Key: d.Object, Verdict: BadFormat, Detail: "its chain leads back to " + d.PreviousObject})
		next, ok := w.older(at.end)
		return next, ok, nil
	}
	next := listed{key: d.PreviousObject, end: d.StartTime}
	if k, ok := cloudtrail.ParseObjectKey(d.PreviousObject); ok && !k.Delivered.IsZero() {
		next.end = k.Delivered
	}
	if d.PreviousBucket != w.bucket {
		w.bucket = d.PreviousBucket
		if err := w.list(ctx, d.EndTime); err != nil {
			return next, false, err
		}
	}
	return next, true, nil
}

// read fetches and checks one digest; problem is what is wrong with it.
func (w *walk) read(ctx context.Context, key string) (d *Digest, problem *Result, err error) {
	bad := func(v Verdict, detail string) *Result {
		return &Result{Kind: w.chain.kind(), Bucket: w.bucket, Key: key, Verdict: v, Detail: detail}
	}
	w.seen[w.bucket+"/"+key] = true
	packed, meta, err := w.fetch(ctx, w.bucket, key)
	switch {
	case ctx.Err() != nil:
		return nil, nil, ctx.Err()
	case errors.Is(err, fs.ErrNotExist):
		return nil, bad(Missing, ""), nil
	case err != nil:
		return nil, bad(Unreadable, err.Error()), nil
	}
	d, err = parse(packed)
	if err != nil {
		return nil, bad(BadFormat, err.Error()), nil
	}
	kept := meta.Signature
	w.vouch(&meta)
	v, detail, err := w.check(ctx, d, key, meta)
	switch {
	case err != nil:
		return nil, nil, err
	case v == Unsigned:
		return d, bad(v, detail), nil
	case v != Valid:
		return nil, bad(v, detail), nil
	}
	w.compare(d, kept, bad)
	return d, nil, nil
}

// check comes to the verdict on one digest; the order of the checks is that of
// the AWS CLI.
func (w *walk) check(ctx context.Context, d *Digest, key string, m Metadata) (Verdict, string, error) {
	switch {
	case !m.Unknown && (m.Signature == "" || m.Algorithm == ""):
		return BadSignature, "the object has no signature in its metadata", nil
	case w.chain.Backfill && !m.Unknown && m.Backfill == "":
		return BadFormat, "the object has no backfill-generation-timestamp in its metadata", nil
	case d.incomplete:
		return BadFormat, d.damage.Error(), nil
	case w.bucket != "" && d.Bucket != w.bucket || d.Object != key:
		return Moved, fmt.Sprintf("it says s3://%s/%s", d.Bucket, d.Object), nil
	case m.Unknown:
		return Unsigned, "", nil
	}
	v, detail, err := w.verify(ctx, d, m)
	if err != nil || v != Valid {
		return v, detail, err
	}
	if d.damage == nil {
		d.damage = d.fillLogs()
	}
	if d.damage != nil {
		return BadFormat, d.damage.Error(), nil
	}
	return Valid, "", nil
}

// vouch takes the signature that the next digest wrote down where the copy
// keeps none.
func (w *walk) vouch(m *Metadata) {
	if m.Unknown && w.after != nil && w.after.PreviousSignature != "" {
		*m = Metadata{Signature: w.after.PreviousSignature, Algorithm: w.after.Algorithm, Backfill: m.Backfill}
		if m.Algorithm == "" {
			m.Algorithm = "SHA256withRSA"
		}
		if w.chain.Backfill && m.Backfill == "" {
			m.Backfill = w.after.end
		}
	}
}

// verify checks the signature of a digest.
func (w *walk) verify(ctx context.Context, d *Digest, m Metadata) (Verdict, string, error) {
	text, err := w.key(ctx, d, m)
	if err != nil {
		return "", "", err
	}
	if text == "" {
		return UnknownKey, fmt.Sprintf("region %s, fingerprint %s", w.chain.Region, d.Fingerprint), nil
	}
	key, err := ParseKey(text)
	if err != nil {
		return UnreadableKey, err.Error(), nil
	}
	if d.verify(m.Signature, key) != nil {
		return BadSignature, "", nil
	}
	return Valid, "", nil
}

// key finds the public key of a digest; those of backfill digests are the keys
// of the time when they were made.
func (w *walk) key(ctx context.Context, d *Digest, m Metadata) (string, error) {
	if text, ok := w.keys[d.Fingerprint]; ok || !w.chain.Backfill {
		return text, nil
	}
	made, err := time.Parse(time.RFC3339, m.Backfill)
	if err != nil {
		return "", nil
	}
	keys, err := w.Keys.Between(ctx, w.chain.Region, made.Add(-time.Hour), made.Add(time.Hour))
	if err != nil {
		return "", err
	}
	if w.keys == nil {
		w.keys = map[string]string{}
	}
	for f, k := range keys {
		w.keys[f] = k
	}
	return w.keys[d.Fingerprint], nil
}

// compare reports what the AWS CLI does not look at: whether d is the digest
// that its successor wrote down. Its own verdict stays valid, as there.
func (w *walk) compare(d *Digest, kept string, bad func(Verdict, string) *Result) {
	if d.trailing {
		w.emit(*bad(TrailingDigest, ""))
	}
	if w.after == nil || !w.trusted {
		return
	}
	successor := "successor s3://" + w.after.Bucket + "/" + w.after.Object
	if w.after.PreviousHash != "" && !strings.EqualFold(w.after.PreviousHash, d.Hash()) {
		w.emit(*bad(ChainHash, successor))
	}
	if kept != "" && w.after.PreviousSignature != "" && !strings.EqualFold(w.after.PreviousSignature, kept) {
		w.emit(*bad(ChainSignature, successor))
	}
}

// fetch reads a digest whole, within MaxSize.
func (v *Validator) fetch(ctx context.Context, bucket, key string) ([]byte, Metadata, error) {
	r, meta, err := v.Vault.Open(ctx, bucket, key)
	if err != nil {
		return nil, meta, err
	}
	defer r.Close()
	packed, err := io.ReadAll(io.LimitReader(r, MaxSize+1))
	return packed, meta, err
}

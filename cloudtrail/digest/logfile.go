package digest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	gohash "hash"
	"hash/maphash"
	"io"
	"io/fs"
	"slices"
	"sort"
	"time"

	"github.com/trailwarden/trailwarden/cloudtrail"
)

// logFile compares a log file with the hash that a digest gives for it.
func (v *Validator) logFile(ctx context.Context, l LogFile) (Result, error) {
	res := Result{Kind: KindLog, Bucket: l.Bucket, Key: l.Object, Verdict: Valid}
	r, _, err := v.Vault.Open(ctx, l.Bucket, l.Object)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		res.Verdict = Missing
		return res, nil
	case err != nil:
		return unreadable(res, err), ctx.Err()
	}
	defer r.Close()
	src := &remembers{r: r}
	sum, trailing, err := hash(src)
	if ctx.Err() != nil {
		return res, ctx.Err()
	}
	switch {
	case src.err != nil:
		return unreadable(res, src.err), nil
	case errors.Is(err, errEndless):
		res.Verdict, res.Detail = BadHash, err.Error()
	case err != nil && !errors.Is(err, errCut):
		res.Verdict, res.Detail = BadFormat, err.Error()
	case trailing:
		res.Verdict = TrailingBytes
	case sum != l.Hash:
		res.Verdict = BadHash
	case err != nil:
		res.Verdict = Truncated
	}
	return res, nil
}

// unreadable says of a file that nothing can be said of it.
func unreadable(r Result, err error) Result {
	r.Verdict, r.Detail = Unreadable, err.Error()
	return r
}

// MaxLog bounds an unpacked log file, in bytes: CloudTrail's are far smaller,
// and a file of a few megabytes can be made to unpack to many gigabytes.
const MaxLog = 4 << 30

var errEndless = fmt.Errorf("it unpacks to over %d bytes, more than any log file has", int64(MaxLog))

// digesting sums what is written, up to MaxLog.
type digesting struct {
	gohash.Hash
	n int64
}

func (d *digesting) Write(p []byte) (int, error) {
	if d.n += int64(len(p)); d.n > MaxLog {
		return 0, errEndless
	}
	return d.Hash.Write(p)
}

// hash is the hex SHA-256 of what the first gzip member of r unpacks to, as far
// as it can be unpacked.
func hash(r io.Reader) (sum string, trailing bool, err error) {
	h := &digesting{Hash: sha256.New()}
	trailing, err = gunzip(h, r)
	return hex.EncodeToString(h.Sum(nil)), trailing, err
}

// remembers tells a fault of the reader from one of what it reads.
type remembers struct {
	r   io.Reader
	err error
}

func (s *remembers) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}

// coverage is what the valid digests of one place say of its log files.
type coverage struct {
	spans []span // hours of valid digests
	named map[uint64]struct{}
	seed  maphash.Seed
}

type span struct{ from, to time.Time }

// settling is how long before the end of a digest's hour a file may be
// delivered and yet be named by the next digest.
const settling = 15 * time.Minute

func newCoverage() *coverage {
	return &coverage{named: map[uint64]struct{}{}, seed: maphash.MakeSeed()}
}

// note remembers what a valid digest names. Of each name only a hash is kept,
// for a year of a busy region has millions; its seed is nobody's to know.
func (c *coverage) note(chain Chain, d *Digest) {
	if !chain.Backfill {
		c.spans = append(c.spans, span{d.StartTime, d.EndTime})
	}
	for _, l := range d.LogFiles {
		c.named[maphash.String(c.seed, l.Object)] = struct{}{}
	}
}

func (c *coverage) names(key string) bool {
	_, ok := c.named[maphash.String(c.seed, key)]
	return ok
}

// settle sorts the spans and joins those that touch.
func (c *coverage) settle() {
	slices.SortFunc(c.spans, func(a, b span) int { return a.from.Compare(b.from) })
	joined := c.spans[:0]
	for _, s := range c.spans {
		if n := len(joined); n > 0 && !s.from.After(joined[n-1].to) {
			if s.to.After(joined[n-1].to) {
				joined[n-1].to = s.to
			}
			continue
		}
		joined = append(joined, s)
	}
	c.spans = joined
}

// covers tells whether a file delivered at t must be named by a digest: the
// valid digests reach from well before it to well after it.
func (c *coverage) covers(t time.Time) bool { return c.in(t.Add(-settling)) && c.in(t.Add(settling)) }

func (c *coverage) in(t time.Time) bool {
	i := sort.Search(len(c.spans), func(i int) bool { return c.spans[i].from.After(t) })
	return i > 0 && t.Before(c.spans[i-1].to)
}

// unreferenced reports log files that lie in an hour of valid digests of which
// none names them.
func (v *Validator) unreferenced(ctx context.Context, s Scope, place Chain, c *coverage) error {
	if c.settle(); len(c.spans) == 0 {
		return nil
	}
	root := place.Root(cloudtrail.FileEvents)
	after := root + s.From.UTC().Format("2006/01/02")
	return v.Vault.List(ctx, s.Bucket, root, after, func(key string) bool {
		k, ok := cloudtrail.ParseObjectKey(key)
		if !ok || k.Delivered.IsZero() || c.names(key) || !c.covers(k.Delivered) {
			return !k.Date.After(s.To)
		}
		v.emit(Result{Kind: KindLog, Bucket: s.Bucket, Key: key, Verdict: Unreferenced})
		return true
	})
}

// ripening is how long after a log file there may be no digest yet: one is made for
// each hour, some time after it.
const ripening = 3 * time.Hour

// undigested is an error for log files of a place without any digest: somebody may
// have taken the digests away, or validation was never on.
func (v *Validator) undigested(ctx context.Context, s Scope, place Chain) error {
	var first string
	root, end := place.Root(cloudtrail.FileEvents), s.To.Add(-ripening)
	err := v.Vault.List(ctx, s.Bucket, root, root+s.From.UTC().Format("2006/01/02"), func(key string) bool {
		k, ok := cloudtrail.ParseObjectKey(key)
		if ok && !k.Delivered.Before(s.From) && k.Delivered.Before(end) {
			first = key
		}
		return first == "" && !k.Date.After(end)
	})
	if err == nil && first != "" {
		err = fmt.Errorf("there are log files (such as %s) and no digest of that time: nothing tells whether they are sound, or complete", first)
	}
	return err
}

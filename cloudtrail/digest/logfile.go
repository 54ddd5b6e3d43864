package digest

import (
	"bufio"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strings"
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
		return res, fmt.Errorf("s3://%s/%s: %w", l.Bucket, l.Object, err)
	}
	defer r.Close()
	src := &remembers{r: r}
	sum, trailing, err := hash(src)
	if src.err != nil {
		return res, fmt.Errorf("s3://%s/%s: %w", l.Bucket, l.Object, src.err)
	}
	same := strings.EqualFold(sum, l.Hash)
	switch cut := errors.Is(err, io.ErrUnexpectedEOF); {
	case err != nil && !cut:
		res.Verdict, res.Detail = BadFormat, err.Error()
	case trailing:
		res.Verdict = TrailingBytes
	case !same:
		res.Verdict = BadHash
	case cut:
		res.Verdict = Truncated
	}
	return res, nil
}

// hash is the hex SHA-256 of what the first gzip member of r unpacks to, as far
// as it can be unpacked.
func hash(r io.Reader) (sum string, trailing bool, err error) {
	h := sha256.New()
	src := bufio.NewReader(r)
	z, err := gzip.NewReader(src)
	if err == nil {
		z.Multistream(false)
		_, err = io.Copy(h, z)
	}
	if errors.Is(err, io.EOF) { // an empty file
		err = io.ErrUnexpectedEOF
	}
	if err == nil {
		_, more := src.Peek(1)
		trailing = more == nil
	}
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

// coverage is what valid digests say of one account's log files in one region.
type coverage struct {
	chain Chain
	spans [][2]time.Time // hours of valid digests
	named map[string]bool
}

// settling is how long before the end of a digest's hour a file may be
// delivered and yet be named by the next digest.
const settling = 15 * time.Minute

// note remembers what a valid digest names.
func (v *Validator) note(c Chain, d *Digest) {
	root := c.root(cloudtrail.FileEvents)
	cov := v.covered[root]
	if cov == nil {
		cov = &coverage{chain: c, named: map[string]bool{}}
		v.covered[root] = cov
	}
	if !c.Backfill {
		cov.spans = append(cov.spans, [2]time.Time{d.StartTime, d.EndTime})
	}
	for _, l := range d.LogFiles {
		cov.named[l.Object] = true
	}
}

// covers tells whether a file delivered at t must be named by a digest: the
// valid digests reach from well before it to well after it.
func (c *coverage) covers(t time.Time) bool {
	before, after := false, false
	for _, s := range c.spans {
		in := func(t time.Time) bool { return !t.Before(s[0]) && t.Before(s[1]) }
		before = before || in(t.Add(-settling))
		after = after || in(t.Add(settling))
	}
	return before && after
}

// unreferenced reports log files that lie in an hour of valid digests of which
// none names them.
func (v *Validator) unreferenced(ctx context.Context, s Scope) error {
	for _, root := range slices.Sorted(maps.Keys(v.covered)) {
		c := v.covered[root]
		after := root + s.From.Format("2006/01/02")
		err := v.Vault.List(ctx, s.Bucket, root, after, func(key string) bool {
			k, ok := cloudtrail.ParseObjectKey(key)
			if !ok || k.Delivered.IsZero() || c.named[key] || !c.covers(k.Delivered) {
				return !k.Date.After(s.To)
			}
			v.emit(Result{Kind: KindLog, Bucket: s.Bucket, Key: key, Verdict: Unreferenced})
			return true
		})
		if err != nil {
			return err
		}
	}
	return nil
}

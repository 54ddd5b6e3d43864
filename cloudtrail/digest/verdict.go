package digest

import (
	"fmt"
	"time"
)

// Kind is what a Result is about.
type Kind string

// The kinds.
const (
	KindDigest   Kind = "digest"
	KindBackfill Kind = "backfill digest"
	KindLog      Kind = "log"
	KindGap      Kind = "gap"
)

// Verdict is what was found of a file.
type Verdict string

// The verdicts of the AWS CLI.
const (
	Valid         Verdict = "valid"
	BadFormat     Verdict = "invalid format"
	BadSignature  Verdict = "signature verification failed"
	Moved         Verdict = "has been moved from its original location"
	UnknownKey    Verdict = "public key not found"
	UnreadableKey Verdict = "public key cannot be read"
	Missing       Verdict = "not found"
	BadHash       Verdict = "hash value does not match"
	TrailingBytes Verdict = "unexpected data after the end of the compressed stream"
	// Gap is a time without digests: the trail was off.
	Gap Verdict = "no log files were delivered"
)

// Verdicts beyond those of the AWS CLI.
const (
	// Unreferenced is a log file that no digest of its hour names.
	Unreferenced Verdict = "named by no digest"
	// ChainHash and ChainSignature are previous digests that are not the one
	// that their successor names, although their own signature holds.
	ChainHash      Verdict = "is not the digest that its successor names: the hash differs"
	ChainSignature Verdict = "is not the digest that its successor names: the signature differs"
	// Truncated is a log file whose records are all there and whose end is not.
	Truncated Verdict = "cut short after its last record"
	// TrailingDigest is a digest with bytes behind its compressed stream.
	TrailingDigest Verdict = "has data after the end of its compressed stream"
	// Unsigned is a digest in a copy that was made without its signature, and
	// that no later digest vouches for.
	Unsigned Verdict = "not verified: the copy keeps no signature for it"
	// Unreadable is a file that is there, or may be, and cannot be read.
	Unreadable Verdict = "not verified: it cannot be read"
)

// Beyond tells whether the AWS CLI would not say so.
func (v Verdict) Beyond() bool {
	switch v {
	case Unreferenced, ChainHash, ChainSignature, Truncated, TrailingDigest, Unsigned, Unreadable:
		return true
	}
	return false
}

// Unverified tells whether it leaves open if the file is sound.
func (v Verdict) Unverified() bool { return v == Unsigned || v == Unreadable }

// Result is a verdict on one file, or a gap.
type Result struct {
	Kind    Kind    `json:"kind"`
	Bucket  string  `json:"bucket,omitempty"`
	Key     string  `json:"key,omitempty"`
	Verdict Verdict `json:"verdict"`
	Detail  string  `json:"detail,omitempty"`
	// From and To bound a gap, UTC.
	From time.Time `json:"from,omitzero"`
	To   time.Time `json:"to,omitzero"`
}

// String is the result as a line.
func (r Result) String() string {
	if r.Kind == KindGap {
		return fmt.Sprintf("gap: %s between %s and %s", r.Verdict, r.From.Format(time.RFC3339), r.To.Format(time.RFC3339))
	}
	s := fmt.Sprintf("%s s3://%s/%s: %s", r.Kind, r.Bucket, r.Key, r.Verdict)
	if r.Detail != "" {
		s += " (" + r.Detail + ")"
	}
	return s
}

// Count is how many files of a kind there are, and how many are not valid.
type Count struct {
	Valid      int64 `json:"valid"`
	Invalid    int64 `json:"invalid"`
	Unverified int64 `json:"unverified,omitempty"`
}

// Summary is the outcome of a validation.
type Summary struct {
	Chains int             `json:"chains"`
	Counts map[Kind]*Count `json:"counts"`
	Gaps   int64           `json:"gaps"`
	// Beyond counts what the AWS CLI does not look for; the files may be valid
	// by its measure.
	Beyond map[Verdict]int64 `json:"beyond,omitempty"`
	// From and To bound the time that valid digests cover, UTC; zero when none.
	From time.Time `json:"from,omitzero"`
	To   time.Time `json:"to,omitzero"`
}

// Invalid is the number of files whose integrity is broken, by the measure of
// the AWS CLI or beyond it.
func (s *Summary) Invalid() (n int64) {
	for _, c := range s.Counts {
		n += c.Invalid
	}
	for _, b := range s.Beyond {
		n += b
	}
	return n
}

// Unverified is the number of files of which nothing can be said.
func (s *Summary) Unverified() (n int64) {
	for _, c := range s.Counts {
		n += c.Unverified
	}
	return n
}

// add counts a result.
func (s *Summary) add(r Result) {
	if r.Kind == KindGap {
		s.Gaps++
		return
	}
	if r.Verdict.Beyond() && !r.Verdict.Unverified() {
		s.Beyond[r.Verdict]++
		return
	}
	c := s.Counts[r.Kind]
	if c == nil {
		c = new(Count)
		s.Counts[r.Kind] = c
	}
	switch {
	case r.Verdict == Valid:
		c.Valid++
	case r.Verdict.Unverified():
		c.Unverified++
	default:
		c.Invalid++
	}
}

// cover widens the time that valid digests cover, within from and to.
func (s *Summary) cover(d *Digest, from, to time.Time) {
	start, end := d.StartTime, d.EndTime
	if start.Before(from) {
		start = from
	}
	if end.After(to) {
		end = to
	}
	if s.From.IsZero() || start.Before(s.From) {
		s.From = start
	}
	if end.After(s.To) {
		s.To = end
	}
}

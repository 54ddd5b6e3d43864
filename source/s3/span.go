package s3

import (
	"slices"
	"strings"
	"time"

	"github.com/trailwarden/trailwarden/source"
)

// span says which files of a bucket a position counts for.
type span struct {
	Bucket   string    `json:"bucket"`
	Prefix   string    `json:"prefix"`
	Accounts []string  `json:"accounts,omitempty"`
	Regions  []string  `json:"regions,omitempty"`
	From     time.Time `json:"from"` // zero: with the oldest
	To       time.Time `json:"to"`   // zero: on and on
}

func spanOf(l Listing) *span {
	return &span{l.Bucket, l.Prefix, l.Accounts, l.Regions, l.From, l.To}
}

// want goes on from the position to what is wanted now. The configuration may ask
// for more than it did, and then the listing begins anew: what is judged again
// changes nothing. A From or To that is an age has moved on since; what the pass
// under way set out to read is read first.
func (p *progress) want(now *span) {
	before := p.Wanted
	p.Wanted = now
	if before == nil {
		return
	}
	if !before.holds(now) {
		*p = progress{Seen: source.NewSeen(mostSeen), Aside: p.Aside, Wanted: now}
		return
	}
	later := now.To
	now.From = before.From
	if !before.To.IsZero() && (later.IsZero() || later.After(before.To)) {
		now.To = before.To
		p.extend(later)
	}
}

// extend goes on to a later end after a pass up to an earlier one.
func (p *progress) extend(to time.Time) {
	if !p.Passed || p.Wanted.To.Equal(to) {
		return
	}
	p.Since, p.Wanted.To, p.Passed = p.Wanted.To, to, false
}

// holds tells whether the files that now asks for were asked for before, but for
// later ones.
func (s *span) holds(now *span) bool {
	return s.Bucket == now.Bucket && strings.HasPrefix(now.Prefix, s.Prefix) &&
		within(now.Accounts, s.Accounts) && within(now.Regions, s.Regions) && !now.From.Before(s.From)
}

// within tells whether the choice a is part of the choice b; an empty one is of
// all there are.
func within(a, b []string) bool {
	return len(b) == 0 || len(a) > 0 && !slices.ContainsFunc(a, func(x string) bool { return !slices.Contains(b, x) })
}

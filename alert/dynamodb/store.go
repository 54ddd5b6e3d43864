package dynamodb

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/trailwarden/trailwarden/alert"
)

// Options of a store.
type Options struct {
	// Policy is asked for each decision; nil is an empty Policy: alerts are kept
	// and nobody is told.
	Policy func() *alert.Policy
	// Keeping gives items their time to live. Purge counts by what it is given.
	Keeping alert.Keeping
	// Create makes the table if it is not there.
	Create bool
	// MaxBytes bounds the memory of NewMemory's store; 0 means 64 MiB, negative
	// no bound. Beyond it the oldest of what may be forgotten is: identities and
	// alerts that wait for no delivery.
	MaxBytes int
}

// Store is an alert.Store in a DynamoDB table or in memory.
type Store struct {
	t      table
	policy func() *alert.Policy
	keep   keeping
	notes  []string
	packer packer

	mu    sync.Mutex
	sinks map[string]bool // that are in the table's list of sinks for sure
}

var _ alert.Store = (*Store)(nil)

// Open opens the store in a table, and makes the table if o says so. Every
// client is made from cfg. It returns alert.ErrNewer for a table of a later
// version.
func Open(ctx context.Context, cfg aws.Config, name string, o Options) (*Store, error) {
	c := &client{name: name, api: dynamodb.NewFromConfig(cfg, func(d *dynamodb.Options) {
		d.Retryer = aws.NopRetryer{} // calls are repeated here, where it is known what may be
	})}
	notes, err := c.prepare(ctx, o.Create)
	if err != nil {
		return nil, err
	}
	s := newStore(c, o)
	s.notes = notes
	return s, nil
}

// NewMemory makes a store in memory, for a program without a table. It forgets
// everything when the process ends.
func NewMemory(o Options) *Store {
	switch {
	case o.MaxBytes == 0:
		o.MaxBytes = 64 << 20
	case o.MaxBytes < 0:
		o.MaxBytes = 0
	}
	return newStore(newMemory(o.MaxBytes), o)
}

func newStore(t table, o Options) *Store {
	s := &Store{t: t, policy: o.Policy, keep: keepingOf(o.Keeping), sinks: map[string]bool{}}
	if s.policy == nil {
		s.policy = func() *alert.Policy { return &alert.Policy{} }
	}
	return s
}

// Notes are what Open found that a person should know of, in plain words; the
// store works all the same.
func (s *Store) Notes() []string { return s.notes }

// Close ends the store. What was written stays.
func (s *Store) Close() error { return nil }

// keeping are an alert.Keeping's lengths with their defaults; negative is for
// ever.
type keeping struct{ findings, alerts, dead, silences, put time.Duration }

const day = 24 * time.Hour

// mostKept is how much longer than what they belong to samples and blobs are
// kept.
const mostKept = 90 * day

func keepingOf(k alert.Keeping) keeping {
	or := func(d, otherwise time.Duration) time.Duration {
		if d == 0 {
			return otherwise
		}
		return d
	}
	return keeping{or(k.Findings, 7*day), or(k.Alerts, 90*day), or(k.Dead, 30*day), or(k.Silences, 90*day), 2 * day}
}

// until is a time to live: seconds of Unix time, 0 for ever.
func until(from time.Time, keep time.Duration) int64 {
	if keep < 0 {
		return 0
	}
	return from.Add(keep).Unix()
}

// longer is the time to live of what belongs to something that has this one.
func longer(ttl int64) int64 {
	if ttl == 0 {
		return 0
	}
	return ttl + int64(mostKept.Seconds())
}

// randomID names what has no name of its own.
func randomID() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// millis is a time as items hold it, rounded up so that nothing is early.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	ms := t.UnixMilli()
	if t.Nanosecond()%int(time.Millisecond) != 0 {
		ms++
	}
	return ms
}

// shard is one of n pieces that keys are spread over, as hex.
func shard(name string, n uint32) string {
	h := uint32(2166136261) // FNV-1a
	for i := range len(name) {
		h = (h ^ uint32(name[i])) * 16777619
	}
	return fmt.Sprintf("%x", (h^h>>16)%n)
}

package config

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"
)

// Fetch gets one secret by its name. Its error must not hold the secret.
type Fetch func(ctx context.Context, name string) (string, error)

// MaxSecret is the most bytes of one secret: Secrets Manager keeps no more.
const MaxSecret = 64 << 10

// The times of a Secrets without others.
const (
	secretFresh = 5 * time.Minute
	secretStale = 24 * time.Hour
	secretRetry = 15 * time.Second
	secretWait  = 10 * time.Second
)

// Secrets is the Resolver of a running program. It asks the environment and
// files itself and others through Fetch; it remembers what it fetched for a
// while, and goes on with that while a secret's keeper cannot be reached.
type Secrets struct {
	// Fetch is how to ask the other keepers, by scheme.
	Fetch map[string]Fetch
	// Fresh is how long a secret is used before it is asked for again; 0 means
	// 5 minutes.
	Fresh time.Duration
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Getenv reads the environment; nil means os.LookupEnv.
	Getenv func(string) (string, bool)

	mu    sync.Mutex
	known map[Secret]*kept
}

// kept is a secret that was fetched.
type kept struct {
	mu      sync.Mutex
	value   string
	fetched time.Time // zero when never
	tried   time.Time
	err     error
}

// Secret gives the secret; an error names where it is kept and what to do.
func (s *Secrets) Secret(ctx context.Context, ref Secret) (string, error) {
	if ref.IsZero() {
		return "", nil
	}
	k := s.entry(ref)
	k.mu.Lock()
	defer k.mu.Unlock()
	now := s.now()
	if s.usable(k, now) {
		return k.value, nil
	}
	if k.err != nil && now.Sub(k.tried) < secretRetry && now.Sub(k.tried) >= 0 && ref.scheme != SchemeFile {
		return k.orStale(now)
	}
	value, err := s.fetch(ctx, ref)
	if ctx.Err() != nil {
		return "", ctx.Err() // says nothing about the secret
	}
	k.tried, k.err = now, err
	if err != nil {
		return k.orStale(now)
	}
	k.value, k.fetched = value, now
	return value, nil
}

// Forget makes the next Secret ask again, as after a receiver refused it.
func (s *Secrets) Forget(ref Secret) {
	k := s.entry(ref)
	k.mu.Lock()
	defer k.mu.Unlock()
	if old := s.now().Add(-s.fresh()); k.fetched.After(old) { // and no older: how long it may stand in is counted from there
		k.fetched = old
	}
	k.err = nil
}

func (s *Secrets) entry(ref Secret) *kept {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.known == nil {
		s.known = map[Secret]*kept{}
	}
	k := s.known[ref]
	if k == nil {
		k = new(kept)
		s.known[ref] = k
	}
	return k
}

func (s *Secrets) now() time.Time {
	if s.Now != nil {
		return s.Now()
	}
	return time.Now()
}

func (s *Secrets) fresh() time.Duration {
	if s.Fresh > 0 {
		return s.Fresh
	}
	return secretFresh
}

// usable: a clock that was set back must not keep a secret for ever.
func (s *Secrets) usable(k *kept, now time.Time) bool {
	age := now.Sub(k.fetched)
	return !k.fetched.IsZero() && age >= 0 && age < s.fresh()
}

// orStale is the last good value while its keeper cannot be reached.
func (k *kept) orStale(now time.Time) (string, error) {
	if !k.fetched.IsZero() && now.Sub(k.fetched) < secretStale {
		return k.value, nil
	}
	return "", k.err
}

func (s *Secrets) fetch(ctx context.Context, ref Secret) (value string, err error) {
	switch ref.scheme {
	case SchemeEnv:
		value, err = s.fromEnv(ref.name)
	case SchemeFile:
		value, err = fromFile(ref.name)
	default:
		value, err = s.fromKeeper(ctx, ref)
	}
	switch {
	case err != nil:
		return "", err
	case len(value) > MaxSecret:
		return "", fmt.Errorf("secret %s: more than %d bytes", ref.Reference(), MaxSecret)
	case value == "":
		return "", fmt.Errorf("secret %s: it is empty", ref.Reference())
	}
	return value, nil
}

func (s *Secrets) fromEnv(name string) (string, error) {
	get := s.Getenv
	if get == nil {
		get = os.LookupEnv
	}
	v, ok := get(name)
	if !ok {
		return "", fmt.Errorf("secret env:%s: there is no such environment variable", name)
	}
	return strings.TrimRight(v, "\r\n"), nil
}

// fromFile reads a file that only its owner may read.
func fromFile(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("secret file:%s: %w", path, bare(err))
	}
	defer f.Close()
	if err := private(f); err != nil {
		return "", fmt.Errorf("secret file:%s: %w", path, err)
	}
	b, err := io.ReadAll(io.LimitReader(f, MaxSecret+2))
	if err != nil {
		return "", fmt.Errorf("secret file:%s: %w", path, bare(err))
	}
	return oneLine(string(b)), nil
}

// oneLine takes one line break off the end: whoever stores a secret from a file
// stores it with what the editor put there.
func oneLine(text string) string { return strings.TrimSuffix(strings.TrimSuffix(text, "\n"), "\r") }

func bare(err error) error {
	if pe, ok := errors.AsType[*os.PathError](err); ok {
		return pe.Err
	}
	return err
}

func (s *Secrets) fromKeeper(ctx context.Context, ref Secret) (string, error) {
	fetch := s.Fetch[ref.scheme]
	if fetch == nil {
		return "", fmt.Errorf("secret %s: this command does not speak with %s", ref.Reference(), ref.scheme)
	}
	name, key := ref.name, ""
	if ref.scheme == SchemeManager {
		name, key, _ = strings.Cut(name, "#")
	}
	ctx, cancel := context.WithTimeout(ctx, secretWait)
	defer cancel()
	value, err := fetch(ctx, name)
	if err != nil {
		return "", fmt.Errorf("secret %s: %w", ref.Reference(), err)
	}
	if key == "" {
		return oneLine(value), nil
	}
	return member(ref, value, key)
}

// member takes one key out of a secret that is a JSON object. Errors do not
// quote the text: it is the secret.
func member(ref Secret, text, key string) (string, error) {
	var object map[string]any
	if json.Unmarshal([]byte(text), &object) != nil {
		return "", fmt.Errorf("secret %s: it is no JSON object; leave out #%s to use it whole", ref.Reference(), key)
	}
	switch v := object[key].(type) {
	case string:
		return v, nil
	case nil:
		return "", fmt.Errorf("secret %s: its JSON object has no key %q", ref.Reference(), key)
	}
	return "", fmt.Errorf("secret %s: key %q holds no text", ref.Reference(), key)
}

// String keeps a remembered secret out of everything that prints a Secrets.
func (k *kept) String() string { return redacted }

// GoString is String.
func (k *kept) GoString() string { return redacted }

// String says nothing of what is remembered.
func (s *Secrets) String() string { return "secrets" }

// GoString is String.
func (s *Secrets) GoString() string { return "secrets" }

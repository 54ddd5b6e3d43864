package digest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// The files that a copy of a bucket keeps beside its objects, for what S3 keeps
// outside of them.
const (
	// SignaturesFile holds the metadata of digest files, by key.
	SignaturesFile = "trailwarden-signatures.json"
	// KeysFile holds public keys, as ListPublicKeys answers, by region.
	KeysFile = "trailwarden-keys.json"
)

// Folder is a Vault over a copy of a bucket that keeps its layout:
// root/AWSLogs/…. It answers for every bucket, for a copy does not keep the
// name of its own.
type Folder struct {
	root       *os.Root
	signatures map[string]Metadata
}

// OpenFolder opens the copy at dir. The metadata of its digests comes from the
// file at signatures; an empty name means SignaturesFile in dir, which may be
// missing.
func OpenFolder(dir, signatures string) (*Folder, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	f := &Folder{root: root}
	name, must := signatures, true
	if name == "" {
		name, must = filepath.Join(dir, SignaturesFile), false
	}
	if err := readJSON(name, &f.signatures); err != nil && (must || !errors.Is(err, fs.ErrNotExist)) {
		return nil, errors.Join(err, root.Close())
	}
	return f, nil
}

// Close releases the folder.
func (f *Folder) Close() error { return f.root.Close() }

func readJSON(name string, to any) error {
	b, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, to); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// List calls visit with the keys below prefix in order.
func (f *Folder) List(ctx context.Context, _, prefix, after string, visit func(string) bool) error {
	_, err := f.walk(ctx, strings.TrimSuffix(prefix, "/"), after, visit)
	return err
}

// walk visits the files below dir; more is false when visit wants no more.
func (f *Folder) walk(ctx context.Context, dir, after string, visit func(string) bool) (more bool, err error) {
	entries, err := fs.ReadDir(f.root.FS(), dir)
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	// In the order of S3, a folder sorts as if its name ended in a slash.
	name := func(e fs.DirEntry) string {
		if e.IsDir() {
			return e.Name() + "/"
		}
		return e.Name()
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(name(a), name(b)) })
	for _, e := range entries {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		key := path.Join(dir, e.Name())
		switch {
		case e.IsDir() && key+"/\xff" > after:
			if more, err := f.walk(ctx, key, after, visit); !more || err != nil {
				return more, err
			}
		case e.Type().IsRegular() && key > after && !visit(key):
			return false, nil
		}
	}
	return true, nil
}

// Folders lists the folders in prefix.
func (f *Folder) Folders(_ context.Context, _, prefix string) (names []string, err error) {
	entries, err := fs.ReadDir(f.root.FS(), strings.TrimSuffix(prefix, "/"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for _, e := range entries {
		if e.IsDir() {
			names = append(names, e.Name())
		}
	}
	return names, err
}

// Open opens a file. A key that leaves the folder is refused.
func (f *Folder) Open(_ context.Context, _, key string) (io.ReadCloser, Metadata, error) {
	m, known := f.signatures[key]
	m.Unknown = !known
	if !fs.ValidPath(key) {
		return nil, m, fs.ErrNotExist
	}
	info, err := f.root.Stat(key)
	if err != nil {
		return nil, m, err
	}
	if !info.Mode().IsRegular() { // a pipe would have us wait for ever
		return nil, m, fmt.Errorf("%s: not a regular file", key)
	}
	r, err := f.root.Open(key)
	if err != nil {
		return nil, m, err
	}
	return r, m, nil
}

// PublicKey is a key as ListPublicKeys lists it.
type PublicKey struct {
	Fingerprint       string    `json:"Fingerprint"`
	Value             string    `json:"Value"` // base64 of DER
	ValidityStartTime time.Time `json:"ValidityStartTime"`
	ValidityEndTime   time.Time `json:"ValidityEndTime"`
}

// KeyBundle holds the public keys of regions.
type KeyBundle map[string][]PublicKey

// ReadKeys reads a bundle, as KeysFile holds it.
func ReadKeys(name string) (KeyBundle, error) {
	var b KeyBundle
	err := readJSON(name, &b)
	return b, err
}

// Between gives the keys of a region that were valid at some time in between;
// a key without times is always valid.
func (b KeyBundle) Between(_ context.Context, region string, from, to time.Time) (map[string]string, error) {
	keys := map[string]string{}
	for _, k := range b[region] {
		if k.ValidityStartTime.After(to) || !k.ValidityEndTime.IsZero() && k.ValidityEndTime.Before(from) {
			continue
		}
		keys[k.Fingerprint] = k.Value
	}
	return keys, nil
}

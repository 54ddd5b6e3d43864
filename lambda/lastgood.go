package lambda

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/trailwarden/trailwarden/assemble"
)

// Keeper keeps the last configuration that was good over cold starts: the part
// of an alert.Store that does.
type Keeper interface {
	Load(ctx context.Context, name string) ([]byte, error)
	Save(ctx context.Context, name string, data []byte) error
}

// lastGood names the copy. maxLastGood bounds it, in bytes, packed: it is one
// item of a table.
const (
	lastGood    = "lambda/last-good"
	maxLastGood = 330_000
)

// keep saves what was just put in force, unless it is kept already. That it
// could not is no reason not to go on.
func (r *Remote) keep(ctx context.Context) error {
	r.unkept = false
	packed, err := r.packed()
	if err != nil {
		return err
	}
	if len(packed) > maxLastGood {
		return fmt.Errorf("configuration and rules have %d bytes packed, and %d can be kept", len(packed), maxLastGood)
	}
	kept, err := r.LastGood.Load(ctx, lastGood)
	if err != nil || !bytes.Equal(kept, packed) {
		err = r.LastGood.Save(ctx, lastGood, packed)
	}
	r.unkept = err != nil // as where the table is made only after this: it is tried again
	return err
}

// packed is the copy in force without what the bundle has anyway; the same
// files give the same bytes.
func (r *Remote) packed() ([]byte, error) {
	var buf bytes.Buffer
	z := gzip.NewWriter(&buf)
	w := tar.NewWriter(z)
	root := os.DirFS(r.folder)
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: int64(len(body))}); err != nil {
			return err
		}
		_, err = w.Write(body)
		return err
	})
	err = errors.Join(err, w.Close(), z.Close())
	return buf.Bytes(), err
}

// recall puts the kept copy in force.
func (r *Remote) recall(ctx context.Context) (*assemble.Parts, bool, error) {
	packed, err := r.LastGood.Load(ctx, lastGood)
	if err != nil {
		return nil, false, fmt.Errorf("the last good configuration cannot be read: %w", err)
	}
	if packed == nil {
		return nil, false, errors.New("no good configuration was kept")
	}
	dir, err := os.MkdirTemp(r.Temp, "trailwarden-")
	if err != nil {
		return nil, false, err
	}
	file := r.parameter(dir)
	if strings.HasPrefix(r.Ref, "s3://") {
		file = r.object(dir)
	}
	file.copy, file.origin = "", "" // which has another text now
	if err := unpack(packed, dir); err != nil {
		return nil, false, errors.Join(fmt.Errorf("the last good configuration cannot be unpacked: %w", err), os.RemoveAll(dir))
	}
	return r.replace(ctx, dir, file, "last good", whole)
}

func unpack(packed []byte, dir string) error {
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return err
	}
	files := tar.NewReader(io.LimitReader(z, 2*maxBytes))
	for range maxFiles {
		h, err := files.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if !filepath.IsLocal(filepath.FromSlash(h.Name)) {
			return fmt.Errorf("%q leads out of the folder", h.Name)
		}
		body, err := io.ReadAll(io.LimitReader(files, maxBytes))
		if err != nil {
			return err
		}
		file := filepath.Join(dir, filepath.FromSlash(h.Name))
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(file, body, 0o600); err != nil {
			return err
		}
	}
	return fmt.Errorf("over %d files", maxFiles)
}

package verify

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"time"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/cloudtrail/digest"
)

// Export copies what a validation without AWS needs.
type Export struct {
	Vault digest.Vault
	// Keys lists the public keys of a region; Keys.List does.
	Keys func(ctx context.Context, region string, from, to time.Time) ([]digest.PublicKey, error)
	// Dir is the folder to copy to; it keeps the bucket's layout. Files that are
	// there are written anew.
	Dir string
	// Logs copies the log files too, those that no digest names included.
	Logs bool
	// Now is until when keys are asked for: backfill digests are signed with
	// keys of the time when they were made. Nil means time.Now.
	Now func() time.Time
}

// Copied counts what was copied.
type Copied struct {
	Digests, Logs, Keys int
	Bytes               int64
}

// Run copies what lies within scope, with digest.SignaturesFile and
// digest.KeysFile beside it. On an error the copy is not complete.
func (e Export) Run(ctx context.Context, s digest.Scope) (Copied, error) {
	var n Copied
	if err := os.MkdirAll(e.Dir, 0o755); err != nil {
		return n, err
	}
	root, err := os.OpenRoot(e.Dir)
	if err != nil {
		return n, err
	}
	c := &copying{Export: e, scope: s, root: root, n: &n}
	return n, errors.Join(c.run(ctx), root.Close())
}

// copying is one export under way.
type copying struct {
	Export
	scope      digest.Scope
	root       *os.Root
	signatures *bufio.Writer
	n          *Copied
}

func (c *copying) run(ctx context.Context) error {
	places, err := digest.Places(ctx, c.Vault, c.scope)
	if err != nil {
		return err
	}
	if err := c.withSignatures(func() error {
		for _, p := range places {
			if err := c.place(ctx, p); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		return err
	}
	return c.bundle(ctx, places)
}

// withSignatures writes SignaturesFile while do runs: one entry after the other,
// for an organization has millions.
func (c *copying) withSignatures(do func() error) error {
	f, err := c.root.Create(digest.SignaturesFile)
	if err != nil {
		return err
	}
	c.signatures = bufio.NewWriter(f)
	fmt.Fprint(c.signatures, "{")
	err = do()
	fmt.Fprint(c.signatures, "\n}\n")
	return errors.Join(err, c.signatures.Flush(), f.Close())
}

func (c *copying) place(ctx context.Context, p digest.Chain) error {
	// A digest's hour may reach beyond the end of the scope, as in the listing of
	// a validation; its log files are delivered in that hour.
	to := c.scope.To.Add(time.Hour)
	if err := c.files(ctx, p, cloudtrail.FileDigest, to, c.digest); err != nil || !c.Logs {
		return err
	}
	return c.files(ctx, p, cloudtrail.FileEvents, to, c.log)
}

// files copies the files of a kind and place that were delivered within scope.
func (c *copying) files(ctx context.Context, p digest.Chain, kind cloudtrail.FileKind, to time.Time, one func(context.Context, string) error) error {
	root := p.Root(kind)
	from := c.scope.From.Add(-time.Hour)
	var failed error
	err := c.Vault.List(ctx, c.scope.Bucket, root, root+from.UTC().Format("2006/01/02"), func(key string) bool {
		k, ok := cloudtrail.ParseObjectKey(key)
		if ok && k.Kind == kind && !k.Delivered.Before(from) && !k.Delivered.After(to) && (c.scope.Trail == "" || k.Trail == "" || k.Trail == c.scope.Trail) {
			failed = one(ctx, key)
		}
		return failed == nil && !k.Date.After(to)
	})
	return errors.Join(failed, err)
}

func (c *copying) digest(ctx context.Context, key string) error {
	m, err := c.file(ctx, key)
	if err != nil {
		return err
	}
	name, err := json.Marshal(key)
	if err != nil {
		return err
	}
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	if c.n.Digests++; c.n.Digests > 1 {
		fmt.Fprint(c.signatures, ",")
	}
	_, err = fmt.Fprintf(c.signatures, "\n%s: %s", name, text)
	return err
}

func (c *copying) log(ctx context.Context, key string) error {
	c.n.Logs++
	_, err := c.file(ctx, key)
	return err
}

// file copies one object. One that was deleted since the listing is left out,
// and missed by the validation.
func (c *copying) file(ctx context.Context, key string) (m digest.Metadata, err error) {
	if !fs.ValidPath(key) || !filepath.IsLocal(filepath.FromSlash(key)) {
		return m, fmt.Errorf("the key %q cannot be a file's path", key)
	}
	r, m, err := c.Vault.Open(ctx, c.scope.Bucket, key)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return m, nil
	case err != nil:
		return m, fmt.Errorf("s3://%s/%s: %w", c.scope.Bucket, key, err)
	}
	defer r.Close()
	if err := c.root.MkdirAll(path.Dir(key), 0o755); err != nil {
		return m, err
	}
	w, err := c.root.Create(key)
	if err != nil {
		return m, err
	}
	n, err := io.Copy(w, r)
	c.n.Bytes += n
	return m, errors.Join(err, w.Close())
}

// bundle writes KeysFile.
func (c *copying) bundle(ctx context.Context, places []digest.Chain) error {
	now := time.Now
	if c.Now != nil {
		now = c.Now
	}
	bundle := digest.KeyBundle{}
	for _, p := range places {
		if _, done := bundle[p.Region]; done {
			continue
		}
		from := c.scope.From
		if from.Before(digest.FirstKeys) {
			from = digest.FirstKeys
		}
		keys, err := c.Keys(ctx, p.Region, from, now())
		if err != nil {
			return err
		}
		bundle[p.Region] = keys
		c.n.Keys += len(keys)
	}
	text, err := json.MarshalIndent(bundle, "", " ")
	if err != nil {
		return err
	}
	return c.root.WriteFile(digest.KeysFile, append(text, '\n'), 0o644)
}

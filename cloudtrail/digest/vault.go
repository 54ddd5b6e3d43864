package digest

import (
	"context"
	"io"
	"time"
)

// Metadata is what S3 keeps beside a digest file.
type Metadata struct {
	Signature string `json:"signature,omitempty"` // hex
	Algorithm string `json:"signature-algorithm,omitempty"`
	// Backfill is when a backfill digest was made, as written.
	Backfill string `json:"backfill-generation-timestamp,omitempty"`
	// Unknown says that the metadata was not kept with the copy, which is not
	// the same as an object without a signature.
	Unknown bool `json:"-"`
}

// Vault is where digest and log files lie: a bucket, or a folder that keeps the
// bucket's layout. Methods may be called by several goroutines.
type Vault interface {
	// List calls visit with the keys that begin with prefix and come after the
	// key after, in order, until visit returns false.
	List(ctx context.Context, bucket, prefix, after string, visit func(key string) bool) error
	// Folders lists the next parts of the keys that begin with prefix, which
	// ends in a slash; each part without its slash.
	Folders(ctx context.Context, bucket, prefix string) ([]string, error)
	// Open opens an object; the error is fs.ErrNotExist for a missing one.
	Open(ctx context.Context, bucket, key string) (io.ReadCloser, Metadata, error)
}

// Keys finds the public keys that CloudTrail signed with in a region.
type Keys interface {
	// Between gives the keys that were valid at some time between from and to,
	// base64 by fingerprint.
	Between(ctx context.Context, region string, from, to time.Time) (map[string]string, error)
}

package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// Info is what is known about an object once it is open.
type Info struct {
	// Object is the object as it was found: its version, ETag, size and region
	// are those of the bytes that are read.
	Object Object
	// Modified is when it was written, UTC.
	Modified time.Time
	// Replaced tells that the object is no longer the one that was asked for: it
	// was written again since. Its contents are those of now.
	Replaced bool
}

// Fetcher opens objects.
type Fetcher interface {
	// Open opens an object for reading from its start. Faults that outlive the
	// fetcher's own tries come as *Deleted, *Gone, *Denied, *Parked, *Refused or,
	// from Read too, *Changed; all others are passing, and the delivery should come
	// again. The caller closes the reader.
	Open(ctx context.Context, o Object) (io.ReadCloser, Info, error)
}

// Deleted says that an object is not there although a message announced it.
// That is worth a finding; the delivery is done.
type Deleted struct {
	Object Object
	Err    error
}

// Error names the object.
func (e *Deleted) Error() string {
	return fmt.Sprintf("%q is not there although its delivery was announced: it was deleted", e.Object.String())
}

// Unwrap is the cause.
func (e *Deleted) Unwrap() error { return e.Err }

// Gone says that a file which was listed in a folder is not there any more. That
// is no news, for files are moved about by those who keep the folder: the source
// looks again, and finds it under its new name.
type Gone struct {
	Object Object
	Err    error
}

// Error names the file.
func (e *Gone) Error() string {
	return fmt.Sprintf("%q was listed and is not there any more: it was moved or removed", e.Object.String())
}

// Unwrap is the cause.
func (e *Gone) Unwrap() error { return e.Err }

// Denied says that the permissions do not let an object be read. It hides
// everything from those who watch, so it deserves an alarm at once, and the
// delivery must come again.
type Denied struct {
	Object Object
	Code   string // of the service: AccessDenied, KMS.DisabledException …
	Do     string // what to change
	Err    error
}

// Error names the object and what to change.
func (e *Denied) Error() string {
	return fmt.Sprintf("%q may not be read (%s): %s", e.Object.String(), e.Code, e.Do)
}

// Unwrap is the cause.
func (e *Denied) Unwrap() error { return e.Err }

// Parked says that an object lies in an archive (Glacier) and must be restored
// before it can be read.
type Parked struct {
	Object       Object
	StorageClass string
	Err          error
}

// Error names the object and what to do.
func (e *Parked) Error() string {
	return fmt.Sprintf("%q lies in the archive class %s: restore it, then have it delivered again", e.Object.String(), e.StorageClass)
}

// Unwrap is the cause.
func (e *Parked) Unwrap() error { return e.Err }

// Changed says that an object was written again while it was read. Open it anew.
type Changed struct{ Object Object }

// Error names the object.
func (e *Changed) Error() string {
	return fmt.Sprintf("%q was replaced while it was read", e.Object.String())
}

// Refused says that an object is not to be read at all: no try will change that.
type Refused struct {
	Object Object
	Reason string
}

// Error names the object and the reason.
func (e *Refused) Error() string {
	return fmt.Sprintf("%q is not read: %s", e.Object.String(), e.Reason)
}

// Retryable tells whether an error of a Fetcher may pass, so that the delivery
// should come again.
func Retryable(err error) bool {
	var (
		deleted *Deleted
		parked  *Parked
		refused *Refused
		poison  *Poison
	)
	return err != nil && !errors.As(err, &deleted) && !errors.As(err, &parked) && !errors.As(err, &refused) && !errors.As(err, &poison)
}

// Fetchers opens files (a Bucket that begins with "file:") with Files and all
// else with Buckets. Either may be nil; what it would open is then Refused.
type Fetchers struct{ Files, Buckets Fetcher }

// Open opens o with the Fetcher that it belongs to.
func (f Fetchers) Open(ctx context.Context, o Object) (io.ReadCloser, Info, error) {
	to := f.Buckets
	if strings.HasPrefix(o.Bucket, "file:") {
		to = f.Files
	}
	if to == nil {
		return nil, Info{}, &Refused{o, "nothing is configured that could read it"}
	}
	return to.Open(ctx, o)
}

// Tracked is a reader that remembers the error which ended it. Who reads through
// something that turns errors into words, as cloudtrail.Decoder does, asks Err
// afterwards whether the object was read to its end.
type Tracked struct {
	R   io.Reader
	err error
}

// Read reads from R.
func (t *Tracked) Read(p []byte) (int, error) {
	n, err := t.R.Read(p)
	if err != nil {
		t.err = err
	}
	return n, err
}

// Err is the error that ended the reading, nil at a proper end or before any.
func (t *Tracked) Err() error {
	if t.err == io.EOF {
		return nil
	}
	return t.err
}

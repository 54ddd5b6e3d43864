// Package folder reads log files from folders: Source watches one for new files,
// and Files lets folders stand in for buckets, so that everything which fetches
// from Amazon S3 can be tried without it.
package folder

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/trailwarden/trailwarden/source"
)

// Files is a source.Fetcher that reads files. Keys never lead out of their
// folder, neither by .. nor by links: the operating system sees to it.
type Files struct {
	// Folders are the folders that stand in for buckets, by the bucket's name.
	Folders map[string]string
	// Default stands in for every other bucket; empty means that others are
	// refused.
	Default string
}

var _ source.Fetcher = Files{}

// BucketOf is the Bucket of the files of a watched folder.
func BucketOf(folder string) string {
	abs, err := filepath.Abs(folder)
	if err != nil {
		abs = folder
	}
	return "file://" + filepath.ToSlash(abs)
}

// Open opens the file that an object's key leads to. A file that is not there is
// *source.Deleted, one that may not be read *source.Denied, and a key that no
// file can have *source.Refused.
func (f Files) Open(_ context.Context, o source.Object) (io.ReadCloser, source.Info, error) {
	dir, ok := f.Folders[o.Bucket]
	if !ok {
		dir = f.Default
	}
	if dir == "" {
		return nil, source.Info{}, &source.Refused{Object: o, Reason: "no folder stands in for its bucket"}
	}
	if reason := unfit(o.Key); reason != "" {
		return nil, source.Info{}, &source.Refused{Object: o, Reason: reason}
	}
	if file := openBeneath(dir, filepath.FromSlash(o.Key)); file != nil {
		return opened(file, o)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, source.Info{}, fmt.Errorf("the folder of bucket %q: %w", o.Bucket, err)
	}
	defer root.Close()
	return open(root, o)
}

// unfit says why a key cannot be a file's name: parts that a file system would
// resolve or drop name another object in S3.
func unfit(key string) string {
	for _, part := range strings.Split(key, "/") {
		switch {
		case part == "" || part == "." || part == "..":
			return "its key has a part that is empty, . or .., which no file can have"
		case len(part) > 255:
			return "a part of its key is longer than a file's name can be"
		}
	}
	if strings.ContainsRune(key, 0) || !filepath.IsLocal(filepath.FromSlash(key)) {
		return "its key is no name that a file can have"
	}
	return ""
}

func open(root *os.Root, o source.Object) (io.ReadCloser, source.Info, error) {
	// Without O_NONBLOCK, a named pipe would keep us waiting for a writer.
	file, err := root.OpenFile(filepath.FromSlash(o.Key), os.O_RDONLY|syscall.O_NONBLOCK, 0)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, source.Info{}, &source.Deleted{Object: o, Err: err}
	case errors.Is(err, fs.ErrPermission):
		return nil, source.Info{}, &source.Denied{Object: o, Code: "permission denied", Do: "let the program read the file", Err: err}
	case err != nil && escapes(err):
		return nil, source.Info{}, &source.Refused{Object: o, Reason: "it leads out of its folder"}
	case err != nil:
		return nil, source.Info{}, fmt.Errorf("opening %q: %w", o.String(), err)
	}
	return opened(file, o)
}

// opened tells what an open file is; only a regular one is given.
func opened(file *os.File, o source.Object) (io.ReadCloser, source.Info, error) {
	info, err := file.Stat()
	if err != nil || !info.Mode().IsRegular() {
		file.Close()
		return nil, source.Info{}, &source.Refused{Object: o, Reason: "it is no regular file"}
	}
	found := o
	found.Size, found.ETag = info.Size(), stampOf(info)
	// A file that is not as it was listed is being written, which for a file is no
	// news as it is for an object: when it settles again, it is delivered again.
	return file, source.Info{Object: found, Modified: info.ModTime().UTC()}, nil
}

// escapes tells whether os.Root refused a path that leads out of it.
func escapes(err error) bool { return strings.Contains(err.Error(), "escapes from parent") }

// stampOf tells versions of a file apart, as an ETag does those of an object.
func stampOf(info fs.FileInfo) string {
	return fmt.Sprintf("%d@%d", info.Size(), info.ModTime().UnixNano())
}

// Package archive reads the files in a ZIP archive one by one, within limits: an
// archive says little that can be believed (PKWARE, APPNOTE.TXT).
package archive

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"
)

// Magic is what a ZIP archive with something in it begins with.
const Magic = "PK\x03\x04"

// Limits of an archive.
const (
	MaxFiles = 100_000
	// A file may unpack to ratio times its packed size, and small ones to ratioFrom
	// bytes.
	ratio     = 200
	ratioFrom = 16 << 20
)

// File is one file in an archive.
type File struct {
	// Name is its path in the archive, with slashes and without what leads
	// elsewhere: text from outside, of which no part is empty, hidden or "..".
	Name string
	// Packed is its size in the archive, bytes.
	Packed int64
	entry  *zip.File
}

// Is tells whether r begins as a ZIP archive does.
func Is(r io.ReaderAt) bool {
	var head [len(Magic)]byte
	_, err := r.ReadAt(head[:], 0)
	return err == nil && string(head[:]) == Magic
}

// Files lists the files in the archive at name, by their own names. Folders and
// hidden files are left out. The archive stays open for as long as there is a File
// of it.
func Files(name string) ([]File, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	all, err := read(f)
	if err != nil {
		f.Close()
		return nil, err
	}
	return all, nil
}

func read(f *os.File) ([]File, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	z, err := zip.NewReader(f, info.Size())
	switch {
	case errors.Is(err, zip.ErrInsecurePath): // such names are made plain below
	case err != nil:
		return nil, fmt.Errorf("the ZIP archive cannot be read (%w): copy it again", err)
	}
	if len(z.File) > MaxFiles {
		return nil, fmt.Errorf("the ZIP archive holds %d files, and %d are read: unpack it", len(z.File), MaxFiles)
	}
	return visible(z), nil
}

func visible(z *zip.Reader) (all []File) {
	for _, e := range z.File {
		if name, ok := plain(e.Name); ok {
			all = append(all, File{name, int64(min(e.CompressedSize64, 1<<62)), e})
		}
	}
	slices.SortStableFunc(all, func(a, b File) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// plain is a file's name as it would stand below a folder; ok is false of a folder
// and of a hidden file. Archives made of ../AWSLogs, or on Windows with
// backslashes (against APPNOTE.TXT 4.4.17), hold logs like any other, and nothing
// is ever written by these names.
func plain(name string) (_ string, ok bool) {
	name = strings.ReplaceAll(name, `\`, "/")
	if strings.HasSuffix(name, "/") {
		return "", false
	}
	name = path.Clean("/" + name)[1:]
	for part := range strings.SplitSeq(name, "/") {
		if part == "" || part[0] == '.' {
			return "", false
		}
	}
	return name, !strings.Contains(name, "\x00")
}

// Open opens the file.
func (f File) Open(context.Context) (io.ReadCloser, error) {
	const encrypted = 1
	if f.entry.Flags&encrypted != 0 {
		return nil, errors.New("it is encrypted in its ZIP archive: unpack it")
	}
	r, err := f.entry.Open()
	switch {
	case errors.Is(err, zip.ErrAlgorithm):
		return nil, fmt.Errorf("it is packed in its ZIP archive by method %d, which is not read: unpack it", f.entry.Method)
	case err != nil:
		return nil, fmt.Errorf("it cannot be read from its ZIP archive (%w): copy the archive again", err)
	}
	return &unpacked{ReadCloser: r, left: max(ratioFrom, ratio*min(f.Packed, 1<<50))}, nil
}

// unpacked ends with an error where a file is a bomb.
type unpacked struct {
	io.ReadCloser
	left int64
}

func (u *unpacked) Read(p []byte) (int, error) {
	if u.left <= 0 {
		return 0, fmt.Errorf("it unpacks to more than %d times its size in the ZIP archive", ratio)
	}
	n, err := u.ReadCloser.Read(p[:min(int64(len(p)), u.left)])
	u.left -= int64(n)
	return n, err
}

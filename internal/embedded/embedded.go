// Package embedded reads texts that are part of the program. The build of the
// Lambda function embeds them packed, which makes them a sixth as large; any other
// build embeds them as they are.
package embedded

import (
	"embed"
	"fmt"
	"io/fs"
	"strings"
	"sync"

	"github.com/trailwarden/trailwarden/internal/inflate"
)

// maxText bounds a text, in bytes: the largest has half a megabyte.
const maxText = 16 << 20

// decoders are used again, for their tables are larger than most texts.
var decoders = sync.Pool{New: func() any { return new(inflate.Decoder) }}

// Text is an embedded text, unpacked if it is packed. It panics when it is damaged,
// as a program that has lost a part of itself.
func Text(text string) string {
	if !strings.HasPrefix(text, "\x1f\x8b") { // gzip's, which no UTF-8 text begins with
		return text
	}
	d := decoders.Get().(*inflate.Decoder)
	defer decoders.Put(d)
	plain, err := d.Gunzip(nil, []byte(text), maxText)
	if err != nil {
		panic(fmt.Errorf("an embedded text cannot be unpacked: %w", err))
	}
	return string(plain)
}

// Files are embedded files, unpacked when they are opened.
type Files struct{ Packed embed.FS }

// Open opens a file or folder.
func (f Files) Open(name string) (fs.File, error) {
	file, err := f.Packed.Open(name)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err != nil || info.IsDir() {
		return file, err
	}
	text, err := f.Packed.ReadFile(name)
	if err != nil {
		return nil, err
	}
	plain := Text(string(text))
	return &opened{File: file, text: strings.NewReader(plain), size: int64(len(plain))}, nil
}

// ReadDir is of use to those who walk.
func (f Files) ReadDir(name string) ([]fs.DirEntry, error) { return f.Packed.ReadDir(name) }

// opened is a file with its plain text.
type opened struct {
	fs.File
	text *strings.Reader
	size int64
}

func (o *opened) Read(p []byte) (int, error) { return o.text.Read(p) }

func (o *opened) Stat() (fs.FileInfo, error) {
	info, err := o.File.Stat()
	return sized{info, o.size}, err
}

// sized is what is known of a file, with the size of its plain text.
type sized struct {
	fs.FileInfo
	size int64
}

func (s sized) Size() int64 { return s.size }

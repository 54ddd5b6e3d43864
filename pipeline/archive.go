package pipeline

import (
	"bytes"
	"context"
	"io"
	"os"
	"path"

	"github.com/trailwarden/trailwarden/internal/archive"
)

// isArchive tells whether the file p is a ZIP archive, which its first bytes say.
func isArchive(p string) bool {
	f, err := os.Open(p)
	if err != nil {
		return false
	}
	defer f.Close()
	return archive.Is(f)
}

// archive adds the log files in the ZIP archive p as those of a folder would be;
// an archive in an archive is none of them.
func (l *Listing) archive(p string) {
	files, err := archive.Files(p)
	if err != nil {
		l.fault(p, err)
		return
	}
	for _, f := range files {
		known := judgeName(path.Base(f.Name))
		if known == isLog || known == maybeLog && beginsLikeLog(f) {
			l.AddRemote(p+"/"+f.Name, f.Packed, f.Open)
		}
	}
}

func beginsLikeLog(f archive.File) bool {
	r, err := f.Open(context.Background())
	if err != nil {
		return false
	}
	defer r.Close()
	head, _ := io.ReadAll(io.LimitReader(r, 512))
	return looksLikeLog(bytes.NewReader(head))
}

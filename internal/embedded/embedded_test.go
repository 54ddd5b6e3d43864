package embedded_test

import (
	"embed"
	"io/fs"
	"strings"
	"testing"

	"github.com/trailwarden/trailwarden/internal/embedded"
)

//go:embed testdata
var files embed.FS

//go:embed testdata/packed.txt
var packed string

func TestTextIsUnpackedWhereItIsPacked(t *testing.T) {
	if got := embedded.Text("as it is\n"); got != "as it is\n" {
		t.Errorf("a plain text became %q", got)
	}
	if got := embedded.Text(packed); strings.Count(got, "\n") != 50 || !strings.HasSuffix(got, "packed, line 50\n") {
		t.Errorf("a packed text became %q", got)
	}
}

func TestDamagedTextIsNotGivenInPart(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a text without its end was given")
		}
	}()
	embedded.Text(packed[:len(packed)-9])
}

// Whoever walks the folder, opens a file or asks for its size sees plain texts.
func TestFilesAreUnpacked(t *testing.T) {
	read := map[string]int{}
	err := fs.WalkDir(embedded.Files{Packed: files}, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(embedded.Files{Packed: files}, p)
		if err != nil {
			return err
		}
		info, err := fs.Stat(embedded.Files{Packed: files}, p)
		if err == nil && info.Size() != int64(len(text)) {
			t.Errorf("%s has %d bytes and says %d", p, len(text), info.Size())
		}
		read[p] = strings.Count(string(text), "\n")
		return err
	})
	if err != nil || len(read) != 2 || read["testdata/plain.txt"] != 1 || read["testdata/packed.txt"] != 50 {
		t.Errorf("read %v, %v", read, err)
	}
}

package pipeline

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/trailwarden/trailwarden/internal/needs"
)

// However a file is opened, asking only for what is in memory or waiting for it,
// its bytes, its size and its faults are those that os.File gives.
func TestOpenerReadsAsFilesDo(t *testing.T) {
	files := map[string]string{"empty": "", "some": "abc", "more": strings.Repeat("records ", 40_000)}
	names := []string{"some", "empty", "more", "missing", ".", "so\x00me"}
	for _, size := range []int{511, 512, 4095, 4096, 4097, 8192, 12_288, 65_535, 65_536, 65_537, 131_072} {
		names = append(names, fmt.Sprint(size))
		files[fmt.Sprint(size)] = strings.Repeat("1234567", size/7+1)[:size]
	}
	dir := tree(t, files)
	var o opener
	defer o.release()
	for range 3 { // the first file is opened without knowledge of its file system
		for _, name := range names {
			p := filepath.Join(dir, name)
			want, wantErr := os.ReadFile(p)
			got, size, err := readOpened(&o, p)
			if (err == nil) != (wantErr == nil) || err != nil && rootOf(err) != rootOf(wantErr) {
				t.Errorf("%q: %v; want %v", name, err, wantErr)
			}
			if !bytes.Equal(got, want) || err == nil && size != int64(len(want)) {
				t.Errorf("%q: %d bytes of %d; want %d", name, len(got), size, len(want))
			}
		}
	}
}

// So it is whatever the way from one file to the next, of which the opener may keep a
// part: to neighbours, to other folders, through links, and where folders are gone.
func TestOpenerFindsTheWay(t *testing.T) {
	dir := tree(t, map[string]string{
		"2026/03/14/a.json": "a", "2026/03/14/b.json": "b", "2026/03/15/c.json": "c", "2026/04/01/d.json": "d", "e.json": "e",
	})
	t.Chdir(dir)
	if err := os.Symlink("2026/04/01", "link"); err != nil {
		needs.Missing(t, "links", err)
	}
	var o opener
	defer o.release()
	visit := func(paths ...string) {
		t.Helper()
		for _, p := range append(paths, paths...) {
			want, wantErr := os.ReadFile(p)
			got, _, err := readOpened(&o, p)
			if !bytes.Equal(got, want) || (err == nil) != (wantErr == nil) {
				t.Errorf("%s: %q, %v; want %q, %v", p, got, err, want, wantErr)
			}
		}
	}
	for _, top := range []string{"", "./", dir + "/", "2026/../", ".//"} {
		visit(top+"2026/03/14/a.json", top+"2026/03/14/b.json", top+"2026/03/15/c.json", top+"2026/03/15/missing", top+"2026/04/01/d.json", top+"e.json")
		visit(top+"2026/03//14/a.json", top+"2026/03/14//b.json", top+"link/d.json", top+"link/../01/d.json", top+"link/../../03/14/a.json", "")
	}
	if err := os.Rename("2026", "2027"); err != nil {
		t.Fatal(err)
	}
	visit("2026/03/14/a.json", "2027/03/14/a.json", "/", "x/y/z", "x/y/z")
}

func readOpened(o *opener, p string) (data []byte, size int64, err error) {
	f, err := o.open(p)
	if err != nil {
		return nil, 0, err
	}
	defer f.Close()
	size = f.Size()
	data, err = io.ReadAll(f)
	return data, size, err
}

// rootOf is an error without the path and the name of the call.
func rootOf(err error) string {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		err = pe.Err
	}
	return err.Error()
}

// A listing of a folder names the same paths as filepath.Join makes, however the
// folder is written.
func TestListCleansPaths(t *testing.T) {
	dir := tree(t, map[string]string{"logs/a/b.json": "", "c.json.gz": ""})
	t.Chdir(dir)
	for _, given := range []string{".", "./", "logs/..", "./logs//../.", dir + "/", dir + "//logs/.."} {
		want := []string{filepath.Join(given, "c.json.gz"), filepath.Join(given, "logs", "a", "b.json")}
		l := List([]string{given}, false)
		if len(l.entries) != 2 || l.entries[0].path != want[0] || l.entries[1].path != want[1] {
			t.Errorf("%q: %v; want %v", given, l.entries, want)
		}
	}
}

package pipeline

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trailwarden/trailwarden/internal/archive"
	"github.com/trailwarden/trailwarden/internal/needs"
)

func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		p := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func listed(l *Listing, dir string) (paths []string) {
	for _, e := range l.entries {
		p := filepath.ToSlash(strings.TrimPrefix(e.path, dir+string(filepath.Separator)))
		switch {
		case e.fault != "":
			p += " !"
		case e.sniff:
			p += " ?"
		}
		paths = append(paths, p)
	}
	return paths
}

// A folder gives its logs, sorted, and nothing else; see List.
func TestListFolder(t *testing.T) {
	dir := tree(t, map[string]string{
		"b/2.json.gz": "", "b/1.JSON": "", "a.json": "", "b.jsonl": "", "README.md": "# {", "noending": "{}",
		".DS_Store": "{}", ".git/x.json": "{}", "b/run.sh": "", "z.log": "", "z.csv": "", "script.py": "{",
	})
	got := listed(List([]string{dir}, false), dir)
	want := []string{"a.json", "b/1.JSON", "b/2.json.gz", "b.jsonl", "noending ?", "z.csv", "z.log ?"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// A folder's members are those of os.ReadDir, in its order, with their types, however
// many there are and whatever they are called.
func TestReadFolder(t *testing.T) {
	dir := t.TempDir()
	odd := []string{"a", "a.json", "-", "ä", "a b", "a\nb", "...", ".x", "a\x80", strings.Repeat("n", 255)}
	for i := range 2000 {
		odd = append(odd, fmt.Sprintf("%d_CloudTrail_us-east-1_20260314T%04dZ.json.gz", i*7919%2000, i))
	}
	for i, name := range odd {
		p := filepath.Join(dir, name)
		var err error
		switch i % 50 {
		case 1:
			err = os.Mkdir(p, 0o755)
		case 2:
			err = os.Symlink("a", p)
		default:
			err = os.WriteFile(p, nil, 0o644)
		}
		if err != nil {
			t.Logf("left out: %v", err) // not every system has every name
		}
	}
	t.Chdir(dir)
	for _, dir := range []string{dir, dir + "/", dir + "//.", ".", "./", "..", "a.json", "a", "missing", "no\x00pe"} {
		var want []string
		names, wantErr := os.ReadDir(dir)
		for _, d := range names {
			want = append(want, fmt.Sprintf("%q %v", filepath.Join(dir, d.Name()), d.IsDir()), d.Type().String())
		}
		var l Listing
		err := l.read(dir, inside(dir))
		var got []string
		for _, m := range l.members {
			got = append(got, fmt.Sprintf("%q %v", m.path, m.mode.IsDir()), m.mode.String())
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%q: %s", dir, d)
		}
		if (err == nil) != (wantErr == nil) || err != nil && reason(err) != reason(wantErr) {
			t.Errorf("%q: %v; want %v", dir, err, wantErr)
		}
	}
}

// ZIP archives are read like folders, by the same rules, whether they are found or
// named; what is none says so in its place.
func TestListArchives(t *testing.T) {
	var buf bytes.Buffer
	z := zip.NewWriter(&buf)
	for name, text := range map[string]string{"AWSLogs/b.json.gz": "", "a.json": "", "README.md": "# {", "noending": "{}", "image": "\x89PNG", "inner.zip": archive.Magic, ".x.json": ""} {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, text); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	dir := tree(t, map[string]string{"m.zip": buf.String(), "a.json": "", "z.zip": "none"})
	inside := []string{"m.zip/AWSLogs/b.json.gz", "m.zip/a.json", "m.zip/noending"}
	if d := cmp.Diff(append(append([]string{"a.json"}, inside...), "z.zip !"), listed(List([]string{dir}, true), dir)); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(inside, listed(List([]string{filepath.Join(dir, "m.zip")}, false), dir)); d != "" {
		t.Error(d)
	}
	if err := os.Rename(filepath.Join(dir, "m.zip"), filepath.Join(dir, "export")); err != nil {
		t.Fatal(err)
	}
	if got := listed(List([]string{filepath.Join(dir, "export")}, false), dir); len(got) != 3 || got[0] != "export/AWSLogs/b.json.gz" {
		t.Errorf("by another name: %q", got)
	}
}

// A file that is named is read whatever its name; a path that is not there is a
// fault in its place.
func TestListNamedPaths(t *testing.T) {
	dir := tree(t, map[string]string{"README.md": "x", ".hidden": "y"})
	paths := []string{filepath.Join(dir, "README.md"), filepath.Join(dir, "missing"), filepath.Join(dir, ".hidden"), "-"}
	l := List(paths, true)
	if d := cmp.Diff([]string{"README.md", "missing !", ".hidden", "-"}, listed(l, dir)); d != "" {
		t.Error(d)
	}
	if l.Bytes() != 2 || l.Files() != 4 {
		t.Errorf("%d bytes of %d inputs; want 2 of 4", l.Bytes(), l.Files())
	}
}

// Links are followed, once.
func TestListLinks(t *testing.T) {
	dir := tree(t, map[string]string{"real/a.json": "", "more/b.json": ""})
	for link, to := range map[string]string{"real/up": dir, "real/self": filepath.Join(dir, "real"), "more/back": filepath.Join(dir, "real"), "real/again.json": filepath.Join(dir, "real", "a.json"), "real/more": filepath.Join(dir, "more"), "real/gone.json": "nowhere"} {
		if err := os.Symlink(to, filepath.Join(dir, filepath.FromSlash(link))); err != nil {
			needs.Missing(t, "links", err)
		}
	}
	got := listed(List([]string{filepath.Join(dir, "real")}, false), dir)
	want := []string{"real/a.json", "real/again.json", "real/gone.json !", "real/more/b.json"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestLooksLikeLog(t *testing.T) {
	for content, want := range map[string]bool{
		"\x1f\x8b\x08": true, "{}": true, " \n[": true, "\xef\xbb\xbf{": true,
		"": false, "Records": false, "\x00\x00": false, "# {": false,
	} {
		if got := looksLikeLog(strings.NewReader(content)); got != want {
			t.Errorf("%q: %v; want %v", content, got, want)
		}
	}
}

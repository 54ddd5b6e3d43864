package archive_test

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/trailwarden/trailwarden/internal/archive"
)

// file is one file to put into an archive.
type file struct {
	name, text string
	method     uint16 // as it is claimed; 0 and 8 are real
	flags      uint16
}

func pack(t testing.TB, files ...file) string {
	t.Helper()
	var buf bytes.Buffer
	z := zip.NewWriter(&buf)
	for _, f := range files {
		h := &zip.FileHeader{Name: f.name, Method: f.method, Flags: f.flags}
		var w io.Writer
		var err error
		if f.method == zip.Store || f.method == zip.Deflate {
			w, err = z.CreateHeader(h)
		} else {
			w, err = z.CreateRaw(h)
		}
		if err == nil {
			_, err = io.WriteString(w, f.text)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return write(t, buf.Bytes())
}

func write(t testing.TB, b []byte) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "x.zip")
	if err := os.WriteFile(name, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// contents are names and texts of an archive, a line each, or what is wrong.
func contents(name string) string {
	all, err := archive.Files(name)
	if err != nil {
		return err.Error()
	}
	var b strings.Builder
	for _, f := range all {
		fmt.Fprintf(&b, "%s: %s\n", f.Name, text(f))
	}
	return b.String()
}

func text(f archive.File) string {
	r, err := f.Open(context.Background())
	if err != nil {
		return err.Error()
	}
	defer r.Close()
	n, err := io.Copy(io.Discard, io.LimitReader(r, 1<<30))
	if err != nil {
		return err.Error()
	}
	return fmt.Sprint(n)
}

// Files come by name, also where that leads elsewhere; what is hidden does not
// come; what cannot be read says why and what to do.
func TestFiles(t *testing.T) {
	for _, c := range []struct {
		name  string
		files []file
		want  []string // what contents has, in this order, and nothing else
	}{
		{"by name, packed or not", []file{{name: "b/2.json", text: "xx"}, {name: "a.json", text: "x", method: zip.Deflate}, {name: "b/"}}, []string{"a.json: 1\n", "b/2.json: 2\n"}},
		{"nothing", nil, nil},
		{"names that lead elsewhere are taken for what follows", []file{{name: "../a", text: "x"}, {name: "/b"}, {name: "c/../../d"}, {name: "e//f"}, {name: "./g"}, {name: "../"}, {name: ".."}},
			[]string{"a: 1\n", "b: 0\n", "d: 0\n", "e/f: 0\n", "g: 0\n"}},
		{"names as Windows writes them", []file{{name: `AWSLogs\`}, {name: `AWSLogs\a.json`, text: "x"}, {name: `C:\b.json`}, {name: `..\.hidden`}}, []string{"AWSLogs/a.json: 1\n", "C:/b.json: 0\n"}},
		{"hidden names", []file{{name: ".a"}, {name: "__MACOSX/._a.json"}, {name: ".git/a"}}, nil},
		{"one name twice", []file{{name: "a", text: "x"}, {name: "a", text: "xx"}}, []string{"a: 1\n", "a: 2\n"}},
		{"encrypted", []file{{name: "a", text: "x", flags: 1}}, []string{"a: it is encrypted", "unpack it\n"}},
		{"packed by another method", []file{{name: "a", text: "x", method: 12}}, []string{"a: it is packed", "method 12", "unpack it\n"}},
		{"a bomb", []file{{name: "a", text: strings.Repeat("0", 40<<20), method: zip.Deflate}}, []string{"a: it unpacks to more than 200 times its size"}},
		{"a small file that is packed well", []file{{name: "a", text: strings.Repeat("0", 4<<20), method: zip.Deflate}}, []string{"a: 4194304\n"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			rest := contents(pack(t, c.files...))
			for _, want := range c.want {
				_, after, found := strings.Cut(rest, want)
				if !found {
					t.Fatalf("%q does not say %q", rest, want)
				}
				rest = after
			}
			if len(c.want) == 0 && rest != "" {
				t.Errorf("got %q, want nothing", rest)
			}
		})
	}
}

// What is no archive, or a damaged one, is said.
func TestNoArchive(t *testing.T) {
	whole, err := os.ReadFile(pack(t, file{name: "a", text: "x"}))
	if err != nil {
		t.Fatal(err)
	}
	for name, body := range map[string][]byte{"empty": nil, "text": []byte("hello"), "only the beginning": whole[:20], "cut": whole[:len(whole)-8]} {
		if got := contents(write(t, body)); !strings.Contains(got, "cannot be read") || !strings.Contains(got, "copy it again") {
			t.Errorf("%s: %q", name, got)
		}
	}
	if got := contents(filepath.Join(t.TempDir(), "missing")); !strings.Contains(got, "no such file") {
		t.Error(got)
	}
	for _, c := range []struct {
		text string
		want bool
	}{{archive.Magic + "…", true}, {"PK", false}, {"", false}, {"{}{}", false}} {
		if archive.Is(strings.NewReader(c.text)) != c.want {
			t.Errorf("%q is an archive: %t", c.text, !c.want)
		}
	}
}

// P4: no bytes make it crash or read without bound.
func FuzzFiles(f *testing.F) {
	for _, name := range []string{pack(f, file{name: "a", text: "x"}), pack(f, file{name: "b", text: strings.Repeat("x", 1000), method: zip.Deflate}, file{name: "c", flags: 1})} {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		name := write(t, b)
		all, err := archive.Files(name)
		if err != nil {
			return
		}
		for _, x := range all {
			if x.Packed < 0 || strings.Contains(x.Name, "..") && strings.Contains("/"+x.Name+"/", "/../") {
				t.Errorf("%q of %d bytes", x.Name, x.Packed)
			}
			text(x)
		}
	})
}

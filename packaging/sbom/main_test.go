package main

import (
	"bytes"
	"debug/buildinfo"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"strings"
	"testing"
)

// TestBillNamesEveryModule reads the bill of this test's own program: every
// module that the linker knows is in it with its version, and nothing else.
func TestBillNamesEveryModule(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "x.cdx.json")
	if err := run([]string{"-version", "1.2.3", "-created", "1773446400", "-o", out, self}); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	var b bill
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&b); err != nil {
		t.Fatal(err)
	}
	info, err := buildinfo.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]bool{}
	for _, c := range b.Components {
		got[c.PURL] = true
	}
	for _, m := range info.Deps {
		if !got[purl(m.Path, m.Version)] {
			t.Errorf("%s %s is missing", m.Path, m.Version)
		}
	}
	if len(b.Components) != len(info.Deps)+1 || len(b.Dependencies[0].On) != len(b.Components) {
		t.Errorf("%d components, %d of them needed; %d modules and the standard library", len(b.Components), len(b.Dependencies[0].On), len(info.Deps))
	}
	if b.Metadata.Component.Version != "1.2.3" || b.Metadata.Timestamp != "2026-03-14T00:00:00Z" || len(b.Metadata.Component.Hashes[0].Content) != 64 {
		t.Errorf("%+v", b.Metadata)
	}
	if !regexp.MustCompile(`^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`).MatchString(b.Serial) {
		t.Errorf("serial number %s", b.Serial)
	}
}

// A module keeps its name where a folder stands in for it; one that another
// module stands in for is that.
func TestReplacedModules(t *testing.T) {
	for _, c := range []struct {
		by   *debug.Module
		want string
	}{
		{nil, "pkg:golang/example.com/a@v1.2.3"},
		{&debug.Module{Path: "./.sdk/a", Version: "(devel)"}, "pkg:golang/example.com/a@v1.2.3"},
		{&debug.Module{Path: "example.com/b", Version: "v1.0.0"}, "pkg:golang/example.com/b@v1.0.0"},
	} {
		if got := libraryOf(&debug.Module{Path: "example.com/a", Version: "v1.2.3", Replace: c.by}).PURL; got != c.want {
			t.Errorf("got %s, want %s", got, c.want)
		}
	}
}

// TestNotAProgram says what is wrong.
func TestNotAProgram(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "x")
	if err := os.WriteFile(text, []byte("text"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"-o", filepath.Join(dir, "o"), text}, {"-o", filepath.Join(dir, "o"), filepath.Join(dir, "none")}, {text}, {"-o", "x"}} {
		if err := run(args); err == nil || strings.TrimSpace(err.Error()) == "" {
			t.Errorf("%v: %v", args, err)
		}
	}
}

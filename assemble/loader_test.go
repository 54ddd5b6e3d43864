package assemble_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/trailwarden/trailwarden/assemble"
	"github.com/trailwarden/trailwarden/source"
)

// What is broken is read once, and again when a file changes: neither a broken
// configuration nor a broken rule is tried all over for as long as it stays so.
func TestBrokenSetIsReadOnce(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const (
		good = "rules: [rules]\nsources: {logs: {folder: {path: logs}}}\n"
		rule = "id: one\ntitle: One\nmatch: {where: {eventName: {equals: One}}}\n"
	)
	if err := os.Mkdir(filepath.Join(dir, "rules"), 0o700); err != nil {
		t.Fatal(err)
	}
	write("rules/one.yaml", rule)
	write("trailwarden.yaml", good)
	l := assemble.NewLoader(filepath.Join(dir, "trailwarden.yaml"), assemble.Options{}, nil)
	load := func(what string, sound bool) {
		t.Helper()
		if _, err := l.Load(t.Context(), &source.MemoryCursor{}); (err == nil) != sound {
			t.Errorf("%s: %v", what, err)
		}
		if l.Changed() {
			t.Errorf("%s: it counts as changed once it was read", what)
		}
	}
	for _, c := range []struct {
		what, file, text string
		sound            bool
	}{
		{"the same set", "", "", true},
		{"a broken configuration", "trailwarden.yaml", "sources: [\n", false},
		{"a rule beside a broken configuration", "rules/two.yaml", "id: two\nmatch: {filter: '{ $.x = }'}\n", false},
		{"a broken rule", "trailwarden.yaml", good, false},
		{"a mended rule", "rules/two.yaml", "id: two\ntitle: Two\nmatch: {where: {eventName: {equals: Two}}}\n", true},
	} {
		if c.file != "" {
			write(c.file, c.text)
			if !l.Changed() {
				t.Errorf("%s: nobody notices", c.what)
			}
		}
		load(c.what, c.sound)
	}
}

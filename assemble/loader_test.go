package assemble_test

import (
	"context"
	"encoding/pem"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/trailwarden/trailwarden/assemble"
	"github.com/trailwarden/trailwarden/internal/awsx"
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

// What is read with the configuration is read again when it changes, and so are
// rules behind a link.
func TestWhatTheConfigurationNamesIsWatched(t *testing.T) {
	dir, now := t.TempDir(), time.Date(2026, 3, 14, 9, 0, 0, 0, time.UTC)
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		now = now.Add(time.Second)
		if err := os.Chtimes(filepath.Join(dir, name), now, now); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "real"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("real", filepath.Join(dir, "rules")); err != nil {
		t.Fatal(err)
	}
	write("real/one.yaml", "id: one\ntitle: One\nmatch: {where: {eventName: {equals: One}}}\n")
	write("names.yaml", "accounts: {\"111122223333\": one}\n")
	write("q.sql", "SELECT 1")
	write("trailwarden.yaml", "rules: [rules]\nsources: {logs: {folder: {path: logs}}}\nenrich: {accounts: names.yaml}\nqueries: {q: {file: q.sql}}\nlake: {path: lake}\n")
	l := assemble.NewLoader(filepath.Join(dir, "trailwarden.yaml"), assemble.Options{}, nil)
	for _, c := range [][2]string{
		{"real/one.yaml", "id: one\ntitle: Two\nmatch: {where: {eventName: {equals: Two}}}\n"},
		{"names.yaml", "accounts: {\"111122223333\": two}\n"},
		{"q.sql", "SELECT 2"},
	} {
		if _, err := l.Load(t.Context(), &source.MemoryCursor{}); err != nil {
			t.Fatal(err)
		}
		if l.Changed() {
			t.Errorf("%s: it counts as changed before it is", c[0])
		}
		if write(c[0], c[1]); !l.Changed() {
			t.Errorf("%s: nobody notices", c[0])
		}
	}
}

// What fails for a reason that lies outside of these files is tried again, after
// longer and longer, until it is mended.
func TestPassingFailureIsTriedAgain(t *testing.T) {
	dir, now := t.TempDir(), time.Date(2026, 3, 14, 9, 0, 0, 0, time.UTC)
	file, ca := filepath.Join(dir, "trailwarden.yaml"), filepath.Join(dir, "ca.pem")
	const text = "sources: {logs: {folder: {path: logs}}}\nsinks: {hook: {webhook: {url: 'env:HOOK', ca: ca.pem}}}\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	l := assemble.NewLoader(file, assemble.Options{Now: func() time.Time { return now }}, nil)
	for _, wait := range []time.Duration{time.Minute, 2 * time.Minute, 4 * time.Minute} {
		if _, err := l.Load(t.Context(), &source.MemoryCursor{}); err == nil || !strings.Contains(err.Error(), "ca.pem") {
			t.Fatalf("without the file: %v", err)
		}
		if now = now.Add(wait - time.Second); l.Changed() {
			t.Errorf("tried again before %v were over", wait)
		}
		if now = now.Add(time.Second); !l.Changed() {
			t.Errorf("not tried again after %v", wait)
		}
	}
	pair := httptest.NewTLSServer(nil)
	defer pair.Close()
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pair.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Load(t.Context(), &source.MemoryCursor{}); err != nil {
		t.Fatal(err)
	}
	if now = now.Add(24 * time.Hour); l.Changed() {
		t.Error("what is in force is read again")
	}
}

// A queue and a log group are asked in the region that their names say, unless
// the configuration says another.
func TestRegionsOfSources(t *testing.T) {
	const group = "arn:aws:logs:eu-central-1:111122223333:log-group:trail"
	for text, want := range map[string]string{
		"logs: {group: '" + group + "'}":                                            "eu-central-1",
		"logs: {group: '" + group + ":*'}":                                          "eu-central-1",
		"logs: {group: '" + group + "', region: eu-west-1}":                         "eu-west-1",
		"logs: {group: trail}":                                                      "",
		"sqs: {queue: 'https://sqs.eu-central-1.amazonaws.com/111122223333/trail'}": "eu-central-1",
	} {
		var asked []string
		o := assemble.Options{LoadAWS: func(_ context.Context, s awsx.Settings) (aws.Config, error) {
			asked = append(asked, s.Region)
			return aws.Config{}, nil
		}}
		cfg := parse(t, t.TempDir(), "sources: {a: {"+text+"}}\nsinks: {out: {stdout: {}}}\n")
		if _, err := assemble.New(cfg, o).Sources(t.Context(), &source.MemoryCursor{}); err != nil || len(asked) == 0 || asked[0] != want {
			t.Errorf("%s: asked in %q, want %q: %v", text, asked, want, err)
		}
	}
}

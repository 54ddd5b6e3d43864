// Package deploytest makes the plans of the sample configurations for tests of
// what is rendered of them, and holds what lies in the repository to that.
package deploytest

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/trailwarden/trailwarden/config"
	"github.com/trailwarden/trailwarden/deploy"
	"github.com/trailwarden/trailwarden/deploy/plan"
)

// Sample is the plan of a topology's sample configuration.
func Sample(t testing.TB, name string, o deploy.Options) *plan.Plan {
	t.Helper()
	return planned(t, sample(t, name), o)
}

// SampleWithPack is Sample with a pack's rules in place of the sample's.
func SampleWithPack(t testing.TB, name, pack string) *plan.Plan {
	t.Helper()
	cfg := sample(t, name)
	cfg.Rules, cfg.RuleSettings = []string{pack}, config.RuleSettings{Packs: []string{pack}}
	return planned(t, cfg, deploy.Options{})
}

func sample(t testing.TB, name string) *config.Config {
	t.Helper()
	cfg, err := config.Load(filepath.Join(root(t), "deploy", "samples", name, "trailwarden.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

func planned(t testing.TB, cfg *config.Config, o deploy.Options) *plan.Plan {
	t.Helper()
	p, err := deploy.Plan(cfg, o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// root is the repository's.
func root(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if up := filepath.Dir(dir); up != dir {
			dir = up
			continue
		}
		t.Fatal("there is no go.mod above the test")
	}
}

// Write writes files into a folder.
func Write(t testing.TB, folder string, files []plan.File) {
	t.Helper()
	for _, f := range files {
		name := filepath.Join(folder, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, f.Text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// Hold holds a folder to files, or with update writes it anew.
func Hold(t testing.TB, folder string, files []plan.File, update bool) {
	t.Helper()
	if update {
		if err := os.RemoveAll(folder); err != nil {
			t.Fatal(err)
		}
		Write(t, folder, files)
	}
	for _, f := range files {
		got, err := os.ReadFile(filepath.Join(folder, filepath.FromSlash(f.Name)))
		if err != nil || !bytes.Equal(got, f.Text) {
			t.Errorf("%s/%s is not what render prints; run the test with -update (%v)", folder, f.Name, err)
		}
	}
	if n := count(t, folder); n != len(files) {
		t.Errorf("%s holds %d files, render prints %d", folder, n, len(files))
	}
}

func count(t testing.TB, folder string) (n int) {
	t.Helper()
	err := filepath.WalkDir(folder, func(_ string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			n++
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	return n
}

package cloudformation_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/trailwarden/trailwarden/config"
	"github.com/trailwarden/trailwarden/deploy"
	"github.com/trailwarden/trailwarden/deploy/cloudformation"
	"github.com/trailwarden/trailwarden/deploy/plan"
	"github.com/trailwarden/trailwarden/deploy/topology"
)

var update = flag.Bool("update", false, "write the ready templates anew from the samples")

// sampleWith is the plan of a topology's sample configuration.
func sampleWith(t *testing.T, name string, o deploy.Options) *plan.Plan {
	t.Helper()
	cfg, err := config.Load(filepath.Join("..", "samples", name, "trailwarden.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	p, err := deploy.Plan(cfg, o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// The ready templates in the repository are what render prints of the samples,
// with everything that belongs to one installation as a parameter.
func TestTemplatesAreWhatRenderPrints(t *testing.T) {
	for _, name := range topology.Names() {
		t.Run(name, func(t *testing.T) {
			files, err := cloudformation.Render(sampleWith(t, name, deploy.Options{Open: true}))
			if err != nil {
				t.Fatal(err)
			}
			folder := filepath.Join("templates", name)
			if *update {
				write(t, folder, files)
			}
			for _, f := range files {
				got, err := os.ReadFile(filepath.Join(folder, f.Name))
				if err != nil || !bytes.Equal(got, f.Text) {
					t.Errorf("%s is not what render prints; run go test ./deploy/cloudformation -update (%v)", f.Name, err)
				}
			}
			there, err := os.ReadDir(folder)
			if err != nil || len(there) != len(files) {
				t.Errorf("%s holds %d files, render prints %d", folder, len(there), len(files))
			}
		})
	}
}

func write(t *testing.T, folder string, files []plan.File) {
	t.Helper()
	if err := os.RemoveAll(folder); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if err := os.WriteFile(filepath.Join(folder, f.Name), f.Text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

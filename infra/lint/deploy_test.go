package lint_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/trailwarden/trailwarden/config"
	"github.com/trailwarden/trailwarden/deploy"
	"github.com/trailwarden/trailwarden/deploy/awscli"
	"github.com/trailwarden/trailwarden/deploy/cloudformation"
	"github.com/trailwarden/trailwarden/deploy/plan"
	"github.com/trailwarden/trailwarden/deploy/terraform"
	"github.com/trailwarden/trailwarden/deploy/topology"
	"github.com/trailwarden/trailwarden/infra/lint"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
)

// TestWhatDeployRendersIsClean lints what Trailwarden renders itself of every
// topology, in every form: none of the mistakes may be in it.
func TestWhatDeployRendersIsClean(t *testing.T) {
	for _, name := range topology.Names() {
		cfg, err := config.Load(filepath.Join("..", "..", "deploy", "samples", name, "trailwarden.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		for _, open := range []bool{false, true} {
			p, err := deploy.Plan(cfg, deploy.Options{Open: open})
			if err != nil {
				t.Fatal(err)
			}
			for form, render := range map[string]func(*plan.Plan) ([]plan.File, error){
				"cloudformation": cloudformation.Render, "terraform": terraform.Render, "cli": awscli.Render,
			} {
				if open != (form == "cloudformation") {
					continue // package cloudformation's tests lint the templates of single installations
				}
				t.Run(name+"/"+form+map[bool]string{true: "/open"}[open], func(t *testing.T) {
					files, err := render(p)
					if err != nil {
						t.Fatal(err)
					}
					clean(t, files)
				})
			}
		}
	}
}

// A repository holds stacks that have nothing to do with each other: the same
// logical name in two of them is two things.
func TestStacksBesideEachOtherAreApart(t *testing.T) {
	root := filepath.Join("..", "..", "deploy")
	for _, dir := range []string{"terraform/modules", "cloudformation/templates"} {
		var files []plan.File
		err := filepath.WalkDir(filepath.Join(root, dir), func(path string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			text, err := os.ReadFile(path)
			files = append(files, plan.File{Name: path, Text: text})
			return err
		})
		if err != nil || len(files) < 6 {
			t.Fatalf("%s: %d files, %v", dir, len(files), err)
		}
		clean(t, files)
	}
}

func clean(t *testing.T, rendered []plan.File) {
	t.Helper()
	var files []lint.File
	for _, f := range rendered {
		if filepath.Ext(f.Name) != ".md" {
			files = append(files, lint.File{Name: f.Name, Text: f.Text})
		}
	}
	result := lint.Files(files, now())
	for _, d := range result.Unread {
		t.Errorf("not read: %v", d)
	}
	for _, d := range result.Findings {
		if d.Severity != diagnostic.Note {
			t.Errorf("%v (%s)", d, d.Rule)
		}
	}
}

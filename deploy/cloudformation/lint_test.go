package cloudformation_test

import (
	_ "embed"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/trailwarden/trailwarden/deploy"
	render "github.com/trailwarden/trailwarden/deploy/cloudformation"
	"github.com/trailwarden/trailwarden/deploy/topology"
	"github.com/trailwarden/trailwarden/infra/lint"
	"github.com/trailwarden/trailwarden/internal/awstest"
	"github.com/trailwarden/trailwarden/internal/deploytest"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
)

//go:embed testdata/requirements.txt
var requirements string

// AWS's linter, which holds templates to the schemas of the resource types, finds
// neither an error nor a warning in any template.
func TestProviderSchemasAreKept(t *testing.T) {
	python := awstest.PythonWith(t, "cfn-lint", requirements)
	files, err := filepath.Glob(filepath.Join("templates", "*", "*.yaml"))
	if err != nil || len(files) < 12 {
		t.Fatalf("%d templates: %v", len(files), err)
	}
	cfnLint(t, python, files)
}

func cfnLint(t *testing.T, python string, files []string) {
	t.Helper()
	args := append([]string{"-c", "import sys; from cfnlint.runner import main; sys.exit(main())", "--format", "parseable", "--non-zero-exit-code", "warning", "--"}, files...)
	out, err := exec.Command(python, args...).CombinedOutput()
	if err != nil || len(out) > 0 {
		t.Errorf("%v\n%s", err, out)
	}
}

// Our own linter, which knows the mistakes of the write-ups, finds none of them in
// what we make of the write-ups.
func TestTemplatesMakeNoKnownMistake(t *testing.T) {
	for _, name := range topology.Names() {
		files, err := render.Render(deploytest.Sample(t, name, deploy.Options{}))
		if err != nil {
			t.Fatal(err)
		}
		var in []lint.File
		for _, f := range files {
			if filepath.Ext(f.Name) == ".yaml" {
				in = append(in, lint.File{Name: f.Name, Text: f.Text})
			}
		}
		found := lint.Files(in, time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC))
		for _, d := range slices.Concat(found.Findings, found.Unread) {
			if d.Severity != diagnostic.Note {
				t.Errorf("%s: %v", name, d)
			}
		}
	}
}

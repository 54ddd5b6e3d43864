package cloudformation_test

import (
	_ "embed"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/trailwarden/trailwarden/internal/awstest"
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
	args := append([]string{"-c", "import sys; from cfnlint.runner import main; sys.exit(main())", "--format", "parseable", "--non-zero-exit-code", "warning", "--"}, files...)
	out, err := exec.Command(python, args...).CombinedOutput()
	if err != nil || len(out) > 0 {
		t.Errorf("%v\n%s", err, out)
	}
}

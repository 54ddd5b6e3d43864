package terraform_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/trailwarden/trailwarden/deploy/internal/specimen"
	"github.com/trailwarden/trailwarden/deploy/plan"
	"github.com/trailwarden/trailwarden/deploy/terraform"
)

// settings makes Terraform take the provider from the machine, when its maker put
// it there, and never from the network.
func settings(t *testing.T) []string {
	t.Helper()
	if _, err := exec.LookPath("terraform"); err != nil {
		t.Skip("terraform is not installed")
	}
	mirror := os.Getenv("TRAILWARDEN_TF_PLUGINS")
	if mirror == "" {
		mirror = "/opt/tf-plugins"
	}
	if _, err := os.Stat(filepath.Join(mirror, "registry.terraform.io", "hashicorp", "aws")); err != nil {
		t.Skipf("no hashicorp/aws provider in %s; name its folder in TRAILWARDEN_TF_PLUGINS", mirror)
	}
	rc := filepath.Join(t.TempDir(), "terraform.rc")
	text := "provider_installation {\n  filesystem_mirror {\n    path = \"" + mirror + "\"\n  }\n}\n"
	if err := os.WriteFile(rc, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return append(os.Environ(), "TF_CLI_CONFIG_FILE="+rc, "CHECKPOINT_DISABLE=1", "TF_IN_AUTOMATION=1")
}

func write(t *testing.T, dir string, files []plan.File) {
	t.Helper()
	for _, f := range files {
		name := filepath.Join(dir, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, f.Text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// A plan with one of everything passes Terraform's own check against the
// provider's schema, and is laid out as terraform fmt does it.
func TestTheProviderTakesEverything(t *testing.T) {
	env := settings(t)
	files, err := terraform.Render(specimen.Plan())
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write(t, dir, files)
	validate(t, env, dir)
}

func validate(t *testing.T, env []string, dir string) {
	t.Helper()
	for _, args := range [][]string{{"fmt", "-check", "-recursive", "-diff"}, {"init", "-backend=false", "-no-color", "-input=false"}, {"validate", "-no-color"}} {
		cmd := exec.Command("terraform", args...)
		cmd.Dir, cmd.Env = dir, env
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("terraform %s: %v\n%s", strings.Join(args, " "), err, out)
		}
		if args[0] == "validate" && strings.Contains(string(out), "Warning:") {
			t.Errorf("terraform %s warns:\n%s", args[0], out)
		}
	}
}

// What is not known is an error that names it, and never left out.
func TestWhatIsNotKnownIsNamed(t *testing.T) {
	for want, r := range map[string]*plan.Resource{
		"AWS::EC2::Instance Odd: resources of this type": {Type: "AWS::EC2::Instance"},
		"AWS::SQS::Queue Odd: property Colour":           {Type: "AWS::SQS::Queue", Properties: plan.Map{{Key: "Colour", Value: plan.Text("red")}}},
		"AWS::SNS::TopicPolicy Odd.Topics":               {Type: "AWS::SNS::TopicPolicy", Properties: plan.Map{{Key: "Topics", Value: plan.Texts("a", "b")}}},
		"there is no resource Gone":                      {Type: "AWS::SNS::Topic", Properties: plan.Map{{Key: "TopicName", Value: plan.Ref{ID: "Gone"}}}},
		"there is no parameter Gone":                     {Type: "AWS::SNS::Topic", Properties: plan.Map{{Key: "TopicName", Value: plan.Param{Name: "Gone"}}}},
	} {
		p := specimen.Plan()
		r.ID = "Odd"
		p.Stacks[0].Resources = append(p.Stacks[0].Resources, r)
		if _, err := terraform.Render(p); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

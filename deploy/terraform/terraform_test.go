package terraform_test

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2/hclwrite"

	"github.com/trailwarden/trailwarden/deploy"
	"github.com/trailwarden/trailwarden/deploy/internal/specimen"
	"github.com/trailwarden/trailwarden/deploy/plan"
	"github.com/trailwarden/trailwarden/deploy/terraform"
	"github.com/trailwarden/trailwarden/deploy/topology"
	"github.com/trailwarden/trailwarden/internal/deploytest"
	"github.com/trailwarden/trailwarden/internal/needs"
)

// settings makes Terraform take the provider from the machine, when its maker put
// it there, and never from the network.
func settings(t *testing.T) []string {
	t.Helper()
	needs.Program(t, "terraform")
	mirror := os.Getenv("TRAILWARDEN_TF_PLUGINS")
	if mirror == "" {
		mirror = "/opt/tf-plugins"
	}
	if _, err := os.Stat(filepath.Join(mirror, "registry.terraform.io", "hashicorp", "aws")); err != nil {
		needs.Missing(t, "terraform", "no hashicorp/aws provider in ", mirror, "; name its folder in TRAILWARDEN_TF_PLUGINS")
	}
	rc := filepath.Join(t.TempDir(), "terraform.rc")
	text := "provider_installation {\n  filesystem_mirror {\n    path = \"" + mirror + "\"\n  }\n}\n"
	if err := os.WriteFile(rc, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return append(os.Environ(), "TF_CLI_CONFIG_FILE="+rc, "CHECKPOINT_DISABLE=1", "TF_IN_AUTOMATION=1")
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
	deploytest.Write(t, dir, files)
	validate(t, env, dir)
}

var update = flag.Bool("update", false, "write the ready modules anew from the samples")

// The ready modules in the repository are what render prints of the samples, with
// everything that belongs to one installation as a variable.
func TestReadyModules(t *testing.T) {
	for _, name := range topology.Names() {
		files, err := terraform.Render(deploytest.Sample(t, name, deploy.Options{Open: true}))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		deploytest.Hold(t, filepath.Join("modules", name), files, *update)
	}
}

// The provider takes every topology. They are called by one configuration and in
// two regions, because Terraform starts the provider anew for each region.
func TestTheProviderTakesEveryTopology(t *testing.T) {
	env := settings(t)
	dir := t.TempDir()
	var all strings.Builder
	all.WriteString("variable \"unknown\" {\n  type = any\n}\n")
	for _, name := range topology.Names() {
		p := deploytest.Sample(t, name, deploy.Options{Open: true})
		p.Regions = slices.DeleteFunc(slices.Clone(p.Regions), func(r string) bool { return r != p.Home && r != "eu-central-1" })
		files, err := terraform.Render(p)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		deploytest.Write(t, filepath.Join(dir, name), files)
		all.WriteString(call(name, string(file(files, "variables.tf"))))
	}
	if err := os.WriteFile(filepath.Join(dir, "main.tf"), hclwrite.Format([]byte(all.String())), 0o644); err != nil {
		t.Fatal(err)
	}
	validate(t, env, dir)
}

func file(files []plan.File, name string) []byte {
	return files[slices.IndexFunc(files, func(f plan.File) bool { return f.Name == name })].Text
}

// call is a call of a module whose variables have values that are not known yet.
func call(name, variables string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\nmodule %q {\n  source = \"./%s\"\n", name, name)
	for _, m := range regexp.MustCompile(`(?m)^variable "(.*)"`).FindAllStringSubmatch(variables, -1) {
		fmt.Fprintf(&b, "  %s = var.unknown\n", m[1])
	}
	return b.String() + "}\n"
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

// Quotation marks at the ends of a part of a text stay where they are.
func TestQuotationMarksInATextStay(t *testing.T) {
	p := specimen.Plan()
	p.Stacks[0].Resources = append(p.Stacks[0].Resources, &plan.Resource{ID: "Odd", Type: "AWS::SNS::Topic", Why: "Says something.",
		Properties: plan.Fields("TopicName", "odd", "DisplayName", plan.Concat(`"here" is "`, plan.Region, `"`))})
	files, err := terraform.Render(p)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(files, func(f plan.File) bool { return strings.Contains(string(f.Text), `"\"here\" is \"${var.region}\""`) }) {
		t.Error("the text is not written as it is")
	}
}

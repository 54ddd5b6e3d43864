package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/trailwarden/trailwarden/config"
	"github.com/trailwarden/trailwarden/deploy"
	"github.com/trailwarden/trailwarden/deploy/awscli"
	"github.com/trailwarden/trailwarden/deploy/cloudformation"
	"github.com/trailwarden/trailwarden/deploy/plan"
	"github.com/trailwarden/trailwarden/deploy/terraform"
)

// deployCommand makes infrastructure of the configuration.
type deployCommand struct {
	Render  deployRenderCommand  `cmd:"" help:"Write a topology as CloudFormation, Terraform or AWS CLI commands."`
	Explain deployExplainCommand `cmd:"" help:"Say what each resource and each permission of a topology is for."`
	Notify  deployNotifyCommand  `cmd:"" help:"Add our notification to a bucket and leave those of others as they are."`
}

// renderers are the languages that a plan can be written in.
func renderers() map[string]plan.Renderer {
	return map[string]plan.Renderer{"cloudformation": cloudformation.Render, "terraform": terraform.Render, "cli": awscli.Render}
}

// deployFlags stand in place of what the configuration's deploy block says.
type deployFlags struct {
	Config            string   `placeholder:"FILE" help:"Configuration file. Default: trailwarden.yaml in this folder."`
	Topology          string   `placeholder:"NAME" help:"One of ${architectures}. Default: deploy.topology of the configuration."`
	Name              string   `placeholder:"NAME" help:"What names begin with."`
	Region            string   `placeholder:"NAME" help:"Region of all that stands in one region."`
	Regions           []string `placeholder:"NAME" help:"Regions to watch: codes, wildcards, geographies."`
	Bucket            string   `placeholder:"NAME" help:"Bucket of the log files."`
	Prefix            string   `placeholder:"TEXT" help:"What its keys begin with, before AWSLogs."`
	Trail             string   `placeholder:"NAME" help:"Name of the trail."`
	Topic             string   `placeholder:"ARN" help:"Topic that is told of new log files already."`
	KMSKey            string   `name:"kms-key" placeholder:"ARN" help:"Key that log files are encrypted with already."`
	LogGroup          string   `placeholder:"NAME" help:"CloudWatch Logs group of the trail."`
	Bus               string   `placeholder:"NAME" help:"Name of the central EventBridge bus."`
	Artifacts         string   `placeholder:"NAME" help:"Bucket for code and configuration that is there already."`
	Organization      string   `placeholder:"ID" help:"Organization to watch, o-…"`
	ManagementAccount string   `placeholder:"ID" help:"The organization's management account."`
	Account           string   `placeholder:"ID" help:"Account that the watch runs in."`
	Reuse             []string `placeholder:"WHAT" help:"What exists and is used as it is: bucket, trail, log_group, table, bus."`
	Open              bool     `help:"Make a parameter without default of everything that belongs to one installation."`
}

// plan is the plan that configuration and flags ask for.
func (f *deployFlags) plan() (*plan.Plan, error) {
	cfg, err := needed(f.Config)
	if err != nil {
		return nil, err
	}
	for _, what := range f.Reuse {
		if !slices.Contains([]string{"bucket", "trail", "log_group", "table", "bus"}, what) {
			return nil, fmt.Errorf("--reuse %s: want bucket, trail, log_group, table or bus", what)
		}
	}
	return deploy.Plan(cfg, deploy.Options{Topology: f.Topology, Open: f.Open, Change: f.change, Flags: f.given()})
}

// keyed is a flag that stands in place of a key of the deploy block.
type keyed struct {
	flag, key, value string
	to               func(*config.Deploy) *string
}

func (f *deployFlags) keyed() []keyed {
	return []keyed{
		{"--name", "name", f.Name, func(d *config.Deploy) *string { return &d.Name }},
		{"--region", "region", f.Region, func(d *config.Deploy) *string { return &d.Region }},
		{"--bucket", "bucket", f.Bucket, func(d *config.Deploy) *string { return &d.Bucket }},
		{"--prefix", "prefix", f.Prefix, func(d *config.Deploy) *string { return &d.Prefix }},
		{"--trail", "trail", f.Trail, func(d *config.Deploy) *string { return &d.Trail }},
		{"--topic", "topic", f.Topic, func(d *config.Deploy) *string { return &d.Topic }},
		{"--kms-key", "kms_key", f.KMSKey, func(d *config.Deploy) *string { return &d.Key }},
		{"--log-group", "log_group", f.LogGroup, func(d *config.Deploy) *string { return &d.LogGroup }},
		{"--bus", "bus", f.Bus, func(d *config.Deploy) *string { return &d.Bus }},
		{"--artifacts", "artifacts", f.Artifacts, func(d *config.Deploy) *string { return &d.Artifacts }},
		{"--organization", "organization", f.Organization, func(d *config.Deploy) *string { return &d.Organization }},
		{"--management-account", "management_account", f.ManagementAccount, func(d *config.Deploy) *string { return &d.Management }},
		{"--account", "account", f.Account, func(d *config.Deploy) *string { return &d.Account }},
	}
}

// change puts what flags say in place of what the configuration says.
func (f *deployFlags) change(d *config.Deploy) {
	for _, k := range f.keyed() {
		if k.value != "" {
			*k.to(d) = k.value
		}
	}
	if len(f.Regions) > 0 {
		d.Regions = f.Regions
	}
	d.Reuse = append(slices.Clone(d.Reuse), f.Reuse...)
}

// given are the flags that were given, by what they stand in place of.
func (f *deployFlags) given() map[string]string {
	flags := map[string]string{}
	for _, k := range f.keyed() {
		if k.value != "" {
			flags[k.key] = k.flag
		}
	}
	if len(f.Regions) > 0 {
		flags["regions"] = "--regions"
	}
	return flags
}

// deployRenderCommand writes a topology.
type deployRenderCommand struct {
	Target string `default:"cloudformation" enum:"cloudformation,terraform,cli" help:"Language: cloudformation, terraform or cli (a script of AWS CLI commands)."`
	Out    string `short:"o" placeholder:"DIR" help:"Folder to write to; it is made. Default: everything to the standard output, each file under its name."`
	deployFlags
}

// Help says what is made.
func (deployRenderCommand) Help() string {
	return `Rules, sinks, store and queries of the configuration decide what is made and what is permitted: a role gets what an enabled sink needs, and no more. A README says in which order the parts are made, what they cost and how they go away again.

What exists already is used by name: --bucket NAME --reuse bucket. Our notification is then added to those that it has, and none of them is replaced.

No secret is written: sinks refer to Secrets Manager or the Parameter Store, and a configuration that refers to the environment or to files is refused.`
}

// Run renders.
func (c *deployRenderCommand) Run(s *streams) error {
	p, err := c.plan()
	if err != nil {
		return err
	}
	files, err := renderers()[c.Target](p)
	if err != nil {
		return err
	}
	files = append(files, p.Files...)
	if c.Out == "" {
		return printFiles(s, files)
	}
	for _, f := range files {
		if err := writeFile(filepath.Join(c.Out, filepath.FromSlash(f.Name)), f.Text); err != nil {
			return err
		}
	}
	s.say("%s in %s; begin with README.md", counted(len(files), "file"), c.Out)
	return nil
}

func printFiles(s *streams, files []plan.File) error {
	for i, f := range files {
		if i > 0 {
			fmt.Fprintln(s.out)
		}
		if _, err := fmt.Fprintf(s.out, "# %s\n\n%s", f.Name, f.Text); err != nil {
			return err
		}
	}
	return nil
}

// writeFile writes a file, and the folders above it; scripts may be run.
func writeFile(path string, text []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	mode := os.FileMode(0o644)
	if strings.HasSuffix(path, ".sh") {
		mode = 0o755
	}
	return os.WriteFile(path, text, mode)
}

// deployExplainCommand says what each part is for.
type deployExplainCommand struct {
	deployFlags
}

// Run explains.
func (c *deployExplainCommand) Run(s *streams) error {
	p, err := c.plan()
	if err != nil {
		return err
	}
	return plan.Explain(s.out, p)
}

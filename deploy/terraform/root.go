package terraform

import (
	"fmt"
	"slices"

	"github.com/hashicorp/hcl/v2/hclwrite"

	"github.com/trailwarden/trailwarden/deploy/plan"
)

// root writes the configuration that calls the modules.
type root struct {
	plan   *plan.Plan
	pseudo map[string]map[plan.Pseudo]bool // what the modules of stacks want to know
	errs   []error
}

// site is one place where a module is called.
type site struct {
	stack    *plan.Stack
	account  plan.Account // Central or Management
	region   string
	name     string // of the module
	provider string // aws, or aws.ALIAS
}

// sites are the calls of a stack's module.
func (r *root) sites(s *plan.Stack) []site {
	account := s.Account
	if account == plan.Members {
		account = plan.Management // the others get a StackSet
	}
	if s.Reach != plan.Every {
		return []site{{s, account, r.plan.Home, snake(s.Name), r.provider(account, r.plan.Home)}}
	}
	var out []site
	for _, region := range r.plan.Regions {
		out = append(out, site{s, account, region, snake(s.Name) + "_" + snake(region), r.provider(account, region)})
	}
	return out
}

// provider names the provider of an account and region; the one at home needs no
// alias.
func (r *root) provider(account plan.Account, region string) string {
	switch {
	case account == plan.Central && region == r.plan.Home:
		return "aws"
	case account == plan.Central:
		return "aws." + snake(region)
	case region == r.plan.Home:
		return "aws.management"
	}
	return "aws.management_" + snake(region)
}

func (r *root) all() []site {
	var out []site
	for _, s := range r.plan.Stacks {
		out = append(out, r.sites(s)...)
	}
	return out
}

// uses tells whether the plan has something in an account.
func (r *root) uses(account plan.Account) bool {
	return slices.ContainsFunc(r.all(), func(s site) bool { return s.account == account })
}

func (r *root) members() bool {
	return slices.ContainsFunc(r.plan.Stacks, func(s *plan.Stack) bool { return s.Account == plan.Members })
}

func (r *root) files() []plan.File {
	w := newWriter(&plan.Stack{Name: "root"})
	files := []plan.File{
		file("", "main.tf", r.main(w)), file("", "providers.tf", r.providers(w)), file("", "variables.tf", r.variables(w)),
		file("", "outputs.tf", r.outputs(w)), file("", "versions.tf", versions()),
	}
	r.errs = append(r.errs, w.err())
	return files
}

// main calls each module, one after the other: stacks know each other by name
// alone, so nothing else tells Terraform the order.
func (r *root) main(w *writer) *hclwrite.File {
	f := hclwrite.NewEmptyFile()
	comment(f.Body(), r.plan.Title+"\nMade by trailwarden deploy render; change the configuration rather than these files.")
	f.Body().AppendNewline()
	for _, account := range []plan.Account{plan.Central, plan.Management} {
		if r.uses(account) {
			b := f.Body().AppendNewBlock("data", []string{"aws_caller_identity", string(account)}).Body()
			w.provide(b, "provider", r.provider(account, r.plan.Home))
			f.Body().AppendNewline()
		}
	}
	f.Body().AppendNewBlock("data", []string{"aws_partition", "current"})
	f.Body().AppendNewline()
	var before []string
	for _, s := range r.plan.Stacks {
		var made []string
		for _, at := range r.sites(s) {
			r.call(w, f, at, before)
			made = append(made, "module."+at.name)
		}
		if s.Account == plan.Members {
			r.stackSet(w, f, s, before)
			made = append(made, "aws_cloudformation_stack_set_instance."+snake(s.Name))
		}
		before = made
	}
	return f
}

// provide names a provider unless it is the one without an alias.
func (w *writer) provide(b *hclwrite.Body, attribute, provider string) {
	if provider != "aws" {
		w.set(b, attribute, provider)
	}
}

func (r *root) call(w *writer, f *hclwrite.File, at site, before []string) {
	comment(f.Body(), at.stack.Purpose)
	b := f.Body().AppendNewBlock("module", []string{at.name}).Body()
	w.set(b, "source", quoted("./"+at.stack.Name))
	if at.provider != "aws" {
		w.set(b, "providers", "{\naws = "+at.provider+"\n}")
	}
	for _, q := range at.stack.Parameters {
		w.set(b, snake(q.Name), "var."+r.plan.Variable(at.stack, q))
	}
	used := r.pseudo[at.stack.Name]
	if used[plan.AccountID] {
		w.set(b, "account_id", fmt.Sprintf("data.aws_caller_identity.%s.account_id", at.account))
	}
	if used[plan.Region] {
		w.set(b, "region", quoted(at.region))
	}
	if used[plan.Partition] {
		w.set(b, "partition", "data.aws_partition.current.partition")
	}
	if len(before) > 0 {
		w.set(b, "depends_on", bracketed(before))
	}
	f.Body().AppendNewline()
}

// stackSet puts a stack into every account of the organization, also those that
// join later (AWS CloudFormation User Guide, StackSets with service-managed
// permissions).
func (r *root) stackSet(w *writer, f *hclwrite.File, s *plan.Stack, before []string) {
	label := snake(s.Name)
	comment(f.Body(), "The same in every other account of the organization, also those that join later.")
	b := f.Body().AppendNewBlock("resource", []string{"aws_cloudformation_stack_set", label}).Body()
	w.set(b, "provider", "aws.management")
	w.set(b, "name", quoted(s.Name))
	w.set(b, "description", quoted(s.Purpose))
	w.set(b, "permission_model", `"SERVICE_MANAGED"`)
	w.set(b, "capabilities", `["CAPABILITY_NAMED_IAM"]`)
	w.set(b, "template_body", `file("${path.module}/`+template(s)+`")`)
	if len(s.Parameters) > 0 {
		given := "{\n"
		for _, q := range s.Parameters {
			given += q.Name + " = var." + r.plan.Variable(s, q) + "\n"
		}
		w.set(b, "parameters", given+"}")
	}
	auto := nested(b, "auto_deployment")
	w.set(auto, "enabled", "true")
	w.set(auto, "retain_stacks_on_account_removal", "false")
	keep := nested(b, "lifecycle")
	comment(keep, "The provider reads a role that service-managed permissions do without.")
	w.set(keep, "ignore_changes", "[administration_role_arn]")
	if len(before) > 0 {
		w.set(b, "depends_on", bracketed(before))
	}
	f.Body().AppendNewline()
	r.instances(w, f, s)
}

func (r *root) instances(w *writer, f *hclwrite.File, s *plan.Stack) {
	label := snake(s.Name)
	regions := []string{r.plan.Home}
	if s.Reach == plan.Every {
		regions = r.plan.Regions
	}
	b := f.Body().AppendNewBlock("resource", []string{"aws_cloudformation_stack_set_instance", label}).Body()
	w.set(b, "for_each", "toset("+w.expression(plan.Texts(regions...))+")")
	w.set(b, "provider", "aws.management")
	w.set(b, "stack_set_name", "aws_cloudformation_stack_set."+label+".name")
	w.set(b, "region", "each.value")
	w.set(nested(b, "deployment_targets"), "organizational_unit_ids", "var.organizational_units")
	f.Body().AppendNewline()
}

func (r *root) providers(w *writer) *hclwrite.File {
	f := hclwrite.NewEmptyFile()
	seen := map[string]bool{}
	add := func(account plan.Account, region string) {
		name := r.provider(account, region)
		if seen[name] {
			return
		}
		seen[name] = true
		b := f.Body().AppendNewBlock("provider", []string{"aws"}).Body()
		if name != "aws" {
			w.set(b, "alias", quoted(name[len("aws."):]))
		}
		w.set(b, "region", quoted(region))
		if r.severalAccounts() {
			role := "var." + string(account) + "_role_arn"
			d := nested(b, "dynamic", "assume_role")
			w.set(d, "for_each", role+` == "" ? [] : [`+role+`]`)
			w.set(nested(d, "content"), "role_arn", "assume_role.value")
		}
		f.Body().AppendNewline()
	}
	add(plan.Central, r.plan.Home)
	if r.members() {
		add(plan.Management, r.plan.Home)
	}
	for _, at := range r.all() {
		add(at.account, at.region)
	}
	return f
}

func (r *root) severalAccounts() bool { return r.uses(plan.Management) }

func (r *root) variables(w *writer) *hclwrite.File {
	f := hclwrite.NewEmptyFile()
	seen := map[string]bool{}
	for _, s := range r.plan.Stacks {
		for _, p := range s.Parameters {
			if name := r.plan.Variable(s, p); !seen[name] {
				seen[name] = true
				w.variable(f.Body(), name, p)
			}
		}
	}
	if r.severalAccounts() {
		w.variable(f.Body(), "central_role_arn", plan.Parameter{Type: "String", Description: "Role to assume in the account that the watch runs in; empty with its own credentials."})
		w.variable(f.Body(), "management_role_arn", plan.Parameter{Type: "String", Description: "Role to assume in the organization's management account; empty with its own credentials."})
	}
	if r.members() {
		b := f.Body().AppendNewBlock("variable", []string{"organizational_units"}).Body()
		w.set(b, "description", quoted("Root (r-…) or units (ou-…) whose accounts are watched."))
		w.set(b, "type", "list(string)")
		f.Body().AppendNewline()
	}
	return f
}

// outputs hands on those of modules that are called once.
func (r *root) outputs(w *writer) *hclwrite.File {
	f := hclwrite.NewEmptyFile()
	seen := map[string]bool{}
	for _, s := range r.plan.Stacks {
		at := r.sites(s)
		if len(at) != 1 {
			continue
		}
		for _, o := range s.Outputs {
			name := snake(o.Name)
			if seen[name] {
				name = at[0].name + "_" + name
			}
			seen[name] = true
			b := f.Body().AppendNewBlock("output", []string{name}).Body()
			w.set(b, "description", quoted(o.Why))
			w.set(b, "value", "module."+at[0].name+"."+snake(o.Name))
			f.Body().AppendNewline()
		}
	}
	return f
}

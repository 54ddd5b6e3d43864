// Package terraform writes a plan as Terraform configuration for the
// hashicorp/aws provider 5.x: a module for each stack, and a root that calls
// them in every account and region where they stand.
//
// What stands in every account of an organization is a StackSet, because
// Terraform cannot name accounts that do not exist yet; the management account,
// to which StackSets with service-managed permissions do not deploy, gets the
// module itself.
//
// A table for each service says what becomes of each CloudFormation property;
// one that it does not know is an error and is never left out in silence.
package terraform

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2/hclwrite"

	"github.com/trailwarden/trailwarden/deploy/cloudformation"
	"github.com/trailwarden/trailwarden/deploy/plan"
)

// Render writes the plan; it is a plan.Renderer.
func Render(p *plan.Plan) ([]plan.File, error) {
	var files []plan.File
	var errs []error
	r := &root{plan: p, pseudo: map[string]map[plan.Pseudo]bool{}}
	for _, s := range p.Stacks {
		module, err := r.module(s)
		files, errs = append(files, module...), append(errs, err)
		if s.Account == plan.Members {
			files = append(files, plan.File{Name: template(s), Text: cloudformation.Template(s)})
		}
	}
	files = append(files, r.files()...)
	files = append(files, plan.Readme(p, words{p}))
	slices.SortFunc(files, func(a, b plan.File) int { return strings.Compare(a.Name, b.Name) })
	return files, errors.Join(append(errs, r.errs...)...)
}

// template is the file of what a StackSet deploys.
func template(s *plan.Stack) string { return s.Name + ".yaml" }

// module writes one stack.
func (r *root) module(s *plan.Stack) ([]plan.File, error) {
	w := newWriter(s)
	comment(w.file.Body(), s.Purpose)
	w.file.Body().AppendNewline()
	for _, x := range s.Resources {
		w.resource(x)
	}
	outputs := hclwrite.NewEmptyFile()
	for _, o := range s.Outputs {
		b := outputs.Body().AppendNewBlock("output", []string{snake(o.Name)}).Body()
		w.set(b, "description", quoted(o.Why))
		w.set(b, "value", w.expression(o.Value))
		outputs.Body().AppendNewline()
	}
	variables := hclwrite.NewEmptyFile()
	for _, q := range s.Parameters {
		w.variable(variables.Body(), snake(q.Name), q)
	}
	for _, q := range places() {
		if w.pseudo[q.pseudo] {
			w.variable(variables.Body(), snake(string(q.pseudo)), plan.Parameter{Type: "String", Required: true, Description: q.description})
		}
	}
	r.pseudo[s.Name] = w.pseudo
	return []plan.File{
		file(s.Name, "main.tf", w.file), file(s.Name, "outputs.tf", outputs),
		file(s.Name, "variables.tf", variables), file(s.Name, "versions.tf", versions()),
	}, w.err()
}

type placeVariable struct {
	pseudo      plan.Pseudo
	description string
}

// places are variables and no data sources: a module that waits for another
// would read those late, and take names that contain them for changed.
func places() []placeVariable {
	return []placeVariable{
		{plan.AccountID, "Account of the provider, 12 digits."},
		{plan.Region, "Region of the provider."},
		{plan.Partition, "Partition of the provider, such as aws."},
	}
}

func file(folder, name string, f *hclwrite.File) plan.File {
	return plan.File{Name: path.Join(folder, name), Text: laidOut(f)}
}

// laidOut formats, with one newline at the end of the file and none doubled.
func laidOut(f *hclwrite.File) []byte {
	text := hclwrite.Format(f.Bytes())
	for len(text) > 1 && text[len(text)-1] == '\n' && text[len(text)-2] == '\n' {
		text = text[:len(text)-1]
	}
	return text
}

func versions() *hclwrite.File {
	f := hclwrite.NewEmptyFile()
	t := f.Body().AppendNewBlock("terraform", nil).Body()
	w := newWriter(nil)
	w.set(t, "required_version", `">= 1.5"`)
	w.set(nested(t, "required_providers"), "aws", "{\nsource = \"hashicorp/aws\"\nversion = \"~> 5.80\"\n}")
	return f
}

// variable declares a parameter.
func (w *writer) variable(b *hclwrite.Body, name string, p plan.Parameter) {
	v := b.AppendNewBlock("variable", []string{name}).Body()
	w.set(v, "description", quoted(p.Description))
	kind, def := "string", quoted(p.Default)
	if p.Type == "Number" {
		kind, def = "number", p.Default
	}
	w.set(v, "type", kind)
	if !p.Required {
		w.set(v, "default", def)
	}
	if p.Pattern != "" {
		c := nested(v, "validation")
		w.set(c, "condition", fmt.Sprintf("can(regex(%s, var.%s))", quoted("^(?:"+p.Pattern+")$"), name))
		w.set(c, "error_message", quoted("Want a text like "+p.Pattern+"."))
	}
	if len(p.Values) > 0 {
		c := nested(v, "validation")
		w.set(c, "condition", fmt.Sprintf("contains(%s, var.%s)", w.expression(plan.Texts(p.Values...)), name))
		w.set(c, "error_message", quoted("Want one of the values that are listed."))
	}
	b.AppendNewline()
}

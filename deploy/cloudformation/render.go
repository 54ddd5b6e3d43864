// Package cloudformation writes a plan as AWS CloudFormation templates: one YAML
// file for each stack, a StackSet for what stands in every account, and a page
// that says in which order they are made.
package cloudformation

import (
	"fmt"
	"strings"

	"github.com/trailwarden/trailwarden/deploy/plan"
)

// Render writes the plan; it is a plan.Renderer.
func Render(p *plan.Plan) ([]plan.File, error) {
	var files []plan.File
	for _, s := range p.Stacks {
		files = append(files, plan.File{Name: file(s), Text: Template(s)})
		if s.Account == plan.Members {
			files = append(files, plan.File{Name: "stackset-" + file(s), Text: stackSet(p, s)})
		}
	}
	return append(files, plan.Readme(p, words{p})), nil
}

func file(s *plan.Stack) string { return s.Name + ".yaml" }

// Template is a stack as a template, with the reasons as comments.
func Template(s *plan.Stack) []byte {
	w := &writer{}
	w.comment(0, s.Purpose)
	w.line(0, `AWSTemplateFormatVersion: "2010-09-09"`)
	w.line(0, "Description: "+quoted(s.Purpose))
	w.parameters(s.Parameters)
	w.line(0, "Resources:")
	for _, r := range s.Resources {
		w.resource(r)
	}
	w.outputs(s.Outputs)
	return []byte(w.b.String())
}

func (w *writer) parameters(all []plan.Parameter) {
	if len(all) == 0 {
		return
	}
	w.line(0, "Parameters:")
	for _, p := range all {
		w.line(1, p.Name+":")
		w.line(2, "Type: "+p.Type)
		w.line(2, "Description: "+quoted(p.Description))
		if !p.Required {
			w.line(2, "Default: "+quoted(p.Default))
		}
		if p.Pattern != "" {
			w.line(2, "AllowedPattern: "+quoted("^(?:"+p.Pattern+")$"))
		}
		if len(p.Values) > 0 {
			w.line(2, "AllowedValues:")
			for _, v := range p.Values {
				w.line(3, "- "+quoted(v))
			}
		}
	}
}

func (w *writer) resource(r *plan.Resource) {
	w.comment(1, r.Why)
	w.line(1, r.ID+":")
	w.line(2, "Type: "+r.Type)
	if r.Retain {
		w.line(2, "DeletionPolicy: Retain")
		w.line(2, "UpdateReplacePolicy: Retain")
	}
	if len(r.DependsOn) > 0 {
		w.line(2, "DependsOn:")
		for _, id := range r.DependsOn {
			w.line(3, "- "+id)
		}
	}
	if len(r.Properties) > 0 {
		w.value(2, "Properties:", r.Properties)
	}
}

func (w *writer) outputs(all []plan.Output) {
	if len(all) == 0 {
		return
	}
	w.line(0, "Outputs:")
	for _, o := range all {
		w.line(1, o.Name+":")
		w.line(2, "Description: "+quoted(o.Why))
		w.value(2, "Value:", o.Value)
	}
}

// words say how stacks are made and taken away with the AWS CLI.
type words struct{ p *plan.Plan }

// Make implements plan.Words.
func (w words) Make(s *plan.Stack) []string {
	if s.Account == plan.Members {
		return w.makeSet(s)
	}
	command := fmt.Sprintf("aws cloudformation deploy --region %s --stack-name %s --template-file %s%s%s", w.p.Home, s.Name, file(s), capabilities(s), overrides(s))
	if len(Template(s)) > plan.MaxTemplate {
		command += ` --s3-bucket "$ARTIFACTS"`
	}
	if s.Reach == plan.Every {
		return everyRegion(w.p, strings.Replace(command, "--region "+w.p.Home, `--region "$region"`, 1))
	}
	return []string{command}
}

// makeSet makes the StackSet, which leaves out the management account.
func (w words) makeSet(s *plan.Stack) []string {
	set := fmt.Sprintf("aws cloudformation deploy --region %s --stack-name %s-stackset --template-file stackset-%s --parameter-overrides OrganizationalUnits=r-EXAMPLE%s", w.p.Home, s.Name, file(s), capabilities(s))
	own := fmt.Sprintf("aws cloudformation deploy --region %s --stack-name %s --template-file %s%s%s", w.p.Home, s.Name, file(s), capabilities(s), overrides(s))
	out := []string{"# as the management account or a delegated administrator of StackSets; r-EXAMPLE is the root or a unit", set,
		"# the management account is in no such StackSet; with its credentials:"}
	if s.Reach == plan.Every {
		return append(out, everyRegion(w.p, strings.Replace(own, "--region "+w.p.Home, `--region "$region"`, 1))...)
	}
	return append(out, own)
}

func everyRegion(p *plan.Plan, command string) []string {
	return []string{"for region in " + strings.Join(p.Regions, " ") + "; do", "  " + command, "done"}
}

func capabilities(s *plan.Stack) string {
	for _, r := range s.Resources {
		if r.Type == "AWS::IAM::Role" {
			return " --capabilities CAPABILITY_NAMED_IAM"
		}
	}
	return ""
}

// overrides name the parameters that have no default.
func overrides(s *plan.Stack) string {
	var b strings.Builder
	for _, p := range s.Parameters {
		if p.Required {
			b.WriteString(" " + p.Name + `="$` + p.Name + `"`)
		}
	}
	if b.Len() == 0 {
		return ""
	}
	return " --parameter-overrides" + b.String()
}

// Remove implements plan.Words.
func (w words) Remove(s *plan.Stack) []string {
	command := fmt.Sprintf("aws cloudformation delete-stack --region %s --stack-name %s", w.p.Home, s.Name)
	var out []string
	if s.Account == plan.Members {
		out = append(out, command+"-stackset")
	}
	if s.Reach == plan.Every {
		return append(out, everyRegion(w.p, strings.Replace(command, "--region "+w.p.Home, `--region "$region"`, 1))...)
	}
	return append(out, command)
}

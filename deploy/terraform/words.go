package terraform

import (
	"strings"

	"github.com/trailwarden/trailwarden/deploy/plan"
)

// words say how stacks are made and taken away with Terraform.
type words struct{ plan *plan.Plan }

// targets are the addresses of a stack's modules.
func (w words) targets(s *plan.Stack) []string {
	var out []string
	for _, at := range (&root{plan: w.plan}).sites(s) {
		out = append(out, "module."+at.name)
	}
	if s.Account == plan.Members {
		out = append(out, "aws_cloudformation_stack_set_instance."+snake(s.Name))
	}
	return out
}

// Make implements plan.Words: stack by stack, because there is something to do
// by hand between some of them; the last one makes what is missing.
func (w words) Make(s *plan.Stack) []string {
	var out []string
	if s == w.plan.Stacks[0] {
		out = append(out, "terraform init")
	}
	if s == w.plan.Stacks[len(w.plan.Stacks)-1] {
		return append(out, "terraform apply")
	}
	return append(out, "terraform apply -target="+strings.Join(w.targets(s), " -target="))
}

// Remove implements plan.Words: what holds data is given out of Terraform's
// hands first, with all its settings, because it is not to be destroyed.
func (w words) Remove(s *plan.Stack) []string {
	var out []string
	for _, at := range (&root{plan: w.plan}).sites(s) {
		for _, r := range s.Resources {
			if !r.Retain {
				continue
			}
			written := newWriter(s)
			written.resource(r)
			for _, address := range written.made {
				if strings.HasPrefix(address, "aws_s3_bucket_notification.") {
					continue // where it leads will be gone
				}
				out = append(out, "terraform state rm module."+at.name+"."+address)
			}
		}
	}
	if s == w.plan.Stacks[0] {
		out = append(out, "terraform destroy")
	}
	return out
}

package terraform

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"

	"github.com/trailwarden/trailwarden/deploy/plan"
)

// writer writes the resources of one stack.
type writer struct {
	stack  *plan.Stack
	file   *hclwrite.File
	pseudo map[plan.Pseudo]bool // those that were used
	errs   []error

	at    *plan.Resource // the resource that is being written
	place []string       // the property in it
	needs []string       // what it depends on without referring to it
	later []func()       // the resources beside it
	made  []string       // addresses of all that was written for it
}

func newWriter(s *plan.Stack) *writer {
	return &writer{stack: s, file: hclwrite.NewEmptyFile(), pseudo: map[plan.Pseudo]bool{}}
}

func (w *writer) fail(format string, args ...any) {
	where := "stack " + w.stack.Name
	if w.at != nil {
		where += ": " + strings.Join(append([]string{w.at.Type + " " + w.at.ID}, w.place...), ".")
	}
	w.errs = append(w.errs, fmt.Errorf("%s: %s", where, fmt.Sprintf(format, args...)))
}

func (w *writer) set(b *hclwrite.Body, name, expression string) {
	t, err := tokens(expression)
	if err != nil {
		w.fail("%v", err)
		return
	}
	b.SetAttributeRaw(name, t)
}

// resource writes one resource and those beside it.
func (w *writer) resource(r *plan.Resource) {
	w.at, w.place, w.needs, w.later, w.made = r, nil, nil, nil, nil
	m, ok := mappings()[r.Type]
	if !ok {
		w.fail("resources of this type cannot be written for Terraform yet")
		return
	}
	comment(w.file.Body(), r.Why)
	w.made = append(w.made, w.address())
	b := w.file.Body().AppendNewBlock("resource", []string{m.to, snake(r.ID)}).Body()
	w.fill(b, r.Properties, m.fields)
	if m.finish != nil {
		m.finish(w, b, r)
	}
	w.dependencies(b, r)
	if r.Retain {
		b.AppendNewline()
		comment(b, "It holds data, so Terraform refuses to destroy it.")
		w.set(b.AppendNewBlock("lifecycle", nil).Body(), "prevent_destroy", "true")
	}
	w.file.Body().AppendNewline()
	for _, f := range w.later {
		f()
	}
	w.at = nil
}

// dependencies names what the resource needs before it and does not refer to.
func (w *writer) dependencies(b *hclwrite.Body, r *plan.Resource) {
	for _, id := range r.DependsOn {
		other := w.stack.Resource(id)
		if other == nil {
			w.fail("it depends on %s, which does not exist", id)
			continue
		}
		w.need(mappings()[other.Type].to + "." + snake(id))
		w.dependOnPolicies(other)
	}
	if len(w.needs) > 0 {
		w.set(b, "depends_on", bracketed(w.needs))
	}
}

func (w *writer) need(address string) {
	if !slices.Contains(w.needs, address) {
		w.needs = append(w.needs, address)
	}
}

// dependOnPolicies makes whatever refers to a role wait for its policies: with
// CloudFormation they are part of it.
func (w *writer) dependOnPolicies(r *plan.Resource) {
	if r.Type != "AWS::IAM::Role" || r == w.at {
		return
	}
	if policies, ok := r.Properties.Get("Policies").(plan.List); ok && len(policies) > 0 {
		w.need("aws_iam_role_policy." + snake(r.ID))
	}
}

// address is the resource that is being written.
func (w *writer) address() string { return mappings()[w.at.Type].to + "." + snake(w.at.ID) }

// beside adds a resource that CloudFormation has as a part of the one that is
// being written.
func (w *writer) beside(to, suffix string, write func(*hclwrite.Body)) {
	label := snake(w.at.ID)
	if suffix != "" {
		label += "_" + snake(suffix)
	}
	w.made = append(w.made, to+"."+label)
	w.later = append(w.later, func() {
		b := w.file.Body().AppendNewBlock("resource", []string{to, label}).Body()
		write(b)
		w.file.Body().AppendNewline()
	})
}

// nested begins a block in another, after an empty line unless it comes first.
func nested(b *hclwrite.Body, name string, labels ...string) *hclwrite.Body {
	if len(b.Attributes())+len(b.Blocks()) > 0 {
		b.AppendNewline()
	}
	return b.AppendNewBlock(name, labels).Body()
}

// comment puts a remark before what comes next.
func comment(b *hclwrite.Body, text string) {
	if text == "" {
		return
	}
	for line := range strings.Lines(remark(text)) {
		b.AppendUnstructuredTokens(hclwrite.Tokens{{Type: hclsyntax.TokenComment, Bytes: []byte(line)}})
	}
}

func (w *writer) err() error { return errors.Join(w.errs...) }

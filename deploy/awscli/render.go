// Package awscli writes a plan as one shell script of AWS CLI commands, which
// makes what is missing, changes what is different, and takes all of it away
// again. A second run changes nothing.
//
// Functions of a small library do what the CLI has no command for: look whether
// something exists, wait until a new role is known, merge a bucket's
// notifications through trailwarden deploy notify. Only those that a script uses
// are in it.
package awscli

import (
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/trailwarden/trailwarden/deploy/plan"
	"github.com/trailwarden/trailwarden/internal/re2"
)

//go:embed library.sh
var library string

// Name is the script's file.
const Name = "deploy.sh"

// Render writes the plan; it is a plan.Renderer.
func Render(p *plan.Plan) ([]plan.File, error) {
	var b strings.Builder
	var errs []error
	for _, s := range p.Stacks {
		g := newScript(p, s)
		errs = append(errs, g.write())
		writeStack(&b, g)
	}
	stacks := b.String()
	end := ending(p)
	text := head(p) + functions(stacks+end) + stacks + end
	return []plan.File{{Name: Name, Text: []byte(text)}, plan.Readme(p, words{p})}, errors.Join(errs...)
}

func function(verb string, s *plan.Stack) string { return verb + "_" + plan.Snake(s.Name) }

// writeStack writes the functions that make a stack and take it away.
func writeStack(b *strings.Builder, g *script) {
	fmt.Fprintf(b, "# %s\n%s() {\n", g.stack.Purpose, function("make", g.stack))
	for _, c := range g.make {
		b.WriteString("  " + c + "\n")
	}
	for _, o := range g.stack.Outputs {
		fmt.Fprintf(b, "  printf '%%s: %%s\\n' %s %s\n", quoted(o.Name), quoted(g.text(o.Value)))
	}
	fmt.Fprintf(b, "}\n\n%s() {\n", function("drop", g.stack))
	if len(g.drop) == 0 {
		b.WriteString("  :\n")
	}
	for _, c := range slices.Backward(g.drop) {
		b.WriteString("  " + c + "\n")
	}
	b.WriteString("}\n\n")
}

// block is a function of the library with its comment.
var block = re2.Own(`(?ms)^(# [^\n]*\n)+([a-z_]+)\(\) .*?\n\n`)

var name = re2.Own(`[a-z_]+`)

// functions are those of the library that the text uses, and those that they use
// in turn.
func functions(text string) string {
	bodies, order := map[string]string{}, []string{}
	for _, m := range block.FindAllStringSubmatch(library+"\n", -1) {
		bodies[m[2]] = m[0]
		order = append(order, m[2])
	}
	used := map[string]bool{}
	for todo := []string{text}; len(todo) > 0; todo = todo[1:] {
		for _, word := range name.FindAllString(todo[0], -1) {
			if body, ok := bodies[word]; ok && !used[word] {
				used[word] = true
				todo = append(todo, body)
			}
		}
	}
	var b strings.Builder
	for _, n := range order {
		if used[n] {
			b.WriteString(bodies[n])
		}
	}
	return b.String()
}

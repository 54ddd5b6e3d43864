package template

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"text/template/parse"
	"time"

	"github.com/trailwarden/trailwarden/internal/nearest"
	"github.com/trailwarden/trailwarden/message"
)

// running is one execution: the data of the template and where it writes to.
type running struct {
	*message.Message
	ctx    context.Context
	limits Limits
	steps  int
	out    strings.Builder
}

// Write appends to what the template says, within its limit.
func (r *running) Write(p []byte) (int, error) {
	if r.out.Len()+len(p) > r.limits.Output {
		return 0, fmt.Errorf("it writes more than %d bytes", r.limits.Output)
	}
	return r.out.Write(p)
}

// tick is called before every action, which confine inserts: the template
// packages cannot be stopped otherwise.
func tick(data any) (bool, error) {
	r, ok := data.(*running)
	if !ok {
		return false, errors.New("$ is the message and cannot be set")
	}
	if r.steps++; r.steps > r.limits.Steps {
		return false, fmt.Errorf("it takes more than %d steps", r.limits.Steps)
	}
	if r.ctx.Err() != nil {
		return false, fmt.Errorf("it takes longer than %v", r.limits.Time)
	}
	return false, nil
}

const tickName = "trailwardenTick"

// maxCalls bounds the functions in one action, between two ticks.
const maxCalls = 12

// confine refuses what a template has no use for and makes it stoppable.
func confine(tree *parse.Tree, templates int) error {
	if tree == nil || tree.Root == nil {
		return nil
	}
	if templates > 1 {
		return errors.New("define and block are not allowed; a template is one text")
	}
	c := confiner{tree: tree, fields: fieldNames()}
	c.list(tree.Root)
	return c.err
}

type confiner struct {
	tree   *parse.Tree
	fields map[string]bool
	err    error
	calls  int
}

// refuse keeps the first fault, with its place as the template packages write it.
func (c *confiner) refuse(n parse.Node, format string, args ...any) {
	if c.err != nil {
		return
	}
	place, _ := c.tree.ErrorContext(n)
	c.err = fmt.Errorf("template: %s: %s", place, fmt.Sprintf(format, args...))
}

// list confines the nodes of a list and puts a tick before each that acts, and
// one at its head, for loops whose body is text.
func (c *confiner) list(l *parse.ListNode) {
	if l == nil {
		return
	}
	nodes := []parse.Node{c.tick(l.Pos)}
	for _, n := range l.Nodes {
		if n.Type() != parse.NodeText && n.Type() != parse.NodeComment {
			nodes = append(nodes, c.tick(n.Position()))
			c.calls = 0
			c.node(n)
		}
		nodes = append(nodes, n)
	}
	l.Nodes = nodes
}

// tick is {{if tick $}}{{end}}, which writes nothing in any context.
func (c *confiner) tick(pos parse.Pos) parse.Node {
	tick := &parse.IdentifierNode{NodeType: parse.NodeIdentifier, Pos: pos, Ident: tickName}
	root := &parse.VariableNode{NodeType: parse.NodeVariable, Pos: pos, Ident: []string{"$"}}
	cmd := &parse.CommandNode{NodeType: parse.NodeCommand, Pos: pos, Args: []parse.Node{tick.SetTree(c.tree), root}}
	pipe := &parse.PipeNode{NodeType: parse.NodePipe, Pos: pos, Cmds: []*parse.CommandNode{cmd}}
	return &parse.IfNode{BranchNode: parse.BranchNode{NodeType: parse.NodeIf, Pos: pos, Pipe: pipe, List: &parse.ListNode{NodeType: parse.NodeList, Pos: pos}}}
}

func (c *confiner) node(n parse.Node) {
	switch n := n.(type) {
	case *parse.ActionNode:
		c.pipe(n.Pipe)
	case *parse.IfNode:
		c.branch(&n.BranchNode)
	case *parse.WithNode:
		c.branch(&n.BranchNode)
	case *parse.RangeNode:
		c.branch(&n.BranchNode)
	case *parse.BreakNode, *parse.ContinueNode:
	default:
		c.refuse(n, "%s is not allowed here", n)
	}
}

func (c *confiner) branch(b *parse.BranchNode) {
	c.pipe(b.Pipe)
	c.list(b.List)
	c.list(b.ElseList)
}

func (c *confiner) pipe(p *parse.PipeNode) {
	for _, v := range p.Decl {
		if v.Ident[0] == "$" {
			c.refuse(p, "$ is the message and cannot be set")
		}
	}
	for _, cmd := range p.Cmds {
		for _, a := range cmd.Args {
			c.arg(a)
		}
	}
}

func (c *confiner) arg(a parse.Node) {
	switch a := a.(type) {
	case *parse.PipeNode:
		c.pipe(a)
	case *parse.IdentifierNode:
		c.function(a)
	case *parse.FieldNode:
		c.names(a, a.Ident)
	case *parse.VariableNode:
		c.names(a, a.Ident[1:])
	case *parse.ChainNode:
		c.arg(a.Node)
		c.names(a, a.Field)
	}
}

func (c *confiner) function(n *parse.IdentifierNode) {
	if c.calls++; c.calls > maxCalls {
		c.refuse(n, "more than %d functions in one action", maxCalls)
	}
	if !allowed(n.Ident) {
		c.refuse(n, "the function %s is not allowed; there are %s", n.Ident, strings.Join(functionNames(), ", "))
	}
}

func (c *confiner) names(n parse.Node, names []string) {
	for _, name := range names {
		if c.fields[name] {
			continue
		}
		var known []string
		for f := range c.fields {
			known = append(known, f)
		}
		if best := nearest.Of(name, known); best != "" {
			c.refuse(n, "a message has no %s; did you mean %s?", name, best)
		} else {
			c.refuse(n, "a message has no %s", name)
		}
	}
}

// fieldNames are the names that may stand behind a dot: every field of a message
// and what is in it, and the methods of its times that only tell.
func fieldNames() map[string]bool {
	names := map[string]bool{}
	for _, m := range []string{"String", "Format", "UTC", "Unix", "IsZero", "Year", "Month", "Day", "Hour", "Minute", "Weekday", "Before", "After", "Sub", "Hours", "Minutes", "Seconds"} {
		names[m] = true
	}
	collect(reflect.TypeFor[message.Message](), names, map[reflect.Type]bool{reflect.TypeFor[time.Time](): true})
	return names
}

func collect(t reflect.Type, names map[string]bool, seen map[reflect.Type]bool) {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || seen[t] {
		return
	}
	seen[t] = true
	for i := range t.NumField() {
		names[t.Field(i).Name] = true
		collect(t.Field(i).Type, names, seen)
	}
}

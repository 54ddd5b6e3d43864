package awscli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/trailwarden/trailwarden/deploy/plan"
)

// script writes one stack: the commands that make its resources, and those that
// take them away.
type script struct {
	plan  *plan.Plan
	stack *plan.Stack
	place plan.Place
	make  []string // commands
	drop  []string // in the order in which things are made
	errs  []error

	at   *plan.Resource
	used map[string]bool // of its properties
}

func newScript(p *plan.Plan, s *plan.Stack) *script {
	parameters := map[string]string{}
	for _, q := range s.Parameters {
		parameters[q.Name] = variable(parameterVariable(p, s, q))
	}
	return &script{plan: p, stack: s, place: plan.Place{Stack: s, Account: variable("ACCOUNT_ID"), Region: variable("REGION"),
		Partition: variable("PARTITION"), Parameters: parameters}}
}

func parameterVariable(p *plan.Plan, s *plan.Stack, q plan.Parameter) string {
	return strings.ToUpper(p.Variable(s, q))
}

func (g *script) fail(format string, args ...any) {
	where := "stack " + g.stack.Name
	if g.at != nil {
		where += ": " + g.at.Type + " " + g.at.ID
	}
	g.errs = append(g.errs, fmt.Errorf("%s: %s", where, fmt.Sprintf(format, args...)))
}

// write writes every resource, each after those it needs.
func (g *script) write() error {
	for _, r := range g.stack.Ordered() {
		g.at, g.used = r, map[string]bool{}
		w, ok := writers()[r.Type]
		if !ok {
			g.fail("resources of this type cannot be written as commands yet")
			continue
		}
		if r.Why != "" {
			g.make = append(g.make, comment(r.Why))
		}
		before := len(g.drop)
		w(g)
		g.retain(before)
		for _, e := range r.Properties {
			if !g.used[e.Key] {
				g.fail("property %s is not known here", e.Key)
			}
		}
	}
	g.at = nil
	return errors.Join(g.errs...)
}

// retain lets what holds data stay. A bucket with something in it stays anyhow.
func (g *script) retain(from int) {
	if !g.at.Retain || g.at.Type == "AWS::S3::Bucket" {
		return
	}
	kind, name := g.at.Type[strings.LastIndex(g.at.Type, ":")+1:], g.at.ID
	if g.at.Type != "AWS::KMS::Key" { // which AWS names
		name = g.text(g.at.Name())
	}
	for i := from; i < len(g.drop); i++ {
		g.drop[i] = fmt.Sprintf("kept %s %s || %s", quoted(strings.ToLower(kind)), quoted(name), g.drop[i])
	}
}

func comment(text string) string {
	return "# " + strings.ReplaceAll(text, "\n", "\n  # ")
}

// do adds a command that makes something.
func (g *script) do(words ...string) { g.make = append(g.make, strings.Join(words, " ")) }

// undo adds the command that takes it away.
func (g *script) undo(words ...string) { g.drop = append(g.drop, strings.Join(words, " ")) }

// get is a property, or nil.
func (g *script) get(name string) plan.Value {
	g.used[name] = true
	return g.at.Properties.Get(name)
}

// word is a property as one word of the shell.
func (g *script) word(name string) string { return quoted(g.text(g.get(name))) }

// nothing passes over properties for which there is nothing to do.
func (g *script) nothing(names ...string) {
	for _, n := range names {
		g.used[n] = true
	}
}

// entry is a property under the API's name.
func (g *script) entry(from, to string) plan.Map {
	if v := g.get(from); v != nil {
		return plan.Map{{Key: to, Value: v}}
	}
	return nil
}

// same are properties that the API calls as CloudFormation does.
func (g *script) same(names ...string) plan.Map {
	var out plan.Map
	for _, n := range names {
		out = append(out, g.entry(n, n)...)
	}
	return out
}

// only is the one value of a list.
func (g *script) only(name string) plan.Value {
	l, _ := g.get(name).(plan.List)
	if len(l) != 1 {
		g.fail("%s: want a list of one", name)
		return plan.Text("")
	}
	return l[0]
}

func maps(v plan.Value) []plan.Map {
	switch v := v.(type) {
	case plan.Map:
		return []plan.Map{v}
	case plan.List:
		var out []plan.Map
		for _, x := range v {
			out = append(out, maps(x)...)
		}
		return out
	}
	return nil
}

// renamed is a map with other names for some keys, everywhere in it.
func renamed(v plan.Value, names map[string]string) plan.Value {
	switch v := v.(type) {
	case plan.Map:
		var out plan.Map
		for _, e := range v {
			key := e.Key
			if to, ok := names[key]; ok {
				key = to
			}
			out = append(out, plan.Entry{Key: key, Value: renamed(e.Value, names)})
		}
		return out
	case plan.List:
		out := make(plan.List, len(v))
		for i, x := range v {
			out[i] = renamed(x, names)
		}
		return out
	}
	return v
}

// texts makes every value of a map a text, which some APIs want; what is deeper
// becomes JSON.
func (g *script) texts(m plan.Map) string {
	parts := make([]string, len(m))
	for i, e := range m {
		text := ""
		switch v := e.Value.(type) {
		case plan.Map, plan.List, *plan.Policy:
			text = g.compact(v)
		default:
			text = g.text(v)
		}
		parts[i] = "  " + encoded(e.Key) + ": " + encoded(text)
	}
	return "{\n" + strings.Join(parts, ",\n") + "\n}"
}

package read

import (
	"strings"

	"github.com/trailwarden/trailwarden/infra/value"
)

// IsTemplate tells whether a document is a CloudFormation template.
func IsTemplate(v *value.Value) bool {
	for _, r := range v.Get("Resources").Each() {
		for _, x := range r.Items {
			if strings.HasPrefix(x.Get("Type").String(), "AWS::") || strings.HasPrefix(x.Get("Type").String(), "Custom::") {
				return true
			}
		}
	}
	return false
}

// Resource is one resource of a template.
type Resource struct {
	Name, Type string
	Properties *value.Value // with the functions put in place; never nil
	// Cases are the properties in each case of conditions that choose between two
	// values; there are none where no condition does.
	Cases []*value.Value
}

// CloudFormation are a template's resources (CloudFormation User Guide,
// "Intrinsic function reference"). Parameters have their defaults; what a stack
// decides is unknown, and refers to the logical name that decides it.
func CloudFormation(v *value.Value) []Resource {
	t := &template{parameters: v.Get("Parameters"), conditions: v.Get("Conditions"), budget: newBudget()}
	var all []Resource
	var met [][]map[string]bool
	list := v.Get("Resources")
	if list == nil || list.Kind != value.Map {
		return nil
	}
	for i, k := range list.Keys {
		r := list.Items[i]
		t.cases = newCases()
		all = append(all, Resource{k.Name, r.Get("Type").String(), t.properties(k, r), nil})
		met = append(met, t.cases.all())
	}
	t.budget = newBudget() // of its own, so that cases take nothing from what is known without them
	for i, cases := range met {
		for _, sides := range cases {
			t.cases = newCases()
			t.cases.sides = sides
			all[i].Cases = append(all[i].Cases, t.properties(list.Keys[i], list.Items[i]))
		}
	}
	return all
}

type template struct {
	parameters, conditions *value.Value
	budget                 *budget
	cases                  *cases
}

// properties are those of a resource r, at the place of its key.
func (t *template) properties(k value.Key, r *value.Value) *value.Value {
	p := t.resolve(r.Get("Properties"), 0)
	if p == nil || p.Kind != value.Map {
		p = &value.Value{Kind: value.Map}
	}
	p.Line, p.Column = k.Line, k.Column
	return p
}

// resolve puts functions in place, from the inside out.
func (t *template) resolve(v *value.Value, depth int) *value.Value {
	switch {
	case v == nil:
		return nil
	case depth > 2*value.MaxDepth || !t.budget.take(0):
		return unknown("a value that is nested too deep", v.Line, v.Column)
	case v.Kind == value.List:
		out := &value.Value{Kind: value.List, Line: v.Line, Column: v.Column}
		for _, x := range v.Items {
			if y := t.resolve(x, depth+1); !noValue(y) {
				out.Items = append(out.Items, y)
			}
		}
		return out
	case v.Kind != value.Map:
		return v
	case len(v.Keys) == 1 && (v.Keys[0].Name == "Ref" || strings.HasPrefix(v.Keys[0].Name, "Fn::")):
		return t.function(v.Keys[0].Name, v, v.Items[0], depth)
	}
	out := &value.Value{Kind: value.Map, Line: v.Line, Column: v.Column}
	for i, k := range v.Keys {
		if x := t.resolve(v.Items[i], depth+1); !noValue(x) {
			out.Keys, out.Items = append(out.Keys, k), append(out.Items, x)
		}
	}
	return out
}

// noValue tells whether a value is AWS::NoValue, which takes its key away.
func noValue(v *value.Value) bool {
	return v.Kind == value.Unknown && len(v.Refs) == 1 && v.Refs[0] == "AWS::NoValue"
}

func (t *template) function(name string, v, arg *value.Value, depth int) *value.Value {
	switch name {
	case "Ref":
		return t.ref(arg.String(), v)
	case "Fn::GetAtt":
		return t.attribute(arg, v)
	case "Fn::Sub":
		return t.sub(arg, v, depth)
	case "Fn::Join":
		return t.join(t.resolve(arg, depth+1), v)
	case "Fn::If":
		return t.choose(arg, t.resolveAll(arg, depth), v)
	case "Fn::ToJsonString":
		return t.resolve(arg, depth+1)
	}
	return unknown(name, v.Line, v.Column)
}

// resolveAll resolves the items of a list and keeps those without value.
func (t *template) resolveAll(v *value.Value, depth int) []*value.Value {
	var all []*value.Value
	for _, x := range v.Each() {
		all = append(all, t.resolve(x, depth+1))
	}
	return all
}

// ref is a parameter's default, or what refers to the logical name.
func (t *template) ref(name string, at *value.Value) *value.Value {
	if d := t.parameters.Path(name, "Default"); d != nil && d.Kind != value.Map && d.Kind != value.List && d.Text != "" && t.budget.take(len(d.Text)) {
		c := *d
		c.Line, c.Column, c.Lines = at.Line, at.Column, false
		return &c
	}
	return unknown(name, at.Line, at.Column)
}

// attribute refers to the logical name, whichever attribute is asked of it.
func (t *template) attribute(arg, at *value.Value) *value.Value {
	name := arg.String()
	if arg.Kind == value.List && len(arg.Items) > 0 {
		name = arg.Items[0].String()
	}
	name, _, _ = strings.Cut(name, ".")
	return unknown(name, at.Line, at.Column)
}

// sub puts names in place of ${Name}; ${!Name} stays as ${Name}.
func (t *template) sub(arg, at *value.Value, depth int) *value.Value {
	template, own := arg, (*value.Value)(nil)
	if arg.Kind == value.List && len(arg.Items) == 2 {
		template, own = arg.Items[0], t.resolve(arg.Items[1], depth+1)
	}
	if template.Kind != value.Text {
		return unknown("Fn::Sub", at.Line, at.Column)
	}
	var parts []*value.Value
	rest := template.Text
	for {
		i := strings.Index(rest, "${")
		j := -1
		if i >= 0 {
			j = strings.IndexByte(rest[i:], '}')
		}
		if j < 0 {
			break
		}
		parts = append(parts, text(rest[:i], at), t.name(rest[i+2:i+j], own, at))
		rest = rest[i+j+1:]
	}
	out := t.budget.join(append(parts, text(rest, at)), template.Line, template.Column)
	out.Lines, out.Indent = template.Lines, template.Indent
	return out
}

func (t *template) name(name string, own, at *value.Value) *value.Value {
	if literal, ok := strings.CutPrefix(name, "!"); ok {
		return text("${"+literal+"}", at)
	}
	if v := own.Get(name); v != nil {
		return v
	}
	if strings.HasPrefix(name, "AWS::") {
		return unknown(name, at.Line, at.Column)
	}
	base, _, _ := strings.Cut(name, ".")
	return t.ref(base, at)
}

func (t *template) join(arg, at *value.Value) *value.Value {
	if arg.Kind != value.List || len(arg.Items) != 2 || arg.Items[1].Kind != value.List {
		return unknown("Fn::Join", at.Line, at.Column)
	}
	var parts []*value.Value
	for i, x := range arg.Items[1].Items {
		if i > 0 {
			parts = append(parts, arg.Items[0])
		}
		parts = append(parts, x)
	}
	return t.budget.join(parts, at.Line, at.Column)
}

// choose is the side of Fn::If that has a value when the other has none; which
// of two values holds is a matter of cases.
func (t *template) choose(arg *value.Value, sides []*value.Value, at *value.Value) *value.Value {
	if len(sides) != 3 {
		return unknown("Fn::If", at.Line, at.Column)
	}
	switch {
	case noValue(sides[1]):
		return sides[2]
	case noValue(sides[2]):
		return sides[1]
	}
	switch yes, decided := t.side(arg.Items[0].String(), 0); {
	case !decided:
		return unknown("Fn::If", at.Line, at.Column)
	case yes:
		return sides[1]
	}
	return sides[2]
}

// side is the side of a condition. One that is another's opposite goes by it.
func (t *template) side(condition string, depth int) (yes, decided bool) {
	other := t.conditions.Path(condition, "Fn::Not").Only().Get("Condition")
	if other == nil || depth > value.MaxDepth {
		return t.cases.side(condition)
	}
	yes, decided = t.side(other.String(), depth+1)
	return !yes, decided
}

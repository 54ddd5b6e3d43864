package terraform

import (
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"

	"github.com/trailwarden/trailwarden/deploy/plan"
	"github.com/trailwarden/trailwarden/internal/re2"
)

// expression writes a value in Terraform's language.
func (w *writer) expression(v plan.Value) string {
	switch v := v.(type) {
	case plan.Text:
		return quoted(string(v))
	case plan.Bool, plan.Int:
		return fmt.Sprint(v)
	case plan.List:
		return w.list(v)
	case plan.Map:
		return w.object(v)
	case plan.Join:
		return w.template(v)
	case *plan.Policy:
		return w.policy(v)
	case plan.Ref, plan.Attr, plan.Param, plan.Pseudo:
		return w.reference(v)
	}
	w.fail("a value of type %T cannot be written", v)
	return "null"
}

// quoted is a literal; hclwrite knows what must be escaped.
func quoted(s string) string {
	return string(hclwrite.TokensForValue(cty.StringVal(s)).Bytes())
}

func (w *writer) list(l plan.List) string {
	items := make([]string, len(l))
	for i, v := range l {
		items[i] = w.expression(v)
	}
	return bracketed(items)
}

// bracketed puts short lists of one on one line.
func bracketed(items []string) string {
	if len(items) == 0 {
		return "[]"
	}
	if len(items) == 1 && !strings.Contains(items[0], "\n") {
		return "[" + items[0] + "]"
	}
	return "[\n" + strings.Join(items, ",\n") + ",\n]"
}

var identifier = re2.Own(`^[A-Za-z_][A-Za-z0-9_-]*$`)

func (w *writer) object(m plan.Map) string {
	if len(m) == 0 {
		return "{}"
	}
	var b strings.Builder
	b.WriteString("{\n")
	for _, e := range m {
		key := e.Key
		if !identifier.MatchString(key) {
			key = quoted(key)
		}
		fmt.Fprintf(&b, "%s = %s\n", key, w.expression(e.Value))
	}
	return b.String() + "}"
}

// template is one text of parts.
func (w *writer) template(j plan.Join) string {
	var b strings.Builder
	for _, part := range j {
		switch part := part.(type) {
		case plan.Text:
			b.WriteString(within(quoted(string(part))))
		case plan.Join:
			b.WriteString(within(w.template(part)))
		default:
			x := w.reference(part)
			if strings.HasPrefix(x, `"`) { // a template already
				b.WriteString(within(x))
				continue
			}
			b.WriteString("${" + x + "}")
		}
	}
	return `"` + b.String() + `"`
}

// within is a template without the quotation marks around it.
func within(template string) string { return template[1 : len(template)-1] }

// policy writes a document with the reason of each statement.
func (w *writer) policy(p *plan.Policy) string {
	items := make([]string, len(p.Statements))
	for i, s := range p.Statements {
		items[i] = w.object(s.Document())
		if s.Why != "" {
			items[i] = remark(s.Why) + items[i]
		}
	}
	return "jsonencode({\nVersion = \"2012-10-17\"\nStatement = [\n" + strings.Join(items, ",\n") + ",\n]\n})"
}

// remark is a comment of as many lines as the text has.
func remark(text string) string {
	return "# " + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n# ") + "\n"
}

// encoded is a value as JSON text; a text is JSON already.
func (w *writer) encoded(v plan.Value) string {
	switch v.(type) {
	case plan.Map, plan.List:
		return "jsonencode(" + w.expression(v) + ")"
	}
	return w.expression(v)
}

// reference writes what stands elsewhere.
func (w *writer) reference(v plan.Value) string {
	switch v := v.(type) {
	case plan.Param:
		if w.stack.Parameter(v.Name) == nil {
			w.fail("there is no parameter %s", v.Name)
		}
		return "var." + snake(v.Name)
	case plan.Pseudo:
		w.pseudo[v] = true
		return "var." + snake(string(v))
	case plan.Ref:
		return w.attribute(v.ID, "")
	case plan.Attr:
		return w.attribute(v.ID, v.Name)
	}
	w.fail("a value of type %T cannot be part of a text", v)
	return "null"
}

// attribute is an attribute of another resource, or with no name what
// CloudFormation's Ref gives.
func (w *writer) attribute(id, name string) string {
	r := w.stack.Resource(id)
	if r == nil {
		w.fail("there is no resource %s", id)
		return "null"
	}
	m, ok := mappings()[r.Type]
	if !ok {
		return "null" // said where the resource itself is written
	}
	attribute := m.ref
	if name != "" {
		attribute = m.attributes[name]
		if attribute == "" && name == "Arn" {
			attribute = "arn"
		}
	}
	if attribute == "" {
		w.fail("%s of a %s (%s) has no counterpart here", orRef(name), r.Type, id)
	}
	w.dependOnPolicies(r)
	address := m.to + "." + snake(id)
	if before, after, ok := strings.Cut(attribute, "$"); ok { // arn$:* is the ARN with something behind it
		return `"${` + address + "." + before + "}" + after + `"`
	}
	return address + "." + attribute
}

func orRef(name string) string {
	if name == "" {
		return "Ref"
	}
	return name
}

// snake is a name as Terraform writes names.
func snake(name string) string { return plan.Snake(name) }

// tokens lays an expression out.
func tokens(expression string) (hclwrite.Tokens, error) {
	f, diags := hclwrite.ParseConfig([]byte("x = "+expression+"\n"), "", hcl.InitialPos)
	if diags.HasErrors() {
		return nil, fmt.Errorf("%s: %w", expression, diags)
	}
	return f.Body().GetAttribute("x").Expr().BuildTokens(nil), nil
}

package plan

import (
	"fmt"
	"io"
	"strings"
)

// Explain writes what each resource and each statement of a plan is for.
func Explain(w io.Writer, p *Plan) error {
	x := &explainer{}
	x.line(0, "%s (%s)", p.Title, p.Topology)
	for _, s := range p.Flow {
		x.line(1, "%s", s)
	}
	for _, s := range p.Stacks {
		x.stack(p, s)
	}
	x.list("To know:", p.Notes)
	x.list("What AWS charges for:", p.Costs)
	_, err := io.WriteString(w, x.b.String())
	return err
}

type explainer struct{ b strings.Builder }

func (x *explainer) line(depth int, format string, args ...any) {
	x.b.WriteString(strings.Repeat("  ", depth))
	fmt.Fprintf(&x.b, format, args...)
	x.b.WriteByte('\n')
}

func (x *explainer) list(title string, all []string) {
	if len(all) == 0 {
		return
	}
	x.line(0, "")
	x.line(0, "%s", title)
	for _, s := range all {
		x.line(1, "- %s", s)
	}
}

func (x *explainer) stack(p *Plan, s *Stack) {
	x.line(0, "")
	x.line(0, "Stack %s, in the %s account, %s: %s", s.Name, s.Account, reach(p, s), s.Purpose)
	for _, r := range s.Resources {
		x.line(1, "%s (%s): %s", r.ID, r.Type, r.Why)
		r.Policies(func(_ string, p *Policy) {
			for _, t := range p.Statements {
				x.statement(t)
			}
		})
	}
}

func (x *explainer) statement(t Statement) {
	verb := "allows"
	if t.Deny {
		verb = "denies"
	}
	who := ""
	for i, q := range t.Principals {
		if i > 0 {
			who += ", "
		}
		who += " " + principalText(q)
	}
	x.line(2, "%s %s%s %s", t.Sid, verb, who, strings.Join(t.Actions, ", "))
	x.line(3, "%s", t.Why)
	for _, v := range t.Resources {
		x.line(3, "on %s", TextOf(v))
	}
	for _, c := range t.Conditions {
		all := make([]string, len(c.Values))
		for i, v := range c.Values {
			all[i] = TextOf(v)
		}
		x.line(3, "if %s %s %s", c.Key, operatorText(c.Operator), strings.Join(all, " or "))
	}
}

func principalText(q Principal) string {
	if q.ID == nil {
		return "everybody"
	}
	return TextOf(q.ID)
}

func operatorText(operator string) string {
	switch operator {
	case "StringEquals", "ArnEquals", "Bool":
		return "is"
	case "StringLike", "ArnLike":
		return "is like"
	}
	return operator
}

// TextOf is a value for people: what is filled in later stands in <>.
func TextOf(v Value) string {
	switch v := v.(type) {
	case Text:
		return string(v)
	case Bool, Int:
		return fmt.Sprint(v)
	case Pseudo:
		return "<" + string(v) + ">"
	case Param:
		return "<" + v.Name + ">"
	case Ref:
		return "<" + v.ID + ">"
	case Attr:
		return "<" + v.ID + "." + v.Name + ">"
	case Join:
		var b strings.Builder
		for _, x := range v {
			b.WriteString(TextOf(x))
		}
		return b.String()
	}
	return ""
}

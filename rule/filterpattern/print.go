package filterpattern

import "strings"

// String is the pattern in canonical form: texts in double quotes, one blank
// around operators, parentheses where && and || meet. Parsed again it means the
// same.
func (p *Pattern) String() string {
	switch p.kind {
	case JSON:
		return printJSON(p.root)
	case Terms:
		return printTerms(p.terms)
	case Regex:
		return strings.TrimFunc(p.text, isBlank)
	case Delimited:
		return printFields(p.fields)
	}
	return `" "`
}

func printJSON(x expr) string { return "{ " + printExpr(x) + " }" }

func printExpr(x expr) string {
	if c, single := x.(*comparison); single {
		return c.String()
	}
	parts, operator := operands(x)
	out := make([]string, len(parts))
	for i, y := range parts {
		out[i] = printExpr(y)
		if _, single := y.(*comparison); !single {
			out[i] = "(" + out[i] + ")"
		}
	}
	return strings.Join(out, operator)
}

// operands are what x joins, and the operator that stands between them.
func operands(x expr) (parts []expr, operator string) {
	if x, ok := x.(*or); ok {
		return alternatives(x), " || "
	}
	return conjuncts(x), " && "
}

// String is the comparison as a pattern writes it.
func (c *comparison) String() string {
	s := c.sel.String()
	if c.op != present {
		s += " " + operatorText[c.op]
	}
	if c.op.takesValue() {
		s += " " + c.val.String()
	}
	return s
}

// String is the operand as a pattern writes it.
func (o operand) String() string {
	switch o.kind {
	case numberOperand:
		return o.text
	case regexOperand:
		return "%" + o.text + "%"
	}
	return quote(o.text)
}

var escapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

func quote(s string) string { return `"` + escapes.Replace(s) + `"` }

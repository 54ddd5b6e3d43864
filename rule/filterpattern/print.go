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
	switch x := x.(type) {
	case *and:
		return printParts(x.x, " && ")
	case *or:
		return printParts(x.x, " || ")
	case *comparison:
		return x.String()
	}
	return ""
}

func printParts(parts []expr, operator string) string {
	out := make([]string, len(parts))
	for i, x := range parts {
		out[i] = printExpr(x)
		if _, single := x.(*comparison); !single {
			out[i] = "(" + out[i] + ")"
		}
	}
	return strings.Join(out, operator)
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

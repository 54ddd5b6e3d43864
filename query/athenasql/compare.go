package athenasql

import (
	"fmt"
	"strings"

	"github.com/trailwarden/trailwarden/query/schema"
)

// jsonHelp is what those want who take JSON for its text.
const jsonHelp = "json_extract_scalar(text, '$.path') gives a text"

// compare looks at a comparison of the first expression with each of the others.
// What Athena refuses because the types differ is refused where the engine would
// have to guess, too, and pointed out where it is clear what is meant.
func (t *translator) compare(at int, s *scope, xs []expr, parts []string, types []typ) error {
	for i := 1; i < len(xs); i++ {
		a, b := types[0], types[i]
		if a.kind == unknown || b.kind == unknown || a.kind == b.kind || a.isNumber() && b.isNumber() || a.isTime() && b.isTime() {
			continue
		}
		text := 0
		if b.kind == varchar {
			text = i
		}
		other := types[i-text] // the one that is no text
		help := "CAST(text AS " + other.String() + "), or the other one as a text: in quotes, or CAST(… AS varchar)"
		_, written := xs[text].(*literal)
		switch {
		case a.kind == jsonKind || b.kind == jsonKind:
			return &syntaxError{at: at, code: codeArguments, message: fmt.Sprintf("a %s is compared with a %s", a, b), help: jsonHelp + ", CAST(… AS bigint) a number"}
		case types[text].kind != varchar || written || other.kind == boolean:
			t.warn(at, codeImplicit, "a %s is compared with a %s: Athena refuses that; write a CAST, or from_iso8601_timestamp(…) for times", a, b)
			continue
		case other.isNumber() && t.isExtra(xs[text], s): // which tables of others may have as a number
			parts[text] = "CAST(" + parts[text] + " AS BIGINT)"
			continue
		case other.isTime():
			help = "from_iso8601_timestamp(text), as in from_iso8601_timestamp(eventtime) > now() - interval '1' day"
		}
		return &syntaxError{at: at, code: codeImplicit, message: fmt.Sprintf("a %s is compared with a %s", a, b), help: help}
	}
	return nil
}

// compared writes a comparison. The engine takes NaN for the largest number and for
// equal to itself; to Athena every comparison with it is false, but for <>.
func (t *translator) compared(x *binary, parts []string, types []typ) string {
	may := func(of expr, text string, k typ) bool { // be NaN, and be written twice
		_, written := of.(*literal)
		return !written && k.kind == double && len(text) <= maxTwice && !holdsQuery(of)
	}
	l, r := may(x.x, parts[0], types[0]), may(x.y, parts[1], types[1])
	i := 0
	switch x.op {
	case "=", "<>":
		l = l && r
	case "<", "<=":
		i, l = 1, r
	}
	text := parts[0] + " " + x.op + " " + parts[1]
	switch nan := "isnan(CAST(" + parts[i] + " AS DOUBLE))"; {
	case l && x.op == "<>":
		text += " OR " + nan
	case l:
		text += " AND NOT " + nan
	}
	return "(" + text + ")"
}

// maxTwice is the longest operand, in bytes, that is written twice, so that what is
// nested cannot grow without bound.
const maxTwice = 2000

// operands refuses sums and products of texts, and of times and numbers.
func (t *translator) operands(x *binary, l, r typ) error {
	e := &syntaxError{at: x.at, code: codeImplicit, message: fmt.Sprintf("%s of a %s and a %s", x.op, l, r)}
	switch {
	case l.kind == varchar || r.kind == varchar:
		e.help = "CAST(text AS bigint), or || to join texts"
		if l.kind == intervalKind || r.kind == intervalKind {
			e.help = "from_iso8601_timestamp(text)"
		}
	case (l.kind == timestamp || l.kind == timestampTZ) && r.isNumber():
		e.help = "interval '7' day, or date_add('day', -7, t)"
	case l.kind == date && r.isNumber():
		t.warn(x.at, codeImplicit, "a number of days %s a date: Athena wants interval '7' day, or date_add('day', -7, d)", either(x.op == "-", "from", "and"))
		return nil
	default:
		return nil
	}
	return e
}

// isExtra tells whether the expression is a column of the trail that only tables of
// other layouts have.
func (t *translator) isExtra(x expr, s *scope) bool {
	n, ok := x.(*name)
	if !ok {
		return false
	}
	r, ok := s.find(n.parts)
	if !ok || r.source == nil || !r.source.trail || r.source.renamed {
		return false
	}
	c, _ := schema.Find(r.column)
	return c.Class == schema.Extra
}

// sameShape tells whether both are rows, arrays or maps of known and equal shape. The
// engine takes two NULLs in such values for the same; Trino does not know.
func sameShape(a, b typ) bool {
	switch {
	case a.kind != b.kind:
		return false
	case a.kind == arrayKind:
		return a.elem != nil && b.elem != nil
	case a.kind == mapKind:
		return a.elem != nil && b.elem != nil
	}
	return a.kind == rowKind && len(a.fields) > 0 && len(a.fields) == len(b.fields)
}

// equal writes a = b of two of the same shape: false when parts differ, NULL when a
// part that decides is.
func (t *translator) equal(a, b string, of typ) string {
	return t.once(a, func(a string) string { return t.once(b, func(b string) string { return equalParts(a, b, of) }) })
}

func equalParts(a, b string, t typ) string {
	known := func(test, all string) string {
		return "CASE WHEN " + a + " IS NULL OR " + b + " IS NULL THEN NULL WHEN " + test + " THEN false ELSE ct_all(" + all + ") END"
	}
	switch {
	case t.kind == arrayKind:
		return known("len("+a+") <> len("+b+")", "list_transform(list_zip("+a+", "+b+"), ct_p -> "+equalParts("ct_p[1]", "ct_p[2]", t.elemType())+")")
	case t.kind == mapKind:
		return known("list_sort(map_keys("+a+")) <> list_sort(map_keys("+b+"))",
			"list_transform(map_keys("+a+"), ct_k -> "+equalParts("("+a+")[ct_k]", "("+b+")[ct_k]", t.elemType())+")")
	case t.kind != rowKind || len(t.fields) == 0:
		return a + " = " + b
	}
	all := make([]string, len(t.fields))
	for i, f := range t.fields {
		part := func(row string) string { return fmt.Sprintf("struct_extract_at(%s, %d)", row, i+1) }
		all[i] = "(" + equalParts(part(a), part(b), f.typ) + ")"
	}
	return strings.Join(all, " AND ")
}

// inEqual writes x IN (a, b) of values of the same shape. Of a row with NULL in it
// Athena says nothing when it is looked for among several.
func (t *translator) inEqual(x *in, parts []string, of typ) string {
	return t.once(parts[0], func(v string) string {
		all := make([]string, len(x.list))
		for i, other := range parts[1:] {
			all[i] = "(" + t.equal(v, other, of) + ")"
		}
		text := "(" + either(x.not, "NOT (", "(") + strings.Join(all, " OR ") + "))"
		if of.kind != rowKind || len(all) < 2 {
			return text
		}
		whole := make([]string, len(of.fields))
		for i := range of.fields {
			whole[i] = fmt.Sprintf("struct_extract_at(%s, %d) IS NOT NULL", v, i+1)
		}
		return "CASE WHEN " + strings.Join(whole, " AND ") + " THEN " + text + " END"
	})
}

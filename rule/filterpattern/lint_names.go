package filterpattern

import (
	"fmt"
	"strings"

	"github.com/trailwarden/trailwarden/cloudtrail/catalog"
	"github.com/trailwarden/trailwarden/detect"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
)

// meant are fields that people write from memory of other formats, too far from
// CloudTrail's names for a spelling check.
var meant = map[string]string{
	"region":         "awsRegion",
	"account":        "recipientAccountId",
	"accountId":      "recipientAccountId",
	"source":         "eventSource",
	"time":           "eventTime",
	"user":           "userIdentity.arn",
	"username":       "userIdentity.userName",
	"userName":       "userIdentity.userName",
	"sourceIp":       "sourceIPAddress",
	"ip":             "sourceIPAddress",
	"error":          "errorCode",
	"type":           "userIdentity.type",
	"arn":            "userIdentity.arn",
	"detail-type":    "eventType",
	"userIdentityId": "userIdentity.principalId",
}

// rename replaces fields that CloudTrail does not have by those that were meant.
func (l *linter) rename(x expr, faults *collector) expr {
	return rewrite(x, func(c *comparison) expr {
		path := c.sel.names()
		if l.cat == nil || path == "" || len(faults.found) >= maxDiagnostics {
			return c
		}
		known, _, suggestion := l.cat.Field(path)
		if known {
			return c
		}
		if s := l.fieldMeant(path); s != "" {
			suggestion = s
		}
		l.unknownField(c, suggestion, faults)
		if suggestion == "" || !plain(c.sel) {
			return c
		}
		return &comparison{selectorOf(suggestion), c.op, c.val, c.at}
	})
}

func (l *linter) fieldMeant(path string) string {
	if rest, ok := strings.CutPrefix(path, "detail."); ok {
		if known, _, _ := l.cat.Field(rest); known {
			return rest
		}
	}
	if s := meant[path]; s != "" {
		if known, _, _ := l.cat.Field(s); known {
			return s
		}
	}
	return ""
}

func (l *linter) unknownField(c *comparison, suggestion string, faults *collector) {
	why := "a comparison with a field that is missing is always false, != included, so this part never decides anything"
	if c.op == notExists {
		why = "the field is never there, so this part is always true"
	}
	hint := ""
	if suggestion != "" {
		hint = "; " + selectorOf(suggestion).String() + " is probably meant"
	}
	faults.warn(c.at, CodeField, why, "CloudTrail records have no field %s%s", c.sel, hint)
}

// plain tells whether the selector has keys only.
func plain(s selector) bool {
	for _, t := range s.steps {
		if t.Kind != detect.StepKey {
			return false
		}
	}
	return true
}

func selectorOf(path string) selector {
	var s selector
	for _, k := range strings.Split(path, ".") {
		s.steps = append(s.steps, detect.Key(k))
	}
	return s
}

// names checks event sources, APIs and regions. source is the event source that
// the expressions around x require, if one is.
func (l *linter) names(x expr, source string) {
	switch x := x.(type) {
	case *or:
		for _, y := range x.x {
			l.names(y, source)
		}
	case *and:
		for _, y := range conjuncts(x) {
			if c, ok := is(y, equal, "eventSource"); ok && exact(c.val) {
				source = c.val.text
			}
		}
		for _, y := range x.x {
			l.names(y, source)
		}
	case *comparison:
		if (x.op == equal || x.op == notEqual) && exact(x.val) && l.cat != nil && !l.full() {
			l.name(x, source)
		}
	}
}

// exact tells whether the operand is one text and was meant as one: no asterisk
// stands in it.
func exact(o operand) bool {
	return o.kind == textOperand && o.text != "" && !strings.Contains(o.text, "*")
}

func (l *linter) name(c *comparison, source string) {
	known, suggestion, what := true, "", ""
	switch c.sel.String() {
	case "$.eventSource":
		what = "an event source"
		known, suggestion = l.cat.Source(c.val.text)
	case "$.eventName":
		what = "an API of " + source
		if ok, _ := l.cat.Source(source); !ok {
			source, what = "", "an API of any service"
		}
		known, suggestion = l.cat.API(source, c.val.text)
	case "$.awsRegion":
		what = "a region"
		if _, err := catalog.Default().ExpandRegions(c.val.text); err != nil || strings.ToUpper(c.val.text) == c.val.text {
			known = false
		}
	}
	if known {
		return
	}
	l.unknownName(c, what, suggestion)
}

func (l *linter) unknownName(c *comparison, what, suggestion string) {
	const why = "no record will ever hold it, so the comparison never changes"
	message := fmt.Sprintf("%q is not %s that the shipped catalogue knows", c.val.text, what)
	if suggestion == "" {
		l.add(diagnostic.Note, c.at, CodeName, message, why, "")
		return
	}
	fix := printJSON(rewrite(l.pattern.root, func(x *comparison) expr {
		if x == c {
			return &comparison{c.sel, c.op, operand{text: suggestion}, c.at}
		}
		return x
	}))
	l.warn(c.at, CodeName, message+"; "+suggestion+" is probably meant", why, fix)
}

// operands checks wildcards, regexes and comparisons that cannot be true.
func (l *linter) operands(x expr) {
	each(x, func(c *comparison) {
		text, _, _ := c.val.literal()
		switch {
		case l.full():
		case c.op.relational():
			l.order(c)
		case !c.op.takesValue():
		case c.val.kind == textOperand && strings.EqualFold(text, "null"):
			l.null(c)
		case c.val.kind == textOperand && strings.Contains(text, "*") && !c.val.any():
			l.warn(c.at, CodeInnerStar, fmt.Sprintf("the * inside %s is a plain character: only a leading and a trailing * are wildcards", c.val),
				"the text matches nothing but itself", l.innerStar(c))
		case c.val.kind == regexOperand:
			l.unanchored(c)
		}
	})
}

// order looks at <, <=, > and >=, for which CloudWatch Logs takes nothing but a
// number without quotes: TestMetricFilter refuses every other operand.
func (l *linter) order(c *comparison) {
	n, ok := c.val.bound()
	switch {
	case !ok:
		l.warn(c.at, CodeAlways, fmt.Sprintf("%s is never true: %s compares numbers", c, operatorText[c.op]),
			"the filter silently loses this part here, and CloudWatch Logs refuses it", "")
	case c.val.kind == textOperand:
		l.warn(c.at, CodeOrder, fmt.Sprintf("the number in %s stands in quotes", c), "CloudWatch Logs refuses the filter when it is deployed; it works here",
			l.with(c, operand{kind: numberOperand, text: c.val.text, num: n}))
	}
}

// null looks at = null and != null, which compare with the four letters.
func (l *linter) null(c *comparison) {
	fix := ""
	if c.op == equal {
		fix = l.replaced(c, &comparison{sel: c.sel, op: isNull})
	}
	l.warn(c.at, CodeNull, fmt.Sprintf("%s compares with the text null", c), "a value that is null satisfies neither = nor !=; IS NULL asks for it", fix)
}

// innerStar writes a text with inner wildcards as a regex.
func (l *linter) innerStar(c *comparison) string {
	text, start, end := c.val.literal()
	var b strings.Builder
	if !start {
		b.WriteByte('^')
	}
	for i := range len(text) {
		switch ch := text[i]; {
		case ch == '*':
			b.WriteString(".*")
		case isASCIIWord(ch) || strings.IndexByte(":_#=@/;,- ", ch) >= 0:
			b.WriteByte(ch)
		case ch < 0x80:
			fmt.Fprintf(&b, `\x%02x`, ch)
		default:
			return ""
		}
	}
	if !end {
		b.WriteByte('$')
	}
	return l.with(c, operand{kind: regexOperand, text: b.String()})
}

// with is the pattern with c's operand replaced; "" when it would not parse.
func (l *linter) with(c *comparison, o operand) string {
	text := printJSON(rewrite(l.pattern.root, func(x *comparison) expr {
		if x == c {
			return &comparison{c.sel, c.op, o, c.at}
		}
		return x
	}))
	if p, _ := Parse(text); p == nil {
		return ""
	}
	return text
}

// anchored are fields whose values are names, where part of a name is rarely
// what was meant.
var anchored = map[string]string{
	"$.eventName":   "CreateUser also finds CreateUserPool",
	"$.eventSource": "sts also finds every source with those letters",
	"$.awsRegion":   "us-west also finds us-west-1 and us-west-2",
}

func (l *linter) unanchored(c *comparison) {
	example := anchored[c.sel.String()]
	if example == "" {
		return
	}
	alternatives := strings.Split(c.val.text, "|")
	open := false
	for i, a := range alternatives {
		start, end := strings.HasPrefix(a, "^"), strings.HasSuffix(a, "$")
		open = open || !start && !end
		if !start {
			alternatives[i] = "^" + alternatives[i]
		}
		if !end {
			alternatives[i] += "$"
		}
	}
	if !open || strings.Contains(c.val.text, "[") {
		return
	}
	l.add(diagnostic.Note, c.at, CodeUnanchored, fmt.Sprintf("%s finds its text anywhere in %s", c.val, c.sel),
		"an unanchored regex matches more than meant: "+example,
		l.with(c, operand{kind: regexOperand, text: strings.Join(alternatives, "|")}))
}

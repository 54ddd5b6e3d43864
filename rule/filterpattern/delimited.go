package filterpattern

import (
	"strings"

	"github.com/trailwarden/trailwarden/detect"
)

// field is one position of a space-delimited pattern.
type field struct {
	rest bool   // ...: any number of fields
	name string // may be empty
	cond expr   // nil without condition
}

// delimited takes [field, field, …].
func (p *parser) delimited() []field {
	p.skipBlanks()
	open := p.pos
	p.pos++
	var out []field
	for {
		f := p.field()
		p.skipBlanks()
		switch {
		case p.failed():
			return nil
		case p.peek() == 0:
			p.fail(open, CodeUnbalanced, "the bracket that opens here is never closed")
			return nil
		}
		out = append(out, f)
		if p.take("]") {
			break
		}
		if !p.take(",") {
			p.unexpected()
			return nil
		}
	}
	if p.skipBlanks(); p.peek() != 0 {
		p.fail(p.pos, CodeUnbalanced, "%s follows the closing bracket", p.here())
		return nil
	}
	return out
}

func (p *parser) field() field {
	p.skipBlanks()
	switch {
	case p.take("..."), p.take("…"):
		return field{rest: true}
	case p.peek() == ',' || p.peek() == ']' || p.peek() == 0:
		return field{} // a field without a name
	}
	at := p.pos
	x := p.or(0, fieldEnds)
	if p.failed() {
		return field{}
	}
	f := field{cond: x}
	each(x, func(c *comparison) {
		if f.name == "" {
			f.name = c.sel.field
		}
		if c.sel.field != f.name {
			p.fail(c.at, CodeOperator, "a condition on %s inside the field %s; each field holds conditions on itself only", c.sel.field, f.name)
		}
	})
	if c, single := x.(*comparison); single && c.op == present {
		f.cond = nil
	} else if !p.failed() {
		each(x, func(c *comparison) {
			if c.op == present {
				p.fail(at, CodeOperator, "%s is joined with && or || but compared with nothing", c.sel.field)
			}
		})
	}
	return f
}

// fieldName takes a field's name; a $ before it is the metric's way to name it.
func (p *parser) fieldName() selector {
	start := p.pos
	for p.pos < len(p.text) && !notName(rune(p.text[p.pos])) {
		p.pos++
	}
	if p.pos == start {
		switch p.peek() {
		case 0, ',', ']', ')', '&', '|':
			p.fail(start, CodeOperand, "a condition is missing here")
		default:
			p.fail(start, CodeSelector, "want a field name of letters, digits, _ and -, found %s", p.here())
		}
	}
	return selector{field: p.text[start:p.pos]}
}

// matchLine judges a text line by fields.
func matchLine(fields []field, line string) bool {
	tokens := tokenize(line)
	segments := [][]field{nil}
	for _, f := range fields {
		if f.rest {
			segments = append(segments, nil)
			continue
		}
		last := len(segments) - 1
		segments[last] = append(segments[last], f)
	}
	first, last := segments[0], segments[len(segments)-1]
	if len(segments) == 1 {
		return len(tokens) == len(first) && matchFields(first, tokens)
	}
	if len(tokens) < len(first)+len(last) || !matchFields(first, tokens) || !matchFields(last, tokens[len(tokens)-len(last):]) {
		return false
	}
	return matchMiddle(segments[1:len(segments)-1], tokens[len(first):len(tokens)-len(last)])
}

// matchMiddle finds the segments in order, each as early as possible.
func matchMiddle(segments [][]field, tokens []string) bool {
	for _, s := range segments {
		for len(tokens) >= len(s) && !matchFields(s, tokens) {
			tokens = tokens[1:]
		}
		if len(tokens) < len(s) {
			return false
		}
		tokens = tokens[len(s):]
	}
	return true
}

func matchFields(fields []field, tokens []string) bool {
	for i, f := range fields {
		if f.cond != nil && !matchToken(f.cond, tokens[i]) {
			return false
		}
	}
	return true
}

// tokenize splits a line at blanks. Text between double quotes or brackets is
// one field, without them.
func tokenize(line string) []string {
	var out []string
	for {
		line = strings.TrimLeftFunc(line, isBlank)
		if line == "" {
			return out
		}
		if closing := map[byte]byte{'"': '"', '[': ']'}[line[0]]; closing != 0 {
			if i := strings.IndexByte(line[1:], closing); i >= 0 {
				out = append(out, line[1:1+i])
				line = line[i+2:]
				continue
			}
		}
		end := strings.IndexFunc(line, isBlank)
		if end < 0 {
			end = len(line)
		}
		out = append(out, line[:end])
		line = line[end:]
	}
}

// matchToken judges a field's text by a condition on it.
func matchToken(x expr, token string) bool {
	switch x := x.(type) {
	case *and:
		for _, y := range x.x {
			if !matchToken(y, token) {
				return false
			}
		}
		return true
	case *or:
		for _, y := range x.x {
			if matchToken(y, token) {
				return true
			}
		}
		return false
	case *comparison:
		switch {
		case x.op == equal:
			return tokenEquals(x.val, token)
		case x.op == notEqual:
			return !tokenEquals(x.val, token)
		case x.op.relational():
			return tokenRelates(x.op, x.val, token)
		}
	}
	return true
}

func tokenEquals(o operand, token string) bool {
	switch o.kind {
	case regexOperand:
		return o.re.MatchString(token)
	case numberOperand:
		n, ok := number(token)
		return o.text == token || ok && n.Relates(detect.NumEqual, o.num)
	}
	text, start, end := o.literal()
	switch {
	case start && end:
		return strings.Contains(token, text)
	case start:
		return strings.HasSuffix(token, text)
	case end:
		return strings.HasPrefix(token, text)
	}
	return token == text
}

func tokenRelates(op operator, o operand, token string) bool {
	n, ok := number(token)
	bound, numeric := o.bound()
	return ok && numeric && n.Relates(numOps[op], bound)
}

// bound is the operand as a number, for < <= > >=.
func (o operand) bound() (detect.Decimal, bool) {
	switch o.kind {
	case numberOperand:
		return o.num, true
	case textOperand:
		return number(o.text)
	}
	return detect.Decimal{}, false
}

func printFields(fields []field) string {
	out := make([]string, len(fields))
	for i, f := range fields {
		switch {
		case f.rest:
			out[i] = "..."
		case f.cond != nil:
			out[i] = printExpr(f.cond)
		default:
			out[i] = f.name
		}
	}
	return "[" + strings.Join(out, ", ") + "]"
}

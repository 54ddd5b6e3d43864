package filterpattern

import "strings"

// json takes { or-expr }.
func (p *parser) json() expr {
	p.skipBlanks()
	open := p.pos
	p.pos++
	p.skipBlanks()
	if p.peek() == '}' {
		return p.fail(p.pos, CodeOperand, "the braces hold no comparison; { $.eventName = \"*\" } matches every record with an eventName")
	}
	x := p.or(0, jsonEnds)
	p.skipBlanks()
	switch {
	case p.failed():
		return nil
	case p.peek() == 0:
		return p.fail(open, CodeUnbalanced, "the brace that opens here is never closed")
	case !p.take("}"):
		return p.unexpected()
	}
	if p.skipBlanks(); p.peek() != 0 {
		return p.fail(p.pos, CodeUnbalanced, "%s follows the closing brace", p.here())
	}
	return x
}

// ends are the characters that end a bare value, blanks aside.
type ends string

const (
	jsonEnds  ends = ")}"
	fieldEnds ends = "),]"
)

func (p *parser) or(depth int, e ends) expr {
	out := &or{}
	for {
		x := p.and(depth, e)
		if p.failed() {
			return nil
		}
		out.x = append(out.x, x)
		if p.skipBlanks(); !p.take("||") {
			break
		}
	}
	if len(out.x) == 1 {
		return out.x[0]
	}
	return out
}

func (p *parser) and(depth int, e ends) expr {
	out := &and{}
	for {
		x := p.primary(depth, e)
		if p.failed() {
			return nil
		}
		out.x = append(out.x, x)
		if p.skipBlanks(); !p.take("&&") {
			break
		}
	}
	if len(out.x) == 1 {
		return out.x[0]
	}
	return out
}

func (p *parser) primary(depth int, e ends) expr {
	p.skipBlanks()
	open := p.pos
	if !p.take("(") {
		return p.comparison(e)
	}
	if depth >= MaxDepth {
		return p.fail(open, CodeDepth, "parentheses nested deeper than %d", MaxDepth)
	}
	x := p.or(depth+1, e)
	p.skipBlanks()
	switch {
	case p.failed():
		return nil
	case p.peek() == 0 || p.peek() == e[1] || p.peek() == e[len(e)-1]:
		return p.fail(open, CodeUnbalanced, "the parenthesis that opens here is never closed")
	case !p.take(")"):
		return p.unexpected()
	}
	return inParens(x)
}

func inParens(x expr) expr {
	switch x := x.(type) {
	case *and:
		return &and{x.x, true}
	case *or:
		return &or{x.x, true}
	}
	return x
}

// unexpected explains what stands where && or || or an end should.
func (p *parser) unexpected() expr {
	at := p.pos
	word := strings.ToUpper(p.word())
	switch {
	case p.peek() == ')':
		return p.fail(at, CodeUnbalanced, "a parenthesis closes here that none opened")
	case p.peek() == '}':
		return p.fail(at, CodeUnbalanced, "a brace closes here that none opened")
	case word == "AND" || word == "OR":
		p.fail(at, CodeOperator, "%s joins nothing here: write && for and, || for or", p.text[at:at+len(word)])
		p.suggest(at, at+len(word), map[string]string{"AND": "&&", "OR": "||"}[word])
	case p.peek() == '&' || p.peek() == '|':
		c := p.text[at : at+1]
		p.fail(at, CodeOperator, "a single %s joins nothing: write %s", c, c+c)
		p.suggest(at, at+1, c+c)
	default:
		p.fail(at, CodeOperator, "want && or || or the end, found %s; a text with blanks needs double quotes", p.here())
		p.suggestQuotes(at)
	}
	return nil
}

// suggestQuotes puts quotes around the bare words that end at the next operator
// or closing character, as in $.errorMessage = Failed authentication.
func (p *parser) suggestQuotes(at int) {
	start := strings.LastIndexAny(p.text[:at], "=<>") + 1
	if start == 0 || strings.ContainsAny(p.text[start:at], `"%`) {
		return
	}
	for start < at && isBlank(rune(p.text[start])) {
		start++
	}
	end := at
	for end < len(p.text) && strings.IndexByte(`)},]"$`, p.text[end]) < 0 && !strings.HasPrefix(p.text[end:], "&&") && !strings.HasPrefix(p.text[end:], "||") {
		end++
	}
	words := strings.TrimFunc(p.text[start:end], isBlank)
	p.suggest(start, start+len(words), quote(words))
}

func (p *parser) comparison(e ends) expr {
	start := p.pos
	var sel selector
	if e == jsonEnds {
		sel = p.selector()
	} else {
		sel = p.fieldName()
	}
	if p.failed() {
		return nil
	}
	p.skipBlanks()
	op, ok := p.operator(sel, start, e)
	if !ok {
		return nil
	}
	c := &comparison{sel: sel, op: op, at: start}
	if op.takesValue() {
		p.skipBlanks()
		if c.val, ok = p.operand(e); !ok {
			return nil
		}
	}
	return c
}

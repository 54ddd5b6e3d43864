package filterpattern

import "strings"

// operators are the symbols; others that people type are in misspelt.
var (
	operators = map[string]operator{"=": equal, "!=": notEqual, "<": less, "<=": lessEqual, ">": greater, ">=": greaterEqual}
	misspelt  = map[string]string{"==": "=", "===": "=", "=!": "!=", "!==": "!=", "<>": "!=", "=>": ">=", "=<": "<=", "~": "=", "=~": "=", "!~": "!="}
)

// operator takes what stands between a selector and its value. A delimited
// field may stand alone.
func (p *parser) operator(sel selector, start int, e ends) (operator, bool) {
	at := p.pos
	for p.pos < len(p.text) && strings.IndexByte("=!<>~", p.text[p.pos]) >= 0 {
		p.pos++
	}
	symbol := p.text[at:p.pos]
	if op, ok := operators[symbol]; ok {
		return op, true
	}
	switch right, known := misspelt[symbol]; {
	case symbol == "=!" && e == fieldEnds:
		return notEqual, true // the guide's own examples write [w1=!ERROR]
	case known:
		p.fail(at, CodeOperator, "%q is no operator: write %s", symbol, right)
		p.suggest(at, at+len(symbol), right)
		return 0, false
	case symbol != "":
		p.fail(at, CodeOperator, "%q is no operator: there are = != < <= > >= IS NULL, IS TRUE, IS FALSE and NOT EXISTS", symbol)
		return 0, false
	case e == fieldEnds:
		return p.noCondition(at)
	}
	return p.keywords(sel, start)
}

func (p *parser) noCondition(at int) (operator, bool) {
	if c := p.peek(); c == 0 || c == ',' || c == ']' || c == ')' || c == '&' || c == '|' {
		return present, true
	}
	p.fail(at, CodeOperator, "want an operator or the end of the field, found %s", p.here())
	return 0, false
}

// keywords takes IS NULL, IS TRUE, IS FALSE or NOT EXISTS.
func (p *parser) keywords(sel selector, start int) (operator, bool) {
	at := p.pos
	switch first := p.keyword(); first {
	case "IS":
		return p.afterIs(sel, start, at)
	case "NOT":
		if p.keyword() == "EXISTS" {
			return notExists, true
		}
		p.fail(at, CodeOperator, "NOT is followed by EXISTS or stands nowhere")
	case "EXISTS":
		p.fail(at, CodeKeyword, "EXISTS alone does not exist in this language: write %s = \"*\" for a field that has a value", sel)
		p.suggest(start, at+len(first), sel.String()+` = "*"`)
	case "":
		if p.peek() == 0 || p.peek() == ')' || p.peek() == '}' || p.peek() == '&' || p.peek() == '|' {
			p.fail(start, CodeOperator, "%s is compared with nothing; write %s = \"*\" for a field that has a value", sel, sel)
			break
		}
		fallthrough
	default:
		p.pos = at
		p.fail(at, CodeOperator, "%s is no operator: there are = != < <= > >= IS NULL, IS TRUE, IS FALSE and NOT EXISTS", p.here())
	}
	return 0, false
}

func (p *parser) afterIs(sel selector, start, at int) (operator, bool) {
	switch p.keyword() {
	case "NULL":
		return isNull, true
	case "TRUE":
		return isTrue, true
	case "FALSE":
		return isFalse, true
	case "NOT":
		p.keyword()
		end := p.pos
		p.fail(at, CodeKeyword, "IS NOT does not exist in this language: write %s = \"*\" for a field that has a value", sel)
		p.suggest(start, end, sel.String()+` = "*"`)
	default:
		p.fail(at, CodeOperator, "IS is followed by NULL, TRUE or FALSE")
	}
	return 0, false
}

// keyword takes the next word, in upper case.
func (p *parser) keyword() string {
	p.skipBlanks()
	w := p.word()
	p.pos += len(w)
	return strings.ToUpper(w)
}

// operand takes a number, quoted or bare text, or regex.
func (p *parser) operand(e ends) (operand, bool) {
	at := p.pos
	rest := p.text[at:]
	switch c := p.peek(); {
	case c == 0 || strings.IndexByte(string(e), c) >= 0 || strings.HasPrefix(rest, "&&") || strings.HasPrefix(rest, "||"):
		p.fail(at, CodeOperand, "the value to compare with is missing")
	case c == '"':
		text, ok := p.quoted()
		return operand{text: text}, ok
	case c == '%':
		return p.regexOperand(e)
	case c == '\'' || isTypographic(rest):
		p.wrongQuotes(at)
	case c == '(':
		p.fail(at, CodeOperand, "a value cannot start with a parenthesis; put it in double quotes")
	default:
		return p.bare(e), true
	}
	return operand{}, false
}

func (p *parser) bare(e ends) operand {
	start := p.pos
	for p.pos < len(p.text) {
		rest := p.text[p.pos:]
		if isBlank(rune(rest[0])) || strings.IndexByte(string(e), rest[0]) >= 0 || strings.HasPrefix(rest, "&&") || strings.HasPrefix(rest, "||") {
			break
		}
		p.pos++
	}
	text := p.text[start:p.pos]
	if n, ok := number(text); ok {
		return operand{kind: numberOperand, text: text, num: n}
	}
	return operand{text: text}
}

// wrongQuotes explains a value in single or typographic quotes.
func (p *parser) wrongQuotes(at int) {
	if p.text[at] == '\'' {
		end := strings.IndexByte(p.text[at+1:], '\'')
		p.fail(at, CodeQuotes, "single quotes around a value are refused by CloudWatch Logs: use double quotes")
		if end >= 0 {
			p.suggest(at, at+end+2, quote(p.text[at+1:at+1+end]))
		}
		return
	}
	p.fail(at, CodeQuotes, "typographic quotes (%.1s) are no quotes: use the straight double quote \"", p.text[at:])
	p.suggest(0, len(p.text), typographic.Replace(p.text))
}

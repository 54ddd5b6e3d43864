package filterpattern

import (
	"strconv"
	"strings"

	"github.com/trailwarden/trailwarden/detect"
)

// Limits of CloudWatch Logs on one pattern.
const (
	maxRegexes       = 2
	maxWildSelectors = 3
)

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

// selector takes $.a['b'].c[0].
func (p *parser) selector() selector {
	start := p.pos
	if !p.take("$") {
		p.noSelector()
		return selector{}
	}
	var s selector
	for !p.failed() {
		step, ok := p.step(start)
		if !ok {
			break
		}
		s.steps = append(s.steps, step)
	}
	if p.failed() {
		return s
	}
	if r := p.text[p.pos:]; r != "" && !isBlank(rune(r[0])) && strings.IndexByte("=!<>)}&|", r[0]) < 0 {
		p.badName(start)
	}
	p.countWildcards(start, s)
	return s
}

func (p *parser) noSelector() {
	at := p.pos
	switch w := strings.ToUpper(p.word()); {
	case p.peek() == '!' || w == "NOT":
		p.fail(at, CodeOperator, "%s: there is no NOT before an expression; turn the operators round (!= for =) and && into ||", p.here())
	case p.peek() == 0 || p.peek() == ')' || p.peek() == '}' || p.take("&&") || p.take("||"):
		p.fail(at, CodeOperand, "a comparison is missing here")
	default:
		p.fail(at, CodeSelector, "want a selector such as $.eventName, found %s", p.here())
		if w := p.text[at:]; w != "" && notName(rune(w[0])) == false {
			p.suggest(at, at, "$.")
		}
	}
}

// step takes one step of a selector; ok is false at its end.
func (p *parser) step(start int) (detect.Step, bool) {
	switch {
	case p.take(".*"):
		return detect.Step{Kind: detect.StepFields}, true
	case p.take("[*]"):
		return detect.Step{Kind: detect.StepElements}, true
	case p.take("['"), p.take(".['"):
		i := strings.Index(p.text[p.pos:], "']")
		if i < 0 {
			p.fail(start, CodeSelector, "the ['…'] of the selector is never closed")
			return detect.Step{}, false
		}
		key := p.text[p.pos : p.pos+i]
		p.pos += i + 2
		return detect.Key(key), true
	case p.take("."):
		return p.name(start)
	case p.take("["):
		return p.index(start)
	}
	return detect.Step{}, false
}

func (p *parser) name(start int) (detect.Step, bool) {
	end := p.pos
	for end < len(p.text) && !notName(rune(p.text[end])) {
		end++
	}
	if end == p.pos {
		p.fail(start, CodeSelector, "the selector's dot is followed by %s; want a name of letters, digits, _ and -, or ['any text']", p.here())
		return detect.Step{}, false
	}
	key := p.text[p.pos:end]
	p.pos = end
	return detect.Key(key), true
}

func (p *parser) index(start int) (detect.Step, bool) {
	end := strings.IndexByte(p.text[p.pos:], ']')
	n, err := 0, error(nil)
	if end > 0 {
		n, err = strconv.Atoi(p.text[p.pos : p.pos+end])
	}
	if end <= 0 || err != nil || n < 0 || p.text[p.pos] == '+' {
		p.fail(start, CodeSelector, "the selector's brackets hold no index: want [0], [*] or ['any text']")
		return detect.Step{}, false
	}
	p.pos += end + 1
	return detect.Step{Kind: detect.StepIndex, Index: n}, true
}

// badName explains a character that a selector's name cannot have.
func (p *parser) badName(start int) {
	at, end := p.pos, p.pos
	for end < len(p.text) && !isBlank(rune(p.text[end])) && strings.IndexByte("=!<>)}&|.['", p.text[end]) < 0 {
		end++
	}
	dot := strings.LastIndexByte(p.text[start:at], '.')
	p.fail(at, CodeSelector, "%s in the selector: a name holds letters, digits, _ and -; write other keys as ['any text']", p.here())
	if dot >= 0 && end > at && !strings.Contains(p.text[start+dot:at], "[") {
		p.suggest(start+dot, end, "['"+p.text[start+dot+1:end]+"']")
	}
}

func (p *parser) countWildcards(start int, s selector) {
	n := 0
	for _, t := range s.steps {
		if t.Kind == detect.StepElements || t.Kind == detect.StepFields {
			n++
		}
	}
	if n > 1 {
		p.fail(start, CodeWildcards, "%d wildcards in one selector; CloudWatch Logs takes at most one", n)
	}
	if p.wilds += min(n, 1); p.wilds > maxWildSelectors {
		p.fail(start, CodeWildcards, "more than %d selectors with a wildcard in one pattern", maxWildSelectors)
	}
}

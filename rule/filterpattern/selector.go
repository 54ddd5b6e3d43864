package filterpattern

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/trailwarden/trailwarden/detect"
)

// maxWildSelectors is how many selectors of one pattern may hold a wildcard;
// one selector may hold one.
const maxWildSelectors = 3

// ParseSelector reads a selector that stands alone, such as a metric filter has
// for values and dimensions: the steps from the record on. One that ends nowhere
// is an error, and so is one with a wildcard, which selects several.
func ParseSelector(text string) ([]detect.Step, error) {
	if len(text) > MaxBytes {
		return nil, fmt.Errorf("the selector has %d bytes; at most %d are read", len(text), MaxBytes)
	}
	p := &parser{text: text}
	s := p.selector()
	switch {
	case p.failed():
		return nil, p.list.Err()
	case p.pos < len(text):
		return nil, fmt.Errorf("%s after the selector", p.here())
	case len(s.steps) == 0:
		return nil, errors.New("the selector names no field")
	case p.wilds > 0:
		return nil, errors.New("the selector has a wildcard; want one value")
	}
	return s.steps, nil
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
		if w := p.text[at:]; w != "" && !notName(rune(w[0])) {
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

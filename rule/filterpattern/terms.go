package filterpattern

import (
	"strings"
	"unicode/utf8"
)

// termMode is what a term asks for.
type termMode byte

const (
	required termMode = 0
	excluded termMode = '-'
	optional termMode = '?'
)

type term struct {
	mode termMode
	text string
}

// termList takes words and phrases separated by blanks.
func (p *parser) termList() []term {
	var out []term
	for {
		p.skipBlanks()
		if p.failed() || p.peek() == 0 {
			return out
		}
		t := term{}
		at := p.pos
		if c := p.peek(); c == '-' || c == '?' {
			t.mode = termMode(c)
			p.pos++
			p.skipBlanks() // the guide's older edition writes - "Exiting"
			if p.peek() == 0 {
				p.fail(at, CodeOperand, "%c stands before no term", c)
				return nil
			}
		}
		t.text = p.termText()
		out = append(out, t)
	}
}

func (p *parser) termText() string {
	if p.peek() == '"' {
		text, _ := p.quoted()
		return text
	}
	start := p.pos
	for p.pos < len(p.text) && !isBlank(rune(p.text[p.pos])) {
		p.pos++
	}
	word := p.text[start:p.pos]
	if strings.IndexFunc(word, notTerm) >= 0 {
		p.badTerm(start, word)
	}
	return word
}

func notTerm(r rune) bool { return !isWord(r) || r == utf8.RuneError }

func (p *parser) badTerm(start int, word string) {
	switch {
	case word[0] == '%':
		p.fail(start, CodeRegex, "a regex stands alone in a pattern, not among terms")
	case isTypographic(word):
		p.fail(start, CodeTerm, "typographic quotes (%.1s) are no quotes: use the straight double quote \"", word)
		p.suggest(0, len(p.text), typographic.Replace(p.text))
	default:
		p.fail(start, CodeTerm, "%.60q: a term with other characters than letters, digits and _ needs double quotes", word)
		p.suggest(start, start+len(word), quote(word))
	}
}

// effective are the terms that count: optional ones do not beside others.
func effective(terms []term) []term {
	var out []term
	for _, t := range terms {
		if t.mode != optional {
			out = append(out, t)
		}
	}
	if len(out) == 0 {
		return terms
	}
	return out
}

// matchTerms judges a message by terms.
func matchTerms(terms []term, message string) bool {
	found, wanted := false, false
	for _, t := range effective(terms) {
		in := strings.Contains(message, t.text)
		switch {
		case t.mode == optional:
			wanted, found = true, found || in
		case in != (t.mode == required):
			return false
		}
	}
	return found || !wanted
}

func printTerms(terms []term) string {
	out := make([]string, len(terms))
	for i, t := range terms {
		out[i] = t.text
		if t.text == "" || strings.IndexFunc(t.text, notTerm) >= 0 {
			out[i] = quote(t.text)
		}
		if t.mode != required {
			out[i] = string(t.mode) + out[i]
		}
	}
	return strings.Join(out, " ")
}

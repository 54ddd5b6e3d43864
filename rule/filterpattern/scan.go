package filterpattern

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/trailwarden/trailwarden/rule/diagnostic"
)

// parser walks over a pattern's bytes and stops at the first mistake.
type parser struct {
	text    string
	pos     int
	list    diagnostic.List // holds at most one error; the parse ends there
	regexes int
	wilds   int
}

// fail records a mistake at an offset, unless there is one already, and gives
// nil for the caller to return.
func (p *parser) fail(at int, code, format string, args ...any) expr {
	if len(p.list) == 0 {
		line, column := position(p.text, at)
		p.list = append(p.list, diagnostic.Diagnostic{Code: code, Line: line, Column: column, Message: fmt.Sprintf(format, args...)})
		p.pos = len(p.text)
	}
	return nil
}

func (p *parser) failed() bool { return len(p.list) > 0 }

// suggest adds the corrected text to the mistake: the pattern with the bytes
// from start to end replaced.
func (p *parser) suggest(start, end int, replacement string) {
	p.list[0].Fix = strings.TrimFunc(p.text[:start]+replacement+p.text[end:], isBlank)
}

// position is the 1-based line and column (bytes) of an offset.
func position(text string, at int) (line, column int) {
	at = min(at, len(text))
	before := text[:at]
	return strings.Count(before, "\n") + 1, at - strings.LastIndexByte(before, '\n')
}

func (p *parser) skipBlanks() {
	for p.pos < len(p.text) && isBlank(rune(p.text[p.pos])) {
		p.pos++
	}
}

// peek is the byte at the position, 0 at the end.
func (p *parser) peek() byte {
	if p.pos < len(p.text) {
		return p.text[p.pos]
	}
	return 0
}

func (p *parser) take(s string) bool {
	if strings.HasPrefix(p.text[p.pos:], s) {
		p.pos += len(s)
		return true
	}
	return false
}

// word is the run of letters at the position, not taken.
func (p *parser) word() string {
	end := p.pos
	for end < len(p.text) && (p.text[end]|0x20 >= 'a' && p.text[end]|0x20 <= 'z') {
		end++
	}
	return p.text[p.pos:end]
}

// here is the text at the position, cut short, for messages.
func (p *parser) here() string {
	s := p.text[p.pos:]
	if i := strings.IndexAny(s, " \t\r\n"); i > 0 {
		s = s[:i]
	}
	if len(s) > 40 {
		s = s[:40]
		for !utf8.ValidString(s) && len(s) > 36 {
			s = s[:len(s)-1]
		}
		s += "…"
	}
	if s == "" {
		return "the end"
	}
	return fmt.Sprintf("%q", s)
}

// typographic are the quotes that word processors put in place of " and '.
var typographic = strings.NewReplacer("“", `"`, "”", `"`, "„", `"`, "‟", `"`, "«", `"`, "»", `"`, "″", `"`, "‘", `"`, "’", `"`, "‚", `"`, "`", `"`, "´", `"`)

// isTypographic tells whether s starts with such a quote.
func isTypographic(s string) bool {
	_, n := utf8.DecodeRuneInString(s)
	return n > 0 && typographic.Replace(s[:n]) == `"` && s[0] != '"'
}

// quoted takes a text in double quotes. A backslash escapes a quote and itself.
func (p *parser) quoted() (string, bool) {
	start := p.pos
	var b strings.Builder
	for p.pos++; p.pos < len(p.text); p.pos++ {
		c := p.text[p.pos]
		switch {
		case c == '"':
			p.pos++
			return b.String(), true
		case c == '\\' && p.pos+1 < len(p.text) && (p.text[p.pos+1] == '"' || p.text[p.pos+1] == '\\'):
			p.pos++
			b.WriteByte(p.text[p.pos])
		default:
			b.WriteByte(c)
		}
	}
	p.fail(start, CodeUnbalanced, "the double quote that opens here is never closed")
	return "", false
}

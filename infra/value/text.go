package value

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// quote is the quotation mark at the place, "" when there is none.
func (p *reader) quote() string {
	for _, q := range []string{`"`, "\u201c", "\u201d", "\u201e", "\u201f", "\u00ab", "\u00bb", "\u2018", "\u2019", "\u201a", "'", "`"} {
		if strings.HasPrefix(p.text[p.at:], q) {
			return q
		}
	}
	return ""
}

// string reads a text in quotation marks. One that opens with a typographic
// mark ends at the next mark of any kind; one that opens with " ends at " or,
// when its line has none, at the first typographic mark.
func (p *reader) string() (string, *Error) {
	open := p.quote()
	switch open {
	case `"`:
	case "'", "`":
		p.problem(Single, open)
	default:
		p.problem(Quotes, open)
	}
	p.at += len(open)
	rest := p.text[p.at:]
	if open == `"` {
		if n := closing(rest); n >= 0 {
			s := rest[:n]
			p.at += n + 1
			return p.unescape(s), nil
		}
	}
	line, _, _ := strings.Cut(rest, "\n")
	for i, c := range line {
		if c == '"' && open != "'" && open != "`" || string(c) == open || open != "'" && open != "`" && typographic(c) {
			p.at += i
			if c != '"' && typographic(c) {
				p.problem(Quotes, string(c))
			}
			p.at += utf8.RuneLen(c)
			return p.unescape(line[:i]), nil
		}
	}
	if n := anyClosing(rest); open == `"` && n >= 0 {
		p.problem(Break, first(rest))
		s := rest[:n]
		p.line += strings.Count(s, "\n")
		p.start = p.at + strings.LastIndexByte(s, '\n') + 1
		p.at += n + 1
		return p.unescape(s), nil
	}
	return "", p.fail("text is not closed: %s", first(rest))
}

func typographic(c rune) bool { return strings.ContainsRune("\u201c\u201d\u201e\u201f\u00ab\u00bb", c) }

// closing is where the text ends on its own line, -1 when it does not.
func closing(s string) int {
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i
		case '\n':
			return -1
		}
	}
	return -1
}

func anyClosing(s string) int {
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return -1
}

// unescape is the text that a literal's inside stands for.
func (p *reader) unescape(s string) string {
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		i++
		switch c := s[i]; c {
		case 'n':
			b.WriteByte('\n')
		case 't':
			b.WriteByte('\t')
		case 'r':
			b.WriteByte('\r')
		case 'b':
			b.WriteByte('\b')
		case 'f':
			b.WriteByte('\f')
		case 'u':
			r, n := escaped(s[i+1:])
			b.WriteRune(r)
			i += n
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// escaped reads the digits behind \u, of a surrogate pair both.
func escaped(s string) (r rune, n int) {
	if len(s) < 4 {
		return utf8.RuneError, 0
	}
	hi, err := strconv.ParseUint(s[:4], 16, 16)
	if err != nil {
		return utf8.RuneError, 0
	}
	if hi < 0xd800 || hi > 0xdbff || len(s) < 10 || s[4] != '\\' || s[5] != 'u' {
		return rune(hi), 4
	}
	lo, err := strconv.ParseUint(s[6:10], 16, 16)
	if err != nil || lo < 0xdc00 || lo > 0xdfff {
		return utf8.RuneError, 4
	}
	return rune((hi-0xd800)<<10+(lo-0xdc00)) + 0x10000, 10
}

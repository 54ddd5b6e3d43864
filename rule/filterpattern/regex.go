package filterpattern

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/trailwarden/trailwarden/internal/re2"
)

// maxRegexes is how many regexes CloudWatch Logs takes in one pattern.
const maxRegexes = 2

// regexOperand takes %…% as a value.
func (p *parser) regexOperand(e ends) (operand, bool) {
	at := p.pos
	end := strings.IndexByte(p.text[at+1:], '%')
	if end < 0 {
		p.fail(at, CodeRegex, "the regex that opens here is never closed with %%")
		return operand{}, false
	}
	text := p.text[at+1 : at+1+end]
	re, err := compileRegex(text)
	if err != nil {
		p.fail(at, CodeRegex, "%s", err)
		return operand{}, false
	}
	if p.regexes++; p.regexes > maxRegexes {
		p.fail(at, CodeRegexCount, "more than %d regexes in one pattern, which CloudWatch Logs refuses", maxRegexes)
		return operand{}, false
	}
	p.pos = at + end + 2
	return operand{kind: regexOperand, text: text, re: re}, true
}

// alone takes a pattern that is one regex.
func (p *parser) alone() *regexp.Regexp {
	p.skipBlanks()
	text := strings.TrimFunc(p.text[p.pos+1:], isBlank)
	body, closed := strings.CutSuffix(text, "%")
	if !closed || strings.Contains(body, "%") {
		p.fail(p.pos, CodeRegex, "a pattern that starts with %% is one regex: it ends with %% and has no other")
		return nil
	}
	re, err := compileRegex(body)
	if err != nil {
		p.fail(p.pos, CodeRegex, "%s", err)
	}
	return re
}

// Characters that a regex may hold besides letters and digits, and the letters
// that may follow a backslash.
const (
	regexSymbols = ":_#=@/;,- ^$?[]{}|\\*+."
	regexClasses = "dDsSwW"
)

// compileRegex checks text against what CloudWatch Logs allows and translates
// it to RE2: {,n} is {0,n}, everything else is written the same.
func compileRegex(text string) (*regexp.Regexp, error) {
	if text == "" {
		return nil, fmt.Errorf("the regex between %% and %% is empty")
	}
	if err := checkRegex(text); err != nil {
		return nil, err
	}
	return re2.Compile(zeroBounds(text), false)
}

func checkRegex(text string) error {
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case c == '(' || c == ')':
			return fmt.Errorf("parentheses are not supported in a regex: write \\x28 and \\x29 for the characters, and alternatives without a group")
		case c >= 0x80:
			return fmt.Errorf("the regex has a character beyond ASCII at byte %d; none is supported", i+1)
		case c == '\\':
			n, err := checkEscape(text[i+1:])
			if err != nil {
				return err
			}
			i += n
		case isASCIIWord(c) || strings.IndexByte(regexSymbols, c) >= 0:
		default:
			return fmt.Errorf("character %q is not supported in a regex: write \\x%02x", c, c)
		}
	}
	return nil
}

// checkEscape is the length of what follows a backslash.
func checkEscape(rest string) (int, error) {
	switch {
	case rest == "":
		return 0, fmt.Errorf("the regex ends in a backslash that escapes nothing")
	case rest[0] == 'x':
		if len(rest) >= 3 && rest[1] <= '7' && isHex(rest[1]) && isHex(rest[2]) {
			return 3, nil
		}
		return 0, fmt.Errorf("\\x in a regex takes two hexadecimal digits of an ASCII character, 00 to 7f")
	case strings.IndexByte(regexClasses, rest[0]) >= 0, strings.IndexByte(regexSymbols, rest[0]) >= 0 && rest[0] != ' ':
		return 1, nil
	}
	return 0, fmt.Errorf("a backslash before %.1q is not supported in a regex: there are \\d \\D \\s \\S \\w \\W, \\xhh, and a backslash before an operator", rest)
}

func isASCIIWord(c byte) bool {
	return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z'
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'f'
}

// zeroBounds writes {,n} as {0,n}, which RE2 would take for characters, and
// drops backslashes that RE2 refuses (before letters' symbols such as _).
func zeroBounds(text string) string {
	var b strings.Builder
	class := false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\':
			b.WriteString(escape(text[i : i+2]))
			i++
		case class:
			class = c != ']'
			b.WriteByte(c)
		case c == '[':
			class = true
			b.WriteByte(c)
			for i+1 < len(text) && (text[i+1] == '^' && text[i] == '[' || text[i+1] == ']') {
				i++
				b.WriteByte(text[i])
			}
		case strings.HasPrefix(text[i:], "{,"):
			b.WriteString("{0")
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// escape is a two-byte escape in RE2's spelling: RE2 knows no \_.
func escape(two string) string {
	if two == `\_` {
		return "_"
	}
	return two
}

package athenasql

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/trailwarden/trailwarden/rule/diagnostic"
)

// tokenKind is a kind of token.
type tokenKind uint8

const (
	tokEnd    tokenKind = iota
	tokWord             // bare identifier or keyword
	tokQuoted           // "identifier" or `identifier`
	tokString           // 'text'
	tokBinary           // X'00'
	tokNumber           // 1, 1.5, 1e3
	tokSymbol           // operators and punctuation
	tokParam            // ? or :name
	tokHole             // <table>, ${table}, {{table}}: a place to fill in
)

// token is a word of the text. Its text has quotes and escapes resolved.
type token struct {
	kind tokenKind
	text string
	at   int // byte offset
	end  int
}

// is tells whether the token is the bare keyword word, which is upper-case.
func (t token) is(word string) bool { return t.kind == tokWord && strings.EqualFold(t.text, word) }

func (t token) sym(s string) bool { return t.kind == tokSymbol && t.text == s }

// syntaxError is an error at a place of the text.
type syntaxError struct {
	at            int
	code          string
	message, help string
}

func (e *syntaxError) Error() string { return e.message }

func errAt(at int, format string, args ...any) error {
	return &syntaxError{at: at, code: codeSyntax, message: fmt.Sprintf(format, args...)}
}

// symbols of more than one character, longest first.
var symbols = []string{"->", "<>", "!=", "<=", ">=", "||", "=>"}

// lex cuts the text into tokens, without comments.
func lex(text string) ([]token, error) {
	if len(text) > maxText {
		return nil, &syntaxError{at: 0, code: codeLimit, message: fmt.Sprintf("the query has %d bytes; Athena takes %d", len(text), maxText)}
	}
	if at := strings.IndexByte(text, 0); at >= 0 {
		return nil, errAt(at, "a NUL character")
	}
	l := &lexer{text: text}
	for {
		t, err := l.next()
		if err != nil {
			return nil, err
		}
		l.tokens = append(l.tokens, t)
		if t.kind == tokEnd {
			return l.tokens, nil
		}
	}
}

// maxText is the most bytes of a query string (Athena API, StartQueryExecution).
const maxText = 262_144

type lexer struct {
	text   string
	i      int
	tokens []token
}

func (l *lexer) next() (token, error) {
	if err := l.space(); err != nil {
		return token{}, err
	}
	at := l.i
	if at == len(l.text) {
		return token{tokEnd, "", at, at}, nil
	}
	c, size := utf8.DecodeRuneInString(l.text[at:])
	switch {
	case c == '\'':
		return l.quoted(tokString, '\'')
	case c == '"' || c == '`':
		return l.quoted(tokQuoted, byte(c))
	case (c == 'X' || c == 'x') && strings.HasPrefix(l.text[at+1:], "'"):
		l.i++
		t, err := l.quoted(tokBinary, '\'')
		t.at = at
		return t, err
	case (c == 'U' || c == 'u') && strings.HasPrefix(l.text[at+1:], "&'"):
		return l.unicodeText()
	case c >= '0' && c <= '9' || c == '.' && at+1 < len(l.text) && isDigit(l.text[at+1]):
		return l.number(), nil
	case c == '_' || c == '@' || c == '$' && !strings.HasPrefix(l.text[at:], "${") || unicode.IsLetter(c):
		return l.word(), nil
	}
	if t, ok := l.hole(); ok {
		return t, nil
	}
	return l.symbol(c, size)
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// space passes over white space and comments.
func (l *lexer) space() error {
	for l.i < len(l.text) {
		rest := l.text[l.i:]
		c, size := utf8.DecodeRuneInString(rest)
		switch {
		case unicode.IsSpace(c) || c == '\ufeff' || c == '\u200b':
			l.i += size
		case strings.HasPrefix(rest, "--"):
			n := strings.IndexByte(rest, '\n')
			if n < 0 {
				n = len(rest)
			}
			l.i += n
		case strings.HasPrefix(rest, "/*"):
			n := strings.Index(rest, "*/")
			if n < 0 {
				return errAt(l.i, "this comment does not end; want */")
			}
			l.i += n + 2
		default:
			return nil
		}
	}
	return nil
}

// unicodeText reads U&'J\00FCrgen' and what UESCAPE says behind it.
func (l *lexer) unicodeText() (token, error) {
	at := l.i
	l.i += 2
	t, err := l.quoted(tokString, '\'')
	if err != nil {
		return t, err
	}
	escape := "\\"
	if m := uescape(l.text[l.i:]); m != "" {
		escape = m[len(m)-2 : len(m)-1]
		l.i += len(m)
	}
	t.at, t.end = at, l.i
	t.text, err = unescape(t.text, escape, at)
	return t, err
}

// uescape is UESCAPE and its character, when they come next.
func uescape(rest string) string {
	trimmed := strings.TrimLeftFunc(rest, unicode.IsSpace)
	if len(trimmed) < 7 || !strings.EqualFold(trimmed[:7], "UESCAPE") {
		return ""
	}
	mark := strings.TrimLeftFunc(trimmed[7:], unicode.IsSpace)
	if len(mark) < 3 || mark[0] != '\'' || mark[2] != '\'' {
		return ""
	}
	return rest[:len(rest)-len(mark)+3]
}

// unescape puts characters in the place of their four or, after a plus sign, six
// hexadecimal digits.
func unescape(text, escape string, at int) (string, error) {
	var b strings.Builder
	for text != "" {
		before, rest, found := strings.Cut(text, escape)
		b.WriteString(before)
		switch digits := 4; {
		case !found:
			return b.String(), nil
		case strings.HasPrefix(rest, escape):
			b.WriteString(escape)
			text = rest[1:]
		default:
			if strings.HasPrefix(rest, "+") {
				digits, rest = 6, rest[1:]
			}
			if len(rest) < digits {
				return "", errAt(at, "want %d hexadecimal digits after %s", digits, escape)
			}
			n, err := strconv.ParseUint(rest[:digits], 16, 32)
			if err != nil || !utf8.ValidRune(rune(n)) {
				return "", errAt(at, "%s%s is no character", escape, rest[:digits])
			}
			b.WriteRune(rune(n))
			text = rest[digits:]
		}
	}
	return b.String(), nil
}

func (l *lexer) quoted(kind tokenKind, quote byte) (token, error) {
	at := l.i
	var b strings.Builder
	for i := at + 1; i < len(l.text); i++ {
		c := l.text[i]
		if c != quote {
			b.WriteByte(c)
			continue
		}
		if i+1 < len(l.text) && l.text[i+1] == quote {
			b.WriteByte(c)
			i++
			continue
		}
		l.i = i + 1
		if kind == tokQuoted && b.Len() == 0 {
			return token{}, errAt(at, "an empty name")
		}
		return token{kind, b.String(), at, l.i}, nil
	}
	return token{}, errAt(at, "the text that begins here does not end; want %c", quote)
}

func (l *lexer) number() token {
	at := l.i
	l.digits()
	if l.i < len(l.text) && l.text[l.i] == '.' {
		l.i++
		l.digits()
	}
	if i := l.i; i < len(l.text) && (l.text[i] == 'e' || l.text[i] == 'E') {
		i++
		if i < len(l.text) && (l.text[i] == '+' || l.text[i] == '-') {
			i++
		}
		if i < len(l.text) && isDigit(l.text[i]) {
			l.i = i
			l.digits()
			return token{tokNumber, l.text[at:l.i], at, l.i}
		}
	}
	// Athena takes names that begin with a digit when they are quoted only, but
	// event data stores and dates are often pasted as table names.
	if l.i < len(l.text) && (isWordByte(l.text[l.i])) && !isDigit(l.text[l.i]) {
		for l.i < len(l.text) && isWordByte(l.text[l.i]) {
			l.i++
		}
		return token{tokWord, l.text[at:l.i], at, l.i}
	}
	return token{tokNumber, l.text[at:l.i], at, l.i}
}

func isWordByte(c byte) bool {
	return c == '_' || isDigit(c) || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '$' || c == '@' || c >= utf8.RuneSelf
}

func (l *lexer) digits() {
	for l.i < len(l.text) && isDigit(l.text[l.i]) {
		l.i++
	}
}

func (l *lexer) word() token {
	at := l.i
	for l.i < len(l.text) {
		c, size := utf8.DecodeRuneInString(l.text[l.i:])
		if c != '_' && c != '$' && c != '@' && !unicode.IsLetter(c) && !unicode.IsDigit(c) {
			break
		}
		l.i += size
	}
	return token{tokWord, l.text[at:l.i], at, l.i}
}

// hole reads a place to fill in where a name can stand: published queries have
// them for the table.
func (l *lexer) hole() (token, bool) {
	if len(l.tokens) == 0 {
		return token{}, false
	}
	last := l.tokens[len(l.tokens)-1]
	if !last.is("FROM") && !last.is("JOIN") && !last.sym(".") {
		return token{}, false
	}
	for _, pair := range [][2]string{{"${", "}"}, {"{{", "}}"}, {"{", "}"}, {"<", ">"}, {"[", "]"}} {
		body, ok := strings.CutPrefix(l.text[l.i:], pair[0])
		if !ok {
			continue
		}
		if n := strings.Index(body, pair[1]); n > 0 && n < 100 && !strings.ContainsAny(body[:n], "\n'\"()") {
			t := token{tokHole, strings.TrimSpace(body[:n]), l.i, l.i + len(pair[0]) + n + len(pair[1])}
			l.i = t.end
			return t, true
		}
	}
	return token{}, false
}

func (l *lexer) symbol(c rune, size int) (token, error) {
	at := l.i
	for _, s := range symbols {
		if strings.HasPrefix(l.text[at:], s) {
			l.i += len(s)
			return token{tokSymbol, s, at, l.i}, nil
		}
	}
	if c == '?' {
		l.i++
		return token{tokParam, "?", at, l.i}, nil
	}
	if c == ':' && at+1 < len(l.text) && (isWordByte(l.text[at+1])) {
		l.i++
		t := l.word()
		return token{tokParam, t.text, at, l.i}, nil
	}
	if strings.ContainsRune("+-*/%=<>(),.;[]", c) || c == ':' && !strings.HasPrefix(l.text[at:], "::") {
		l.i += size
		return token{tokSymbol, string(c), at, l.i}, nil
	}
	if i := slices.IndexFunc(l.tokens, func(t token) bool { return t.is("MATCH_RECOGNIZE") }); i >= 0 {
		return token{}, noRowPatterns(l.tokens[i].at) // whose patterns have signs of their own
	}
	help := ""
	switch c {
	case '‘', '’', '“', '”':
		help = "typographic quotes: write ' around texts and \" around names"
	case ':':
		help = "Athena casts with CAST(x AS type)"
	}
	return token{}, &syntaxError{at: at, code: codeSyntax, message: fmt.Sprintf("unexpected %q", c), help: help}
}

// diagnose places an error in the text.
func diagnose(text string, err error) diagnostic.Diagnostic {
	var e *syntaxError
	if !errors.As(err, &e) {
		return diagnostic.Diagnostic{Code: codeSyntax, Message: err.Error()}
	}
	line, column := place(text, e.at)
	return diagnostic.Diagnostic{Code: e.code, Line: line, Column: column, Message: e.message, Fix: e.help}
}

func place(text string, at int) (line, column int) {
	before := text[:min(at, len(text))]
	return strings.Count(before, "\n") + 1, len(before) - strings.LastIndexByte(before, '\n')
}

package value

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

func itoa(i int) string { return strconv.Itoa(i) }

// Problem is something in a text that is not JSON and could be read past.
type Problem struct {
	Slug         string // what kind: "typographic-quotes" …
	Line, Column int
	Text         string // what stands there
}

// The problems that ReadJSON reads past.
const (
	Quotes   = "typographic-quotes"
	Space    = "no-break-space"
	Comma    = "comma"
	Single   = "single-quotes"
	Bare     = "bare-word"
	Break    = "line-break-in-text"
	Twice    = "key-twice"
	Trailing = "text-behind"
)

// maxProblems bounds what is said of one text.
const maxProblems = 100

// Error is why a text cannot be read.
type Error struct {
	Line, Column int
	Message      string
}

// Error is "line N, column M: message".
func (e *Error) Error() string {
	if e.Line == 0 {
		return e.Message
	}
	return fmt.Sprintf("line %d, column %d: %s", e.Line, e.Column, e.Message)
}

// Read is what ReadJSON found.
type Read struct {
	Value    *Value
	Problems []Problem
	// Bytes is how much of the text the value takes.
	Bytes int
}

// ParseJSON reads a text that is one JSON value.
func ParseJSON(text []byte) (Read, error) {
	r, err := ReadJSON(text, 1, 1)
	if err != nil {
		return r, err
	}
	rest := strings.TrimLeft(string(text[r.Bytes:]), " \t\r\n\u00a0\x00")
	if rest != "" {
		at := text[:len(text)-len(rest)]
		line, column := 1+strings.Count(string(at), "\n"), len(at)-strings.LastIndexByte(string(at), '\n')
		r.Problems = append(r.Problems, Problem{Trailing, line, column, first(rest)})
	}
	return r, nil
}

// first is the first line of a text, shortened.
func first(s string) string {
	s, _, _ = strings.Cut(s, "\n")
	if len(s) > 40 {
		s = strings.ToValidUTF8(s[:40], "") + "…"
	}
	return s
}

// ReadJSON reads the JSON value that text starts with, and past what publishing
// makes of JSON: typographic quotes, no-break spaces, commas too many or too
// few. Text begins at the given line and column of its file. The error is an
// *Error.
func ReadJSON(text []byte, line, column int) (Read, error) {
	if len(text) > MaxBytes {
		return Read{}, &Error{Message: fmt.Sprintf("%d bytes; at most %d are read", len(text), MaxBytes)}
	}
	return ReadText(string(text), line, column)
}

// ReadText is ReadJSON of a text of any length, of which the first MaxBytes are
// read.
func ReadText(text string, line, column int) (Read, error) {
	p := &reader{text: text[:min(len(text), MaxBytes)], line: line, start: 1 - column}
	p.text = strings.TrimPrefix(p.text, "\ufeff")
	cut := min(len(text), MaxBytes) - len(p.text)
	v, err := p.value(0)
	if err != nil {
		return Read{Problems: p.problems, Bytes: p.at + cut}, err
	}
	return Read{v, p.problems, p.at + cut}, nil
}

type reader struct {
	text     string
	at       int
	line     int
	start    int // offset of the line's first byte
	values   int
	problems []Problem
}

func (p *reader) column() int { return p.at - p.start + 1 }

func (p *reader) fail(format string, args ...any) *Error {
	return &Error{p.line, p.column(), fmt.Sprintf(format, args...)}
}

func (p *reader) problem(slug, text string) {
	if len(p.problems) < maxProblems {
		p.problems = append(p.problems, Problem{slug, p.line, p.column(), text})
	}
}

// space goes over white space, and what stands where only white space may.
func (p *reader) space() {
	for p.at < len(p.text) {
		switch c := p.text[p.at]; {
		case c == '\n':
			p.at++
			p.line, p.start = p.line+1, p.at
		case c == ' ' || c == '\t' || c == '\r':
			p.at++
		case strings.HasPrefix(p.text[p.at:], "\u00a0"):
			p.problem(Space, "U+00A0")
			p.at += 2
			for strings.HasPrefix(p.text[p.at:], "\u00a0") || p.at < len(p.text) && p.text[p.at] == ' ' {
				_, n := utf8.DecodeRuneInString(p.text[p.at:])
				p.at += n
			}
		case strings.HasPrefix(p.text[p.at:], "nbsp;") || strings.HasPrefix(p.text[p.at:], "&nbsp;"):
			p.problem(Space, "nbsp;")
			p.at += strings.IndexByte(p.text[p.at:], ';') + 1
		default:
			return
		}
	}
}

func (p *reader) value(depth int) (*Value, *Error) {
	p.space()
	if p.values++; p.values > MaxValues {
		return nil, p.fail("more than %d values", MaxValues)
	}
	if depth > MaxDepth {
		return nil, p.fail("nested deeper than %d levels", MaxDepth)
	}
	v := &Value{Line: p.line, Column: p.column()}
	switch {
	case p.at == len(p.text):
		return nil, p.fail("the text ends where a value is expected")
	case p.text[p.at] == '{':
		return v, p.object(v, depth)
	case p.text[p.at] == '[':
		return v, p.list(v, depth)
	case p.quote() != "":
		s, err := p.string()
		v.Kind, v.Text = Text, s
		return v, err
	}
	return v, p.word(v)
}

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

func (p *reader) object(v *Value, depth int) *Error {
	v.Kind = Map
	return p.items('}', func() *Error {
		k := Key{Line: p.line, Column: p.column()}
		if p.quote() == "" {
			w, err := p.bare()
			if err != nil {
				return p.fail("a key in quotes is expected, not %q", first(p.text[p.at:]))
			}
			k.Name = w
		} else {
			s, err := p.string()
			if err != nil {
				return err
			}
			k.Name = s
		}
		p.space()
		if p.at == len(p.text) || p.text[p.at] != ':' {
			return p.fail("a colon is expected behind the key %q", first(k.Name))
		}
		p.at++
		x, err := p.value(depth + 1)
		if err != nil {
			return err
		}
		v.Keys, v.Items = append(v.Keys, k), append(v.Items, x)
		return nil
	}, func() { p.twice(v) })
}

// twice reports keys that are given more than once.
func (p *reader) twice(v *Value) {
	seen := make(map[string]bool, len(v.Keys))
	for _, k := range v.Keys {
		if seen[k.Name] && len(p.problems) < maxProblems {
			p.problems = append(p.problems, Problem{Twice, k.Line, k.Column, k.Name})
		}
		seen[k.Name] = true
	}
}

func (p *reader) list(v *Value, depth int) *Error {
	v.Kind = List
	return p.items(']', func() *Error {
		x, err := p.value(depth + 1)
		if err == nil {
			v.Items = append(v.Items, x)
		}
		return err
	}, func() {})
}

// items reads what stands between brackets, up to the closing one.
func (p *reader) items(end byte, item func() *Error, done func()) *Error {
	p.at++
	for n := 0; ; n++ {
		p.space()
		switch {
		case p.at == len(p.text):
			return p.fail("%q is missing at the end", end)
		case p.text[p.at] == end:
			p.at++
			done()
			return nil
		case p.text[p.at] == ',':
			p.problem(Comma, "a comma too many")
			p.at++
			continue
		}
		if err := item(); err != nil {
			return err
		}
		p.space()
		switch {
		case p.at == len(p.text) || p.text[p.at] == end:
		case p.text[p.at] == ',':
			p.at++
			p.space()
			if p.at < len(p.text) && p.text[p.at] == end {
				p.problem(Comma, "a comma too many")
			}
		case p.quote() != "" || p.text[p.at] == '{':
			p.problem(Comma, "a comma is missing")
		default:
			return p.fail("a comma or %q is expected, not %q", end, first(p.text[p.at:]))
		}
	}
}

// word reads a literal, or a bare word that stands where a value should.
func (p *reader) word(v *Value) *Error {
	w, err := p.bare()
	if err != nil {
		return err
	}
	switch {
	case w == "true" || w == "false":
		v.Kind, v.Text = Bool, w
	case w == "null":
		v.Kind = Null
	case number(w):
		v.Kind, v.Text = Number, w
	default:
		v.Kind, v.Refs = Unknown, []string{w}
	}
	return nil
}

// bare reads a word without quotes; one that is no literal is a problem.
func (p *reader) bare() (string, *Error) {
	rest := p.text[p.at:]
	n := strings.IndexAny(rest, ",:[]{}\n\"' \t\r")
	if n < 0 {
		n = len(rest)
	}
	w := rest[:n]
	if n == 0 || len(w) > 200 {
		return "", p.fail("a value is expected, not %q", first(rest))
	}
	if w != "true" && w != "false" && w != "null" && !number(w) {
		p.problem(Bare, first(w))
	}
	p.at += n
	return w, nil
}

func number(w string) bool {
	if c := w[0]; c != '-' && (c < '0' || c > '9') {
		return false
	}
	_, err := strconv.ParseFloat(w, 64)
	return err == nil
}

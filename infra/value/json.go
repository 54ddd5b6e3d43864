package value

import (
	"encoding/json"
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
	if n == 0 || len(w) > 200 && !number(w) {
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
	return json.Valid([]byte(w)) // however large: its text is kept
}

package eventbridge

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/detect"
	"github.com/trailwarden/trailwarden/internal/jsonscan"
	"github.com/trailwarden/trailwarden/internal/jsontext"
)

// maxDepth bounds nesting, in levels; it is the limit of PutEvents.
const maxDepth = 1000

// value is one JSON value of a pattern as it was written: duplicate keys, order
// and number literals are kept.
type value struct {
	kind     cloudtrail.Kind
	text     string // a string's characters, or the literal
	pos, end int    // byte offsets in the text
	keys     []key  // objects, parallel to vals
	vals     []*value
}

type key struct {
	name string
	pos  int
}

// reader reads RFC 8259 JSON, nothing looser.
type reader struct {
	text  string
	pos   int
	depth int
}

// readJSON reads text, which must hold exactly one value.
func readJSON(text string) (*value, *fault) {
	r := &reader{text: text}
	v, err := r.value()
	if err != nil {
		return nil, err
	}
	if r.space(); r.pos < len(text) {
		return nil, r.fail("%s after the pattern's end; a pattern is one JSON object", r.here())
	}
	return v, nil
}

func (r *reader) fail(format string, args ...any) *fault {
	return &fault{code: "EB001", pos: r.pos, msg: "not valid JSON: " + fmt.Sprintf(format, args...)}
}

// here names what stands at the current position.
func (r *reader) here() string {
	if r.pos >= len(r.text) {
		return "the text ends"
	}
	c, n := utf8.DecodeRuneInString(r.text[r.pos:])
	if c == utf8.RuneError && n == 1 {
		return fmt.Sprintf("byte 0x%02x", r.text[r.pos])
	}
	if strings.ContainsRune("\u201c\u201d\u201e\u201f\u2018\u2019\u00ab\u00bb", c) {
		return fmt.Sprintf("a typographic quote (%c, write \" instead)", c)
	}
	return fmt.Sprintf("%q", c)
}

func (r *reader) space() {
	for r.pos < len(r.text) && strings.IndexByte(" \t\r\n", r.text[r.pos]) >= 0 {
		r.pos++
	}
}

// next skips white space and returns the byte there, 0 at the end.
func (r *reader) next() byte {
	r.space()
	if r.pos < len(r.text) {
		return r.text[r.pos]
	}
	return 0
}

func (r *reader) value() (v *value, err *fault) {
	c := r.next()
	v = &value{pos: r.pos}
	switch {
	case c == '{' || c == '[':
		if r.depth++; r.depth > maxDepth {
			return nil, r.fail("nested deeper than %d levels", maxDepth)
		}
		if c == '{' {
			err = r.object(v)
		} else {
			err = r.array(v)
		}
		r.depth--
	case c == '"':
		v.kind = cloudtrail.String
		v.text, err = r.str()
	case c == '-' || '0' <= c && c <= '9':
		v.kind = cloudtrail.Number
		v.text, err = r.number()
	default:
		err = r.literal(v)
	}
	v.end = r.pos
	return v, err
}

func (r *reader) object(v *value) *fault {
	v.kind = cloudtrail.Object
	r.pos++
	if r.next() == '}' {
		r.pos++
		return nil
	}
	for {
		if r.next() != '"' {
			return r.fail("%s where a key in double quotes is expected", r.here())
		}
		k := key{pos: r.pos}
		var err *fault
		if k.name, err = r.str(); err != nil {
			return err
		}
		if r.next() != ':' {
			return r.fail("%s after the key %q where a colon is expected", r.here(), cut(k.name))
		}
		r.pos++
		x, err := r.value()
		if err != nil {
			return err
		}
		v.keys, v.vals = append(v.keys, k), append(v.vals, x)
		if done, err := r.separator('}'); done || err != nil {
			return err
		}
	}
}

func (r *reader) array(v *value) *fault {
	v.kind = cloudtrail.Array
	r.pos++
	if r.next() == ']' {
		r.pos++
		return nil
	}
	for {
		x, err := r.value()
		if err != nil {
			return err
		}
		v.vals = append(v.vals, x)
		if done, err := r.separator(']'); done || err != nil {
			return err
		}
	}
}

// separator reads a comma, or the closing bracket, which ends the container.
func (r *reader) separator(closing byte) (done bool, err *fault) {
	switch r.next() {
	case closing:
		r.pos++
		return true, nil
	case ',':
		comma := r.pos
		if r.pos++; r.next() == closing {
			r.pos = comma
			return false, r.fail("a comma before %q: JSON has none behind the last value", closing)
		}
		return false, nil
	}
	return false, r.fail("%s where a comma or %q is expected", r.here(), closing)
}

func (r *reader) literal(v *value) *fault {
	for _, l := range []struct {
		text string
		kind cloudtrail.Kind
	}{{"true", cloudtrail.Bool}, {"false", cloudtrail.Bool}, {"null", cloudtrail.Null}} {
		if strings.HasPrefix(r.text[r.pos:], l.text) {
			v.kind, v.text = l.kind, l.text
			r.pos += len(l.text)
			return nil
		}
	}
	return r.fail("%s where a value is expected", r.here())
}

// str reads a string; the characters of lone surrogates become U+FFFD, as they
// do in records.
func (r *reader) str() (string, *fault) {
	start := r.pos
	for r.pos++; r.pos < len(r.text); r.pos++ {
		switch c := r.text[r.pos]; {
		case c == '"':
			raw := r.text[start+1 : r.pos]
			r.pos++
			if !utf8.ValidString(raw) {
				r.pos = start
				return "", r.fail("a string that is not UTF-8")
			}
			if strings.IndexByte(raw, '\\') < 0 {
				return raw, nil
			}
			return string(jsonscan.Unescape(nil, []byte(raw))), nil
		case c == '\\':
			if err := r.escape(); err != nil {
				return "", err
			}
		case c < ' ':
			return "", r.fail("control character 0x%02x inside a string; write it as an escape", c)
		}
	}
	r.pos = start
	return "", r.fail("a string that does not end")
}

// escape checks the escape at the current position and stops at its last byte.
func (r *reader) escape() *fault {
	rest := r.text[r.pos+1:]
	if rest == "" {
		return nil // the string does not end
	}
	if rest[0] != 'u' {
		if strings.IndexByte(`"\/bfnrt`, rest[0]) < 0 {
			return r.fail("a backslash before %.1q, which is no escape; a backslash itself is written \\\\", rest)
		}
		r.pos++
		return nil
	}
	if len(rest) < 5 || strings.Trim(rest[1:5], "0123456789abcdefABCDEF") != "" {
		return r.fail("a \\u escape without four hexadecimal digits")
	}
	r.pos += 5
	return nil
}

func (r *reader) number() (string, *fault) {
	start := r.pos
	for r.pos < len(r.text) && strings.IndexByte("+-.0123456789eE", r.text[r.pos]) >= 0 {
		r.pos++
	}
	lit := r.text[start:r.pos]
	if _, ok := detect.ParseDecimal(lit); !ok {
		r.pos = start
		return "", r.fail("the number %s", cut(lit))
	}
	return lit, nil
}

// place turns a byte offset into a 1-based line and column, both in bytes.
func place(text string, pos int) (line, column int) {
	before := text[:min(pos, len(text))]
	return strings.Count(before, "\n") + 1, len(before) - strings.LastIndexByte(before, '\n')
}

// quote is s as JSON. What Go writes is easier to read and is JSON too, but for
// control characters and the like.
func quote(s string) string {
	q := strconv.Quote(s)
	if !json.Valid([]byte(q)) {
		q = string(jsontext.String(nil, s))
	}
	return q
}

// cut shortens text that goes into a message.
func cut(s string) string {
	const most = 60
	if len(s) <= most {
		return s
	}
	end := most
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + "…"
}

package cloudtrail

import "strings"

// maxStructDepth bounds the nesting of a struct written as text.
const maxStructDepth = 16

// structText is the JSON of a struct or array as Athena prints it in CSV:
// {name=value, name={...}}, [value, value]. The form has no quoting, so a value
// that holds ", name=" is ambiguous; a piece without "=" belongs to the value
// before it. Text that does not fit is kept as a string.
func structText(column, s string) []byte {
	p := structParser{column: column, s: s}
	out, ok := p.value(0)
	if !ok || p.i != len(s) {
		return appendJSONString(nil, s)
	}
	return out
}

type structParser struct {
	column string
	s      string
	i      int
}

func (p *structParser) value(depth int) ([]byte, bool) {
	if depth > maxStructDepth || p.i >= len(p.s) {
		return nil, false
	}
	switch p.s[p.i] {
	case '{':
		return p.members(depth)
	case '[':
		return p.elements(depth)
	}
	start := p.i
	for p.i < len(p.s) && !p.endsValue() {
		p.i++
	}
	text := p.s[start:p.i]
	if text == "null" {
		return []byte(text), true
	}
	return appendJSONString(nil, text), true
}

// endsValue tells whether a plain value ends here: before a closing bracket, or
// before ", " when a new member or element begins there.
func (p *structParser) endsValue() bool {
	switch p.s[p.i] {
	case '}', ']':
		return true
	case ',':
		rest, ok := strings.CutPrefix(p.s[p.i:], ", ")
		if !ok {
			return false
		}
		n := strings.IndexAny(rest, "=,}] ")
		return n > 0 && rest[n] == '=' || strings.HasPrefix(rest, "{")
	}
	return false
}

func (p *structParser) members(depth int) ([]byte, bool) {
	out := []byte{'{'}
	for p.i++; ; p.i += 2 {
		if p.i < len(p.s) && p.s[p.i] == '}' {
			p.i++
			return append(out, '}'), true
		}
		n := strings.IndexAny(p.s[p.i:], "={}[]")
		if n <= 0 || p.s[p.i+n] != '=' {
			return nil, false
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = appendJSONString(out, memberName(p.column, p.s[p.i:p.i+n]))
		p.i += n + 1
		v, ok := p.value(depth + 1)
		if !ok {
			return nil, false
		}
		out = append(append(out, ':'), v...)
		if !strings.HasPrefix(p.s[p.i:], ", ") {
			p.i -= 2 // the closing bracket is next
		}
	}
}

func (p *structParser) elements(depth int) ([]byte, bool) {
	out := []byte{'['}
	for p.i++; ; p.i += 2 {
		if p.i < len(p.s) && p.s[p.i] == ']' {
			p.i++
			return append(out, ']'), true
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		v, ok := p.value(depth + 1)
		if !ok {
			return nil, false
		}
		out = append(out, v...)
		if !strings.HasPrefix(p.s[p.i:], ", ") {
			p.i -= 2
		}
	}
}

package yamldoc

import "strings"

// flow reads the value in one line: {…}, […], a quoted or a plain scalar.
type flow struct {
	s      *simple
	text   string // the line without indentation
	at     int
	line   int
	column int // of text's first byte, from 0
}

// whole reads the value that the rest of the line is.
func (f *flow) whole(depth int) *Node {
	switch f.text[f.at] {
	case '{', '[', '\'', '"':
		n := f.value(depth)
		if f.at != len(f.text) {
			return f.s.fail()
		}
		return n
	}
	text := f.text[f.at:]
	if !plainStart(text) && !negative(text) || strings.Contains(text, ": ") || strings.HasSuffix(text, ":") || strings.Contains(text, " #") {
		return f.s.fail()
	}
	return f.s.scalar(text, f.line, f.column+f.at)
}

func negative(text string) bool {
	return len(text) > 1 && text[0] == '-' && text[1] >= '0' && text[1] <= '9'
}

// value reads one value inside a line.
func (f *flow) value(depth int) *Node {
	if depth > MaxDepth-2 || f.at >= len(f.text) || f.s.bad {
		return f.s.fail()
	}
	switch f.text[f.at] {
	case '{':
		return f.mapping(depth)
	case '[':
		return f.list(depth)
	case '\'', '"':
		return f.quoted()
	}
	return f.plain(",]}")
}

func (f *flow) blanks() {
	for f.at < len(f.text) && f.text[f.at] == ' ' {
		f.at++
	}
}

func (f *flow) list(depth int) *Node {
	n := f.s.node(List, f.line, f.column+f.at)
	f.at++
	for first := true; !f.s.bad; first = false {
		f.blanks()
		if f.take(']') {
			return n
		}
		if !first {
			if !f.take(',') {
				return f.s.fail()
			}
			f.blanks()
		}
		n.Values = append(n.Values, f.value(depth+1))
	}
	return n
}

func (f *flow) take(c byte) bool {
	if f.at < len(f.text) && f.text[f.at] == c {
		f.at++
		return true
	}
	return false
}

func (f *flow) mapping(depth int) *Node {
	n := f.s.node(Map, f.line, f.column+f.at)
	f.at++
	for first := true; !f.s.bad; first = false {
		f.blanks()
		if f.take('}') {
			return n
		}
		if !first {
			if !f.take(',') {
				return f.s.fail()
			}
			f.blanks()
		}
		f.member(n, depth)
	}
	return n
}

func (f *flow) member(n *Node, depth int) {
	if f.at >= len(f.text) || len(n.Keys) == maxSimpleKeys {
		f.s.bad = true
		return
	}
	switch f.text[f.at] {
	case '{', '[':
		f.s.bad = true
		return
	case '\'', '"':
		n.Keys = append(n.Keys, f.quoted())
	default:
		n.Keys = append(n.Keys, f.plain(":"))
	}
	k := n.Keys[len(n.Keys)-1].Text
	if f.s.bad || k == "<<" || k == "" || len(k) > 128 || !f.take(':') || f.at >= len(f.text) || f.text[f.at] != ' ' || duplicate(n) {
		f.s.bad = true
		return
	}
	f.blanks()
	n.Values = append(n.Values, f.value(depth+1))
}

func duplicate(n *Node) bool {
	last := n.Keys[len(n.Keys)-1].Text
	for _, k := range n.Keys[:len(n.Keys)-1] {
		if k.Text == last {
			return true
		}
	}
	return false
}

// plain reads a plain scalar up to one of the bytes in end. Bytes that the
// library may read in another way fail.
func (f *flow) plain(end string) *Node {
	start := f.at
	for f.at < len(f.text) && strings.IndexByte(end, f.text[f.at]) < 0 {
		if strings.IndexByte("{}[],\"'#:&*!|>%@`?", f.text[f.at]) >= 0 {
			return f.s.fail()
		}
		f.at++
	}
	text := strings.TrimRight(f.text[start:f.at], " ")
	if !plainStart(text) && !negative(text) || len(text) != f.at-start && end == ":" {
		return f.s.fail()
	}
	return f.s.scalar(text, f.line, f.column+start)
}

// quoted reads a quoted scalar without escapes.
func (f *flow) quoted() *Node {
	quote, start := f.text[f.at], f.at
	i := strings.IndexByte(f.text[start+1:], quote)
	if i < 0 {
		return f.s.fail()
	}
	body := f.text[start+1 : start+1+i]
	f.at = start + i + 2
	if quote == '"' && strings.IndexByte(body, '\\') >= 0 || f.at < len(f.text) && f.text[f.at] == quote {
		return f.s.fail()
	}
	n := f.s.node(String, f.line, f.column+start)
	n.Text = body
	return n
}

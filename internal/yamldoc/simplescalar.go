package yamldoc

import (
	"strings"

	"go.yaml.in/yaml/v3"
)

// inline reads the value that begins on the rest of the line, of an entry or
// item at indent, and moves to the line behind it.
func (s *simple) inline(indent, depth int) *Node {
	var n *Node
	switch s.text[s.at] {
	case '{', '[':
		n = s.flow(depth)
	case '\'', '"':
		n = s.quoted()
	case '|', '>':
		return s.blockText(indent)
	default:
		return s.plain(indent)
	}
	if s.bad || !s.comment(s.at) {
		return s.fail()
	}
	s.advance()
	return n
}

// plain reads a plain scalar, which goes on over all lines that stand deeper
// than indent.
func (s *simple) plain(indent int) *Node {
	rest := s.text[s.at:s.end]
	if !plainStart(rest) && !negative(rest) {
		return s.fail()
	}
	at, text := s.at, s.plainLine()
	if text == "" {
		return s.fail()
	}
	n := s.scalar(text, at)
	commented := at+len(text) < s.end
	s.advance()
	if s.bad || s.eof || s.indent <= indent {
		return n
	}
	if commented {
		return s.fail()
	}
	return s.goOn(n, indent)
}

// goOn reads the further lines of a plain scalar.
func (s *simple) goOn(n *Node, indent int) *Node {
	text := []byte(n.Text)
	for !s.bad && !s.eof && s.indent > indent {
		more := s.plainLine()
		if s.comments || more == "" || s.at+len(more) < s.end {
			return s.fail()
		}
		if s.blanks == 0 {
			text = append(text, ' ')
		}
		for range s.blanks {
			text = append(text, '\n')
		}
		text = append(text, more...)
		s.advance()
	}
	n.Text = string(text)
	n.Kind = resolve(n.Text)
	return n
}

// plainLine is the rest of the line up to a comment; "" when it is no part of a
// plain scalar.
func (s *simple) plainLine() string {
	text := s.text[s.at:s.end]
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == ':' && (i+1 == len(text) || text[i+1] == ' '):
			return ""
		case text[i] == '#' && (i == 0 || text[i-1] == ' '):
			return strings.TrimRight(text[:i], " ")
		}
	}
	return text
}

// negative tells whether text begins with a hyphen that is part of it: that of a
// number or of a flag.
func negative(text string) bool {
	if len(text) < 2 || text[0] != '-' {
		return false
	}
	c := text[1]
	return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z'
}

// scalar is a plain scalar, of the kind that the library resolves it to.
func (s *simple) scalar(text string, at int) *Node {
	n := s.node(String, at)
	n.Text, n.Plain, n.Kind = text, true, resolve(text)
	return n
}

// longestWord is the length of false, the longest word that is no string.
const longestWord = len("false")

// resolve is the kind that the library gives a plain scalar.
func resolve(text string) Kind {
	if c := text[0] | 0x20; c >= 'a' && c <= 'z' {
		if len(text) > longestWord || strings.IndexByte("tfn", c) < 0 {
			return String
		}
	}
	return scalarKind(&yaml.Node{Kind: yaml.ScalarNode, Value: text})
}

// quoted reads a quoted scalar on one line.
func (s *simple) quoted() *Node {
	end := closing(s.text[:s.end], s.at)
	if end < 0 {
		return s.fail()
	}
	n := s.node(String, s.at)
	body := s.text[s.at+1 : end]
	switch {
	case s.text[s.at] == '\'':
		n.Text = strings.ReplaceAll(body, "''", "'")
	case strings.IndexByte(body, '\\') >= 0:
		var ok bool
		if n.Text, ok = unescaped(body); !ok {
			return s.fail()
		}
	default:
		n.Text = body
	}
	s.at = end + 1
	return n
}

// closing is the offset of the quote that ends the scalar at offset at, or -1.
func closing(text string, at int) int {
	quote := text[at]
	for i := at + 1; i < len(text); i++ {
		switch {
		case quote == '"' && text[i] == '\\':
			i++
		case text[i] == quote && quote == '\'' && i+1 < len(text) && text[i+1] == quote:
			i++
		case text[i] == quote:
			return i
		}
	}
	return -1
}

// unescaped is text between double quotes as it is meant; ok is false with
// rare escapes.
func unescaped(text string) (_ string, ok bool) {
	var b strings.Builder
	b.Grow(len(text))
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c == '\\' {
			i++
			at := strings.IndexByte(`\"ntr`, text[i])
			if at < 0 {
				return "", false
			}
			c = "\\\"\n\t\r"[at]
		}
		b.WriteByte(c)
	}
	return b.String(), true
}

// blockText reads the text below | or >, of an entry or item at indent.
func (s *simple) blockText(indent int) *Node {
	n := s.node(String, s.at)
	n.Block = true
	header := s.text[s.at:s.end]
	b := blockText{folded: header[0] == '>', parent: indent}
	switch {
	case len(header) == 1:
	case header == "|-" || header == ">-":
		b.strip = true
	case header == "|+" || header == ">+":
		b.keep = true
	default:
		return s.fail()
	}
	if !b.read(s) {
		return s.fail()
	}
	n.Text = b.end()
	s.advance()
	return n
}

// blockText gathers the lines of a text.
type blockText struct {
	folded, strip, keep bool

	parent int // indentation that the text stands deeper than
	indent int // of the text, once the first line is known
	dst    []byte
	ended  bool // the last line ended with a break, which is not in dst yet
	breaks int  // empty lines behind it
	blank  bool // the last line began with a blank
}

// read takes the lines of the text; false when it is not simple.
func (b *blockText) read(s *simple) bool {
	deepest := 0 // of the empty lines before the first
	for s.next < len(s.text) {
		was := *s
		if !s.line() {
			return false
		}
		switch {
		case b.indent == 0 && s.at == s.end: // empty, as it may be in a text yet to come
			deepest = max(deepest, s.indent)
			b.breaks++
			continue
		case b.indent == 0:
			if b.indent = s.indent; b.indent <= b.parent || b.indent < deepest || b.indent == 0 {
				return false
			}
		case s.at == s.end && s.at-s.start <= b.indent: // spaces that are no text
			if s.next > s.end { // it ends with a break
				b.breaks++
			}
			continue
		case s.indent < b.indent && s.at < s.end:
			*s = was
			return true
		}
		b.add(s)
	}
	return b.indent > 0
}

// add takes a line of text.
func (b *blockText) add(s *simple) {
	end, broken := s.next, false
	if s.text[end-1] == '\n' {
		end, broken = end-1, true
	}
	line := s.text[s.start+b.indent : end]
	blank := line[0] == ' '
	switch {
	case b.ended && b.folded && !b.blank && !blank:
		if b.breaks == 0 {
			b.dst = append(b.dst, ' ')
		}
	case b.ended:
		b.dst = append(b.dst, '\n')
	}
	b.dst = append(b.newLines(), line...)
	b.breaks, b.blank, b.ended = 0, blank, broken
}

func (b *blockText) newLines() []byte {
	for range b.breaks {
		b.dst = append(b.dst, '\n')
	}
	return b.dst
}

// end is the whole text, its tail as the indicator says.
func (b *blockText) end() string {
	if b.ended && !b.strip {
		b.dst = append(b.dst, '\n')
	}
	if b.keep {
		b.dst = b.newLines()
	}
	return string(b.dst)
}

package yamldoc

import (
	"strings"
	"unicode/utf8"
)

// The fast reader takes the YAML that people write rules in: block mappings and
// lists, plain and quoted scalars, text after | and >, lists and mappings in
// brackets, comments, one document. It is many times as fast as the YAML
// library, which matters for tens of thousands of rules. Whatever else it meets
// (anchors, tags, tabs, null lists, keys after ?, errors of any kind) it leaves
// to the library. Where it takes a text, its nodes are those that the library
// gives; tests hold the two equal.

// parseSimple reads text, whose first line is number first. ok is false when
// the library is to decide.
func (r *Reader) parseSimple(text string, first int) (docs []*Node, ok bool) {
	r.stack = r.stack[:0]
	s := simple{text: text, number: first - 1, room: r}
	if !s.begin() {
		return nil, false
	}
	if s.eof {
		return nil, !s.bad // nothing but comments is no document
	}
	if s.text[s.at] == '{' || s.text[s.at] == '[' {
		return nil, false
	}
	n := s.block(s.indent, 0)
	if s.bad || !s.eof {
		return nil, false
	}
	return []*Node{n}, true
}

// maxSimpleKeys bounds the keys of a simple mapping, which are compared one by
// one; a larger mapping is the library's.
const maxSimpleKeys = 100

// simple reads a text line by line.
type simple struct {
	text  string
	next  int // offset of the line after the current one
	room  *Reader
	nodes int
	bad   bool // the library is to decide
	eof   bool

	// The current line, which holds something.
	number int
	start  int  // offset of its first byte
	at     int  // offset of what is still to be read of it
	end    int  // offset behind its last byte that is no blank
	indent int  // column of at, from 0; the hyphen of an item counts as indentation below it
	wide   bool // it holds characters of several bytes
	// columns is the number of characters before offset counted of a wide line.
	counted, columns int

	blanks   int  // empty lines between it and the line before
	comments bool // there are comments between the two
}

// begin moves to the first line that holds something, past the marker that a
// document may begin with.
func (s *simple) begin() bool {
	if strings.HasPrefix(s.text, "---") {
		if !s.line() || s.end > s.start+3 && !s.comment(s.start+3) {
			return false
		}
		s.advance()
		return !s.bad && !s.eof // the library has its own idea of an empty document
	}
	s.advance()
	return !s.bad
}

// advance moves to the next line that holds something.
func (s *simple) advance() {
	s.blanks, s.comments = 0, false
	for s.line() {
		switch {
		case s.at == s.end:
			s.blanks++
		case s.text[s.at] == '#':
			s.comments = true
		default:
			if s.indent == 0 && strings.IndexByte("-.%", s.text[s.at]) >= 0 && !isItem(s.text[s.at:s.end]) {
				s.bad = true // a marker or directive
			}
			return
		}
	}
}

// line moves to the next line, whatever it holds; false at the end, and where a
// byte tells that the text is not simple.
func (s *simple) line() bool {
	if s.bad || s.next >= len(s.text) {
		s.eof = true
		return false
	}
	s.number++
	s.start, s.end, s.next = s.next, len(s.text), len(s.text)
	if i := strings.IndexByte(s.text[s.start:], '\n'); i >= 0 {
		s.end, s.next = s.start+i, s.start+i+1
	}
	if s.wide = false; !s.plainBytes(s.start) {
		s.bad, s.eof = true, true
		return false
	}
	s.at = s.start
	for s.at < s.end && s.text[s.at] == ' ' {
		s.at++
	}
	for s.end > s.at && s.text[s.end-1] == ' ' {
		s.end--
	}
	s.indent = s.at - s.start
	s.counted, s.columns = s.start, 0
	return true
}

// plainBytes tells whether the line holds, from offset i on, nothing but
// printable characters, of which none breaks a line.
func (s *simple) plainBytes(i int) bool {
	for ; s.end-i >= 8 && printable(s.text[i:i+8]); i += 8 {
	}
	for ; i < s.end; i++ {
		c := s.text[i]
		if c >= ' ' && c <= '~' {
			continue
		}
		if c < utf8.RuneSelf {
			return false
		}
		r, n := utf8.DecodeRuneInString(s.text[i:s.end])
		switch {
		case r == utf8.RuneError, r < 0xA0, r == 0x2028, r == 0x2029, r == 0xFEFF, r >= 0xFFFE && r <= 0xFFFF:
			return false
		}
		s.wide = true
		i += n - 1
	}
	return true
}

// printable tells of eight bytes at once whether they are printable ASCII: the
// top bit of a byte gets set in w beyond ASCII, in the second term for DEL, and
// stays clear in the third below a space.
func printable(s string) bool {
	const every = 0x0101010101010101
	_ = s[7]
	w := uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
	return (w|(w+every)|^(w+(0x80-' ')*every))&(0x80*every) == 0
}

// column is the column of an offset in the current line, from 0. Offsets are
// asked about in order, so that a long line is counted once.
func (s *simple) column(at int) int {
	if !s.wide {
		return at - s.start
	}
	if at < s.counted {
		s.counted, s.columns = s.start, 0
	}
	s.columns += utf8.RuneCountInString(s.text[s.counted:at])
	s.counted = at
	return s.columns
}

// comment tells whether the line holds nothing but blanks and a comment from an
// offset on.
func (s *simple) comment(at int) bool {
	from := at
	for at < s.end && s.text[at] == ' ' {
		at++
	}
	return at >= s.end || at > from && s.text[at] == '#'
}

func (s *simple) fail() *Node {
	s.bad = true
	return &Node{}
}

// node is a new node at an offset in the current line.
func (s *simple) node(kind Kind, at int) *Node {
	if s.nodes++; s.nodes >= MaxNodes {
		s.bad = true
	}
	n := s.room.node()
	n.Kind, n.Line, n.Column = kind, s.number, s.column(at)+1
	return n
}

// block reads the mapping or list whose entries stand at indent.
func (s *simple) block(indent, depth int) *Node {
	if depth > MaxDepth-2 {
		return s.fail()
	}
	if isItem(s.text[s.at:s.end]) {
		return s.list(indent, depth)
	}
	n := s.node(Map, s.at)
	from := s.room.mark()
	for !s.bad && !s.eof && s.indent == indent {
		if isItem(s.text[s.at:s.end]) {
			return s.fail()
		}
		s.entry(from, indent, depth)
	}
	if s.bad || !s.eof && s.indent > indent {
		return s.fail()
	}
	n.Keys, n.Values = s.room.pairs(from)
	return n
}

func isItem(text string) bool {
	return text != "" && text[0] == '-' && (len(text) == 1 || text[1] == ' ')
}

// entry reads one key and its value.
func (s *simple) entry(from, indent, depth int) {
	key := s.key()
	if s.bad || !s.room.fresh(from, key) {
		s.bad = true
		return
	}
	column := s.column(s.at)
	for s.at < s.end && s.text[s.at] == ' ' {
		s.at++
	}
	var value *Node
	if s.at < s.end && s.text[s.at] != '#' {
		value = s.inline(indent, depth+1)
	} else {
		value = s.below(s.number, column, indent, depth)
	}
	s.room.push(key, value)
}

// below reads the value on the lines below its key, whose colon stands before
// column on line number; it is null when there is none.
func (s *simple) below(number, column, indent, depth int) *Node {
	s.advance()
	item := !s.eof && isItem(s.text[s.at:s.end])
	switch {
	case s.bad:
		return s.fail()
	case s.eof, s.indent < indent, s.indent == indent && !item:
		n := s.node(Null, s.start)
		n.Plain, n.Line, n.Column = true, number, column+1
		return n
	case item || s.keyEnd() >= 0 || s.quotedKey():
		return s.block(s.indent, depth+1)
	}
	return s.inline(indent, depth+1)
}

// maxSimpleKey bounds the bytes of a key.
const maxSimpleKey = 128

// key reads the key that the rest of the line begins with, and its colon.
func (s *simple) key() *Node {
	var key *Node
	if c := s.text[s.at]; c == '"' || c == '\'' {
		key = s.quoted()
	} else if end := s.keyEnd(); end > 0 {
		key = s.scalar(s.text[s.at:end], s.at)
		s.at = end
	} else {
		return s.fail()
	}
	if s.bad || s.at >= s.end || s.text[s.at] != ':' || s.at+1 < s.end && s.text[s.at+1] != ' ' {
		return s.fail()
	}
	s.at++
	if key.Text == "<<" || len(key.Text) > maxSimpleKey {
		return s.fail()
	}
	return key
}

// keyEnd is the offset of the colon behind the plain key that the rest of the
// line begins with, or -1.
func (s *simple) keyEnd() int {
	text := s.text[s.at:min(s.end, s.at+maxSimpleKey+1)]
	if !plainStart(text) {
		return -1
	}
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '#' || text[i] == ' ' && i+1 < len(text) && text[i+1] == ':':
			return -1
		case text[i] == ':' && (s.at+i+1 == s.end || s.text[s.at+i+1] == ' '):
			return s.at + i
		}
	}
	return -1
}

// quotedKey tells whether the line begins with a quoted key.
func (s *simple) quotedKey() bool {
	c := s.text[s.at]
	if c != '"' && c != '\'' {
		return false
	}
	i := closing(s.text[:s.end], s.at)
	return i > 0 && i+1 < s.end && s.text[i+1] == ':'
}

// plainStart tells whether a plain scalar may start so, leaving out what is rare.
func plainStart(text string) bool {
	return text != "" && strings.IndexByte("-?:,[]{}#&*!|>'\"%@`=~<", text[0]) < 0
}

// list reads the items whose hyphens stand at indent.
func (s *simple) list(indent, depth int) *Node {
	n := s.node(List, s.at)
	from := s.room.mark()
	for !s.bad && !s.eof && s.indent == indent && isItem(s.text[s.at:s.end]) {
		s.room.push(s.item(indent, depth))
	}
	if s.bad || !s.eof && s.indent > indent {
		return s.fail()
	}
	n.Values = s.room.items(from)
	return n
}

func (s *simple) item(indent, depth int) *Node {
	for s.at++; s.at < s.end && s.text[s.at] == ' '; {
		s.at++
	}
	if s.at >= s.end || s.text[s.at] == '#' || isItem(s.text[s.at:s.end]) {
		return s.fail()
	}
	if s.keyEnd() < 0 && !s.quotedKey() {
		return s.inline(indent, depth+1)
	}
	s.indent = s.column(s.at)
	return s.block(s.indent, depth+1)
}

package yamldoc

import (
	"strings"

	"go.yaml.in/yaml/v3"
)

// parseSimple reads the plain YAML that most rules are written in: block
// mappings and lists with values on one line, in ASCII, without anchors, tags,
// block text, escapes and comments behind values. It is several times as fast
// as the YAML library, which matters for tens of thousands of rules. ok is
// false for everything else, errors included: the library then decides. Where it
// is true, the node is the one that the library gives; tests hold the two equal.
func parseSimple(text []byte) (n *Node, ok bool) {
	s := simple{}
	if !s.split(string(text)) || len(s.lines) == 0 {
		return nil, false
	}
	n = s.block(s.lines[0].indent, 0)
	return n, !s.bad && s.at == len(s.lines) && s.nodes < MaxNodes
}

// maxSimpleKeys bounds the keys of a simple mapping, which are compared one by
// one; a larger mapping is the library's.
const maxSimpleKeys = 100

// simple reads from lines that hold something.
type simple struct {
	lines []simpleLine
	at    int
	nodes int
	bad   bool
}

type simpleLine struct {
	text   string // without indentation
	indent int    // in columns; the hyphen of an item counts as indentation below it
	number int
}

// split cuts text into lines; false when a byte tells that it is not simple.
func (s *simple) split(text string) bool {
	for number := 1; text != ""; number++ {
		line, rest, _ := strings.Cut(text, "\n")
		text = rest
		for i := 0; i < len(line); i++ {
			if line[i] < ' ' || line[i] > '~' {
				return false
			}
		}
		body := strings.TrimLeft(line, " ")
		indent := len(line) - len(body)
		body = strings.TrimRight(body, " ")
		switch {
		case body == "" || body[0] == '#' || body == "---" && indent == 0 && len(s.lines) == 0:
			if body == "---" && number > 1 {
				return false // comment or blanks before the marker: leave that to the library
			}
			continue
		case indent == 0 && (strings.HasPrefix(body, "---") || strings.HasPrefix(body, "...") || body[0] == '%'):
			return false
		}
		s.lines = append(s.lines, simpleLine{body, indent, number})
	}
	return true
}

func (s *simple) fail() *Node {
	s.bad = true
	return &Node{}
}

func (s *simple) node(kind Kind, line, column int) *Node {
	s.nodes++
	return &Node{Kind: kind, Line: line, Column: column + 1}
}

// block reads the mapping or list whose entries stand at indent.
func (s *simple) block(indent, depth int) *Node {
	if depth > MaxDepth-2 {
		return s.fail()
	}
	l := s.lines[s.at]
	if isItem(l.text) {
		return s.list(indent, depth)
	}
	n := s.node(Map, l.number, indent)
	for !s.bad && s.at < len(s.lines) && s.lines[s.at].indent == indent {
		if isItem(s.lines[s.at].text) {
			return s.fail()
		}
		s.entry(n, indent, depth)
	}
	if s.at < len(s.lines) && s.lines[s.at].indent > indent {
		return s.fail()
	}
	return n
}

func isItem(text string) bool { return text == "-" || strings.HasPrefix(text, "- ") }

// entry reads one key and its value.
func (s *simple) entry(n *Node, indent, depth int) {
	l := s.lines[s.at]
	key, rest, ok := simpleKey(l.text)
	if !ok || len(n.Keys) == maxSimpleKeys || n.Get(key) != nil || key == "<<" {
		s.bad = true
		return
	}
	n.Keys = append(n.Keys, s.scalar(key, l.number, indent))
	value := strings.TrimLeft(rest, " ")
	if value != "" {
		f := flow{s: s, text: l.text, at: len(l.text) - len(value), line: l.number, column: l.indent}
		n.Values = append(n.Values, f.whole(depth+1))
		s.at++
		return
	}
	s.at++
	if s.at == len(s.lines) {
		s.bad = true
		return
	}
	below := s.lines[s.at]
	if below.indent < indent || below.indent == indent && !isItem(below.text) {
		s.bad = true // a key without a value
		return
	}
	n.Values = append(n.Values, s.block(below.indent, depth+1))
}

// simpleKey is the key at the start of a line, which ends at the first colon.
func simpleKey(text string) (key, rest string, ok bool) {
	i := strings.IndexByte(text, ':')
	if i <= 0 || i > 128 || i+1 < len(text) && text[i+1] != ' ' {
		i = strings.Index(text, ": ")
		if i < 0 && strings.HasSuffix(text, ":") {
			i = len(text) - 1
		}
		if i <= 0 || i > 128 {
			return "", "", false
		}
	}
	key = text[:i]
	return key, text[i+1:], plainStart(key) && !strings.ContainsAny(key, "#,[]{}\"'") && strings.TrimRight(key, " ") == key
}

// plainStart tells whether a plain scalar may start so, leaving out what is rare.
func plainStart(text string) bool {
	return text != "" && strings.IndexByte("-?:,[]{}#&*!|>'\"%@`=~<", text[0]) < 0
}

// list reads the items whose hyphens stand at indent.
func (s *simple) list(indent, depth int) *Node {
	n := s.node(List, s.lines[s.at].number, indent)
	for !s.bad && s.at < len(s.lines) && s.lines[s.at].indent == indent && isItem(s.lines[s.at].text) {
		l := &s.lines[s.at]
		body := strings.TrimLeft(l.text[1:], " ")
		if body == "" || isItem(body) {
			return s.fail()
		}
		inner := l.indent + len(l.text) - len(body)
		if _, _, isEntry := simpleKey(body); isEntry {
			l.text, l.indent = body, inner
			n.Values = append(n.Values, s.block(inner, depth+1))
			continue
		}
		f := flow{s: s, text: l.text, at: len(l.text) - len(body), line: l.number, column: l.indent}
		n.Values = append(n.Values, f.whole(depth+1))
		s.at++
	}
	if s.at < len(s.lines) && s.lines[s.at].indent > indent {
		return s.fail()
	}
	return n
}

// scalar is a plain scalar, of the kind that the library resolves it to.
func (s *simple) scalar(text string, line, column int) *Node {
	n := s.node(String, line, column)
	n.Text, n.Plain = text, true
	if c := text[0] | 0x20; c >= 'a' && c <= 'z' && !strings.ContainsAny(text[:1], "tTfFnN.yYoO") {
		return n // no word of another kind starts so
	}
	n.Kind = scalarKind(&yaml.Node{Kind: yaml.ScalarNode, Value: text})
	return n
}

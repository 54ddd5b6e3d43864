package yamldoc

import (
	"bytes"
	"errors"
	"strings"
)

// Items reads the items of a document that is one block list, or a mapping whose
// only key, named key, holds one, each by itself: a fault in one leaves the
// others, and the document may be of any size. ok is false for every other
// document. It is meant for documents that cannot be read whole.
func Items(doc Document, key string) (items []Document, ok bool) {
	s := itemSplitter{key: key, line: doc.Line, indent: -1}
	for line := range bytes.Lines(doc.Text) {
		if !s.add(line) {
			return nil, false
		}
		s.line++
	}
	if s.indent < 0 || len(s.items) > MaxDocuments {
		return nil, false
	}
	for i := range s.items {
		s.items[i].read()
	}
	return s.items, true
}

type itemSplitter struct {
	key    string
	line   int // of the whole text
	indent int // of the items' hyphens, -1 before the first
	inKey  bool
	items  []Document
}

// add takes the next line; false when the document is no such list.
func (s *itemSplitter) add(line []byte) bool {
	text := string(bytes.TrimRight(line, " \t\r\n"))
	body := strings.TrimLeft(text, " ")
	indent := len(text) - len(body)
	item := body == "-" || strings.HasPrefix(body, "- ")
	switch {
	case s.indent < 0 && (body == "" || body[0] == '#' || body == "---"):
		return true
	case s.indent < 0 && !s.inKey && text == s.key+":":
		s.inKey = true
		return true
	case s.indent < 0 && item && (s.inKey || indent == 0):
		s.indent = indent
	case s.indent < 0:
		return false
	}
	if item && indent == s.indent {
		s.items = append(s.items, Document{Line: s.line})
		line = bytes.Clone(line)
		line[indent] = ' ' // the hyphen, so that the item stands alone
	} else if body != "" && body[0] != '#' && indent <= s.indent {
		return false // something follows the list
	}
	last := &s.items[len(s.items)-1]
	last.Text = append(last.Text, line...)
	return true
}

// read parses the document's text.
func (d *Document) read() {
	nodes, err := Parse(d.Text)
	switch {
	case err != nil:
		d.Err, _ = errors.AsType[*Error](err)
		d.Err.Line = max(1, d.Err.Line) + d.Line - 1
	case len(nodes) == 0:
		d.Node = &Node{Line: d.Line, Column: 1}
	default:
		nodes[0].moveDown(d.Line - 1)
		d.Node = nodes[0]
	}
}

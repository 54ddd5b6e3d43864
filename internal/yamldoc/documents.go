package yamldoc

import (
	"bytes"
	"errors"
	"fmt"
	"unsafe"
)

// Document is one document of a YAML text.
type Document struct {
	Node *Node  // nil when Err is set; its lines are those of the whole text
	Err  *Error // why this document cannot be read
	Line int    // the line of the whole text that it starts on
	Text []byte // its part of the whole text
}

// Documents reads each document by itself, so that a fault in one leaves the
// others. Documents without content are left out.
func Documents(text []byte) []Document { return new(Reader).Documents(bytes.Clone(text)) }

// Documents reads as the function of the same name does; the nodes are gone
// when r reads the next text. Texts of nodes are parts of text, which must not
// change any more.
func (r *Reader) Documents(text []byte) []Document {
	r.reset()
	all := split(text)
	if len(all) > MaxDocuments {
		line := all[MaxDocuments].Line
		return []Document{{Line: line, Err: &Error{line, fmt.Sprintf("more than %d documents in one file", MaxDocuments)}}}
	}
	docs := make([]Document, 0, len(all))
	whole, at := unsafe.String(unsafe.SliceData(text), len(text)), 0
	for _, d := range all {
		nodes, err := r.parse(d.Text, whole[at:at+len(d.Text)], d.Line)
		at += len(d.Text)
		if err != nil {
			d.Err, _ = errors.AsType[*Error](err)
			d.Err.Line = max(1, d.Err.Line) + d.Line - 1
			docs = append(docs, d)
			continue
		}
		for _, n := range nodes {
			if n.Kind != Null {
				d.Node = n
				docs = append(docs, d)
			}
		}
	}
	return docs
}

// split cuts before lines that begin with a document marker; YAML allows such a
// line nowhere else, block text included.
func split(text []byte) []Document {
	docs := []Document{{Line: 1}}
	start, line := 0, 0
	for at := 0; at < len(text); {
		line++
		end := len(text)
		if i := bytes.IndexByte(text[at:], '\n'); i >= 0 {
			end = at + i + 1
		}
		if at > start && marks(text[at:end]) {
			docs[len(docs)-1].Text = text[start:at]
			docs = append(docs, Document{Line: line})
			start = at
		}
		at = end
	}
	docs[len(docs)-1].Text = text[start:]
	return docs
}

func marks(line []byte) bool {
	line = bytes.TrimRight(line, "\r\n")
	return bytes.HasPrefix(line, []byte("---")) && (len(line) == 3 || line[3] == ' ' || line[3] == '\t')
}

func (n *Node) moveDown(lines int) {
	if lines == 0 {
		return
	}
	n.Line += lines
	for _, k := range n.Keys {
		k.moveDown(lines)
	}
	for _, v := range n.Values {
		v.moveDown(lines)
	}
}

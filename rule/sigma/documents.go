package sigma

import (
	"bytes"
	"errors"
	"slices"

	"github.com/trailwarden/trailwarden/internal/yamldoc"
)

// maxDocuments bounds the documents of one text.
const maxDocuments = 10_000

// readDocuments parses each document by itself, so that one that is no YAML
// does not take the others with it, and applies collection actions.
func readDocuments(text []byte, rep *reporter) []*yamldoc.Node {
	if len(text) > yamldoc.MaxBytes {
		rep.errorf("SG001", nil, "the text has %d bytes; at most %d are read; split the file", len(text), yamldoc.MaxBytes)
		return nil
	}
	var docs []*yamldoc.Node
	for i, c := range splitDocuments(text) {
		if i == maxDocuments {
			rep.errorf("SG001", &yamldoc.Node{Line: c.line}, "more than %d documents in one text; split the file", maxDocuments)
			break
		}
		nodes, err := yamldoc.Parse(c.text)
		if err != nil {
			rep.errorf("SG001", c.errorPlace(err), "%s", yamlMessage(err))
			continue
		}
		for _, n := range nodes {
			moveDown(n, c.line-1)
			if n.Kind != yamldoc.Null {
				docs = append(docs, n)
			}
		}
	}
	if len(docs) == 0 && len(rep.list) == 0 {
		rep.errorf("SG001", nil, "the text holds no YAML document; expected a mapping with title, logsource and detection")
	}
	return applyActions(docs, rep)
}

// chunk is the text of one document; line is where it starts, 1-based.
type chunk struct {
	text []byte
	line int
}

func (c chunk) errorPlace(err error) *yamldoc.Node {
	var e *yamldoc.Error
	if errors.As(err, &e) && e.Line > 0 {
		return &yamldoc.Node{Line: c.line - 1 + e.Line}
	}
	return &yamldoc.Node{Line: c.line}
}

func yamlMessage(err error) string {
	var e *yamldoc.Error
	if errors.As(err, &e) {
		return e.Message
	}
	return err.Error()
}

// splitDocuments cuts at lines that begin with a document marker. YAML allows
// such a line nowhere else, not even inside block text.
func splitDocuments(text []byte) []chunk {
	var chunks []chunk
	start, startLine, empty := 0, 1, true
	flush := func(end int) {
		if !empty {
			chunks = append(chunks, chunk{text[start:end], startLine})
		}
	}
	line := 0
	for at := 0; at < len(text); {
		next := len(text)
		if i := bytes.IndexByte(text[at:], '\n'); i >= 0 {
			next = at + i + 1
		}
		line++
		l := bytes.TrimRight(text[at:next], "\r\n")
		switch {
		case isMarker(l, "---"):
			flush(at)
			start, startLine, empty = at, line, true
			empty = isBlank(l[3:])
		case isMarker(l, "..."):
			flush(at)
			start, startLine, empty = next, line+1, true
		case empty && !isBlank(l) && l[0] != '%':
			empty = false
		}
		at = next
	}
	flush(len(text))
	return chunks
}

func isMarker(line []byte, marker string) bool {
	return bytes.HasPrefix(line, []byte(marker)) && (len(line) == 3 || line[3] == ' ' || line[3] == '\t')
}

// isBlank tells whether a line carries nothing: white space or a comment.
func isBlank(line []byte) bool {
	line = bytes.TrimSpace(line)
	return len(line) == 0 || line[0] == '#'
}

// moveDown shifts a document's lines to where it stands in the whole text.
func moveDown(n *yamldoc.Node, by int) {
	n.Line += by
	for i, v := range n.Values {
		if n.Kind == yamldoc.Map {
			moveDown(n.Keys[i], by)
		}
		moveDown(v, by)
	}
}

// applyActions resolves the collection actions of old rule files, as pySigma
// does: "global" is laid over every later detection rule until "reset"; "repeat"
// lays its document over the detection rule before it.
func applyActions(docs []*yamldoc.Node, rep *reporter) []*yamldoc.Node {
	var out []*yamldoc.Node
	var global, previous *yamldoc.Node
	for _, doc := range docs {
		action := doc.Get("action")
		switch {
		case doc.Kind != yamldoc.Map || action == nil:
			if isDetectionRule(doc) {
				doc = overlay(doc, global)
				previous = doc
			}
			out = append(out, doc)
		case action.Text == "global":
			global = without(doc, "action")
			previous = global
		case action.Text == "reset":
			global = nil
		case action.Text == "repeat" && previous != nil:
			previous = overlay(previous, without(doc, "action"))
			previous.Line = doc.Line
			out = append(out, previous)
		default:
			rep.errorf("SG001", action, "collection action %s; want global, reset, or repeat after another rule", quote(action.Text))
		}
	}
	return out
}

func isDetectionRule(doc *yamldoc.Node) bool {
	return doc.Kind == yamldoc.Map && doc.Get("correlation") == nil && doc.Get("filter") == nil
}

func without(doc *yamldoc.Node, key string) *yamldoc.Node {
	out := &yamldoc.Node{Kind: yamldoc.Map, Line: doc.Line, Column: doc.Column}
	for i, k := range doc.Keys {
		if k.Text != key {
			out.Keys, out.Values = append(out.Keys, k), append(out.Values, doc.Values[i])
		}
	}
	return out
}

// overlay is base with over's keys laid on it, mappings merged key by key.
func overlay(base, over *yamldoc.Node) *yamldoc.Node {
	if over == nil {
		return base
	}
	out := &yamldoc.Node{Kind: yamldoc.Map, Line: base.Line, Column: base.Column}
	out.Keys, out.Values = slices.Clone(base.Keys), slices.Clone(base.Values)
	for i, k := range over.Keys {
		lay(out, k, over.Values[i])
	}
	return out
}

func lay(out, key, value *yamldoc.Node) {
	for i, k := range out.Keys {
		if k.Text != key.Text {
			continue
		}
		if value.Kind == yamldoc.Map && out.Values[i].Kind == yamldoc.Map {
			value = overlay(out.Values[i], value)
		}
		out.Values[i] = value
		return
	}
	out.Keys, out.Values = append(out.Keys, key), append(out.Values, value)
}

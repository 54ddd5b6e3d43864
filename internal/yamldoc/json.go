package yamldoc

import "encoding/json"

func appendString(dst []byte, s string) []byte {
	if plainJSON(s) {
		return append(append(append(dst, '"'), s...), '"')
	}
	b, err := json.Marshal(s)
	if err != nil { // a string always marshals
		return append(dst, '"', '"')
	}
	return append(dst, b...)
}

// plainJSON tells whether package json writes s as it is, between quotes.
func plainJSON(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case c < ' ', c > '~', c == '"', c == '\\', c == '<', c == '>', c == '&':
			return false
		}
	}
	return true
}

// jsonNumber tells whether s is a number literal in JSON's grammar.
func jsonNumber(s string) bool {
	var n json.Number
	return json.Unmarshal([]byte(s), &n) == nil && s != "" && s[0] != '"' && s != "null"
}

// AppendJSONAtLines appends the node as AppendJSON does, with line breaks before
// keys and items so that each stands on the line it has in the YAML file, when
// the text appended is taken to start on line first. A parser of JSON then
// reports lines that the author of the YAML can go to.
func (n *Node) AppendJSONAtLines(dst []byte, first int) []byte {
	w := lineWriter{dst, first}
	w.node(n)
	return w.dst
}

type lineWriter struct {
	dst  []byte
	line int
}

func (w *lineWriter) reach(line int) {
	for ; w.line < line; w.line++ {
		w.dst = append(w.dst, '\n')
	}
}

func (w *lineWriter) node(n *Node) {
	w.reach(n.Line)
	switch n.Kind {
	case Map:
		w.dst = append(w.dst, '{')
		for i, k := range n.Keys {
			if i > 0 {
				w.dst = append(w.dst, ',')
			}
			w.reach(k.Line)
			w.dst = append(appendString(w.dst, k.Text), ':', ' ')
			w.node(n.Values[i])
		}
		w.dst = append(w.dst, '}')
	case List:
		w.dst = append(w.dst, '[')
		for i, v := range n.Values {
			if i > 0 {
				w.dst = append(w.dst, ',')
			}
			w.node(v)
		}
		w.dst = append(w.dst, ']')
	default:
		w.dst = n.AppendJSON(w.dst)
	}
}

package value

import "strings"

// Decode is the value that a text holds as JSON, with the places in the file
// where the text stands; any other value itself. ok is false when it is a text
// that is no JSON. A text with unknown parts is read with them: those that
// stand within quotes stay parts of texts.
func (v *Value) Decode() (r Read, ok bool) {
	if v == nil || v.Kind != Text {
		return Read{Value: v}, v != nil
	}
	trimmed := strings.TrimLeft(v.Text, " \t\r\n")
	if !strings.HasPrefix(trimmed, "{") && !strings.HasPrefix(trimmed, "[") {
		return Read{}, false
	}
	r, err := ReadJSON([]byte(v.Text), v.Line, max(1, v.Column))
	if err != nil {
		return r, false
	}
	r.Value.Walk(func(_ string, x *Value) {
		x.Refs = append(x.Refs, refsIn(x.Text, v.Refs)...)
		v.pin(&x.Line, &x.Column)
		for i := range x.Keys {
			v.pin(&x.Keys[i].Line, &x.Keys[i].Column)
		}
	})
	for i := range r.Problems {
		v.pin(&r.Problems[i].Line, &r.Problems[i].Column)
	}
	return r, true
}

// pin puts a place inside a text to where it stands in the file.
func (v *Value) pin(line, column *int) {
	if !v.Lines {
		*line, *column = v.Line, v.Column
		return
	}
	if *line > v.Line {
		*column += v.Indent
	}
}

// refsIn are those of refs that text has as ${ref}.
func refsIn(text string, refs []string) []string {
	if !strings.Contains(text, "${") {
		return nil
	}
	var in []string
	for _, r := range refs {
		if strings.Contains(text, "${"+r+"}") {
			in = append(in, r)
		}
	}
	return in
}

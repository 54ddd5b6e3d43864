package cloudformation

import (
	"strconv"
	"strings"

	"github.com/trailwarden/trailwarden/deploy/plan"
)

// writer writes YAML. It quotes every text, so that none is taken for a number,
// a date or a truth value.
type writer struct{ b strings.Builder }

func (w *writer) line(depth int, text string) {
	w.b.WriteString(strings.Repeat("  ", depth))
	w.b.WriteString(text)
	w.b.WriteByte('\n')
}

func (w *writer) comment(depth int, text string) {
	if text != "" {
		w.line(depth, "# "+strings.ReplaceAll(text, "\n", " "))
	}
}

// value writes a value behind head, which is a key with its colon or the dash of
// a list.
func (w *writer) value(depth int, head string, v plan.Value) {
	switch v := v.(type) {
	case *plan.Policy:
		w.policy(depth, head, v)
	case plan.Map:
		if head == "EventPattern:" {
			w.line(depth, head+" "+flow(v))
			return
		}
		w.fields(depth, head, v)
	case plan.List:
		if len(v) == 0 {
			w.line(depth, head+" []")
			return
		}
		w.line(depth, head)
		for _, x := range v {
			w.value(depth+1, "-", x)
		}
	default:
		w.line(depth, head+" "+scalar(v))
	}
}

// flow is a value on one line, as JSON, which YAML takes as it is: the form in
// which people know event patterns.
func flow(v plan.Value) string {
	var parts []string
	switch v := v.(type) {
	case plan.Map:
		for _, e := range v {
			parts = append(parts, quoted(e.Key)+": "+flow(e.Value))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case plan.List:
		for _, x := range v {
			parts = append(parts, flow(x))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	}
	return scalar(v)
}

func (w *writer) fields(depth int, head string, m plan.Map) {
	if len(m) == 0 {
		w.line(depth, head+" {}")
		return
	}
	if head != "-" {
		w.line(depth, head)
		depth++
	}
	for i, e := range m {
		name := key(e.Key) + ":"
		if head != "-" {
			w.value(depth, name, e.Value)
			continue
		}
		// The first key of a list's map stands behind the dash.
		before := w.b.Len()
		w.value(depth+1, name, e.Value)
		if i == 0 {
			text := w.b.String()
			w.b.Reset()
			w.b.WriteString(text[:before] + strings.Repeat("  ", depth) + "- " + text[before+2*(depth+1):])
		}
	}
}

// policy writes a document with the reason of each statement above it.
func (w *writer) policy(depth int, head string, p *plan.Policy) {
	if head == "Statement:" { // a bus takes one statement without a document around it
		w.fields(depth, head, p.Statements[0].Document())
		return
	}
	w.line(depth, head)
	w.line(depth+1, `Version: "2012-10-17"`)
	w.line(depth+1, "Statement:")
	for _, s := range p.Statements {
		w.comment(depth+2, s.Why)
		w.value(depth+2, "-", s.Document())
	}
}

// scalar is a value that takes no lines of its own.
func scalar(v plan.Value) string {
	switch v := v.(type) {
	case plan.Text:
		return quoted(string(v))
	case plan.Bool:
		return strconv.FormatBool(bool(v))
	case plan.Int:
		return strconv.FormatInt(int64(v), 10)
	case plan.Ref:
		return "!Ref " + v.ID
	case plan.Param:
		return "!Ref " + v.Name
	case plan.Pseudo:
		return "!Ref AWS::" + string(v)
	case plan.Attr:
		return "!GetAtt " + v.ID + "." + v.Name
	case plan.Join:
		return join(v)
	}
	return "null"
}

// join is a text with what is filled in: !Sub, or a plain text when nothing is.
func join(parts plan.Join) string {
	var plain, sub strings.Builder
	filled := false
	for _, p := range flat(parts) {
		switch p := p.(type) {
		case plan.Text:
			plain.WriteString(string(p))
			sub.WriteString(strings.ReplaceAll(string(p), "${", "${!"))
		case plan.Ref:
			filled = true
			sub.WriteString("${" + p.ID + "}")
		case plan.Param:
			filled = true
			sub.WriteString("${" + p.Name + "}")
		case plan.Pseudo:
			filled = true
			sub.WriteString("${AWS::" + string(p) + "}")
		case plan.Attr:
			filled = true
			sub.WriteString("${" + p.ID + "." + p.Name + "}")
		}
	}
	if !filled {
		return quoted(plain.String())
	}
	return "!Sub " + quoted(sub.String())
}

func flat(parts plan.Join) (out plan.Join) {
	for _, p := range parts {
		if inner, ok := p.(plan.Join); ok {
			out = append(out, flat(inner)...)
			continue
		}
		out = append(out, p)
	}
	return out
}

// key is a key; those that YAML could take for something else are quoted.
func key(name string) string {
	for _, r := range name {
		if r != '-' && r != '_' && r != '.' && r != ':' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') {
			return quoted(name)
		}
	}
	if name == "" || strings.HasPrefix(name, "-") || name[0] >= '0' && name[0] <= '9' {
		return quoted(name)
	}
	return name
}

// quoted is a text in double quotes.
func quoted(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r < ' ' || r == 0x7f:
			b.WriteString(`\x` + strconv.FormatInt(int64(r)+0x100, 16)[1:])
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

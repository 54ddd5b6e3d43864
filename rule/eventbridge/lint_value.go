package eventbridge

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/cloudtrail/catalog"
)

// asterisk is EBW13: a text with an asterisk in a field whose values have none.
// Only the operator wildcard knows the asterisk.
func (l *linter) asterisk(f *leaf) {
	if !l.holdsNames(f.path) {
		return
	}
	for _, m := range f.matchers {
		texts := starred(m)
		if len(texts) == 0 {
			continue
		}
		why := "Nothing has that value, so the condition never holds."
		if m.op == "anything-but" {
			why = "Nothing has that value, so it excludes nothing."
		}
		l.warn("EBW13", f, withoutAsterisk(m), why+" Only the operator wildcard takes an asterisk for any text.",
			"the * in %s is a plain asterisk", strings.Join(texts, ", "))
	}
}

// holdsNames tells whether the field's values are names, in which no asterisk
// stands: what services put below their parameters and error messages may have
// one.
func (l *linter) holdsNames(path string) bool {
	field, inDetail := strings.CutPrefix(path, "detail.")
	if !inDetail {
		return slices.Contains(envelope(), path)
	}
	known, ok := catalog.Default().Lookup(field)
	return ok && !l.foreign && known.Path == field && known.Type != "free" && field != "errorMessage"
}

// starred are the matcher's texts with an asterisk that is meant to stand for
// something, quoted.
func starred(m matcher) []string {
	if m.value == nil || m.op == "wildcard" {
		return nil
	}
	var out []string
	for _, v := range append([]*value{m.value}, m.value.vals...) {
		if v.kind == cloudtrail.String && strings.Contains(v.text, "*") {
			out = append(out, strconv.Quote(cut(v.text)))
		}
	}
	return out
}

// withoutAsterisk is the entry that was meant, "" where that is not plain.
func withoutAsterisk(m matcher) string {
	list := m.value.vals
	if m.value.kind == cloudtrail.String {
		list = []*value{m.value}
	}
	texts := make([]string, len(list))
	for i, v := range list {
		texts[i] = v.text
	}
	switch {
	case m.op == "anything-but":
		op, operand := starOperator(texts)
		if op == "" {
			return ""
		}
		return fmt.Sprintf(`{"anything-but": {%q: [%s]}}`, op, strings.Join(operand, ", "))
	case len(texts) != 1 || m.op != "" && m.op != "exactly":
		return ""
	case texts[0] == "*":
		return `{"exists": true}`
	}
	op, operand := starOperator(texts)
	if op == "" {
		return ""
	}
	return fmt.Sprintf("{%q: %s}", op, operand[0])
}

// starOperator is the operator that means what the texts' asterisks were meant
// to, and its operands as JSON: prefix or suffix where that does for all of
// them, or else wildcard; "" where none can.
func starOperator(texts []string) (op string, operands []string) {
	every := func(f func(string) bool) bool {
		return !slices.ContainsFunc(texts, func(s string) bool { return !f(s) })
	}
	trim := func(string) string { return "" }
	switch {
	case every(func(s string) bool { return strings.Index(s, "*") == len(s)-1 && len(s) > 1 }):
		op, trim = "prefix", func(s string) string { return strings.TrimSuffix(s, "*") }
	case every(func(s string) bool { return strings.LastIndex(s, "*") == 0 && len(s) > 1 }):
		op, trim = "suffix", func(s string) string { return strings.TrimPrefix(s, "*") }
	case every(func(s string) bool { return !strings.Contains(s, "**") && !strings.Contains(s, `\`) }):
		op, trim = "wildcard", func(s string) string { return s }
	}
	for _, s := range texts {
		operands = append(operands, quote(trim(s)))
	}
	return op, operands
}

// neverValue is EBW14: values of a type that the field never has. A condition
// asks for a value, and an object has none of its own.
func (l *linter) neverValue(f *leaf) {
	if field, inDetail := strings.CutPrefix(f.path, "detail."); inDetail {
		l.objectAsValue(f, field)
		l.nullForAbsent(f, field)
		return
	}
	if !slices.Contains(envelope(), f.path) || f.path == "detail" || f.path == "resources" {
		return
	}
	for _, m := range f.matchers {
		if m.op != "" || m.value.kind == cloudtrail.String {
			return
		}
	}
	l.warn("EBW14", f, quote(f.matchers[0].value.text), "The condition never holds.", "%q is text, and the pattern asks for %s", cut(f.path), cut(f.matchers[0].src))
}

func (l *linter) objectAsValue(f *leaf, field string) {
	known, ok := catalog.Default().Lookup(field)
	if !ok || l.foreign || known.Path != field || known.Type != "object" && known.Type != "free" && field != "resources" {
		return
	}
	nulls := func(m matcher) bool { return m.op == "" && m.value.kind == cloudtrail.Null }
	if !slices.ContainsFunc(f.matchers, func(m matcher) bool { return !nulls(m) }) {
		return // what may be null may be asked for as null
	}
	l.warn("EBW14", f, "", `A condition asks for a value, and an object has none of its own: {"exists": true} never finds it, and {"exists": false} finds it missing. Ask for a field inside it.`,
		"%q is an object, not a value", cut(field))
}

// nullForAbsent asks of errors: a call that went well has no errorCode at all.
func (l *linter) nullForAbsent(f *leaf, field string) {
	if l.foreign || field != "errorCode" && field != "errorMessage" {
		return
	}
	for _, m := range f.matchers {
		if m.op != "" || m.value.kind != cloudtrail.Null {
			return
		}
	}
	l.warn("EBW14", f, quote(field)+`: [{"exists": false}]`, "The condition never holds: null asks for a field that is there and null.",
		"%q is absent where there is none, never null", field)
}

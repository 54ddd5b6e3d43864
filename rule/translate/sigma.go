package translate

import (
	"fmt"
	"strings"

	"github.com/trailwarden/trailwarden/detect"
	"github.com/trailwarden/trailwarden/rule/sigma"
)

// sigma writes a Sigma rule.
func (t *translation) sigma(f form) string {
	w := &sigmaWriter{translation: t, names: map[string]string{}}
	condition := t.text(writer{atom: w.atom, and: " and ", or: " or ", open: "(", end: ")"}, f)
	if condition == "" {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "title: %s\n", quoted(title(t.about.Title)))
	if isUUID(t.about.ID) {
		fmt.Fprintf(&b, "id: %s\n", t.about.ID)
	}
	if t.about.Description != "" {
		fmt.Fprintf(&b, "description: %s\n", quoted(t.about.Description))
	}
	fmt.Fprintf(&b, "logsource:\n  product: aws\n  service: cloudtrail\ndetection:\n")
	for i, text := range w.selections {
		fmt.Fprintf(&b, "  s%d:\n    %s\n", i+1, text)
	}
	fmt.Fprintf(&b, "  condition: %s\nlevel: %s\n", condition, strings.ToLower(t.about.Severity.String()))
	if _, list := sigma.Parse([]byte(b.String()), sigma.Options{}); list.Err() != nil {
		t.failed = "Sigma would refuse the rule: " + list[0].Message
	}
	return b.String()
}

func title(s string) string {
	if s == "" {
		return "translated"
	}
	if r := []rune(s); len(r) > 256 {
		return string(r[:256])
	}
	return s
}

func isUUID(s string) bool {
	return len(s) == 36 && strings.Count(s, "-") == 4 && strings.Trim(strings.ToLower(s), "0123456789abcdef-") == ""
}

// quoted is a text in double quotes, as JSON and YAML read it.
func quoted(s string) string {
	return object(s)
}

type sigmaWriter struct {
	*translation
	selections []string
	names      map[string]string
}

// search adds a search identifier and returns its name.
func (w *sigmaWriter) search(text string) string {
	if n := w.names[text]; n != "" {
		return n
	}
	w.selections = append(w.selections, text)
	n := fmt.Sprintf("s%d", len(w.selections))
	w.names[text] = n
	return n
}

// field is the name of a path's field; exact where Sigma's own path selects the
// same values.
func (w *sigmaWriter) field(p detect.Path) (string, bool) {
	if p.Root != detect.RootRecord || !plainKeys(p) {
		return "", false
	}
	n := joined(p)
	if n == "" || strings.ContainsAny(n, "|\n") {
		return "", false
	}
	_, documented := w.kinds(p)
	own := p.Cross && p.Fold && p.Dotted == detect.DottedLiteralFirst && p.End == detect.EndScalars
	return n, documented || own
}

func (w *sigmaWriter) atom(a atom) string {
	field, ok := w.field(a.test.Path)
	if a.compare != nil {
		return w.compare(a, field, ok)
	}
	if len(a.test.Path.Steps) == 0 {
		return w.keyword(a)
	}
	if !ok {
		w.lose(a, "Sigma reaches other values by that path: it enters lists, knows no letter case and no envelope")
		return ""
	}
	name, exact := w.test(a, field)
	switch {
	case name == "":
		w.lose(a, "Sigma cannot say it")
		return ""
	case !exact && a.negated:
		w.lose(a, "Sigma cannot say its negation without losing matches")
		return ""
	case !exact:
		w.lose(a, "Sigma says it more weakly")
	}
	if a.negated {
		return "not " + name
	}
	return name
}

func (w *sigmaWriter) compare(a atom, left string, ok bool) string {
	right, okRight := w.field(a.compare.Right)
	if !ok || !okRight || a.compare.Kinds&detect.Scalars != detect.Scalars {
		w.lose(a, "Sigma compares other values by these paths")
		return ""
	}
	key := left + "|fieldref"
	if !a.compare.Fold {
		key += "|cased"
	}
	key += map[detect.TextOp]string{detect.HasPrefix: "|startswith", detect.HasSuffix: "|endswith", detect.Contains: "|contains"}[a.compare.Op]
	n := w.search(quoted(key) + ": " + quoted(right))
	if a.negated {
		return "not " + n
	}
	return n
}

// keyword asks of the record's whole text.
func (w *sigmaWriter) keyword(a atom) string {
	x, ok := a.test.Match.(detect.Text)
	if !ok || x.Op != detect.Contains || !x.Fold || x.Raw {
		w.lose(a, "Sigma searches the whole record for a text in any letter case only")
		return ""
	}
	var out []string
	for _, v := range x.Values {
		out = append(out, quoted(sigmaEscapes.Replace(v)))
	}
	n := w.search("- " + strings.Join(out, "\n    - "))
	if a.negated {
		return "not " + n
	}
	return n
}

var sigmaEscapes = strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`)

// test adds the search of a test; exact tells whether it is just the test.
func (w *sigmaWriter) test(a atom, field string) (name string, exact bool) {
	k, documented := w.kinds(a.test.Path)
	textOnly := documented && k == detect.Strings
	switch m := a.test.Match.(type) {
	case detect.Is:
		return w.search(quoted(field+"|exists") + ": true"), k&^detect.Kinds(m) == 0
	case detect.Text:
		return w.text(m, field, k)
	case detect.Glob:
		return w.glob(m, field, textOnly)
	case detect.Regexp:
		return w.search(quoted(field+"|re") + ": " + quoted(m.Re.String())), documented || m.Kinds == detect.Scalars|detect.Containers
	case detect.CIDR:
		if m.Padded {
			break
		}
		return w.search(quoted(field+"|cidr") + ": " + quoted(m.Prefix.String())), m.Kinds == detect.Strings
	case detect.Num:
		return w.number(m, field, textOnly)
	case detect.TimePart:
		unit := [...]string{"minute", "hour", "day", "week", "month", "year"}[m.Unit]
		return w.search(fmt.Sprintf("%s: %d", quoted(field+"|"+unit), m.Value)), true
	}
	return w.search(quoted(field+"|exists") + ": true"), false
}

func (w *sigmaWriter) number(m detect.Num, field string, textOnly bool) (string, bool) {
	if !m.Value.Exact || m.Op == detect.NumEqual && strings.ContainsAny(m.Value.Text, "eE") {
		return w.search(quoted(field+"|exists") + ": true"), false
	}
	op := map[detect.NumOp]string{detect.NumLess: "|lt", detect.NumLessEqual: "|lte", detect.NumGreater: "|gt", detect.NumGreaterEqual: "|gte"}[m.Op]
	exact := m.Kinds&(detect.Numbers|detect.Strings) == detect.Numbers|detect.Strings || textOnly && m.Kinds&detect.Strings != 0
	return w.search(quoted(field+op) + ": " + m.Value.Text), exact
}

// values writes the values of one item under a key.
func (w *sigmaWriter) values(key string, values []string) string {
	if len(values) == 1 {
		return w.search(quoted(key) + ": " + values[0])
	}
	return w.search(quoted(key) + ":\n      - " + strings.Join(values, "\n      - "))
}

func (w *sigmaWriter) text(m detect.Text, field string, possible detect.Kinds) (string, bool) {
	key := field + map[detect.TextOp]string{detect.HasPrefix: "|startswith", detect.HasSuffix: "|endswith", detect.Contains: "|contains"}[m.Op]
	if !m.Fold {
		key += "|cased"
	}
	exact := true
	var out []string
	for _, v := range m.Values {
		out = append(out, quoted(sigmaEscapes.Replace(v)))
		lost, more := differ(m.Kinds, readAs(m.Op, v), possible, numberish(m.Op, v, m.Fold))
		if lost {
			return w.search(quoted(field+"|exists") + ": true"), false
		}
		exact = exact && !more
	}
	return w.values(key, out), exact
}

// differ compares the kinds that a rule reads with those that the target reads,
// of those that are possible: whether it loses matches, and whether it has more.
func differ(rule, target, possible detect.Kinds, numberish bool) (lost, more bool) {
	matter := func(k detect.Kinds) bool {
		return k&(detect.Strings|detect.Containers) != 0 || numberish && k&detect.Scalars != 0
	}
	return matter(rule &^ target & possible), matter(target &^ rule & possible)
}

// readAs are the kinds that Sigma compares with a text.
func readAs(op detect.TextOp, v string) detect.Kinds {
	switch {
	case (op == detect.Equal) && v == "":
		return detect.Strings
	case (op == detect.Equal || op == detect.HasPrefix) && v != "" && v[0] != '{' && v[0] != '[':
		return detect.Scalars
	}
	return detect.Scalars | detect.Containers
}

func (w *sigmaWriter) glob(m detect.Glob, field string, textOnly bool) (string, bool) {
	key := field
	if !m.Fold {
		key += "|cased"
	}
	return w.search(quoted(key) + ": " + quoted(m.Pattern())), textOnly
}

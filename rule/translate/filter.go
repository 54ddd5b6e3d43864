package translate

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/trailwarden/trailwarden/detect"
	"github.com/trailwarden/trailwarden/rule/filterpattern"
)

// maxFilter is how many characters a filter pattern may have (CloudWatch Logs
// API Reference, PutMetricFilter).
const maxFilter = 1024

// filter writes a filter pattern for CloudWatch Logs. One that is a pattern
// already stays as it is written, for auditors compare texts, unless only the
// canonical form is short enough.
func (t *translation) filter(f form) string {
	if p, ok := t.about.Source.(*filterpattern.Pattern); ok {
		text := strings.TrimSpace(p.Text())
		if utf8.RuneCountInString(text) > maxFilter {
			text = p.String()
		}
		t.filterLimits(text)
		return text
	}
	e := &filterWriter{translation: t}
	body := t.text(writer{atom: e.atom, and: " && ", or: " || ", open: "(", end: ")"}, f)
	if body == "" {
		return ""
	}
	text := "{ " + body + " }"
	if _, list := filterpattern.Parse(text); list.Err() != nil {
		t.failed = "CloudWatch Logs would refuse the pattern: " + list[0].Message
	}
	t.filterLimits(text)
	return text
}

func (t *translation) filterLimits(text string) {
	if n := utf8.RuneCountInString(text); n > maxFilter {
		t.res.Limits = append(t.res.Limits, "the pattern has "+strconv.Itoa(n)+" characters; CloudWatch Logs takes "+strconv.Itoa(maxFilter))
	}
}

type filterWriter struct {
	*translation
	regexes int
}

// selector is the path as a pattern writes it; ok is false where it selects
// other values.
func (w *filterWriter) selector(p detect.Path) (string, bool) {
	if p.Root != detect.RootRecord || p.Cross || p.Dotted != detect.DottedNever || p.Fold || p.End != detect.EndSelf || len(p.Steps) == 0 {
		return "", false
	}
	var b strings.Builder
	b.WriteByte('$')
	wild := 0
	for _, s := range p.Steps {
		switch s.Kind {
		case detect.StepIndex:
			b.WriteString("[" + strconv.Itoa(s.Index) + "]")
		case detect.StepElements:
			b.WriteString("[*]")
			wild++
		case detect.StepFields:
			b.WriteString(".*")
			wild++
		default:
			if strings.Contains(s.Key, "']") || strings.Contains(s.Key, "\x00") {
				return "", false
			}
			if s.Key != "" && strings.Trim(s.Key, nameChars) == "" {
				b.WriteString("." + s.Key)
			} else {
				b.WriteString("['" + s.Key + "']")
			}
		}
	}
	return b.String(), wild <= 1
}

const nameChars = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"

func (w *filterWriter) atom(a atom) string {
	if a.compare != nil {
		w.lose(a, "filter patterns do not compare fields with each other")
		return ""
	}
	sel, ok := w.selector(a.test.Path)
	if !ok {
		w.lose(a, "filter patterns reach one place at a time: no lists on the way, no other letter case, no envelope")
		return ""
	}
	_, documented := w.kinds(a.test.Path)
	if a.negated {
		return w.negative(a, sel, documented)
	}
	return w.positive(a, sel, documented)
}

// positive is true at least where the test is.
func (w *filterWriter) positive(a atom, sel string, documented bool) string {
	k := kindsOf(a.test.Match)
	if is, ok := a.test.Match.(detect.Is); ok {
		return w.is(a, detect.Kinds(is), sel, documented)
	}
	if all, ok := a.test.Match.(detect.MatchAll); ok {
		return w.unequal(a, all, sel)
	}
	if !documented && k&^detect.Scalars != 0 {
		w.lose(a, "filter patterns judge no objects, lists or null")
		return ""
	}
	if re, ok := a.test.Match.(detect.Regexp); ok {
		if s := w.regexp(re); s != "" {
			return sel + " = " + s
		}
	}
	if n, ok := a.test.Match.(detect.Num); ok && n.Value.Exact {
		return w.number(a, n, sel)
	}
	if list, ok := asTexts(a.test.Match); ok {
		return w.texts(a, list, sel)
	}
	w.lose(a, "filter patterns cannot say it; any value counts")
	return sel + ` = "*"`
}

func (w *filterWriter) is(a atom, k detect.Kinds, sel string, documented bool) string {
	kinds, _ := w.kinds(a.test.Path)
	switch {
	case documented && kinds&^k == 0, k == detect.Scalars:
		return sel + ` = "*"`
	case k == detect.Nulls:
		return sel + " IS NULL"
	case k&^detect.Scalars == 0:
		w.lose(a, "filter patterns do not tell texts, numbers and booleans apart")
		return sel + ` = "*"`
	}
	w.lose(a, "filter patterns do not see objects and lists")
	return ""
}

// unequal writes the != that a filter pattern was read from.
func (w *filterWriter) unequal(a atom, all detect.MatchAll, sel string) string {
	if !unequal(all) {
		w.lose(a, "filter patterns cannot say it of one value of several")
		return ""
	}
	not, _ := all[1].(detect.MatchNot)
	if x, ok := not.X.(detect.Text); ok && x.Kinds == detect.Scalars && len(x.Values) == 1 && !x.Fold && plainText(x.Values[0]) {
		return sel + " != " + operand(x)
	}
	w.lose(a, "filter patterns cannot say it; any value counts")
	return sel + ` = "*"`
}

func (w *filterWriter) texts(a atom, list []detect.Text, sel string) string {
	var out []string
	for _, x := range list {
		switch {
		case x.Fold:
			w.lose(a, "filter patterns do not ignore case; any value counts")
			return sel + ` = "*"`
		case strings.Contains(x.Values[0], "\x00"):
			w.lose(a, "filter patterns hold no NUL character")
			return sel + ` = "*"`
		case !plainText(x.Values[0]):
			w.lose(a, "an asterisk at an end of a text is a wildcard in filter patterns")
		case w.more(a, x):
			if b, ok := w.boolean(x, sel); ok {
				out = append(out, b)
				continue
			}
			w.lose(a, "filter patterns compare numbers and booleans as text too")
		}
		out = append(out, sel+" = "+operand(x))
	}
	return writer{open: "(", end: ")"}.joined(" || ", out)
}

// more tells whether filter patterns compare values that the test does not.
func (w *filterWriter) more(a atom, x detect.Text) bool {
	k, _ := w.kinds(a.test.Path)
	_, more := differ(x.Kinds, detect.Scalars, k, numberish(x.Op, x.Values[0], false))
	return more
}

// textOnly tells whether the field holds texts only.
func (w *filterWriter) textOnly(a atom) bool {
	k, _ := w.kinds(a.test.Path)
	return k == detect.Strings
}

func (w *filterWriter) boolean(x detect.Text, sel string) (string, bool) {
	if x.Kinds != detect.Bools || x.Op != detect.Equal {
		return "", false
	}
	switch x.Values[0] {
	case "true":
		return sel + " IS TRUE", true
	case "false":
		return sel + " IS FALSE", true
	}
	return "", false
}

// plainText tells whether a text has no wildcard of filter patterns.
func plainText(s string) bool { return !strings.HasPrefix(s, "*") && !strings.HasSuffix(s, "*") }

var filterEscapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

func operand(x detect.Text) string {
	s := filterEscapes.Replace(x.Values[0])
	switch x.Op {
	case detect.HasPrefix:
		s += "*"
	case detect.HasSuffix:
		s = "*" + s
	case detect.Contains:
		s = "*" + s + "*"
	}
	return `"` + s + `"`
}

var filterOps = map[detect.NumOp]string{detect.NumLess: "<", detect.NumLessEqual: "<=", detect.NumGreater: ">", detect.NumGreaterEqual: ">="}

func (w *filterWriter) number(a atom, n detect.Num, sel string) string {
	if k := n.Kinds & (detect.Numbers | detect.Strings); k != detect.Numbers|detect.Strings && (k == detect.Numbers || !w.textOnly(a)) {
		w.lose(a, "filter patterns take texts that are numbers for numbers")
	}
	if n.Op == detect.NumEqual {
		return "(" + sel + " >= " + n.Value.Text + " && " + sel + " <= " + n.Value.Text + ")"
	}
	return sel + " " + filterOps[n.Op] + " " + n.Value.Text
}

// regexp is the expression where filter patterns have the very same.
func (w *filterWriter) regexp(re detect.Regexp) string {
	s := "%" + re.Re.String() + "%"
	if re.Kinds&^detect.Scalars != 0 || w.regexes >= 2 {
		return ""
	}
	p, list := filterpattern.Parse("{ $.x = " + s + " }")
	if list.Err() != nil {
		return ""
	}
	test, _ := p.Predicate().(detect.Test)
	same, ok := test.Match.(detect.Regexp)
	if !ok || same.Re.String() != re.Re.String() || re.Kinds != detect.Scalars && re.Kinds != detect.Strings {
		return ""
	}
	if re.Kinds == detect.Strings {
		return "" // numbers would be searched too, unless the field holds texts
	}
	w.regexes++
	return s
}

// negative is true at least where the test is not.
func (w *filterWriter) negative(a atom, sel string, documented bool) string {
	kinds, _ := w.kinds(a.test.Path)
	if is, ok := a.test.Match.(detect.Is); ok && kinds&^detect.Kinds(is) == 0 {
		return sel + " NOT EXISTS"
	}
	list, ok := asTexts(a.test.Match)
	if !documented || !ok {
		w.lose(a, "filter patterns negate comparisons of texts only, of values that are there")
		return ""
	}
	var out []string
	for _, x := range list {
		if x.Fold || !plainText(x.Values[0]) || strings.Contains(x.Values[0], "\x00") ||
			w.more(a, x) {
			w.lose(a, "filter patterns cannot say it")
			continue
		}
		out = append(out, sel+" != "+operand(x))
	}
	if len(out) == 0 {
		return ""
	}
	return "(" + sel + " NOT EXISTS || " + writer{open: "(", end: ")"}.joined(" && ", out) + ")"
}

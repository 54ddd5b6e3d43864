package translate

import (
	"slices"
	"strings"

	"github.com/trailwarden/trailwarden/detect"
)

const (
	anyText = `{"wildcard":"*"}`
	noText  = `{"anything-but":{"wildcard":"*"}}`
)

// positive is true at least where the test is, of values of kinds k.
func (w *patternWriter) positive(a atom, path string, k detect.Kinds) []alternative {
	l := leaf{src: source(a)}
	switch m := a.test.Match.(type) {
	case detect.Num:
		l.matchers = w.number(a, m)
	case detect.CIDR:
		l.matchers = w.cidr(a, m)
	case detect.MatchNot:
		if x, ok := m.X.(detect.Text); ok && x.Kinds == detect.Strings {
			l.matchers = w.not(x)
		}
	case detect.Is:
		l.matchers = w.is(a, detect.Kinds(m), k)
	default:
		list, ok := asTexts(a.test.Match)
		if g, isGlob := m.(detect.Glob); isGlob && !ok {
			l.matchers, ok = w.glob(a, g)
		} else if ok {
			l.matchers, l.exact = w.texts(a, list, k)
		}
		if !ok {
			w.lose(a, "event patterns cannot say it; any value counts")
			l.matchers = []string{exists}
		}
	}
	if l.matchers == nil {
		w.lose(a, "event patterns cannot say it; any value counts")
		l.matchers = []string{exists}
	}
	return []alternative{{path: l}}
}

func (w *patternWriter) not(x detect.Text) []string {
	var values []string
	op := ""
	for i := range x.Values {
		y := x
		y.Values = x.Values[i : i+1]
		o, v := butOf(y)
		if v == "" || i > 0 && o != op {
			return nil
		}
		op = o
		values = append(values, v)
	}
	excluded := "[" + strings.Join(values, ",") + "]"
	if op != "" {
		excluded = "{" + quoted(op) + ":" + excluded + "}"
	}
	return []string{`{"anything-but":` + excluded + `}`}
}

func (w *patternWriter) is(a atom, m, k detect.Kinds) []string {
	switch {
	case m&k&^detect.Containers == k&^detect.Containers:
		return []string{exists}
	case m&k == detect.Nulls:
		return []string{"null"}
	case m&k == detect.Strings:
		return []string{anyText}
	case m&k == detect.Bools:
		return []string{"true", "false"}
	}
	return nil
}

// texts writes text tests; values are the texts where nothing else can match.
func (w *patternWriter) texts(a atom, list []detect.Text, k detect.Kinds) (matchers, values []string) {
	plain := k == detect.Strings
	for _, x := range list {
		v := x.Values[0]
		plain = plain && x.Op == detect.Equal && !x.Fold
		values = append(values, v)
		if x.Kinds&k&detect.Strings != 0 {
			m, exact := textTest(x)
			if !exact {
				w.lose(a, "event patterns do not ignore the case of what stands inside a text")
			}
			matchers = append(matchers, m)
		}
		if rest := x.Kinds & k & (detect.Numbers | detect.Bools); rest != 0 && numberish(x.Op, v, x.Fold) {
			matchers = append(matchers, w.others(a, x, rest)...)
		}
	}
	if !plain {
		values = nil
	}
	slices.Sort(matchers)
	return slices.Compact(matchers), values
}

// others matches numbers and booleans whose text satisfies a test.
func (w *patternWriter) others(a atom, x detect.Text, k detect.Kinds) (out []string) {
	v := x.Values[0]
	lower := strings.ToLower(v)
	if x.Op == detect.Equal && (v == "true" || v == "false" || x.Fold && (lower == "true" || lower == "false")) {
		if k&detect.Bools != 0 {
			out = append(out, lower)
		}
		return out
	}
	if k&detect.Numbers == 0 {
		w.lose(a, "event patterns do not compare booleans as text; both count")
		return []string{"true", "false"}
	}
	w.lose(a, "event patterns do not compare numbers as text; every value that is no text counts")
	return []string{noText}
}

// textTest is a test of texts; exact tells whether it is just the test.
func textTest(x detect.Text) (string, bool) {
	v := x.Values[0]
	switch {
	case x.Op == detect.Equal && x.Fold:
		return `{"equals-ignore-case":` + quoted(v) + `}`, true
	case x.Op == detect.Equal:
		return textMatcher(v), true
	case x.Op == detect.Contains && x.Fold:
		return anyText, false
	case x.Op == detect.Contains:
		return `{"wildcard":` + quoted(around(v)) + `}`, true
	}
	op := map[detect.TextOp]string{detect.HasPrefix: "prefix", detect.HasSuffix: "suffix"}[x.Op]
	if x.Fold {
		return `{"` + op + `":{"equals-ignore-case":` + quoted(v) + `}}`, true
	}
	return `{"` + op + `":` + quoted(v) + `}`, true
}

// around is a wildcard for texts that hold v.
func around(v string) string {
	if v == "" {
		return "*"
	}
	return "*" + wildEscapes.Replace(v) + "*"
}

func (w *patternWriter) glob(a atom, g detect.Glob) ([]string, bool) {
	if g.Kinds&^detect.Strings != 0 {
		return nil, false // numbers and booleans have texts that a glob may match
	}
	loose := g
	loose.Pieces = nil
	for _, p := range g.Pieces {
		if p.Kind == detect.AnyChar {
			p.Kind = detect.AnyRun
			w.lose(a, "event patterns know * only, not one character for ?")
		}
		loose.Pieces = append(loose.Pieces, p)
	}
	if g.Fold {
		return nil, false
	}
	return []string{`{"wildcard":` + quoted(wildcardOf(loose)) + `}`}, true
}

func (w *patternWriter) number(a atom, n detect.Num) (out []string) {
	if !n.Value.Exact {
		return nil
	}
	if n.Kinds&detect.Numbers != 0 {
		op := [...]string{"=", "<", "<=", ">", ">="}[n.Op]
		out = append(out, `{"numeric":[`+quoted(op)+`,`+n.Value.Text+`]}`)
	}
	if n.Kinds&detect.Numbers != 0 && n.Wide && n.Op != detect.NumEqual && w.o.AnyRecord {
		w.lose(a, "event patterns compare only numbers that 64 bits of floating point hold; every value that is no text counts")
		out = append(out, noText)
	}
	if n.Kinds&detect.Strings != 0 {
		w.lose(a, "event patterns take no text for a number; every text counts")
		out = append(out, anyText)
	}
	return out
}

func (w *patternWriter) cidr(a atom, c detect.CIDR) []string {
	p := c.Prefix.Masked()
	if !c.Padded {
		w.lose(a, "event patterns take an address with zeros before its numbers, or spelled otherwise, for the same")
	}
	if c.Kinds&^(detect.Strings|detect.Numbers|detect.Bools|detect.Nulls) != 0 {
		return nil
	}
	if p.IsSingleIP() {
		return []string{quoted(p.Addr().String())}
	}
	return []string{`{"cidr":` + quoted(p.String()) + `}`}
}

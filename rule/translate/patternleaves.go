package translate

import (
	"strings"

	"github.com/trailwarden/trailwarden/detect"
)

// atom gives the leaf of a test.
func (w *patternWriter) atom(a atom) []alternative {
	all := []alternative{{}}
	if a.compare != nil {
		w.lose(a, "event patterns do not compare fields with each other")
		return all
	}
	p := a.test.Path
	k, documented := w.kinds(p)
	if !plainKeys(p) && !w.reaches(p) || p.Root != detect.RootRecord && len(p.Steps) == 0 {
		w.lose(a, "event patterns have no path for it")
		return all
	}
	if p.Fold && !w.o.AnyRecord {
		p.Steps = spelled(p.Steps)
	}
	path := strings.Join(keysOf(p), ".")
	if p.Root == detect.RootEnvelope {
		path = "\x00" + path // told from detail's
	}
	if documented {
		return w.documented(a, path, k)
	}
	return w.leaves(a, p, path)
}

// leaves writes a test of whatever values a path selects.
func (w *patternWriter) leaves(a atom, p detect.Path, path string) []alternative {
	all := []alternative{{}}
	same := p.Cross && p.Dotted == detect.DottedUnion && !p.Fold && p.End == detect.EndLeaves
	scalars := kindsOf(a.test.Match)&detect.Containers == 0
	if len(p.Steps) == 1 {
		p.Cross = true // nothing is crossed on the way to the first key
		same = same || p.Dotted != detect.DottedLiteralFirst && !p.Fold && p.End == detect.EndLeaves
	}
	elements := scalars && p.Cross && !p.Fold && p.End == detect.EndElements && (p.Dotted == detect.DottedUnion || len(p.Steps) == 1)
	switch {
	case p.Fold && w.o.AnyRecord:
		w.lose(a, "event patterns know one letter case of a key")
		return all
	case !same && !scalars:
		w.lose(a, "event patterns do not see objects and empty lists")
		return all
	case a.negated:
		if is, ok := a.test.Match.(detect.Is); ok && same && detect.Kinds(is) == detect.Anything {
			return []alternative{{path: {matchers: []string{absent}, src: source(a)}}}
		}
		w.lose(a, "event patterns cannot say of all values of a list what they are not")
		return all
	case !same && !elements:
		w.lose(a, "event patterns enter every list on the way to it and at its end")
	}
	return w.positive(a, path, detect.Anything)
}

// reaches tells whether the path without its steps through lists selects all
// that the path does.
func (w *patternWriter) reaches(p detect.Path) bool {
	for _, s := range p.Steps {
		if s.Kind == detect.StepFields || s.Kind == detect.StepKey && s.Key == "" {
			return false
		}
	}
	return len(keysOf(p)) > 0
}

func keysOf(p detect.Path) (keys []string) {
	for _, s := range p.Steps {
		if s.Kind == detect.StepKey {
			keys = append(keys, s.Key)
		}
	}
	return keys
}

func source(a atom) string {
	if a.test.Src != "" {
		return a.test.Src
	}
	return name(a.test.Path)
}

// documented writes a test of a field that holds one scalar value or none.
func (w *patternWriter) documented(a atom, path string, k detect.Kinds) []alternative {
	if is, ok := a.test.Match.(detect.Is); ok && detect.Kinds(is) == detect.Anything {
		m := exists
		if a.negated {
			m = absent
		}
		return []alternative{{path: {matchers: []string{m}, src: source(a)}}}
	}
	if !a.negated {
		return w.positive(a, path, k)
	}
	list, ok := asTexts(a.test.Match)
	if g, isGlob := a.test.Match.(detect.Glob); isGlob && !ok && !g.Fold && wildcardOf(g) != "" && k == detect.Strings {
		return w.but(a, path, `{"wildcard":[`+quoted(wildcardOf(g))+`]}`)
	}
	if !ok || k != detect.Strings {
		if ok && k == detect.Bools|detect.Strings {
			return w.notFlag(a, path, list)
		}
		w.lose(a, "event patterns negate comparisons of texts only")
		return []alternative{{}}
	}
	groups := map[string][]string{}
	for _, x := range list {
		op, value := butOf(x)
		if op == "" && value == "" && x.Fold {
			w.lose(a, "event patterns cannot negate it")
			return []alternative{{}}
		}
		groups[op] = append(groups[op], value)
	}
	if len(groups) != 1 {
		w.lose(a, "anything-but takes one kind of exclusion")
		return []alternative{{}}
	}
	for op, values := range groups {
		excluded := "[" + strings.Join(values, ",") + "]"
		if op != "" {
			excluded = "{" + quoted(op) + ":" + excluded + "}"
		}
		return w.but(a, path, excluded)
	}
	return []alternative{{}}
}

func (w *patternWriter) but(a atom, path, excluded string) []alternative {
	return []alternative{{path: {matchers: []string{absent, `{"anything-but":` + excluded + `}`}, src: source(a)}}}
}

// notFlag is a boolean field, which may be a text, that is not one of its two
// values.
func (w *patternWriter) notFlag(a atom, path string, list []detect.Text) []alternative {
	if len(list) == 1 && list[0].Op == detect.Equal && list[0].Kinds&detect.Bools != 0 {
		v := list[0].Values[0]
		if list[0].Fold {
			v = strings.ToLower(v)
		}
		if other := map[string]string{"true": "false", "false": "true"}[v]; other != "" {
			w.lose(a, "event patterns cannot say which text a field that may be a boolean is not; every text counts")
			return []alternative{{path: {matchers: []string{absent, other, anyText}, src: source(a)}}}
		}
	}
	w.lose(a, "event patterns cannot say of a boolean that may be a text what it is not")
	return []alternative{{}}
}

// butOf is a text test inside anything-but: its operator and operand.
func butOf(x detect.Text) (op, value string) {
	v := x.Values[0]
	switch {
	case x.Fold && x.Op == detect.Equal:
		return "equals-ignore-case", quoted(v)
	case x.Fold:
		return "", ""
	case x.Op == detect.HasPrefix && v != "":
		return "prefix", quoted(v)
	case x.Op == detect.HasSuffix && v != "":
		return "suffix", quoted(v)
	case x.Op == detect.Equal:
		return "", quoted(v)
	}
	return "wildcard", quoted(around(v))
}

var wildEscapes = strings.NewReplacer(`\`, `\\`, `*`, `\*`)

// wildcardOf is a glob without AnyChar; empty for others.
func wildcardOf(g detect.Glob) string {
	var b strings.Builder
	for _, p := range g.Pieces {
		switch p.Kind {
		case detect.AnyChar:
			return ""
		case detect.AnyRun:
			if !strings.HasSuffix(b.String(), "*") || strings.HasSuffix(b.String(), `\*`) {
				b.WriteByte('*')
			}
		default:
			b.WriteString(wildEscapes.Replace(p.Text))
		}
	}
	return b.String()
}

func textLeaf(values []string, src string) leaf {
	l := leaf{src: src, exact: values}
	for _, v := range values {
		l.matchers = append(l.matchers, textMatcher(v))
	}
	return l
}

// textMatcher matches just that text: an address alone would match its other
// spellings too.
func textMatcher(v string) string {
	if _, is := detect.ParsePaddedAddr(v); is {
		return `{"wildcard":` + quoted(wildEscapes.Replace(v)) + `}`
	}
	return quoted(v)
}

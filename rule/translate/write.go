package translate

import (
	"regexp/syntax"
	"strings"
	"unicode"

	"github.com/trailwarden/trailwarden/detect"
)

// writer says how a target writes what the forms hold. An empty text stands for
// what is always true.
type writer struct {
	atom      func(atom) string
	and, or   string
	never     string // always false; empty where the target cannot say it
	open, end string // around a part
}

// text writes a form.
func (t *translation) text(w writer, f form) string {
	switch f := f.(type) {
	case atom:
		return w.atom(f)
	case truth:
		if !f && w.never == "" {
			t.failed = "the rule matches nothing, which the target cannot say"
		}
		if !f {
			return w.never
		}
		return ""
	case conj:
		return w.joined(w.and, t.parts(w, f))
	case disj:
		parts := t.parts(w, f)
		for _, p := range parts {
			if p == "" {
				t.loseText("one of several alternatives cannot be said, so none of them is asked for")
				return ""
			}
		}
		return w.joined(w.or, parts)
	}
	return ""
}

func (t *translation) parts(w writer, fs []form) []string {
	out := make([]string, len(fs))
	for i, f := range fs {
		out[i] = t.text(w, f)
	}
	return out
}

// joined joins parts, leaving out what is always true and what is there
// already.
func (w writer) joined(by string, parts []string) string {
	var kept []string
	seen := map[string]bool{}
	for _, p := range parts {
		if p != "" && !seen[p] {
			seen[p] = true
			kept = append(kept, p)
		}
	}
	if len(kept) < 2 {
		return strings.Join(kept, "")
	}
	return w.open + strings.Join(kept, by) + w.end
}

// affixes is a text pattern: some pieces of text in order, anchored or not.
type affixes struct {
	start, end bool // the text begins, ends with the piece
	text       string
}

func (a affixes) op() detect.TextOp {
	switch {
	case a.start && a.end:
		return detect.Equal
	case a.start:
		return detect.HasPrefix
	case a.end:
		return detect.HasSuffix
	}
	return detect.Contains
}

// maxAlternatives bounds what a regular expression is spelled out to.
const maxAlternatives = 64

// literals spells a regular expression out as the texts that it searches for,
// which stand for the same as long as the text is no longer than
// detect.MaxRegexpText.
func literals(expr string) ([]affixes, bool) {
	re, err := syntax.Parse(expr, syntax.Perl)
	if err != nil {
		return nil, false
	}
	return spell(re.Simplify(), []affixes{{}})
}

// spell appends what re matches to each text so far.
func spell(re *syntax.Regexp, so []affixes) ([]affixes, bool) {
	each := func(change func(affixes) (affixes, bool)) ([]affixes, bool) {
		out := make([]affixes, 0, len(so))
		for _, a := range so {
			b, ok := change(a)
			if !ok {
				return nil, false
			}
			out = append(out, b)
		}
		return out, true
	}
	switch re.Op {
	case syntax.OpEmptyMatch:
		return so, true
	case syntax.OpLiteral:
		if re.Flags&syntax.FoldCase != 0 {
			return nil, false
		}
		return each(func(a affixes) (affixes, bool) { a.text += string(re.Rune); return a, !a.end })
	case syntax.OpBeginText:
		return each(func(a affixes) (affixes, bool) { a.start = true; return a, a.text == "" && !a.end })
	case syntax.OpEndText:
		return each(func(a affixes) (affixes, bool) { a.end = true; return a, true })
	case syntax.OpCapture:
		return spell(re.Sub[0], so)
	case syntax.OpConcat:
		for _, sub := range re.Sub {
			var ok bool
			if so, ok = spell(sub, so); !ok {
				return nil, false
			}
		}
		return so, true
	case syntax.OpAlternate:
		var out []affixes
		for _, sub := range re.Sub {
			got, ok := spell(sub, so)
			if out = append(out, got...); !ok || len(out) > maxAlternatives {
				return nil, false
			}
		}
		return out, true
	case syntax.OpCharClass:
		return class(re, so)
	}
	return nil, false
}

func class(re *syntax.Regexp, so []affixes) (out []affixes, ok bool) {
	for i := 0; i+1 < len(re.Rune); i += 2 {
		for c := re.Rune[i]; c <= re.Rune[i+1]; c++ {
			for _, a := range so {
				if a.end || len(out) >= maxAlternatives {
					return nil, false
				}
				a.text += string(c)
				out = append(out, a)
			}
		}
	}
	return out, len(out) > 0
}

// cased tells whether ignoring the case of s makes a difference.
func cased(s string) bool {
	for _, r := range s {
		if unicode.SimpleFold(r) != r {
			return true
		}
	}
	return false
}

// asTexts is a match as text tests that stand for the same, where there are
// any.
func asTexts(m detect.Match) ([]detect.Text, bool) {
	switch m := m.(type) {
	case detect.Text:
		var out []detect.Text
		for _, v := range m.Values {
			x := m
			x.Values, x.Fold = []string{v}, m.Fold && cased(v)
			out = append(out, x)
		}
		return out, true
	case detect.Regexp:
		found, ok := literals(m.Re.String())
		var out []detect.Text
		for _, a := range found {
			out = append(out, detect.Text{Op: a.op(), Values: []string{a.text}, Kinds: m.Kinds, Raw: m.Raw})
		}
		return out, ok && len(out) > 0
	case detect.Glob:
		return globTexts(m)
	}
	return nil, false
}

// globTexts is a glob with wildcards at its ends only.
func globTexts(g detect.Glob) ([]detect.Text, bool) {
	a := affixes{start: true, end: true}
	for i, p := range g.Pieces {
		switch {
		case p.Kind == detect.AnyRun && i == 0:
			a.start = false
		case p.Kind == detect.AnyRun && i == len(g.Pieces)-1:
			a.end = false
		case p.Kind == detect.Literal:
			a.text += p.Text
		default:
			return nil, false
		}
	}
	if len(g.Pieces) == 1 && !a.start {
		a.end = false
	}
	return []detect.Text{{Op: a.op(), Values: []string{a.text}, Fold: g.Fold && cased(a.text), Kinds: g.Kinds}}, true
}

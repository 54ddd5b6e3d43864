package detect

import (
	"strings"
	"unicode/utf8"
)

// plainMatch rewrites m to the simplest equal Match: globs that are text tests
// become Text, nested alternatives are flattened, Texts of one kind are merged.
func plainMatch(m Match) Match {
	switch m := m.(type) {
	case MatchAny:
		return plainAny(m)
	case MatchAll:
		out := make(MatchAll, 0, len(m))
		for _, x := range m {
			out = append(out, plainMatch(x))
		}
		if len(out) == 1 {
			return out[0]
		}
		return out
	case MatchNot:
		if x, ok := m.X.(MatchNot); ok {
			return plainMatch(x.X)
		}
		return MatchNot{plainMatch(m.X)}
	case Glob:
		return plainGlob(m)
	}
	return m
}

func plainAny(m MatchAny) Match {
	var out MatchAny
	at := map[string]int{} // Texts by everything but their values
	add := func(x Match) {
		t, ok := x.(Text)
		if !ok {
			out = append(out, x)
			return
		}
		key := string([]byte{byte(t.Op), flag(t.Fold), byte(t.Kinds), flag(t.Raw)})
		if i, ok := at[key]; ok {
			had := out[i].(Text)
			had.Values = append(had.Values[:len(had.Values):len(had.Values)], t.Values...)
			out[i] = had
			return
		}
		at[key] = len(out)
		out = append(out, t)
	}
	for _, x := range m {
		x = plainMatch(x)
		if xs, ok := x.(MatchAny); ok {
			for _, y := range xs {
				add(y)
			}
			continue
		}
		add(x)
	}
	if len(out) == 1 {
		return out[0]
	}
	return out
}

// plainGlob is g as a Text when its only wild parts are runs at the ends.
func plainGlob(g Glob) Match {
	var lits []string
	front, back := false, false
	for i, p := range g.Pieces {
		switch {
		case p.Kind == AnyChar:
			return g
		case p.Kind == Literal:
			if back { // a run between literals
				return g
			}
			lits = append(lits, p.Text)
		case len(lits) == 0:
			front = true
		case i > 0:
			back = true
		}
	}
	lit := strings.Join(lits, "")
	if !utf8.ValidString(lit) {
		return g
	}
	op := Equal
	switch {
	case front && back, front && lit == "":
		op = Contains
	case front:
		op = HasSuffix
	case back:
		op = HasPrefix
	}
	return Text{Op: op, Values: []string{lit}, Fold: g.Fold, Kinds: g.Kinds}
}

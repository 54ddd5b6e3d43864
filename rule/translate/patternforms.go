package translate

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// alternatives is a form as a disjunction of conjunctions.
func (w *patternWriter) alternatives(f form) []alternative {
	switch f := f.(type) {
	case truth:
		if !f {
			return nil
		}
		return []alternative{{}}
	case atom:
		return w.atom(f)
	case disj:
		return w.disj(f)
	case conj:
		return w.conj(f)
	}
	return []alternative{{}}
}

// disj puts alternatives beside each other; those that ask one and the same
// field become one.
func (w *patternWriter) disj(f disj) []alternative {
	var out []alternative
	at := map[string]int{}
	for _, x := range f {
		for _, a := range w.alternatives(x) {
			if len(a) == 0 {
				w.loseText("one of several alternatives cannot be said, so none of them is asked for")
				return []alternative{{}}
			}
			path, only := "", len(a) == 1
			for path = range a {
			}
			if i, ok := at[path]; ok && only {
				out[i] = alternative{path: out[i][path].or(a[path])}
				continue
			}
			if only {
				at[path] = len(out)
			}
			out = append(out, a)
		}
		if len(out) > maxCombined {
			w.failed = "it has more than " + strconv.Itoa(maxCombined) + " alternatives"
			return nil
		}
	}
	return out
}

func (l leaf) or(o leaf) leaf {
	out := leaf{matchers: slices.Clone(l.matchers), src: l.src}
	for _, m := range o.matchers {
		if !slices.Contains(out.matchers, m) {
			out.matchers = append(out.matchers, m)
		}
	}
	if l.exact != nil && o.exact != nil {
		out.exact = append(slices.Clone(l.exact), o.exact...)
	}
	return out
}

// conj multiplies the alternatives of its parts.
func (w *patternWriter) conj(f conj) []alternative {
	out := []alternative{{}}
	for _, x := range f {
		more := w.alternatives(x)
		if len(out)*len(more) > maxCombined {
			w.failed = "its alternatives make more than " + strconv.Itoa(maxCombined) + " combinations"
			return nil
		}
		var next []alternative
		for _, a := range out {
			for _, b := range more {
				if c, ok := w.merge(a, b); ok {
					next = append(next, c)
				}
			}
		}
		out = next
	}
	return out
}

// merge is the conjunction of two alternatives; ok is false when they exclude
// each other.
func (w *patternWriter) merge(a, b alternative) (alternative, bool) {
	out := maps.Clone(a)
	for _, path := range slices.Sorted(maps.Keys(b)) {
		l := b[path]
		was, taken := out[path]
		switch {
		case !taken:
			if other := w.entangled(out, path); other != "" {
				w.loseText(l.src + ": left out, for EventBridge would ask that it and " + other + " hold in one element of a list")
				continue
			}
			out[path] = l
		case was.exact != nil && l.exact != nil:
			common := slices.DeleteFunc(slices.Clone(was.exact), func(s string) bool { return !slices.Contains(l.exact, s) })
			if len(common) == 0 {
				return nil, false
			}
			out[path] = textLeaf(common, was.src)
		case slices.Equal(was.matchers, l.matchers):
		case was.weak() || l.weak():
			there := was.there()
			if was.weak() {
				there = l.there()
			}
			if len(there.matchers) == 0 {
				return nil, false
			}
			out[path] = there
		case l.exact != nil:
			w.loseText(was.src + ": left out, for one field is asked one thing only")
			out[path] = l
		default:
			w.loseText(l.src + ": left out, for one field is asked one thing only")
		}
	}
	return out, true
}

// there is the leaf where it must not be absent.
func (l leaf) there() leaf {
	l.matchers = slices.DeleteFunc(slices.Clone(l.matchers), func(m string) bool { return m == absent })
	return l
}

// weak tells whether a leaf only asks that a documented field is there, which
// everything else asks too.
func (l leaf) weak() bool { return len(l.matchers) == 1 && l.matchers[0] == exists }

const (
	exists = `{"exists":true}`
	absent = `{"exists":false}`
)

// entangled finds a leaf that could lie in the same list as path.
func (w *patternWriter) entangled(a alternative, path string) string {
	for _, other := range slices.Sorted(maps.Keys(a)) {
		shared := sharedParent(path, other)
		for shared != "" {
			if w.o.AnyRecord || objects[strings.ToLower(shared)] != shared {
				return other
			}
			i := strings.LastIndexByte(shared, '.')
			shared = shared[:max(i, 0)]
		}
	}
	return ""
}

// sharedParent is what two paths of detail have in common above their leaves.
func sharedParent(a, b string) string {
	x, y := strings.Split(a, "."), strings.Split(b, ".")
	n := 0
	for n < len(x)-1 && n < len(y)-1 && x[n] == y[n] {
		n++
	}
	return strings.Join(x[:n], ".")
}

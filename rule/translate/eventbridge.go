package translate

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/trailwarden/trailwarden/detect"
	"github.com/trailwarden/trailwarden/rule/eventbridge"
)

// The limits of event patterns (EventBridge User Guide, quotas; API Reference,
// PutRule): what a pattern may have by default, at most, and how many
// combinations $or may make.
const (
	defaultPattern = 2048
	maxPattern     = 4096
	maxCombined    = 1000
)

// eventBridge writes an event pattern.
func (t *translation) eventBridge(f form) string {
	if p, ok := t.about.Source.(*eventbridge.Pattern); ok {
		return t.patternLimits(p.String())
	}
	w := &patternWriter{t}
	alts := w.alternatives(f)
	if t.failed != "" || len(alts) == 0 {
		if t.failed == "" {
			t.failed = "the rule matches nothing, which an event pattern cannot say"
		}
		return ""
	}
	for _, a := range alts {
		if len(a) == 0 {
			return ""
		}
	}
	text := w.print(alts)
	p, list := eventbridge.Parse([]byte(text))
	if p == nil {
		t.failed = "EventBridge would refuse the pattern: " + list[0].Message
		return ""
	}
	for _, d := range list {
		t.res.Limits = append(t.res.Limits, d.Message)
	}
	return t.patternLimits(text)
}

func (t *translation) patternLimits(text string) string {
	switch n := len([]rune(text)); {
	case n > maxPattern:
		t.failed = "the pattern has " + strconv.Itoa(n) + " characters, and no event pattern may have more than " + strconv.Itoa(maxPattern)
	case n > defaultPattern:
		t.res.Limits = append(t.res.Limits, "the pattern has "+strconv.Itoa(n)+" characters; without a raised quota EventBridge takes "+strconv.Itoa(defaultPattern))
	}
	return text
}

type patternWriter struct{ *translation }

// alternative is one way to match: by flattened path, what a leaf may be. Each
// must hold.
type alternative map[string]leaf

// leaf is the matchers of one path, any of which will do.
type leaf struct {
	matchers []string // JSON
	exact    []string // the texts, where each matcher is a text of a field that holds one text
	src      string
}

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
	for other := range a {
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
		if other := map[string]string{"true": "false", "false": "true"}[strings.ToLower(list[0].Values[0])]; other != "" {
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

// print writes alternatives; what all of them ask stands outside of $or.
func (w *patternWriter) print(alts []alternative) string {
	common := maps.Clone(alts[0])
	for _, a := range alts[1:] {
		maps.DeleteFunc(common, func(path string, l leaf) bool {
			o, ok := a[path]
			return !ok || !slices.Equal(o.matchers, l.matchers)
		})
	}
	var rest []alternative
	seen := map[string]bool{}
	for _, a := range alts {
		own := maps.Clone(a)
		for path := range common {
			delete(own, path)
		}
		if len(own) == 0 {
			rest = nil // one alternative asks for nothing more
			break
		}
		if text := object(tree(own)); !seen[text] {
			seen[text] = true
			rest = append(rest, own)
		}
	}
	if len(rest) == 1 {
		maps.Copy(common, rest[0])
		rest = nil
	}
	out := tree(common)
	if len(rest) > 0 {
		var or []any
		for _, a := range rest {
			or = append(or, tree(a))
		}
		out["$or"] = or
	}
	return object(out)
}

// tree nests the paths of an alternative.
func tree(a alternative) map[string]any {
	out := map[string]any{}
	for path, l := range a {
		keys := append([]string{"detail"}, strings.Split(path, ".")...)
		if rest, ok := strings.CutPrefix(path, "\x00"); ok {
			keys = strings.Split(rest, ".")
		}
		in := out
		for i, k := range keys[:len(keys)-1] {
			next, ok := in[k].(map[string]any)
			if _, taken := in[k]; taken && !ok {
				k = strings.Join(keys[i:], ".") // the same path, written with a dot
			}
			if next == nil {
				next = map[string]any{}
				in[k] = next
			}
			in = next
		}
		list := make([]json.RawMessage, len(l.matchers))
		for i, m := range l.matchers {
			list[i] = json.RawMessage(m)
		}
		in[keys[len(keys)-1]] = list
	}
	return out
}

func object(v any) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return ""
	}
	return strings.TrimSpace(b.String())
}

package trino

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/internal/re2"
)

// sqlPath is an SQL/JSON path: accessors, each of which makes values of values
// (Trino, JSON functions and operators, JSON path language).
type sqlPath struct {
	lax  bool
	root bool // begins with $ rather than @
	all  []accessor
}

// accessor is one step: from the document and a value to values.
type accessor func(p *sqlPath, doc, v cloudtrail.Value, yield func(cloudtrail.Value))

// parseSQLPath reads lax or strict, and the path.
func parseSQLPath(text string) (*sqlPath, error) {
	if err := pathFits(text); err != nil {
		return nil, err
	}
	r := &pathReader{rest: strings.TrimSpace(text), lax: true, whole: text}
	if r.word("strict") {
		r.lax = false
	} else {
		r.word("lax")
	}
	p, err := r.path()
	if err == nil && r.space() != "" {
		err = r.bad("what follows is not to be had here")
	}
	return p, err
}

// eval gives the values that the path leads to.
func (p *sqlPath) eval(doc, at cloudtrail.Value) []cloudtrail.Value {
	now := []cloudtrail.Value{at}
	if p.root {
		now[0] = doc
	}
	for _, a := range p.all {
		var next []cloudtrail.Value
		for _, v := range now {
			a(p, doc, v, func(e cloudtrail.Value) { next = append(next, e) })
		}
		now = next
	}
	return now
}

// pathReader reads a path from its text.
type pathReader struct {
	rest, whole string
	lax         bool
	depth       int
}

func (r *pathReader) bad(why string) error {
	return fmt.Errorf("invalid JSON path %.200q at %.40q: %s", r.whole, r.rest, why)
}

func (r *pathReader) space() string {
	r.rest = strings.TrimLeft(r.rest, " \t\r\n")
	return r.rest
}

// take takes a symbol.
func (r *pathReader) take(symbol string) bool {
	rest, ok := strings.CutPrefix(r.space(), symbol)
	if ok {
		r.rest = rest
	}
	return ok
}

// word takes a word that ends there.
func (r *pathReader) word(w string) bool {
	rest, ok := strings.CutPrefix(r.space(), w)
	if !ok || rest != "" && isPathName(rest[0]) {
		return false
	}
	r.rest = rest
	return true
}

func isPathName(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

// name takes a name, which JSON paths of others write with dashes, too.
func (r *pathReader) name() string {
	n := 0
	for n < len(r.rest) && (isPathName(r.rest[n]) || r.rest[n] == '-' || r.rest[n] == '$') {
		n++
	}
	name := r.rest[:n]
	r.rest = r.rest[n:]
	return name
}

// text takes a text in double quotes.
func (r *pathReader) text() (string, bool) {
	if !strings.HasPrefix(r.space(), `"`) {
		return "", false
	}
	for i := 1; i < len(r.rest); i++ {
		switch r.rest[i] {
		case '\\':
			i++
		case '"':
			var s string
			if json.Unmarshal([]byte(r.rest[:i+1]), &s) != nil {
				return "", false
			}
			r.rest = r.rest[i+1:]
			return s, true
		}
	}
	return "", false
}

// path reads $ or @ and what follows.
func (r *pathReader) path() (*sqlPath, error) {
	p := &sqlPath{lax: r.lax, root: r.take("$")}
	if !p.root && !r.take("@") {
		return nil, r.bad("want $")
	}
	for {
		var a accessor
		var err error
		switch {
		case r.take("."):
			a, err = r.member()
		case r.take("["):
			a, err = r.subscripts()
		case r.take("?"):
			a, err = r.filter()
		default:
			return p, nil
		}
		if err != nil {
			return nil, err
		}
		p.all = append(p.all, a)
	}
}

// member reads .name, ."name", .* or .method().
func (r *pathReader) member() (accessor, error) {
	if r.take("*") {
		return func(p *sqlPath, _, v cloudtrail.Value, yield func(cloudtrail.Value)) {
			p.unwrap(v, func(e cloudtrail.Value) { e.Members(func(_ []byte, m cloudtrail.Value) bool { yield(m); return true }) })
		}, nil
	}
	name, quoted := r.text()
	if !quoted {
		name = r.name()
	}
	if !quoted && r.take("(") {
		if !r.take(")") {
			return nil, r.bad("methods here take no arguments")
		}
		return r.method(name)
	}
	if name == "" && !quoted {
		return nil, r.bad("want a member's name")
	}
	return func(p *sqlPath, _, v cloudtrail.Value, yield func(cloudtrail.Value)) {
		p.unwrap(v, func(e cloudtrail.Value) {
			if m := e.Get(name); e.Kind() == cloudtrail.Object && m.Exists() {
				yield(m)
			}
		})
	}, nil
}

// unwrap gives a value, or in lax mode the elements of an array.
func (p *sqlPath) unwrap(v cloudtrail.Value, yield func(cloudtrail.Value)) {
	if !p.lax || v.Kind() != cloudtrail.Array {
		yield(v)
		return
	}
	v.Elements(func(_ int, e cloudtrail.Value) bool { yield(e); return true })
}

func (r *pathReader) method(name string) (accessor, error) {
	number := map[string]func(float64) float64{"abs": math.Abs, "ceiling": math.Ceil, "floor": math.Floor, "double": func(f float64) float64 { return f }}
	switch change, ok := number[name]; {
	case ok:
		return func(p *sqlPath, _, v cloudtrail.Value, yield func(cloudtrail.Value)) {
			p.unwrap(v, func(e cloudtrail.Value) {
				if f, err := strconv.ParseFloat(string(e.Text(nil)), 64); err == nil {
					yield(cloudtrail.ValueOf(strconv.AppendFloat(nil, change(f), 'f', -1, 64)))
				}
			})
		}, nil
	case name == "size":
		return func(_ *sqlPath, _, v cloudtrail.Value, yield func(cloudtrail.Value)) {
			n := int64(1)
			if v.Kind() == cloudtrail.Array {
				n = members(v)
			}
			yield(cloudtrail.ValueOf(strconv.AppendInt(nil, n, 10)))
		}, nil
	case name == "type":
		return func(_ *sqlPath, _, v cloudtrail.Value, yield func(cloudtrail.Value)) {
			yield(cloudtrail.ValueOf([]byte(`"` + kindName(v) + `"`)))
		}, nil
	}
	return nil, r.bad("the method " + name + "() is not to be had here")
}

func kindName(v cloudtrail.Value) string {
	switch v.Kind() {
	case cloudtrail.Object:
		return "object"
	case cloudtrail.Array:
		return "array"
	case cloudtrail.String:
		return "string"
	case cloudtrail.Number:
		return "number"
	case cloudtrail.Bool:
		return "boolean"
	}
	return "null"
}

// span is a range of subscripts; one below zero counts from the last, which is -1.
type span struct{ from, to int }

// subscripts reads [*], [1, 3 to last], and what others write: ["name"].
func (r *pathReader) subscripts() (accessor, error) {
	if r.take("*") {
		if !r.take("]") {
			return nil, r.bad("want ]")
		}
		return func(p *sqlPath, _, v cloudtrail.Value, yield func(cloudtrail.Value)) {
			if v.Kind() == cloudtrail.Array {
				v.Elements(func(_ int, e cloudtrail.Value) bool { yield(e); return true })
			} else if p.lax {
				yield(v)
			}
		}, nil
	}
	var spans []span
	for {
		s, err := r.span()
		if err != nil {
			return nil, err
		}
		spans = append(spans, s)
		if !r.take(",") {
			break
		}
	}
	if !r.take("]") {
		return nil, r.bad("want ]")
	}
	return func(p *sqlPath, _, v cloudtrail.Value, yield func(cloudtrail.Value)) { p.elements(v, spans, yield) }, nil
}

func (r *pathReader) span() (s span, err error) {
	if s.from, err = r.subscript(); err != nil {
		return s, err
	}
	s.to = s.from
	if r.word("to") {
		s.to, err = r.subscript()
	}
	return s, err
}

func (r *pathReader) subscript() (int, error) {
	if r.word("last") {
		back := 0
		if r.take("-") {
			n, err := r.number()
			if err != nil {
				return 0, err
			}
			back = n
		}
		return -1 - back, nil
	}
	return r.number()
}

func (r *pathReader) number() (int, error) {
	n := 0
	for n < len(r.space()) && r.rest[n] >= '0' && r.rest[n] <= '9' {
		n++
	}
	i, err := strconv.Atoi(r.rest[:n])
	if err != nil || i > 1<<30 {
		return 0, r.bad("want a number")
	}
	r.rest = r.rest[n:]
	return i, nil
}

// elements gives those of the spans; in lax mode what is no array is one of itself.
func (p *sqlPath) elements(v cloudtrail.Value, spans []span, yield func(cloudtrail.Value)) {
	var all []cloudtrail.Value
	switch {
	case v.Kind() == cloudtrail.Array:
		v.Elements(func(_ int, e cloudtrail.Value) bool { all = append(all, e); return true })
	case p.lax:
		all = []cloudtrail.Value{v}
	}
	place := func(i int) int {
		if i < 0 {
			return len(all) + i
		}
		return i
	}
	for _, s := range spans {
		for i := max(place(s.from), 0); i <= place(s.to) && i < len(all); i++ {
			yield(all[i])
		}
	}
}

// filter reads ? (condition).
func (r *pathReader) filter() (accessor, error) {
	if !r.take("(") {
		return nil, r.bad("want (")
	}
	test, err := r.either()
	if err == nil && !r.take(")") {
		err = r.bad("want )")
	}
	return func(p *sqlPath, doc, v cloudtrail.Value, yield func(cloudtrail.Value)) {
		p.unwrap(v, func(e cloudtrail.Value) {
			if test(doc, e) {
				yield(e)
			}
		})
	}, err
}

// condition tells whether a value passes; what cannot be told does not.
type condition func(doc, v cloudtrail.Value) bool

// maxPathDepth bounds how deep conditions are nested.
const maxPathDepth = 50

func (r *pathReader) either() (condition, error) {
	if r.depth++; r.depth > maxPathDepth {
		return nil, r.bad("too deep")
	}
	defer func() { r.depth-- }()
	a, err := r.both()
	for err == nil && r.take("||") {
		var b condition
		left := a
		b, err = r.both()
		a = func(doc, v cloudtrail.Value) bool { return left(doc, v) || b(doc, v) }
	}
	return a, err
}

func (r *pathReader) both() (condition, error) {
	a, err := r.one()
	for err == nil && r.take("&&") {
		var b condition
		left := a
		b, err = r.one()
		a = func(doc, v cloudtrail.Value) bool { return left(doc, v) && b(doc, v) }
	}
	return a, err
}

func (r *pathReader) one() (condition, error) {
	switch {
	case r.take("!"):
		c, err := r.bracketed()
		return func(doc, v cloudtrail.Value) bool { return !c(doc, v) }, err
	case r.word("exists"):
		if !r.take("(") {
			return nil, r.bad("want (")
		}
		p, err := r.path()
		if err == nil && !r.take(")") {
			err = r.bad("want )")
		}
		return func(doc, v cloudtrail.Value) bool { return len(p.eval(doc, v)) > 0 }, err
	case strings.HasPrefix(r.space(), "("):
		return r.bracketed()
	}
	return r.comparison()
}

func (r *pathReader) bracketed() (condition, error) {
	if r.word("exists") {
		r.rest = "exists" + r.rest
		return r.one()
	}
	if !r.take("(") {
		return nil, r.bad("want (")
	}
	c, err := r.either()
	if err == nil && !r.take(")") {
		err = r.bad("want )")
	}
	return c, err
}

// operand reads a path or a constant.
func (r *pathReader) operand() (func(doc, v cloudtrail.Value) []cloudtrail.Value, error) {
	if c := r.space(); strings.HasPrefix(c, "$") || strings.HasPrefix(c, "@") {
		p, err := r.path()
		return func(doc, v cloudtrail.Value) (all []cloudtrail.Value) {
			for _, e := range p.eval(doc, v) {
				p.unwrap(e, func(x cloudtrail.Value) { all = append(all, x) })
			}
			return all
		}, err
	}
	raw := ""
	if s, ok := r.text(); ok {
		b, err := json.Marshal(s)
		if err != nil {
			return nil, err
		}
		raw = string(b)
	} else {
		n := strings.IndexFunc(r.space(), func(c rune) bool { return c > 0x7f || !isPathName(byte(c)) && c != '.' && c != '-' && c != '+' })
		if n < 0 {
			n = len(r.rest)
		}
		raw, r.rest = r.rest[:n], r.rest[n:]
	}
	if !json.Valid([]byte(raw)) {
		return nil, r.bad("want @, $ or a constant")
	}
	constant := []cloudtrail.Value{cloudtrail.ValueOf([]byte(raw))}
	return func(_, _ cloudtrail.Value) []cloudtrail.Value { return constant }, nil
}

// comparison reads a == b, and tests of texts.
func (r *pathReader) comparison() (condition, error) {
	left, err := r.operand()
	if err != nil {
		return nil, err
	}
	switch {
	case r.word("starts"):
		if !r.word("with") {
			return nil, r.bad("want starts with")
		}
		return r.textTest(left, func(s string) (func(string) bool, error) {
			return func(t string) bool { return strings.HasPrefix(t, s) }, nil
		})
	case r.word("like_regex"):
		return r.textTest(left, func(s string) (func(string) bool, error) {
			re, err := re2.Compile(s, false)
			if err != nil {
				return nil, err
			}
			return re.MatchString, nil
		})
	}
	for _, op := range []string{"==", "!=", "<>", "<=", ">=", "<", ">"} {
		if !r.take(op) {
			continue
		}
		right, err := r.operand()
		return func(doc, v cloudtrail.Value) bool {
			others := right(doc, v)
			return slices.ContainsFunc(left(doc, v), func(a cloudtrail.Value) bool {
				return slices.ContainsFunc(others, func(b cloudtrail.Value) bool { return compares(a, op, b) })
			})
		}, err
	}
	return nil, r.bad("want a comparison")
}

// textTest reads the text that a test of texts is made of.
func (r *pathReader) textTest(left func(doc, v cloudtrail.Value) []cloudtrail.Value, make func(string) (func(string) bool, error)) (condition, error) {
	s, ok := r.text()
	if !ok {
		return nil, r.bad("want a text in double quotes")
	}
	test, err := make(s)
	if err != nil {
		return nil, err
	}
	return func(doc, v cloudtrail.Value) bool {
		return slices.ContainsFunc(left(doc, v), func(e cloudtrail.Value) bool { return e.Kind() == cloudtrail.String && test(string(e.Text(nil))) })
	}, nil
}

// compares tells whether a op b; values of different types compare with nothing.
func compares(a cloudtrail.Value, op string, b cloudtrail.Value) bool {
	if a.Kind() != b.Kind() || a.Kind() == cloudtrail.Object || a.Kind() == cloudtrail.Array {
		return false
	}
	x, y := string(a.Text(nil)), string(b.Text(nil))
	order := strings.Compare(x, y)
	if a.Kind() == cloudtrail.Number {
		f, err := strconv.ParseFloat(x, 64)
		g, other := strconv.ParseFloat(y, 64)
		if err != nil || other != nil {
			return false
		}
		order = int(math.Copysign(1, f-g))
		if f == g {
			order = 0
		}
	}
	switch op {
	case "==":
		return order == 0
	case "!=", "<>":
		return order != 0
	case "<":
		return order < 0
	case "<=":
		return order <= 0
	case ">":
		return order > 0
	}
	return order >= 0
}

package athenasql

import (
	"fmt"
	"slices"
	"strings"

	"github.com/trailwarden/trailwarden/internal/nearest"
)

// function is how a Trino function is written for the engine.
type function struct {
	min, max int // arguments; max -1 means any number
	// template is the text with $1 … for the arguments, $* for all of them and
	// $t1 for the first as text.
	template string
	// write is for what a template cannot do.
	write func(c *callSite) (string, typ, error)
	// result is the type of the result; from says it by the arguments' types.
	result typ
	from   func(args []typ) typ
	// aggregate marks functions of many rows, window those that need OVER.
	aggregate, window bool
	// bare marks a function that is called without brackets.
	bare bool
	// clock marks a function that is given what clocks in a time's zone show.
	clock bool
	// refused is why a function that Athena has cannot be had here.
	refused string
}

// callSite is a call with its arguments written.
type callSite struct {
	t     *translator
	s     *scope
	x     *call
	args  []string
	types []typ
}

func (c *callSite) errorf(code, format string, args ...any) error {
	return &syntaxError{at: c.x.at, code: code, message: c.x.name + ": " + fmt.Sprintf(format, args...)}
}

// literal is the text of argument i when it is written as a text.
func (c *callSite) literal(i int) (string, bool) {
	if i < len(c.x.args) {
		if l, ok := c.x.args[i].(*literal); ok && l.kind == litString {
			return l.text, true
		}
	}
	return "", false
}

func (t *translator) call(x *call, s *scope) (string, typ, error) {
	f, ok := t.fn[x.name]
	switch {
	case !ok:
		return "", typ{}, t.noFunction(x)
	case f.refused != "":
		return "", typ{}, &syntaxError{at: x.at, code: codeRefused, message: x.name + ": " + f.refused}
	case x.star && x.name != "count":
		return "", typ{}, &syntaxError{at: x.at, code: codeArguments, message: x.name + "(*): only count takes a star"}
	case !x.star && (len(x.args) < f.min || f.max >= 0 && len(x.args) > f.max):
		return "", typ{}, &syntaxError{at: x.at, code: codeArguments, message: fmt.Sprintf("%s takes %s, not %d", x.name, arity(f), len(x.args))}
	case !f.aggregate && !f.window && (x.distinct || x.filter != nil || len(x.orderBy) > 0 || len(x.within) > 0 || x.over != nil):
		return "", typ{}, &syntaxError{at: x.at, code: codeArguments, message: x.name + " is a function of one row: no DISTINCT, FILTER, ORDER BY or OVER"}
	}
	c := &callSite{t: t, s: s, x: x}
	for _, a := range x.args {
		text, kind, err := "", typ{}, error(nil)
		if _, ok := a.(*lambda); !ok {
			text, kind, err = t.expr(a, s)
		}
		if err != nil {
			return "", typ{}, err
		}
		if f.clock && kind.zone != "" {
			text, kind = inZone(kind, text), of(timestamp)
		}
		c.args, c.types = append(c.args, text), append(c.types, kind)
	}
	if help, ok := noText[x.name]; ok && first(c.types).kind == varchar {
		return "", typ{}, &syntaxError{at: x.at, code: codeArguments, message: x.name + " does not take a text", help: help}
	}
	if f.aggregate || f.window {
		return c.many(f)
	}
	return c.one(f)
}

// noText are functions whose first argument is no text, with what makes of one what
// they take.
var noText = map[string]string{
	"md5": "md5(to_utf8(text))", "sha1": "sha1(to_utf8(text))", "sha256": "sha256(to_utf8(text))", "sha512": "sha512(to_utf8(text))",
	"crc32": "crc32(to_utf8(text))", "to_hex": "to_hex(to_utf8(text))", "to_base64": "to_base64(to_utf8(text))", "to_base32": "to_base32(to_utf8(text))",
	"to_base64url": "to_base64url(to_utf8(text))", "from_utf8": "from_utf8(from_base64(text))", "json_format": "json_format(json_parse(text))",
	"hmac_md5": "hmac_md5(to_utf8(text), key)", "hmac_sha1": "hmac_sha1(to_utf8(text), key)", "hmac_sha256": "hmac_sha256(to_utf8(text), key)",
	"hmac_sha512": "hmac_sha512(to_utf8(text), key)",
}

func arity(f function) string {
	switch {
	case f.max < 0:
		return fmt.Sprintf("at least %d arguments", f.min)
	case f.min == f.max:
		return fmt.Sprintf("%d arguments", f.min)
	}
	return fmt.Sprintf("%d to %d arguments", f.min, f.max)
}

func (t *translator) noFunction(x *call) error {
	if strings.HasPrefix(x.name, "st_") {
		return &syntaxError{at: x.at, code: codeRefused, message: x.name + ": geometry is not to be had here; --engine athena has it"}
	}
	e := &syntaxError{at: x.at, code: codeFunction, message: fmt.Sprintf("Athena has no function %s", x.name)}
	if other, ok := notTrino[x.name]; ok {
		e.help = other
		return e
	}
	names := make([]string, 0, len(t.fn))
	for name := range t.fn {
		names = append(names, name)
	}
	slices.Sort(names)
	e.help = nearest.Of(x.name, names)
	return e
}

// notTrino are functions of other systems that people reach for.
var notTrino = map[string]string{
	"get_json_object": "json_extract_scalar(text, '$.path')", "to_timestamp": "from_iso8601_timestamp(text) or date_parse(text, format)",
	"unix_timestamp": "to_unixtime(timestamp)", "datediff": "date_diff('day', a, b)", "dateadd": "date_add('day', n, t)", "instr": "strpos(text, part)",
	"nvl": "coalesce(a, b)", "ifnull": "coalesce(a, b)", "isnull": "x IS NULL", "len": "length(text)", "group_concat": "array_join(array_agg(x), ',')",
	"string_agg": "listagg(x, ',') WITHIN GROUP (ORDER BY x)", "collect_list": "array_agg(x)", "collect_set": "array_agg(DISTINCT x)", "size": "cardinality(x)",
	"rlike": "regexp_like(text, pattern)", "regexp_matches": "regexp_like(text, pattern)", "to_date": "date(text)", "getdate": "current_timestamp",
	"left": "substr(text, 1, n)", "right": "substr(text, -n)", "strftime": "date_format(t, format)", "explode": "CROSS JOIN UNNEST(array) AS t(x)",
	"array_contains": "contains(array, x)", "list": "array_agg(x)",
}

// fill puts the arguments into a template.
func (c *callSite) fill(template string) string {
	var b strings.Builder
	for i := 0; i < len(template); i++ {
		if template[i] != '$' || i+1 == len(template) {
			b.WriteByte(template[i])
			continue
		}
		i++
		switch d := template[i]; d {
		case '*':
			b.WriteString(strings.Join(c.args, ", "))
		case 't':
			i++
			b.WriteString("CAST(" + c.args[template[i]-'1'] + " AS VARCHAR)")
		default:
			b.WriteString(c.args[d-'1'])
		}
	}
	return b.String()
}

func (c *callSite) one(f function) (string, typ, error) {
	if f.write != nil {
		return f.write(c)
	}
	return c.fill(f.template), c.kind(f), nil
}

func (c *callSite) kind(f function) typ {
	if f.from != nil {
		return f.from(c.types)
	}
	return f.result
}

// many writes an aggregate or window function.
func (c *callSite) many(f function) (string, typ, error) {
	for _, a := range c.x.args {
		if inner := c.t.aggregate(a); inner != nil && f.aggregate && c.x.over == nil {
			return "", typ{}, &syntaxError{at: inner.at, code: codeArguments, message: "Cannot nest aggregations inside aggregation '" + c.x.name + "'", help: "a query around the inner one"}
		}
	}
	if f.write != nil {
		return f.write(c)
	}
	name := f.template
	if name == "" {
		name = c.x.name
	}
	text, err := c.aggregate(name, c.args)
	return text, c.kind(f), err
}

// aggregate writes name(args) with DISTINCT, ORDER BY, FILTER and OVER.
func (c *callSite) aggregate(name string, args []string) (string, error) {
	var b strings.Builder
	b.WriteString(name + "(")
	if c.x.distinct {
		b.WriteString("DISTINCT ")
	}
	b.WriteString(strings.Join(args, ", "))
	if c.x.star {
		b.WriteString("*")
	}
	order := c.x.orderBy
	if len(order) == 0 {
		order = c.x.within
	}
	if len(order) > 0 {
		keys, err := c.t.sortKeys(order, c.s)
		if err != nil {
			return "", err
		}
		b.WriteString(" ORDER BY " + keys)
	}
	if len(c.x.orderBy) > 0 && c.x.over != nil {
		c.t.warn(c.x.at, codeNotAthena, "ORDER BY in the arguments of a function with OVER, which Athena does not take")
	}
	if c.x.nulls == "IGNORE NULLS" {
		b.WriteString(" IGNORE NULLS")
	}
	b.WriteString(")")
	suffix, err := c.suffix()
	return b.String() + suffix, err
}

// suffix writes FILTER and OVER.
func (c *callSite) suffix() (string, error) {
	var text string
	if c.x.filter != nil {
		if c.x.over != nil {
			c.t.warn(c.x.at, codeNotAthena, "FILTER with OVER, which Athena does not take: count_if(condition) OVER, or sum(CASE WHEN condition THEN x END) OVER")
		}
		x, _, err := c.t.expr(c.x.filter, c.s)
		if err != nil {
			return "", err
		}
		text += " FILTER (WHERE " + x + ")"
	}
	if c.x.over != nil {
		spec, err := c.t.window(c.x.over, c.s)
		if err != nil {
			return "", err
		}
		text += " OVER " + spec
	}
	return text, nil
}

func (t *translator) window(w *window, s *scope) (string, error) {
	if w.name != "" {
		return quoteName(w.name), nil
	}
	var parts []string
	if w.base != "" {
		parts = append(parts, quoteName(w.base))
	}
	if len(w.partition) > 0 {
		elems, err := t.list(w.partition, s)
		if err != nil {
			return "", err
		}
		parts = append(parts, "PARTITION BY "+elems)
	}
	if len(w.orderBy) > 0 {
		keys, err := t.sortKeys(w.orderBy, &scope{outer: s})
		if err != nil {
			return "", err
		}
		parts = append(parts, "ORDER BY "+keys)
	}
	for _, f := range w.frame {
		word := f.word
		if f.x != nil {
			var err error
			if word, _, err = t.expr(f.x, s); err != nil {
				return "", err
			}
		}
		parts = append(parts, word)
	}
	return "(" + strings.Join(parts, " ") + ")", nil
}

// lambda writes argument i, which must be a lambda, with parameters of the given
// types. as, when set, is what each parameter is written as.
func (c *callSite) lambda(i int, types []typ, as []string) (params []string, body string, kind typ, err error) {
	l, ok := c.x.args[i].(*lambda)
	if !ok || len(l.params) != len(types) {
		return nil, "", typ{}, c.errorf(codeArguments, "argument %d must be a lambda with %d parameters, such as x -> x > 1", i+1, len(types))
	}
	in := &scope{outer: c.s, lambda: map[string]typ{}, rename: map[string]string{}}
	for j, p := range l.params {
		name := strings.ToLower(p.text)
		in.lambda[name] = types[j]
		params = append(params, quoteName(p.text))
		if as != nil {
			in.rename[name] = as[j]
		}
	}
	body, kind, err = c.t.expr(l.body, in)
	return params, body, kind, err
}

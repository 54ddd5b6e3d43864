package athenasql

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/trailwarden/trailwarden/internal/re2"
)

// onText writes a function of a text that gives a text.
func onText(template string) func(*callSite) (string, typ, error) {
	return func(c *callSite) (string, typ, error) {
		switch c.types[0].kind {
		case varchar, unknown:
		case rowKind, arrayKind, mapKind, jsonKind:
			return "", typ{}, c.errorf(codeArguments, "takes a text, not a %s", c.types[0])
		default:
			c.t.warn(c.x.at, codeImplicit, "%s of a %s: Athena wants CAST(… AS varchar)", c.x.name, c.types[0])
			c.args[0] = "CAST(" + c.args[0] + " AS VARCHAR)"
		}
		return c.fill(template), of(varchar), nil
	}
}

func lengthOf(c *callSite) (string, typ, error) {
	if c.types[0].kind == varbinary {
		return c.fill("octet_length($1)"), of(integer), nil
	}
	text, _, err := onText("length($1)")(c)
	return text, of(integer), err
}

func reverse(c *callSite) (string, typ, error) {
	if c.types[0].kind == arrayKind {
		return c.fill("list_reverse($1)"), c.types[0], nil
	}
	return onText("reverse($1)")(c)
}

func strpos(c *callSite) (string, typ, error) {
	if len(c.args) == 3 {
		return c.fill("ct_strpos($1, $2, CAST($3 AS BIGINT))"), of(integer), nil
	}
	return c.fill("strpos($1, $2)"), of(integer), nil
}

func replace(c *callSite) (string, typ, error) {
	if len(c.args) == 2 {
		return c.fill("replace($1, $2, '')"), of(varchar), nil
	}
	return c.fill("replace($*)"), of(varchar), nil
}

// substr counts from one; zero is no place, and gives an empty text.
func substr(c *callSite) (string, typ, error) {
	if l, ok := c.x.args[1].(*literal); ok && l.kind == litInteger && l.text != "0" {
		return c.fill("substr($*)"), of(varchar), nil
	}
	return c.fill("CASE WHEN $2 = 0 THEN '' ELSE substr($*) END"), of(varchar), nil
}

// concat is NULL when any part is, which || is in both.
func concat(c *callSite) (string, typ, error) {
	result := of(varchar)
	for i, k := range c.types {
		switch k.kind {
		case arrayKind:
			result = k
		case varchar, unknown:
		default:
			c.t.warn(c.x.at, codeImplicit, "concat of a %s: Athena wants CAST(… AS varchar)", k)
			c.args[i] = "CAST(" + c.args[i] + " AS VARCHAR)"
		}
	}
	return "(" + strings.Join(c.args, " || ") + ")", result, nil
}

func concatWS(c *callSite) (string, typ, error) {
	if len(c.args) == 2 && c.types[1].kind == arrayKind {
		return c.fill("array_to_string($2, $1)"), of(varchar), nil
	}
	return c.fill("concat_ws($*)"), of(varchar), nil
}

func split(c *callSite) (string, typ, error) {
	if len(c.args) == 3 {
		return c.fill("ct_split($1, $2, $3)"), arrayOf(of(varchar)), nil
	}
	return c.fill("string_split($1, $2)"), arrayOf(of(varchar)), nil
}

// format writes Java's format; texts are made of what %s takes.
func format(c *callSite) (string, typ, error) {
	pattern, ok := c.literal(0)
	if !ok {
		return "", typ{}, c.errorf(codeRefused, "the format must be written in the query")
	}
	n := 0
	for i := 0; i < len(pattern); i++ {
		if pattern[i] != '%' {
			continue
		}
		for i++; i < len(pattern) && strings.IndexByte("0123456789.-+ ,", pattern[i]) >= 0; i++ {
		}
		switch {
		case i == len(pattern) || strings.IndexByte("sdfxX%", pattern[i]) < 0:
			return "", typ{}, c.errorf(codeFormat, "of Java's formats %%s, %%d, %%f and %%x are to be had")
		case pattern[i] == '%':
			continue
		}
		if n++; n < len(c.args) && pattern[i] == 's' {
			c.args[n] = toText(c.args[n], c.types[n])
		}
	}
	return c.fill("printf($*)"), of(varchar), nil
}

// namedGroup is (?<name>, which the engine takes with a P only.
var namedGroup = re2.Own(`((?:^|[^\\])(?:\\\\)*)\(\?<([A-Za-z])`)

// checkPattern refuses what RE2 does not have.
func (c *callSite) checkPattern(i int) error {
	text, ok := c.literal(i)
	if !ok {
		return nil
	}
	if _, err := re2.Compile(text, false); err != nil {
		return c.errorf(codePattern, "%v", err)
	}
	c.args[i] = quoteText(namedGroup.ReplaceAllString(text, "${1}(?P<$2"))
	return nil
}

// pattern writes a function whose second argument is a regular expression;
// without a template it is regexp_extract.
func pattern(template string, result typ) func(*callSite) (string, typ, error) {
	return func(c *callSite) (string, typ, error) {
		if err := c.checkPattern(1); err != nil {
			return "", typ{}, err
		}
		if template != "" {
			return c.fill(template), result, nil
		}
		if len(c.args) == 2 {
			c.args = append(c.args, "0")
		}
		return c.fill("CASE WHEN regexp_matches($1, $2) THEN regexp_extract($1, $2, $3) END"), result, nil
	}
}

// regexpReplace replaces all matches; groups are $1 on Athena and \1 here.
func regexpReplace(c *callSite) (string, typ, error) {
	if err := c.checkPattern(1); err != nil {
		return "", typ{}, err
	}
	if len(c.args) == 2 {
		return c.fill("regexp_replace($1, $2, '', 'g')"), of(varchar), nil
	}
	if _, ok := c.x.args[2].(*lambda); ok {
		return "", typ{}, c.errorf(codeRefused, "a lambda as replacement is not to be had here")
	}
	text, ok := c.literal(2)
	if !ok {
		return c.fill(`regexp_replace($1, $2, replace(replace($3, '\', '\\'), '$', '\'), 'g')`), of(varchar), nil
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		switch next := i + 1; {
		case text[i] == '\\' && next < len(text): // Java takes the next one as it is
			i++
			b.WriteString(either(text[i] == '\\', `\\`, string(text[i])))
		case text[i] == '$' && next < len(text) && text[next] >= '0' && text[next] <= '9':
			i++
			b.WriteString(`\` + string(text[i]))
		case strings.HasPrefix(text[i:], "${"):
			n, end := c.group(text[i+2:])
			if n < 0 {
				return "", typ{}, c.errorf(codePattern, "the pattern has no group of that name: %s", text[i:])
			}
			b.WriteString(`\` + strconv.Itoa(n))
			i += 2 + end
		case text[i] == '$':
			return "", typ{}, c.errorf(codePattern, "a $ in a replacement is followed by a group's number or {name}")
		default:
			b.WriteByte(text[i])
		}
	}
	c.args[2] = quoteText(b.String())
	return c.fill("regexp_replace($1, $2, $3, 'g')"), of(varchar), nil
}

// group is the number of the group that the replacement names, up to a brace at
// end; -1 when the pattern has none.
func (c *callSite) group(rest string) (n, end int) {
	name, _, ok := strings.Cut(rest, "}")
	text, isText := c.literal(1)
	re, err := re2.Compile(text, false)
	if !ok || !isText || err != nil {
		return -1, 0
	}
	return re.SubexpIndex(name), len(name)
}

func ifElse(c *callSite) (string, typ, error) {
	other := "NULL"
	if len(c.args) == 3 {
		other = c.args[2]
	}
	return c.fill("CASE WHEN $1 THEN $2 ELSE ") + other + " END", known(c.types[1:]), nil
}

// extreme is greatest and least, which are NULL when an argument is.
func extreme(name string) func(*callSite) (string, typ, error) {
	return func(c *callSite) (string, typ, error) {
		null := make([]string, len(c.args))
		for i, a := range c.args {
			null[i] = a + " IS NULL"
		}
		return "CASE WHEN " + strings.Join(null, " OR ") + " THEN NULL ELSE " + name + "(" + strings.Join(c.args, ", ") + ") END", known(c.types), nil
	}
}

func random(c *callSite) (string, typ, error) {
	switch len(c.args) {
	case 0:
		return "random()", of(double), nil
	case 1:
		return c.fill("CAST(floor(random() * $1) AS BIGINT)"), of(integer), nil
	}
	return c.fill("CAST($1 + floor(random() * ($2 - $1)) AS BIGINT)"), of(integer), nil
}

func typeOf(c *callSite) (string, typ, error) {
	if k := c.types[0]; k.kind != unknown && k.kind != integer && k.kind != double && k.kind != decimal {
		return quoteText(k.String()), of(varchar), nil
	}
	return c.fill("ct_typeof(typeof($1))"), of(varchar), nil
}

// jsonPath checks a path that is written in the query.
func jsonPath(template string, result typ) func(*callSite) (string, typ, error) {
	return func(c *callSite) (string, typ, error) {
		if k := c.types[0].kind; k == rowKind || k == arrayKind || k == mapKind {
			return "", typ{}, c.errorf(codeArguments, "takes a text or JSON, not a %s: its fields are written with dots", c.types[0])
		}
		if path, ok := c.literal(1); ok && !strings.HasPrefix(path, "$") && path != "" {
			c.t.warn(c.x.at, codeNotAthena, "the path %s does not begin with $", path)
		}
		return c.fill(template), result, nil
	}
}

func jsonContains(c *callSite) (string, typ, error) {
	return c.fill("ct_json_array_contains($t1, ") + "CAST(to_json(" + c.args[1] + ") AS VARCHAR))", of(boolean), nil
}

func cardinality(c *callSite) (string, typ, error) {
	if c.types[0].kind == mapKind {
		return c.fill("CAST(cardinality($1) AS BIGINT)"), of(integer), nil
	}
	return c.fill("len($1)"), of(integer), nil
}

func elementAt(c *callSite) (string, typ, error) {
	elem := c.types[0].elemType()
	return "(" + c.args[0] + ")[" + c.args[1] + "]", elem, nil
}

func contains(c *callSite) (string, typ, error) {
	if c.types[1].kind == ipaddress {
		return c.fill("ct_cidr_contains($1, $2)"), of(boolean), nil
	}
	if c.types[0].kind == varchar {
		return "", typ{}, c.errorf(codeArguments, "takes an array; for a text: strpos(text, part) > 0")
	}
	return c.fill("list_contains($1, $2)"), of(boolean), nil
}

func arrayJoin(c *callSite) (string, typ, error) {
	list := c.fill("list_transform($1, ct_e -> CAST(ct_e AS VARCHAR))")
	if len(c.args) == 3 {
		list = c.fill("list_transform($1, ct_e -> coalesce(CAST(ct_e AS VARCHAR), $3))")
	}
	return "coalesce(array_to_string(" + list + ", " + c.args[1] + "), CASE WHEN " + c.args[0] + " IS NOT NULL THEN '' END)", of(varchar), nil
}

func sequence(c *callSite) (string, typ, error) {
	k := c.types[0]
	if !k.isTime() {
		return c.fill("generate_series($*)"), arrayOf(of(integer)), nil
	}
	if len(c.args) == 2 {
		c.args = append(c.args, "INTERVAL '1 day'")
	}
	if k.kind == date {
		return c.fill("list_transform(generate_series(CAST($1 AS TIMESTAMP), CAST($2 AS TIMESTAMP), $3), ct_e -> CAST(ct_e AS DATE))"), arrayOf(k), nil
	}
	return c.fill("generate_series($*)"), arrayOf(k), nil
}

func filterArray(c *callSite) (string, typ, error) {
	p, body, _, err := c.lambda(1, []typ{c.types[0].elemType()}, nil)
	if err != nil {
		return "", typ{}, err
	}
	return "list_filter(" + c.args[0] + ", " + p[0] + " -> " + body + ")", c.types[0], nil
}

func transform(c *callSite) (string, typ, error) {
	p, body, kind, err := c.lambda(1, []typ{c.types[0].elemType()}, nil)
	if err != nil {
		return "", typ{}, err
	}
	return "list_transform(" + c.args[0] + ", " + p[0] + " -> " + body + ")", arrayOf(kind), nil
}

// match writes any_match and its like: %s is the list of truths, then the array.
func match(template string) func(*callSite) (string, typ, error) {
	return func(c *callSite) (string, typ, error) {
		list, _, err := transform(c)
		if err != nil {
			return "", typ{}, err
		}
		return "(" + fmt.Sprintf(template, list, c.args[0]) + ")", of(boolean), nil
	}
}

// reduce writes reduce(array, start, (s, x) -> …, s -> …). The engine's own folds
// elements of the type of its state only, so each element brings a state along.
func reduce(c *callSite) (string, typ, error) {
	state := c.types[1]
	_, body, kind, err := c.lambda(2, []typ{state, c.types[0].elemType()}, []string{"ct_s.s", "ct_x.x"})
	if err != nil {
		return "", typ{}, err
	}
	start := c.args[1]
	if engine := engineName(state); engine != "" {
		start, body = "CAST("+start+" AS "+engine+")", "CAST("+body+" AS "+engine+")"
	}
	elems := "list_transform(" + c.args[0] + ", ct_e -> struct_pack(s := " + start + ", x := ct_e))"
	folded := "(list_reduce(" + elems + ", (ct_s, ct_x) -> struct_pack(s := " + body + ", x := ct_x.x), struct_pack(s := " + start + ", x := (" + c.args[0] + ")[1]))).s"
	if kind.kind == unknown {
		kind = state
	}
	_, out, kind, err := c.lambda(3, []typ{kind}, []string{folded})
	return out, kind, err
}

// engineName is the type in the embedded engine; empty when it is not known.
func engineName(t typ) string {
	switch t.kind {
	case varchar, ipaddress:
		return "VARCHAR"
	case integer:
		return "BIGINT"
	case double, decimal:
		return "DOUBLE"
	case boolean:
		return "BOOLEAN"
	case date:
		return "DATE"
	case timestamp:
		return "TIMESTAMP"
	case timestampTZ:
		return "TIMESTAMPTZ"
	case arrayKind:
		if elem := engineName(t.elemType()); elem != "" {
			return elem + "[]"
		}
	case rowKind:
		parts := make([]string, len(t.fields))
		for i, f := range t.fields {
			engine := engineName(f.typ)
			if engine == "" {
				return ""
			}
			parts[i] = quoteName(f.name) + " " + engine
		}
		return "STRUCT(" + strings.Join(parts, ", ") + ")"
	}
	return ""
}

// arraySort sorts; with a comparator by how many elements come before each.
func arraySort(c *callSite) (string, typ, error) {
	if len(c.args) == 1 {
		return c.fill("list_sort($1, 'ASC', 'NULLS LAST')"), c.types[0], nil
	}
	elem := c.types[0].elemType()
	_, before, _, err := c.lambda(1, []typ{elem, elem}, []string{"ct_y", "ct_x"})
	ranked := "list_transform(" + c.args[0] + ", (ct_x, ct_i) -> struct_pack(r := len(list_filter(" + c.args[0] + ", ct_y -> (" + before + ") < 0)), i := ct_i, x := ct_x))"
	return "list_transform(list_sort(" + ranked + "), ct_e -> ct_e.x)", c.types[0], err
}

func zipWith(c *callSite) (string, typ, error) {
	_, body, kind, err := c.lambda(2, []typ{c.types[0].elemType(), c.types[1].elemType()}, []string{"ct_e[1]", "ct_e[2]"})
	return "list_transform(list_zip(" + c.args[0] + ", " + c.args[1] + "), ct_e -> " + body + ")", arrayOf(kind), err
}

// mapLambda writes a lambda of key and value over a map's entries.
func mapLambda(template string) func(*callSite) (string, typ, error) {
	return func(c *callSite) (string, typ, error) {
		_, body, _, err := c.lambda(1, []typ{keyOf(c.types[0]), c.types[0].elemType()}, []string{"ct_e.key", "ct_e.value"})
		if err != nil {
			return "", typ{}, err
		}
		return fmt.Sprintf(template, c.args[0], body), c.types[0], nil
	}
}

func makeMap(c *callSite) (string, typ, error) {
	if len(c.args) == 0 {
		return "MAP {}", mapOf(typ{}, typ{}), nil
	}
	if len(c.args) == 1 {
		return "", typ{}, c.errorf(codeArguments, "takes an array of keys and an array of values")
	}
	return c.fill("map($1, $2)"), mapOf(c.types[0].elemType(), c.types[1].elemType()), nil
}

// mapAgg keeps one value for each key, as Trino does; the engine's own map
// refuses a key that comes twice.
func mapAgg(c *callSite) (string, typ, error) {
	text, err := c.aggregate("list", []string{c.fill("struct_pack(k := $1, v := $2)")})
	return "ct_map_of(" + text + ")", mapOf(c.types[0], c.types[1]), err
}

// multimapAgg keeps all values of each key.
func multimapAgg(c *callSite) (string, typ, error) {
	text, err := c.aggregate("list", []string{c.fill("struct_pack(k := $1, v := $2)")})
	return "ct_multimap_of(" + text + ")", mapOf(c.types[0], arrayOf(c.types[1])), err
}

func mapUnion(c *callSite) (string, typ, error) {
	text, err := c.aggregate("list", c.args)
	return "ct_map_of(list_transform(flatten(list_transform(" + text + ", ct_m -> map_entries(ct_m))), ct_e -> struct_pack(k := ct_e.key, v := ct_e.value)))", c.types[0], err
}

// mostFrequent is exact, which is within every bound of the approximation.
func mostFrequent(c *callSite) (string, typ, error) {
	c.t.warn(c.x.at, codeExact, "approx_most_frequent is exact here")
	text, err := c.aggregate("histogram", c.args[1:2])
	return "ct_top(map_entries(" + text + "), CAST(" + c.args[0] + " AS BIGINT))", mapOf(c.types[1], of(integer)), err
}

func setAgg(c *callSite) (string, typ, error) {
	c.x.distinct = true
	text, err := c.aggregate("list", c.args)
	return text, arrayOf(c.types[0]), err
}

func listagg(c *callSite) (string, typ, error) {
	if len(c.args) == 1 {
		c.args = append(c.args, "''")
	}
	text, err := c.aggregate("string_agg", c.args)
	return text, of(varchar), err
}

// approxDistinct counts exactly: the exact number is within every error bound.
func approxDistinct(c *callSite) (string, typ, error) {
	c.t.warn(c.x.at, codeExact, "approx_distinct is counted exactly; on Athena it may be off by about 2.3 %%")
	c.x.distinct = true
	text, err := c.aggregate("count", c.args[:1])
	return text, of(integer), err
}

func approxPercentile(c *callSite) (string, typ, error) {
	if len(c.args) > 2 {
		return "", typ{}, c.errorf(codeRefused, "weights are not to be had here")
	}
	c.t.warn(c.x.at, codeExact, "approx_percentile is exact here")
	result := c.types[0]
	if c.types[1].kind == arrayKind {
		result = arrayOf(result)
	}
	text, err := c.aggregate("quantile_disc", c.args)
	return text, result, err
}

// number is argument i when it is a whole number written in the query.
func (c *callSite) number(i int) (int, bool) {
	x, sign := c.x.args[i], 1
	if u, ok := x.(*unary); ok && u.op == "-" {
		x, sign = u.x, -1
	}
	l, ok := x.(*literal)
	if !ok {
		return 0, false
	}
	n, err := strconv.Atoi(l.text)
	return sign * n, err == nil
}

package athenasql

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/trailwarden/trailwarden/query/trino"
)

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
		if kind := known(c.types); name == "greatest" && kind.kind == double {
			for i, a := range c.args {
				c.args[i] = "CASE WHEN NOT isnan(" + a + "::DOUBLE) THEN " + a + " END"
			}
			return "CASE WHEN " + strings.Join(null, " OR ") + " THEN NULL ELSE coalesce(greatest(" + strings.Join(c.args, ", ") + "), 'NaN'::DOUBLE) END", kind, nil
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
	if text, ok := c.literal(0); ok {
		return quoteText(fmt.Sprintf("varchar(%d)", utf8.RuneCountInString(text))), of(varchar), nil
	}
	if x, ok := c.x.args[0].(*cast); ok && x.to.name == "varchar" && len(x.to.number) == 1 {
		return quoteText("varchar(" + x.to.number[0] + ")"), of(varchar), nil
	}
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
		if path, ok := c.literal(1); ok {
			if err := trino.PathError(path); err != nil {
				return "", typ{}, c.errorf(codeArguments, "%v", err)
			}
		}
		return c.fill(template), result, nil
	}
}

func jsonContains(c *callSite) (string, typ, error) {
	return c.fill("ct_json_array_contains($t1, ") + "CAST(to_json(" + c.args[1] + ") AS VARCHAR))", of(boolean), nil
}

func cardinality(c *callSite) (string, typ, error) {
	if err := c.wantsMany(); err != nil {
		return "", typ{}, err
	}
	if c.types[0].kind == mapKind {
		return c.fill("CAST(cardinality($1) AS BIGINT)"), of(integer), nil
	}
	return c.fill("len($1)"), of(integer), nil
}

// wantsMany refuses what is neither an array nor a map.
func (c *callSite) wantsMany() error {
	switch k := c.types[0]; k.kind {
	case arrayKind, mapKind, unknown:
		return nil
	case rowKind:
		return c.errorf(codeArguments, "takes an array or a map, not a row: its fields are written with dots")
	default:
		return c.errorf(codeArguments, "takes an array or a map, not a %s; of JSON: CAST(json_parse(text) AS array(varchar)) or json_extract_scalar", k)
	}
}

func elementAt(c *callSite) (string, typ, error) {
	if err := c.wantsMany(); err != nil {
		return "", typ{}, err
	}
	elem := c.types[0].elemType()
	if c.types[0].kind == arrayKind {
		if err := c.within(1, func(n int) bool { return n != 0 }, "$ = 0", "SQL array indices start at 1"); err != nil {
			return "", typ{}, err
		}
	}
	return "(" + c.args[0] + ")[" + c.args[1] + "]", elem, nil
}

func contains(c *callSite) (string, typ, error) {
	if c.types[1].kind == ipaddress {
		return c.fill(either(c.types[0].kind == ipprefix, "ct_cidr_contains($1, $2)", "ct_network_contains($1, $2)")), of(boolean), nil
	}
	if c.types[0].kind == varchar {
		return "", typ{}, c.errorf(codeArguments, "takes an array; for a text: strpos(text, part) > 0")
	}
	return c.fill("ct_contains($1, $2)"), of(boolean), nil
}

func arrayJoin(c *callSite) (string, typ, error) {
	text := castText("ct_e", c.types[0].elemType())
	if len(c.args) == 3 {
		text = c.fill("coalesce(" + text + ", $3)")
	}
	list := c.fill("list_transform($1, ct_e -> " + text + ")")
	joined := "coalesce(array_to_string(" + list + ", " + c.args[1] + "), CASE WHEN " + c.args[0] + " IS NOT NULL THEN '' END)"
	return c.unlessNull(joined, 1), of(varchar), nil
}

func sequence(c *callSite) (string, typ, error) {
	k := c.types[0]
	if !k.isTime() {
		if len(c.args) == 2 {
			return c.fill("ct_sequence($1, $2, CASE WHEN $1 <= $2 THEN 1 ELSE -1 END)"), arrayOf(of(integer)), nil
		}
		return c.fill("ct_sequence($1, $2, $3)"), arrayOf(of(integer)), nil
	}
	if err := c.stepOfTime(); err != nil {
		return "", typ{}, err
	}
	if len(c.args) == 2 {
		c.args = append(c.args, c.fill("CASE WHEN $1 <= $2 THEN INTERVAL '1 day' ELSE INTERVAL '-1 day' END"))
	}
	if x, ok := c.step(); ok { // each is so many months from the first, and not from the one before
		series := "generate_series(0, date_sub('month', CAST($1 AS TIMESTAMP), CAST($2 AS TIMESTAMP)), " + x + ")"
		return c.fill("list_transform(" + series + ", ct_n -> CAST($1 + to_months(CAST(ct_n AS INTEGER)) AS " + engineName(k) + "))"), arrayOf(k), nil
	}
	if k.kind == date {
		return c.fill("list_transform(generate_series(CAST($1 AS TIMESTAMP), CAST($2 AS TIMESTAMP), $3), ct_e -> CAST(ct_e AS DATE))"), arrayOf(k), nil
	}
	return c.fill("generate_series($*)"), arrayOf(k), nil
}

// step is the third argument as a number of months, when it is written as an
// interval of months or years.
func (c *callSite) step() (months string, ok bool) {
	if len(c.x.args) < 3 {
		return "", false
	}
	x, ok := c.x.args[2].(*interval)
	if !ok || x.to != "" || x.from != "MONTH" && x.from != "YEAR" {
		return "", false
	}
	n, err := strconv.Atoi(strings.TrimSpace(x.text))
	if x.minus {
		n = -n
	}
	if x.from == "YEAR" {
		n *= 12
	}
	return strconv.Itoa(n), err == nil && n != 0
}

// zip is NULL where an array is; the engine's own takes it for an empty one.
func zip(c *callSite) (string, typ, error) {
	all := make([]int, len(c.args))
	for i := range all {
		all[i] = i
	}
	return c.unlessNull(c.fill("list_zip($*)"), all...), zipped(c.types), nil
}

// wantsArray refuses what is no array.
func (c *callSite) wantsArray() error {
	switch k := c.types[0]; k.kind {
	case arrayKind, unknown:
		return nil
	case jsonKind, varchar:
		return c.errorf(codeArguments, "takes an array, not a %s; of JSON: CAST(json_extract(text, '$.path') AS array(json))", k)
	default:
		return c.errorf(codeArguments, "takes an array, not a %s", k)
	}
}

func filterArray(c *callSite) (string, typ, error) {
	if err := c.wantsArray(); err != nil {
		return "", typ{}, err
	}
	p, body, _, err := c.lambda(1, []typ{c.types[0].elemType()}, nil)
	if err != nil {
		return "", typ{}, err
	}
	return "list_filter(" + c.args[0] + ", " + p[0] + " -> " + body + ")", c.types[0], nil
}

func transform(c *callSite) (string, typ, error) {
	if err := c.wantsArray(); err != nil {
		return "", typ{}, err
	}
	p, body, kind, err := c.lambda(1, []typ{c.types[0].elemType()}, nil)
	if err != nil {
		return "", typ{}, err
	}
	return "list_transform(" + c.args[0] + ", " + p[0] + " -> " + body + ")", arrayOf(kind), nil
}

// match writes any_match and its like: %s is the list of truths.
func match(template string) func(*callSite) (string, typ, error) {
	return func(c *callSite) (string, typ, error) {
		list, _, err := transform(c)
		if err != nil {
			return "", typ{}, err
		}
		return "(" + fmt.Sprintf(template, list) + ")", of(boolean), nil
	}
}

// reduce writes reduce(array, start, (s, x) -> …, s -> …). The engine's own folds
// elements of the type of its state only, so each element brings a state along.
func reduce(c *callSite) (string, typ, error) {
	if err := c.wantsArray(); err != nil {
		return "", typ{}, err
	}
	folded, kind, err := c.fold(c.args[0], c.types[0].elemType())
	if err != nil {
		return "", typ{}, err
	}
	_, out, kind, err := c.lambda(3, []typ{kind}, []string{folded})
	return out, kind, err
}

// reduceAgg folds the values of many rows; how states are put together does not
// matter where there is one.
func reduceAgg(c *callSite) (string, typ, error) {
	list, err := c.aggregate("list", c.args[:1])
	if err != nil {
		return "", typ{}, err
	}
	return c.fold("list_filter("+list+", ct_e -> ct_e IS NOT NULL)", c.types[0])
}

// fold writes the state that lambda 2 makes of the array's elements, begun with
// argument 1.
func (c *callSite) fold(array string, elem typ) (string, typ, error) {
	state := c.types[1]
	_, body, kind, err := c.lambda(2, []typ{state, elem}, []string{"ct_s.s", "ct_x.x"})
	if err != nil {
		return "", typ{}, err
	}
	start := c.args[1]
	if engine := engineName(state); engine != "" {
		start, body = "CAST("+start+" AS "+engine+")", "CAST("+body+" AS "+engine+")"
	}
	elems := "list_transform(" + array + ", ct_e -> struct_pack(s := " + start + ", x := ct_e))"
	if kind.kind == unknown {
		kind = state
	}
	return "(list_reduce(" + elems + ", (ct_s, ct_x) -> struct_pack(s := " + body + ", x := ct_x.x), struct_pack(s := " + start + ", x := (" + array + ")[1]))).s", kind, nil
}

// engineName is the type in the embedded engine; empty when it is not known.
func engineName(t typ) string {
	switch t.kind {
	case varchar, ipaddress, ipprefix:
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
	case mapKind:
		if t.key == nil {
			return ""
		}
		if k, v := engineName(*t.key), engineName(t.elemType()); k != "" && v != "" {
			return "MAP(" + k + ", " + v + ")"
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
	elem := []typ{c.types[0].elemType(), c.types[0].elemType()}
	_, before, _, err := c.lambda(1, elem, []string{"ct_y", "ct_x"})
	if err != nil {
		return "", typ{}, err
	}
	_, behind, _, err := c.lambda(1, elem, []string{"ct_x", "ct_y"}) // a comparator may put each of two before the other
	ranked := "list_transform(" + c.args[0] + ", (ct_x, ct_i) -> struct_pack(r := len(list_filter(" + c.args[0] + ", ct_y -> (" + before + ") < 0 AND NOT coalesce((" + behind + ") < 0, false))), i := ct_i, x := ct_x))"
	return "list_transform(list_sort(" + ranked + "), ct_e -> ct_e.x)", c.types[0], err
}

// unlessNull is NULL where one of the arguments is, of which the engine's function
// makes something else.
func (c *callSite) unlessNull(text string, args ...int) string {
	var tests []string
	for _, i := range args {
		if _, written := c.x.args[i].(*literal); !written || c.args[i] == "NULL" {
			tests = append(tests, c.args[i]+" IS NOT NULL")
		}
	}
	if len(tests) == 0 {
		return text
	}
	return "CASE WHEN " + strings.Join(tests, " AND ") + " THEN " + text + " END"
}

func mapConcat(c *callSite) (string, typ, error) {
	all := make([]int, len(c.args))
	for i := range all {
		all[i] = i
	}
	// Trino puts the keys of the last map first, and those that are new in an earlier
	// one behind them; the engine keeps the place of the first and the value of the
	// last.
	text := c.args[len(c.args)-1]
	for _, arg := range slices.Backward(c.args[:len(c.args)-1]) {
		text += ", " + arg
	}
	text = "map_concat(" + text + ", " + strings.Join(c.args[1:], ", ") + ")"
	return c.unlessNull(text, all...), first(c.types), nil
}

func zipWith(c *callSite) (string, typ, error) {
	_, body, kind, err := c.lambda(2, []typ{c.types[0].elemType(), c.types[1].elemType()}, []string{"ct_e[1]", "ct_e[2]"})
	return c.unlessNull("list_transform(list_zip("+c.args[0]+", "+c.args[1]+"), ct_e -> "+body+")", 0, 1), arrayOf(kind), err
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
	if len(c.x.within) == 0 {
		c.t.warn(c.x.at, codeNotAthena, "listagg without WITHIN GROUP (ORDER BY …), which Athena does not take")
	}
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
	// Of n values in order it is the one behind the first n·p; the engine's own is
	// one less where n·p is whole.
	c.args[1] = either(c.types[1].kind == arrayKind, c.fill("list_transform($2, ct_p -> least(CAST(ct_p AS DOUBLE) + 1e-9, 1))"), c.fill("least(CAST($2 AS DOUBLE) + 1e-9, 1)"))
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

func setUnion(c *callSite) (string, typ, error) {
	text, err := c.aggregate("list", c.args)
	return "ct_distinct(flatten(" + text + "))", c.types[0], err
}

// mapZipWith writes a lambda over the keys of two maps and their values.
func mapZipWith(c *callSite) (string, typ, error) {
	a, b := c.types[0], c.types[1]
	_, body, kind, err := c.lambda(2, []typ{keyOf(a), a.elemType(), b.elemType()}, []string{"ct_e", "(" + c.args[0] + ")[ct_e]", "(" + c.args[1] + ")[ct_e]"})
	keys := c.fill("ct_distinct(list_concat(map_keys($1), map_keys($2)))")
	return "map_from_entries(list_transform(" + keys + ", ct_e -> row(ct_e, " + body + ")))", mapOf(keyOf(a), kind), err
}

// widthBucket counts by equal steps, or by the bounds that an array gives.
func widthBucket(c *callSite) (string, typ, error) {
	switch len(c.args) {
	case 2:
		return c.fill("len(list_filter($2, ct_e -> ct_e <= $1))"), of(integer), nil
	case 4:
		if err := c.within(3, positive, "$ < 1", "bucketCount must be greater than 0"); err != nil {
			return "", typ{}, err
		}
		c.args[1] = guarded(c.fill("$1 = $1 AND $2 = $3"), "width_bucket: bounds cannot equal each other", "TINYINT", c.args[1])
		return c.fill("ct_width_bucket(CAST($1 AS DOUBLE), CAST($2 AS DOUBLE), CAST($3 AS DOUBLE), CAST($4 AS BIGINT))"), of(integer), nil
	}
	return "", typ{}, c.errorf(codeArguments, "takes 2 or 4 arguments")
}

// toWhole is ceil and floor; the engine makes doubles of whole numbers.
func toWhole(engine string) func(*callSite) (string, typ, error) {
	return func(c *callSite) (string, typ, error) {
		if c.types[0].kind == integer {
			return c.args[0], c.types[0], nil
		}
		return c.fill(engine + "($1)"), whole(c.types), nil
	}
}

// partly writes a function of numbers from zero on; others have answers in Trino,
// where the engine gives up.
func partly(template string) func(*callSite) (string, typ, error) {
	return func(c *callSite) (string, typ, error) {
		zero := either(c.x.name == "sqrt", "0", "'-Infinity'")
		return c.fill("CASE WHEN $1 < 0 THEN CAST('NaN' AS DOUBLE) WHEN $1 = 0 THEN CAST(" + zero + " AS DOUBLE) ELSE " + template + " END"), of(double), nil
	}
}

func sign(c *callSite) (string, typ, error) {
	if c.types[0].kind == double {
		return c.fill("CAST(sign($1) AS DOUBLE)"), of(double), nil
	}
	return c.fill("sign($1)"), whole(c.types), nil
}

func regexpPosition(c *callSite) (string, typ, error) {
	if _, err := c.checkPattern(1); err != nil {
		return "", typ{}, err
	}
	c.args = append(c.args, "1", "1")
	return c.fill("ct_regexp_position($1, $2, CAST($3 AS BIGINT), CAST($4 AS BIGINT))"), of(integer), nil
}

// entries is the type of map_entries, whose rows have no names.
func entries(args []typ) typ {
	m := first(args)
	if m.kind != mapKind {
		return typ{}
	}
	return arrayOf(typ{kind: rowKind, fields: []fieldType{{"field0", keyOf(m)}, {"field1", m.elemType()}}})
}

func slice(c *callSite) (string, typ, error) {
	if err := c.within(1, func(n int) bool { return n != 0 }, "$ = 0", "SQL array indices start at 1"); err != nil {
		return "", typ{}, err
	}
	if err := c.within(2, notNegative, "$ < 0", "length must be greater than or equal to 0"); err != nil {
		return "", typ{}, err
	}
	return c.fill("ct_slice($1, $2, $3)"), c.types[0], nil
}

func bitCount(c *callSite) (string, typ, error) {
	if err := c.within(1, func(n int) bool { return n >= 2 && n <= 64 }, "$ < 2 OR $ > 64", "bits must be from 2 to 64"); err != nil {
		return "", typ{}, err
	}
	c.args[0] = c.t.once(c.args[0], func(x string) string { // the sign is a bit, too
		low := "(CAST(1 AS HUGEINT) << CAST(" + c.args[1] + " - 1 AS HUGEINT))"
		return guarded(x+" >= "+low+" OR "+x+" < -"+low, "bit_count: the number needs more bits", "TINYINT", x)
	})
	return c.fill("CAST(bit_count(CAST($1 AS BIGINT) & CASE WHEN $2 >= 64 THEN -1 ELSE (CAST(1 AS BIGINT) << $2) - 1 END) AS BIGINT)"), of(integer), nil
}

// maxElements is how many elements Trino's sequence and repeat make at most.
const maxElements = 10_000

// stepOfTime refuses steps that go nowhere.
func (c *callSite) stepOfTime() error {
	if len(c.x.args) < 3 {
		return nil
	}
	if x, ok := c.x.args[2].(*interval); ok && x.to == "" && strings.Trim(x.text, "-0. ") == "" {
		return c.errorf(codeArguments, "the step must not be 0")
	}
	return nil
}

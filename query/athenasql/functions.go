package athenasql

import (
	"fmt"
	"maps"
)

// functions are Trino's functions and operators with brackets, as Athena engine
// version 3 has them, with how each is written for DuckDB.
func functions() map[string]function {
	all := map[string]function{}
	for _, part := range []map[string]function{
		textFunctions(), patternFunctions(), timeFunctions(), numberFunctions(), jsonFunctions(), arrayFunctions(),
		mapFunctions(), aggregates(), windowFunctions(), sqlJSONFunctions(), otherFunctions(), refusedFunctions(),
	} {
		maps.Copy(all, part)
	}
	return all
}

// simple is a function of n arguments with a template.
func simple(n int, template string, result kind) function {
	return function{min: n, max: n, template: template, result: of(result)}
}

// first is the type of the first argument.
func first(args []typ) typ {
	if len(args) == 0 {
		return typ{}
	}
	return args[0]
}

// zipped is the type of zip: rows of an element of each array.
func zipped(args []typ) typ {
	row := typ{kind: rowKind}
	for i, a := range args {
		row.fields = append(row.fields, fieldType{fmt.Sprintf("field%d", i), a.elemType()})
	}
	return arrayOf(row)
}

func (f function) like(from func([]typ) typ) function {
	f.from = from
	return f
}

// byClock marks a function of a time that sees what clocks in its zone show.
func (f function) byClock() function {
	f.clock = true
	return f
}

func textFunctions() map[string]function {
	all := map[string]function{
		"lower":                {min: 1, max: 1, write: onText("lower($1)")},
		"upper":                {min: 1, max: 1, write: onText("replace(upper($1), 'ẞ', 'ß')")}, // which has no upper case
		"length":               {min: 1, max: 1, write: lengthOf},
		"reverse":              {min: 1, max: 1, write: reverse},
		"replace":              {min: 2, max: 3, write: replace},
		"substr":               {min: 2, max: 3, write: substr},
		"substring":            {min: 2, max: 3, write: substr},
		"concat":               {min: 1, max: -1, write: concat},
		"concat_ws":            {min: 2, max: -1, write: concatWS},
		"strpos":               {min: 2, max: 3, write: strpos},
		"soundex":              simple(1, "ct_soundex($1)", varchar),
		"luhn_check":           simple(1, "ct_luhn($1)", boolean),
		"starts_with":          simple(2, "starts_with($1, $2)", boolean),
		"split":                {min: 2, max: 3, write: split},
		"split_part":           limited(simple(3, "ct_split_part($1, $2, $3)", varchar), 2, positive, "$ < 1", "Index must be greater than zero"),
		"split_to_map":         {min: 3, max: 3, write: splitTo("map_from_entries(list_transform(ct_entries($1, $2), ct_e -> row(ct_half(ct_e, $3), split_part(ct_e, $3, 2))))", textMap)},
		"lpad":                 {min: 3, max: 3, write: padded},
		"rpad":                 {min: 3, max: 3, write: padded},
		"trim":                 {min: 1, max: 2, write: trimmed("trim")},
		"ltrim":                {min: 1, max: 2, write: trimmed("ltrim")},
		"rtrim":                {min: 1, max: 2, write: trimmed("rtrim")},
		"translate":            simple(3, "translate($*)", varchar),
		"chr":                  simple(1, "chr(CAST($1 AS INTEGER))", varchar),
		"codepoint":            simple(1, "unicode(CASE WHEN length($1) <> 1 THEN ct_fail('codepoint takes a text of one character') ELSE $1 END)", integer),
		"levenshtein_distance": simple(2, "CASE WHEN strlen($1) = length($1) AND strlen($2) = length($2) THEN levenshtein($1, $2) ELSE ct_levenshtein($1, $2) END", integer),
		"hamming_distance":     simple(2, "CASE WHEN $1 = '' AND $2 = '' THEN 0 ELSE hamming($*) END", integer),
		"split_to_multimap":    {min: 3, max: 3, write: splitTo("ct_multimap_of(list_transform(ct_entries($1, $2), ct_e -> struct_pack(k := ct_half(ct_e, $3), v := split_part(ct_e, $3, 2))))", func([]typ) typ { return mapOf(of(varchar), arrayOf(of(varchar))) })},
		"normalize":            {min: 1, max: 2, write: normalize},
		"crc32":                simple(1, "ct_crc32(hex($1))", integer),
		"to_base32":            simple(1, "ct_in_base('32', hex($1))", varchar),
		"from_base32":          simple(1, "unhex(ct_out_of_base('32', $1))", varbinary),
		"to_base64url":         simple(1, "ct_in_base('64', hex($1))", varchar),
		"from_base64url":       simple(1, "unhex(ct_out_of_base('64url', $1))", varbinary),
		"to_big_endian_32":     simple(1, "unhex(ct_big_endian(CAST($1 AS BIGINT), 4))", varbinary),
		"to_big_endian_64":     simple(1, "unhex(ct_big_endian(CAST($1 AS BIGINT), 8))", varbinary),
		"from_big_endian_32":   simple(1, "ct_from_big_endian(hex($1), 4)", integer),
		"from_big_endian_64":   simple(1, "ct_from_big_endian(hex($1), 8)", integer),
		"from_ieee754_32":      simple(1, "CAST(ct_from_ieee(hex($1), 4) AS FLOAT)", double),
		"from_ieee754_64":      simple(1, "ct_from_ieee(hex($1), 8)", double),
		"to_ieee754_32":        simple(1, "unhex(ct_to_ieee(CAST($1 AS DOUBLE), 4))", varbinary),
		"to_ieee754_64":        simple(1, "unhex(ct_to_ieee(CAST($1 AS DOUBLE), 8))", varbinary),
		"format_number":        simple(1, "ct_short_number(CAST($1 AS DOUBLE))", varchar),
		"parse_data_size":      simple(1, "ct_data_size($1)", integer), "parse_presto_data_size": simple(1, "ct_data_size($1)", integer),
		"to_utf8":               simple(1, "encode($1)", varbinary),
		"from_utf8":             {min: 1, max: 2, write: fromUTF8},
		"to_hex":                simple(1, "hex($1)", varchar),
		"from_hex":              simple(1, "unhex(CASE WHEN length($1) % 2 = 1 THEN ct_fail('from_hex: a text of an odd number of characters') ELSE $1 END)", varbinary),
		"to_base64":             simple(1, "base64($1)", varchar),
		"from_base64":           simple(1, "unhex(ct_out_of_base('64', $1))", varbinary),
		"md5":                   simple(1, "unhex(md5($1))", varbinary),
		"sha1":                  simple(1, "unhex(sha1($1))", varbinary),
		"sha256":                simple(1, "unhex(sha256($1))", varbinary),
		"format":                {min: 1, max: -1, write: format},
		"url_encode":            simple(1, "ct_url_encode($1)", varchar),
		"url_decode":            simple(1, "ct_url_decode($1)", varchar),
		"url_extract_host":      simple(1, "ct_url($1, 'host')", varchar),
		"url_extract_path":      simple(1, "ct_url($1, 'path')", varchar),
		"url_extract_protocol":  simple(1, "ct_url($1, 'protocol')", varchar),
		"url_extract_query":     simple(1, "ct_url($1, 'query')", varchar),
		"url_extract_fragment":  simple(1, "ct_url($1, 'fragment')", varchar),
		"url_extract_port":      simple(1, "CAST(ct_url($1, 'port') AS BIGINT)", integer),
		"url_extract_parameter": simple(2, "ct_url_parameter($1, $2)", varchar),
	}
	all["sha512"] = simple(1, "unhex(ct_hash('sha512', hex($1), ''))", varbinary)
	for _, name := range []string{"hmac_md5", "hmac_sha1", "hmac_sha256", "hmac_sha512"} {
		all[name] = simple(2, "unhex(ct_hash('"+name+"', hex($1), hex($2)))", varbinary)
	}
	return all
}

func patternFunctions() map[string]function {
	return map[string]function{
		"regexp_like":        {min: 2, max: 2, write: regexpLike},
		"regexp_extract":     {min: 2, max: 3, write: pattern("", of(varchar))},
		"regexp_extract_all": {min: 2, max: 3, write: pattern("regexp_extract_all($*)", arrayOf(of(varchar)))},
		"regexp_replace":     {min: 2, max: 3, write: regexpReplace},
		"regexp_split":       {min: 2, max: 2, write: pattern("CASE WHEN $2 IS NOT NULL THEN regexp_split_to_array($1, $2) END", arrayOf(of(varchar)))},
		"regexp_position":    {min: 2, max: 4, write: regexpPosition},
		"regexp_count":       {min: 2, max: 2, write: pattern("len(regexp_extract_all($1, $2))", of(integer))},
	}
}

func timeFunctions() map[string]function {
	part := func(engine string) function { return simple(1, engine+"($1)", integer).byClock() }
	spanned := func(engine, span string) function {
		return function{min: 1, max: 1, write: ofSpan(engine, span), clock: true}
	}
	all := map[string]function{
		"now":                          {write: func(c *callSite) (string, typ, error) { return c.t.nowText(), of(timestampTZ), nil }},
		"date":                         {min: 1, max: 1, write: dateOf, clock: true},
		"from_iso8601_timestamp":       {min: 1, max: 1, write: fromISO},
		"from_iso8601_timestamp_nanos": {min: 1, max: 1, write: fromISO},
		"from_iso8601_date":            simple(1, "CAST(CASE WHEN $1 LIKE '%T%' THEN CAST(ct_fail('from_iso8601_date: a time is no date') AS DATE) ELSE coalesce(TRY_CAST(ct_day($1) AS DATE), CAST(ct_iso_time($1) AS DATE)) END AS DATE)", date),
		"to_iso8601":                   {min: 1, max: 1, write: toISO},
		"from_unixtime":                {min: 1, max: 3, write: fromUnix},
		"to_unixtime":                  simple(1, "epoch($1)", double),
		"date_trunc":                   {min: 2, max: 2, write: dateTrunc},
		"date_diff":                    {min: 3, max: 3, write: dateDiff},
		"date_add":                     {min: 3, max: 3, write: dateAdd},
		"date_format":                  {min: 2, max: 2, write: formatTime("strftime", mysqlFormat)},
		"format_datetime":              {min: 2, max: 2, write: formatTime("strftime", jodaFormat)},
		"date_parse":                   {min: 2, max: 2, write: formatTime("strptime", mysqlFormat)},
		"parse_datetime":               {min: 2, max: 2, write: formatTime("strptime", jodaFormat)},
		"day_of_week":                  part("isodow"), "dow": part("isodow"),
		"day_of_month": part("day"), "day_of_year": part("dayofyear"), "doy": part("dayofyear"),
		"week": part("weekofyear"), "week_of_year": part("weekofyear"), "year_of_week": part("isoyear"), "yow": part("isoyear"),
		"millisecond": spanned("(millisecond($1) % 1000)", "% 1000"), "second": spanned("second($1)", "// 1000 % 60"),
		"minute": spanned("minute($1)", "// 60000 % 60"), "hour": spanned("hour($1)", "// 3600000 % 24"), "day": spanned("day($1)", "// 86400000"),
		"last_day_of_month":      simple(1, "last_day($1)", date).byClock(),
		"at_timezone":            {min: 2, max: 2, write: atTimezone},
		"with_timezone":          {min: 2, max: 2, write: withTimezone},
		"human_readable_seconds": simple(1, "ct_readable_seconds(CAST($1 AS DOUBLE))", varchar),
		"current_timezone":       simple(0, "'UTC'", varchar),
		"timezone_hour":          {min: 1, max: 1, write: zoneShift("// 60")},
		"timezone_minute":        {min: 1, max: 1, write: zoneShift("% 60")},
		"to_milliseconds":        simple(1, "CAST(epoch($1) * 1000 AS BIGINT)", integer),
		"parse_duration":         simple(1, "to_milliseconds(ct_duration($1))", intervalKind),
	}
	for _, unit := range []string{"year", "quarter", "month"} {
		all[unit] = part(unit)
	}
	return all
}

func numberFunctions() map[string]function {
	all := map[string]function{
		"ceil": {min: 1, max: 1, write: toWhole("ceil")}, "ceiling": {min: 1, max: 1, write: toWhole("ceil")},
		"floor": {min: 1, max: 1, write: toWhole("floor")}, "abs": simple(1, "abs($1)", unknown).like(first),
		"round": {min: 1, max: 2, write: rounded("round")}, "truncate": {min: 1, max: 2, write: rounded("trunc")},
		"sign": {min: 1, max: 1, write: sign}, "mod": {min: 2, max: 2, write: modulo},
		"power": simple(2, "pow($*)", double), "pow": simple(2, "pow($*)", double), "log": simple(2, "CASE WHEN $2 < 0 THEN CAST('NaN' AS DOUBLE) WHEN $2 = 0 THEN CAST('-Infinity' AS DOUBLE) ELSE log($1, $2) END", double),
		"random": {max: 2, write: random}, "rand": {max: 2, write: random},
		"is_nan": simple(1, "isnan($1)", boolean), "is_finite": simple(1, "isfinite($1)", boolean), "is_infinite": simple(1, "isinf($1)", boolean),
		"nan": simple(0, "CAST('NaN' AS DOUBLE)", double), "infinity": simple(0, "CAST('Infinity' AS DOUBLE)", double),
		"pi": simple(0, "pi()", double), "e": simple(0, "exp(1)", double), "atan2": simple(2, "atan2($*)", double),
		"bitwise_and": simple(2, "($1 & $2)", integer), "bitwise_or": simple(2, "($1 | $2)", integer),
		"bitwise_xor": simple(2, "xor($1, $2)", integer), "bitwise_not": simple(1, "(~ $1)", integer),
		"bitwise_left_shift": simple(2, "($1 << $2)", integer), "bitwise_right_shift": simple(2, "($1 >> $2)", integer),
		"bitwise_right_shift_arithmetic": simple(2, "($1 >> $2)", integer),
		"greatest":                       {min: 1, max: -1, write: extreme("greatest")}, "least": {min: 1, max: -1, write: extreme("least")},
		"from_base":    simple(2, "ct_from_base($1, CAST($2 AS BIGINT))", integer),
		"width_bucket": {min: 2, max: 4, write: widthBucket},
		"bit_count":    {min: 2, max: 2, write: bitCount},
		"to_base":      simple(2, "CASE WHEN $1 < 0 THEN '-' || lower(to_base(-$1, CAST($2 AS INTEGER))) ELSE lower(to_base($1, CAST($2 AS INTEGER))) END", varchar),
	}
	for name, template := range map[string]string{"sqrt": "sqrt($1)", "ln": "ln($1)", "log10": "log10($1)", "log2": "log2($1)"} {
		all[name] = function{min: 1, max: 1, write: partly(template)}
	}
	all["cbrt"] = simple(1, "ct_cbrt(CAST($1 AS DOUBLE))", double)
	for _, same := range []string{"exp", "radians", "degrees", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh"} {
		all[same] = simple(1, same+"($1)", double)
	}
	return all
}

func jsonFunctions() map[string]function {
	return map[string]function{
		"json_extract":        {min: 2, max: 2, write: jsonPath("CAST(ct_json_extract($t1, $2) AS JSON)", of(jsonKind))},
		"json_extract_scalar": {min: 2, max: 2, write: jsonPath("ct_json_extract_scalar($t1, $2)", of(varchar))},
		"json_size":           {min: 2, max: 2, write: jsonPath("ct_json_size($t1, $2)", of(integer))},
		"json_parse":          simple(1, "CAST(ct_json_parse($1) AS JSON)", jsonKind),
		"json_format":         simple(1, "$t1", varchar),
		"json_array_length":   simple(1, "ct_json_array_length($t1)", integer),
		"json_array_contains": {min: 2, max: 2, write: jsonContains},
		"json_array_get":      simple(2, "CAST(ct_json_array_get($t1, CAST($2 AS BIGINT)) AS JSON)", jsonKind),
		"is_json_scalar":      simple(1, "(json_type(CAST($1 AS JSON)) NOT IN ('OBJECT', 'ARRAY'))", boolean),
	}
}

func textMap([]typ) typ { return mapOf(of(varchar), of(varchar)) }

func elemOf(args []typ) typ { return first(args).elemType() }

func arrayOfFirst(args []typ) typ { return arrayOf(first(args)) }

func arrayFunctions() map[string]function {
	return map[string]function{
		"cardinality":       {min: 1, max: 1, write: cardinality},
		"element_at":        {min: 2, max: 2, write: elementAt},
		"contains":          {min: 2, max: 2, write: contains},
		"array_distinct":    simple(1, "ct_distinct($1)", unknown).like(first),
		"array_first":       simple(1, "($1)[1]", unknown).like(elemOf),
		"array_last":        simple(1, "($1)[len($1)]", unknown).like(elemOf),
		"array_histogram":   simple(1, "ct_histogram($1)", unknown).like(func(a []typ) typ { return mapOf(elemOf(a), of(integer)) }),
		"contains_sequence": simple(2, "ct_has_sequence($1, $2)", boolean),
		"array_intersect":   simple(2, "CASE WHEN $2 IS NOT NULL THEN ct_distinct(list_filter($1, ct_e -> list_position($2, ct_e) IS NOT NULL)) END", unknown).like(first),
		"array_union":       simple(2, "CASE WHEN $1 IS NOT NULL AND $2 IS NOT NULL THEN ct_distinct(list_concat($1, $2)) END", unknown).like(first),
		"array_except":      simple(2, "CASE WHEN $2 IS NOT NULL THEN ct_distinct(list_filter($1, ct_e -> list_position($2, ct_e) IS NULL)) END", unknown).like(first),
		"array_join":        {min: 2, max: 3, write: arrayJoin},
		"array_position":    simple(2, "CASE WHEN $1 IS NOT NULL AND $2 IS NOT NULL THEN coalesce(list_position($1, $2), 0) END", integer),
		"array_remove":      simple(2, "CASE WHEN $2 IS NOT NULL THEN list_filter($1, ct_e -> ct_e IS DISTINCT FROM $2) END", unknown).like(first),
		"array_sort":        {min: 1, max: 2, write: arraySort},
		"trim_array":        limited(simple(2, "($1)[1:CASE WHEN $2 > len($1) THEN CAST(ct_fail('trim_array: size must not exceed array cardinality') AS BIGINT) ELSE len($1) - $2 END]", unknown).like(first), 1, notNegative, "$ < 0", "size must not be negative"),
		"ngrams":            limited(simple(2, "CASE WHEN $1 IS NOT NULL AND $2 IS NOT NULL THEN list_transform(generate_series(1, greatest(len($1) - $2 + 1, 1)), ct_i -> ($1)[ct_i:ct_i + $2 - 1]) END", unknown).like(arrayOfFirst), 1, positive, "$ < 1", "N must be positive"),
		"shuffle":           simple(1, "$1", unknown).like(first), // any order will do
		"zip_with":          {min: 3, max: 3, write: zipWith},
		"array_max":         {min: 1, max: 1, write: arrayMax},
		"array_min":         simple(1, "CASE WHEN list_count($1) = len($1) THEN list_min($1) END", unknown).like(elemOf),
		"arrays_overlap":    simple(2, "CASE WHEN list_has_any($1, $2) THEN true WHEN len($1) > 0 AND len($2) > 0 AND (list_count($1) < len($1) OR list_count($2) < len($2)) THEN NULL ELSE list_has_any($1, $2) END", boolean),
		"flatten":           simple(1, "flatten($1)", unknown).like(elemOf),
		"sequence":          {min: 2, max: 3, write: sequence},
		"slice":             {min: 3, max: 3, write: slice},
		"repeat": limited(simple(2, "list_transform(range(CAST($2 AS BIGINT)), ct_i -> $1)", unknown).like(arrayOfFirst), 1,
			func(n int) bool { return n >= 0 && n <= maxElements }, "$ < 0 OR $ > 10000", "count must be from 0 to 10000"),
		"filter":     {min: 2, max: 2, write: filterArray},
		"transform":  {min: 2, max: 2, write: transform},
		"reduce":     {min: 4, max: 4, write: reduce},
		"any_match":  {min: 2, max: 2, write: match("ct_any(%s)")},
		"all_match":  {min: 2, max: 2, write: match("ct_all(%s)")},
		"none_match": {min: 2, max: 2, write: match("NOT ct_any(%s)")},
		"zip":        {min: 2, max: 5, write: zip},
	}
}

func mapFunctions() map[string]function {
	return map[string]function{
		"map":                   {min: 0, max: 2, write: makeMap},
		"map_keys":              simple(1, "map_keys($1)", unknown).like(func(a []typ) typ { return arrayOf(keyOf(first(a))) }),
		"map_values":            simple(1, "map_values($1)", unknown).like(func(a []typ) typ { return arrayOf(first(a).elemType()) }),
		"map_entries":           simple(1, "list_transform(map_entries($1), ct_e -> row(ct_e.key, ct_e.value))", unknown).like(entries),
		"map_from_entries":      simple(1, "map_from_entries($1)", unknown),
		"map_zip_with":          {min: 3, max: 3, write: mapZipWith},
		"multimap_from_entries": simple(1, "ct_multimap_of(list_transform($1, ct_e -> struct_pack(k := struct_extract_at(ct_e, 1), v := struct_extract_at(ct_e, 2))))", unknown),
		"map_concat":            {min: 2, max: -1, write: mapConcat},
		"map_filter":            {min: 2, max: 2, write: mapLambda("map_from_entries(list_filter(map_entries(%s), ct_e -> %s))")},
		"transform_values":      {min: 2, max: 2, write: mapLambda("map_from_entries(list_transform(map_entries(%s), ct_e -> row(ct_e.key, %s)))")},
		"transform_keys":        {min: 2, max: 2, write: mapLambda("map_from_entries(list_transform(map_entries(%s), ct_e -> row(%s, ct_e.value)))")},
		"map_agg":               {min: 2, max: 2, aggregate: true, write: mapAgg},
		"multimap_agg":          {min: 2, max: 2, aggregate: true, write: multimapAgg},
		"map_union":             {min: 1, max: 1, aggregate: true, write: mapUnion},
		"approx_most_frequent":  {min: 3, max: 3, aggregate: true, write: mostFrequent},
		"histogram":             {min: 1, max: 1, aggregate: true, from: func(a []typ) typ { return mapOf(first(a), of(integer)) }},
	}
}

func aggregates() map[string]function {
	agg := func(minArgs, maxArgs int, engine string, from func([]typ) typ) function {
		return function{min: minArgs, max: maxArgs, template: engine, from: from, aggregate: true}
	}
	number := func(k kind) func([]typ) typ { return func([]typ) typ { return of(k) } }
	all := map[string]function{
		"count":             agg(0, 1, "count", number(integer)),
		"count_if":          {min: 1, max: 1, aggregate: true, write: countIf},
		"sum":               agg(1, 1, "sum", first),
		"avg":               {min: 1, max: 1, aggregate: true, write: avg},
		"min":               agg(1, 2, "min", first),
		"max":               {min: 1, max: 2, aggregate: true, write: maximum},
		"min_by":            {min: 2, max: 3, aggregate: true, write: extremeBy("arg_min")},
		"max_by":            {min: 2, max: 3, aggregate: true, write: extremeBy("arg_max")},
		"arbitrary":         agg(1, 1, "any_value", first),
		"any_value":         agg(1, 1, "any_value", first),
		"every":             agg(1, 1, "bool_and", number(boolean)),
		"bool_and":          agg(1, 1, "bool_and", number(boolean)),
		"bool_or":           agg(1, 1, "bool_or", number(boolean)),
		"array_agg":         agg(1, 1, "list", arrayOfFirst),
		"set_agg":           {min: 1, max: 1, aggregate: true, write: setAgg},
		"listagg":           {min: 1, max: 2, aggregate: true, write: listagg},
		"approx_distinct":   {min: 1, max: 2, aggregate: true, write: approxDistinct},
		"approx_percentile": {min: 2, max: 4, aggregate: true, write: approxPercentile},
		"grouping":          agg(1, -1, "grouping", number(integer)),
		"geometric_mean":    agg(1, 1, "geometric_mean", number(double)),
		"entropy":           {min: 1, max: 1, aggregate: true, write: entropy},
		"bitwise_and_agg":   agg(1, 1, "bit_and", number(integer)),
		"bitwise_or_agg":    agg(1, 1, "bit_or", number(integer)),
		"bitwise_xor_agg":   agg(1, 1, "bit_xor", number(integer)),
		"set_union":         {min: 1, max: 1, aggregate: true, write: setUnion},
		"reduce_agg":        {min: 4, max: 4, aggregate: true, write: reduceAgg},
		"regr_slope":        agg(2, 2, "regr_slope", number(double)),
		"regr_intercept":    agg(2, 2, "regr_intercept", number(double)),
	}
	all["skewness"] = function{min: 1, max: 1, aggregate: true, write: skewness}
	all["corr"] = function{min: 2, max: 2, aggregate: true, write: finite("corr")}
	for _, same := range []string{"stddev", "stddev_pop", "stddev_samp", "variance", "var_pop", "var_samp", "covar_pop", "covar_samp", "kurtosis"} {
		all[same] = agg(1, 2, same, number(double))
	}
	return all
}

func windowFunctions() map[string]function {
	all := map[string]function{}
	for _, name := range []string{"row_number", "rank", "dense_rank"} {
		all[name] = function{window: true, result: of(integer)}
	}
	for _, name := range []string{"percent_rank", "cume_dist"} {
		all[name] = function{window: true, result: of(double)}
	}
	all["ntile"] = function{min: 1, max: 1, window: true, result: of(integer)}
	for _, name := range []string{"first_value", "last_value"} {
		all[name] = function{min: 1, max: 1, window: true, from: first}
	}
	for _, name := range []string{"lag", "lead"} {
		all[name] = function{min: 1, max: 3, window: true, from: first}
	}
	all["nth_value"] = function{min: 2, max: 2, window: true, from: first}
	return all
}

func otherFunctions() map[string]function {
	return map[string]function{
		"if":              {min: 2, max: 3, write: ifElse},
		"coalesce":        {min: 1, max: -1, write: coalesced},
		"nullif":          simple(2, "nullif($1, $2)", unknown).like(first),
		"try":             simple(1, attempt("$1"), unknown).like(first),
		"typeof":          {min: 1, max: 1, write: typeOf},
		"uuid":            simple(0, "CAST(uuid() AS VARCHAR)", varchar),
		"ip_prefix":       simple(2, "ct_ip_prefix($1, CAST($2 AS BIGINT))", varchar),
		"ip_subnet_min":   simple(1, "ct_ip_subnet_min($1)", ipaddress),
		"ip_subnet_max":   simple(1, "ct_ip_subnet_max($1)", ipaddress),
		"ip_subnet_range": simple(1, "[ct_ip_subnet_min($1), ct_ip_subnet_max($1)]", unknown).like(func([]typ) typ { return arrayOf(of(ipaddress)) }),
		"is_subnet_of":    simple(2, "ct_cidr_contains($1, $2)", boolean),
		"version":         simple(0, "'trailwarden'", varchar),
	}
}

// known is the first argument type that is known.
func known(args []typ) typ {
	var t typ
	for _, a := range args {
		t = wider(t, a)
	}
	return t
}

// refusedFunctions are Trino functions whose answers cannot be the same here.
func refusedFunctions() map[string]function {
	all := map[string]function{}
	for name, why := range map[string]string{
		"word_stem": "", "xxhash64": "", "murmur3": "", "spooky_hash_v2_32": "",
		"spooky_hash_v2_64": "", "checksum": "its value is Trino's own",
		"approx_set": "its sketches are Trino's own; count with approx_distinct", "merge": "its sketches are Trino's own", "empty_approx_set": "its sketches are Trino's own", "numeric_histogram": "", "tdigest_agg": "", "qdigest_agg": "",
		"combinations": "",
		"bar":          "", "color": "", "render": "", "rgb": "",
		"cosine_similarity": "", "jaro_winkler": "", "st_geometryfromtext": "",
		"st_point": "", "st_distance": "", "st_contains": "", "current_groups": "", "to_geometry": "", "classify": "", "regress": "",
		"from_unixtime_nanos": "use from_unixtime", "hash_counts": "",
		"learn_classifier": "", "bing_tile": "", "beta_cdf": "", "normal_cdf": "", "wilson_interval_lower": "", "wilson_interval_upper": "",
		"inverse_beta_cdf": "", "inverse_normal_cdf": "", "t_cdf": "", "t_pdf": "", "random_string": "", "cosine_distance": "", "dot_product": "",
		"euclidean_distance": "", "value_at_quantile": "", "values_at_quantiles": "",
		"quantile_at_value": "", "make_set_digest": "", "merge_set_digest": "", "intersection_cardinality": "", "jaccard_index": "", "features": "",
		"learn_regressor": "", "evaluate_classifier_predictions": "", "great_circle_distance": "", "to_spherical_geography": "",
		"bing_tile_at": "", "bing_tiles_around": "", "geometry_union_agg": "", "convex_hull_agg": "", "from_encoded_polyline": "",
	} {
		if why == "" {
			why = "the embedded engine does not have it; --engine athena does"
		}
		all[name] = function{max: -1, refused: why}
	}
	return all
}

package main

import (
	"database/sql"
	"database/sql/driver"
	"fmt"
	"slices"
	"strings"

	duckdb "github.com/duckdb/duckdb-go/v2"

	"github.com/trailwarden/trailwarden/query/trino"
)

// scalar is a Trino function as the engine calls it.
type scalar struct{ f trino.Function }

var engineTypes = [...]duckdb.Type{
	trino.Text: duckdb.TYPE_VARCHAR, trino.Integer: duckdb.TYPE_BIGINT, trino.Double: duckdb.TYPE_DOUBLE, trino.Boolean: duckdb.TYPE_BOOLEAN,
}

// Config tells the types.
func (s scalar) Config() duckdb.ScalarFuncConfig {
	c := duckdb.ScalarFuncConfig{ResultTypeInfo: typeInfo(engineTypes[s.f.Result])}
	for _, a := range s.f.Args {
		c.InputTypeInfos = append(c.InputTypeInfos, typeInfo(engineTypes[a]))
	}
	return c
}

// Executor calls the function for each row.
func (s scalar) Executor() duckdb.ScalarFuncExecutor {
	return duckdb.ScalarFuncExecutor{RowExecutor: func(values []driver.Value) (any, error) {
		args := make([]any, len(values))
		for i, v := range values {
			args[i] = v
		}
		result, err := s.f.Call(args)
		if text, ok := result.(string); ok { // which the driver would end at a zero byte
			return []byte(text), err
		}
		return result, err
	}}
}

func registerScalars(conn *sql.Conn) error {
	for _, f := range trino.Functions() {
		if err := duckdb.RegisterScalarUDF(conn, f.Name, scalar{f}); err != nil {
			return fmt.Errorf("%s: %w", f.Name, err)
		}
	}
	return nil
}

// macros are functions of Trino that are made of the engine's own. Making all of
// them takes longer than many a question, so only those are made that a text names.
func macros(texts ...string) (used []string) {
	for _, m := range [...]string{
		`ct_split_part(s, d, i) AS CASE WHEN i > 0 AND i <= len(string_split(s, d)) THEN split_part(s, d, i) END`,
		`ct_split(s, d, n) AS CASE WHEN len(string_split(s, d)) <= n THEN string_split(s, d)
			ELSE list_append(string_split(s, d)[1:n-1], array_to_string(string_split(s, d)[n:], d)) END`,
		`ct_entries(s, d) AS list_filter(string_split(s, d), e -> e <> '')`,
		`ct_slice(a, s, n) AS CASE WHEN s > 0 THEN a[s:s+n-1] WHEN len(a) + s < 0 THEN a[1:0] ELSE a[len(a)+s+1:len(a)+s+n] END`,
		`ct_map_of(l) AS map_from_entries(list_filter(l, (e, i) -> e.k IS NOT NULL
			AND list_position(list_transform(l, o -> o.k), e.k) = i))`,
		`ct_contains(a, v) AS CASE WHEN a IS NULL OR v IS NULL THEN NULL WHEN list_contains(a, v) THEN true
			WHEN list_count(a) < len(a) THEN NULL ELSE false END`,
		`ct_any(l) AS CASE WHEN list_contains(l, true) THEN true WHEN l IS NULL OR list_count(l) < len(l) THEN NULL ELSE false END`,
		`ct_all(l) AS CASE WHEN list_contains(l, false) THEN false WHEN l IS NULL OR list_count(l) < len(l) THEN NULL ELSE true END`,
		// In the order in which elements first come, unless finding them would take long.
		`ct_distinct(a) AS CASE WHEN len(a) <= 1000 THEN list_filter(a, (e, i) -> list_position(a, e) = i)
			WHEN list_count(a) < len(a) THEN list_append(list_distinct(a), NULL) ELSE list_distinct(a) END`,
		`ct_histogram(a) AS map_from_entries(list_transform(list_distinct(a), k -> row(k, len(list_filter(a, e -> e = k)))))`,
		`ct_has_sequence(a, s) AS len(s) = 0 OR len(list_filter(range(1, len(a) - len(s) + 2), i -> a[i:i + len(s) - 1] = s)) > 0`,
		`ct_digits(s) AS CASE WHEN regexp_full_match(s, '[+-]?[0-9]+') THEN s ELSE 'no whole number: ' || s END`,
		`ct_number(s) AS CASE WHEN regexp_full_match(s, '[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?|[+-]?(Infinity|NaN)') THEN s
			ELSE 'no number: ' || s END`,
		`ct_truth(s) AS CASE WHEN lower(s) IN ('true', 't', '1', 'false', 'f', '0') THEN s ELSE 'neither true nor false: ' || s END`,
		`ct_day(s) AS CASE WHEN regexp_full_match(trim(s), '[-+]?[0-9]{4,}-[0-9]{1,2}-[0-9]{1,2}') THEN s ELSE 'no date: ' || s END`,
		`ct_time(s) AS CASE WHEN regexp_full_match(trim(s), '[-+]?[0-9]{4,}-[0-9]{1,2}-[0-9]{1,2}( [0-9]{1,2}:[0-9]{1,2}(:[0-9]{1,2}([.][0-9]+)?)?)?')
			THEN s ELSE 'no timestamp: ' || s END`,
		`ct_zoned(s) AS CASE WHEN regexp_matches(trim(s), '^[-+]?[0-9]{4,}-[0-9]{1,2}-[0-9]{1,2}( |$)') THEN s ELSE 'no timestamp: ' || s END`,
		`ct_half(e, d) AS CASE WHEN len(string_split(e, d)) <> 2 THEN ct_fail('Key-value delimiter must appear exactly once in each entry')
			ELSE split_part(e, d, 1) END`,
		`ct_sequence(a, b, s) AS CASE WHEN s = 0 THEN CAST(ct_fail('sequence: step must not be zero') AS BIGINT[])
			WHEN s > 0 AND b < a OR s < 0 AND b > a THEN CAST(ct_fail('sequence: the step leads away from the stop') AS BIGINT[])
			WHEN abs(b - a) // abs(s) >= 10000 THEN CAST(ct_fail('result of sequence function must not have more than 10000 entries') AS BIGINT[])
			ELSE generate_series(a, b, s) END`,
		`ct_iso_text(t, clock) AS strftime(clock, '%Y-%m-%dT%H:%M:%S.%g') || printf('%s%02d:%02d',
			CASE WHEN clock < timezone('UTC', t) THEN '-' ELSE '+' END, abs(date_sub('minute', timezone('UTC', t), clock)) // 60,
			abs(date_sub('minute', timezone('UTC', t), clock)) % 60)`,
		`ct_multimap_of(l) AS map_from_entries(list_transform(list_sort(list_distinct(list_transform(l, e -> e.k))),
			k -> row(k, list_transform(list_filter(l, e -> e.k = k), e -> e.v))))`,
		`ct_top(l, n) AS map_from_entries(list_transform(list_sort(list_transform(l,
			e -> struct_pack(c := -CAST(e.value AS BIGINT), k := e.key)))[1:n], o -> row(o.k, -o.c)))`,
		`ct_width_bucket(x, lo, hi, n) AS CASE WHEN lo < hi THEN CASE WHEN x < lo THEN 0 WHEN x >= hi THEN n + 1
			ELSE CAST(floor((x - lo) / (hi - lo) * n) AS BIGINT) + 1 END
			ELSE CASE WHEN x > lo THEN 0 WHEN x <= hi THEN n + 1 ELSE CAST(floor((lo - x) / (lo - hi) * n) AS BIGINT) + 1 END END`,
		`ct_span(i) AS ((day(i) * 24 + hour(i)) * 60 + minute(i)) * 60000 + millisecond(i)`,
		`ct_typeof(t) AS CASE t WHEN 'HUGEINT' THEN 'bigint' WHEN 'UBIGINT' THEN 'bigint' WHEN 'FLOAT' THEN 'real' WHEN '"NULL"' THEN 'unknown'
			WHEN 'TIMESTAMP' THEN 'timestamp(3)' WHEN 'TIMESTAMP WITH TIME ZONE' THEN 'timestamp(3) with time zone' ELSE lower(t) END`,
	} {
		name, _, _ := strings.Cut(m, "(")
		if slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(text, name+"(") }) {
			used = append(used, "CREATE MACRO "+m)
		}
	}
	return used
}

// Package trino has the functions of Trino (Athena engine version 3) that the
// embedded engine lacks or answers otherwise, as functions of Go. They take and
// give text, numbers and truth; nil is NULL.
package trino

import (
	"errors"
	"math"
)

// Type is the type of an argument or a result.
type Type uint8

// The types.
const (
	Text Type = iota
	Integer
	Double
	Boolean
)

// Function is one function. It is NULL when an argument is.
type Function struct {
	Name   string
	Args   []Type
	Result Type
	// Call gets arguments of the Go types string, int64, float64 and bool; nil
	// as a result is NULL.
	Call func(args []any) (any, error)
}

// Functions are all functions, under the names that package athenasql writes.
func Functions() []Function {
	text, two := []Type{Text}, []Type{Text, Text}
	return []Function{
		{"ct_json_extract", two, Text, func(a []any) (any, error) { return jsonExtract(a[0].(string), a[1].(string)) }},
		{"ct_json_extract_scalar", two, Text, func(a []any) (any, error) { return jsonScalar(a[0].(string), a[1].(string)) }},
		{"ct_json_size", two, Integer, func(a []any) (any, error) { return jsonSize(a[0].(string), a[1].(string)) }},
		{"ct_json_array_length", text, Integer, func(a []any) (any, error) { return jsonLength(a[0].(string)), nil }},
		{"ct_json_array_contains", two, Boolean, func(a []any) (any, error) { return jsonContains(a[0].(string), a[1].(string)), nil }},
		{"ct_json_array_get", []Type{Text, Integer}, Text, func(a []any) (any, error) { return jsonElement(a[0].(string), a[1].(int64)), nil }},
		{"ct_json_text", text, Text, func(a []any) (any, error) { return jsonText(a[0].(string)) }},
		{"ct_json_as", two, Text, func(a []any) (any, error) { return jsonAs(a[0].(string), a[1].(string)) }},
		{"ct_json_shape", two, Text, func(a []any) (any, error) { return jsonShape(a[0].(string), a[1].(string)) }},
		{"ct_json_value", two, Text, func(a []any) (any, error) { return sqlJSONValue(a[0].(string), a[1].(string)) }},
		{"ct_json_query", []Type{Text, Text, Text}, Text, func(a []any) (any, error) { return sqlJSONQuery(a[0].(string), a[1].(string), a[2].(string)) }},
		{"ct_json_exists", two, Boolean, func(a []any) (any, error) { return sqlJSONExists(a[0].(string), a[1].(string)) }},
		{"ct_ip_order", text, Text, func(a []any) (any, error) { return ipOrder(a[0].(string)) }},
		{"ct_strpos", []Type{Text, Text, Integer}, Integer, func(a []any) (any, error) { return strpos(a[0].(string), a[1].(string), a[2].(int64)) }},
		{"ct_regexp_position", []Type{Text, Text, Integer, Integer}, Integer, func(a []any) (any, error) {
			return regexpPosition(a[0].(string), a[1].(string), a[2].(int64), a[3].(int64))
		}},
		{"ct_json_parse", text, Text, func(a []any) (any, error) { return jsonParse(a[0].(string)) }},
		{"ct_hash", []Type{Text, Text, Text}, Text, func(a []any) (any, error) { return hashed(a[0].(string), a[1].(string), a[2].(string)) }},
		{"ct_crc32", text, Integer, func(a []any) (any, error) { return checksum32(a[0].(string)) }},
		{"ct_in_base", two, Text, func(a []any) (any, error) { return inBase(a[0].(string), a[1].(string)) }},
		{"ct_out_of_base", two, Text, func(a []any) (any, error) { return outOfBase(a[0].(string), a[1].(string)) }},
		{"ct_big_endian", []Type{Integer, Integer}, Text, func(a []any) (any, error) { return bigEndian(a[0].(int64), a[1].(int64)) }},
		{"ct_from_big_endian", []Type{Text, Integer}, Integer, func(a []any) (any, error) { return fromBigEndian(a[0].(string), a[1].(int64)) }},
		{"ct_from_ieee", []Type{Text, Integer}, Double, func(a []any) (any, error) { return fromIEEE(a[0].(string), a[1].(int64)) }},
		{"ct_to_ieee", []Type{Double, Integer}, Text, func(a []any) (any, error) { return toIEEE(a[0].(float64), a[1].(int64)), nil }},
		{"ct_divide", []Type{Text, Text, Integer}, Text, func(a []any) (any, error) { return divide(a[0].(string), a[1].(string), a[2].(int64)) }},
		{"ct_fail", text, Text, func(a []any) (any, error) { return nil, errors.New(a[0].(string)) }},
		{"ct_cbrt", []Type{Double}, Double, func(a []any) (any, error) { return math.Cbrt(a[0].(float64)), nil }},
		{"ct_normalize", two, Text, func(a []any) (any, error) { return normalize(a[0].(string), a[1].(string)) }},
		{"ct_regexp_matches", two, Text, func(a []any) (any, error) { return regexpMatches(a[0].(string), a[1].(string)) }},
		{"ct_short_number", []Type{Double}, Text, func(a []any) (any, error) { return shortNumber(a[0].(float64)), nil }},
		{"ct_data_size", text, Integer, func(a []any) (any, error) { return dataSize(a[0].(string)) }},
		{"ct_duration", text, Integer, func(a []any) (any, error) { return milliseconds(a[0].(string)) }},
		{"ct_ipprefix", text, Text, func(a []any) (any, error) { return ipRange(a[0].(string)) }},
		{"ct_iso_time", text, Text, func(a []any) (any, error) { return isoTime(a[0].(string)) }},
		{"ct_reverse", text, Text, func(a []any) (any, error) { return reverse(a[0].(string)), nil }},
		{"ct_from_utf8", two, Text, func(a []any) (any, error) { return fromUTF8(a[0].(string), a[1].(string)) }},
		{"ct_url_encode", text, Text, func(a []any) (any, error) { return urlEncode(a[0].(string)), nil }},
		{"ct_url_decode", text, Text, func(a []any) (any, error) { return urlDecode(a[0].(string)) }},
		{"ct_from_base", []Type{Text, Integer}, Integer, func(a []any) (any, error) { return fromBase(a[0].(string), a[1].(int64)) }},
		{"ct_levenshtein", two, Integer, func(a []any) (any, error) { return levenshtein(a[0].(string), a[1].(string)) }},
		{"ct_soundex", text, Text, func(a []any) (any, error) { return soundex(a[0].(string)), nil }},
		{"ct_luhn", text, Boolean, func(a []any) (any, error) { return luhn(a[0].(string)) }},
		{"ct_interval_text", []Type{Integer, Integer}, Text, func(a []any) (any, error) { return IntervalText(a[0].(int64), a[1].(int64)), nil }},
		{"ct_readable_seconds", []Type{Double}, Text, func(a []any) (any, error) { return readableSeconds(a[0].(float64)) }},
		{"ct_scientific", []Type{Double}, Text, func(a []any) (any, error) { return scientific(a[0].(float64)), nil }},
		{"ct_regexp_group", []Type{Text, Text, Integer}, Text, func(a []any) (any, error) { return regexpGroup(a[0].(string), a[1].(string), a[2].(int64)) }},
		{"ct_regexp_replace", []Type{Text, Text, Text}, Text, func(a []any) (any, error) { return regexpReplace(a[0].(string), a[1].(string), a[2].(string)) }},
		{"ct_replacement", text, Text, func(a []any) (any, error) { return replacement(a[0].(string)) }},
		{"ct_double_text", []Type{Double}, Text, func(a []any) (any, error) { return DoubleText(a[0].(float64)), nil }},
		{"ct_ipaddress", text, Text, func(a []any) (any, error) { return ipAddress(a[0].(string)) }},
		{"ct_network_contains", two, Boolean, func(a []any) (any, error) { return networkContains(a[0].(string), a[1].(string)) }},
		{"ct_cidr_contains", two, Boolean, func(a []any) (any, error) { return cidrContains(a[0].(string), a[1].(string)) }},
		{"ct_ip_prefix", []Type{Text, Integer}, Text, func(a []any) (any, error) { return ipPrefix(a[0].(string), a[1].(int64)) }},
		{"ct_ip_subnet_min", text, Text, func(a []any) (any, error) { return subnetEnd(a[0].(string), 0) }},
		{"ct_ip_subnet_max", text, Text, func(a []any) (any, error) { return subnetEnd(a[0].(string), 0xff) }},
		{"ct_url", two, Text, func(a []any) (any, error) { return urlPart(a[0].(string), a[1].(string)), nil }},
		{"ct_url_parameter", two, Text, func(a []any) (any, error) { return urlParameter(a[0].(string), a[1].(string)), nil }},
	}
}

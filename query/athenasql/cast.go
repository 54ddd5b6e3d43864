package athenasql

import (
	"encoding/json"
	"strings"
)

// cast writes CAST and TRY_CAST.
func (t *translator) cast(x *cast, s *scope) (string, typ, error) {
	v, from, err := t.expr(x.x, s)
	if err != nil {
		return "", typ{}, err
	}
	to, engine, err := x.to.resolve()
	if err != nil {
		return "", typ{}, err
	}
	word := either(x.try, "TRY_CAST(", "CAST(")
	v = t.strictly(v, from, to)
	plain := word + v + " AS " + engine + ")"
	try := func(text string) string { return either(x.try, attempt(text), text) }
	switch {
	case to.kind == ipaddress:
		return try("ct_ipaddress(" + v + ")"), to, nil
	case to.kind == ipprefix:
		return try("ct_ipprefix(" + v + ")"), to, nil
	case to.kind == timestampTZ && isZonedText(x.x) && isStamp(x.x.(*literal).text):
		return zonedLiteral(x.x.(*literal).text)
	case from.kind == jsonKind:
		if to.isTime() {
			t.warn(x.at, codeImplicit, "JSON as a %s: Athena wants CAST(CAST(… AS varchar) AS %s)", to, to)
		}
		return t.fromJSON(v, to, engine, word, try), to, nil
	case to.kind == jsonKind && from.kind == mapKind && from.elemType().kind != rowKind: // sorted by its keys
		return "CAST(ct_json_parse(CAST(to_json(" + v + ") AS VARCHAR)) AS JSON)", to, nil
	case to.kind == jsonKind:
		return "to_json(" + v + ")", to, nil
	case to.kind == varchar:
		text, err := t.toVarchar(x, v, from)
		return text, to, err
	case from.zone != "" && to.kind == timestampTZ:
		return v, from, nil
	case from.kind == timestampTZ && to.kind == timeOfDay && from.zone == "":
		return word + "timezone('UTC', " + v + ") AS " + engine + ")", to, nil
	case from.zone != "":
		return word + inZone(from, v) + " AS " + engine + ")", to, nil
	case to.kind == timestamp && from.kind == varchar && isColumn(x.x, "eventtime"):
		t.warn(x.at, codeImplicit, "eventtime as a timestamp: Athena cannot cast a text with T and Z; write from_iso8601_timestamp(eventtime)")
	}
	return plain, to, nil
}

// toVarchar writes a cast to a text, of which there may be a longest.
func (t *translator) toVarchar(x *cast, v string, from typ) (string, error) {
	switch from.kind {
	case arrayKind, mapKind, rowKind:
		return "", &syntaxError{at: x.at, code: codeArguments, message: "Cannot cast " + from.String() + " to varchar", help: "json_format(CAST(… AS json)), or array_join(array, ',')"}
	}
	text := castText(v, from)
	most := x.to.number
	if len(most) == 0 && x.to.name == "char" {
		most = []string{"1"}
	}
	switch {
	case len(most) == 0:
		return text, nil
	case from.kind == varchar || from.kind == unknown:
		return "left(" + text + ", " + most[0] + ")", nil
	}
	return t.once(text, func(v string) string { // a number is not cut short
		if x.try {
			return "CASE WHEN length(" + v + ") <= " + most[0] + " THEN " + v + " END"
		}
		return guarded("length("+v+") > "+most[0], "the value cannot be represented as varchar("+most[0]+")", "VARCHAR", v)
	}), nil
}

// strictly keeps the engine from taking what Athena does not take: 1.5 and blanks
// in a text for whole numbers, 1_000 and inf for others, yes for true, 2.5 for 2, 2026-03-14T09:26:53Z for a
// day or a time. A time of day is one of today.
func (t *translator) strictly(v string, from, to typ) string {
	switch {
	case from.kind == timeOfDay && (to.kind == timestamp || to.kind == timestampTZ):
		return "(DATE '" + t.o.Now.UTC().Format("2006-01-02") + "' + CAST(" + v + " AS TIME))"
	case from.kind == varchar && to.kind == integer:
		return "ct_digits(" + v + ")"
	case from.kind == varchar && to.kind == double:
		return "ct_number(trim(" + v + ", ' ' || chr(9) || chr(10) || chr(13)))"
	case from.kind == varchar && to.kind == decimal:
		return "ct_number(" + v + ")"
	case from.kind == varchar && to.kind == boolean:
		return "ct_truth(" + v + ")"
	case from.kind == varchar && to.kind == date:
		return "ct_day(" + v + ")"
	case from.kind == varchar && to.kind == timestamp:
		return "ct_time(" + v + ")"
	case from.kind == varchar && to.kind == timestampTZ:
		return "ct_zoned(" + v + ")"
	case from.kind == double && to.kind == integer:
		return "round(" + v + ")"
	}
	return v
}

// isZonedText tells whether the expression is the text of a time with a zone.
func isZonedText(x expr) bool {
	l, ok := x.(*literal)
	return ok && l.kind == litString && hasZone(l.text)
}

// isColumn tells whether the expression is the column itself.
func isColumn(x expr, column string) bool {
	n, ok := x.(*name)
	return ok && strings.EqualFold(n.parts[len(n.parts)-1].text, column)
}

// castText writes CAST(v AS varchar).
func castText(v string, from typ) string {
	switch from.kind {
	case double:
		return "ct_scientific(CAST(" + v + " AS DOUBLE))"
	case jsonKind:
		return "ct_json_text(CAST(" + v + " AS VARCHAR))"
	}
	return toText(v, from)
}

// toText writes a value as the text that Trino casts it to.
func toText(v string, from typ) string {
	switch from.kind {
	case timestampTZ:
		if from.zone != "" {
			return "(strftime(" + inZone(from, v) + ", '%Y-%m-%d %H:%M:%S.%g ') || " + quoteText(from.zone) + ")"
		}
		return "strftime(" + v + ", '%Y-%m-%d %H:%M:%S.%g UTC')"
	case timestamp:
		return "strftime(" + v + ", '%Y-%m-%d %H:%M:%S.%g')"
	case double:
		return "ct_double_text(CAST(" + v + " AS DOUBLE))"
	case varbinary:
		return "decode(" + v + ")"
	case intervalKind:
		return "ct_interval_text(12 * year(" + v + ") + month(" + v + "), ct_span(" + v + "))"
	}
	return "CAST(" + v + " AS VARCHAR)"
}

// fromJSON writes a cast of JSON, which takes values apart and not their text.
func (t *translator) fromJSON(v string, to typ, engine, word string, try func(string) string) string {
	switch to.kind {
	case jsonKind:
		return v
	case varchar:
		return try("ct_json_text(CAST(" + v + " AS VARCHAR))")
	case arrayKind, mapKind, rowKind:
		if shape, ok := shapeOf(to); ok {
			b, err := json.Marshal(shape)
			if err == nil { // maps and strings always can be
				return word + "CAST(" + try("ct_json_shape(CAST("+v+" AS VARCHAR), "+quoteText(string(b))+")") + " AS JSON) AS " + engine + ")"
			}
		}
		return word + v + " AS " + engine + ")"
	}
	text := "ct_json_text(CAST(" + v + " AS VARCHAR))"
	if as, ok := jsonTargets[to.kind]; ok {
		text = "ct_json_as(CAST(" + v + " AS VARCHAR), '" + as + "')"
	}
	if to.kind == double || to.kind == decimal {
		return word + "ct_number(" + try(text) + ") AS " + engine + ")"
	}
	return word + try(text) + " AS " + engine + ")"
}

// jsonTargets are what ct_json_as writes scalars of JSON for.
var jsonTargets = map[kind]string{integer: "bigint", double: "double", decimal: "decimal", boolean: "boolean"}

// shapeOf describes a type for ct_json_shape: "v" a value, "t" a text, "j" JSON, ["a", elem],
// ["m", value], ["r", [[name, type], …]].
func shapeOf(t typ) (shape any, ok bool) {
	switch t.kind {
	case arrayKind:
		elem, ok := shapeOf(t.elemType())
		return []any{"a", elem}, ok
	case mapKind:
		elem, ok := shapeOf(t.elemType())
		return []any{"m", elem}, ok
	case rowKind:
		var fields []any
		for _, f := range t.fields {
			kind, _ := shapeOf(f.typ)
			fields = append(fields, []any{f.name, kind})
		}
		return []any{"r", fields}, true
	case jsonKind:
		return "j", true
	case varchar:
		return "t", true
	}
	return "v", true
}

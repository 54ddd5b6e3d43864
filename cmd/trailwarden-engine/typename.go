package main

import (
	"strings"
)

// trinoType names a type of the engine's as Trino does: VARCHAR[] is
// array(varchar).
func trinoType(t string) string {
	t = strings.TrimSpace(t)
	if base, ok := strings.CutSuffix(t, "]"); ok {
		if i := strings.LastIndexByte(base, '['); i >= 0 {
			return "array(" + trinoType(base[:i]) + ")"
		}
	}
	name, args, ok := strings.Cut(strings.TrimSuffix(t, ")"), "(")
	if !ok {
		return trinoName(name)
	}
	switch name {
	case "STRUCT":
		return "row(" + mapMembers(args, func(m string) string {
			field, kind := splitField(m)
			return field + " " + trinoType(kind)
		}) + ")"
	case "MAP":
		return "map(" + mapMembers(args, trinoType) + ")"
	}
	return strings.ToLower(t)
}

// mapMembers applies change to each part of a list that commas separate, outside
// of brackets and quotes.
func mapMembers(list string, change func(string) string) string {
	var parts []string
	depth, start, quoted := 0, 0, false
	for i, c := range list {
		switch {
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '(':
			depth++
		case c == ')':
			depth--
		case c == ',' && depth == 0:
			parts = append(parts, change(strings.TrimSpace(list[start:i])))
			start = i + 1
		}
	}
	return strings.Join(append(parts, change(strings.TrimSpace(list[start:]))), ", ")
}

// splitField separates a struct's field from its type: "user name" VARCHAR.
func splitField(m string) (field, kind string) {
	if !strings.HasPrefix(m, `"`) {
		field, kind, _ = strings.Cut(m, " ")
		return field, kind
	}
	for i := 1; i < len(m); i++ {
		if m[i] == '"' {
			if i+1 < len(m) && m[i+1] == '"' {
				i++
				continue
			}
			return strings.ReplaceAll(m[1:i], `""`, `"`), m[i+1:]
		}
	}
	return m, ""
}

// trinoName is the name of a type without parts.
func trinoName(t string) string {
	switch t {
	case "STRING_LITERAL":
		return "varchar"
	case "UBIGINT", "HUGEINT", "UHUGEINT", "UINTEGER", "INTEGER_LITERAL":
		return "bigint"
	case "FLOAT":
		return "real"
	case "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS":
		return "timestamp(3)"
	case "TIMESTAMP WITH TIME ZONE":
		return "timestamp(3) with time zone"
	case "TIME":
		return "time(3)"
	case "INTERVAL":
		return "interval day to second"
	case "BLOB":
		return "varbinary"
	case `"NULL"`, "NULL":
		return "unknown"
	}
	return strings.ToLower(t)
}

// isNested tells whether values of the type have parts.
func isNested(t string) bool {
	return strings.HasSuffix(t, "]") || strings.HasPrefix(t, "STRUCT(") || strings.HasPrefix(t, "MAP(") || strings.HasPrefix(t, "UNION(")
}

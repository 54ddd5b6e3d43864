package athenasql

import (
	"slices"
	"strings"
)

// maxGuards bounds how many conditions of one AND are guarded.
const maxGuards = 32

// conjunction writes conditions joined by AND. Athena looks at them from left to
// right and no further than to one that is false, so that a condition may keep a
// CAST from what it cannot cast; the engine looks at them in any order. What may
// fail is therefore written so that it is only looked at where none of the sound
// conditions before it is false.
func (t *translator) conjunction(x *binary, s *scope) (string, typ, error) {
	all := conditions(x, nil)
	parts, _, err := t.each(all, s)
	if err != nil {
		return "", typ{}, err
	}
	var sound []string
	guards := 0
	for i, c := range all {
		if !mayFail(c) {
			sound = append(sound, parts[i])
			continue
		}
		if guards++; len(sound) > 0 && guards <= maxGuards {
			parts[i] = "CASE WHEN NOT (" + strings.Join(sound, " AND ") + ") THEN false ELSE " + parts[i] + " END"
		}
	}
	return "(" + strings.Join(parts, " AND ") + ")", of(boolean), nil
}

// conditions are the operands of nested ANDs, from left to right.
func conditions(x expr, all []expr) []expr {
	if b, ok := x.(*binary); ok && b.op == "AND" {
		return conditions(b.y, conditions(b.x, all))
	}
	return append(all, x)
}

// failing are functions that raise an error on texts that they cannot read.
var failing = []string{"from_iso8601_timestamp", "from_iso8601_timestamp_nanos", "from_iso8601_date", "date", "date_parse", "parse_datetime",
	"split_to_map", "split_to_multimap", "codepoint", "json_parse", "from_base64", "from_hex", "from_base", "url_decode", "ip_prefix", "is_subnet_of", "is_json_scalar", "parse_duration"}

// mayFail tells whether an expression can raise an error on some record. Times
// and days of records are always sound.
func mayFail(x expr) bool {
	switch x := x.(type) {
	case *cast:
		to, _, err := x.to.resolve()
		if err == nil && !x.try && to.kind != varchar && to.kind != jsonKind && !soundText(x.x) {
			return true
		}
	case *call:
		if x.name == "try" {
			return false
		}
		if x.name == "contains" && len(x.args) == 2 && isNetwork(x.args[0]) && !soundText(x.args[1]) { // of another version
			return true
		}
		if slices.Contains(failing, x.name) && len(x.args) > 0 && !soundText(x.args[0]) {
			return true
		}
	}
	return raises(x) || slices.ContainsFunc(parts(x), mayFail)
}

// isNetwork tells whether an expression is a network such as '10.0.0.0/8', or may be
// one of a list.
func isNetwork(x expr) bool {
	l, ok := x.(*literal)
	_, listed := x.(*name)
	return listed || ok && strings.Contains(l.text, "/")
}

// soundText tells whether an expression is a constant, or reads only columns that
// CloudTrail itself writes and calls of them that cannot fail.
func soundText(x expr) bool {
	switch x := x.(type) {
	case *literal, *typed, *special, *interval:
		return true
	case *name:
		switch strings.ToLower(x.parts[len(x.parts)-1].text) {
		case "eventtime", "creationdate", "timestamp", "year", "month", "day", "dt", "date":
			return true
		}
	}
	below := parts(x)
	return len(below) > 0 && !slices.ContainsFunc(below, func(p expr) bool { return !soundText(p) })
}

// parts are the expressions directly below one, but for those in queries.
func parts(x expr) []expr {
	switch x := x.(type) {
	case *field:
		return []expr{x.x}
	case *unary:
		return []expr{x.x}
	case *binary:
		return []expr{x.x, x.y}
	case *not:
		return []expr{x.x}
	case *isNull:
		return []expr{x.x}
	case *distinctFrom:
		return []expr{x.x, x.y}
	case *between:
		return []expr{x.x, x.lo, x.hi}
	case *in:
		return append([]expr{x.x}, x.list...)
	case *like:
		return []expr{x.x, x.pattern}
	case *cast:
		return []expr{x.x}
	case *extract:
		return []expr{x.x}
	case *atZone:
		return []expr{x.x}
	case *call:
		return x.args
	case *lambda:
		return []expr{x.body}
	case *array:
		return x.elems
	case *row:
		return x.elems
	case *subscript:
		return []expr{x.x, x.index}
	case *caseOf:
		return caseParts(x)
	}
	return nil
}

func caseParts(x *caseOf) (all []expr) {
	if x.operand != nil {
		all = append(all, x.operand)
	}
	for _, w := range x.whens {
		all = append(all, w.cond, w.then)
	}
	if x.other != nil {
		all = append(all, x.other)
	}
	return all
}

// ordered writes addresses so that they compare by their numbers.
func ordered(texts []string, types []typ) {
	if !slices.ContainsFunc(types, func(k typ) bool { return k.kind == ipaddress }) {
		return
	}
	for i := range texts {
		texts[i] = "ct_ip_order(" + texts[i] + ")"
	}
}

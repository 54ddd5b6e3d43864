package sigma

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/trailwarden/trailwarden/detect"
	"github.com/trailwarden/trailwarden/internal/nearest"
)

// modify applies one modifier to one value: the alternatives it becomes, any of
// which may match, or what is wrong.
type modify func(v value, before []string) ([]value, error)

// modifierOf finds a value modifier. The list modifiers all, neq and expand are
// the item's own business.
func modifierOf(name string) (modify, bool) {
	switch name {
	case "contains":
		return wildcards(true, true), true
	case "startswith":
		return wildcards(false, true), true
	case "endswith":
		return wildcards(true, false), true
	case "re":
		return toRegexp, true
	case "i", "ignorecase":
		return regexpFlag("i"), true
	case "m", "multiline":
		return regexpFlag("m"), true
	case "s", "dotall":
		return regexpFlag("s"), true
	case "cased":
		return toCased, true
	case "cidr":
		return toNetwork, true
	case "exists":
		return toExists, true
	case "fieldref":
		return toFieldReference, true
	}
	if m, ok := comparisonOf(name); ok {
		return m, true
	}
	return encodingOf(name)
}

func comparisonOf(name string) (modify, bool) {
	switch name {
	case "lt":
		return compareBy(detect.NumLess), true
	case "lte":
		return compareBy(detect.NumLessEqual), true
	case "gt":
		return compareBy(detect.NumGreater), true
	case "gte":
		return compareBy(detect.NumGreaterEqual), true
	case "minute":
		return toTimePart(detect.Minute), true
	case "hour":
		return toTimePart(detect.Hour), true
	case "day":
		return toTimePart(detect.Day), true
	case "week":
		return toTimePart(detect.Week), true
	case "month":
		return toTimePart(detect.Month), true
	case "year":
		return toTimePart(detect.Year), true
	}
	return nil, false
}

func encodingOf(name string) (modify, bool) {
	switch name {
	case "base64":
		return toBase64, true
	case "base64offset":
		return toBase64Offset, true
	case "utf16":
		return toUTF16(encodeUTF16LE, true), true
	case "utf16le", "wide":
		return toUTF16(encodeUTF16LE, false), true
	case "utf16be":
		return toUTF16(encodeUTF16BE, false), true
	case "windash":
		return toDashes, true
	}
	return nil, false
}

// elsewhere is how other tools name what is here.
var elsewhere = map[string]string{"not": "neq", "equalsfield": "fieldref", "endswithfield": "fieldref|endswith", "regex": "re"}

// unknownModifier says what is wrong with a modifier that there is none of.
func unknownModifier(name string) error {
	known := strings.FieldsFunc(modifierNames, func(r rune) bool { return strings.ContainsRune(", ()", r) })
	known = slices.DeleteFunc(known, func(k string) bool { return len(k) == 1 }) // every letter is near to every other
	if near := cmp.Or(elsewhere[name], nearest.Of(name, known)); near != "" {
		return fmt.Errorf("is not known; did you mean %s?", near)
	}
	return fmt.Errorf("is not known; want one of %s", modifierNames)
}

// modifierNames are all the modifiers, for messages.
const modifierNames = "contains, startswith, endswith, all, neq, exists, cased, re (i, m, s), cidr, lt, lte, gt, gte, " +
	"fieldref, expand, base64, base64offset, utf16, utf16le, utf16be, wide, windash, minute, hour, day, week, month, year"

func cannotTake(v value) error { return fmt.Errorf("cannot be applied to %s", v.kind) }

// asText turns a number or boolean into the text it was written as: account
// numbers often come without quotes.
func asText(v value) value {
	if v.kind == numberValue || v.kind == boolValue {
		v.kind = textValue
	}
	return v
}

func wildcards(before, after bool) modify {
	return func(v value, _ []string) ([]value, error) {
		v = asText(v)
		switch v.kind {
		case textValue:
			v.pieces = surround(v.pieces, before, after)
		case fieldValue:
			v.starts, v.ends = v.starts || after, v.ends || before
		case regexpValue:
			// A search is unanchored: ".*" around the expression changes nothing.
		default:
			return nil, cannotTake(v)
		}
		return []value{v}, nil
	}
}

// surround adds wildcards where there is none yet.
func surround(pieces []piece, before, after bool) []piece {
	out := make([]piece, 0, len(pieces)+2)
	if before && (len(pieces) == 0 || pieces[0].kind != anyRun) {
		out = append(out, piece{kind: anyRun})
	}
	out = append(out, pieces...)
	if after && (len(out) == 0 || out[len(out)-1].kind != anyRun) {
		out = append(out, piece{kind: anyRun})
	}
	return out
}

func toRegexp(v value, before []string) ([]value, error) {
	if v.kind != textValue {
		return nil, cannotTake(v)
	}
	if len(before) > 0 {
		return nil, fmt.Errorf("must be the first modifier, not after %s", before[len(before)-1])
	}
	v.kind = regexpValue
	return []value{v}, nil
}

func regexpFlag(flag string) modify {
	return func(v value, before []string) ([]value, error) {
		last := ""
		if len(before) > 0 {
			last = before[len(before)-1]
		}
		switch last {
		case "re", "i", "m", "s", "ignorecase", "multiline", "dotall":
		default:
			return nil, fmt.Errorf("is a flag of a regular expression and must come right after re")
		}
		if !strings.Contains(v.flags, flag) {
			v.flags += flag
		}
		return []value{v}, nil
	}
}

func toCased(v value, _ []string) ([]value, error) {
	v = asText(v)
	switch v.kind {
	case textValue, fieldValue:
		v.cased = true
		return []value{v}, nil
	case regexpValue:
		return nil, fmt.Errorf("has no place after re: a regular expression is case-sensitive already")
	}
	return nil, cannotTake(v)
}

func toNetwork(v value, before []string) ([]value, error) {
	s, plain := v.plain()
	if v.kind != textValue || !plain {
		return nil, fmt.Errorf("wants a network such as 10.0.0.0/8, without wildcards")
	}
	if len(before) > 0 {
		return nil, fmt.Errorf("must be the first modifier, not after %s", before[len(before)-1])
	}
	prefix, err := parseNetwork(s)
	if err != nil {
		return nil, fmt.Errorf("wants a network such as 10.0.0.0/8 or 2001:db8::/32, not %s", quote(s))
	}
	return []value{{kind: networkValue, prefix: prefix, pieces: v.pieces}}, nil
}

// parseNetwork reads a network; an address alone is a network of one.
func parseNetwork(s string) (netip.Prefix, error) {
	if !strings.Contains(s, "/") {
		a, ok := detect.ParseAddr(s)
		if !ok {
			return netip.Prefix{}, fmt.Errorf("no address")
		}
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	return netip.ParsePrefix(s)
}

func toExists(v value, before []string) ([]value, error) {
	switch {
	case len(before) > 0:
		return nil, fmt.Errorf("allows no other modifier")
	case v.kind != boolValue:
		return nil, fmt.Errorf("wants true or false")
	}
	v.kind = existsValue
	return []value{v}, nil
}

func toFieldReference(v value, _ []string) ([]value, error) {
	s, plain := v.plain()
	switch {
	case v.kind != textValue:
		return nil, cannotTake(v)
	case !plain:
		return nil, fmt.Errorf("wants a field name without wildcards; write contains, startswith and endswith after it")
	case s == "":
		return nil, fmt.Errorf("wants the name of a field")
	}
	return []value{{kind: fieldValue, field: s, cased: v.cased}}, nil
}

func compareBy(op detect.NumOp) modify {
	return func(v value, _ []string) ([]value, error) {
		switch v.kind {
		case timePartValue:
			if v.within {
				return nil, fmt.Errorf("cannot follow another comparison")
			}
			v.op, v.within = op, true
			return []value{v}, nil
		case textValue:
			s, _ := v.plain()
			d, ok := detect.ParseDecimal(s)
			if !ok || v.cased {
				return nil, fmt.Errorf("wants a number")
			}
			v.number = d
		case numberValue:
		default:
			return nil, cannotTake(v)
		}
		return []value{{kind: compareValue, op: op, number: v.number}}, nil
	}
}

func toTimePart(unit detect.TimeUnit) modify {
	return func(v value, _ []string) ([]value, error) {
		d := v.number
		if v.kind == textValue {
			s, _ := v.plain()
			d, _ = detect.ParseDecimal(s)
		} else if v.kind != numberValue {
			return nil, cannotTake(v)
		}
		if n := int(d.Value); !d.Exact || d.Value < 0 || d.Value > maxYear || float64(n) != d.Value {
			return nil, fmt.Errorf("wants a whole number")
		}
		return []value{{kind: timePartValue, unit: unit, number: d}}, nil
	}
}

// maxYear bounds the operand of a part of a time.
const maxYear = 9999

func numberText(d detect.Decimal) string {
	if d.Exact {
		return strconv.FormatFloat(d.Value, 'f', -1, 64)
	}
	return d.Text
}

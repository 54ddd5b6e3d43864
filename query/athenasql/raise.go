package athenasql

import (
	"hash/fnv"
	"slices"
	"strconv"
	"strings"
)

// Where Athena ends a query because of a value in a row, the engine often gives
// NULL or something near. What is written here ends it, too: ct_fail gives nothing
// but an error, and CASE asks for it in the bad rows only.

// guarded is x, and an error where bad is true; engine is the type of x, or one
// that does not widen it.
func guarded(bad, message, engine, x string) string {
	return "CASE WHEN " + bad + " THEN CAST(ct_fail(" + quoteText(message) + ") AS " + engine + ") ELSE " + x + " END"
}

// attempt is x, and NULL for a record on which it raises an error. The engine's TRY
// writes its NULLs into what marks the NULLs of its result, and functions share
// these marks with their arguments: without an array in between, a column would be
// NULL wherever something made of it fails. Of what is in a TRY, the engine must not
// compute parts outside of it; its process sees to that.
func attempt(x string) string { return "TRY([" + x + "])[1]" }

// coalesced is coalesce, as a CASE when a value after the first may raise an error:
// what comes twice in a query the engine computes before it looks at the values in
// turn, but for what is in a CASE.
func coalesced(c *callSite) (string, typ, error) {
	last := len(c.args) - 1
	if !slices.ContainsFunc(c.x.args[1:], mayFail) || len(strings.Join(c.args[:last], "")) > maxRepeated {
		return "coalesce(" + strings.Join(c.args, ", ") + ")", known(c.types), nil
	}
	var cases strings.Builder
	for _, a := range c.args[:last] {
		cases.WriteString(" WHEN (" + a + ") IS NOT NULL THEN " + a)
	}
	return "CASE" + cases.String() + " ELSE " + c.args[last] + " END", known(c.types), nil
}

// maxRepeated is the longest text, in bytes, that is written twice: what is long
// may hold what was written twice before.
const maxRepeated = 160

// once writes something that wants a value in several places.
func (t *translator) once(text string, write func(string) string) string {
	if len(text) <= maxRepeated {
		return write(text)
	}
	name := nameOf(text)
	return "list_transform([" + text + "], " + name + " -> " + write(name) + ")[1]"
}

// nameOf is a name for a text: the same for the same, as the engine compares what
// is selected with what is grouped by.
func nameOf(text string) string {
	h := fnv.New64a()
	h.Write([]byte(text))
	return "ct_" + strconv.FormatUint(h.Sum64(), 36)
}

// divisor writes what whole numbers and decimals are divided by.
func (t *translator) divisor(x expr, text string) string {
	if nonZero(x) {
		return text
	}
	return t.once(text, func(d string) string { return guarded(d+" = 0", "Division by zero", "TINYINT", d) })
}

// checked refuses what cannot be added to a date, and guards a divisor.
func (t *translator) checked(x *binary, text string, parts []string, l, r typ) (string, error) {
	if l.kind == date && partOfDay(x.y) || r.kind == date && partOfDay(x.x) {
		return "", &syntaxError{at: x.at, code: codeArguments, message: "Cannot add hour, minutes or seconds to a date", help: "CAST(… AS timestamp)"}
	}
	if x.op != "/" && x.op != "%" || !exact(l, r) {
		return text, nil
	}
	parts[1] = t.divisor(x.y, parts[1])
	return "(" + parts[0] + " " + x.op + " " + parts[1] + ")", nil
}

// nonZero tells whether an expression is a number other than zero that is written
// in the query.
func nonZero(x expr) bool {
	l, ok := x.(*literal)
	if !ok || l.kind != litInteger && l.kind != litDecimal && l.kind != litDouble {
		return false
	}
	n, err := strconv.ParseFloat(strings.ReplaceAll(l.text, "_", ""), 64)
	return err == nil && n != 0
}

// exact tells whether both are whole numbers or decimals, whose division by zero is
// an error.
func exact(l, r typ) bool {
	return (l.kind == integer || l.kind == decimal) && (r.kind == integer || r.kind == decimal)
}

func modulo(c *callSite) (string, typ, error) {
	if exact(c.types[0], c.types[1]) {
		c.args[1] = c.t.divisor(c.x.args[1], c.args[1])
	}
	if text, kind, ok := decimalArithmetic("%", c.fill("($1 % $2)"), c.args, c.types[0], c.types[1]); ok {
		return text, kind, nil
	}
	return c.fill("($1 % $2)"), wider(c.types[0], c.types[1]), nil
}

// The errors of subscripts, as Trino has them, and what to do.
const (
	beyondArray = "Array subscript must be from 1 to the length of the array; element_at gives NULL for others"
	beyondMap   = "Key not present in map; element_at gives NULL for others"
)

// element writes the element of an array or the value of a map, which must be there.
func (t *translator) element(base, index string, of typ, x expr) string {
	if len(base)+len(index) > maxRepeated {
		pair := nameOf(base + index)
		return "list_transform([struct_pack(b := " + base + ", i := " + index + ")], " + pair + " -> " +
			elementText(pair+".b", pair+".i", of, x) + ")[1]"
	}
	return elementText(base, index, of, x)
}

func elementText(base, index string, of typ, x expr) string {
	key := "BIGINT"
	bad := either(nonZero(x), "", index+" < 1 OR ") + index + " > len(" + base + ")"
	message := beyondArray
	if of.kind == mapKind {
		key, bad, message = engineName(keyOf(of)), "NOT map_contains("+base+", "+index+")", beyondMap
		if keyOf(of).kind == integer {
			key = "TINYINT"
		}
	}
	if key == "" {
		return base + "[" + index + "]"
	}
	return base + "[" + guarded(bad, message, key, index) + "]"
}

// within refuses argument i where bad is true of it; what is written in the query
// and good is left as it is. bad has $ for the argument.
func (c *callSite) within(i int, good func(n int) bool, bad, message string) error {
	n, written := c.number(i)
	switch {
	case written && good(n):
	case written:
		return c.errorf(codeArguments, "%s", message)
	default:
		c.args[i] = c.t.once(c.args[i], func(x string) string {
			return guarded(strings.ReplaceAll(bad, "$", x), c.x.name+": "+message, "TINYINT", x)
		})
	}
	return nil
}

func positive(n int) bool    { return n > 0 }
func notNegative(n int) bool { return n >= 0 }

// filled is an argument that must not be the empty text.
func (c *callSite) filled(i int, message string) error {
	text, written := c.literal(i)
	switch {
	case written && text == "":
		return c.errorf(codeArguments, "%s", message)
	case !written && c.args[i] != "NULL":
		c.args[i] = c.t.once(c.args[i], func(x string) string { return guarded(x+" = ''", c.x.name+": "+message, "VARCHAR", x) })
	}
	return nil
}

// padded is lpad and rpad.
func padded(c *callSite) (string, typ, error) {
	if err := c.within(1, notNegative, "$ < 0", "Target length must not be below 0"); err != nil {
		return "", typ{}, err
	}
	if err := c.filled(2, "Padding string must not be empty"); err != nil {
		return "", typ{}, err
	}
	return c.fill(c.x.name + "($1, CAST($2 AS INTEGER), $3)"), of(varchar), nil
}

// limited writes a function of whole numbers that have bounds.
func limited(f function, i int, good func(n int) bool, bad, message string) function {
	return function{min: f.min, max: f.max, write: func(c *callSite) (string, typ, error) {
		if err := c.within(i, good, bad, message); err != nil {
			return "", typ{}, err
		}
		return c.fill(f.template), c.kind(f), nil
	}}
}

// disjunction writes conditions joined by OR. Athena looks no further than to one
// that is true; see conjunction.
func disjunction(x *binary, parts []string) string {
	if mayFail(x.x) || !mayFail(x.y) {
		return "(" + parts[0] + " OR " + parts[1] + ")"
	}
	return "(" + parts[0] + " OR CASE WHEN " + parts[0] + " THEN true ELSE " + parts[1] + " END)"
}

// raising are functions that raise an error for numbers and texts other than the
// first argument.
var raising = []string{"mod", "element_at", "split", "split_part", "lpad", "rpad", "repeat", "slice", "trim_array", "ngrams", "sequence",
	"width_bucket", "bit_count"}

// raises tells whether an operator or a call may end the query.
func raises(x expr) bool {
	switch x := x.(type) {
	case *binary:
		return (x.op == "/" || x.op == "%") && !nonZero(x.y)
	case *subscript:
		return true
	case *call:
		return slices.Contains(raising, x.name) && len(x.args) > 0 && slices.ContainsFunc(x.args[1:], func(a expr) bool {
			_, written := a.(*literal)
			return !written
		})
	}
	return false
}

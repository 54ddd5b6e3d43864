package athenasql

import (
	"fmt"
	"strings"
)

// Trino's decimals have a fixed number of digits behind the point, also after a
// division, where the engine goes on with doubles: 100.0 * 1 / 3 is 33.3 on Athena
// (Trino, decimal functions and operators). Where the number of digits is known
// from the query's text the same is computed here.

// decimalOf is a decimal with so many digits behind the point.
func decimalOf(scale int) typ { return typ{kind: decimal, scale: scale + 1} }

// digits is how many digits a number has behind the point; ok is false when that
// is not known.
func (t typ) digits() (scale int, ok bool) {
	switch {
	case t.kind == integer:
		return 0, true
	case t.kind == decimal && t.scale > 0:
		return t.scale - 1, true
	}
	return 0, false
}

// decimalLiteral is the type of a number such as 1.50.
func decimalLiteral(text string) typ {
	_, behind, _ := strings.Cut(text, ".")
	return decimalOf(len(strings.ReplaceAll(behind, "_", "")))
}

// decimalArithmetic is an operation of which at least one side is a decimal; ok
// is false when the digits of one are not known.
func decimalArithmetic(op, text string, parts []string, l, r typ) (string, typ, bool) {
	a, known := l.digits()
	b, also := r.digits()
	if !known || !also || l.kind != decimal && r.kind != decimal {
		return "", typ{}, false
	}
	switch op {
	case "*":
		return text, decimalOf(a + b), a+b <= maxDigits
	case "/":
		return quotient(parts[0], parts[1], max(a, b)), decimalOf(max(a, b)), max(a, b) <= maxDigits
	case "+", "-", "%":
		return text, decimalOf(max(a, b)), true
	}
	return "", typ{}, false
}

// maxDigits is the most digits behind the point for which there is room before it.
const maxDigits = 18

// quotient is a division that is exact to so many digits.
func quotient(a, b string, scale int) string {
	return fmt.Sprintf("CAST(ct_divide(CAST(%s AS VARCHAR), CAST(%s AS VARCHAR), %d) AS DECIMAL(38,%d))", a, b, scale, scale)
}

// avg of decimals is a decimal with as many digits.
func avg(c *callSite) (string, typ, error) {
	scale, ok := c.types[0].digits()
	if !ok || c.types[0].kind != decimal || scale > maxDigits {
		text, err := c.aggregate("avg", c.args)
		return text, of(double), err
	}
	sum, err := c.aggregate("sum", c.args)
	if err != nil {
		return "", typ{}, err
	}
	count, err := c.aggregate("count", c.args)
	return quotient(sum, count, scale), c.types[0], err
}

// finite is an aggregate that is NULL where the engine says that it is no number.
func finite(engine string) func(*callSite) (string, typ, error) {
	return func(c *callSite) (string, typ, error) {
		text, err := c.aggregate(engine, c.args)
		return fmt.Sprintf("nullif(%s, CAST('NaN' AS DOUBLE))", text), of(double), err
	}
}

// rounded is round and truncate, which leave a decimal its digits.
func rounded(engine string) func(*callSite) (string, typ, error) {
	return func(c *callSite) (string, typ, error) {
		text := c.fill(engine + "($*)")
		if len(c.args) == 1 {
			return text, whole(c.types), nil
		}
		if scale, ok := c.types[0].digits(); ok && c.types[0].kind == decimal && scale <= maxDigits {
			return fmt.Sprintf("CAST(%s AS DECIMAL(38,%d))", text, scale), c.types[0], nil
		}
		return text, c.types[0], nil
	}
}

// whole is the type of a number without digits behind the point.
func whole(args []typ) typ {
	t := first(args)
	if _, ok := t.digits(); ok && t.kind == decimal {
		return decimalOf(0)
	}
	return t
}

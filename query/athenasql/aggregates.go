package athenasql

import "strings"

// Aggregates whose names the engine has, too, and means something else by.

// aggregated are several aggregates of the call's rows, or the first error.
func (c *callSite) aggregated(calls ...[]string) ([]string, error) {
	all := make([]string, len(calls))
	for i, call := range calls {
		var err error
		if all[i], err = c.aggregate(call[0], call[1:]); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// countIf is 0 where there are no rows; the engine's own is NULL.
func countIf(c *callSite) (string, typ, error) {
	text, err := c.aggregate("count", []string{c.fill("CASE WHEN $1 THEN 1 END")})
	return text, of(integer), err
}

// maximum is max, for which NaN is less than any number; to the engine it is more.
func maximum(c *callSite) (string, typ, error) {
	if len(c.args) == 2 {
		text, err := c.aggregate("max", c.args)
		return text, arrayOf(c.types[0]), err
	}
	if c.types[0].kind != double {
		text, err := c.aggregate("max", c.args)
		return text, c.types[0], err
	}
	a, err := c.aggregated([]string{"max", c.fill("CASE WHEN NOT isnan($1::DOUBLE) THEN $1 END")}, []string{"max", c.args[0]})
	return "coalesce(" + strings.Join(a, ", ") + ")", c.types[0], err
}

// arrayMax is NULL where an element is.
func arrayMax(c *callSite) (string, typ, error) {
	kind := c.types[0].elemType()
	most := "list_max($1)"
	if kind.kind == double {
		most = "coalesce(list_max(list_filter($1, ct_e -> NOT isnan(ct_e::DOUBLE))), list_max($1))"
	}
	return c.fill("CASE WHEN list_count($1) = len($1) THEN " + most + " END"), kind, nil
}

// extremeBy is min_by or max_by, which may find NULL; the engine's own go on to the
// next row that has a value.
func extremeBy(engine string) func(*callSite) (string, typ, error) {
	return func(c *callSite) (string, typ, error) {
		if len(c.args) == 3 {
			c.args[0] = "struct_pack(v := " + c.args[0] + ")"
			text, err := c.aggregate(engine, c.args)
			return "list_transform(" + text + ", ct_e -> ct_e.v)", arrayOf(c.types[0]), err
		}
		text, err := c.aggregate(engine+"_null", c.args)
		return text, c.types[0], err
	}
}

// skewness is that of the values; the engine's own estimates that of what they are
// a sample of.
func skewness(c *callSite) (string, typ, error) {
	a, err := c.aggregated([]string{"skewness", c.args[0]}, []string{"count", c.args[0]})
	if err != nil {
		return "", typ{}, err
	}
	c.args = a
	return c.fill("($1 * ($2 - 2) / sqrt(CAST($2 AS DOUBLE) * ($2 - 1)))"), of(double), nil
}

// entropy is that of counts, of which each is a row; the engine's own counts the
// rows of each value.
func entropy(c *callSite) (string, typ, error) {
	a, err := c.aggregated([]string{"sum", c.fill("CAST($1 AS DOUBLE)")}, []string{"sum", c.fill("CASE WHEN $1 > 0 THEN $1 * log2($1) END")})
	if err != nil {
		return "", typ{}, err
	}
	c.args = a
	return c.fill("coalesce(CASE WHEN $1 > 0 THEN log2($1) - coalesce($2, 0) / $1 END, 0.0)"), of(double), nil
}

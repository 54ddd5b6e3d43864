package athenasql

// Filter is what rows must pass; see Translation.Filter.
type Filter struct {
}

func and(a, b *Filter) *Filter { return a }

func (t *translator) filterOf(expr, *scope) *Filter { return nil }

package filterpattern

import (
	"slices"

	"github.com/trailwarden/trailwarden/rule/diagnostic"
)

// precedence mends a && b1 || b2 || b3, where b's are conditions on one field
// and were meant to be alternatives beside a.
func precedence(x expr, faults *collector) expr {
	o, ok := x.(*or)
	if !ok {
		return x
	}
	lead, ok := o.x[0].(*and)
	if !ok || lead.parens {
		return notePrecedence(o, faults)
	}
	last, ok := lead.x[len(lead.x)-1].(*comparison)
	if !ok || last.op != equal {
		return notePrecedence(o, faults)
	}
	for _, y := range o.x[1:] {
		if c, ok := y.(*comparison); !ok || c.op != equal || c.sel.String() != last.sel.String() {
			return notePrecedence(o, faults)
		}
	}
	for _, y := range lead.x[:len(lead.x)-1] {
		if c, ok := y.(*comparison); ok && c.sel.String() == last.sel.String() {
			return notePrecedence(o, faults)
		}
	}
	faults.warn(last.at, CodePrecedence,
		"&& binds tighter than ||, so the conditions after the first || match without the ones before the &&",
		"%s applies to %s only, not to the %d alternatives after it", printExpr(lead.x[0]), last, len(o.x)-1)
	choice := joinOr(append([]expr{last}, o.x[1:]...)...)
	return joinAnd(append(append([]expr{}, lead.x[:len(lead.x)-1]...), choice)...)
}

// notePrecedence says how && and || without parentheses are read.
func notePrecedence(o *or, faults *collector) expr {
	bare, mixed := false, false
	for _, y := range o.x {
		a, ok := y.(*and)
		bare = bare || ok && !a.parens
		mixed = mixed || !ok
	}
	if bare && mixed {
		faults.found = append(faults.found, fault{diagnostic.Note, first(o), CodePrecedence,
			"&& and || are mixed without parentheses; it is read as " + printJSON(o), "&& binds tighter than ||; parentheses say which was meant"})
	}
	return o
}

// everywhere are fields that nearly every record has, with values of which one says little
// of a record.
var everywhere = []string{"$.eventName", "$.eventSource", "$.eventType", "$.sourceIPAddress", "$.userAgent"}

// swallowing mends a filter of alternatives of which one is true of nearly every
// record, as in errorCode = "AccessDenied*" || sourceIPAddress != "x": what was
// meant to be left out is joined to the rest by &&.
func swallowing(x expr, faults *collector) expr {
	var wanted, excluded []expr
	named := false
	for _, y := range alternatives(x) {
		c, ok := y.(*comparison)
		if ok && c.op == notEqual && exact(c.val) && slices.Contains(everywhere, c.sel.String()) {
			excluded = append(excluded, y)
			continue
		}
		named = named || ok && c.op == equal
		wanted = append(wanted, y)
	}
	if len(excluded) == 0 || !named {
		return x
	}
	first := excluded[0].(*comparison)
	faults.warn(first.at, CodeSwallows,
		"|| asks for one of its sides only, so the conditions beside it hardly matter",
		"the filter matches every record whose %s is not %s; && is probably meant", first.sel, first.val)
	return joinAnd(append([]expr{joinOr(wanted...)}, excluded...)...)
}

package iampolicy

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/trailwarden/trailwarden/internal/wild"
)

// holds decides a condition as the User Guide has it ("Condition operators",
// "Multivalued context keys"): values are alternatives; a negated operator holds
// for a key that the request lacks, unless it asks for any of its values, and any
// other does not.
func (c Condition) holds(context map[string]string) (truth, string) {
	name, ifExists := strings.CutSuffix(c.Operator, "IfExists")
	set, rest, isSet := strings.Cut(name, ":")
	if isSet {
		name = rest
	}
	got, there := lookup(context, c.Key)
	if strings.EqualFold(name, "Null") {
		want := len(c.Values) > 0 && strings.EqualFold(c.Values[0], "true")
		return c.verdict(want != there, got, there)
	}
	op, negated, known := operator(name)
	switch {
	case !known:
		return maybe, fmt.Sprintf("%s of %s is not understood here", c.Operator, c.Key)
	case !there:
		return c.verdict(ifExists || negated && !strings.EqualFold(set, "ForAnyValue") || strings.EqualFold(set, "ForAllValues"), got, there)
	}
	any := slices.ContainsFunc(c.Values, func(want string) bool { return op(fill(want, context), got) })
	return c.verdict(any != negated, got, there)
}

func (c Condition) verdict(holds bool, got string, there bool) (truth, string) {
	if holds {
		return yes, ""
	}
	is := "the request has none"
	if there {
		is = "the request has " + got
	}
	return no, fmt.Sprintf("%s wants %s %s, %s", c.Operator, c.Key, strings.Join(c.Values, " or "), is)
}

func lookup(context map[string]string, key string) (string, bool) {
	if v, ok := context[key]; ok {
		return v, true
	}
	for k, v := range context {
		if strings.EqualFold(k, key) {
			return v, true
		}
	}
	return "", false
}

// fill puts values of the request in place of policy variables; a variable that
// the request has no value for stays and fits nothing.
func fill(want string, context map[string]string) string {
	var b strings.Builder
	for {
		head, tail, ok := strings.Cut(want, "${")
		name, rest, closed := strings.Cut(tail, "}")
		if !ok || !closed {
			return b.String() + want
		}
		v, there := lookup(context, name)
		if !there {
			v = "${" + name + "}"
		}
		b.WriteString(head + v)
		want = rest
	}
}

// operator is the comparison behind a name, without its prefix and suffix.
func operator(name string) (compare func(want, got string) bool, negated, known bool) {
	switch strings.ToLower(name) {
	case "stringequals", "binaryequals":
		return func(w, g string) bool { return w == g }, false, true
	case "stringnotequals":
		return func(w, g string) bool { return w == g }, true, true
	case "numericequals":
		return numbers(func(w, g float64) bool { return g == w }), false, true
	case "numericnotequals":
		return numbers(func(w, g float64) bool { return g == w }), true, true
	case "numericlessthan":
		return numbers(func(w, g float64) bool { return g < w }), false, true
	case "numericlessthanequals":
		return numbers(func(w, g float64) bool { return g <= w }), false, true
	case "numericgreaterthan":
		return numbers(func(w, g float64) bool { return g > w }), false, true
	case "numericgreaterthanequals":
		return numbers(func(w, g float64) bool { return g >= w }), false, true
	case "stringequalsignorecase", "bool":
		return strings.EqualFold, false, true
	case "stringnotequalsignorecase":
		return strings.EqualFold, true, true
	case "stringlike":
		return wild.Match, false, true
	case "stringnotlike":
		return wild.Match, true, true
	case "arnlike", "arnequals":
		return arnLike, false, true
	case "arnnotlike", "arnnotequals":
		return arnLike, true, true
	case "ipaddress":
		return inRange, false, true
	case "notipaddress":
		return inRange, true, true
	}
	return nil, false, false
}

// numbers compares texts that are numbers; others fit nothing.
func numbers(compare func(want, got float64) bool) func(want, got string) bool {
	return func(want, got string) bool {
		w, err := strconv.ParseFloat(want, 64)
		g, err2 := strconv.ParseFloat(got, 64)
		return err == nil && err2 == nil && compare(w, g)
	}
}

// arnLike compares ARNs part by part: an asterisk does not reach over a colon
// into the next part, except in the last.
func arnLike(want, got string) bool {
	w, g := strings.SplitN(want, ":", 6), strings.SplitN(got, ":", 6)
	if len(w) != 6 || len(g) != 6 {
		return want == "*" || want == got
	}
	for i := range w {
		if !wild.Match(w[i], g[i]) {
			return false
		}
	}
	return true
}

func inRange(want, got string) bool {
	ip, err := netip.ParseAddr(got)
	if err != nil {
		return false
	}
	if p, err := netip.ParsePrefix(want); err == nil {
		return p.Masked().Contains(ip.Unmap())
	}
	one, err := netip.ParseAddr(want)
	return err == nil && one == ip.Unmap()
}

// anyAction tells whether one of the patterns fits an action, in any letters.
func anyAction(patterns []string, action string) bool {
	action = strings.ToLower(action)
	return slices.ContainsFunc(patterns, func(p string) bool { return wild.Match(strings.ToLower(p), action) })
}

// anyResource tells whether one of the patterns fits the request's resource.
func anyResource(patterns []string, r Request) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return wild.Match(fill(p, r.Context), r.Resource) })
}

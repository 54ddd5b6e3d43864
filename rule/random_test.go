package rule_test

import (
	"fmt"
	"strings"
)

// The writers of random rules, one for each language. JSON is YAML, so rules in
// YAML are written as JSON.

// where writes native conditions.
func (d *differential) where() string { return asJSON(d.condition(3)) }

func (d *differential) condition(depth int) any {
	if depth > 0 && d.r.IntN(3) > 0 {
		var parts []any
		for range 1 + d.r.IntN(3) {
			parts = append(parts, d.condition(depth-1))
		}
		switch d.r.IntN(3) {
		case 0:
			return map[string]any{"all": parts}
		case 1:
			return map[string]any{"any": parts}
		}
		return map[string]any{"not": parts[0]}
	}
	f := pick(d.r, fields)
	return map[string]any{f: d.whereTest(f)}
}

func (d *differential) whereTest(f string) map[string]any {
	s := d.text(f)
	var test map[string]any
	switch d.r.IntN(13) {
	case 0:
		return map[string]any{"exists": d.r.IntN(2) == 0}
	case 1:
		return map[string]any{"null": d.r.IntN(2) == 0}
	case 2:
		return map[string]any{"cidr": pick(d.r, []string{"192.0.2.0/24", "0.0.0.0/0", "2001:db8::/32"})}
	case 3:
		return map[string]any{pick(d.r, []string{"lt", "lte", "gt", "gte"}): pick(d.r, []any{7, 0, 7.5, 1000})}
	case 4:
		return map[string]any{"equals": pick(d.r, []any{true, false, 7, 22, 1000.0})}
	case 5:
		return map[string]any{"regex": "^" + d.piece("Create") + "|" + d.piece("User")}
	case 6:
		test = map[string]any{"in": []any{s, d.text(f)}}
	case 7:
		test = map[string]any{"prefix": d.piece(s)}
	case 8:
		test = map[string]any{"suffix": []any{d.piece(s), d.piece(s)}}
	case 9:
		test = map[string]any{"contains": d.piece(s)}
	case 10:
		test = map[string]any{"wildcard": "*" + d.piece(s) + "*"}
	default:
		test = map[string]any{"equals": s}
	}
	if d.r.IntN(3) == 0 {
		test["ignore_case"] = true
	}
	return test
}

// region writes a policy.
func (d *differential) region() string {
	regions := func() []string {
		out := []string{pick(d.r, []string{"us-east-1", "eu-*", "US", "EU", "eu-north-1"})}
		return append(out, pick(d.r, []string{"us-west-2", "ap-south-1"}))
	}
	mode := func() string { return pick(d.r, []string{"ignore", "judge"}) }
	policy := map[string]any{"approved": regions(), "reads": mode(), "global": mode(), "services": mode(), "failures": mode()}
	if d.r.IntN(3) == 0 {
		policy["accounts"] = map[string]any{"111122223333": map[string]any{"approved": regions(), "reads": mode()}}
	}
	return asJSON(policy)
}

// keyword writes a regular expression configuration.
func (d *differential) keyword() string {
	return asJSON(map[string]any{
		"source": pick(d.r, []string{"iam|signin", "s", "^ec2", "amazonaws"}),
		"regexp": pick(d.r, []string{"User|Login", "^(Get|Delete)", "Role$", "."}),
	})
}

// eventBridge writes an event pattern.
func (d *differential) eventBridge() string {
	detail := map[string]any{}
	for range 1 + d.r.IntN(3) {
		d.ask(detail)
	}
	if d.r.IntN(3) == 0 {
		one, two := map[string]any{}, map[string]any{}
		d.ask(one)
		d.ask(two)
		detail["$or"] = []any{one, two}
	}
	pattern := map[string]any{"detail": detail}
	if d.r.IntN(4) == 0 {
		pattern["source"] = []any{pick(d.r, []string{"aws.iam", "aws.ec2"}), map[string]any{"prefix": "aws.s"}}
	}
	return asJSON(pattern)
}

// ask adds one field to a pattern.
func (d *differential) ask(detail map[string]any) {
	f := pick(d.r, fields)
	keys := strings.Split(f, ".")
	for _, k := range keys[:len(keys)-1] {
		next, ok := detail[k].(map[string]any)
		if !ok {
			if _, taken := detail[k]; taken {
				return
			}
			next = map[string]any{}
		}
		detail[k] = next
		detail = next
	}
	if _, taken := detail[keys[len(keys)-1]]; !taken {
		detail[keys[len(keys)-1]] = []any{d.matcher(f), d.matcher(f)}[:1+d.r.IntN(2)]
	}
}

func (d *differential) matcher(f string) any {
	s := d.text(f)
	switch d.r.IntN(12) {
	case 0:
		return map[string]any{"prefix": d.piece(s)}
	case 1:
		return map[string]any{"suffix": d.piece(s)}
	case 2:
		return map[string]any{"anything-but": []any{s, d.text(f)}}
	case 3:
		return map[string]any{"anything-but": map[string]any{"prefix": d.piece(s)}}
	case 4:
		return map[string]any{"numeric": []any{pick(d.r, []string{">", ">=", "=", "<"}), 7}}
	case 5:
		return map[string]any{"cidr": pick(d.r, []string{"192.0.2.0/24", "2001:db8::/32"})}
	case 6:
		return map[string]any{"exists": d.r.IntN(2) == 0}
	case 7:
		return map[string]any{"equals-ignore-case": strings.ToUpper(s)}
	case 8:
		return map[string]any{"wildcard": strings.ReplaceAll(d.piece(s), "*", "") + "*"}
	case 9:
		return pick(d.r, []any{nil, true, false, 7, 22})
	}
	return s
}

// filter writes a filter pattern of the JSON kind.
func (d *differential) filter() string { return "{ " + d.filterTerm(2) + " }" }

func (d *differential) filterTerm(depth int) string {
	if depth > 0 && d.r.IntN(2) == 0 {
		join := pick(d.r, []string{" && ", " || "})
		return "(" + d.filterTerm(depth-1) + join + d.filterTerm(depth-1) + ")"
	}
	f := pick(d.r, fields)
	selector := "$." + strings.ReplaceAll(f, "items.", pick(d.r, []string{"items[0].", "items[*].", "items[1]."}))
	s := d.text(f)
	switch d.r.IntN(8) {
	case 0:
		return selector + pick(d.r, []string{" NOT EXISTS", " IS NULL", " IS TRUE", " IS FALSE"})
	case 1:
		return fmt.Sprintf("(%s %s 7)", selector, pick(d.r, []string{"=", "!=", ">", "<", ">=", "<="}))
	case 2:
		return fmt.Sprintf("(%s = %q)", selector, strings.Trim(d.piece(s), `*"\`)+"*")
	case 3:
		return fmt.Sprintf("(%s = %q)", selector, "*"+strings.Trim(d.piece(s), `*"\`))
	case 4:
		return fmt.Sprintf("(%s != %q)", selector, s)
	}
	return fmt.Sprintf("(%s = %q)", selector, s)
}

// sigma writes an event rule.
func (d *differential) sigma() string {
	detection := map[string]any{}
	names := []string{"one", "two", "three"}[:1+d.r.IntN(3)]
	for _, n := range names {
		detection[n] = d.selection()
	}
	condition := names[0]
	for _, n := range names[1:] {
		condition += pick(d.r, []string{" and ", " or ", " and not "}) + n
	}
	if d.r.IntN(4) == 0 {
		condition = pick(d.r, []string{"1 of them", "all of them", "not 1 of them"})
	}
	detection["condition"] = condition
	return asJSON(map[string]any{
		"title": "random", "id": "00000000-0000-4000-8000-000000000000",
		"logsource": map[string]any{"product": "aws", "service": "cloudtrail"}, "detection": detection,
	})
}

func (d *differential) selection() any {
	if d.r.IntN(6) == 0 {
		return []any{d.piece("AccessDenied"), "*" + d.piece("amazonaws") + "*"} // keywords
	}
	out := map[string]any{}
	for range 1 + d.r.IntN(3) {
		f := pick(d.r, fields)
		key, value := d.item(f)
		out[key] = value
	}
	return out
}

func (d *differential) item(f string) (string, any) {
	s := strings.ReplaceAll(d.text(f), "*", "")
	switch d.r.IntN(11) {
	case 0:
		return f + "|contains", []any{d.piece(s), d.piece(s)}
	case 1:
		return f + "|contains|all", []any{d.piece(s), d.piece(s)}
	case 2:
		return f + "|startswith", d.piece(s)
	case 3:
		return f + "|endswith|cased", d.piece(s)
	case 4:
		return f + "|re", "^" + d.piece("Create") + ".*"
	case 5:
		return f + "|cidr", "192.0.2.0/24"
	case 6:
		return f + "|exists", d.r.IntN(2) == 0
	case 7:
		return f + "|" + pick(d.r, []string{"lt", "lte", "gt", "gte"}), 7
	case 8:
		return f, nil
	case 9:
		return f, []any{strings.ToUpper(s), "*" + d.piece(s) + "?"}
	}
	return strings.ToUpper(f[:1]) + f[1:], s
}

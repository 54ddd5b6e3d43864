package eventbridge

import (
	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/detect"
)

// anythingBut reads the operand of anything-but. What it excludes is negated,
// so a value of another type passes.
func (p *parser) anythingBut(x *value) (detect.Match, *fault) {
	var excluded detect.Match
	var err *fault
	switch x.kind {
	case cloudtrail.Object:
		excluded, err = p.nested(x)
	case cloudtrail.Array:
		excluded, err = p.literals(x)
	case cloudtrail.String:
		excluded = text(detect.Equal, false, x.text)
	case cloudtrail.Number:
		var d detect.Decimal
		d, err = p.operand(x)
		excluded = num(detect.NumEqual, d)
	default:
		err = p.fail("EB010", x, "anything-but takes strings or numbers, not %s", what(x))
	}
	return detect.MatchNot{X: excluded}, err
}

// literals reads a list of strings or of numbers.
func (p *parser) literals(x *value) (detect.Match, *fault) {
	if len(x.vals) == 0 {
		return nil, p.fail("EB010", x, "anything-but has an empty list")
	}
	var strs []string
	var nums detect.MatchAny
	for _, v := range x.vals {
		switch v.kind {
		case cloudtrail.String:
			strs = append(strs, v.text)
		case cloudtrail.Number:
			d, err := p.operand(v)
			if err != nil {
				return nil, err
			}
			nums = append(nums, num(detect.NumEqual, d))
		default:
			return nil, p.fail("EB010", v, "a list in anything-but holds strings or numbers, not %s", what(v))
		}
		if strs != nil && nums != nil {
			return nil, p.fail("EB010", v, "a list in anything-but holds either strings or numbers, not both")
		}
	}
	if nums != nil {
		return nums, nil
	}
	return text(detect.Equal, false, strs...), nil
}

// nested reads an operator inside anything-but, whose operand is a string or a
// list of strings.
func (p *parser) nested(x *value) (detect.Match, *fault) {
	op, operand, err := p.single(x)
	if err != nil {
		return nil, err
	}
	switch op {
	case "prefix", "suffix", "equals-ignore-case", "wildcard":
	default:
		code := "EB006"
		if isOperator(op) {
			code = "EB010"
		}
		return nil, p.fail(code, x, "inside anything-but only prefix, suffix, equals-ignore-case and wildcard may stand, not %q", cut(op))
	}
	list := operand.vals
	if operand.kind != cloudtrail.Array {
		list = []*value{operand}
	}
	if len(list) == 0 {
		return nil, p.fail("EB010", operand, "%s inside anything-but has an empty list", op)
	}
	strs := make([]string, len(list))
	globs := make(detect.MatchAny, 0, len(list))
	for i, v := range list {
		if err := p.nestedOperand(op, v); err != nil {
			return nil, err
		}
		strs[i] = v.text
		if op == "wildcard" {
			g, err := p.wildcard(v)
			if err != nil {
				return nil, err
			}
			globs = append(globs, g)
		}
	}
	switch op {
	case "wildcard":
		return globs, nil
	case "equals-ignore-case":
		return text(detect.Equal, true, strs...), nil
	}
	return text(affixOp(op), false, strs...), nil
}

func (p *parser) nestedOperand(op string, v *value) *fault {
	if v.kind == cloudtrail.Object {
		return p.fail("EB010", v, "%s inside anything-but takes strings; ignoring case is not supported there", op)
	}
	if v.kind != cloudtrail.String {
		return p.fail("EB007", v, "%s inside anything-but takes a string or a list of strings, not %s", op, what(v))
	}
	if v.text == "" && (op == "prefix" || op == "suffix") {
		return p.fail("EB010", v, "an empty %s inside anything-but excludes every string", op)
	}
	return nil
}

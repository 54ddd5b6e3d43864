package eventbridge

import (
	"strconv"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/detect"
)

// The limits that the EventBridge User Guide states for numeric matching; the
// Event Ruler itself goes further.
const (
	documentedMax    = 5e9
	documentedDigits = 15
	documentedPlaces = 6
)

// documented tells whether a number is inside the limits of the guide.
func documented(d detect.Decimal) bool {
	digits, exp := detect.Digits(d.Text)
	return d.Exact && d.Value >= -documentedMax && d.Value <= documentedMax &&
		len(digits) <= documentedDigits && len(digits)-exp <= documentedPlaces
}

func num(op detect.NumOp, d detect.Decimal) detect.Match {
	return detect.Num{Op: op, Value: d, Kinds: detect.Numbers}
}

// numeric reads the operand of {"numeric": …}.
func (p *parser) numeric(v *value) (detect.Match, *fault) {
	const grammar = `want [op, number] with one of = < <= > >=, or ["> or >=", low, "< or <=", high]`
	bad := func(at *value, why string) *fault {
		return p.fail("EB008", at, "numeric: %s; %s", why, grammar)
	}
	if v.kind != cloudtrail.Array {
		return nil, p.fail("EB007", v, "numeric takes a list, not %s; %s", what(v), grammar)
	}
	if len(v.vals) != 2 && len(v.vals) != 4 {
		return nil, bad(v, "a list of "+strconv.Itoa(len(v.vals)))
	}
	op, ok := numOp(v.vals[0])
	if !ok {
		return nil, bad(v.vals[0], "unknown comparison "+what(v.vals[0]))
	}
	low, err := p.operand(v.vals[1])
	if err != nil || len(v.vals) == 2 {
		return num(op, low), err
	}
	op2, ok := numOp(v.vals[2])
	if op != detect.NumGreater && op != detect.NumGreaterEqual || !ok || op2 != detect.NumLess && op2 != detect.NumLessEqual {
		return nil, bad(v.vals[2], "a range is a lower bound, then an upper one")
	}
	high, err := p.operand(v.vals[3])
	if err != nil {
		return nil, err
	}
	if low.Value >= high.Value {
		return nil, bad(v.vals[3], "the lower bound "+low.Text+" is not below the upper bound "+high.Text)
	}
	return detect.MatchAll{num(op, low), num(op2, high)}, nil
}

func numOp(v *value) (detect.NumOp, bool) {
	if v.kind != cloudtrail.String {
		return 0, false
	}
	switch v.text {
	case "=":
		return detect.NumEqual, true
	case "<":
		return detect.NumLess, true
	case "<=":
		return detect.NumLessEqual, true
	case ">":
		return detect.NumGreater, true
	case ">=":
		return detect.NumGreaterEqual, true
	}
	return 0, false
}

// operand reads a number that is compared by value.
func (p *parser) operand(v *value) (detect.Decimal, *fault) {
	if v.kind != cloudtrail.Number {
		return detect.Decimal{}, p.fail("EB008", v, "%s where a number is compared; numbers are written without quotes", what(v))
	}
	d, _ := detect.ParseDecimal(v.text)
	if !d.Exact {
		return d, p.fail("EB008", v, "the number %s has more digits, or a larger exponent, than a 64-bit floating-point number holds", cut(v.text))
	}
	if !documented(d) {
		p.warn("EBW02", v, "the number "+v.text+" is outside the documented range of numeric matching",
			"AWS promises ±5,000,000,000 with at most 15 digits and 6 decimals; its matcher goes further today.")
	}
	return d, nil
}

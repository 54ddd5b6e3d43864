package filterpattern

import (
	"encoding/json"

	"github.com/trailwarden/trailwarden/detect"
)

// Predicate judges CloudTrail records: JSON patterns by their fields, terms and
// regexes by the record's text. A space-delimited pattern never matches JSON.
func (p *Pattern) Predicate() detect.Node {
	switch p.kind {
	case Everything:
		return detect.Const(true)
	case JSON:
		return compile(p.root)
	case Terms:
		return compileTerms(p.terms)
	case Regex:
		return detect.Test{Match: detect.Regexp{Re: p.re, Kinds: detect.Containers, Raw: true}, Src: "the record's text = " + p.String()}
	}
	return detect.Const(false)
}

// MatchText judges one log line, JSON or not.
func (p *Pattern) MatchText(line []byte) bool {
	switch p.kind {
	case Everything:
		return true
	case Terms:
		return matchTerms(p.terms, string(line))
	case Regex:
		return p.re.Match(line)
	case Delimited:
		return !isObject(line) && matchLine(p.fields, string(line))
	}
	hit, err := detect.Naive(p.Predicate(), line)
	return err == nil && hit
}

func isObject(line []byte) bool {
	for _, c := range line {
		if !isBlank(rune(c)) {
			return c == '{' && json.Valid(line)
		}
	}
	return false
}

func compileTerms(terms []term) detect.Node {
	var all detect.All
	var any detect.Any
	for _, t := range effective(terms) {
		has := detect.Test{
			Match: detect.Text{Op: detect.Contains, Values: []string{t.text}, Kinds: detect.Containers, Raw: true},
			Src:   "the record's text holds " + quote(t.text),
		}
		switch t.mode {
		case required:
			all = append(all, has)
		case excluded:
			all = append(all, detect.Not{X: has})
		case optional:
			any = append(any, has)
		}
	}
	if len(any) > 0 {
		return append(all, any)
	}
	return all
}

func compile(x expr) detect.Node {
	switch x := x.(type) {
	case *and:
		out := make(detect.All, len(x.x))
		for i, y := range x.x {
			out[i] = compile(y)
		}
		return out
	case *or:
		out := make(detect.Any, len(x.x))
		for i, y := range x.x {
			out[i] = compile(y)
		}
		return out
	case *comparison:
		return x.compile()
	}
	return detect.Const(false)
}

// compile states the truth table of a comparison in the tree: false of a missing
// field, of null and of containers, whatever the operator, except that IS NULL
// and NOT EXISTS ask for those.
func (c *comparison) compile() detect.Node {
	test := detect.Test{Path: detect.Path{Steps: c.sel.steps}, Src: c.String()}
	switch c.op {
	case notExists:
		test.Match = detect.Exists
		test.Src = c.sel.String() + " exists"
		return detect.Not{X: test}
	case isNull:
		test.Match = detect.Is(detect.Nulls)
	case isTrue:
		test.Match = boolean("true")
	case isFalse:
		test.Match = boolean("false")
	case equal:
		test.Match = c.val.match()
	case notEqual:
		test.Match = detect.MatchAll{detect.Is(detect.Scalars), detect.MatchNot{X: c.val.match()}}
	default:
		bound, ok := c.val.bound()
		if !ok {
			return detect.Const(false)
		}
		test.Match = detect.Num{Op: numOps[c.op], Value: bound, Kinds: detect.Numbers | detect.Strings, Wide: true}
	}
	return test
}

var numOps = map[operator]detect.NumOp{
	less: detect.NumLess, lessEqual: detect.NumLessEqual, greater: detect.NumGreater, greaterEqual: detect.NumGreaterEqual,
}

func boolean(text string) detect.Match {
	return detect.Text{Op: detect.Equal, Values: []string{text}, Kinds: detect.Bools}
}

// match is the truth of = with the operand. Booleans and numbers have a text: a
// number's is its literal.
func (o operand) match() detect.Match {
	switch o.kind {
	case regexOperand:
		return detect.Regexp{Re: o.re, Kinds: detect.Scalars}
	case numberOperand:
		return detect.MatchAny{
			detect.Num{Op: detect.NumEqual, Value: o.num, Kinds: detect.Numbers, Wide: true},
			detect.Text{Op: detect.Equal, Values: []string{o.text}, Kinds: detect.Strings},
		}
	}
	if o.any() {
		return detect.Is(detect.Scalars)
	}
	text, start, end := o.literal()
	op := detect.Equal
	switch {
	case start && end:
		op = detect.Contains
	case start:
		op = detect.HasSuffix
	case end:
		op = detect.HasPrefix
	}
	return detect.Text{Op: op, Values: []string{text}, Kinds: detect.Scalars}
}

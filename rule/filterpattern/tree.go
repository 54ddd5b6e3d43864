package filterpattern

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/trailwarden/trailwarden/detect"
)

// expr is a JSON pattern's or a field condition's expression: *and, *or or
// *comparison. Trees are never changed once parsed; the linter builds new ones.
type expr interface{ isExpr() }

type and struct {
	x      []expr
	parens bool // written in parentheses of its own
}

type or struct {
	x      []expr
	parens bool
}

type comparison struct {
	sel selector
	op  operator
	val operand
	at  int // offset in the pattern
}

func (*and) isExpr()        {}
func (*or) isExpr()         {}
func (*comparison) isExpr() {}

type operator uint8

const (
	equal operator = iota
	notEqual
	less
	lessEqual
	greater
	greaterEqual
	isNull
	isTrue
	isFalse
	notExists
	present // a delimited field without condition
)

var operatorText = [...]string{"=", "!=", "<", "<=", ">", ">=", "IS NULL", "IS TRUE", "IS FALSE", "NOT EXISTS", ""}

func (o operator) relational() bool { return o >= less && o <= greaterEqual }

// takesValue tells whether an operand follows.
func (o operator) takesValue() bool { return o <= greaterEqual }

// selector is $.a['b'].c[0]; of a delimited field, its name.
type selector struct {
	steps []detect.Step
	field string // a delimited field's name
}

func (s selector) wild() bool {
	for _, t := range s.steps {
		if t.Kind == detect.StepElements || t.Kind == detect.StepFields {
			return true
		}
	}
	return false
}

// names is the dotted path of the selector's keys, up to a .* that any key
// satisfies.
func (s selector) names() string {
	var names []string
	for _, t := range s.steps {
		switch t.Kind {
		case detect.StepKey:
			names = append(names, t.Key)
		case detect.StepFields:
			return strings.Join(names, ".")
		}
	}
	return strings.Join(names, ".")
}

// String is the selector as a pattern writes it.
func (s selector) String() string {
	if s.field != "" {
		return s.field
	}
	var b strings.Builder
	b.WriteByte('$')
	for _, t := range s.steps {
		switch t.Kind {
		case detect.StepKey:
			if t.Key != "" && strings.IndexFunc(t.Key, notName) < 0 {
				b.WriteString("." + t.Key)
			} else {
				b.WriteString("['" + t.Key + "']")
			}
		case detect.StepIndex:
			b.WriteString("[" + strconv.Itoa(t.Index) + "]")
		case detect.StepElements:
			b.WriteString("[*]")
		case detect.StepFields:
			b.WriteString(".*")
		}
	}
	return b.String()
}

func notName(r rune) bool {
	return r != '_' && r != '-' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
}

type operandKind uint8

const (
	textOperand operandKind = iota
	numberOperand
	regexOperand
)

// operand is the right side of a comparison.
type operand struct {
	kind operandKind
	text string         // text with its wildcards; a number or regex as written
	num  detect.Decimal // numberOperand
	re   *regexp.Regexp // regexOperand
}

// literal is the text without its wildcards, and which ends are open. A * in
// the middle is a character like any other.
func (o operand) literal() (text string, openStart, openEnd bool) {
	text = o.text
	if o.kind != textOperand {
		return text, false, false
	}
	if rest, ok := strings.CutPrefix(text, "*"); ok {
		text, openStart = rest, true
	}
	if rest, ok := strings.CutSuffix(text, "*"); ok {
		text, openEnd = rest, true
	}
	return text, openStart, openEnd
}

// any tells whether every text satisfies the operand.
func (o operand) any() bool {
	text, start, end := o.literal()
	return text == "" && (start || end)
}

// number reads pattern number text: an optional sign, digits with an optional
// fraction, an optional exponent. Leading zeros, which JSON forbids, are allowed.
func number(text string) (detect.Decimal, bool) {
	digits, sign := text, ""
	if text != "" && (text[0] == '+' || text[0] == '-') {
		digits, sign = text[1:], strings.TrimPrefix(text[:1], "+")
	}
	if strings.HasPrefix(digits, "-") {
		return detect.Decimal{}, false
	}
	significant := strings.TrimLeft(digits, "0")
	switch {
	case significant == "" && digits != "",
		len(significant) < len(digits) && (significant[0]|0x20 == 'e' || significant[0] == '.'),
		strings.HasPrefix(significant, "."):
		significant = "0" + significant
	}
	return detect.ParseDecimal(sign + significant)
}

// each calls visit for every comparison of x in the order written.
func each(x expr, visit func(*comparison)) {
	switch x := x.(type) {
	case *and:
		for _, y := range x.x {
			each(y, visit)
		}
	case *or:
		for _, y := range x.x {
			each(y, visit)
		}
	case *comparison:
		visit(x)
	}
}

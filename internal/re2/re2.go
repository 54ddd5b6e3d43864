// Package re2 compiles regular expressions that people bring from other
// systems: it names the construct that RE2 does not have, and refuses
// expressions that cost too much before they cost anything.
package re2

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"
)

// Limits of one expression.
const (
	MaxLength = 16 << 10 // bytes of its text
	MaxSize   = 10_000   // steps it unrolls to: a{1000} is 1,000
)

// Compile compiles expr in RE2's syntax (Perl flags, unanchored, "." without
// newline). With fold it ignores case. The error says what is wrong, quoting
// the offending part, without the whole expression.
func Compile(expr string, fold bool) (*regexp.Regexp, error) {
	if _, err := check(expr); err != nil {
		return nil, err
	}
	if fold {
		expr = folded(expr)
	}
	re, err := regexp.Compile(expr)
	if err != nil {
		return nil, explain(expr, err)
	}
	return re, nil
}

// check refuses what is no expression and what costs too much.
func check(expr string) (*syntax.Regexp, error) {
	if len(expr) > MaxLength {
		return nil, fmt.Errorf("the regular expression has %d bytes; at most %d are read", len(expr), MaxLength)
	}
	tree, err := syntax.Parse(expr, syntax.Perl)
	if err != nil {
		return nil, explain(expr, err)
	}
	if size(tree) > MaxSize {
		return nil, fmt.Errorf("the regular expression unrolls to more than %d steps; use smaller repeat counts", MaxSize)
	}
	return tree, nil
}

func folded(expr string) string { return "(?i:" + expr + ")" }

// size is the number of steps that re unrolls to, at least; it stops counting
// soon after MaxSize.
func size(re *syntax.Regexp) int {
	n := 1
	switch re.Op {
	case syntax.OpLiteral:
		n = len(re.Rune)
	case syntax.OpCharClass: // a class like \pL is hundreds of ranges
		n += len(re.Rune) / 32
	}
	for _, sub := range re.Sub {
		if n += size(sub); n > MaxSize {
			return n
		}
	}
	if re.Op == syntax.OpRepeat {
		n *= max(re.Min+1, re.Max)
	}
	return n
}

// foreign are the group openings of other engines.
var foreign = [...]struct{ opening, name string }{
	{"(?=", "look-ahead"},
	{"(?!", "negative look-ahead"},
	{"(?<=", "look-behind"},
	{"(?<!", "negative look-behind"},
	{"(?>", "atomic group"},
	{"(?(", "conditional group"},
	{"(?#", "comment group"},
	{"(?|", "branch reset group"},
	{"(?R", "recursion"},
	{"(?&", "subroutine call"},
}

// explain names the construct of another engine that made RE2 refuse expr.
func explain(expr string, err error) error {
	for i := 0; i < len(expr); i++ {
		switch expr[i] {
		case '(':
			for _, f := range foreign {
				if strings.HasPrefix(expr[i:], f.opening) {
					return lacking(f.name, f.opening, i)
				}
			}
		case '[':
			i = classEnd(expr, i)
		case '*', '+', '?', '}':
			if i+1 < len(expr) && expr[i+1] == '+' {
				return lacking("possessive quantifier", expr[i:i+2], i)
			}
		case '\\':
			if i++; i < len(expr) && (expr[i] >= '1' && expr[i] <= '9' || expr[i] == 'k' || expr[i] == 'g') {
				return lacking("back-reference", expr[i-1:i+1], i-1)
			}
		}
	}
	if se, ok := errors.AsType[*syntax.Error](err); ok {
		return fmt.Errorf("not a regular expression: %s: %s", se.Code, quote(se.Expr))
	}
	return fmt.Errorf("not a regular expression: %w", err)
}

func lacking(name, text string, at int) error {
	return fmt.Errorf("%s %q at character %d is not supported: expressions run in linear time (RE2), which has none; write the condition without it", name, text, at+1)
}

// classEnd is the index of the bracket that closes the class opened at i.
func classEnd(expr string, i int) int {
	j := i + 1
	if j < len(expr) && expr[j] == '^' {
		j++
	}
	if j < len(expr) && expr[j] == ']' {
		j++
	}
	for ; j < len(expr) && expr[j] != ']'; j++ {
		if expr[j] == '\\' {
			j++
		}
	}
	return j
}

func quote(s string) string {
	if len(s) > 60 {
		s = s[:60] + "…"
	}
	return fmt.Sprintf("%q", s)
}

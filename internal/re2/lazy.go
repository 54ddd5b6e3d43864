package re2

import (
	"regexp"
	"regexp/syntax"
	"sync"
)

// Lazy is a checked expression that is compiled when it is first searched for.
// In a large set of rules most expressions stand behind tests that no record
// passes, and compiling costs more than the rest of reading a rule.
type Lazy struct {
	expr  string
	needs []Need
	once  sync.Once
	re    *regexp.Regexp
}

// Check accepts and refuses as Compile does, with the same errors.
func Check(expr string, fold bool) (*Lazy, error) {
	tree, err := check(expr)
	if err != nil {
		return nil, err
	}
	if fold {
		expr = folded(expr)
		if tree, err = syntax.Parse(expr, syntax.Perl); err != nil {
			return nil, explain(expr, err)
		}
	}
	return &Lazy{expr: expr, needs: needed(tree.Simplify())}, nil
}

// String is the expression's text, with the flag that it ignores case by.
func (l *Lazy) String() string { return l.expr }

// Needs is what the function of the same name says of the expression.
func (l *Lazy) Needs() []Need { return l.needs }

// Match tells whether the expression is found in b.
func (l *Lazy) Match(b []byte) bool { return l.compiled().Match(b) }

// MatchString tells whether the expression is found in s.
func (l *Lazy) MatchString(s string) bool { return l.compiled().MatchString(s) }

func (l *Lazy) compiled() *regexp.Regexp {
	l.once.Do(func() { l.re = regexp.MustCompile(l.expr) }) // its syntax was checked
	return l.re
}

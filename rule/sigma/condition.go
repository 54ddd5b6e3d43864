package sigma

import (
	"fmt"
	"strings"

	"github.com/trailwarden/trailwarden/internal/yamldoc"
)

// Bounds of a condition.
const (
	maxConditionText  = 64 << 10 // bytes
	maxConditionDepth = 200      // parentheses and nots
	maxReferences     = 20_000   // identifiers once patterns are resolved
)

// expr is a condition: *nameExpr, *ofExpr, *notExpr, *joinExpr.
type expr interface{ isExpr() }

type nameExpr struct {
	name string
	at   int
}

// ofExpr is "1 of pattern" or "all of pattern"; pattern "" is "them".
type ofExpr struct {
	all     bool
	pattern string
	at      int
}

type notExpr struct{ x expr }

type joinExpr struct {
	or bool
	xs []expr
}

func (*nameExpr) isExpr() {}
func (*ofExpr) isExpr()   {}
func (*notExpr) isExpr()  {}
func (*joinExpr) isExpr() {}

// syntaxError is a fault at a byte offset of the condition.
type syntaxError struct {
	at  int
	msg string
}

func (e *syntaxError) Error() string { return e.msg }

type token struct {
	text string // "" at the end
	word bool
	at   int
}

func (t token) is(keyword string) bool { return t.word && strings.EqualFold(t.text, keyword) }

func (t token) String() string {
	if t.text == "" {
		return "the end of the condition"
	}
	return quote(t.text)
}

func isNameByte(c byte) bool {
	return c == '_' || c == '-' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

func tokens(s string) ([]token, error) {
	var out []token
	for i := 0; i < len(s); {
		switch c := s[i]; {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			i++
		case c == '(' || c == ')' || c == '|':
			out = append(out, token{text: s[i : i+1], at: i})
			i++
		case isNameByte(c) || c == '*':
			start := i
			for i < len(s) && (isNameByte(s[i]) || s[i] == '*') {
				i++
			}
			out = append(out, token{text: s[start:i], word: true, at: start})
		default:
			return nil, &syntaxError{i, fmt.Sprintf("unexpected %s; a condition has search identifiers, and, or, not, \"1 of\", \"all of\" and parentheses", quote(string([]rune(s[i:])[0])))}
		}
	}
	return append(out, token{at: len(s)}), nil
}

type conditionParser struct {
	toks  []token
	pos   int
	depth int
}

// parseCondition reads one condition. What follows a "|", the legacy
// aggregation, is returned as it stands.
func parseCondition(s string) (x expr, aggregation string, err error) {
	if len(s) > maxConditionText {
		return nil, "", &syntaxError{0, fmt.Sprintf("the condition has %d bytes; at most %d are read", len(s), maxConditionText)}
	}
	if i := strings.IndexByte(s, '|'); i >= 0 {
		s, aggregation = s[:i], s[i+1:]
		if strings.TrimSpace(aggregation) == "" {
			return nil, "", &syntaxError{i, "nothing follows \"|\""}
		}
	}
	toks, err := tokens(s)
	if err != nil {
		return nil, "", err
	}
	p := &conditionParser{toks: toks}
	if x, err = p.or(); err != nil {
		return nil, "", err
	}
	if t := p.toks[p.pos]; t.text != "" {
		return nil, "", &syntaxError{t.at, fmt.Sprintf("unexpected %s; expected \"and\", \"or\" or the end", t)}
	}
	return x, aggregation, nil
}

func (p *conditionParser) next() token {
	t := p.toks[p.pos]
	if t.text != "" {
		p.pos++
	}
	return t
}

func (p *conditionParser) take(keyword string) bool {
	if p.toks[p.pos].is(keyword) {
		p.pos++
		return true
	}
	return false
}

func (p *conditionParser) or() (expr, error) { return p.join("or", p.and) }

func (p *conditionParser) and() (expr, error) { return p.join("and", p.not) }

func (p *conditionParser) join(word string, operand func() (expr, error)) (expr, error) {
	x, err := operand()
	if err != nil {
		return nil, err
	}
	xs := []expr{x}
	for p.take(word) {
		if x, err = operand(); err != nil {
			return nil, err
		}
		xs = append(xs, x)
	}
	if len(xs) == 1 {
		return x, nil
	}
	return &joinExpr{or: word == "or", xs: xs}, nil
}

func (p *conditionParser) not() (expr, error) {
	if !p.take("not") {
		return p.atom()
	}
	x, err := p.atom()
	if err != nil {
		return nil, err
	}
	return &notExpr{x}, nil
}

func (p *conditionParser) atom() (expr, error) {
	t := p.next()
	switch {
	case t.text == "(":
		return p.parenthesis(t)
	case !t.word:
		return nil, &syntaxError{t.at, fmt.Sprintf("expected a search identifier, found %s", t)}
	case p.take("of"):
		return p.quantified(t)
	case t.is("not"):
		return nil, &syntaxError{t.at, "\"not not\" says nothing; leave both out, or use parentheses"}
	case t.is("and"), t.is("or"), t.is("of"):
		return nil, &syntaxError{t.at, fmt.Sprintf("expected a search identifier before %s", t)}
	case strings.Contains(t.text, "*"):
		return nil, &syntaxError{t.at, fmt.Sprintf("a pattern needs a quantifier: \"1 of %s\" or \"all of %s\"", t.text, t.text)}
	}
	return &nameExpr{t.text, t.at}, nil
}

func (p *conditionParser) parenthesis(open token) (expr, error) {
	if p.depth++; p.depth > maxConditionDepth {
		return nil, &syntaxError{open.at, fmt.Sprintf("parentheses nested deeper than %d", maxConditionDepth)}
	}
	x, err := p.or()
	if err != nil {
		return nil, err
	}
	p.depth--
	if t := p.next(); t.text != ")" {
		return nil, &syntaxError{t.at, fmt.Sprintf("expected \")\" for the \"(\" at byte %d, found %s", open.at+1, t)}
	}
	return x, nil
}

func (p *conditionParser) quantified(q token) (expr, error) {
	if !q.is("1") && !q.is("any") && !q.is("all") {
		return nil, &syntaxError{q.at, fmt.Sprintf("%s of: the quantifier must be 1, any or all; write other numbers out with and, or and parentheses", q.text)}
	}
	t := p.next()
	if !t.word {
		return nil, &syntaxError{t.at, fmt.Sprintf("expected \"them\" or a pattern such as selection_* after \"of\", found %s", t)}
	}
	x := &ofExpr{all: q.is("all"), pattern: t.text, at: q.at}
	if t.is("them") {
		x.pattern = ""
	}
	return x, nil
}

// matches tells whether the quantifier's pattern picks the identifier. Names
// with a leading underscore are picked only by patterns that have one too.
func (x *ofExpr) matches(name string) bool {
	if strings.HasPrefix(name, "_") && !strings.HasPrefix(x.pattern, "_") {
		return false
	}
	return x.pattern == "" || starMatch(x.pattern, name)
}

// starMatch matches name against a pattern whose "*" is any run.
func starMatch(pattern, name string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == name
	}
	rest, ok := strings.CutPrefix(name, parts[0])
	if !ok {
		return false
	}
	for _, part := range parts[1 : len(parts)-1] {
		i := strings.Index(rest, part)
		if i < 0 {
			return false
		}
		rest = rest[i+len(part):]
	}
	return strings.HasSuffix(rest, parts[len(parts)-1])
}

// conditionNodes are the members of a condition, which may be a list.
func (p *parser) conditionNodes(n *yamldoc.Node) []*yamldoc.Node {
	switch n.Kind {
	case yamldoc.Map:
		p.rep.errorf("SG004", n, "the condition must be text or a list of texts, not a mapping")
	case yamldoc.Null:
		p.rep.errorf("SG002", n, "the condition is empty; with one search identifier it is just its name")
	case yamldoc.List:
		for _, v := range n.Values {
			if v.Kind == yamldoc.Map || v.Kind == yamldoc.List || v.Kind == yamldoc.Null {
				p.rep.errorf("SG004", v, "the conditions must be texts, not a %s", v.Kind)
				return nil
			}
		}
		if len(n.Values) == 0 {
			p.rep.errorf("SG002", n, "the list of conditions is empty")
		}
		return n.Values
	default:
		return []*yamldoc.Node{n}
	}
	return nil
}

package eventbridge

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/internal/jsonscan"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
)

// Limits of a pattern's text (EventBridge quotas and API reference), in
// characters, and of $or.
const (
	quotaLength = 2048 // default quota of an account
	maxLength   = 4096 // no account can have more
	maxText     = 64 << 10
	maxOr       = 1000 // product of the lengths of all $or arrays
	maxFix      = 1000 // of a corrected text, in bytes; a longer one is left to its author
)

// Pattern is a valid event pattern. It is immutable.
type Pattern struct {
	text  string
	alts  []*alternative
	state State // for Lint
}

// Parse reads an event pattern. When the list has an Error the pattern is nil;
// warnings come with a usable pattern. Lines and columns are 1-based within
// text; columns count bytes.
func Parse(text []byte) (*Pattern, diagnostic.List) {
	p := &parser{text: strings.TrimPrefix(string(text), "\ufeff")}
	pat, err := p.pattern()
	if err != nil {
		return nil, append(diagnostic.List{p.diagnostic(err)}, p.warnings...)
	}
	return pat, p.warnings
}

// String is the pattern as JSON without white space.
func (p *Pattern) String() string { return string(jsonscan.Compact(nil, []byte(p.text))) }

// fault is an error with its place in the text.
type fault struct {
	code, msg, why, fix string
	pos                 int
}

type parser struct {
	text     string
	ors      bool           // "$or" is the operator
	alts     []*alternative // their last layer is top
	top      *layer
	scope    []*layer // of all of alts
	product  int
	warnings diagnostic.List
}

func (p *parser) fail(code string, at *value, format string, args ...any) *fault {
	return &fault{code: code, pos: at.pos, msg: fmt.Sprintf(format, args...)}
}

func (p *parser) diagnostic(f *fault) diagnostic.Diagnostic {
	d := diagnostic.Diagnostic{Code: f.code, Severity: diagnostic.Error, Message: f.msg, Why: f.why, Fix: f.fix}
	d.Line, d.Column = place(p.text, f.pos)
	return d
}

func (p *parser) warn(code string, at *value, msg, why string) {
	p.warnings = append(p.warnings, warning(p.text, code, at.pos, msg, why, ""))
}

func warning(text, code string, pos int, msg, why, fix string) diagnostic.Diagnostic {
	d := diagnostic.Diagnostic{Code: code, Severity: diagnostic.Warning, Message: msg, Why: why, Fix: fix}
	d.Line, d.Column = place(text, pos)
	return d
}

func (p *parser) pattern() (*Pattern, *fault) {
	if len(p.text) > maxText {
		return nil, &fault{code: "EB013", msg: fmt.Sprintf("the pattern has %d bytes; EventBridge takes at most %d characters", len(p.text), maxLength)}
	}
	root, err := readJSON(p.text)
	if err != nil {
		return nil, err
	}
	if root.kind != cloudtrail.Object {
		return nil, p.fail("EB001", root, "a pattern is a JSON object, not %s", what(root))
	}
	if err := p.length(); err != nil {
		return nil, err
	}
	if err := p.twice(root); err != nil {
		return nil, err
	}
	return &Pattern{text: p.text, alts: p.alts}, nil
}

// length judges the text's length. White space counts for AWS, but a file may
// be laid out for people and sent without.
func (p *parser) length() *fault {
	if n := utf8.RuneCount(jsonscan.Compact(nil, []byte(p.text))); n > maxLength {
		return &fault{code: "EB013", msg: fmt.Sprintf("the pattern has %d characters without white space; EventBridge takes at most %d", n, maxLength),
			why: "No account can raise this limit.", fix: "Split the pattern into several rules."}
	}
	if n := utf8.RuneCountInString(p.text); n > quotaLength {
		p.warnings = append(p.warnings, warning(p.text, "EBW04", 0,
			fmt.Sprintf("the pattern has %d characters; the default quota is %d", n, quotaLength),
			"EventBridge refuses it until the quota is raised (to 4096 at most); white space counts.", ""))
	}
	return nil
}

// twice reads the pattern with $or as an operator and, if that fails for any
// reason, once more with $or as a field name, as the Event Ruler does.
func (p *parser) twice(root *value) *fault {
	kept := p.warnings
	p.ors, p.product = true, 1
	p.begin()
	first := p.object(root, "", false)
	if first == nil {
		if p.product > maxOr {
			return p.fail("EB012", root, "the lengths of all $or arrays multiply to more than %d combinations", maxOr)
		}
		return nil
	}
	p.ors, p.warnings = false, kept
	p.begin()
	second := p.object(root, "", false)
	if second == nil {
		if usesOr(root) {
			p.warn("EBW06", root, `"$or" is taken as a field name here`, "Read as an operator, the pattern is invalid: "+first.msg+".")
		}
		return nil
	}
	if second.msg != first.msg {
		line, column := place(p.text, first.pos)
		second.why = fmt.Sprintf(`This is what is wrong when "$or" is taken as a field name. Taken as an operator: %d:%d: %s: %s.`, line, column, first.code, first.msg)
	}
	return second
}

func usesOr(v *value) bool {
	for i, x := range v.vals {
		if v.kind == cloudtrail.Object && v.keys[i].name == orKey || usesOr(x) {
			return true
		}
	}
	return false
}

// object reads an object of fields whose path so far is prefix. Inside $or the
// operators' names are no field names.
func (p *parser) object(v *value, prefix string, inOr bool) *fault {
	if len(v.keys) == 0 {
		return p.fail("EB002", v, "an empty object; a pattern names at least one field")
	}
	seen := make(map[string]bool, len(v.keys))
	for i, k := range v.keys {
		x := v.vals[i]
		if seen[k.name] && (x.kind == cloudtrail.Object || k.name == orKey) {
			p.duplicate(k)
		}
		seen[k.name] = true
		if p.ors && k.name == orKey {
			if err := p.or(x, prefix); err != nil {
				return err
			}
			continue
		}
		if err := p.field(k, x, prefix, inOr); err != nil {
			return err
		}
	}
	return nil
}

func (p *parser) duplicate(k key) {
	p.warnings = append(p.warnings, warning(p.text, "EBW01", k.pos, fmt.Sprintf("the key %q is given twice in one object", cut(k.name)),
		"The Event Ruler reads both, but most JSON tools keep only the later one, so a condition is silently lost.", ""))
}

// replace says that the leaf at k takes the place of old.
func (p *parser) replace(old *leaf, k key) {
	line, column := place(p.text, old.pos)
	p.warnings = append(p.warnings, warning(p.text, "EBW01", k.pos, fmt.Sprintf("the field %q replaces the one at %d:%d", cut(old.path), line, column),
		"Of two values for one field the later one counts, so the earlier condition is silently lost.", ""))
}

func (p *parser) field(k key, x *value, prefix string, inOr bool) *fault {
	if inOr && reserved(k.name) {
		return &fault{code: "EB006", pos: k.pos, msg: fmt.Sprintf("%q is the name of an operator and cannot be a field inside $or", k.name)}
	}
	path := k.name
	if prefix != "" {
		path = prefix + "." + k.name
	}
	switch x.kind {
	case cloudtrail.Object:
		return p.object(x, path, inOr)
	case cloudtrail.Array:
		return p.leaf(path, k, x)
	}
	f := p.fail("EB004", x, "the field %q holds %s; want an array of values, or an object", cut(k.name), what(x))
	if isOperator(k.name) && prefix != "" && x.end-x.pos <= maxFix {
		f.msg = fmt.Sprintf("the operator %q stands outside an array and is taken for a field, which holds %s", k.name, what(x))
		f.why = "An operator is an entry of its field's array."
		f.fix = inArray(prefix, k.name, p.text[x.pos:x.end])
		return f
	}
	if len(k.name)+x.end-x.pos <= maxFix {
		f.fix = quote(k.name) + ": [" + p.text[x.pos:x.end] + "]"
	}
	return f
}

// inArray is the field at the end of a path with an operator as the one entry of
// its array.
func inArray(path, op, operand string) string {
	name := path[strings.LastIndexByte(path, '.')+1:]
	return quote(name) + ": [{" + quote(op) + ": " + operand + "}]"
}

// leaf reads the array of one field and adds it to every alternative.
func (p *parser) leaf(path string, k key, v *value) *fault {
	if len(v.vals) == 0 {
		return p.fail("EB003", v, "the field %q holds an empty array, which could never match", cut(k.name))
	}
	l := &leaf{path: path, pos: k.pos}
	for _, x := range v.vals {
		m, err := p.entry(x)
		if err != nil {
			return err
		}
		m.src = string(jsonscan.Compact(nil, []byte(p.text[x.pos:x.end])))
		l.matchers = append(l.matchers, m)
	}
	for i := len(p.scope) - 1; i >= 0; i-- {
		if old := p.scope[i].leaves[path]; old != nil {
			p.replace(old, k)
			break
		}
	}
	p.top.leaves[path] = l
	return nil
}

// begin makes the one alternative that a pattern has before its first $or.
func (p *parser) begin() {
	p.top = newLayer()
	p.alts, p.scope = []*alternative{{layer: p.top}}, []*layer{p.top}
}

// or reads the array of $or: each of its objects forks the alternatives built
// so far.
func (p *parser) or(v *value, prefix string) *fault {
	if v.kind != cloudtrail.Array || len(v.vals) < 2 {
		return p.fail("EB007", v, "$or takes an array of at least two objects, not %s", what(v))
	}
	p.product = min(p.product*len(v.vals), maxOr+1)
	base, scope := p.alts, p.scope
	var alts []*alternative
	within := scope[:len(scope):len(scope)]
	for _, x := range v.vals {
		if x.kind != cloudtrail.Object {
			return p.fail("EB007", x, "$or takes objects only, not %s", what(x))
		}
		if p.product > maxOr {
			p.begin() // too many: what is here and follows is only checked
		} else {
			p.top = newLayer()
			p.alts, p.scope = onTop(base, p.top), append(scope[:len(scope):len(scope)], p.top)
		}
		if err := p.object(x, prefix, true); err != nil {
			return err
		}
		alts = append(alts, p.alts...)
		if p.product <= maxOr {
			within = append(within, p.scope[len(scope):]...)
		}
	}
	if p.product > maxOr {
		p.begin()
		return nil
	}
	p.top = newLayer()
	p.alts, p.scope = onTop(alts, p.top), append(within, p.top)
	return nil
}

// what names a value in a message.
func what(v *value) string {
	switch v.kind {
	case cloudtrail.Object:
		return "an object"
	case cloudtrail.Array:
		return "an array"
	case cloudtrail.String:
		return "the string " + strconv.Quote(cut(v.text))
	case cloudtrail.Number:
		return "the number " + cut(v.text)
	}
	return v.text
}

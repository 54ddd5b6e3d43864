package eventbridge

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/detect"
)

const orKey = "$or"

// alternative is one way to match: every leaf must. A thousand of them may come
// of one pattern, so what they have in common they hold in common: the leaves of
// a layer come on top of those before, and of two at one path the later counts.
type alternative struct {
	before *alternative // nil for none
	layer  *layer
}

// layer is leaves that were written for the same alternatives, by path.
type layer struct{ leaves map[string]*leaf }

func newLayer() *layer { return &layer{map[string]*leaf{}} }

// get is the leaf at a path, or nil.
func (a *alternative) get(path string) *leaf {
	for ; a != nil; a = a.before {
		if l := a.layer.leaves[path]; l != nil {
			return l
		}
	}
	return nil
}

// below tells whether some path starts with prefix.
func (a *alternative) below(prefix string) bool {
	for ; a != nil; a = a.before {
		for path := range a.layer.leaves {
			if strings.HasPrefix(path, prefix) {
				return true
			}
		}
	}
	return false
}

// onTop puts a layer on each of the alternatives.
func onTop(alts []*alternative, top *layer) []*alternative {
	out := make([]*alternative, len(alts))
	for i, a := range alts {
		out[i] = &alternative{a, top}
	}
	return out
}

// leaf is one field and the values it may have.
type leaf struct {
	path     string
	pos      int // of the key
	matchers []matcher
}

// matcher is one entry of a leaf's array.
type matcher struct {
	op     string // operator name; "" for a literal
	value  *value // the operator's operand, or the literal
	match  detect.Match
	absent bool   // {"exists": false}, which has no match
	src    string // compact JSON
}

// reserved tells whether a name is an operator of the Event Ruler, or kept for
// one, and so no field name inside $or.
func reserved(name string) bool {
	switch name {
	case "exactly", "equals-ignore-case", "prefix", "suffix", "anything-but", "exists", "wildcard", "numeric", "cidr",
		"=", "<", "<=", ">", ">=",
		"regex", "not-wildcard", "not-equals-ignore-case",
		"date-after", "date-on-or-after", "date-before", "date-on-or-before", "in-date-range",
		"ip-address-in-range", "ip-address-not-in-range":
		return true
	}
	return false
}

func isOperator(name string) bool {
	switch name {
	case "exactly", "equals-ignore-case", "prefix", "suffix", "anything-but", "exists", "wildcard", "numeric", "cidr":
		return true
	}
	return false
}

// entry reads one entry of a leaf's array.
func (p *parser) entry(v *value) (matcher, *fault) {
	switch v.kind {
	case cloudtrail.String:
		return matcher{value: v, match: literalText(v.text)}, nil
	case cloudtrail.Number:
		d, _ := detect.ParseDecimal(v.text)
		return matcher{value: v, match: num(detect.NumEqual, d)}, nil
	case cloudtrail.Bool:
		return matcher{value: v, match: detect.Text{Values: []string{v.text}, Kinds: detect.Bools}}, nil
	case cloudtrail.Null:
		return matcher{value: v, match: detect.Is(detect.Nulls)}, nil
	case cloudtrail.Array:
		f := p.fail("EB005", v, "an array inside an array; the values of a field stand in one array")
		return matcher{}, f
	}
	return p.operator(v)
}

// literalText matches a string, or, if it is an IP address, every spelling of
// that address.
func literalText(s string) detect.Match {
	if a, ok := detect.ParsePaddedAddr(s); ok {
		return inRange(netip.PrefixFrom(a, a.BitLen()))
	}
	return text(detect.Equal, false, s)
}

// inRange matches the addresses of a range. The Event Ruler reads the groups of
// a dotted address as decimal numbers, whatever zeros stand before them.
func inRange(prefix netip.Prefix) detect.Match {
	return detect.CIDR{Prefix: prefix, Kinds: detect.Strings, Padded: true}
}

func text(op detect.TextOp, fold bool, values ...string) detect.Match {
	return detect.Text{Op: op, Values: values, Fold: fold, Kinds: detect.Strings}
}

func (p *parser) operator(v *value) (matcher, *fault) {
	name, x, err := p.single(v)
	if err != nil {
		return matcher{}, err
	}
	m := matcher{op: name, value: x}
	switch name {
	case "exactly", "equals-ignore-case":
		s, err := p.str(name, x)
		m.match = text(detect.Equal, name != "exactly", s)
		return m, err
	case "prefix", "suffix":
		m.match, err = p.affix(name, x)
	case "wildcard":
		m.match, err = p.wildcard(x)
	case "numeric":
		m.match, err = p.numeric(x)
	case "cidr":
		m.match, err = p.cidr(x)
	case "exists":
		if x.kind != cloudtrail.Bool {
			return m, p.fail("EB007", x, "exists takes true or false, not %s", what(x))
		}
		if m.absent = x.text == "false"; !m.absent {
			m.match = detect.Exists
		}
	case "anything-but":
		m.match, err = p.anythingBut(x)
	default:
		return m, p.unknown(v, name)
	}
	return m, err
}

// single is the only member of an operator object.
func (p *parser) single(v *value) (string, *value, *fault) {
	switch len(v.keys) {
	case 0:
		return "", nil, p.fail("EB006", v, `an empty object where an operator such as {"prefix": "x"} is expected`)
	case 1:
		return v.keys[0].name, v.vals[0], nil
	}
	names := make([]string, 0, 3)
	for _, k := range v.keys[:min(3, len(v.keys))] {
		names = append(names, strconv.Quote(cut(k.name)))
	}
	f := p.fail("EB006", v, "an operator object has one key, this one has %d (%s); write one object for each", len(v.keys), strings.Join(names, ", "))
	f.why = "Objects side by side in the array are alternatives; to demand several things of one field, use one operator that says it all."
	return "", nil, f
}

func (p *parser) unknown(v *value, name string) *fault {
	f := p.fail("EB006", v, "unknown operator %q", cut(name))
	f.why = "The operators are prefix, suffix, equals-ignore-case, wildcard, anything-but, numeric, cidr and exists, in lower case."
	if low := strings.ToLower(name); low != name && isOperator(low) {
		f.fix = strconv.Quote(low)
	}
	return f
}

func (p *parser) str(op string, x *value) (string, *fault) {
	if x.kind != cloudtrail.String {
		f := p.fail("EB007", x, "%s takes one string, not %s", op, what(x))
		f.fix = p.each(op, x)
		return "", f
	}
	return x.text, nil
}

// each is one operator object for each text of a list, "" where x is none.
func (p *parser) each(op string, x *value) string {
	if x.kind != cloudtrail.Array || x.end-x.pos > maxFix {
		return ""
	}
	objects := make([]string, len(x.vals))
	for i, v := range x.vals {
		if v.kind != cloudtrail.String {
			return ""
		}
		objects[i] = "{" + quote(op) + ": " + p.text[v.pos:v.end] + "}"
	}
	return strings.Join(objects, ", ")
}

// affix reads the operand of prefix and suffix: a string, or a string to be
// compared ignoring case.
func (p *parser) affix(op string, x *value) (detect.Match, *fault) {
	fold := false
	if x.kind == cloudtrail.Object {
		name, inner, err := p.single(x)
		if err != nil {
			return nil, err
		}
		if name != "equals-ignore-case" {
			return nil, p.fail("EB006", x, "inside %s only equals-ignore-case may stand, not %q", op, cut(name))
		}
		x, fold = inner, true
	}
	s, err := p.str(op, x)
	if err != nil && fold {
		err.fix = "" // each would need an object of its own around it
	}
	return text(affixOp(op), fold, s), err
}

func affixOp(op string) detect.TextOp {
	if op == "suffix" {
		return detect.HasSuffix
	}
	return detect.HasPrefix
}

func (p *parser) cidr(x *value) (detect.Match, *fault) {
	s, err := p.str("cidr", x)
	if err != nil {
		return nil, err
	}
	addr, mask, slash := strings.Cut(s, "/")
	a, isAddr := detect.ParsePaddedAddr(addr)
	bits, notInt := strconv.Atoi(mask)
	switch {
	case !slash || strings.Contains(mask, "/"):
		return nil, p.fail("EB009", x, "the CIDR range %q needs exactly one slash, as in 10.0.0.0/8", cut(s))
	case !isAddr:
		return nil, p.fail("EB009", x, "%q in the CIDR range %q is no IP address", cut(addr), cut(s))
	case notInt != nil || bits < 0:
		return nil, p.fail("EB009", x, "%q in the CIDR range %q is no number of bits", cut(mask), cut(s))
	case bits >= a.BitLen():
		f := p.fail("EB009", x, "the CIDR range %q has %d bits; at most %d are allowed", cut(s), bits, a.BitLen()-1)
		if bits == a.BitLen() {
			f.why, f.fix = "A single address is written without a mask.", strconv.Quote(addr)
		}
		return nil, f
	}
	return inRange(netip.PrefixFrom(a, bits).Masked()), nil
}

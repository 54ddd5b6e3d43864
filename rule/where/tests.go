package where

import (
	"net/netip"
	"strings"

	"github.com/trailwarden/trailwarden/detect"
	"github.com/trailwarden/trailwarden/internal/nearest"
	"github.com/trailwarden/trailwarden/internal/re2"
	"github.com/trailwarden/trailwarden/internal/yamldoc"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
)

// Tests are the names of the tests a field takes, and Option the one option
// that stands beside text tests.
func Tests() []string {
	return []string{"equals", "in", "prefix", "suffix", "contains", "wildcard", "regex", "cidr",
		"exists", "null", "lt", "lte", "gt", "gte"}
}

// Option is the option beside text tests.
const Option = "ignore_case"

// elsewhere are the names that other languages use for our tests.
var elsewhere = map[string]string{
	"eq": "equals", "equal": "equals", "is": "equals", "==": "equals", "=": "equals", "value": "equals",
	"exactly": "equals", "one_of": "in", "any_of": "in", "startswith": "prefix", "starts_with": "prefix",
	"endswith": "suffix", "ends_with": "suffix", "substring": "contains", "like": "wildcard", "glob": "wildcard",
	"match": "regex", "matches": "regex", "re": "regex", "regexp": "regex", "ip": "cidr", "present": "exists",
	"is_null": "null", "less_than": "lt", "greater_than": "gt", "<": "lt", "<=": "lte", ">": "gt", ">=": "gte",
	"nocase": Option, "case_insensitive": Option, "equals-ignore-case": Option, "ignorecase": Option,
}

// fieldTests gathers the tests under one field.
type fieldTests struct {
	*parser
	name   string // the field path as written
	fold   bool
	value  detect.MatchAll // on the value or the elements of an array
	itself detect.MatchAll // on the field itself
	absent bool
	text   bool // a text test is there
}

func (f *fieldTests) read(v *yamldoc.Node) {
	if o := v.Get(Option); o != nil {
		f.fold = f.boolean(Option, o)
	}
	for i, k := range v.Keys {
		f.test(k, v.Values[i])
	}
	if v.Get(Option) != nil && !f.text && len(v.Keys) > 0 {
		f.fail(v, CodeConflict, "", "ignore_case goes with a text test (equals, in, prefix, suffix, contains, wildcard, regex); there is none under %s", f.name)
	}
	if f.absent && len(v.Keys) > 1 {
		f.fail(v, CodeConflict, "", "exists: false holds only for a missing field, of which no other test holds; join the two by any")
	}
}

func (f *fieldTests) test(k, v *yamldoc.Node) {
	switch k.Text {
	case "equals", "in":
		f.equals(k, v)
	case "prefix":
		f.textTest(k, v, detect.HasPrefix)
	case "suffix":
		f.textTest(k, v, detect.HasSuffix)
	case "contains":
		f.textTest(k, v, detect.Contains)
	case "wildcard":
		f.each(k, v, f.wildcard)
	case "regex":
		f.each(k, v, f.regex)
	case "cidr":
		f.each(k, v, f.cidr)
	case "exists":
		if f.boolean(k.Text, v) {
			f.itself = append(f.itself, detect.Exists)
		} else {
			f.absent = true
		}
	case "null":
		f.null(f.boolean(k.Text, v))
	case "lt", "lte", "gt", "gte":
		f.number(k, v)
	case Option:
	default:
		f.unknown(k)
	}
}

func (f *fieldTests) unknown(k *yamldoc.Node) {
	known := append(Tests(), Option)
	near := elsewhere[strings.ToLower(k.Text)]
	if near == "" {
		near = nearest.Of(k.Text, known)
	}
	hint := ""
	if near != "" {
		hint = "; did you mean " + near + "?"
	}
	f.fail(k, CodeTest, near, "unknown test %q under %s%s (tests are %s)", k.Text, f.name, hint, strings.Join(known, ", "))
}

func (f *fieldTests) boolean(name string, v *yamldoc.Node) bool {
	if v.Kind != yamldoc.Bool {
		f.fail(v, CodeOperand, name+": true", "%s takes true or false; found a %s", name, v.Kind)
	}
	return v.Bool()
}

func (f *fieldTests) null(want bool) {
	var m detect.Match = detect.Is(detect.Nulls)
	if !want {
		m = detect.MatchNot{X: m}
	}
	f.itself = append(f.itself, m)
}

// operands are the scalars of v, one value or a list.
func (f *fieldTests) operands(k, v *yamldoc.Node) []*yamldoc.Node {
	items := []*yamldoc.Node{v}
	if v.Kind == yamldoc.List {
		items = v.Values
		if len(items) == 0 {
			f.fail(v, CodeEmpty, "", "%s: an empty list matches nothing", k.Text)
		}
	}
	for _, x := range items {
		switch x.Kind {
		case yamldoc.Null:
			f.fail(x, CodeOperand, "null: true", "%s does not take null; write {null: true} for a null value, {exists: false} for a missing one", k.Text)
		case yamldoc.Map, yamldoc.List:
			f.fail(x, CodeOperand, "", "%s takes one value or a list of values; found a %s", k.Text, x.Kind)
		case yamldoc.Number:
			f.spelling(x)
		}
	}
	return items
}

// spelling warns of numbers that YAML readers take for different ones.
func (f *fieldTests) spelling(x *yamldoc.Node) {
	if _, ok := detect.ParseDecimal(x.Text); ok {
		return
	}
	f.list = append(f.list, diagnostic.Diagnostic{
		Code: CodeSpelling, Severity: diagnostic.Warning, Line: x.Line, Column: x.Column,
		Message: "number " + x.Text + " is taken as that text, digit by digit",
		Why:     "YAML readers disagree about numbers with leading zeros, other bases or underscores; account numbers may start with 0",
		Fix:     `"` + x.Text + `"`,
	})
}

func (f *fieldTests) equals(k, v *yamldoc.Node) {
	f.text = true
	items := f.operands(k, v)
	t := detect.Text{Op: detect.Equal, Fold: f.fold, Kinds: detect.Scalars, Values: make([]string, len(items))}
	var numbers []detect.Match
	for i, x := range items {
		t.Values[i] = x.Text
		if x.Kind != yamldoc.Number {
			continue
		}
		if d, ok := detect.ParseDecimal(x.Text); ok {
			numbers = append(numbers, detect.Num{Op: detect.NumEqual, Value: d, Kinds: detect.Numbers, Wide: true})
		}
	}
	if numbers == nil {
		f.value = append(f.value, t)
		return
	}
	f.value = append(f.value, append(detect.MatchAny{t}, numbers...))
}

func single(some detect.MatchAny) detect.Match {
	if len(some) == 1 {
		return some[0]
	}
	return some
}

func (f *fieldTests) textTest(k, v *yamldoc.Node, op detect.TextOp) {
	f.text = true
	t := detect.Text{Op: op, Fold: f.fold, Kinds: detect.Scalars}
	for _, x := range f.operands(k, v) {
		if x.Text == "" && x.Kind == yamldoc.String {
			f.fail(x, CodeOperand, "exists: true", "%s of the empty text holds for every value; write exists: true if that is meant", k.Text)
		}
		t.Values = append(t.Values, x.Text)
	}
	f.value = append(f.value, t)
}

// each reads a list of operands whose tests are joined by OR.
func (f *fieldTests) each(k, v *yamldoc.Node, read func(*yamldoc.Node) detect.Match) {
	f.text = f.text || k.Text != "cidr"
	some := detect.MatchAny{}
	for _, x := range f.operands(k, v) {
		if x.Kind == yamldoc.Map || x.Kind == yamldoc.List || x.Kind == yamldoc.Null {
			continue // reported
		}
		if m := read(x); m != nil {
			some = append(some, m)
		}
	}
	f.value = append(f.value, single(some))
}

func (f *fieldTests) wildcard(x *yamldoc.Node) detect.Match {
	return detect.Glob{Pieces: pieces(x.Text), Fold: f.fold, Kinds: detect.Scalars}
}

// pieces reads * (any run), ? (one character) and the backslash that makes
// either of them, or itself, literal.
func pieces(s string) []detect.Piece {
	var out []detect.Piece
	var lit strings.Builder
	flush := func() {
		if lit.Len() > 0 {
			out = append(out, detect.Piece{Kind: detect.Literal, Text: lit.String()})
			lit.Reset()
		}
	}
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '*':
			flush()
			if n := len(out); n == 0 || out[n-1].Kind != detect.AnyRun {
				out = append(out, detect.Piece{Kind: detect.AnyRun})
			}
		case c == '?':
			flush()
			out = append(out, detect.Piece{Kind: detect.AnyChar})
		case c == '\\' && i+1 < len(s) && strings.IndexByte(`*?\`, s[i+1]) >= 0:
			i++
			lit.WriteByte(s[i])
		default:
			lit.WriteByte(c)
		}
	}
	flush()
	return out
}

func (f *fieldTests) regex(x *yamldoc.Node) detect.Match {
	re, err := re2.Check(x.Text, f.fold)
	if err != nil {
		f.fail(x, CodeRegex, "", "regex under %s: %v", f.name, err)
		return nil
	}
	return detect.Regexp{Re: re, Kinds: detect.Scalars}
}

func (f *fieldTests) cidr(x *yamldoc.Node) detect.Match {
	prefix, ok := parsePrefix(x.Text)
	if !ok {
		f.fail(x, CodeCIDR, "", "cidr %q: want an address range such as 203.0.113.0/24 or 2001:db8::/32, or one address", x.Text)
		return nil
	}
	return detect.CIDR{Prefix: prefix, Kinds: detect.Strings}
}

// parsePrefix reads a range, whose host bits need not be zero, or one address.
func parsePrefix(s string) (netip.Prefix, bool) {
	if a, ok := detect.ParseAddr(s); ok {
		return netip.PrefixFrom(a, a.BitLen()), true
	}
	p, err := netip.ParsePrefix(s)
	if err != nil || p.Addr().Is4In6() {
		return netip.Prefix{}, false
	}
	return p.Masked(), true
}

func (f *fieldTests) number(k, v *yamldoc.Node) {
	d, ok := detect.ParseDecimal(v.Text)
	if v.Kind != yamldoc.Number || !ok {
		f.fail(v, CodeOperand, "", "%s takes a number; found %s", k.Text, f.source(v))
		return
	}
	op := map[string]detect.NumOp{
		"lt": detect.NumLess, "lte": detect.NumLessEqual, "gt": detect.NumGreater, "gte": detect.NumGreaterEqual,
	}[k.Text]
	f.value = append(f.value, detect.Num{Op: op, Value: d, Kinds: detect.Numbers | detect.Strings, Wide: true})
}

// node joins what was read into tests on path.
func (f *fieldTests) node(path detect.Path, src string) detect.Node {
	self := path
	self.End = detect.EndSelf
	if f.absent {
		return detect.Not{X: detect.Test{Path: self, Match: detect.Exists, Src: src}}
	}
	var all detect.All
	if len(f.itself) > 0 {
		all = append(all, detect.Test{Path: self, Match: one(f.itself), Src: src})
	}
	if len(f.value) > 0 {
		all = append(all, detect.Test{Path: path, Match: one(f.value), Src: src})
	}
	if len(all) == 1 {
		return all[0]
	}
	return all
}

func one(all detect.MatchAll) detect.Match {
	if len(all) == 1 {
		return all[0]
	}
	return all
}

package detect_test

import (
	"math/rand/v2"
	"net/netip"
	"regexp"

	"github.com/trailwarden/trailwarden/detect"
)

// trees makes random predicates of every kind over the words of records.
type trees struct{ *rand.Rand }

func (g trees) chance(percent int) bool { return g.IntN(100) < percent }

func (g trees) oneOf(s []string) string { return s[g.IntN(len(s))] }

// rule is a predicate shaped like people write them: some APIs and something
// more, or anything at all.
func (g trees) rule() detect.Node {
	if g.chance(40) {
		return g.node(3)
	}
	all := detect.All{g.headTest()}
	if g.chance(50) {
		all = append(all, g.headTest())
	}
	if g.chance(80) {
		all = append(all, g.node(2))
	}
	return all
}

func (g trees) headTest() detect.Node {
	key, words := "eventName", nameTexts
	if g.chance(40) {
		key, words = "eventSource", sourceTexts
	}
	p := detect.Keys(key)
	p.Fold, p.Cross = g.chance(20), g.chance(20)
	p.End = detect.End(g.IntN(4))
	if g.chance(10) {
		p = detect.Path{Root: detect.RootEnvelope, Steps: []detect.Step{detect.Key("source")}}
		words = []string{"aws.iam", "aws.s3", "aws.ec2"}
	}
	return detect.Test{Path: p, Match: g.text(words)}
}

func (g trees) node(depth int) detect.Node {
	n := g.IntN(12)
	if depth == 0 {
		n = 6 + g.IntN(6)
	}
	switch {
	case n < 2:
		return detect.All(g.nodes(depth - 1))
	case n < 4:
		return detect.Any(g.nodes(depth - 1))
	case n < 5:
		return detect.Not{X: g.node(depth - 1)}
	case n < 6:
		return g.consistent()
	case n == 6 && g.chance(20):
		return detect.Const(g.chance(50))
	case n == 7:
		return detect.Compare{Left: g.path(), Right: g.path(), Op: detect.TextOp(g.IntN(4)), Fold: g.chance(40), Kinds: g.kinds()}
	case n == 8:
		return detect.Not{X: detect.Test{Path: g.path(), Match: g.match(1)}}
	case n == 9:
		return g.headTest()
	}
	return detect.Test{Path: g.path(), Match: g.match(2)}
}

func (g trees) nodes(depth int) []detect.Node {
	ns := make([]detect.Node, g.IntN(4))
	for i := range ns {
		ns[i] = g.node(depth)
	}
	return ns
}

func (g trees) consistent() detect.Node {
	first := g.oneOf(recordKeys)
	terms := make([]detect.Term, 1+g.IntN(4))
	for i := range terms {
		p := g.path()
		if g.chance(75) { // below one field, where arrays are shared
			p = detect.Path{Steps: []detect.Step{detect.Key(first)}, Cross: true, Dotted: detect.DottedUnion}
			for range 1 + g.IntN(3) {
				p.Steps = append(p.Steps, detect.Key(g.oneOf(innerKeys[:4])))
			}
		}
		p.End = detect.EndLeaves
		terms[i] = detect.Term{Path: p, Absent: g.chance(30)}
		if !terms[i].Absent || g.chance(40) {
			terms[i].Match = g.match(1)
		}
		if g.chance(3) {
			terms[i].Match = nil
		}
	}
	return detect.Consistent{Terms: terms}
}

// callerPaths lead to what is known of a userIdentity by its shape.
var callerPaths = [][]string{
	{"type"}, {"type"}, {"invokedBy"}, {"arn"}, {"Type"}, {"sessionContext", "sessionIssuer", "type"}, {"sessionContext", "attributes", "mfaAuthenticated"},
	{"sessionContext", "sessionIssuer", "userName"}, {"sessionContext"}, {"sessioncontext", "attributes", "mfaAuthenticated"},
}

func (g trees) path() detect.Path {
	var p detect.Path
	if g.chance(8) {
		p.Root = detect.RootEnvelope
		names := []string{"source", "detail-type", "account", "region", "time", "id", "version", "resources", "nonsense"}
		p.Steps = []detect.Step{detect.Key(g.oneOf(names))}
	} else if g.chance(97) {
		p.Steps = []detect.Step{detect.Key(g.oneOf(recordKeys))}
	}
	if g.chance(15) {
		p = detect.Path{Steps: []detect.Step{detect.Key("userIdentity")}}
		for _, key := range callerPaths[g.IntN(len(callerPaths))] {
			p.Steps = append(p.Steps, detect.Key(key))
		}
	} else if len(p.Steps) > 0 || g.chance(5) {
		for range g.IntN(4) {
			p.Steps = append(p.Steps, g.step())
		}
	}
	p.Cross, p.Fold = g.chance(60), g.chance(30)
	p.Dotted, p.End = detect.Dotted(g.IntN(3)), detect.End(g.IntN(4))
	return p
}

func (g trees) step() detect.Step {
	switch g.IntN(12) {
	case 0:
		return detect.Step{Kind: detect.StepIndex, Index: g.IntN(3) - g.IntN(2)}
	case 1:
		return detect.Step{Kind: detect.StepElements}
	case 2:
		return detect.Step{Kind: detect.StepFields}
	}
	return detect.Key(g.oneOf(innerKeys))
}

func (g trees) kinds() detect.Kinds {
	sets := []detect.Kinds{detect.Strings, detect.Scalars, detect.Anything, detect.Strings | detect.Containers, detect.Numbers, detect.Kinds(g.IntN(256))}
	return sets[g.IntN(len(sets))]
}

func (g trees) match(depth int) detect.Match {
	n := g.IntN(14)
	if depth == 0 {
		n = 3 + g.IntN(11)
	}
	switch n {
	case 0:
		return detect.MatchAll(g.matches(depth - 1))
	case 1:
		return detect.MatchAny(g.matches(depth - 1))
	case 2:
		return detect.MatchNot{X: g.match(depth - 1)}
	case 3:
		return detect.Is(g.kinds())
	case 4:
		return g.glob()
	case 5:
		return detect.Regexp{Re: regexps[g.IntN(len(regexps))], Kinds: g.kinds(), Raw: g.chance(30)}
	case 6:
		d, _ := detect.ParseDecimal(g.oneOf(numbers))
		return detect.Num{Op: detect.NumOp(g.IntN(5)), Value: d, Kinds: g.kinds(), Wide: g.IntN(2) == 0}
	case 7:
		return detect.CIDR{Prefix: prefixes[g.IntN(len(prefixes))], Kinds: g.kinds(), Padded: g.IntN(2) == 0}
	case 8:
		return detect.TimePart{Unit: detect.TimeUnit(g.IntN(6)), Value: []int{0, 45, 11, 9, 10, 28, 7, 2023, 29}[g.IntN(9)]}
	}
	return g.text(plainTexts)
}

func (g trees) matches(depth int) []detect.Match {
	ms := make([]detect.Match, g.IntN(4))
	for i := range ms {
		ms[i] = g.match(depth)
	}
	return ms
}

func (g trees) text(words []string) detect.Match {
	t := detect.Text{Op: detect.TextOp(g.IntN(4)), Fold: g.chance(30), Kinds: g.kinds(), Raw: g.chance(10)}
	if g.chance(50) {
		t.Op = detect.Equal
	}
	n := g.IntN(4)
	if g.chance(10) {
		n = 20 // enough for a set
	}
	for range n {
		w := g.oneOf(words)
		if r := []rune(w); t.Op != detect.Equal && len(r) > 0 {
			from := g.IntN(len(r))
			w = string(r[from : from+g.IntN(len(r)-from+1)])
		}
		t.Values = append(t.Values, w)
	}
	return t
}

func (g trees) glob() detect.Match {
	m := detect.Glob{Fold: g.chance(30), Kinds: g.kinds()}
	for range g.IntN(6) {
		p := detect.Piece{Kind: detect.PieceKind(g.IntN(3))}
		if p.Kind == detect.Literal {
			p.Text = g.oneOf(plainTexts[:21])
		}
		m.Pieces = append(m.Pieces, p)
	}
	return m
}

var (
	regexps  = compileAll(`a`, `^a`, `b$`, `(?i)ab`, `^(a|b)`, `a.c`, `\d+`, `é`, `(?i)É`, ``, `^$`, `[ab]c`, `(abc)+`, `x\.y`, `(?i)k`, `"a"`, `User$`, `^10\.`)
	prefixes = parsePrefixes("10.0.0.0/8", "10.0.0.5/24", "192.168.0.0/16", "0.0.0.0/0", "::/0", "::1/127", "2001:db8::/32", "::ffff:0:0/96")
)

func compileAll(exprs ...string) []*regexp.Regexp {
	out := make([]*regexp.Regexp, len(exprs))
	for i, x := range exprs {
		out[i] = regexp.MustCompile(x)
	}
	return out
}

func parsePrefixes(texts ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(texts))
	for i, x := range texts {
		out[i] = netip.MustParsePrefix(x)
	}
	return out
}

package detect_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/trailwarden/trailwarden/detect"
)

// arrays writes records whose fields are lists of objects, as resources and
// requestParameters are, with few different values so that choices abound.
type arrays struct{ *rand.Rand }

func (g arrays) record(most int) string {
	return fmt.Sprintf(`{"r":%s,"p":{"r":%s},"q":%s}`, g.list(2, most), g.list(1, most), g.list(0, most))
}

func (g arrays) list(depth, most int) string {
	n := g.IntN(most + 1)
	elems := make([]string, n)
	for i := range elems {
		elems[i] = g.elem(depth)
	}
	return "[" + strings.Join(elems, ",") + "]"
}

func (g arrays) elem(depth int) string {
	var members []string
	for _, k := range []string{"a", "b", "c", "d"} {
		if g.IntN(3) > 0 {
			members = append(members, fmt.Sprintf(`%q:%s`, k, g.value(depth)))
		}
	}
	return "{" + strings.Join(members, ",") + "}"
}

func (g arrays) value(depth int) string {
	switch n := g.IntN(8); {
	case depth > 0 && n < 2:
		return g.list(depth-1, 3)
	case n == 2:
		return `["x","y"]`
	default:
		return fmt.Sprintf("%q", string("xyz"[g.IntN(3)]))
	}
}

func (g arrays) rule() detect.Node {
	terms := make([]detect.Term, 2+g.IntN(3))
	for i := range terms {
		steps := []detect.Step{detect.Key("r")}
		if g.IntN(6) == 0 {
			steps = []detect.Step{detect.Key([]string{"p", "q"}[g.IntN(2)])}
			if steps[0].Key == "p" {
				steps = append(steps, detect.Key("r"))
			}
		}
		for range 1 + g.IntN(2)*g.IntN(2) {
			steps = append(steps, detect.Key(string("abcd"[g.IntN(4)])))
		}
		if g.IntN(20) == 0 {
			steps[0] = detect.Step{Kind: detect.StepFields}
		}
		p := detect.Path{Steps: steps, Cross: true, Dotted: detect.DottedUnion, End: detect.EndLeaves}
		terms[i] = detect.Term{Path: p, Absent: g.IntN(4) == 0}
		if !terms[i].Absent || g.IntN(3) == 0 {
			t := detect.Text{Values: []string{string("xyz"[g.IntN(3)])}, Kinds: detect.Strings}
			terms[i].Match = t
			if g.IntN(5) == 0 {
				terms[i].Match = detect.MatchNot{X: t}
			}
		}
	}
	return detect.Consistent{Terms: terms}
}

// Leaves in different elements of one array never satisfy one Consistent node
// together, in short lists and in long ones.
func TestConsistentDifferential(t *testing.T) {
	r := random(t)
	g := arrays{r}
	for i := range 120 {
		rules := make([]detect.Node, 12)
		for i := range rules {
			rules[i] = g.rule()
		}
		m := detect.Compile(rules).NewMatcher()
		most := 4
		if i%20 == 0 {
			most = 30
		}
		for range 6 {
			text := g.record(most)
			differ(t, rules, text, hits(m, record(t, text)), naiveHits(t, rules, text))
		}
	}
}

// A long list whose elements each fail at the last term costs time in
// proportion to its length, not to a power of it: this test ends.
func TestConsistentOnLongLists(t *testing.T) {
	const n = 3000
	var b strings.Builder
	b.WriteString(`{"r":[`)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"a":"x","b":"x","c":"x","d":"%s"}`, []string{"x", "y"}[min(1, i%(n-1))])
	}
	b.WriteString(`],"q":[{"a":"y"}]}`)
	rule := func(last string) detect.Node {
		var terms []detect.Term
		for _, k := range []string{"a", "b", "c", "d"} {
			v := "x"
			if k == "d" {
				v = last
			}
			p := detect.Path{Steps: []detect.Step{detect.Key("r"), detect.Key(k)}, Cross: true, End: detect.EndLeaves}
			terms = append(terms, detect.Term{Path: p, Match: detect.Text{Values: []string{v}, Kinds: detect.Strings}})
		}
		return detect.Consistent{Terms: terms}
	}
	absent := rule("y").(detect.Consistent)
	absent.Terms = append(absent.Terms, detect.Term{
		Path:   detect.Path{Steps: []detect.Step{detect.Key("r"), detect.Key("a")}, Cross: true, End: detect.EndLeaves},
		Absent: true,
	})
	m := detect.Compile([]detect.Node{rule("x"), rule("y"), rule("z"), absent}).NewMatcher()
	if got := fmt.Sprint(hits(m, record(t, b.String()))); got != "[0 1]" {
		t.Errorf("hits %s, want [0 1]", got)
	}
}

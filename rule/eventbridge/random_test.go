package eventbridge_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/trailwarden/trailwarden/internal/seeds"
	"github.com/trailwarden/trailwarden/rule/eventbridge"
)

// random makes small patterns and events over few names and values, so that
// they meet often.
type random struct{ *rand.Rand }

func (r random) one(s ...string) string { return s[r.IntN(len(s))] }

func (r random) name() string { return r.one(`"a"`, `"b"`, `"c"`, `"a.b"`, `"b.c"`) }

func (r random) scalar() string {
	return r.one(`"x"`, `"xy"`, `"XY"`, `""`, `"10.0.0.1"`, `"::1"`, `"0:0::1"`, `1`, `1.0`, `10e-1`, `2`, `-3.5`, `true`, `false`, `null`)
}

func (r random) event(depth int) string {
	switch k := r.IntN(10); {
	case depth > 0 && k < 3 || depth == 4:
		members := []string{}
		for _, n := range r.Perm(5)[:r.IntN(4)] {
			members = append(members, []string{`"a"`, `"b"`, `"c"`, `"a.b"`, `"b.c"`}[n]+":"+r.event(depth-1))
		}
		return "{" + strings.Join(members, ",") + "}"
	case depth > 0 && k < 6:
		elems := []string{}
		for range r.IntN(4) {
			elems = append(elems, r.event(depth-1))
		}
		return "[" + strings.Join(elems, ",") + "]"
	}
	return r.scalar()
}

func (r random) pattern(depth int, ors int) string {
	members, used := []string{}, map[string]bool{}
	for range 1 + r.IntN(3) {
		n := r.name()
		if used[n] {
			continue
		}
		used[n] = true
		if depth > 0 && r.IntN(2) == 0 {
			members = append(members, n+":"+r.pattern(depth-1, ors/2))
			continue
		}
		members = append(members, n+":"+r.leaf())
	}
	if ors > 0 && r.IntN(3) == 0 {
		or := `"$or":[` + r.pattern(max(depth-1, 0), ors-1) + "," + r.pattern(0, 0) + "]"
		at := r.IntN(len(members) + 1)
		members = append(members[:at], append([]string{or}, members[at:]...)...)
	}
	return "{" + strings.Join(members, ",") + "}"
}

func (r random) leaf() string {
	entries := []string{}
	for range 1 + r.IntN(2) {
		entries = append(entries, r.entry())
	}
	return "[" + strings.Join(entries, ",") + "]"
}

func (r random) entry() string {
	str := r.one(`"x"`, `"xy"`, `"y"`, `"XY"`)
	switch r.IntN(12) {
	case 0, 1:
		return `{"exists":` + r.one("true", "false", "false") + `}`
	case 2:
		return `{"anything-but":` + r.one(str, `1`, `["x","XY"]`, `[1,2]`) + `}`
	case 3:
		return `{"anything-but":{"` + r.one("prefix", "suffix", "equals-ignore-case", "wildcard") + `":` + r.one(str, `["x","xy"]`) + `}}`
	case 4:
		return `{"` + r.one("prefix", "suffix", "equals-ignore-case", "exactly") + `":` + str + `}`
	case 5:
		return `{"` + r.one("prefix", "suffix") + `":{"equals-ignore-case":` + str + `}}`
	case 6:
		return `{"wildcard":` + r.one(`"*"`, `"x*"`, `"*y"`, `""`, `"*x*y*"`) + `}`
	case 7:
		return `{"numeric":` + r.one(`["=",1]`, `[">",0]`, `["<=",1.0]`, `[">=",-4,"<",2]`) + `}`
	case 8:
		return `{"cidr":` + r.one(`"10.0.0.0/8"`, `"::/64"`, `"0.0.0.0/0"`) + `}`
	}
	return r.scalar()
}

// pairs is how many random patterns meet a random event each:
// go test ./rule/eventbridge -run SecondReading -pairs 1000000
var pairs = flag.Int("pairs", 5000, "random pairs of pattern and event")

func TestAgreesWithASecondReading(t *testing.T) {
	seed := seeds.Of(t)
	defer func() {
		if t.Failed() {
			t.Logf("seed %d", seed)
		}
	}()
	r := random{rand.New(rand.NewPCG(seed, 1))}
	matched := 0
	for range *pairs {
		pattern, event := r.pattern(2, 2), r.event(4)
		want := secondOpinion(pattern, event)
		if got := judge(t, parse(t, pattern).Event(), event); got != want {
			t.Fatalf("pattern %s on event %s: %t, second reading %t", pattern, event, got, want)
		}
		if want {
			matched++
		}
	}
	if matched < *pairs/100 {
		t.Errorf("only %d of %d pairs match; the test tests nothing", matched, *pairs)
	}
}

func FuzzParse(f *testing.F) {
	for _, b := range blocks(f) {
		f.Add(b.pattern, append(b.yes, b.no...)[0])
	}
	f.Add(`{"a":[{"wildcard":"*a*a*a\\*"}]}`, `{"a":"aaa"}`)
	f.Add("{\"a\":[\"\\ud800\"]}", `{"a":"\ud800"}`)
	f.Fuzz(func(t *testing.T, pattern, event string) {
		p, diags := eventbridge.Parse([]byte(pattern))
		if (p == nil) != (diags.Err() != nil) {
			t.Fatalf("pattern %v with %v", p, diags)
		}
		for _, d := range diags {
			if d.Code == "" || d.Message == "" {
				t.Fatalf("%+v", d)
			}
		}
		if p == nil {
			return
		}
		if q, diags := eventbridge.Parse([]byte(p.String())); q == nil {
			t.Fatalf("%s is not valid any more: %v", p, diags)
		}
		p.Lint(nil)
		rec, ok := object(event)
		if !ok {
			return
		}
		judge(t, p.Event(), rec)
		judge(t, p.PredicateIn(eventbridge.Enabled), rec)
	})
}

func BenchmarkParse(b *testing.B) {
	pattern := []byte(`{"source":["aws.iam"],"detail":{"eventName":["CreateUser",{"prefix":"Delete"}],"$or":[{"errorCode":[{"exists":false}]},{"userIdentity":{"type":["Root"]}}]}}`)
	b.ReportAllocs()
	for b.Loop() {
		if p, diags := eventbridge.Parse(pattern); p == nil || p.Predicate() == nil {
			b.Fatal(fmt.Sprint(diags))
		}
	}
}

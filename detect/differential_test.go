package detect_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/detect"
	"github.com/trailwarden/trailwarden/internal/seeds"
)

var pairs = flag.Int("pairs", 15_000, "pairs of rule and record that the differential test judges both ways")

// random is a source of randomness whose seed a failing test prints.
func random(t testing.TB) *rand.Rand {
	s := seeds.Of(t)
	return rand.New(rand.NewPCG(s, 0))
}

func record(t testing.TB, text string) *cloudtrail.Record {
	t.Helper()
	rec, err := cloudtrail.ParseRecord([]byte(text))
	if err != nil {
		t.Fatalf("record %s: %v", text, err)
	}
	return rec
}

func hits(m *detect.Matcher, rec *cloudtrail.Record) []int {
	var out []int
	m.Match(rec, func(rule int) { out = append(out, rule) })
	return out
}

func naiveHits(t testing.TB, rules []detect.Node, text string) []int {
	t.Helper()
	var out []int
	for i, n := range rules {
		ok, err := detect.Naive(n, []byte(text))
		if err != nil {
			t.Fatalf("record %s: %v", text, err)
		}
		if ok {
			out = append(out, i)
		}
	}
	return out
}

// differ fails the test with the first rule that the two judge differently.
func differ(t testing.TB, rules []detect.Node, text string, got, want []int) {
	t.Helper()
	if !slices.IsSorted(got) {
		t.Fatalf("hits not ascending: %v", got)
	}
	for i, n := range rules {
		g, w := slices.Contains(got, i), slices.Contains(want, i)
		if g != w {
			t.Fatalf("engine %v, naive %v\nrule %#v\nrecord %s", g, w, n, text)
		}
	}
	if !slices.Equal(got, want) {
		t.Fatalf("hits %v, want %v", got, want)
	}
}

// The compiled engine judges as the naive evaluator does, whatever the rule and
// the record. One million pairs: go test ./detect -run Differential -pairs 1000000
func TestDifferential(t *testing.T) {
	r := random(t)
	hit := 0
	var rd cloudtrail.Reader // as in a scan, it knows records by those before
	const perEngine, perRules = 12, 25
	for done := 0; done < *pairs; done += perEngine * perRules {
		rules := make([]detect.Node, 1+r.IntN(2*perEngine))
		for i := range rules {
			rules[i] = trees{r}.rule()
		}
		m := detect.Compile(rules).NewMatcher()
		for range perRules {
			text := records{r}.record()
			rec, err := rd.Read([]byte(text))
			if err != nil {
				t.Fatalf("record %s: %v", text, err)
			}
			want := naiveHits(t, rules, text)
			differ(t, rules, text, hits(m, rec), want)
			hit += len(want)
		}
	}
	t.Logf("about %d pairs, %d hits", *pairs, hit)
}

// Thousands of rules in one engine give the hits that each gives alone.
func TestManyRulesDifferential(t *testing.T) {
	r := random(t)
	rules := make([]detect.Node, 3000)
	for i := range rules {
		rules[i] = trees{r}.rule()
	}
	m := detect.Compile(rules).NewMatcher()
	for range 4 {
		text := records{r}.record()
		differ(t, rules, text, hits(m, record(t, text)), naiveHits(t, rules, text))
	}
}

// The order of rules does not change which of them hit, and other rules do not
// change whether one hits.
func TestRulesDoNotDisturbEachOther(t *testing.T) {
	r := random(t)
	for range 30 {
		rules := make([]detect.Node, 60)
		for i := range rules {
			rules[i] = trees{r}.rule()
		}
		order := r.Perm(len(rules))
		shuffled := make([]detect.Node, len(rules))
		for to, from := range order {
			shuffled[to] = rules[from]
		}
		all, other, half := detect.Compile(rules).NewMatcher(), detect.Compile(shuffled).NewMatcher(), detect.Compile(rules[:30]).NewMatcher()
		for range 20 {
			rec := record(t, records{r}.record())
			want := hits(all, rec)
			var got []int
			for _, h := range hits(other, rec) {
				got = append(got, order[h])
			}
			slices.Sort(got)
			if !slices.Equal(got, want) {
				t.Fatalf("shuffled %v, in order %v\nrecord %s", got, want, rec.Raw())
			}
			first := slices.DeleteFunc(slices.Clone(want), func(i int) bool { return i >= 30 })
			if got := hits(half, rec); !slices.Equal(got, first) {
				t.Fatalf("alone %v, among others %v\nrecord %s", got, first, rec.Raw())
			}
		}
	}
}

// A matcher gives the same hits for a record whatever it judged before, and
// two matchers of one engine do not share anything that changes.
func TestMatcherForgetsRecords(t *testing.T) {
	r := random(t)
	rules := make([]detect.Node, 80)
	for i := range rules {
		rules[i] = trees{r}.rule()
	}
	e := detect.Compile(rules)
	used := e.NewMatcher()
	for range 300 {
		rec := record(t, records{r}.record())
		if got, want := fmt.Sprint(hits(used, rec)), fmt.Sprint(hits(e.NewMatcher(), rec)); got != want {
			t.Fatalf("used matcher %s, new one %s\nrecord %s", got, want, rec.Raw())
		}
	}
}

// FuzzDifferential takes any JSON object as a record, and the seed of some
// rules to judge it by.
func FuzzDifferential(f *testing.F) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		f.Add(r.Uint64(), []byte(records{r}.record()))
	}
	f.Fuzz(func(t *testing.T, seed uint64, text []byte) {
		rec, err := cloudtrail.ParseRecord(text)
		if err != nil || len(text) > 1024 {
			return
		}
		r := rand.New(rand.NewPCG(seed, 0))
		rules := make([]detect.Node, 10)
		for i := range rules {
			rules[i] = trees{r}.rule()
		}
		if _, err := detect.Naive(detect.Const(true), text); err != nil {
			return
		}
		m := detect.Compile(rules).NewMatcher()
		differ(t, rules, string(text), hits(m, rec), naiveHits(t, rules, string(text)))
	})
}

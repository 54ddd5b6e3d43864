package rule_test

import (
	"encoding/json"
	"flag"
	"math/rand/v2"
	"testing"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/detect"
	"github.com/trailwarden/trailwarden/internal/randomrule"
	"github.com/trailwarden/trailwarden/internal/seeds"
	"github.com/trailwarden/trailwarden/rule"
)

var pairs = flag.Int("pairs", 9_000, "pairs of rule and record that TestDifferential judges both ways")

// TestDifferential writes random rules in every language, judges random records
// by all of them in one engine, and compares each verdict with the naive twin's.
func TestDifferential(t *testing.T) {
	s := seeds.Of(t)
	d := differential{r: rand.New(rand.NewPCG(s, s)), written: map[string]int{}, valid: map[string]int{}, hits: map[string]int{}}
	for d.pairs < *pairs && !t.Failed() {
		d.batch(t)
	}
	t.Logf("%d pairs, hits by language: %v", d.pairs, d.hits)
	for language, n := range d.written {
		if d.valid[language]*5 < n*4 {
			t.Errorf("only %d of %d random %s rules are valid", d.valid[language], n, language)
		}
		if d.hits[language] == 0 {
			t.Errorf("no record matches a random %s rule", language)
		}
	}
}

// differential makes up rules and records over one small vocabulary, so that
// they meet.
type differential struct {
	r     *rand.Rand
	pairs int
	// by language: rules written, those that loaded, records that matched
	written, valid, hits map[string]int
}

const rulesOfALanguage, recordsOfABatch = 10, 50

func (d *differential) batch(t *testing.T) {
	var rules []*rule.Rule
	var texts []string
	for _, l := range (randomrule.Source{R: d.r}).Languages() {
		for range rulesOfALanguage {
			text := l.Write()
			d.written[l.Name]++
			set, list := rule.LoadText(l.Name, "random", []byte(text), rule.Options{})
			if list.Err() != nil || len(set.Rules) != 1 || set.Rules[0].Inactive != "" {
				continue
			}
			d.valid[l.Name]++
			rules, texts = append(rules, set.Rules[0]), append(texts, text)
		}
	}
	var nodes []detect.Node
	for _, r := range rules {
		nodes = append(nodes, r.Predicate)
	}
	m := detect.Compile(nodes).NewMatcher()
	for range recordsOfABatch {
		d.record(t, m, rules, texts)
	}
}

func (d *differential) record(t *testing.T, m *detect.Matcher, rules []*rule.Rule, texts []string) {
	raw, err := json.Marshal(randomrule.Source{R: d.r}.Event())
	if err != nil {
		t.Fatal(err)
	}
	rec, err := cloudtrail.ParseRecord(raw)
	if err != nil {
		t.Fatal(err)
	}
	got := make([]bool, len(rules))
	m.Match(rec, func(i int) { got[i] = true })
	for i, r := range rules {
		want, err := detect.Naive(r.Predicate, raw)
		if err != nil {
			t.Fatal(err)
		}
		if got[i] != want {
			t.Errorf("engine %v, naive twin %v\n%s rule %s\nrecord %s", got[i], want, r.Language, texts[i], raw)
		}
		if want {
			d.hits[r.Language]++
		}
		d.pairs++
	}
}

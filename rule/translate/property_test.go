package translate_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/detect"
	"github.com/trailwarden/trailwarden/internal/randomrule"
	"github.com/trailwarden/trailwarden/internal/seeds"
	"github.com/trailwarden/trailwarden/rule"
	"github.com/trailwarden/trailwarden/rule/eventbridge"
	"github.com/trailwarden/trailwarden/rule/translate"
)

var pairs = flag.Int("pairs", 12_000, "pairs of translation and record that TestTranslationsKeepTheirWord judges")

// languages name the rule languages that can judge a translation.
var languages = map[translate.Target]string{translate.EventBridge: "eventbridge", translate.Filter: "filter", translate.Sigma: "sigma"}

// TestTranslationsKeepTheirWord judges random records by random rules and by
// their translations: no difference for exact ones, no lost match for wider
// ones, both of records as documented and of any.
func TestTranslationsKeepTheirWord(t *testing.T) {
	s := seeds.Of(t)
	for _, any := range []bool{false, true} {
		t.Run(fmt.Sprintf("any record %v", any), func(t *testing.T) {
			k := keeper{src: randomrule.Source{R: rand.New(rand.NewPCG(s, s))}, any: any, n: map[string]int{}, failed: map[string]int{}}
			for k.pairs < *pairs/2 && len(k.failed) < 20 {
				k.batch(t)
			}
			for _, name := range slices.Sorted(maps.Keys(k.n)) {
				t.Logf("%-40s %d", name, k.n[name])
			}
			t.Logf("%d pairs, %d more matches of wider ones", k.pairs, k.more)
		})
	}
}

// Rules and records of which a translation once lost the match.
func TestNoMatchIsLost(t *testing.T) {
	sigmaRule := func(detection string) string {
		return "title: t\nlogsource:\n  product: aws\n  service: cloudtrail\ndetection:\n  s:\n    " + detection + "\n  condition: s\n"
	}
	for _, c := range []struct {
		language, rule string
		to             translate.Target
		record         string
		any            bool // Options.AnyRecord
	}{
		// Only texts are spelled TRUE.
		{"filter", `{ $.managementEvent != "TRUE" }`, translate.EventBridge, `{"managementEvent":true}`, false},
		// Sigma's names know no letter case; documented ones have theirs.
		{"sigma", sigmaRule("Resources.arn: arn:y"), translate.EventBridge, `{"resources":[{"ARN":"arn:y"}]}`, false},
		{"sigma", sigmaRule("sessioncredentialfromconsole: 'true'"), translate.EventBridge, `{"sessionCredentialFromConsole":"true"}`, false},
		{"sigma", sigmaRule("useridentity.onbehalfof.userid|startswith: a"), translate.EventBridge, `{"userIdentity":{"onBehalfOf":{"userId":"ab"}}}`, false},
		// Of numbers, event patterns compare those that 64 bits hold.
		{"filter", `{ $.size > 4000 }`, translate.EventBridge, `{"size":1234567890123456789}`, true},
		{"where", `size: {lte: 0.25}`, translate.EventBridge, `{"size":-98765432109876543}`, true},
	} {
		set, list := rule.LoadText(c.language, "case", []byte(c.rule), rule.Options{})
		if err := list.Err(); err != nil {
			t.Fatal(c.rule, err)
		}
		res, err := translate.Rule(set.Rules[0], c.to, translate.Options{AnyRecord: c.any})
		if err != nil || res.Text == "" {
			t.Fatal(c.rule, res, err)
		}
		back, list := rule.LoadText(languages[c.to], "translated", []byte(res.Text), rule.Options{})
		if err := list.Err(); err != nil {
			t.Fatal(res.Text, err)
		}
		for text, r := range map[string]*rule.Rule{c.rule: set.Rules[0], res.Text: back.Rules[0]} {
			if hit, err := detect.Naive(r.Predicate, []byte(c.record)); !hit || err != nil {
				t.Errorf("%s does not match %s: %v", text, c.record, err)
			}
		}
	}
}

// A field and one below it are two conditions of an event pattern, which has no
// way to write both but with a dot in a key.
func TestAFieldAndOneBelowItAreBothAsked(t *testing.T) {
	for _, text := range []string{
		`{requestParameters.zones: {prefix: eu-}, requestParameters.zones.backup.name: {prefix: us-}}`,
		`any: [{requestParameters.zones: {prefix: eu-}, requestParameters.zones.backup.name: {prefix: us-}}, {eventName: {equals: DeleteZone}}]`,
	} {
		set, list := rule.LoadText("where", "case", []byte(text), rule.Options{})
		if err := list.Err(); err != nil {
			t.Fatal(text, err)
		}
		res, err := translate.Rule(set.Rules[0], translate.EventBridge, translate.Options{})
		if err != nil || res.Text == "" {
			t.Fatal(text, res, err)
		}
		p, list := eventbridge.Parse([]byte(res.Text))
		if p == nil {
			t.Fatal(res.Text, list)
		}
		for record, want := range map[string]bool{
			`{"requestParameters":{"zones":["eu-west-1",{"backup":{"name":"us-east-1"}}]}}`: true,
			`{"requestParameters":{"zones":["eu-west-1",{"backup":{"name":"eu-west-3"}}]}}`: false,
			`{"requestParameters":{"zones":["us-west-1",{"backup":{"name":"us-east-1"}}]}}`: false,
			`{"requestParameters":{"zones":"eu-west-1"}}`:                                   false,
		} {
			if hit, err := detect.Naive(p.Predicate(), []byte(record)); hit != want || err != nil {
				t.Errorf("%s matches %s: %t, %v", res.Text, record, hit, err)
			}
		}
	}
}

// Most expressions in rules list names from end to end, which every target can.
func TestAnAnchoredListIsExact(t *testing.T) {
	set, list := rule.LoadText("where", "list", []byte(`eventName: {regex: "^Create(User|Role)$"}`), rule.Options{})
	if err := list.Err(); err != nil {
		t.Fatal(err)
	}
	for _, to := range translate.Targets() {
		if res, err := translate.Rule(set.Rules[0], to, translate.Options{}); err != nil || res.Verdict != translate.Exact {
			t.Errorf("%s: %s, %v, %v", to, res.Verdict, res.Reasons, err)
		}
	}
}

type keeper struct {
	src    randomrule.Source
	any    bool
	pairs  int
	more   int
	n      map[string]int // translations, by language, target and verdict
	failed map[string]int
}

// translated is a rule and one translation of it.
type translated struct {
	text string
	res  translate.Result
	rule *rule.Rule
	back *rule.Rule
}

func (k *keeper) batch(t *testing.T) {
	t.Helper()
	var all []translated
	var nodes []detect.Node
	for _, l := range k.src.Languages() {
		for range 4 {
			for _, x := range k.translations(t, l.Name, l.Write()) {
				all = append(all, x)
				nodes = append(nodes, x.rule.Predicate, x.back.Predicate)
			}
		}
	}
	m := detect.Compile(nodes).NewMatcher()
	for range 40 {
		event := k.src.Event()
		if !k.any {
			event = asDocumented(event)
		}
		raw, err := json.Marshal(event)
		if err != nil {
			t.Fatal(err)
		}
		rec, err := cloudtrail.ParseRecord(raw)
		if err != nil {
			t.Fatal(err)
		}
		got := make([]bool, len(nodes))
		m.Match(rec, func(i int) { got[i] = true })
		for i, x := range all {
			k.judge(t, x, got[2*i], got[2*i+1], raw)
		}
	}
}

// translations are those of one rule that can be read back.
func (k *keeper) translations(t *testing.T, language, text string) (out []translated) {
	t.Helper()
	set, list := rule.LoadText(language, "random", []byte(text), rule.Options{})
	if list.Err() != nil || len(set.Rules) != 1 || set.Rules[0].Inactive != "" {
		return nil
	}
	for _, to := range translate.Targets() {
		res, err := translate.Rule(set.Rules[0], to, translate.Options{AnyRecord: k.any})
		if err != nil {
			t.Fatal(err)
		}
		k.n[language+" to "+string(to)+": "+string(res.Verdict)]++
		if res.Verdict == translate.Impossible || languages[to] == "" {
			continue
		}
		back, list := rule.LoadText(languages[to], "translated", []byte(res.Text), rule.Options{})
		if list.Err() != nil || len(back.Rules) != 1 || back.Rules[0].Predicate == nil {
			t.Errorf("%s to %s cannot be read back: %v\n%s\n%s", language, to, list.Err(), text, res.Text)
			continue
		}
		out = append(out, translated{text, res, set.Rules[0], back.Rules[0]})
	}
	return out
}

func (k *keeper) judge(t *testing.T, x translated, rule, back bool, raw []byte) {
	t.Helper()
	k.pairs++
	switch {
	case rule == back:
	case back && x.res.Verdict == translate.Wider:
		k.more++
	case k.failed[x.text] == 0:
		k.failed[x.text]++
		t.Errorf("%s to %s, %s: the rule says %v, the translation %v\n%s\n%s\n%v\nrecord %s",
			x.rule.Language, x.res.Target, x.res.Verdict, rule, back, x.text, x.res.Text, x.res.Reasons, raw)
	}
}

// asDocumented takes out of a record what the documentation says is not there.
func asDocumented(event map[string]any) map[string]any {
	for key := range event {
		if strings.Contains(key, ".") {
			delete(event, key)
		}
	}
	clean("", event)
	return event
}

func clean(at string, in map[string]any) {
	for key, v := range in {
		name := at + key
		switch translate.Documented(name) {
		case "text":
			if _, ok := v.(string); !ok {
				delete(in, key)
			}
		case "flag":
			switch v.(type) {
			case string, bool:
			default:
				delete(in, key)
			}
		case "object":
			next, ok := v.(map[string]any)
			if !ok {
				delete(in, key)
				continue
			}
			clean(name+".", next)
		}
	}
}

package filterpattern_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trailwarden/trailwarden/internal/seeds"
	"github.com/trailwarden/trailwarden/rule/filterpattern"
)

func parsed(t *testing.T, text string) *filterpattern.Pattern {
	t.Helper()
	p, list := filterpattern.Parse(text)
	if p == nil {
		t.Fatalf("%s: %v", text, list)
	}
	return p
}

// A pattern that was taken from another one is told by the clauses that differ,
// and one that only shares clauses is something else.
func TestDiffersByClause(t *testing.T) {
	const keys = `{ ($.eventSource = kms.amazonaws.com) && (($.eventName = DisableKey) || ($.eventName = ScheduleKeyDeletion)) }`
	const five = `{ $.n = a1 || $.n = b2 || $.n = c3 || $.n = d4 || $.n = e5 }`
	for _, c := range []struct{ name, text, model, want string }{
		{"itself", keys, keys, "the same"},
		{"other quotes, blanks and order", `{(($.eventName="ScheduleKeyDeletion")||$.eventName="DisableKey")&&$.eventSource="kms.amazonaws.com"}`, keys, "the same"},
		{"said twice", `{ $.n = a1 || $.n = b2 || $.n = c3 || $.n = d4 || $.n = e5 || $.n = a1 }`, five, "the same"},
		{"a letter", strings.Replace(keys, "DisableKey", "DisabelKey", 1), keys, `$.eventName = "DisabelKey" for $.eventName = "DisableKey"`},
		{"lower case", strings.Replace(keys, "DisableKey", "disablekey", 1), keys, `$.eventName = "disablekey" for $.eventName = "DisableKey"`},
		{"an operator", strings.Replace(keys, "eventSource =", "eventSource !=", 1), keys, `$.eventSource != "kms.amazonaws.com" for $.eventSource = "kms.amazonaws.com"`},
		{"a field", strings.Replace(keys, "$.eventSource", "$.eventsource", 1), keys, `$.eventsource = "kms.amazonaws.com" for $.eventSource = "kms.amazonaws.com"`},
		{"connections", `{ ($.eventSource = kms.amazonaws.com) && ($.eventName = DisableKey) || ($.eventName = ScheduleKeyDeletion) }`, keys, "joined otherwise"},
		{"a clause less", `{ $.n = a1 || $.n = b2 || $.n = c3 || $.n = d4 }`, five, `without $.n = "e5"`},
		{"a clause more", `{ $.n = a1 || $.n = b2 || $.n = c3 || $.n = d4 || $.n = e5 || $.n = zzzzzz }`, five, `with $.n = "zzzzzz"`},
		{"the source alone", `{ ($.eventSource = kms.amazonaws.com) }`, keys, "something else"},
		{"one of the names", `{ ($.eventSource = kms.amazonaws.com) && ($.eventName = DisableKey) }`, keys, "something else"},
		{"half of the names", `{ $.n = a1 || $.n = b2 || $.n = c3 }`, five, "something else"},
		{"much besides", `{ $.n = a1 || $.n = b2 || $.n = c3 || $.n = d4 || $.n = e5 || $.n = xxxxxx || $.n = yyyyyy }`, five, "something else"},
		{"no JSON", "ERROR", keys, "something else"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, ok := parsed(t, c.text).Differs(parsed(t, c.model))
			var how []string
			for _, m := range d.Misspelt {
				how = append(how, m.Got+" for "+m.Want)
			}
			for _, m := range d.Missing {
				how = append(how, "without "+m)
			}
			for _, m := range d.Added {
				how = append(how, "with "+m)
			}
			if d.Rejoined {
				how = append(how, "joined otherwise")
			}
			got := strings.Join(how, ", ")
			switch {
			case !ok:
				got = "something else"
			case d.None():
				got += "the same"
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Whatever the order of clauses, nothing differs; and whichever clause is lost, it
// is named.
func TestDiffersWhateverTheOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(seeds.Of(t), 7))
	for range 300 {
		n := 6 + r.IntN(12)
		clauses := make([]string, n)
		for i := range clauses {
			clauses[i] = fmt.Sprintf("$.eventName = %c%cName%d", 'A'+i, 'a'+r.IntN(26), i*1000)
		}
		model := parsed(t, "{ "+strings.Join(clauses, " || ")+" }")
		r.Shuffle(n, func(i, j int) { clauses[i], clauses[j] = clauses[j], clauses[i] })
		if d, ok := parsed(t, "{ ("+strings.Join(clauses, ")||(")+") }").Differs(model); !ok || !d.None() {
			t.Fatalf("%v differs from %s: %+v", clauses, model.Text(), d)
		}
		lost := strings.Replace(clauses[0], "= ", `= "`, 1) + `"`
		d, ok := parsed(t, "{ "+strings.Join(clauses[1:], " || ")+" }").Differs(model)
		if want := []string{lost}; !ok || !cmp.Equal(d.Missing, want) || len(d.Added)+len(d.Misspelt) > 0 {
			t.Fatalf("without %s: %+v, %t", lost, d, ok)
		}
	}
}

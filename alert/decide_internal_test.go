package alert

import (
	"os"
	"strings"
	"testing"
)

// decisionLine is one line of testdata/decisions.txt.
type decisionLine struct {
	status string
	flags  [5]string // silenced, told, pending, dead, summed
	mute   string
	step   step
}

func (l decisionLine) fits(s situation) bool {
	if l.status != "-" && l.status != string(s.status) {
		return false
	}
	got := [6]bool{s.silenced, s.told, s.pending, s.dead, s.summed, s.mute}
	for i, want := range append(l.flags[:], l.mute) {
		if want != "-" && (want == "yes") != got[i] {
			return false
		}
	}
	return true
}

func readDecisions(t *testing.T) (lines []decisionLine) {
	t.Helper()
	text, err := os.ReadFile("testdata/decisions.txt")
	if err != nil {
		t.Fatal(err)
	}
	steps := map[string]step{
		"nothing": tellNothing, "opened": tellOpened, "reopened": tellReopened,
		"repeated": tellRepeated, "opened later": tellAgain, "totals": addToTheTotals,
	}
	for line := range strings.Lines(string(text)) {
		left, right, ok := strings.Cut(strings.TrimSpace(line), "|")
		if !ok || strings.HasPrefix(left, "#") {
			continue
		}
		f := strings.Fields(left)
		st, known := steps[strings.TrimSpace(right)]
		if len(f) != 7 || !known {
			t.Fatalf("cannot read %q", line)
		}
		lines = append(lines, decisionLine{f[0], [5]string(f[1:6]), f[6], st})
	}
	return lines
}

// F60: the decision table holds in every situation there is, and each of its
// lines is needed.
func TestDecisions(t *testing.T) {
	lines := readDecisions(t)
	used := make([]bool, len(lines))
	for _, status := range []Status{Open, Acknowledged, Resolved} {
		for bits := range 64 {
			s := situation{
				status: status, silenced: bits&1 > 0, told: bits&2 > 0, pending: bits&4 > 0,
				dead: bits&8 > 0, summed: bits&16 > 0, mute: bits&32 > 0,
			}
			found := false
			for i, l := range lines {
				if !l.fits(s) {
					continue
				}
				found, used[i] = true, true
				if got := decide(s); got != l.step {
					t.Errorf("%+v: got step %d, want %d by line %d", s, got, l.step, i+1)
				}
				break
			}
			if !found {
				t.Errorf("%+v: no line fits", s)
			}
		}
	}
	for i, u := range used {
		if !u {
			t.Errorf("line %d is never reached", i+1)
		}
	}
}

// A tally counts exactly, keeps no more than its bound, and does not depend on
// the order.
func TestTallyBound(t *testing.T) {
	forward, backward := Tally{}, Tally{}
	const n = 10 * MaxTally
	value := func(i int) string {
		return strings.Repeat("v", i%7) + string(rune('a'+i%26)) + string(rune('0'+i%10)) + strings.Repeat("x", i%5)
	}
	want := map[string]int64{}
	for i := range n {
		forward.add("id", value(i), 1)
		backward.add("id", value(n-1-i), 1)
		want[value(i)]++
	}
	if len(want) <= MaxTally {
		t.Fatalf("only %d values: the test shows nothing", len(want))
	}
	a, b := Alert{Tallies: []Tally{forward}}, Alert{Tallies: []Tally{backward}}
	a.order()
	b.order()
	var sum int64
	for i, v := range a.Tallies[0].Values {
		sum += v.Count
		if v.Count != want[v.Text] {
			t.Errorf("%q: got %d, want %d", v.Text, v.Count, want[v.Text])
		}
		if v != b.Tallies[0].Values[i] {
			t.Errorf("value %d depends on the order: %v and %v", i, v, b.Tallies[0].Values[i])
		}
	}
	if len(a.Tallies[0].Values) != MaxTally || sum+a.Tallies[0].Others != n || a.Tallies[0].Others != b.Tallies[0].Others {
		t.Errorf("%d values, %d counted, %d others", len(a.Tallies[0].Values), sum, a.Tallies[0].Others)
	}
}

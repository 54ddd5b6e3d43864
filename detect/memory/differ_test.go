package memory_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/trailwarden/trailwarden/detect/memory"
)

// Steps that must differ mean the same in History, Engine and Naive, also where
// many records of many values are of one instant and match several steps.
func TestDifferencesInCrowds(t *testing.T) {
	found := 0
	for seed := range tried(60) {
		r := rand.New(rand.NewPCG(seed, 21))
		s := randomDifference(r, time.Duration(1+r.IntN(20))*time.Second)
		s.Rule, s.By = "differ", []string{"who"}
		specs := []*memory.Spec{s}
		var hits []memory.Hit
		values, instants, often := 1+r.IntN(12), 1+r.IntN(8), 1+r.IntN(5)
		for i := range 2 + r.IntN(map[bool]int{true: 40, false: 14}[len(s.Steps) == 2]) {
			at, key, value := t0.Add(time.Duration(r.IntN(instants))*4*time.Second), randomKey(r), r.IntN(values)
			for in := range s.Inputs {
				if r.IntN(5) > often {
					continue
				}
				h := memory.Hit{Input: in, At: at, Key: key, Ref: fmt.Append(nil, "r", i), Group: memory.AppendValue(nil, []byte("a"))}
				if len(s.Inputs[in].Value) > 0 {
					h.Value = memory.AppendValue(nil, fmt.Append(nil, "v", value))
				}
				hits = append(hits, h)
			}
		}
		want := memory.Naive(specs, hits, nil, clock)
		found += len(want)
		if !equal(t, seed, "history", want, history(t, specs, hits, memory.HistoryOptions{})) {
			return
		}
		for crashes := range 3 {
			o := memory.EngineOptions{State: new(memory.Volatile)}
			if !equal(t, seed, "engine", want, engine(t, r, specs, shuffled(r, hits, memory.DefaultLateness), o, crashes)) {
				return
			}
		}
	}
	if found == 0 {
		t.Error("no seed made a detection")
	}
}

// A detection names the two values, and the record that has the other one made
// the condition true, whatever else is of its instant.
func TestADifferenceNamesBothValues(t *testing.T) {
	s := &memory.Spec{
		Rule: "new-network", Kind: memory.Ordered, Window: time.Hour, Over: []string{"network"}, Steps: []int{0, 1},
		Differ: &memory.Difference{From: 0, Steps: []int{1}},
		Inputs: []memory.Input{
			{Name: "key created", Value: []memory.Field{memory.FieldOf("network")}},
			{Name: "key used", Value: []memory.Field{memory.FieldOf("network")}},
		},
	}
	hit := func(id byte, input int, after time.Duration, value string) memory.Hit {
		return memory.Hit{Input: input, At: t0.Add(after), Key: [16]byte{id}, Value: memory.AppendValue(nil, []byte(value)), Ref: []byte{'r', id}}
	}
	hits := []memory.Hit{
		hit('a', 0, 0, "203.0.113.0/24"), hit('b', 1, time.Minute, "203.0.113.0/24"), hit('c', 1, time.Minute, "198.51.100.0/24"), hit('d', 1, time.Minute, "203.0.113.0/24"),
	}
	for _, d := range [][]memory.Detection{memory.Naive([]*memory.Spec{s}, hits, nil, clock), history(t, []*memory.Spec{s}, hits, memory.HistoryOptions{})} {
		if len(d) != 1 || d[0].Trigger.Ref != "rc" || d[0].Count != 4 {
			t.Fatalf("%+v", d)
		}
		const want = "2 records in order and 2 more of these, within 1m: key created, then key used with another network than key created; network 203.0.113.0/24, then 198.51.100.0/24"
		if d[0].Summary != want {
			t.Errorf("%s\nwant %s", d[0].Summary, want)
		}
	}
	if words := s.Words(); !strings.Contains(words, "key created, then key used with another network than key created") {
		t.Error(words)
	}
	same := append(hits[:2:2], hits[3])
	if d := history(t, []*memory.Spec{s}, same, memory.HistoryOptions{}); len(d) != 0 {
		t.Errorf("of one network: %+v", d)
	}
}

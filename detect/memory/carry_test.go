package memory_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/detect"
	"github.com/trailwarden/trailwarden/detect/memory"
)

func fieldsOf(names []string) (all []memory.Field) {
	for _, n := range names {
		all = append(all, memory.FieldOf(n))
	}
	return all
}

// randomChains are Specs over records, which group by some fields, and others
// over those and over each other that group by other ones. The first below of
// them are over records alone.
func randomChains(r *rand.Rand) (all []*memory.Spec, below int) {
	for _, s := range randomSpecs(r) {
		if s.Kind <= memory.Absence && s.Differ == nil && s.Inputs[0].Node != nil {
			all = append(all, s)
		}
	}
	below = len(all)
	for range 6 {
		s := &memory.Spec{Kind: []memory.Kind{memory.Count, memory.Distinct, memory.Sum, memory.Inputs, memory.Ordered}[r.IntN(5)],
			Window: time.Duration(5+r.IntN(40)) * time.Minute, Bounds: memory.AtLeast(float64(1 + r.IntN(2))), Steps: []int{0, 1}}
		s.Inputs = []memory.Input{{From: r.IntN(len(all))}, {From: r.IntN(len(all))}}
		if r.IntN(2) == 0 {
			s.Inputs[1].Node = detect.Const(true)
		}
		all = append(all, s)
	}
	for i, s := range all {
		s.Rule = fmt.Sprint(i, " ", s.Kind)
		s.By = [][]string{nil, {"user"}, {"sourceIPAddress"}, {"sourceIPAddress", "user"}, {"network", "tag"}}[r.IntN(5)]
		over := []string{"user", "tag"}[r.IntN(2):]
		for j := range s.Inputs {
			in, number := &s.Inputs[j], memory.FieldOf("number")
			in.By, in.Number = fieldsOf(s.By), &number
			if s.Kind == memory.Distinct {
				in.Value = fieldsOf(over)
			}
		}
	}
	return all, below
}

// randomRecords are n records within an hour, some without some of their fields.
func randomRecords(t *testing.T, r *rand.Rand, n int) (all []*cloudtrail.Record) {
	t.Helper()
	for i := range n {
		text := fmt.Sprintf(`{"eventID":"%d-%d","eventTime":%q`, r.Uint64(), i, t0.Add(time.Duration(r.IntN(1800))*2*time.Second).Format(time.RFC3339))
		for name, value := range map[string]string{"user": fmt.Sprint("u", i%3), "sourceIPAddress": fmt.Sprintf("203.%d.113.9", i%2), "tag": strings.Repeat("t", 600*(i%2)), "number": fmt.Sprint(i % 4)} {
			if i*7%(5+len(name)) > 0 {
				text += fmt.Sprintf(`,%q:%q`, name, value)
			}
		}
		rec, err := cloudtrail.ParseRecord([]byte(text + "}"))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, rec)
	}
	return all
}

// chainHits are the hits that records are of some of the inputs.
func chainHits(r *rand.Rand, specs []*memory.Spec, records []*cloudtrail.Record) (hits []memory.Hit) {
	var reading memory.Reading
	for i, rec := range records {
		at, _ := rec.Time()
		reading.Begin(rec)
		for s, spec := range specs {
			for in := range spec.Inputs {
				if spec.Inputs[in].Node != nil && r.IntN(3) == 0 && reading.Read(spec, in) {
					hits = append(hits, memory.Hit{Spec: s, Input: in, At: at, Key: rec.Key(), Ref: fmt.Append(nil, i),
						Group: bytes.Clone(reading.Group), Value: bytes.Clone(reading.Value), Number: reading.Number})
				}
			}
		}
	}
	return hits
}

// A chain goes by its own fields whatever the Specs below group by, and is the
// same for every order of arrival, in pieces, after restarts and crashes; nothing
// is told of it that is taken back.
func TestOrderOfArrivalChangesNoChain(t *testing.T) {
	for seed := range tried(15) {
		r := rand.New(rand.NewPCG(seed, 11))
		specs, _ := randomChains(r)
		memory.Carry(specs)
		hits := chainHits(r, specs, randomRecords(t, r, 20+r.IntN(60)))
		if !agree(t, r, seed, specs, hits, nil) || !isTold(t, seed, specs, memory.Naive(specs, hits, nil, clock), toldOf(t, r, specs, twoPaths(r, hits)), every) {
			return
		}
	}
}

// What a Spec counts of another's detections is what it would count of records
// that are these detections' triggers with the values of their groups; and that
// fields are carried changes nothing of what the Spec below says.
func TestAChainReadsTheTriggersOfTheSpecBelow(t *testing.T) {
	told := 0
	for seed := range tried(40) {
		r := rand.New(rand.NewPCG(seed, 13))
		specs, below := randomChains(r)
		specs = specs[:below+1] // one on top
		s := specs[below]
		s.Inputs = s.Inputs[:1]
		s.Steps = []int{0}
		records := randomRecords(t, r, 30+r.IntN(60))
		hits := chainHits(rand.New(rand.NewPCG(seed, 17)), specs, records)
		plain := memory.Naive(specs[:below], hits, nil, clock)

		top := *s
		top.Inputs = []memory.Input{{Name: s.Inputs[0].Name, Node: detect.Const(true), By: s.Inputs[0].By, Value: s.Inputs[0].Value, Number: s.Inputs[0].Number}}
		want := slices.Concat(plain, memory.Naive([]*memory.Spec{&top}, triggers(t, &top, plain, s.Inputs[0].From, records), nil, clock))

		memory.Carry(specs)
		hits = chainHits(rand.New(rand.NewPCG(seed, 17)), specs, records)
		got := memory.Naive(specs, hits, nil, clock)
		for _, all := range [][]memory.Detection{want, got} {
			for i := range all {
				if all[i].Carried = nil; all[i].Rule == s.Rule {
					all[i].Spec = 0
					told++
				}
			}
			memory.SortDetections(all)
		}
		if !equal(t, seed, "chain", want, got) {
			return
		}
	}
	if told == 0 {
		t.Error("no chain found anything")
	}
}

// triggers are the triggers of a Spec's detections as hits of a Spec on records:
// the values of the detection's group stand before those of the record.
func triggers(t *testing.T, s *memory.Spec, all []memory.Detection, from int, records []*cloudtrail.Record) (hits []memory.Hit) {
	t.Helper()
	var reading memory.Reading
	for _, d := range all {
		if d.Spec != from {
			continue
		}
		n := 0
		if _, err := fmt.Sscan(d.Trigger.Ref, &n); err != nil {
			t.Fatal(err)
		}
		text := ""
		for _, g := range d.Group {
			text += fmt.Sprintf("%q:%q,", g.Name, g.Value)
		}
		rest, _ := strings.CutPrefix(string(records[n].Raw()), "{")
		rec, err := cloudtrail.ParseRecord([]byte("{" + text + rest))
		if err != nil {
			t.Fatal(err)
		}
		reading.Begin(rec)
		if !reading.Read(s, 0) {
			continue
		}
		h := memory.Hit{At: d.At, Ref: []byte(d.Trigger.Ref), Group: bytes.Clone(reading.Group), Value: bytes.Clone(reading.Value), Number: reading.Number}
		if _, err := hex.Decode(h.Key[:], []byte(d.ID)); err != nil {
			t.Fatal(err)
		}
		hits = append(hits, h)
	}
	return hits
}

package check

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"time"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/detect"
	"github.com/trailwarden/trailwarden/detect/memory"
	"github.com/trailwarden/trailwarden/rule"
)

// remember runs a test of a rule that remembers: its events, each a record of
// its own whatever its eventID says, go through the rule and those that it
// builds on, and all windows are over at the end.
func remember(res Result) Result {
	r, c := res.Rule, res.Case
	if len(c.Countries) > 0 && r.Memory.Spec.NeedsCountry() {
		r = located(r, c.Countries)
	}
	if r.Inactive != "" {
		if res.Pass = !c.Match; c.Match {
			res.Failure = "expected a match, but the rule is inactive: " + r.Inactive
		}
		return res
	}
	events := c.Events
	if len(events) == 0 {
		events = [][]byte{c.Event}
	}
	found, hits, err := detections(r, events)
	switch {
	case err != nil:
		res.Failure = err.Error()
	case (len(found) > 0) == c.Match:
		res.Pass = true
	case c.Match:
		res.Failure = fmt.Sprintf("expected a match; %d of %d events are counted, and no window fulfils the rule", hits, len(events))
	default:
		res.Failure = "expected no match, but the rule matched: " + found[0].Summary
	}
	return res
}

// located is r with the countries of a test, whoever knows countries otherwise.
func located(r *rule.Rule, countries map[netip.Addr]string) *rule.Rule {
	there, memory := *r, *r.Memory
	memory.Spec = r.Memory.Spec.Located(func(a netip.Addr) string { return countries[a.Unmap()] })
	there.Inactive, there.Memory = "", &memory
	return &there
}

// detections are those of r, and how many of the events are hits.
func detections(r *rule.Rule, events [][]byte) (found []memory.Detection, hits int, err error) {
	specs, owners := rule.Specs(sources(r, nil))
	past := memory.NewHistory(specs, memory.HistoryOptions{})
	clock := time.Time{}
	for i, e := range events {
		rec, err := cloudtrail.ParseRecord(e)
		if err != nil {
			return nil, 0, fmt.Errorf("event %d cannot be read: %w", i+1, err)
		}
		at, ok := rec.Time()
		if !ok {
			return nil, 0, fmt.Errorf("event %d has no eventTime that can be read; a rule that remembers needs one", i+1)
		}
		if at.After(clock) {
			clock = at
		}
		past.Active(at)
		n, err := add(past, specs, rec, at, i)
		if err != nil {
			return nil, 0, err
		}
		hits += n
	}
	const century = 100 * 365 * 24 * time.Hour
	all, err := past.Judge(clock.Add(century))
	for _, d := range all {
		if owners[d.Spec] == r {
			found = append(found, d)
		}
	}
	return found, hits, err
}

// sources are r and all rules that it builds on, those first.
func sources(r *rule.Rule, all []*rule.Rule) []*rule.Rule {
	for _, s := range r.Memory.Sources {
		if s != nil {
			all = sources(s, all)
		}
	}
	return append(all, r)
}

func add(past *memory.History, specs []*memory.Spec, rec *cloudtrail.Record, at time.Time, n int) (hits int, err error) {
	var reading memory.Reading
	reading.Begin(rec)
	var key cloudtrail.Key
	binary.LittleEndian.PutUint64(key[:], uint64(n)+1)
	for i, s := range specs {
		for j := range s.Inputs {
			in := &s.Inputs[j]
			if in.Node == nil || !matches(in.Node, rec) || !reading.Read(s, j) {
				continue
			}
			hits = 1
			h := memory.Hit{Spec: i, Input: j, At: at, Key: key, Group: reading.Group, Value: reading.Value, Number: reading.Number}
			if err := past.Add(&h); err != nil {
				return 0, err
			}
		}
	}
	return hits, nil
}

func matches(n detect.Node, rec *cloudtrail.Record) bool {
	yes := false
	detect.Compile([]detect.Node{n}).NewMatcher().Match(rec, func(int) { yes = true })
	return yes
}

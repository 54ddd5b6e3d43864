// Package intake judges records by rules and makes findings of the hits: the
// step between the reading of records and the keeping of alerts, which scan,
// serve and the Lambda function share.
package intake

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/detect"
	"github.com/trailwarden/trailwarden/rule"
)

// Rules is a set of rules made ready to judge. It never changes; a reload makes
// another.
type Rules struct {
	// Version is a hash over all rules: the same for the same set, whatever the
	// order of the files.
	Version string
	facts   []*alert.Rule // of the rules on single records, by number of the engine's rule
	nodes   []detect.Node // all that the engine judges: theirs, then the inputs of rules that remember
	engine  *detect.Engine
	memory  *Memory // nil when no rule remembers
	own     *Own    // of records that are not judged
}

// Prepare compiles the active ones of rules. Adjust, when set, changes what
// alerts tell of a rule, as configuration wants it.
func Prepare(rules []*rule.Rule, adjust func(*alert.Rule)) *Rules {
	s := new(Rules)
	for _, r := range rules {
		if r.Inactive != "" || r.Predicate == nil {
			continue
		}
		f := Facts(r)
		if adjust != nil {
			adjust(f)
		}
		s.facts = append(s.facts, f)
		s.nodes = append(s.nodes, r.Predicate)
	}
	s.remember(rules, adjust)
	s.engine = detect.Compile(s.nodes)
	s.Version = version(s.Facts())
	return s
}

func version(facts []*alert.Rule) string {
	var lines []string
	for _, f := range facts {
		lines = append(lines, fmt.Sprintf("%s %s %s", f.ID, f.Version, f.Severity))
	}
	slices.Sort(lines)
	sum := sha256.Sum256(fmt.Append(nil, lines))
	return hex.EncodeToString(sum[:8])
}

// Len is the number of rules that judge.
func (s *Rules) Len() int { return len(s.Facts()) }

// Facts is what an alert tells of r.
func Facts(r *rule.Rule) *alert.Rule {
	return &alert.Rule{
		ID: r.ID, Title: r.Title, Description: r.Description, Severity: r.Severity,
		Tags: r.Tags, References: r.References, FalsePositives: r.FalsePositives,
		Author: r.Author, Link: r.Link, Language: r.Language, Place: r.Place(),
		Version: r.Version, GroupBy: r.GroupBy,
	}
}

// Origin is where the records in hand come from.
type Origin struct {
	File    string // path, s3://bucket/key, or a message
	Version string // of the object
	Mode    string // scan, serve, lambda
	Arrived time.Time
}

// Judge judges records one after the other; one for each goroutine.
type Judge struct {
	// Keep, when set, is given what rules that remember must know of the records;
	// without it they are not judged.
	Keep *Hits
	// Seen, when set, knows the records that were judged before: what they match
	// was found then, and is not found again.
	Seen interface{ Has(cloudtrail.Key) bool }

	rules   *Rules
	matcher *detect.Matcher
	hits    []int
	reader  reader
}

// NewJudge makes a Judge of the set.
func (s *Rules) NewJudge() *Judge { return &Judge{rules: s, matcher: s.engine.NewMatcher()} }

// Record appends a finding for each rule that rec matches. The findings share
// one copy of the record, and rec may be used again afterwards.
func (j *Judge) Record(to []alert.Finding, rec *cloudtrail.Record, index int, from *Origin) []alert.Finding {
	if j.rules.own.Is(rec) {
		return to
	}
	j.hits = j.hits[:0]
	j.matcher.Match(rec, func(n int) { j.hits = append(j.hits, n) })
	if len(j.hits) > 0 && j.Seen != nil && j.Seen.Has(rec.Key()) {
		return to
	}
	if j.Keep != nil && j.rules.memory != nil {
		j.remember(rec, index, from)
	}
	var f alert.Finding
	for _, n := range j.hits {
		if n >= len(j.rules.facts) {
			continue // an input of a rule that remembers
		}
		if f.Record == nil {
			f = Finding(rec, index, from)
		}
		f.Rule = j.rules.facts[n]
		to = append(to, f)
	}
	return to
}

// OneByOne judges a record by each rule on single records alone, for when one of
// them panicked. broken are the IDs of the rules that do; rules that remember do
// not get to know of the record when their inputs are among them.
func (s *Rules) OneByOne(rec *cloudtrail.Record, index int, from *Origin) (found []alert.Finding, broken []string) {
	for i, r := range s.facts {
		matched, ok := matches(s.nodes[i], rec)
		switch {
		case !ok:
			broken = append(broken, r.ID)
		case matched:
			f := Finding(rec, index, from)
			f.Rule = r
			found = append(found, f)
		}
	}
	if len(broken) == 0 {
		broken = append(broken, "one that remembers")
	}
	return found, broken
}

func matches(n detect.Node, rec *cloudtrail.Record) (matched, ok bool) {
	defer func() {
		if !ok {
			_ = recover()
		}
	}()
	detect.Compile([]detect.Node{n}).NewMatcher().Match(rec, func(int) { matched = true })
	return matched, true
}

// Finding is a finding on rec, without its rule.
func Finding(rec *cloudtrail.Record, index int, from *Origin) alert.Finding {
	key := rec.Key()
	f := alert.Finding{
		Record: slices.Clone(rec.Raw()), Identity: hex.EncodeToString(key[:]),
		Arrived: from.Arrived, Time: from.Arrived, Mode: from.Mode,
		Evidence: alert.Evidence{File: from.File, Version: from.Version, Record: index},
	}
	if t, ok := rec.Time(); ok {
		f.Time = t.UTC()
	}
	f.Evidence.EventID = rec.Field(cloudtrail.EventID).Str()
	return f
}

// Facts are what alerts tell of the rules of the set.
func (s *Rules) Facts() []*alert.Rule {
	if s.memory == nil {
		return s.facts
	}
	return append(slices.Clone(s.facts), s.memory.told()...)
}

// Memory is what rules of the set remember; nil when none does.
func (s *Rules) Memory() *Memory { return s.memory }

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
	facts   []*alert.Rule
	engine  *detect.Engine
}

// Prepare compiles the active ones of rules. Adjust, when set, changes what
// alerts tell of a rule, as configuration wants it.
func Prepare(rules []*rule.Rule, adjust func(*alert.Rule)) *Rules {
	s := new(Rules)
	var nodes []detect.Node
	for _, r := range rules {
		if r.Inactive != "" || r.Predicate == nil {
			continue
		}
		f := Facts(r)
		if adjust != nil {
			adjust(f)
		}
		s.facts = append(s.facts, f)
		nodes = append(nodes, r.Predicate)
	}
	s.engine = detect.Compile(nodes)
	s.Version = version(s.facts)
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
func (s *Rules) Len() int { return len(s.facts) }

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
	rules   *Rules
	matcher *detect.Matcher
	hits    []int
}

// NewJudge makes a Judge of the set.
func (s *Rules) NewJudge() *Judge { return &Judge{rules: s, matcher: s.engine.NewMatcher()} }

// Record appends a finding for each rule that rec matches. The findings share
// one copy of the record, and rec may be used again afterwards.
func (j *Judge) Record(to []alert.Finding, rec *cloudtrail.Record, index int, from *Origin) []alert.Finding {
	j.hits = j.hits[:0]
	j.matcher.Match(rec, func(n int) { j.hits = append(j.hits, n) })
	if len(j.hits) == 0 {
		return to
	}
	f := Finding(rec, index, from)
	for _, n := range j.hits {
		f.Rule = j.rules.facts[n]
		to = append(to, f)
	}
	return to
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
func (s *Rules) Facts() []*alert.Rule { return s.facts }

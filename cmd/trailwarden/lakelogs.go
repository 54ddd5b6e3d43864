package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/trailwarden/trailwarden/pipeline"
	"github.com/trailwarden/trailwarden/query/athenasql"
	"github.com/trailwarden/trailwarden/query/lake"
	"github.com/trailwarden/trailwarden/query/sandbox"
	"github.com/trailwarden/trailwarden/query/schema"
	"github.com/trailwarden/trailwarden/rule"
)

// listLakes adds the records of lakes to a listing: their rows are made records
// again when the listing is read.
func listLakes(ctx context.Context, s *streams, l *pipeline.Listing, lakes []string, reach athenasql.Reach) error {
	if len(lakes) == 0 {
		return nil
	}
	program, err := sandbox.FindEngine(ctx, func(m string) { s.say("%s", m) })
	if err != nil {
		return fmt.Errorf("%s is a lake: %w", lakes[0], err)
	}
	for _, dir := range lakes {
		from, err := lake.Open(dir)
		if err != nil {
			return err
		}
		from.AddTo(l, lake.Restore{Program: program, From: reach.From, To: reach.To})
	}
	return nil
}

// fitsLakes refuses rules that read what a lake among the paths does not keep:
// they would say something else of its records than of the logs it was made of.
// Of a past that is only learned from, rules that remember matter.
func fitsLakes(paths []string, rules []*rule.Rule, past bool) error {
	lakes, _ := lakesAmong(paths)
	if len(lakes) == 0 {
		return nil
	}
	var faults []string
	for _, r := range rules {
		if r.Inactive != "" || past && r.Memory == nil {
			continue
		}
		if lost := r.Lost(rule.Store{Keeps: schema.Keeps, KeepsText: schema.KeepsText}); len(lost) > 0 {
			faults = append(faults, fmt.Sprintf("rule %s (%s) reads %s", r.ID, place(r.File, r.Line), strings.Join(lost, ", ")))
		}
	}
	if len(faults) == 0 {
		return nil
	}
	return fmt.Errorf("the lake %s does not keep all that the rules read: %s; give the logs that it was made of, or leave those rules out", lakes[0], strings.Join(faults, "; "))
}

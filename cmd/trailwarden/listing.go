package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/trailwarden/trailwarden/cloudtrail/catalog"
	"github.com/trailwarden/trailwarden/config"
	"github.com/trailwarden/trailwarden/internal/nearest"
	"github.com/trailwarden/trailwarden/internal/re2"
	"github.com/trailwarden/trailwarden/pipeline"
	"github.com/trailwarden/trailwarden/query"
	"github.com/trailwarden/trailwarden/query/athenasql"
	"github.com/trailwarden/trailwarden/rule"
)

// logs are those that somebody wants judged, and those of the past that rules
// learn from before.
type logs struct {
	paths, warm []string
	scope       query.Scope
	aws         config.AWS        // how places in S3 are reached
	sizes       bool              // of all files, for a bar
	here        *pipeline.Listing // of the paths on this machine, if it was made before
}

// list lists both, the past nil for none. Of lakes they are only listed when they
// keep all that the rules read.
func (l *logs) list(ctx context.Context, s *streams, rules []*rule.Rule) (now, past *pipeline.Listing, err error) {
	if err := errors.Join(fitsLakes(l.paths, rules, false), fitsLakes(l.warm, rules, true)); err != nil {
		return nil, nil, err
	}
	if l.here == nil {
		l.here = listHere(l.paths, l.sizes)
	}
	if now, err = listElsewhere(ctx, s, l.aws, l.here, l.paths, reachOf(l.scope)); err != nil || len(l.warm) == 0 {
		return now, nil, err
	}
	before := l.scope
	before.From = time.Time{}
	past, err = listLogs(ctx, s, l.aws, l.warm, false, reachOf(before))
	return now, past, err
}

// listLogs lists files, folders, lakes and places in S3; of the last two only
// what the reach leaves.
func listLogs(ctx context.Context, s *streams, by config.AWS, paths []string, sizes bool, reach athenasql.Reach) (*pipeline.Listing, error) {
	return listElsewhere(ctx, s, by, listHere(paths, sizes), paths, reach)
}

// listHere lists the files and folders among the paths.
func listHere(paths []string, sizes bool) *pipeline.Listing {
	_, paths = lakesAmong(paths)
	return pipeline.List(slices.DeleteFunc(slices.Clone(paths), isBucket), sizes)
}

// sayReadWhole says of flags that choose among the objects of a bucket that they
// choose nothing elsewhere: more is read there than was asked for.
func (s *streams) sayReadWhole(paths []string, flags ...choice) {
	here := slices.DeleteFunc(slices.Clone(paths), isBucket)
	for _, f := range flags {
		if f.given && len(here) > 0 {
			s.say("%s chooses among objects in S3 only: all of %s is read; give the files or folders that you mean", f.flag, strings.Join(here, ", "))
		}
	}
}

// choice is a flag, and whether it was given.
type choice struct {
	flag  string
	given bool
}

var accountForm = re2.Own(`^[0-9]{12}$`)

// checkPlaces refuses what is no account, for nothing lies there and nothing found
// looks like good news. Of a region that is not known it says so: AWS may have
// opened it.
func (s *streams) checkPlaces(accounts, regions []string) error {
	for _, a := range accounts {
		if !accountForm.MatchString(a) {
			return fmt.Errorf("--account %s: want 12 digits", a)
		}
	}
	for _, r := range regions {
		if _, known := catalog.Default().Region(r); known {
			continue
		}
		var codes []string
		for _, k := range catalog.Default().Regions() {
			codes = append(codes, k.Code)
		}
		hint := ""
		if near := nearest.Of(r, codes); near != "" {
			hint = "; did you mean " + near + "?"
		}
		s.say("--region %s: no region that is known is called so%s", r, hint)
	}
	return nil
}

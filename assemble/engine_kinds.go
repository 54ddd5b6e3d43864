//go:build !function

package assemble

import (
	"context"
	"time"

	"github.com/trailwarden/trailwarden/config"
	"github.com/trailwarden/trailwarden/pipeline"
	"github.com/trailwarden/trailwarden/query"
	"github.com/trailwarden/trailwarden/query/athenasql"
	"github.com/trailwarden/trailwarden/query/sandbox"
	"github.com/trailwarden/trailwarden/query/schedule"
)

// ownEngine is the SQL engine that comes with the program, over the paths of a
// query and the lake.
func (a *Assembly) ownEngine(ctx context.Context, c *config.ScheduledQuery, now time.Time) (query.Engine, error) {
	program, err := sandbox.FindEngine(ctx, func(string) {})
	if err != nil {
		return nil, err
	}
	bounds := query.DefaultBounds()
	bounds.Memory, bounds.Time = int64(a.Config.Query.Memory), a.Config.Query.Timeout.Std()
	return &query.Local{Program: program, Listing: pipeline.List(c.Paths, false), LakeDir: a.Config.Lake.Path, Bounds: bounds,
		Limits: Limits(a.Config), Now: func() time.Time { return now }}, nil
}

// answerable tells what the engine would refuse of a query when it is due, such as
// a column that there is not.
func answerable(q *schedule.Query) error {
	now := time.Now()
	s := q.Statement(now.Add(-q.Window), now)
	_, err := athenasql.Translate(s.SQL, athenasql.Options{Params: s.Params, Args: s.Args, Now: now})
	return err
}

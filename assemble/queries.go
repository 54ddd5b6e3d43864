package assemble

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/config"
	"github.com/trailwarden/trailwarden/pipeline/intake"
	"github.com/trailwarden/trailwarden/query"
	"github.com/trailwarden/trailwarden/query/athena"
	"github.com/trailwarden/trailwarden/query/athenasql"
	"github.com/trailwarden/trailwarden/query/library"
	"github.com/trailwarden/trailwarden/query/schedule"
	"github.com/trailwarden/trailwarden/rule"
)

// QueryID is the ID of the rule that a scheduled query is.
func QueryID(name string) string { return "query." + name }

// Queries makes the scheduled queries; those that are off only with all. The
// error joins what is wrong with each: a query that cannot be read is found here
// rather than when it is due.
func (a *Assembly) Queries(all bool) ([]*schedule.Query, error) {
	var out []*schedule.Query
	var errs []error
	for i := range a.Config.Queries {
		c := &a.Config.Queries[i]
		if !c.Enabled && !all {
			continue
		}
		q, err := a.Query(c.Name)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		out = append(out, q)
	}
	return out, errors.Join(errs...)
}

// Query makes the scheduled query of that name.
func (a *Assembly) Query(name string) (*schedule.Query, error) {
	c, _ := a.Config.ScheduledQuery(name)
	if c == nil {
		return nil, fmt.Errorf("queries.%s: there is none", name)
	}
	q, err := a.scheduled(c)
	if err != nil {
		return nil, fmt.Errorf("queries.%s: %w", name, err)
	}
	return q, nil
}

// RuleQueries are the rules that are queries, as scheduled ones: each row is a
// finding, and what comes late is asked for again.
func (a *Assembly) RuleQueries(rules []*rule.Rule) (out []*schedule.Query) {
	adjust := Adjust(a.Config)
	for _, r := range rules {
		if r.SQL == nil {
			continue
		}
		facts := intake.Facts(r)
		adjust(facts)
		out = append(out, &schedule.Query{Rule: facts, SQL: r.SQL.Text, Every: r.SQL.Window, Window: r.SQL.Window, Overlap: schedule.DefaultOverlap,
			Tell: schedule.Alerts, Engine: a.queryEngine(&config.ScheduledQuery{}, a.Config.Query.Engine)})
	}
	return out
}

func (a *Assembly) scheduled(c *config.ScheduledQuery) (*schedule.Query, error) {
	text, defaults, err := queryText(c)
	if err != nil {
		return nil, err
	}
	for name, value := range c.Params {
		defaults[name] = value
	}
	q := &schedule.Query{
		Rule: &alert.Rule{ID: QueryID(c.Name), Title: cmp.Or(c.Title, c.Name), Description: c.Description, Severity: c.Severity.Level,
			Tags: c.Tags, Language: "sql", Place: a.Config.PlaceOf("queries", c.Name), GroupBy: c.GroupBy},
		SQL: text, Params: defaults, Every: c.Every.Std(), Offset: c.Offset.Std(), Window: c.Window.Std(), Overlap: c.Overlap.Std(),
		Tell: schedule.Tell(c.Tell), Sinks: c.Sinks, Key: c.RowKey, Accounts: c.Accounts, Regions: c.Regions, Rows: c.Rows,
	}
	q.Engine = a.queryEngine(c, a.Config.EngineOf(c))
	if err := errors.Join(q.Check(), readable(q)); err != nil || a.Config.EngineOf(c) == "athena" {
		return q, err
	}
	return q, answerable(q)
}

// queryText is the query and what its parameters are when nothing is said.
func queryText(c *config.ScheduledQuery) (sql string, params map[string]string, err error) {
	switch {
	case c.Example != "":
		e, near, ok := library.Find(c.Example)
		if !ok {
			if near != "" {
				near = "; did you mean " + near + "?"
			}
			return "", nil, fmt.Errorf("example: there is no question %q%s", c.Example, near)
		}
		return e.SQL, e.Defaults(nil), nil
	case c.File != "":
		b, err := os.ReadFile(c.File)
		if err != nil {
			return "", nil, fmt.Errorf("file: %w", err)
		}
		return string(b), map[string]string{}, nil
	}
	return c.SQL, map[string]string{}, nil
}

// readable tells whether the text is a query with a value for each parameter.
func readable(q *schedule.Query) error {
	params := map[string]string{"from": "", "to": ""}
	for name, value := range q.Params {
		params[name] = value
	}
	_, err := athenasql.Fill(q.SQL, athenasql.Options{Params: params}, func(name string) string { return name })
	return err
}

// queryEngine makes the engine of a run.
func (a *Assembly) queryEngine(c *config.ScheduledQuery, kind string) func(context.Context, time.Time) (query.Engine, error) {
	if kind == "athena" {
		return func(ctx context.Context, now time.Time) (query.Engine, error) {
			return a.Athena(ctx, now, int64(c.Rows)+1)
		}
	}
	return func(ctx context.Context, now time.Time) (query.Engine, error) { return a.ownEngine(ctx, c, now) }
}

// Athena is the engine of query.athena. A zero now means the clock's; rows of 0
// set no bound.
func (a *Assembly) Athena(ctx context.Context, now time.Time, rows int64) (*athena.Engine, error) {
	c := cmp.Or(a.Config.Query.Athena, &config.Athena{})
	cfg, err := a.AWS(ctx, c.Client)
	if err != nil {
		return nil, err
	}
	o := athena.Options{Config: cfg, Database: c.Database, Table: c.Table, Workgroup: c.Workgroup, Output: c.Output, Rows: rows}
	if !now.IsZero() {
		o.Now = func() time.Time { return now }
	}
	return athena.New(o), nil
}

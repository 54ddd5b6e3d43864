package query

import (
	"github.com/trailwarden/trailwarden/query/athenasql"
	"github.com/trailwarden/trailwarden/query/schema"
)

// plan is a statement made ready for the embedded engine.
type plan struct {
	sql        string   // in the engine's dialect
	setup      []string // the views
	projection schema.Projection
	keep       bool     // the rows are read more than once
	files      []string // of the lake
	read       []string // what the engine may read
	scope      Scope
	filter     *athenasql.Filter
	reads      bool // the trail is read at all
}

// plan translates the statement and makes the view that it reads.
func (l *Local) plan(s Statement) (*plan, error) {
	t, err := athenasql.Translate(s.SQL, athenasql.Options{Params: s.Params, Args: s.Args, Now: l.now()})
	if err != nil {
		return nil, err
	}
	for _, n := range t.Notes {
		if l.Report.Note != nil {
			l.Report.Note(n)
		}
	}
	p := &plan{sql: t.SQL, projection: schema.Project(t.Needs, t.Star), keep: t.Trails > 1, scope: s.Scope, filter: t.Filter, reads: t.Trails > 0}
	p.setup = []string{"CREATE VIEW " + athenasql.View + " AS " + p.projection.SelectSQL("ct_rows")}
	return p, nil
}

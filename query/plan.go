package query

import (
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
}

// trailView is the name that every trail table has in the engine.
const trailView = "trail"

func (l *Local) plan(s Statement) (*plan, error) {
	p := &plan{sql: s.SQL, projection: schema.All(), scope: s.Scope}
	p.setup = []string{
		"CREATE VIEW " + trailView + " AS " + p.projection.SelectSQL("ct_rows"),
		"CREATE VIEW cloudtrail_logs AS SELECT * FROM trail",
	}
	return p, nil
}

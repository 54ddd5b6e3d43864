//go:build !function

package query

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/trailwarden/trailwarden/query/athenasql"
	"github.com/trailwarden/trailwarden/query/lake"
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
	raw        bool // logs are read
	lake       *lake.Lake
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
	p.raw = p.reads && l.Listing != nil
	view := p.projection.SelectSQL("ct_rows")
	if l.LakeDir != "" && p.reads {
		if view, err = l.lakeView(p, t); err != nil {
			return nil, err
		}
	}
	p.setup = []string{"CREATE VIEW " + athenasql.View + " AS " + view}
	return p, nil
}

// lakeView makes the view over the lake, and over the logs that are not in it.
func (l *Local) lakeView(p *plan, t *athenasql.Translation) (string, error) {
	lk, err := lake.Open(l.LakeDir)
	if err != nil {
		return "", err
	}
	p.lake = lk
	for _, f := range lk.Files() {
		if p.holdsAny(&f) {
			path, err := filepath.Abs(lk.Path(f))
			if err != nil {
				return "", err
			}
			p.files = append(p.files, path)
		}
	}
	p.raw = p.raw && l.hasNews(lk)
	if len(p.files) == 0 {
		return p.projection.SelectSQL("ct_rows"), nil
	}
	dir, err := filepath.Abs(l.LakeDir)
	if err != nil {
		return "", err
	}
	p.read = []string{dir}
	if !p.raw {
		return lakeSQL(p, p.projection), nil
	}
	// A log that is not in the lake may hold copies of records that are.
	shown := p.projection
	p.projection = schema.Project(append(slices.Clone(t.Needs), schema.Need{Column: "ct_key"}), t.Star)
	if slices.ContainsFunc(t.Needs, func(n schema.Need) bool { return n.Column == "ct_key" }) {
		shown = p.projection
	}
	names := shown.ColumnsSQL()
	return "SELECT " + names + " FROM (" + lakeSQL(p, p.projection) + ") UNION ALL SELECT " + names + " FROM (" + p.projection.SelectSQL("ct_rows") +
		") AS r WHERE NOT EXISTS (SELECT 1 FROM (" + lakeSQL(p, schema.Project([]schema.Need{{Column: "ct_key"}}, false)) + ") AS k WHERE k.ct_key = r.ct_key)", nil
}

// moved tells whether a file of the lake is no longer where the plan has it.
func (p *plan) moved() bool {
	return slices.ContainsFunc(p.files, func(file string) bool {
		_, err := os.Stat(file)
		return errors.Is(err, fs.ErrNotExist)
	})
}

// holdsAny tells whether a file of the lake may hold records that matter.
func (p *plan) holdsAny(f *lake.File) bool {
	at := f.Place()
	if !p.scope.admits(&at) || !mayHold(p.filter, &at) {
		return false
	}
	if f.Holds == nil {
		return true
	}
	return p.scope.overlaps(f.Holds) && mayHoldValues(p.filter, f.Holds)
}

// overlaps tells whether the scope leaves anything of what a file holds.
func (s Scope) overlaps(h *lake.Holds) bool {
	for leaf, wanted := range map[string][]string{"account": s.Accounts, "region": s.Regions} {
		values, known := h.Values[leaf]
		if known && len(wanted) > 0 && !slices.ContainsFunc(values, func(v string) bool { return v == "" || slices.Contains(wanted, v) }) {
			return false
		}
	}
	return true
}

// mayHoldValues tells whether any record of a file can pass, by what the lake's
// manifest tells of it.
func mayHoldValues(f *athenasql.Filter, h *lake.Holds) bool {
	switch {
	case f == nil:
		return true
	case f.All != nil:
		return !slices.ContainsFunc(f.All, func(g *athenasql.Filter) bool { return !mayHoldValues(g, h) })
	case f.Any != nil:
		return slices.ContainsFunc(f.Any, func(g *athenasql.Filter) bool { return mayHoldValues(g, h) })
	case f.Test == athenasql.Since:
		_, last, ok := h.Bounds()
		return !ok || last >= f.Time.UTC().Format("2006-01-02T15:04:05")
	case f.Test == athenasql.Until:
		first, _, ok := h.Bounds()
		return !ok || first <= f.Time.UTC().Format("2006-01-02T15:04:05.999Z")
	}
	values, known := h.Values[f.Leaf]
	return !known || slices.ContainsFunc(values, func(v string) bool { return holds(f, []byte(v)) })
}

// lakeSQL is the lake's part of the view, within the scope.
func lakeSQL(p *plan, columns schema.Projection) string {
	return lake.ViewSQL(p.files, columns, p.scope.sql())
}

// sql is the scope as a condition on the columns of a lake's files, each of which
// may hold any account. A record whose time, account or region is not known is
// left in, as one of a log is.
func (s Scope) sql() string {
	var times, all []string
	for _, b := range []struct {
		op string
		at time.Time
	}{{">=", s.From}, {"<", s.To}} {
		if !b.at.IsZero() {
			times = append(times, "TRY_CAST(eventtime AS TIMESTAMPTZ) "+b.op+" TIMESTAMPTZ '"+b.at.UTC().Format("2006-01-02 15:04:05.000")+"+00'")
		}
	}
	if len(times) > 0 {
		all = append(all, "(TRY_CAST(eventtime AS TIMESTAMPTZ) IS NULL OR "+strings.Join(times, " AND ")+")")
	}
	for _, list := range []struct {
		column string
		values []string
	}{{"account", s.Accounts}, {"region", s.Regions}} {
		if len(list.values) > 0 {
			all = append(all, "coalesce("+list.column+" IN ('unknown'"+literals(list.values)+"), true)")
		}
	}
	return strings.Join(all, " AND ")
}

// literals are texts in SQL, a comma before each.
func literals(texts []string) string {
	var b strings.Builder
	for _, t := range texts {
		b.WriteString(", " + athenasql.Literal(t))
	}
	return b.String()
}

// hasNews tells whether some log is not in the lake.
func (l *Local) hasNews(lk *lake.Lake) bool {
	for one := range l.Listing.Each {
		if !lk.Answers(one.Path(), one.Size()) {
			return true
		}
	}
	return false
}

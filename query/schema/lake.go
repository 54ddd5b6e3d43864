package schema

import (
	"strings"
	"time"
)

// LakeColumns are the columns that the files of a lake hold.
func LakeColumns() (all []Column) {
	for _, c := range Columns() {
		switch {
		case c.Class == Recorded, c.Key != "", c.Name == "account", c.Name == "region", c.Name == "ct_object", c.Name == "ct_key":
			all = append(all, c)
		}
	}
	return all
}

// LakeSQL is a query that gives the table's columns out of source, the files of
// a lake: they hold the columns as they are, and account, region and day from
// their folders.
func (p Projection) LakeSQL(source string) string {
	if len(p.columns) == 0 {
		return "SELECT 1 AS ct_row FROM " + source
	}
	list := make([]string, len(p.columns))
	for i, w := range p.columns {
		list[i] = w.lakeSQL() + " AS " + quote(w.path())
	}
	return "SELECT " + strings.Join(list, ", ") + " FROM " + source
}

// lakeSQL is a column, or a leaf of one: under a view the engine would read all
// of a column that it is given whole.
func (w wanted) lakeSQL() string {
	if w.leaf == "" {
		return lakeColumn(w.Column)
	}
	names := strings.Split(w.path(), ".")
	for i, name := range names {
		names[i] = quote(name)
	}
	return strings.Join(names, ".")
}

func lakeColumn(c Column) string {
	if c.Class == Recorded || c.Key != "" || c.Name == "ct_object" {
		return quote(c.Name)
	}
	if c.Name == "ct_key" { // kept only where it is not the usual one
		return "coalesce(ct_key, eventid || '/' || recipientaccountid)"
	}
	switch partitionOf(c.Name) {
	case "account", "region":
		return "nullif(" + partitionOf(c.Name) + ", 'unknown')"
	case "day":
		return dayColumn(c.Name, "nullif(day, 'unknown')")
	}
	return "CAST(NULL AS VARCHAR)"
}

// dayColumn is dayText in SQL, of a day such as 2026-03-14.
func dayColumn(name, day string) string {
	switch partitions()[name].layout {
	case "2006":
		return "substr(" + day + ", 1, 4)"
	case "01":
		return "substr(" + day + ", 6, 2)"
	case "02":
		return "substr(" + day + ", 9, 2)"
	case time.DateOnly:
		return day
	}
	return "replace(" + day + ", '-', '/')"
}

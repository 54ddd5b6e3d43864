package athena

import (
	"strings"
	"time"

	"github.com/trailwarden/trailwarden/query"
	"github.com/trailwarden/trailwarden/query/athenasql"
)

// Text is the statement as Athena is sent it: parameters written in, and the
// trail within the statement's scope. Parameters become literals here rather
// than execution parameters, which Athena reads as SQL and not as text.
func (e *Engine) Text(s query.Statement) (string, error) {
	o := athenasql.Options{Params: s.Params, Args: s.Args, Now: e.o.Now()}
	where := e.conditions(s.Scope)
	text, err := athenasql.Fill(s.SQL, o, func(name string) string {
		name = e.table(name)
		if where == "" {
			return name
		}
		return "(SELECT * FROM " + name + " WHERE " + where + ")"
	})
	if err != nil {
		return "", err
	}
	return strings.TrimRight(text, "; \t\r\n"), nil
}

// table is the table that a name in a query means.
func (e *Engine) table(name string) string {
	if e.o.Table != "" && strings.EqualFold(strings.Trim(name, `"`), "cloudtrail_logs") {
		return identifier(e.o.Table)
	}
	return name
}

func identifier(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// conditions are the scope in SQL. A file holds events of the minutes before its
// delivery, but may come much later, so the days reach up to the day after the
// query itself: whatever is delivered by now is seen.
func (e *Engine) conditions(s query.Scope) string {
	var all []string
	if !s.From.IsZero() || !s.To.IsZero() {
		last := e.o.Now()
		if s.To.After(last) {
			last = s.To
		}
		all = append(all, identifier(e.o.Day)+" <= '"+day(last.AddDate(0, 0, 1))+"'")
	}
	if !s.From.IsZero() {
		all = append(all, identifier(e.o.Day)+" >= '"+day(s.From)+"'", event(">=", s.From))
	}
	if !s.To.IsZero() {
		all = append(all, event("<", s.To))
	}
	all = append(all, list(e.o.Account, s.Accounts)...)
	return strings.Join(append(all, list(e.o.Region, s.Regions)...), " AND ")
}

func day(t time.Time) string { return t.UTC().Format("2006/01/02") }

// event bounds the event's time; like everywhere, a record whose time cannot be
// read is not left out.
func event(op string, t time.Time) string {
	return "coalesce(try(from_iso8601_timestamp(eventtime)) " + op + " from_iso8601_timestamp('" + t.UTC().Format("2006-01-02T15:04:05.000Z") + "'), true)"
}

func list(column string, values []string) []string {
	if len(values) == 0 {
		return nil
	}
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = athenasql.Literal(v)
	}
	return []string{identifier(column) + " IN (" + strings.Join(texts, ", ") + ")"}
}

package timeline

import (
	"strconv"
	"strings"
	"time"

	"github.com/trailwarden/trailwarden/query"
)

// WriteEvents writes the events as rows.
func (t *Timeline) WriteEvents(w query.Writer) error {
	if err := w.Columns([]query.Column{
		column("time", 20, 0), column("who", 12, 0), column("call", 16, 0), column("region", 9, 2), column("account", 12, 3),
		column("ip", 15, 0), column("error", 8, 0), column("about", 16, 1), column("through", 20, 4), column("eventid", 36, 5),
	}); err != nil {
		return err
	}
	for i := range t.Events {
		e := &t.Events[i]
		about := e.Resource
		if e.Gave != "" {
			about = strings.TrimSpace(about + " gave " + e.Gave)
		}
		if err := line(w, stamp(e.Time), e.Who, e.Service+":"+e.Action, e.Region, e.Account, e.IP, e.Error, about, strings.Join(e.Through, " > "), e.ID); err != nil {
			return err
		}
	}
	return w.Close()
}

// WriteWho writes who it was, by session, and then what, where and from where.
func (t *Timeline) WriteWho(w query.Writer) error {
	if err := w.Columns([]query.Column{
		column("what", 7, 0), column("value", 12, 0), column("first", 20, 0), column("last", 20, 0),
		column("calls", 5, 0), column("failed", 6, 0), column("key", 20, 1), column("handed_out_by", 16, 2),
	}); err != nil {
		return err
	}
	for _, s := range t.Sessions {
		by := strings.TrimSpace(s.By + " " + s.Role)
		if s.From != "" {
			by += " with " + s.From
		}
		if s.Service != "" {
			by = s.on()
		}
		if err := counted(w, "session", s.Seen, s.Key, by); err != nil {
			return err
		}
	}
	for _, g := range []struct {
		name string
		all  []Seen
	}{{"call", t.Actions}, {"region", t.Regions}, {"account", t.Accounts}, {"ip", t.IPs}, {"error", t.Errors}} {
		for _, s := range g.all {
			if err := counted(w, g.name, s, "", ""); err != nil {
				return err
			}
		}
	}
	return w.Close()
}

// on says who called on behalf of whom.
func (s Session) on() string {
	keys := "1 key"
	if s.Keys != 1 {
		keys = strconv.Itoa(s.Keys) + " keys"
	}
	return s.Service + " on its behalf, " + keys
}

func counted(w query.Writer, what string, s Seen, key, by string) error {
	return line(w, what, s.Value, stamp(s.First), stamp(s.Last), strconv.FormatInt(s.Count, 10), strconv.FormatInt(s.Failed, 10), key, by)
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05Z")
}

// column is a column of texts; in a terminal that is too narrow for all, it is
// not cut below narrowest, and left out by its spare.
func column(name string, narrowest, spare int) query.Column {
	return query.Column{Name: name, Type: "varchar", Narrowest: narrowest, Spare: spare}
}

func line(w query.Writer, texts ...string) error {
	cells := make([]query.Cell, len(texts))
	for i, s := range texts {
		cells[i] = query.Cell{Text: []byte(s), Null: s == ""}
	}
	return w.Row(cells)
}

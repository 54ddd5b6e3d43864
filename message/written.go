package message

import "github.com/trailwarden/trailwarden/alert"

// The members of each struct, in the order of its fields. A test fills every
// field there is and holds what is written to what encoding/json makes of it.

func (w *writer) message(m *Message) {
	w.open()
	w.text("kind", string(m.Kind))
	w.text("key", m.Key)
	w.number("sequence", m.Sequence)
	w.text("status", string(m.Status))
	w.text("severity", m.Severity.String())
	w.text("headline", m.Headline)
	w.text("summary", m.Summary)
	w.key("rule")
	w.rule(&m.Rule)
	w.times(m)
	w.key("who")
	w.who(&m.Who)
	w.key("what")
	w.what(&m.What)
	w.key("where")
	w.where(&m.Where)
	w.key("from")
	w.origin(&m.From)
	someList(w, "group", m.Group, label)
	someList(w, "tallies", m.Tallies, tally)
	list(w, "events", m.Events, event)
	if m.Detection != nil {
		w.key("detection")
		w.detection(m.Detection)
	}
	w.rest(m)
	w.close()
}

func (w *writer) times(m *Message) {
	w.number("count", m.Count)
	w.time("firstSeen", m.FirstSeen)
	w.time("lastSeen", m.LastSeen)
	w.time("opened", m.Opened)
	w.someNumber("delaySeconds", m.DelaySeconds)
	w.some("mode", m.Mode)
	w.someNumber("new", m.New)
	if !m.Since.IsZero() {
		w.time("since", m.Since)
	}
}

func (w *writer) rest(m *Message) {
	someList(w, "next", m.Next, toDo)
	someList(w, "links", m.Links, link)
	someList(w, "notes", m.Notes, note)
	w.someTruth("mayRepeat", m.MayRepeat)
	someList(w, "columns", m.Columns, plain)
	someList(w, "rows", m.Rows, row)
	w.someNumber("more", m.More)
	someList(w, "totals", m.Totals, total)
	someList(w, "facts", m.Facts, label)
	w.someNumber("masked", int64(m.Masked))
	w.some("text", m.Text)
	w.some("html", m.HTML)
	someList(w, "custom", m.Custom, label)
}

func (w *writer) rule(r *Rule) {
	w.open()
	w.text("id", r.ID)
	w.text("title", r.Title)
	w.some("explanation", r.Explanation)
	someList(w, "attack", r.Attack, technique)
	someList(w, "references", r.References, plain)
	someList(w, "falsePositives", r.FalsePositives, plain)
	w.some("author", r.Author)
	w.some("link", r.Link)
	w.some("version", r.Version)
	w.some("place", r.Place)
	w.close()
}

func (w *writer) who(p *Who) {
	w.open()
	w.text("name", p.Name)
	w.text("type", p.Type)
	w.some("arn", p.ARN)
	w.some("session", p.Session)
	w.some("source", p.Source)
	w.some("accessKey", p.AccessKey)
	w.some("account", p.Account)
	w.some("mfa", p.MFA)
	w.some("kind", p.Kind)
	w.someTruth("foreign", p.Foreign)
	w.some("via", p.Via)
	w.some("principal", p.Principal)
	w.close()
}

func (w *writer) what(c *What) {
	w.open()
	w.text("action", c.Action)
	w.text("service", c.Service)
	w.text("product", c.Product)
	someList(w, "resources", c.Resources, plain)
	someList(w, "parameters", c.Parameters, label)
	w.some("errorCode", c.ErrorCode)
	w.some("error", c.Error)
	w.some("readOnly", c.ReadOnly)
	w.some("words", c.Words)
	someList(w, "results", c.Results, label)
	someList(w, "others", c.Others, plain)
	w.close()
}

func (w *writer) where(p *Where) {
	w.open()
	w.text("account", p.Account)
	w.some("accountName", p.AccountName)
	w.some("unit", p.Unit)
	w.text("region", p.Region)
	w.some("place", p.Place)
	w.some("partition", p.Partition)
	w.close()
}

func (w *writer) origin(o *Origin) {
	w.open()
	w.some("ip", o.IP)
	w.some("country", o.Country)
	w.some("city", o.City)
	w.some("asn", o.ASN)
	w.some("userAgent", o.UserAgent)
	w.some("client", o.Client)
	w.close()
}

func event(w *writer, e *Event) {
	w.open()
	w.time("time", e.Time)
	w.text("who", e.Who)
	w.text("action", e.Action)
	w.text("service", e.Service)
	w.text("account", e.Account)
	w.text("region", e.Region)
	w.some("ip", e.IP)
	w.some("error", e.Error)
	w.some("resource", e.Resource)
	w.key("evidence")
	evidence(w, &e.Evidence)
	w.some("id", e.ID)
	someList(w, "fields", e.Fields, label)
	w.raw("event", e.Raw)
	w.close()
}

func evidence(w *writer, e *alert.Evidence) {
	w.open()
	w.text("file", e.File)
	w.some("version", e.Version)
	w.number("record", int64(e.Record))
	w.some("eventID", e.EventID)
	w.some("integrity", e.Integrity)
	w.close()
}

func (w *writer) detection(d *alert.Detection) {
	w.open()
	w.text("id", d.ID)
	w.text("summary", d.Summary)
	someList(w, "group", d.Group, label)
	w.time("from", d.From)
	w.time("to", d.To)
	w.number("count", d.Count)
	w.someTruth("late", d.Late)
	someList(w, "related", d.Related, evidence)
	w.close()
}

func tally(w *writer, t *alert.Tally) {
	w.open()
	w.text("field", t.Field)
	list(w, "values", t.Values, func(w *writer, v *alert.TalliedText) {
		w.open()
		w.text("text", v.Text)
		w.number("count", v.Count)
		w.close()
	})
	w.someNumber("others", t.Others)
	w.close()
}

func total(w *writer, t *Total) {
	w.open()
	w.text("rule", t.Rule)
	w.text("title", t.Title)
	w.text("severity", t.Severity.String())
	w.number("alerts", t.Alerts)
	w.number("findings", t.Findings)
	w.close()
}

func note(w *writer, n *alert.Note) {
	w.open()
	w.time("time", n.Time)
	w.text("by", n.By)
	w.text("did", n.Did)
	w.some("text", n.Text)
	w.close()
}

func technique(w *writer, t *Technique) {
	w.open()
	w.text("id", t.ID)
	w.text("name", t.Name)
	w.text("url", t.URL)
	w.close()
}

func label(w *writer, l *alert.Label) { w.pair("name", l.Name, "value", l.Value) }

func link(w *writer, l *Link) { w.pair("text", l.Text, "url", l.URL) }

// pair appends an object of two texts.
func (w *writer) pair(name, s, other, t string) {
	w.open()
	w.text(name, s)
	w.text(other, t)
	w.close()
}

func toDo(w *writer, s *Step) {
	w.open()
	w.text("text", s.Text)
	w.some("command", s.Command)
	w.close()
}

func plain(w *writer, s *string) { w.quote(*s) }

func row(w *writer, cells *[]string) {
	w.elements(len(*cells), *cells == nil, func(i int) { plain(w, &(*cells)[i]) })
}

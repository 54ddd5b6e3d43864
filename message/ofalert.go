package message

import (
	"cmp"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/message/mask"
)

// fromAlert says what the alert holds.
func (b *Builder) fromAlert(a *alert.Alert, d alert.Delivery, body Body) *Message {
	samples := sorted(a.Samples)
	m := &Message{
		Key: a.ID, Status: a.Status, Count: a.Count, Rule: b.rule(a.Rule), Mode: a.Mode,
		FirstSeen: a.FirstSeen.UTC(), LastSeen: a.LastSeen.UTC(), Opened: a.Created.UTC(),
		Group: b.cleanLabels(a.Group, 20), Tallies: b.tallies(a.Tallies), Notes: b.notes(a.Notes),
	}
	if a.Rule != nil {
		m.Severity = a.Rule.Severity
	}
	if late := a.Created.Sub(a.FirstSeen); late > 0 && !a.FirstSeen.IsZero() && late < 10*365*24*time.Hour {
		m.DelaySeconds = int64(late.Round(time.Second) / time.Second)
	}
	views := b.views(samples)
	defer b.release(views)
	b.tell(m, views)
	if d.Kind == alert.Repeated || d.Kind == alert.Reopened {
		m.New, m.Since = max(0, a.Count-body.Told), body.ToldAt.UTC()
		if body.Told == 0 {
			m.New = 0
		}
	}
	b.rows(m, samples)
	m.Kind = d.Kind
	m.Headline, m.Summary = headline(m), summary(m)
	if d.Kind != alert.Closed {
		m.Next = b.next(m, views)
	}
	m.Links = b.links(m)
	return m
}

// sorted are the samples by event time and identity, whatever order they came
// in.
func sorted(samples []alert.Sample) []alert.Sample {
	out := slices.Clone(samples)
	slices.SortStableFunc(out, func(x, y alert.Sample) int {
		return cmp.Or(x.Time.Compare(y.Time), cmp.Compare(x.Identity, y.Identity))
	})
	return out
}

// tell fills who, what, where and from where of the earliest sample, and all
// events.
func (b *Builder) tell(m *Message, views []*view) {
	for i, v := range views[:min(len(views), b.Limits.Events)] {
		if m.Detection == nil && v.sample.Detection != nil {
			m.Detection = b.detection(v.sample.Detection)
		}
		e, masked := v.event()
		m.Masked += masked
		m.Events = append(m.Events, e)
		if i > 0 {
			if action := v.action(); action != "" && action != m.What.Action && !slices.Contains(m.What.Others, action) {
				m.What.Others = append(m.What.Others, action)
			}
			continue
		}
		if len(v.sample.Record) == 0 && len(v.sample.Row) > 0 {
			m.Who, m.What, m.Where, m.From = b.ofRow(v.sample.Row)
			continue
		}
		m.Who, m.What, m.Where, m.From = v.who(), v.what(), v.where(), v.origin()
	}
	slices.Sort(m.What.Others)
}

func ownAll(all []string, limit int) []string {
	var out []string
	for _, s := range all[:min(len(all), limit)] {
		out = append(out, own(s, 1024))
	}
	return out
}

// webLinks are those that are web addresses, at most 20.
func webLinks(all []string) []string {
	var out []string
	for _, s := range all[:min(len(all), 20)] {
		u, err := url.Parse(s)
		if err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.User == nil && len(s) <= 2048 {
			out = append(out, own(u.String(), 2048))
		}
	}
	return out
}

// tallies are sorted by count, so that equal alerts read the same.
func (b *Builder) tallies(all []alert.Tally) []alert.Tally {
	if len(all) == 0 {
		return nil
	}
	all = all[:min(len(all), 20)]
	out := make([]alert.Tally, 0, len(all))
	n := 0
	for _, t := range all {
		n += len(t.Values)
	}
	values := make([]alert.TalliedText, 0, n) // of all of them
	for _, t := range all {
		u := alert.Tally{Field: b.clean(t.Field), Others: t.Others}
		secret, from := mask.SecretKey(lastKey(t.Field)), len(values)
		for _, v := range t.Values {
			text := mask.Shown
			if !secret {
				text = b.clean(v.Text)
			}
			values = append(values, alert.TalliedText{Text: text, Count: v.Count})
		}
		if len(t.Values) > 0 {
			u.Values = values[from:len(values):len(values)]
		}
		slices.SortStableFunc(u.Values, func(x, y alert.TalliedText) int {
			return cmp.Or(cmp.Compare(y.Count, x.Count), cmp.Compare(x.Text, y.Text))
		})
		for len(u.Values) > 20 {
			last := len(u.Values) - 1
			u.Others += u.Values[last].Count
			u.Values = u.Values[:last]
		}
		out = append(out, u)
	}
	slices.SortStableFunc(out, func(x, y alert.Tally) int { return cmp.Compare(x.Field, y.Field) })
	return out
}

func lastKey(path string) string { return path[strings.LastIndexByte(path, '.')+1:] }

// notes are the last 20, oldest first.
func (b *Builder) notes(all []alert.Note) []alert.Note {
	out := slices.Clone(all)
	slices.SortStableFunc(out, func(x, y alert.Note) int { return x.Time.Compare(y.Time) })
	out = out[max(0, len(out)-20):]
	for i := range out {
		n := &out[i]
		n.Time, n.By, n.Did, n.Text = n.Time.UTC(), own(n.By, 256), own(n.Did, 64), b.clean(n.Text)
	}
	return out
}

func (b *Builder) detection(d *alert.Detection) *alert.Detection {
	c := *d
	c.ID, c.Summary, c.Group = own(c.ID, 256), b.clean(c.Summary), b.cleanLabels(c.Group, 20)
	c.From, c.To = c.From.UTC(), c.To.UTC()
	c.Related = nil
	for _, e := range d.Related[:min(len(d.Related), 50)] {
		c.Related = append(c.Related, b.evidence(e))
	}
	return &c
}

func (b *Builder) evidence(e alert.Evidence) alert.Evidence {
	e.File, e.Version, e.EventID, e.Integrity = b.clean(e.File), b.clean(e.Version), b.clean(e.EventID), b.clean(e.Integrity)
	return e
}

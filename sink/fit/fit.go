// Package fit makes messages smaller, step by step, until what a sink makes of
// them is within its target's limits. What identifies an alert (its key, its
// links, who, what, where and when) stays longest; what is left out is counted.
package fit

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/message"
	"github.com/trailwarden/trailwarden/sink"
)

// level is how much of a message stays.
type level struct {
	text   int  // characters of one value
	lead   int  // characters of headline and summary, which are read first
	list   int  // elements of one list
	events int  // sampled records
	raw    bool // records whole
}

// levels from nearly everything to the bare bones. The last is below 8 kilobytes of
// JSON whatever characters records hold: no limit of a target is below that. Its
// texts still have room for the mark of how much is gone.
func levels() []level {
	return []level{
		{16384, 16384, 1000, 100, true},
		{8192, 8192, 500, 100, false},
		{2048, 2048, 100, 50, false},
		{1024, 1024, 40, 20, false},
		{400, 800, 20, 10, false},
		{200, 600, 10, 5, false},
		{120, 480, 5, 3, false},
		{80, 400, 4, 2, false},
		{60, 240, 3, 1, false},
		{40, 160, 2, 1, false},
		{32, 100, 1, 0, false},
	}
}

// fewestRows is how many rows of a report are given up values for before the
// number of rows shrinks further.
const fewestRows = 20

// To returns a copy of m for which fits is true, or the smallest there is. The
// copy holds valid UTF-8 and valid JSON only. fits may keep what it rendered of
// its last argument: the returned message is the last one it said yes to.
func To(m *message.Message, fits func(*message.Message) bool) *message.Message {
	var small *message.Message
	for _, l := range levels() {
		few := min(len(m.Rows), fewestRows)
		if l.list <= 20 {
			few = min(few, l.list)
		}
		if small = l.of(m, few); fits(small) {
			return mostRows(m, l, few, small, fits)
		}
	}
	return small
}

// mostRows finds the largest number of rows that fits: by doubling, so that no
// more is rendered than about twice what fits, and then by halves.
func mostRows(m *message.Message, l level, lo int, best *message.Message, fits func(*message.Message) bool) *message.Message {
	hi, said := len(m.Rows), true // said: fits was last asked about best
	for step := max(lo, 1); lo < hi; {
		n := min(lo+step, hi)
		c := l.of(m, n)
		if said = fits(c); said {
			lo, best = n, c
			step *= 2
		} else {
			hi = n - 1
		}
		if hi < len(m.Rows) { // the end is known: halve
			step = max(1, (hi-lo+1)/2)
		}
	}
	if !said {
		fits(best)
	}
	return best
}

// of is m at level l with at most n rows.
func (l level) of(m *message.Message, n int) *message.Message {
	c := *m
	c.Rows, c.Columns, c.Links, c.Text, c.HTML = nil, nil, nil, "", ""
	c.Events = l.eventsOf(m)
	c = *l.shorten(reflect.ValueOf(&c)).Interface().(*message.Message)
	c.Key, c.Text, c.HTML = m.Key, m.Text, m.HTML
	c.Headline, c.Summary = sink.Cut(m.Headline, l.lead, sink.Characters), sink.Cut(m.Summary, l.lead, sink.Characters)
	c.Next = l.steps(m.Next)
	l.sources(&c, m)
	c.Links = l.links(m.Links)
	c.Notes = l.notes(m.Notes)
	l.sayMore(&c, m)
	l.table(&c, m, n)
	return &c
}

func (l level) eventsOf(m *message.Message) []message.Event {
	events := slices.Clone(m.Events[:min(len(m.Events), l.events)])
	for i := range events {
		if !l.raw || !json.Valid(events[i].Raw) {
			events[i].Raw = nil
		}
	}
	return events
}

// steps keeps commands whole or leaves their steps out: part of a command is of
// no use, and part of a query may answer another question.
func (l level) steps(steps []message.Step) []message.Step {
	var out []message.Step
	for _, s := range steps[:min(len(steps), l.list)] {
		if utf8.RuneCountInString(s.Command) <= 4*l.text {
			out = append(out, message.Step{Text: l.cut(s.Text), Command: strings.ToValidUTF8(s.Command, "\uFFFD")})
		}
	}
	return out
}

// longestFile bounds the name of a file that is evidence, where other texts are
// shorter: five times as long, up to this.
const longestFile = 300

// sources keeps what leads to evidence and references whole, or leaves it out.
func (l level) sources(c, m *message.Message) {
	for i := range c.Events {
		c.Events[i].Evidence.File = sink.Cut(m.Events[i].Evidence.File, max(l.text, min(5*l.text, longestFile)), sink.Characters)
	}
	if c.Rule.Link = ""; l.keeps(m.Rule.Link) {
		c.Rule.Link = strings.ToValidUTF8(m.Rule.Link, "\uFFFD")
	}
	c.Rule.References = nil
	for _, r := range m.Rule.References {
		if l.keeps(r) && len(c.Rule.References) < l.list {
			c.Rule.References = append(c.Rule.References, strings.ToValidUTF8(r, "\uFFFD"))
		}
	}
}

// keeps tells whether an address of the rule's author stays: part of one leads
// nowhere, or elsewhere.
func (l level) keeps(address string) bool { return utf8.RuneCountInString(address) <= 2*l.text }

// longestLink bounds a link: one that is longer is left out, as no link is cut.
const longestLink = 2000

func (l level) links(links []message.Link) []message.Link {
	var out []message.Link
	for _, k := range links {
		if len(k.URL) <= longestLink && len(out) < max(l.list, 5) {
			out = append(out, message.Link{Text: l.cut(k.Text), URL: k.URL})
		}
	}
	return out
}

// notes keeps the newest.
func (l level) notes(notes []alert.Note) []alert.Note {
	kept := notes[max(0, len(notes)-l.list):]
	if len(kept) == 0 {
		return nil
	}
	return l.shorten(reflect.ValueOf(kept)).Interface().([]alert.Note)
}

// sayMore counts what lists lost.
func (l level) sayMore(c, m *message.Message) {
	if n := len(m.What.Resources) - len(c.What.Resources); n > 0 {
		c.What.Resources = append(c.What.Resources, fmt.Sprintf("… %d more", n))
	}
	if n := len(m.What.Parameters) - len(c.What.Parameters); n > 0 {
		c.What.Parameters = append(c.What.Parameters, alert.Label{Name: "…", Value: fmt.Sprintf("%d more", n)})
	}
	for i := range c.Tallies {
		for _, v := range m.Tallies[i].Values[len(c.Tallies[i].Values):] {
			c.Tallies[i].Others += v.Count
		}
	}
}

func (l level) table(c, m *message.Message, n int) {
	columns := min(len(m.Columns), l.list)
	for _, name := range m.Columns[:columns] {
		c.Columns = append(c.Columns, l.cut(name))
	}
	for _, row := range m.Rows[:n] {
		cells := make([]string, 0, columns)
		for _, cell := range row[:min(len(row), columns)] {
			cells = append(cells, l.cut(cell))
		}
		c.Rows = append(c.Rows, cells)
	}
	c.More = m.More + int64(len(m.Rows)-n) + int64(len(m.Totals)-len(c.Totals))
}

func (l level) cut(s string) string { return sink.Cut(s, l.text, sink.Characters) }

// shorten copies v with its strings and lists cut.
func (l level) shorten(v reflect.Value) reflect.Value {
	switch {
	case v.Type() == reflect.TypeFor[time.Time](), v.Type() == reflect.TypeFor[json.RawMessage]():
		return v
	case v.Kind() == reflect.String:
		return reflect.ValueOf(l.cut(v.String())).Convert(v.Type())
	case v.Kind() == reflect.Pointer && !v.IsNil():
		p := reflect.New(v.Type().Elem())
		p.Elem().Set(l.shorten(v.Elem()))
		return p
	case v.Kind() == reflect.Struct:
		s := reflect.New(v.Type()).Elem()
		for i := range v.NumField() {
			s.Field(i).Set(l.shorten(v.Field(i)))
		}
		return s
	case v.Kind() == reflect.Slice && v.Len() > 0:
		n := min(v.Len(), l.list)
		s := reflect.MakeSlice(v.Type(), n, n)
		for i := range n {
			s.Index(i).Set(l.shorten(v.Index(i)))
		}
		return s
	}
	return v
}

// whole tells that the first level leaves out nothing of m, as it was written:
// most messages are far from its bounds, and need no copy.
func whole(m *message.Message, x message.Extent) bool {
	l := levels()[0]
	for _, k := range m.Links {
		if len(k.URL) > longestLink {
			return false
		}
	}
	return len(m.Events) <= l.events && x.Text <= l.text && x.List <= l.list && !x.Mended
}

// JSON is m as one JSON object of at most limit bytes. Text and HTML of a
// user's template are left out: they are for people.
func JSON(m *message.Message, limit int) ([]byte, error) {
	return AppendJSON(make([]byte, 0, min(limit, usualJSON)), m, limit)
}

// usualJSON is the room for most messages, in bytes.
const usualJSON = 12 << 10

// AppendJSON appends what JSON makes of m; with an error, nothing.
func AppendJSON(dst []byte, m *message.Message, limit int) ([]byte, error) {
	c := *m
	c.Text, c.HTML = "", ""
	if out, x, err := c.AppendJSON(dst); err == nil && len(out)-len(dst) <= limit && whole(&c, x) {
		return out, nil
	}
	return fitted(dst, m, limit)
}

// fitted is AppendJSON of a message that may have to be shortened.
func fitted(dst []byte, m *message.Message, limit int) ([]byte, error) {
	out, begin := dst, len(dst)
	var err error
	To(m, func(c *message.Message) bool {
		c.Text, c.HTML = "", ""
		out, _, err = c.AppendJSON(out[:begin])
		return err == nil && len(out)-begin <= limit
	})
	switch {
	case err != nil:
		return dst, err
	case len(out)-begin > limit:
		return dst, fmt.Errorf("the message needs %d bytes at least and the limit is %d", len(out)-begin, limit)
	}
	return out, nil
}

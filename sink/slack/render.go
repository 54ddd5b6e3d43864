package slack

import (
	"fmt"
	"strings"

	"github.com/slack-go/slack"
	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/message"
	"github.com/trailwarden/trailwarden/sink"
	"github.com/trailwarden/trailwarden/sink/fit"
	"github.com/trailwarden/trailwarden/sink/page"
)

// render is m as a message of its own.
func (s *Sink) render(m *message.Message) body {
	return s.fitted(m, func(c *message.Message) *layout {
		p := page.Of(c)
		l := &layout{}
		l.head(c, p)
		switch {
		case c.Text != "":
			l.plain(sink.Defang(sink.Clean(c.Text)))
		case s.config.Style == YAML && len(c.Events) > 0:
			l.yaml(c, s.config.Fields)
			l.why(p)
		case s.config.Style == Line && (len(c.Events) > 0 || len(c.Rows) > 0):
			l.lines(p)
			l.why(p)
		default:
			for _, part := range p.Sections {
				l.section(part)
			}
		}
		return l
	})
}

// reply is m as a reply in the thread of the first message: what is new.
func (s *Sink) reply(m *message.Message) body {
	return s.fitted(m, func(c *message.Message) *layout {
		p := page.Of(c)
		l := &layout{}
		l.head(c, p)
		l.pairs([]page.Pair{{Name: "Findings", Value: fmt.Sprint(c.Count)}, {Name: "New", Value: fmt.Sprint(c.New)}, {Name: "Last seen", Value: page.When(c.LastSeen)}})
		for _, part := range p.Sections {
			if part.Title == "Over all findings" || part.Title == "Notes" || part.Title == "Held back" {
				l.section(part)
			}
		}
		return l
	})
}

// fitted lays out smaller and smaller copies of m until Slack takes one.
func (s *Sink) fitted(m *message.Message, lay func(*message.Message) *layout) body {
	var l *layout
	small := fit.To(m, func(c *message.Message) bool {
		l = lay(c)
		return len(l.blocks) <= middle && l.size <= sink.SlackWhole.Max()
	})
	b := body{Key: m.Key, Seq: max(m.Sequence, 1)}
	b.Blocks = append(l.within(), foot(small)...)
	b.Text = fallback(small)
	return b
}

// fallback is what notifications and screen readers say.
func fallback(m *message.Message) string {
	p := page.Of(m)
	text := headline(p)
	if p.Lead != "" {
		text += "\n" + p.Lead
	}
	return escaped(text, sink.SlackFallback)
}

func headline(p page.Page) string {
	return "[" + strings.ToUpper(p.Severity.String()) + "] " + p.Kind + ": " + p.Title
}

// escaped cuts s so that its escaped form is within the bound, and escapes it.
func escaped(s string, b sink.Bound) string {
	return sink.SlackText(sink.Cut(s, b.Max(), sink.SlackEscaped))
}

// layout collects blocks and counts their text.
type layout struct {
	blocks []slack.Block
	size   int
}

// middle is how many blocks there may be beside those of the foot.
var middle = sink.SlackBlocks.Max() - 3

func (l *layout) add(b slack.Block, texts ...string) {
	l.blocks = append(l.blocks, b)
	for _, t := range texts {
		l.size += units(t)
	}
}

// text is an object in which nothing formats: Slack's plain_text. What is in it
// is escaped all the same, because Slack unescapes it.
func text(s string, b sink.Bound) *slack.TextBlockObject {
	if strings.TrimSpace(s) == "" {
		s = "–" // Slack refuses an empty text
	}
	off := false
	return &slack.TextBlockObject{Type: slack.PlainTextType, Text: escaped(s, b), Emoji: &off}
}

// ours is an object of text that we wrote, with formatting, and without links
// or mentions made of what looks like them.
func ours(s string) *slack.TextBlockObject {
	return &slack.TextBlockObject{Type: slack.MarkdownType, Text: s, Verbatim: true}
}

func (l *layout) head(m *message.Message, p page.Page) {
	title := text(headline(p), sink.SlackHeader)
	l.add(slack.NewHeaderBlock(title), title.Text)
	if m.Text == "" {
		l.plain(p.Lead)
	}
	if p.Notice != "" {
		l.plain(p.Notice)
	}
}

// why names the rule, in styles that show nothing else of it.
func (l *layout) why(p page.Page) {
	for _, s := range p.Sections {
		for _, pair := range s.Pairs {
			if pair.Name == "Rule" {
				t := text("Rule: "+pair.Value, sink.SlackField)
				l.add(slack.NewContextBlock("rule", t), t.Text)
				return
			}
		}
	}
}

// plain is text in as many sections as it takes.
func (l *layout) plain(s string) {
	for s = strings.TrimSpace(s); s != ""; {
		piece := s[:len(s)-len(rest(s))]
		s = strings.TrimLeft(s[len(piece):], "\n")
		t := text(piece, sink.SlackSection)
		l.add(slack.NewSectionBlock(t, nil, nil), t.Text)
	}
}

// rest is what of s does not fit into one section, from a line's beginning
// where there is one.
func rest(s string) string {
	n, line := 0, 0
	for i, r := range s {
		if n += sink.SlackEscaped(r); n > sink.SlackSection.Max() {
			if line > 0 {
				return s[line:]
			}
			return s[i:]
		}
		if r == '\n' {
			line = i + 1
		}
	}
	return ""
}

// section is one part of a page under its title.
func (l *layout) section(s page.Section) {
	if s.Title != "Links" { // ours are buttons, others are not shown
		l.title(s.Title)
		for _, t := range s.Text {
			l.plain(t)
		}
		l.pairs(s.Pairs)
		if s.Table != nil {
			l.plain(tabled(s.Table))
		}
		l.steps(s.Steps)
	}
}

func (l *layout) title(s string) {
	t := "*" + sink.SlackText(s) + "*"
	l.add(slack.NewSectionBlock(ours(t), nil, nil), t)
}

// value bounds one value, so that no message is longer than a person reads.
const value = 700

// pairs are rows of two columns.
func (l *layout) pairs(pairs []page.Pair) {
	perBlock := sink.SlackFields.Max() / 2
	for len(pairs) > 0 {
		n := min(len(pairs), perBlock)
		var fields []*slack.TextBlockObject
		var texts []string
		for _, p := range pairs[:n] {
			name, v := text(p.Name, sink.SlackField), text(sink.Cut(p.Value, value, sink.SlackEscaped), sink.SlackField)
			fields, texts = append(fields, name, v), append(texts, name.Text, v.Text)
		}
		l.add(slack.NewSectionBlock(nil, fields, nil), texts...)
		pairs = pairs[n:]
	}
}

// tabled is a table as lines.
func tabled(t *page.Table) string {
	lines := []string{strings.Join(t.Columns, " | ")}
	for _, r := range t.Rows {
		lines = append(lines, strings.Join(r, " | "))
	}
	if t.More != "" {
		lines = append(lines, t.More)
	}
	return strings.Join(lines, "\n")
}

// lines is one line for each row or record, as published reports have them.
func (l *layout) lines(p page.Page) {
	for _, s := range p.Sections {
		if s.Table != nil {
			l.plain(tabled(s.Table))
		}
	}
}

func (l *layout) steps(steps []message.Step) {
	for i, s := range steps {
		l.plain(fmt.Sprintf("%d. %s", i+1, s.Text))
		if s.Command != "" {
			l.code(sink.Defang(s.Command))
		}
	}
}

const fence = "```"

// code is a block of code; a command that is too long is left out, because half
// of one does something else.
func (l *layout) code(s string) {
	s = sink.SlackText(unticked(s))
	if units(s)+2*len(fence)+2 > sink.SlackSection.Max() {
		l.plain("(the command is too long to be shown here)")
		return
	}
	s = fence + "\n" + s + "\n" + fence
	l.add(slack.NewSectionBlock(ours(s), nil, nil), s)
}

// unticked has no backtick, which would end the code.
func unticked(s string) string { return strings.ReplaceAll(s, "`", "'") }

// within is the layout in as many blocks as a message may have, and in the size
// it may have, with a mark in place of the rest.
func (l *layout) within() []slack.Block {
	keep, size := 0, 0
	for keep < len(l.blocks) && keep < middle {
		if size += weight(l.blocks[keep]); size > sink.SlackWhole.Max() {
			break
		}
		keep++
	}
	out := l.blocks[:keep:keep]
	if gone := len(l.blocks) - keep; gone > 0 {
		out = append(out, slack.NewContextBlock("", text(fmt.Sprintf("… (%d more parts)", gone), sink.SlackField)))
	}
	return out
}

func weight(b slack.Block) int {
	n := 0
	switch b := b.(type) {
	case *slack.HeaderBlock:
		n = units(b.Text.Text)
	case *slack.SectionBlock:
		if b.Text != nil {
			n = units(b.Text.Text)
		}
		for _, f := range b.Fields {
			n += units(f.Text)
		}
	}
	return n
}

// buttons is how many of our links become one.
const buttons = 5

// foot is our links and the key.
func foot(m *message.Message) []slack.Block {
	var out []slack.Block
	var links []slack.BlockElement
	for i, k := range m.Links {
		if len(links) < buttons && page.Web(k.URL) && sink.SlackURL.Meter().Len(k.URL) <= sink.SlackURL.Max() {
			b := slack.NewButtonBlockElement(fmt.Sprintf("link-%d", i), "", text(sink.Line(k.Text), sink.SlackButton))
			b.URL = k.URL
			links = append(links, b)
		}
	}
	if len(links) > 0 {
		out = append(out, slack.NewActionBlock("links", links...))
	}
	key := "Key " + m.Key
	if m.Kind == alert.Test {
		key = "Test message, key " + m.Key
	}
	return append(out, slack.NewContextBlock("key", text(sink.Line(key), sink.SlackField)))
}

// units is the length of s as Slack's limits are counted.
func units(s string) int { return sink.Meter(sink.UTF16).Len(s) }

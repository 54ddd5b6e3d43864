package explain

import (
	"fmt"
	"io"
	"strings"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/detect/memory"
	"github.com/trailwarden/trailwarden/internal/visible"
	"github.com/trailwarden/trailwarden/rule"
)

// maxLines bounds how many conditions of one rule are written.
const maxLines = 400

// Rule writes a rule in plain words: what it is, when it matches, what it reads.
func Rule(w io.Writer, r *rule.Rule) error {
	e := Of(r)
	p := &printer{}
	p.head(r, e)
	if r.SQL != nil {
		p.line(0, "It is asked every %s of the events since the last time; each row is a finding:", memory.Span(r.SQL.Window))
		for line := range strings.SplitSeq(strings.TrimSpace(r.SQL.Text), "\n") {
			p.line(1, "%s", visible.Text(line))
		}
		p.tail(r)
		_, err := io.WriteString(w, p.b.String())
		return err
	}
	if e.Inactive != "" {
		p.line(0, "It judges nothing: %s.", e.Inactive)
	}
	if e.Inactive == "" || len(e.Reads) > 0 {
		p.body(e)
	}
	p.tail(r)
	_, err := io.WriteString(w, p.b.String())
	return err
}

// body writes when the rule matches and tells, and what it reads.
func (p *printer) body(e Explanation) {
	p.line(0, "")
	switch {
	case len(e.Steps) > 0:
		for _, s := range e.Steps {
			p.condition(s.Name+" is a record of which", s.Matches)
		}
	case e.Remembers != "":
		p.condition("It counts a record when", e.Matches)
	default:
		p.condition("It matches when", e.Matches)
	}
	if e.Remembers != "" {
		p.line(0, "It tells when %s.", e.Remembers)
	}
	if e.CountedBy != "" {
		p.line(0, "What it matches is counted by %s and is no finding of its own.", e.CountedBy)
	}
	if len(e.Reads) > 0 {
		p.line(0, "")
		p.line(0, "It reads: %s", strings.Join(e.Reads, ", "))
	}
}

// Record writes why the record matches the rule, or what stopped it first, and
// then every test with what the record has and the verdict.
func Record(w io.Writer, r *rule.Rule, rec *cloudtrail.Record) (matched bool, err error) {
	v := Judge(r, rec)
	p := &printer{}
	switch {
	case v.Inactive != "":
		p.line(0, "%s judges nothing: %s.", r.ID, v.Inactive)
	case v.Matched:
		p.line(0, "%s matches, because:", r.ID)
	default:
		p.line(0, "%s does not match; what stopped it:", r.ID)
	}
	for i, c := range v.Because {
		if i == listed {
			p.line(1, "- … and %d more", len(v.Because)-listed)
			break
		}
		p.line(1, "- %s", c.deciding(v.Matched))
		if c.Written != "" {
			p.line(2, "written: %s", cut(c.Written))
		}
	}
	p.line(0, "")
	p.line(0, "All of it:")
	p.verdict(v.Condition, 1)
	_, err = io.WriteString(w, p.b.String())
	return v.Matched, err
}

// deciding is a condition with what the record has, as a reason for the rule's
// judgement.
func (c *Condition) deciding(matched bool) string {
	reason := c.Words + c.has()
	switch {
	case c.Kind == KindTogether:
		return "each of these holds, but not in the same element of the list: " + strings.Join(c.partWords(), "; ")
	case matched && !*c.Holds:
		return "it is not so that " + reason
	case !matched && !*c.Holds:
		return "wanted: " + reason
	case !matched:
		return "ruled out: " + reason
	}
	return reason
}

func (c *Condition) partWords() []string {
	var out []string
	for _, p := range c.Parts {
		out = append(out, p.Words)
	}
	return out
}

func (c *Condition) has() string {
	if len(c.Found) == 0 {
		return ""
	}
	if c.missing {
		return " (" + c.Found[0] + ")"
	}
	return " (has " + strings.Join(c.Found, ", ") + c.against() + ")"
}

func (c *Condition) against() string {
	if len(c.Against) == 0 {
		return ""
	}
	return " against " + strings.Join(c.Against, ", ")
}

type printer struct {
	b     strings.Builder
	lines int
}

func (p *printer) line(depth int, format string, args ...any) {
	text := visible.Text(fmt.Sprintf(format, args...))
	if text != "" {
		p.b.WriteString(strings.Repeat("  ", depth))
	}
	p.b.WriteString(text)
	p.b.WriteByte('\n')
}

// condition writes a condition after the words that lead to it.
func (p *printer) condition(lead string, c *Condition) {
	if len(c.Parts) == 0 {
		p.line(0, "%s %s.", lead, c.Words)
		return
	}
	p.line(0, "%s %s:", lead, c.Words)
	p.parts(c, 1)
}

func (p *printer) head(r *rule.Rule, e Explanation) {
	name := r.ID
	if r.Title != "" && r.Title != r.ID {
		name += ": " + r.Title
	}
	p.line(0, "%s", name)
	place := ""
	if e.File != "" {
		place = fmt.Sprintf(", %s:%d", e.File, max(e.Line, 1))
	}
	p.line(0, "%s, severity %s%s", languageName(e.Language), e.Severity, place)
	for _, l := range strings.Split(strings.TrimSpace(e.Description), "\n") {
		if l != "" {
			p.line(0, "%s", l)
		}
	}
}

func languageName(l string) string {
	switch l {
	case "where":
		return "native conditions"
	case "region":
		return "region guard"
	case "keyword":
		return "regex configuration"
	case "eventbridge":
		return "EventBridge event pattern"
	case "filter":
		return "CloudWatch Logs filter pattern"
	case "sigma":
		return "Sigma rule"
	case "alarm":
		return "CloudWatch alarm"
	case "sql":
		return "query in Athena's SQL"
	}
	return l
}

func (p *printer) tail(r *rule.Rule) {
	for _, x := range []struct {
		name, between string
		list          []string
	}{{"Findings are grouped by", ", ", r.GroupBy}, {"Likely false positives", " ", sentences(r.FalsePositives)}, {"Tags", ", ", r.Tags}, {"References", ", ", r.References}} {
		if len(x.list) > 0 {
			p.line(0, "%s: %s", x.name, strings.Join(x.list, x.between))
		}
	}
	if r.Author != "" {
		p.line(0, "Author: %s", strings.TrimSpace(r.Author+" "+r.Link))
	}
}

// sentences ends each text with a full stop.
func sentences(texts []string) []string {
	out := make([]string, len(texts))
	for i, s := range texts {
		out[i] = strings.TrimSuffix(strings.TrimSpace(s), ".") + "."
	}
	return out
}

// parts writes the parts of a condition as a list.
func (p *printer) parts(c *Condition, depth int) {
	for i, x := range c.Parts {
		if p.lines++; p.lines > maxLines {
			p.line(depth, "- … and %d more", len(c.Parts)-i)
			return
		}
		if len(x.Parts) == 0 {
			p.line(depth, "- %s", x.Words)
			continue
		}
		p.line(depth, "- %s:", x.Words)
		p.parts(x, depth+1)
	}
}

// verdict writes a condition and its parts, each with yes or no.
func (p *printer) verdict(c *Condition, depth int) {
	if p.lines++; p.lines > maxLines {
		if p.lines == maxLines+1 {
			p.line(depth, "…")
		}
		return
	}
	mark := "no  "
	if *c.Holds {
		mark = "yes "
	}
	if len(c.Parts) == 0 {
		p.line(depth, "%s %s%s", mark, c.Words, c.has())
		return
	}
	p.line(depth, "%s %s:", mark, c.Words)
	for _, x := range c.Parts {
		p.verdict(x, depth+1)
	}
}

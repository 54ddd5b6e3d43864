package rule

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/trailwarden/trailwarden/internal/yamldoc"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
)

// filterFile loads a file of CloudWatch Logs filter patterns. It is one of
//
//   - a pattern, as it stands, over any number of lines, after lines of
//     comment, which start with #;
//   - patterns with names: a line "name: ID" begins each, lines "title:",
//     "severity:" and "description:" may follow, then comes the pattern;
//   - JSON patterns, each on a line of its own, named after the file with a
//     number;
//   - what aws logs describe-metric-filters prints.
func (l *loader) filterFile(f *file) {
	switch lines := strings.Split(string(f.text), "\n"); {
	case bytes.Contains(f.text, []byte(`"metricFilters"`)) && !filterLike(bytes.TrimSpace(f.text)):
		l.metricFilters(f)
	case hasNames(lines):
		l.namedFilters(f, lines)
	case onePerLine(lines):
		l.lineFilters(f, lines)
	default:
		l.oneFilter(f, f.rule(), lines, 1)
	}
}

func commentLine(s string) bool { return strings.HasPrefix(strings.TrimSpace(s), "#") }
func blankLine(s string) bool   { return strings.TrimSpace(s) == "" }

func header(line, key string) (string, bool) {
	v, ok := strings.CutPrefix(line, key+":")
	return strings.TrimSpace(v), ok && strings.TrimSpace(v) != ""
}

func hasNames(lines []string) bool {
	for _, s := range lines {
		if !blankLine(s) && !commentLine(s) {
			_, ok := header(s, "name")
			return ok
		}
	}
	return false
}

// namedFilters reads patterns that "name:" lines begin.
func (l *loader) namedFilters(f *file, lines []string) {
	for i := 0; i < len(lines); {
		name, ok := header(lines[i], "name")
		if !ok {
			i++ // blank lines and comment before the first name
			continue
		}
		end := i + 1
		for end < len(lines) {
			if _, next := header(lines[end], "name"); next {
				break
			}
			end++
		}
		l.namedFilter(f, &Rule{ID: name, Title: name, Line: i + 1}, lines[i+1:end])
		i = end
	}
}

func (l *loader) namedFilter(f *file, r *Rule, lines []string) {
	severity, first := "", 0
	for ; first < len(lines); first++ {
		title, isTitle := header(lines[first], "title")
		about, isAbout := header(lines[first], "description")
		level, isLevel := header(lines[first], "severity")
		switch {
		case isTitle:
			r.Title = title
			continue
		case isAbout:
			r.Description = about
			continue
		case isLevel:
			severity = level
			continue
		}
		break
	}
	before := len(l.set.Rules)
	l.oneFilter(f, r, lines[first:], r.Line+1+first)
	if severity == "" || len(l.set.Rules) == before {
		return
	}
	s, err := ParseSeverity(severity)
	if err != nil {
		l.say(diagnostic.Error, f.name, r.Line, CodeSeverity, "rule %s: %v", clip(r.ID), err)
		l.set.Rules = l.set.Rules[:before]
		return
	}
	l.set.Rules[before].Severity = s
}

// oneFilter adds the pattern of lines, the first of which is line of the file.
func (l *loader) oneFilter(f *file, r *Rule, lines []string, line int) {
	first := 0
	for first < len(lines) && (blankLine(lines[first]) || commentLine(lines[first])) {
		first++
	}
	last := len(lines)
	for last > first && (blankLine(lines[last-1]) || commentLine(lines[last-1])) {
		last--
	}
	text := strings.Join(lines[first:last], "\n")
	l.filter(f, r, &part{file: f.name, text: []byte(text), line: line + first})
}

func (l *loader) filter(f *file, r *Rule, p *part) {
	p.language = "filter"
	if languages["filter"] == nil {
		l.say(diagnostic.Error, f.name, p.line, CodeLanguage, "filter patterns cannot be read yet")
		return
	}
	l.add(f, r, p)
}

// onePerLine tells whether every line is a JSON pattern of its own, and there
// are at least two.
func onePerLine(lines []string) bool {
	n := 0
	for _, s := range lines {
		s = strings.TrimSpace(s)
		switch {
		case s == "" || strings.HasPrefix(s, "#"):
		case strings.HasPrefix(s, "{") && strings.HasSuffix(s, "}"):
			n++
		default:
			return false
		}
	}
	return n > 1
}

func (l *loader) lineFilters(f *file, lines []string) {
	n := 0
	for i, s := range lines {
		if blankLine(s) || commentLine(s) {
			continue
		}
		n++
		id := fmt.Sprintf("%s-%d", f.stem(), n)
		l.filter(f, &Rule{ID: id, Title: id, Line: i + 1}, &part{file: f.name, text: []byte(strings.TrimSpace(s)), line: i + 1})
	}
}

// metricFilters loads what aws logs describe-metric-filters prints.
func (l *loader) metricFilters(f *file) {
	n, err := yamldoc.ParseJSON(f.text)
	if err != nil {
		e := parseFault(err)
		l.say(diagnostic.Error, f.name, e.Line, CodeSyntax, "%s", e.Message)
		return
	}
	list := n.Get("metricFilters")
	if list == nil || list.Kind != yamldoc.List {
		l.unrecognized(f, n)
		return
	}
	for _, x := range list.Values {
		l.metricFilter(f, x)
	}
}

func (l *loader) metricFilter(f *file, x *yamldoc.Node) {
	name, pattern := x.Get("filterName"), x.Get("filterPattern")
	if !isText(name) || !isText(pattern) {
		l.say(diagnostic.Error, f.name, x.Line, CodeMissing, "a metric filter has filterName and filterPattern, both text")
		return
	}
	r := &Rule{ID: name.Text, Title: name.Text, Line: name.Line}
	if g := x.Get("logGroupName"); isText(g) {
		r.Description = "Metric filter of log group " + g.Text
	}
	l.filter(f, r, &part{file: f.name, text: []byte(pattern.Text), line: pattern.Line})
}

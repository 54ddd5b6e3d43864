package page

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/message"
	"github.com/trailwarden/trailwarden/sink"
)

// facts are the lines that a message without an alert behind it has to say.
func facts(m *message.Message) Section {
	var p pairs
	for _, f := range m.Facts {
		p.add(text(f.Name), f.Value)
	}
	return Section{Title: "Facts", Pairs: p}
}

func storm(m *message.Message) Section {
	if len(m.Totals) == 0 {
		return Section{}
	}
	t := &Table{Columns: []string{"Severity", "Rule", "Alerts", "Findings"}}
	for _, l := range m.Totals {
		t.Rows = append(t.Rows, []string{l.Severity.String(), text(aside(l.Title, l.Rule)),
			strconv.FormatInt(l.Alerts, 10), strconv.FormatInt(l.Findings, 10)})
	}
	if m.More > 0 {
		t.More = plural(m.More, "further rule is", "further rules are") + " not shown."
	}
	return Section{Title: "Held back", Table: t}
}

// Rows is the title of a report's table.
const Rows = "Rows"

// report is the rows of a scheduled query.
func report(m *message.Message) Section {
	if len(m.Columns) == 0 {
		return Section{}
	}
	t := &Table{}
	for _, c := range m.Columns {
		t.Columns = append(t.Columns, text(c))
	}
	for _, row := range m.Rows {
		cells := make([]string, len(t.Columns))
		for i := range min(len(row), len(cells)) {
			cells[i] = text(row[i])
		}
		t.Rows = append(t.Rows, cells)
	}
	if m.More > 0 {
		t.More = plural(m.More, "row is not shown.", "rows are not shown.")
	}
	return Section{Title: Rows, Table: t}
}

// action is who did what, where, when and from where.
func action(m *message.Message) Section {
	var p pairs
	p.add("Who", join(", ", aside(m.Who.Name, m.Who.Type), foreign(m)))
	p.add("Identity", m.Who.ARN)
	p.add("Session", join(", ", m.Who.Session, prefixed("through ", m.Who.Source), prefixed("via ", m.Who.Via)))
	p.add("Access key", m.Who.AccessKey)
	p.add("MFA", m.Who.MFA)
	p.add("What", join(", ", aside(m.What.Action, words(m.What)), product(m)))
	p.add("Also", strings.Join(m.What.Others, ", "))
	p.add("Resources", strings.Join(m.What.Resources, ", "))
	for _, l := range m.What.Parameters {
		if slices.Contains(m.What.Resources, l.Value) {
			continue // said already
		}
		p.add("· "+text(l.Name), l.Value)
	}
	p.add("Error", join(": ", m.What.ErrorCode, m.What.Error))
	for _, l := range m.What.Results {
		p.add("→ "+text(l.Name), l.Value)
	}
	p.add("Where", join(", ", aside(m.Where.Account, m.Where.AccountName), m.Where.Unit, aside(m.Where.Region, m.Where.Place)))
	p.add("When", period(m.FirstSeen, m.LastSeen))
	p.add("Count", count(m))
	p.add("From", join(", ", m.From.IP, m.From.City, m.From.Country, m.From.ASN))
	p.add("Client", aside(m.From.Client, m.From.UserAgent))
	for _, l := range m.Group {
		if !slices.Contains([]string{m.Who.ARN, m.Where.Account, m.Where.Region, m.From.IP}, l.Value) {
			p.add("Grouped by "+text(l.Name), l.Value)
		}
	}
	if m.Status != "" {
		p.add("Status", string(m.Status))
	}
	if len(p) == 1 && p[0].Name == "When" {
		return Section{Title: "Period", Pairs: p}
	}
	return Section{Title: "What happened", Pairs: p}
}

// words are the API's, where they say more than its name.
func words(w message.What) string {
	if strings.EqualFold(strings.ReplaceAll(w.Words, " ", ""), w.Action) {
		return ""
	}
	return w.Words
}

// product is the service as people call it, and as records do.
func product(m *message.Message) string {
	if m.What.Product == "" {
		return m.What.Service
	}
	return aside(m.What.Product, m.What.Service)
}

func foreign(m *message.Message) string {
	if m.Who.Foreign && m.Who.Account != "" {
		return "from the other account " + m.Who.Account
	}
	return ""
}

func prefixed(prefix, s string) string {
	if s == "" {
		return ""
	}
	return prefix + s
}

func count(m *message.Message) string {
	if m.Count == 0 || m.Kind == alert.Report {
		return ""
	}
	s := plural(m.Count, "finding", "findings")
	if m.New > 0 && m.New != m.Count {
		s += fmt.Sprintf(", %d new", m.New)
		if !m.Since.IsZero() {
			s += " since " + When(m.Since)
		}
	}
	return s
}

// why is the rule, in its author's words.
func why(m *message.Message) Section {
	s := Section{Title: "Why it matters"}
	if m.Rule.Explanation != "" {
		s.Text = append(s.Text, strings.Split(sink.Defang(sink.Clean(strings.TrimSpace(m.Rule.Explanation))), "\n\n")...)
	}
	var p pairs
	p.add("Rule", aside(m.Rule.Title, m.Rule.ID))
	p.add("Severity", severityOf(m))
	for _, t := range m.Rule.Attack {
		p.add("ATT&CK", join(" ", t.ID, t.Name))
	}
	p.add("Known false alarms", sentences(m.Rule.FalsePositives))
	p.add("Author", m.Rule.Author)
	s.Pairs = p
	return s
}

// sentences joins texts that may or may not end with a full stop.
func sentences(all []string) string {
	var out []string
	for _, s := range all {
		if s = strings.TrimSpace(s); s != "" {
			out = append(out, strings.TrimSuffix(s, ".")+".")
		}
	}
	return strings.Join(out, " ")
}

func severityOf(m *message.Message) string {
	if m.Rule.ID == "" {
		return ""
	}
	return m.Severity.String()
}

func detection(m *message.Message) Section {
	if m.Detection == nil {
		return Section{}
	}
	var p pairs
	p.add("Window", period(m.Detection.From, m.Detection.To))
	p.add("Records", plural(m.Detection.Count, "record", "records"))
	p.add("Event IDs", behind(m.Detection))
	for _, l := range m.Detection.Group {
		p.add("Grouped by "+text(l.Name), l.Value)
	}
	s := Section{Title: "Detection", Pairs: p}
	if t := text(m.Detection.Summary); t != "" {
		s.Text = []string{t}
	}
	if m.Detection.Late {
		s.Text = append(s.Text, "Some records came later than the rule allows for.")
	}
	return s
}

// behind names the records behind a detection.
func behind(d *alert.Detection) string {
	var ids []string
	for _, e := range d.Related {
		if e.EventID != "" {
			ids = append(ids, e.EventID)
		}
	}
	if len(ids) < 2 { // the one is named as evidence
		return ""
	}
	s := strings.Join(ids, ", ")
	if more := d.Count - int64(len(ids)); more > 0 {
		s += fmt.Sprintf(" and %d more", more)
	}
	return s
}

// counted is the tallies of an alert with several findings, without what is the
// same in all of them.
func counted(m *message.Message) Section {
	var p pairs
	for _, t := range m.Tallies {
		if m.Count <= 1 || len(t.Values) == 1 && t.Values[0].Count == m.Count {
			continue
		}
		var values []string
		for _, v := range t.Values {
			values = append(values, fmt.Sprintf("%s ×%d", v.Text, v.Count))
		}
		if t.Others > 0 {
			values = append(values, fmt.Sprintf("others ×%d", t.Others))
		}
		p.add("By "+text(t.Field), strings.Join(values, ", "))
	}
	return Section{Title: "Over all findings", Pairs: p}
}

// events are the sampled records with where each was read.
func events(m *message.Message) Section {
	if len(m.Events) == 0 {
		return Section{}
	}
	t := &Table{Columns: []string{"Time", "Who", "What", "Where", "From", "Event"}, Stacked: true}
	for _, e := range m.Events {
		t.Rows = append(t.Rows, []string{When(e.Time), text(e.Who),
			text(join(" ", e.Action, prefixed("on ", e.Resource), prefixed("→ ", e.Error))),
			text(join(" ", e.Account, e.Region)), text(e.IP), text(join(", ", eventID(e), place(e.Evidence)))})
	}
	if n := m.Count - int64(len(m.Events)); n > 0 {
		t.More = plural(n, "further finding is", "further findings are") + " not shown."
	}
	return Section{Title: "Evidence", Table: t}
}

func eventID(e message.Event) string {
	if e.ID != "" {
		return e.ID
	}
	return e.Evidence.EventID
}

func place(e alert.Evidence) string {
	if e.File == "" {
		return ""
	}
	s := e.File
	if e.Record >= 0 {
		s += fmt.Sprintf(" record %d", e.Record)
	}
	return join(", ", s, e.Integrity)
}

func next(m *message.Message) Section {
	s := Section{Title: "What to do next"}
	for _, step := range m.Next {
		s.Steps = append(s.Steps, message.Step{Text: text(step.Text), Command: command(step.Command)})
	}
	return s
}

func notes(m *message.Message) Section {
	var p pairs
	for _, n := range m.Notes {
		p.add(When(n.Time), join(" ", n.By, n.Did)+prefixed(": ", n.Text))
	}
	return Section{Title: "Notes", Pairs: p}
}

// custom are the fields of a user's template.
func custom(m *message.Message) Section {
	var p pairs
	for _, l := range m.Custom {
		p.add(text(l.Name), l.Value)
	}
	return Section{Title: "Further", Pairs: p}
}

// links are ours and the rule author's; one that is not plain web address is
// shown as text that cannot be followed.
func links(m *message.Message) Section {
	s := Section{Title: "Links"}
	all := append([]message.Link(nil), m.Links...)
	for _, t := range m.Rule.Attack {
		all = append(all, message.Link{Text: "ATT&CK " + t.ID, URL: t.URL})
	}
	all = append(all, message.Link{Text: "Rule", URL: m.Rule.Link})
	for _, r := range m.Rule.References {
		all = append(all, message.Link{Text: "Reference", URL: r})
	}
	var p pairs
	seen := map[string]bool{"": true}
	for _, l := range all {
		again := seen[l.URL]
		seen[l.URL] = true
		switch {
		case again:
		case Web(l.URL):
			s.Links = append(s.Links, message.Link{Text: text(l.Text), URL: l.URL})
		default:
			p.add(text(l.Text), l.URL)
		}
	}
	s.Pairs = p
	return s
}

package message

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/message/mask"
)

const maxHeadline = 250 // characters

// headline is the message in one line.
func headline(m *Message) string {
	var s string
	switch {
	case len(m.Columns) > 0:
		s = firstText(m.Rule.Title, m.Rule.ID) + ": " + counted(m.Count, "row")
	case m.Detection != nil && m.Detection.Summary != "":
		s = detected(m) + inPlace(m)
	default:
		s = call(m) + bySomeone(m) + inPlace(m)
		if m.Count > 1 {
			s += " (" + counted(m.Count, "finding") + ")"
		}
	}
	return oneLine(prefix(m.Kind)+s, maxHeadline)
}

// detected is the rule's name and what it found, each name said once.
func detected(m *Message) string {
	s, title := m.Detection.Summary, firstText(m.Rule.Title, m.Rule.ID)
	if !namesActor(s, m.Who.Name) {
		s += bySomeone(m)
	}
	if strings.HasPrefix(s, title+" ") {
		return s
	}
	return title + ": " + s
}

// namesActor tells whether the summary of an alarm says who acted: "3 records of alice
// and bob behind it", "1 record by bob while …".
func namesActor(summary, who string) bool {
	for _, before := range []string{" of ", " by ", ", ", " and "} {
		for _, after := range []string{" ", ","} {
			if strings.Contains(summary, before+who+after) {
				return true
			}
		}
	}
	return false
}

func prefix(k alert.Kind) string {
	switch k {
	case alert.Repeated:
		return "Again: "
	case alert.Acked:
		return "Acknowledged: "
	case alert.Closed:
		return "Resolved: "
	case alert.Reopened:
		return "Reopened: "
	}
	return ""
}

// call names the API and how it ended: "DeleteTrail (AccessDenied) and 2 more".
func call(m *Message) string {
	s := firstText(m.What.Action, m.Rule.Title, m.Rule.ID, "An event")
	switch {
	case m.What.ErrorCode != "":
		s += " (" + m.What.ErrorCode + ")"
	case m.What.Error != "":
		s += " (failed)"
	}
	if n := len(m.What.Others); n > 0 {
		s += fmt.Sprintf(" and %d more", n)
	}
	return s
}

func bySomeone(m *Message) string {
	switch who := others(m); {
	case m.Who.Name == "" || m.Who.Kind == kindUnknown && m.Who.Name == "unknown":
		return ""
	case who > 0:
		return fmt.Sprintf(" by %s and %d more", m.Who.Name, who)
	}
	return " by " + m.Who.Name
}

// others counts who acted beside the first, as far as the samples tell.
func others(m *Message) int {
	var seen []string
	for _, e := range m.Events {
		if e.Who != "" && e.Who != m.Who.Name && !slices.Contains(seen, e.Who) {
			seen = append(seen, e.Who)
		}
	}
	return len(seen)
}

func inPlace(m *Message) string {
	switch account := m.Where.account(); {
	case account != "" && m.Where.Region != "":
		return " in " + account + ", " + m.Where.Region
	case account+m.Where.Region != "":
		return " in " + account + m.Where.Region
	}
	return ""
}

// oneLine is s without line breaks, cut at limit characters.
func oneLine(s string, limit int) string {
	if len(s) <= limit && only(s, func(c byte) bool { return c >= ' ' && c < utf8.RuneSelf }) {
		return strings.TrimSpace(s) // as nearly always
	}
	s = strings.Map(func(r rune) rune {
		if r != ' ' && unicode.IsSpace(r) {
			return ' '
		}
		return r
	}, s)
	r := []rune(s[:min(len(s), 4*limit+4)])
	if len(r) <= limit {
		return strings.TrimSpace(s)
	}
	return strings.TrimSpace(string(r[:limit-1])) + "…"
}

// summary is the message in a few sentences.
func summary(m *Message) string {
	var s []string
	if m.Detection != nil && m.Detection.Summary != "" {
		s = append(s, m.Detection.Summary+".")
	}
	if t := told(m); t != "" {
		s = append(s, t)
	}
	switch {
	case m.What.ErrorCode != "":
		s = append(s, "It failed: "+strings.TrimSuffix(m.What.ErrorCode+": "+mask.Cut(m.What.Error, 300), ": ")+".")
	case m.What.Error != "":
		s = append(s, "It failed: "+mask.Cut(m.What.Error, 300)+".")
	}
	if m.Count > 1 && len(m.Columns) == 0 {
		s = append(s, counted(m.Count, "finding")+when(m.FirstSeen, m.LastSeen)+".")
	}
	if m.New > 0 {
		s = append(s, counted(m.New, "finding")+" came since the last message.")
	}
	return strings.Join(s, " ")
}

// told is who did what, where, when and from where, in one sentence.
func told(m *Message) string {
	if m.What.Action == "" {
		return ""
	}
	s := append(make([]byte, 0, 512), m.Who.Name...)
	add := func(texts ...string) {
		for _, t := range texts {
			s = append(s, t...)
		}
	}
	add(describe(m.Who), " called ", m.What.Action)
	if product := firstText(m.What.Product, m.What.Service); product != "" {
		add(" of ", product)
	}
	if m.Who.Via != "" {
		add(" through ", m.Who.Via)
	}
	if len(m.What.Resources) > 0 {
		add(" on ", m.What.Resources[0])
		if n := len(m.What.Resources) - 1; n > 0 {
			add(" and ", itoa(n), " more")
		}
	}
	if a := m.Where.account(); a != "" {
		add(" in account ", a)
	}
	if m.Where.Region != "" {
		add(", ", m.Where.Region)
	}
	if m.Where.Place != "" {
		add(" (", m.Where.Place, ")")
	}
	if !m.FirstSeen.IsZero() {
		add(", at ", stamp(m.FirstSeen))
	}
	add(fromPlace(m.From), ".")
	return string(s)
}

func fromPlace(o Origin) string {
	s := ""
	if o.IP != "" {
		s += " from " + o.IP
	}
	if o.Country != "" {
		s += " (" + strings.TrimPrefix(o.City+", "+o.Country, ", ") + ")"
	}
	if o.Client != "" {
		s += " with " + o.Client
	}
	return s
}

// describe says in brackets what the name alone does not.
func describe(w Who) string {
	var d []string
	switch w.Kind {
	case kindUser:
		d = append(d, "IAM user")
	case kindService:
		d = append(d, "AWS service")
	}
	if w.Foreign {
		d = append(d, "of account "+w.Account)
	}
	switch { // of a role or a service, that there was none says nothing
	case w.MFA == "yes":
		d = append(d, "with MFA")
	case w.MFA == "no" && (w.Kind == kindUser || w.Kind == kindRoot):
		d = append(d, "without MFA")
	}
	if len(d) == 0 {
		return ""
	}
	return " (" + strings.Join(d, ", ") + ")"
}

// when is the time of several findings, which may be of one second.
func when(first, last time.Time) string {
	if stamp(first) == stamp(last) {
		return " at " + stamp(first)
	}
	return " between " + stamp(first) + " and " + stamp(last)
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

func counted(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return mask.Count(int(n)) + " " + noun + "s"
}

package sns

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/message"
	"github.com/trailwarden/trailwarden/sink"
	"github.com/trailwarden/trailwarden/sink/fit"
	"github.com/trailwarden/trailwarden/sink/page"
)

// lines writes each record as the walk-through "How to Receive Alerts When
// Specific APIs Are Called" does, four lines in its spelling, followed by what
// its message lacked.
func lines(m *message.Message) string {
	var b strings.Builder
	for i, e := range m.Events {
		if i > 0 {
			b.WriteByte('\n')
		}
		writeEvent(&b, m, i, e)
	}
	if n := m.Count - int64(len(m.Events)); n > 0 {
		fmt.Fprintf(&b, "\nand %d more like this\n", n)
	}
	writeTail(&b, m)
	return b.String()
}

func writeEvent(b *strings.Builder, m *message.Message, i int, e message.Event) {
	write := func(name, value string) {
		if value != "" {
			fmt.Fprintf(b, "%-7s: %s\n", name, value)
		}
	}
	write("Event", value(e.Action))
	write("Source", value(e.Service))
	write("Params", parameters(m, i, e))
	write("Region", value(e.Region))
	write("Account", value(e.Account))
	write("Actor", value(e.Who))
	write("Time", page.When(e.Time))
	write("From", value(e.IP))
	write("Error", value(e.Error))
	write("EventID", value(first(e.ID, e.Evidence.EventID)))
}

// writeTail says which rule it was and where to look.
func writeTail(b *strings.Builder, m *message.Message) {
	fmt.Fprintf(b, "\n%-7s: %s (%s)\n", "Rule", value(m.Rule.Title), value(m.Rule.ID))
	fmt.Fprintf(b, "%-7s: %s\n", "Level", m.Severity)
	fmt.Fprintf(b, "%-7s: %s\n", "Key", value(m.Key))
	for _, l := range m.Links {
		if page.Web(l.URL) {
			fmt.Fprintf(b, "%-7s: %s\n", "Link", l.URL)
		}
	}
}

func first(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

func value(s string) string { return sink.Defang(sink.Line(s)) }

// parameters are the request's, as one line of JSON: of the record where the
// message holds it whole, else those that matter.
func parameters(m *message.Message, i int, e message.Event) string {
	var record struct {
		RequestParameters json.RawMessage `json:"requestParameters"`
	}
	if json.Unmarshal(e.Raw, &record) == nil && len(record.RequestParameters) > 0 {
		var line bytes.Buffer
		if json.Compact(&line, record.RequestParameters) == nil {
			return sink.Defang(fit.Drawn(line.String()))
		}
	}
	labels := requested(e)
	if i == 0 && len(labels) == 0 {
		labels = m.What.Parameters
	}
	if len(labels) == 0 {
		return "null"
	}
	pairs := make([]string, 0, len(labels))
	for _, l := range labels {
		pairs = append(pairs, quote(l.Name)+":"+quote(l.Value))
	}
	return sink.Defang(fit.Drawn("{" + strings.Join(pairs, ",") + "}"))
}

// requested are the request's parameters among the record's essentials.
func requested(e message.Event) []alert.Label {
	var out []alert.Label
	for _, f := range e.Fields {
		if name, ok := strings.CutPrefix(f.Name, "requestParameters."); ok {
			out = append(out, alert.Label{Name: name, Value: f.Value})
		}
	}
	return out
}

func quote(s string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		return `""`
	}
	return strings.TrimSuffix(b.String(), "\n")
}

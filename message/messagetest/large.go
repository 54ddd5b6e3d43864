package messagetest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/message"
)

// Large are messages from a few kilobytes to 5 MB, larger than a Builder makes
// them, so that a sink's own limits are seen to hold: long texts, many events,
// many parameters, many rows.
func Large() []Case {
	var all []Case
	for _, size := range []int{3 << 10, 30 << 10, 300 << 10, 5 << 20} {
		name := fmt.Sprintf("%d KiB ", size>>10)
		all = append(all,
			Case{name + "of text", long(size)}, Case{name + "of events", manyEvents(size)},
			Case{name + "of parameters", manyParameters(size)}, Case{name + "of rows", manyRows(size)})
	}
	return all
}

// long has one text of about size bytes in each place, of characters of one to
// four bytes.
func long(size int) *message.Message {
	s := strings.Repeat("aé€\U0001F600<&\"", size/16/12)
	m := Poisoned(Opened(), s)
	m.Rule.Explanation = s
	return m
}

func manyEvents(size int) *message.Message {
	m := Repeated()
	m.Events = nil
	for i := 0; i*2200 < size; i++ {
		m.Events = append(m.Events, event(i))
	}
	m.Count = int64(len(m.Events))
	return m
}

func manyParameters(size int) *message.Message {
	m := Opened()
	for i := 0; i*120 < size; i++ {
		l := alert.Label{Name: fmt.Sprintf("requestParameters.item.%d", i), Value: strings.Repeat("v<é>", 12)}
		m.What.Parameters = append(m.What.Parameters, l)
	}
	m.Events[0].Fields = m.What.Parameters
	m.Events[0].Raw, _ = json.Marshal(m.What.Parameters) // cannot fail
	return m
}

func manyRows(size int) *message.Message {
	m := Report()
	rows := m.Rows
	for i := 0; i*120 < size; i++ {
		m.Rows = append(m.Rows, rows[i%len(rows)])
	}
	return m
}

// All are the plain, the hostile and the large messages.
func All() []Case { return append(append(Kinds(), Hostile()...), Large()...) }

// Distinct are all messages but for the repeated ones with payloads: their texts
// stand where those of the first message and the report do.
func Distinct() []Case {
	return slices.DeleteFunc(All(), func(c Case) bool { return strings.HasPrefix(c.Name, "repeated, ") })
}

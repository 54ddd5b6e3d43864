package rule

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/trailwarden/trailwarden/internal/yamldoc"
)

// RepeatKeys are the keys of an entry of events that stands for several.
func RepeatKeys() []string { return []string{"event", "times", "every"} }

// maxEvents bounds the records of one test.
const maxEvents = 10_000

// events reads the records of a test of a rule that remembers: a list of
// events, or of mappings with event, times and every, which stand for the event
// so many times, each so much later than the one before.
func (n *native) events(v *yamldoc.Node) (all [][]byte) {
	if v.Kind != yamldoc.List || len(v.Values) == 0 {
		n.fail(v, CodeTest, "events of a test: want a list of events; found a %s", v.Kind)
		return nil
	}
	for _, x := range v.Values {
		e := x.Get("event")
		if e == nil {
			all = append(all, n.event(x))
			continue
		}
		all = append(all, n.repeated(x, e)...)
	}
	if len(all) > maxEvents {
		n.fail(v, CodeTest, "events of a test: %d records; at most %d", len(all), maxEvents)
	}
	return all
}

func (n *native) repeated(x, e *yamldoc.Node) (all [][]byte) {
	times, every := 1, time.Duration(0)
	for i, k := range x.Keys {
		switch v := x.Values[i]; {
		case k.Text == "times":
			times = int(n.number(k, v, 1, maxEvents))
		case k.Text == "every":
			every = n.duration(x, "every", "1m", true, 0)
		case !contains(RepeatKeys(), k.Text):
			n.unknown(k, RepeatKeys(), "an entry of events")
		}
	}
	event := n.event(e)
	m, err := movable(event, times > 1 && every > 0)
	if err != nil {
		n.fail(e, CodeTest, "event that is repeated: %v", err)
		return nil
	}
	for i := range times {
		all = append(all, m.later(time.Duration(i)*every))
	}
	return all
}

// moved is an event whose eventTime can be set: the members before and behind
// it, in the order of their keys.
type moved struct {
	event        []byte
	at           time.Time
	before, next []byte
}

// movable reads event's time when it is to be moved.
func movable(event []byte, moves bool) (m moved, err error) {
	m.event = event
	if !moves {
		return m, nil
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(event, &fields); err != nil {
		return m, err
	}
	if err := json.Unmarshal(fields["eventTime"], &m.at); err != nil {
		return m, fmt.Errorf("it needs an eventTime such as 2026-03-14T09:26:53Z to be moved from")
	}
	before, next := map[string]json.RawMessage{}, map[string]json.RawMessage{}
	for key, value := range fields {
		if key < "eventTime" {
			before[key] = value
		} else if key > "eventTime" {
			next[key] = value
		}
	}
	m.before, _ = json.Marshal(before) // what was JSON is JSON
	m.next, _ = json.Marshal(next)
	return m, nil
}

// later is the event with its eventTime moved.
func (m *moved) later(by time.Duration) []byte {
	if by == 0 {
		return m.event
	}
	out := append(make([]byte, 0, len(m.event)+32), m.before[:len(m.before)-1]...)
	if len(m.before) > len("{}") {
		out = append(out, ',')
	}
	at, err := json.Marshal(m.at.Add(by))
	if err != nil {
		at = []byte("null") // beyond the year 9999
	}
	out = append(append(out, `"eventTime":`...), at...)
	if len(m.next) > len("{}") {
		out = append(out, ',')
	}
	return append(out, m.next[1:]...)
}

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
	for i := range times {
		moved, err := later(event, time.Duration(i)*every)
		if err != nil {
			n.fail(e, CodeTest, "event that is repeated: %v", err)
			return nil
		}
		all = append(all, moved)
	}
	return all
}

// later is the event with its eventTime moved.
func later(event []byte, by time.Duration) ([]byte, error) {
	if by == 0 {
		return event, nil
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(event, &fields); err != nil {
		return nil, err
	}
	var at time.Time
	if err := json.Unmarshal(fields["eventTime"], &at); err != nil {
		return nil, fmt.Errorf("it needs an eventTime such as 2026-03-14T09:26:53Z to be moved from")
	}
	fields["eventTime"], _ = json.Marshal(at.Add(by)) // a time within reach of the year 9999
	return json.Marshal(fields)
}

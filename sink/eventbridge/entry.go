package eventbridge

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/message"
	"github.com/trailwarden/trailwarden/sink"
	"github.com/trailwarden/trailwarden/sink/fit"
)

// entry makes the event of m within the limit of an entry.
func (b *bus) entry(m *message.Message) (types.PutEventsRequestEntry, error) {
	e := types.PutEventsRequestEntry{
		Source:     &b.cfg.Source,
		DetailType: aws.String(detailType(m.Kind)),
		Resources:  resources(m),
	}
	if b.cfg.Bus != "" {
		e.EventBusName = &b.cfg.Bus
	}
	if !m.LastSeen.IsZero() {
		e.Time = aws.Time(m.LastSeen.UTC())
	}
	detail, err := fit.JSON(storable(m), b.cfg.MaxEntry-size(e))
	if err != nil {
		return types.PutEventsRequestEntry{}, err
	}
	e.Detail = aws.String(string(detail))
	return e, nil
}

// size counts an entry as PutEvents does ("Calculating PutEvents event entry
// size"): 14 bytes for a time, and the UTF-8 of source, detail type, detail and
// resources.
func size(e types.PutEventsRequestEntry) int {
	n := len(aws.ToString(e.Source)) + len(aws.ToString(e.DetailType)) + len(aws.ToString(e.Detail))
	if e.Time != nil {
		n += 14
	}
	for _, r := range e.Resources {
		n += len(r)
	}
	return n
}

// detailType is what rules on the bus match on.
func detailType(k alert.Kind) string {
	types := map[alert.Kind]string{
		alert.Opened: "Alert Opened", alert.Repeated: "Alert Repeated", alert.Acked: "Alert Acknowledged",
		alert.Closed: "Alert Resolved", alert.Reopened: "Alert Reopened", alert.Storm: "Alert Storm",
		alert.Report: "Report", alert.Health: "Health", alert.Test: "Test",
	}
	if t, ok := types[k]; ok {
		return "Trailwarden " + t
	}
	return sink.EventBridgeDetailType.Cut("Trailwarden " + sink.Line(string(k)))
}

// mostResources bounds the resources named beside the detail, which has all.
const mostResources = 20

func resources(m *message.Message) []string {
	var out []string
	for _, r := range m.What.Resources {
		if _, err := arn.Parse(r); err == nil && len(r) <= 1024 && sink.Line(r) == r && len(out) < mostResources {
			out = append(out, r)
		}
	}
	return out
}

// storable is m without records that a bus does not take.
func storable(m *message.Message) *message.Message {
	c := *m
	c.Events = append([]message.Event(nil), m.Events...)
	for i := range c.Events {
		if !taken(c.Events[i].Raw) {
			c.Events[i].Raw = nil
		}
	}
	return &c
}

// deepest is the nesting of a record that stays below the 1,000 levels of a
// detail, which has some of its own.
const deepest = 900

// taken tells whether a record's nesting and numbers are within what an
// event's detail may hold: integers are signed with 64 bits.
func taken(raw json.RawMessage) bool {
	if !json.Valid(raw) {
		return false
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	depth := 0
	for {
		t, err := d.Token()
		switch t := t.(type) {
		case json.Delim:
			depth += map[json.Delim]int{'{': 1, '[': 1, '}': -1, ']': -1}[t]
		case json.Number:
			if !number(string(t)) {
				return false
			}
		}
		if err != nil || depth > deepest {
			return depth == 0
		}
	}
}

func number(s string) bool {
	if strings.ContainsAny(s, ".eE") {
		_, err := strconv.ParseFloat(s, 64)
		return err == nil
	}
	_, err := strconv.ParseInt(s, 10, 64)
	return err == nil
}

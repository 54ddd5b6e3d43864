package lambda

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/trailwarden/trailwarden/source"
	"github.com/trailwarden/trailwarden/source/envelope"
)

// Summary is the answer to a direct invocation, and what is logged of every
// other.
type Summary struct {
	Trigger    string           `json:"trigger"`
	Items      int              `json:"items"`
	Failed     []string         `json:"failed,omitempty"` // items to come again, with the reason
	Records    int64            `json:"records"`          // since the environment started
	Duplicates int64            `json:"duplicates"`
	Findings   int64            `json:"findings"`
	Alerts     int64            `json:"alerts"`
	Poisoned   int64            `json:"poisoned"`
	Ignored    map[string]int64 `json:"ignored,omitempty"`
}

func (f *Function) summary(b envelope.Batch, outs []outcome) Summary {
	s := Summary{Trigger: string(b.Shape), Items: len(b.Units), Records: f.live.Received.Load(), Duplicates: f.live.Duplicates.Load(),
		Findings: f.live.Findings.Load(), Alerts: f.live.Alerts.Load(), Poisoned: f.live.Poisoned.Load(), Ignored: f.live.Ignored.All()}
	for i, o := range outs {
		if !source.Done(o.err) {
			s.Failed = append(s.Failed, fmt.Sprintf("%s: %v", b.Units[i].Hop.ID, o.err))
		}
	}
	f.o.Log.Info("invocation", "trigger", s.Trigger, "items", s.Items, "failed", len(s.Failed), "records", s.Records, "alerts", s.Alerts)
	return s
}

// fifo tells whether a batch is of a FIFO queue, whose order must hold.
func fifo(b envelope.Batch) bool {
	return b.Shape == envelope.ShapeSQS && len(b.Units) > 0 && strings.HasSuffix(b.Units[0].Hop.Origin, ".fifo")
}

// respond answers as the trigger wants it.
func respond(payload []byte, b envelope.Batch, outs []outcome, s Summary) ([]byte, error) {
	switch b.Shape {
	case envelope.ShapeSQS, envelope.ShapeKinesis:
		return partial(b, outs)
	case envelope.ShapeFirehose:
		return transformed(payload, b, outs)
	}
	var errs []error
	for i, o := range outs {
		if !source.Done(o.err) {
			errs = append(errs, fmt.Errorf("%s: %w", b.Units[i].Hop.ID, o.err))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return json.Marshal(s)
}

// itemFailure names an item that is to come again.
type itemFailure struct {
	ItemIdentifier string `json:"itemIdentifier"`
}

// partial reports exactly the failed messages of a queue. Of a stream it is the
// first failed record: everything after it comes again by itself. An item
// without an identifier fails the whole batch, for an empty one would too.
func partial(b envelope.Batch, outs []outcome) ([]byte, error) {
	failures := []itemFailure{}
	for i, o := range outs {
		if source.Done(o.err) {
			continue
		}
		id := b.Units[i].Hop.ID
		if id == "" {
			return nil, fmt.Errorf("item %d failed and has no identifier to report: %w", i, o.err)
		}
		failures = append(failures, itemFailure{id})
		if b.Shape == envelope.ShapeKinesis {
			break
		}
	}
	return json.Marshal(map[string]any{"batchItemFailures": failures})
}

// maxTransform is the most bytes of an answer to Firehose (Firehose Developer
// Guide, data transformation: 6 MB).
const maxTransform = 6 << 20

// transformed gives Firehose its records back as they came: they were judged,
// not changed.
func transformed(payload []byte, b envelope.Batch, outs []outcome) ([]byte, error) {
	var event map[string]json.RawMessage // exact names, which a struct would not ask for
	if err := json.Unmarshal(payload, &event); err != nil {
		return nil, err
	}
	var records []map[string]json.RawMessage
	if err := json.Unmarshal(event["records"], &records); err != nil {
		return nil, fmt.Errorf("records: %w", err)
	}
	failed := map[string]bool{}
	for i, o := range outs {
		if !source.Done(o.err) {
			failed[b.Units[i].Hop.ID] = true
		}
	}
	type record struct {
		RecordID json.RawMessage `json:"recordId"`
		Result   string          `json:"result"`
		Data     json.RawMessage `json:"data"`
	}
	answer := make([]record, len(records))
	for i, r := range records {
		var id string
		_ = json.Unmarshal(r["recordId"], &id) // one that is no text is in no unit
		answer[i] = record{r["recordId"], "Ok", r["data"]}
		if failed[id] {
			answer[i].Result = "ProcessingFailed"
		}
	}
	out, err := json.Marshal(map[string]any{"records": answer})
	if err == nil && len(out) > maxTransform {
		return nil, fmt.Errorf("the answer has %d bytes and Firehose takes %d: give the delivery stream smaller buffers", len(out), maxTransform)
	}
	return out, err
}

package lambda

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
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
	Records    int64            `json:"records"`
	Duplicates int64            `json:"duplicates"`
	Findings   int64            `json:"findings"`
	Alerts     int64            `json:"alerts"`
	Poisoned   int64            `json:"poisoned"`
	Ignored    map[string]int64 `json:"ignored,omitempty"`
}

// counted are the figures since the environment started.
func (f *Function) counted() Summary {
	return Summary{Records: f.live.Received.Load(), Duplicates: f.live.Duplicates.Load(), Findings: f.live.Findings.Load(),
		Alerts: f.live.Alerts.Load(), Poisoned: f.live.Poisoned.Load(), Ignored: f.live.Ignored.All()}
}

// summary is what an invocation did, given the figures from before it: an
// environment makes one invocation after the other.
func (f *Function) summary(b envelope.Batch, outs []error, before Summary) Summary {
	s := f.counted()
	s.Trigger, s.Items = string(b.Shape), len(b.Units)
	s.Records, s.Duplicates, s.Findings = s.Records-before.Records, s.Duplicates-before.Duplicates, s.Findings-before.Findings
	s.Alerts, s.Poisoned = s.Alerts-before.Alerts, s.Poisoned-before.Poisoned
	for reason, n := range before.Ignored {
		if s.Ignored[reason] -= n; s.Ignored[reason] == 0 {
			delete(s.Ignored, reason)
		}
	}
	for i, err := range left(outs) {
		s.Failed = append(s.Failed, fmt.Sprintf("%s: %v", nameOf(b, i), err))
	}
	f.o.Log.Info("invocation", "trigger", s.Trigger, "items", s.Items, "failed", len(s.Failed), "records", s.Records, "alerts", s.Alerts)
	return s
}

// left are the items that are to come again, each with its error.
func left(outs []error) iter.Seq2[int, error] {
	return func(yield func(int, error) bool) {
		for i, err := range outs {
			if !source.Done(err) && !yield(i, err) {
				return
			}
		}
	}
}

// nameOf is what an item is called in logs and errors: by its identifier, or by
// its kind.
func nameOf(b envelope.Batch, i int) string { return cmp.Or(b.Units[i].Hop.ID, string(b.Shape)) }

// fifo tells whether a batch is of a FIFO queue, whose order must hold.
func fifo(b envelope.Batch) bool {
	return b.Shape == envelope.ShapeSQS && len(b.Units) > 0 && strings.HasSuffix(b.Units[0].Hop.Origin, ".fifo")
}

// respond answers as the trigger wants it.
func respond(payload []byte, b envelope.Batch, outs []error, s Summary) ([]byte, error) {
	switch b.Shape {
	case envelope.ShapeSQS, envelope.ShapeKinesis:
		return partial(b, outs)
	case envelope.ShapeFirehose:
		return transform(payload, b, outs)
	}
	var errs []error
	for i, err := range left(outs) {
		errs = append(errs, fmt.Errorf("%s: %w", nameOf(b, i), err))
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
func partial(b envelope.Batch, outs []error) ([]byte, error) {
	failures := []itemFailure{}
	for i, err := range left(outs) {
		id := b.Units[i].Hop.ID
		if id == "" {
			return nil, fmt.Errorf("item %d failed and has no identifier to report: %w", i, err)
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

// transformed is a record in the answer to Firehose.
type transformed struct {
	RecordID json.RawMessage `json:"recordId"`
	Result   string          `json:"result"`
	Data     json.RawMessage `json:"data,omitempty"`
}

// The results of a transformation. Of a record that failed Firehose keeps the
// original apart, so that no data need be given back.
const (
	transformOK     = "Ok"
	transformFailed = "ProcessingFailed"
)

// transform gives Firehose its records back as they came: they were judged, not
// changed. Every record is answered, also those whose data has no room in the
// answer.
func transform(payload []byte, b envelope.Batch, outs []error) ([]byte, error) {
	var event map[string]json.RawMessage // exact names, which a struct would not ask for
	if err := json.Unmarshal(payload, &event); err != nil {
		return nil, err
	}
	var records []map[string]json.RawMessage
	if err := json.Unmarshal(event["records"], &records); err != nil {
		return nil, fmt.Errorf("records: %w", err)
	}
	failed := failedUnits(b, outs)
	answer := make([]transformed, len(records))
	room := maxTransform - len(`{"records":[]}`)
	for i, r := range records {
		answer[i] = transformed{RecordID: r["recordId"], Result: transformFailed}
		room -= len(r["recordId"]) + len(`{"recordId":,"result":"ProcessingFailed"},`)
	}
	for i, r := range records {
		var id string
		_ = json.Unmarshal(r["recordId"], &id) // one that is no text is in no unit
		if cost := len(`"data":,`) + len(r["data"]); failed[id] == nil && isBase64(r["data"]) && cost <= room {
			answer[i].Result, answer[i].Data = transformOK, r["data"]
			room -= cost
		}
	}
	return json.Marshal(map[string]any{"records": answer})
}

// failedUnits are the units that are to come again, by identifier.
func failedUnits(b envelope.Batch, outs []error) map[string]error {
	failed := map[string]error{}
	for i, err := range left(outs) {
		failed[b.Units[i].Hop.ID] = err
	}
	return failed
}

// isBase64 tells whether a JSON value is base64 text, which Firehose takes back.
func isBase64(raw json.RawMessage) bool {
	var data []byte
	return len(raw) > 0 && raw[0] == '"' && json.Unmarshal(raw, &data) == nil
}

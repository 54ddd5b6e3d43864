package intake

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/detect/memory"
	"github.com/trailwarden/trailwarden/rule"
)

// The sizes at which a Keeper commits what it has.
const (
	keepFindings = 1000
	keepBytes    = 4 << 20
)

// Keeper makes alerts of the findings that a scan writes: lines of NDJSON with
// the raw record as their last key, event. It commits them in batches; Close
// commits the rest. It is for one goroutine.
type Keeper struct {
	Mode string // scan
	Now  func() time.Time

	store alert.Committer
	rules map[string]*alert.Rule
	batch []alert.Finding
	bytes int
	sum   alert.Committed
}

// NewKeeper makes a Keeper for findings of these rules; adjust is as in Prepare.
func NewKeeper(store alert.Committer, rules []*rule.Rule, adjust func(*alert.Rule)) *Keeper {
	k := &Keeper{Mode: "scan", Now: time.Now, store: store, rules: map[string]*alert.Rule{}}
	for _, r := range rules {
		f := Facts(r)
		if adjust != nil {
			adjust(f)
		}
		if k.rules[r.ID] == nil {
			k.rules[r.ID] = f
		}
	}
	return k
}

// Findings takes whole lines. The error is the store's.
func (k *Keeper) Findings(ctx context.Context, lines []byte) error {
	for line := range bytes.Lines(lines) {
		f, err := k.finding(bytes.TrimSuffix(line, []byte("\n")))
		if err != nil {
			return err
		}
		k.batch = append(k.batch, f)
		if k.bytes += len(f.Record); len(k.batch) >= keepFindings || k.bytes >= keepBytes {
			if err := k.commit(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

func (k *Keeper) finding(line []byte) (alert.Finding, error) {
	v := cloudtrail.ValueOf(line)
	r := k.rules[v.Get("rule").Str()]
	if r == nil {
		return alert.Finding{}, fmt.Errorf("a finding of rule %q, which is none of this scan's", v.Get("rule").Str())
	}
	var window *told
	if d := v.Get("detection"); d.Kind() == cloudtrail.Object {
		window = new(told)
		if err := json.Unmarshal(d.Raw(), window); err != nil {
			window = nil // the record alone still is a finding
		}
	}
	event := v.Get("event")
	raw := event.Raw()
	if window != nil && event.Kind() == cloudtrail.Null {
		raw = window.record() // it came true because nothing came
	}
	rec, err := cloudtrail.ParseRecord(raw)
	if err != nil {
		return alert.Finding{}, fmt.Errorf("a finding of rule %s without its record: %w", r.ID, err)
	}
	var index int
	if err := json.Unmarshal(v.Get("record").Raw(), &index); err != nil {
		index = -1
	}
	f := Finding(rec, index, &Origin{File: v.Get("file").Str(), Mode: k.Mode, Arrived: k.Now().UTC()})
	f.Rule = r
	if window != nil { // as Memory.Finding has them, so that a server on the same store counts nothing again
		f.Detection, f.Identity, f.Time = &window.Detection, window.ID, window.At.UTC()
	}
	return f, nil
}

// told is a finding's detection, as the report writes it.
type told struct {
	alert.Detection
	At time.Time `json:"at"`
}

// record stands for the record of a detection that has none.
func (d *told) record() []byte {
	known := memory.Known{At: d.At}
	for _, l := range d.Group {
		known.Group = append(known.Group, memory.Label{Name: l.Name, Value: l.Value})
	}
	return known.Record()
}

func (k *Keeper) commit(ctx context.Context) error {
	if len(k.batch) == 0 {
		return nil
	}
	done, err := k.store.Commit(ctx, alert.Batch{Findings: k.batch, Now: k.Now().UTC()})
	if err != nil {
		return fmt.Errorf("the findings could not be kept: %w", err)
	}
	k.sum.New += done.New
	k.sum.Repeated += done.Repeated
	k.sum.Known += done.Known
	k.sum.Excepted += done.Excepted
	k.sum.Silenced += done.Silenced
	k.sum.Queued += done.Queued
	clear(k.batch)
	k.batch, k.bytes = k.batch[:0], 0
	return nil
}

// Close commits what is left and tells what became of all findings; the list
// of alerts is left out.
func (k *Keeper) Close(ctx context.Context) (alert.Committed, error) {
	err := k.commit(ctx)
	return k.sum, err
}

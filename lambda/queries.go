package lambda

import (
	"context"
	"encoding/json"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/query/schedule"
)

// byClock lets time go on for the rules that remember when a schedule invoked
// the function. When that fails the next schedule makes up for it.
func (f *Function) byClock(ctx context.Context, payload []byte) {
	if !scheduled(payload) {
		return
	}
	ctx, cancel := working(ctx, f.o.Now())
	defer cancel()
	if err := f.live.ByClock(ctx); err != nil {
		f.o.Log.Error("what rules remember is not judged by the clock; the next schedule makes up for it", "error", err)
	}
}

// ask runs the scheduled queries that are due when a schedule invoked the
// function. One that fails is made up for by the next schedule.
func (f *Function) ask(ctx context.Context, payload []byte) {
	p := f.parts.Load()
	if len(p.Queries) == 0 || !scheduled(payload) {
		return
	}
	ctx, cancel := working(ctx, f.o.Now())
	defer cancel()
	r := &schedule.Runner{Store: f.store, Mode: f.o.Mode, Now: f.o.Now, Log: f.o.Log,
		Sinks: func(rule *alert.Rule) []string { return p.Policy.SinksOf(&alert.Alert{Rule: rule}) }}
	if err := r.Tick(ctx, p.Queries); err != nil {
		f.o.Log.Error("a query by the clock failed; the next schedule makes up for it", "error", err)
	}
}

// scheduled tells whether an invocation comes from an EventBridge rule's
// schedule (EventBridge User Guide, creating a rule that runs on a schedule).
func scheduled(payload []byte) bool {
	var e struct {
		Source string `json:"source"`
		Type   string `json:"detail-type"`
	}
	return json.Unmarshal(payload, &e) == nil && e.Source == "aws.events" && e.Type == "Scheduled Event"
}

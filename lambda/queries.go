package lambda

import (
	"context"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/query/schedule"
	"github.com/trailwarden/trailwarden/source/envelope"
)

// byClock lets time go on for the rules that remember when a schedule invoked
// the function. When that fails the next schedule makes up for it.
func (f *Function) byClock(ctx context.Context, b envelope.Batch) {
	if !scheduled(b) {
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
func (f *Function) ask(ctx context.Context, b envelope.Batch) {
	p := f.parts.Load()
	if len(p.Queries) == 0 || !scheduled(b) {
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

// scheduled tells whether an invocation comes from a clock: from an EventBridge
// rule with a schedule, or from EventBridge Scheduler.
func scheduled(b envelope.Batch) bool {
	if b.Shape != envelope.ShapeEventBridge || len(b.Units) != 1 || len(b.Units[0].Items) != 1 {
		return false
	}
	it := b.Units[0].Items[0]
	return it.Kind == envelope.Nothing && it.What == envelope.Schedule && len(it.Path) == 1
}

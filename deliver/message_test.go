package deliver_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/deliver"
	"github.com/trailwarden/trailwarden/message"
)

// The messages of every kind that the store makes are built by package message,
// and say what is new.
func TestMessagesAreBuilt(t *testing.T) {
	b, err := message.NewBuilder(message.Options{})
	if err != nil {
		t.Fatal(err)
	}
	r := &receiver{}
	inWorld(t, one(r), func(o *deliver.Options) { o.Build = b.Build }, func(w *world) {
		p := everythingTo(w.sinks)
		p.Sinks["chat"] = alert.SinkPolicy{Lifecycle: true, Quota: 3}
		w.policy.Store(p)
		id := w.find("0", "role-0")
		pass(time.Second)
		for i := range 20 {
			w.find(fmt.Sprint("x", i), fmt.Sprint("role-", i))
		}
		pass(3 * time.Hour)
		if _, err := w.s.Act(context.Background(), id, alert.Action{Did: alert.DidResolve, By: "alice", Now: time.Now()}); err != nil {
			t.Fatal(err)
		}
		if err := w.d.Health(context.Background(), alert.Notice{Key: "k", Headline: "Something is wrong"}, ""); err != nil {
			t.Fatal(err)
		}
		pass(time.Hour)
		dead, _, err := w.s.Dead(context.Background(), "", 10, "")
		if err != nil || len(dead) != 0 {
			t.Fatalf("%v, %v", dead, err)
		}
		got := r.ledger()
		for kind, check := range map[alert.Kind]func(*message.Message) bool{
			alert.Opened:   func(m *message.Message) bool { return len(m.Events) > 0 && m.Count >= 1 },
			alert.Repeated: func(m *message.Message) bool { return m.New == 1 && m.Count == 2 && !m.Since.IsZero() },
			alert.Closed:   func(m *message.Message) bool { return m.Status == alert.Resolved && m.Key == id },
			alert.Storm: func(m *message.Message) bool {
				return len(m.Totals) == 1 && m.Totals[0].Alerts > 10 && m.Headline != ""
			},
			alert.Health: func(m *message.Message) bool { return m.Headline == "Something is wrong" },
		} {
			of := only(got, kind)
			if len(of) == 0 {
				t.Errorf("no message of kind %s", kind)
			} else if m := of[len(of)-1].m; !check(m) {
				t.Errorf("%s: got %+v", kind, m)
			}
		}
	})
}

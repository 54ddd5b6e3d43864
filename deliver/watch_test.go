package deliver_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/alert/storetest"
	"github.com/trailwarden/trailwarden/deliver"
	"github.com/trailwarden/trailwarden/message"
	"github.com/trailwarden/trailwarden/severity"
)

// Exceptions that are about to end are told of once a day, some days before.
func TestExpiringExceptionsAreTold(t *testing.T) {
	mail := &receiver{}
	change := func(o *deliver.Options) {
		r := rule("r", severity.Low)
		r.Exceptions = []alert.Exception{{Owner: "alice", Reason: "migration", Place: "r.yaml:9", Expires: time.Now().Add(9 * 24 * time.Hour)}}
		o.Rules = func() []*alert.Rule { return []*alert.Rule{r} }
	}
	inWorld(t, map[string]*receiver{"mail": mail}, change, func(*world) {
		pass(24 * time.Hour)
		if n := len(mail.ledger()); n != 0 {
			t.Errorf("told %d times more than a week ahead", n)
		}
		pass(3 * 24 * time.Hour)
		got := mail.ledger()
		if len(got) < 2 || len(got) > 3 || !strings.Contains(got[0].m.Summary, "alice") {
			t.Errorf("told %d times in the next three days, want once a day", len(got))
		}
	})
}

// P6: a backlog that grows is told of through another sink.
func TestBacklogIsTold(t *testing.T) {
	chat := &receiver{answer: func(int, *message.Message) alert.Outcome {
		return alert.Outcome{Class: alert.Retry, Reason: "503", NotUntil: time.Now().Add(time.Hour)}
	}}
	mail := &receiver{}
	change := func(o *deliver.Options) { o.Backlog = 20 }
	inWorld(t, map[string]*receiver{"chat": chat, "mail": mail}, change, func(w *world) {
		for i := range 25 {
			w.find(fmt.Sprint(i), fmt.Sprint("role-", i))
		}
		pass(2 * time.Minute)
		health := only(mail.ledger(), alert.Health)
		if len(health) != 1 || !strings.Contains(health[0].m.Summary, "messages wait for sink") {
			t.Errorf("got %d health messages", len(health))
		}
	})
}

// P6: messages of a sink that is no longer configured are told of, once a day.
func TestOrphansAreTold(t *testing.T) {
	chat := &receiver{answer: func(int, *message.Message) alert.Outcome {
		return alert.Outcome{Class: alert.Retry, Reason: "503"}
	}}
	mail := &receiver{}
	inWorld(t, map[string]*receiver{"chat": chat, "mail": mail}, nil, func(w *world) {
		w.find("1", "a")
		pass(5 * time.Minute)
		if n := len(only(mail.ledger(), alert.Health)); n != 0 {
			t.Errorf("%d health messages while the sink is there", n)
		}
		if err := w.d.Reload([]deliver.Target{{Name: "mail", Sink: mail}}); err != nil {
			t.Fatal(err)
		}
		pass(23 * time.Hour)
		health := only(mail.ledger(), alert.Health)
		if len(health) == 0 || len(health) > 2 || !strings.Contains(health[0].m.Summary, `"chat\", which is not configured`) {
			t.Errorf("got %d health messages: %+v", len(health), health)
		}
		if n := w.backlog(); n != 1 {
			t.Errorf("%d messages wait, want the one", n)
		}
	})
}

// A changed interval counts at once, through a reload.
func TestReloadChangesIntervals(t *testing.T) {
	chat := &receiver{}
	inWorld(t, one(chat), nil, func(w *world) {
		w.find("1", "a")
		pass(time.Second)
		w.find("2", "a")
		p := everythingTo(w.sinks)
		p.Repeat = 10 * time.Minute
		w.policy.Store(p)
		if err := w.d.Reload(targets(w.sinks)); err != nil {
			t.Fatal(err)
		}
		pass(12 * time.Minute)
		got := only(chat.ledger(), alert.Repeated)
		if len(got) != 1 || got[0].m.Count != 2 {
			t.Errorf("got %d repeats in 12 minutes, want 1", len(got))
		}
	})
}

// What a worker sends is observed, with its class.
func TestObserve(t *testing.T) {
	seen := make(chan deliver.Attempt, 10)
	r := &receiver{answer: func(n int, _ *message.Message) alert.Outcome {
		return []alert.Outcome{{Class: alert.Retry, Reason: "503"}, {Class: alert.OK}}[n-1]
	}}
	inWorld(t, one(r), func(o *deliver.Options) { o.Observe = func(a deliver.Attempt) { seen <- a } }, func(w *world) {
		w.find("1", "a")
		pass(time.Minute)
		if st := w.d.Status()[0]; st.Sent != 1 || st.Retried != 1 || !st.Failing.IsZero() {
			t.Errorf("got %+v", st)
		}
		if n, err := w.s.Backlog(context.Background()); err != nil || len(n) != 0 {
			t.Errorf("backlog: %v, %v", n, err)
		}
	})
	if a, b := <-seen, <-seen; a.Class != alert.Retry || a.Reason != "503" || b.Class != alert.OK || b.Kind != alert.Opened {
		t.Errorf("got %+v and %+v", a, b)
	}
}

// F9: a message that a clock which was ahead put off goes out soon after it is set
// back.
func TestAClockThatIsSetBackReleasesWhatItPutOff(t *testing.T) {
	chat := &receiver{answer: func(n int, _ *message.Message) alert.Outcome {
		if n == 1 {
			return alert.Outcome{Class: alert.Retry, Reason: "503"}
		}
		return alert.Outcome{Class: alert.OK}
	}}
	var ahead atomic.Int64
	now := func() time.Time { return time.Now().Round(0).Add(time.Duration(ahead.Load())) }
	inWorld(t, map[string]*receiver{"chat": chat}, func(o *deliver.Options) { o.Now = now }, func(w *world) {
		ahead.Store(int64(30 * 24 * time.Hour))
		f := storetest.Finding(rule("r", severity.High), storetest.Event{ID: "1", Role: "a"})
		if _, err := w.s.Commit(context.Background(), alert.Batch{Findings: []alert.Finding{f}, Now: now()}); err != nil {
			t.Fatal(err)
		}
		w.d.Wake()
		pass(time.Millisecond)
		if n := len(chat.tried()); n != 1 {
			t.Fatalf("tried %d times while the clock was ahead, want once", n)
		}
		ahead.Store(0)
		pass(3 * time.Minute)
		if n := len(chat.ledger()); n != 1 {
			t.Errorf("told %d times within three minutes after the clock was set back, want once", n)
		}
	})
}

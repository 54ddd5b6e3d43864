package deliver_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/alert/sqlite"
	"github.com/trailwarden/trailwarden/alert/storetest"
	"github.com/trailwarden/trailwarden/deliver"
	"github.com/trailwarden/trailwarden/message"
	"github.com/trailwarden/trailwarden/severity"
	"github.com/trailwarden/trailwarden/sink"
)

// batcher takes several messages in one call.
type batcher struct {
	*receiver
	short int // calls that get one outcome too few
	sizes []int
}

func (b *batcher) DeliverBatch(ctx context.Context, ns []sink.Notification) (os []alert.Outcome) {
	b.sizes = append(b.sizes, len(ns))
	for _, n := range ns {
		os = append(os, b.Deliver(ctx, n))
	}
	if b.short > 0 {
		b.short--
		return os[1:]
	}
	return os
}

// A call that carries several messages settles each as it ended; one that does
// not say how each ended is tried again.
func TestBatches(t *testing.T) {
	r := &receiver{traits: sink.Traits{Batch: 10}, answer: func(n int, _ *message.Message) alert.Outcome {
		if n%4 == 0 {
			return alert.Outcome{Class: alert.Reject, Reason: "FailedEntry"}
		}
		return alert.Outcome{Class: alert.OK}
	}}
	b := &batcher{receiver: r, short: 1}
	change := func(o *deliver.Options) { o.Targets = []deliver.Target{{Name: "chat", Sink: b}} }
	inWorld(t, one(r), change, func(w *world) {
		w.stop()
		for i := range 15 {
			w.find(fmt.Sprint(i), fmt.Sprint("role-", i))
		}
		w.start()
		pass(time.Hour)
		dead, _, err := w.s.Dead(context.Background(), "chat", 100, "")
		if err != nil || w.backlog() != 0 {
			t.Fatalf("%v, %d wait", err, w.backlog())
		}
		delivered := map[string]bool{}
		for _, c := range r.ledger() {
			delivered[c.m.Key] = true
		}
		for _, d := range dead {
			if d.LastError != "FailedEntry" {
				t.Errorf("dead: %+v", d)
			}
			delivered[d.Alert] = true
		}
		if len(delivered) != 15 || b.sizes[0] != 10 {
			t.Errorf("%d alerts arrived or died, want 15; calls of %v", len(delivered), b.sizes)
		}
	})
	if _, err := deliver.New(deliver.Options{Store: &noStore{}, Build: build, Targets: []deliver.Target{{Name: "x", Sink: r}}}); err == nil {
		t.Error("a sink that claims to take batches and does not was taken")
	}
}

// F50: the receiver's wait counts for the whole sink although other messages of
// the same call arrived.
func TestRetryAfterInABatch(t *testing.T) {
	r := &receiver{traits: sink.Traits{Batch: 10}}
	r.answer = func(n int, _ *message.Message) alert.Outcome {
		if n == 1 {
			return alert.Outcome{Class: alert.Retry, Reason: "429", NotUntil: time.Now().Add(10 * time.Minute)}
		}
		return alert.Outcome{Class: alert.OK}
	}
	change := func(o *deliver.Options) { o.Targets = []deliver.Target{{Name: "chat", Sink: &batcher{receiver: r}}} }
	inWorld(t, one(r), change, func(w *world) {
		w.stop()
		w.find("1", "a")
		w.find("2", "b")
		w.start()
		pass(time.Second)
		w.find("3", "c")
		pass(9 * time.Minute)
		if n := len(r.tried()); n != 2 {
			t.Errorf("%d messages were sent before the receiver wanted any, want the two of the first call", n)
		}
		pass(2 * time.Minute)
		if n := len(r.ledger()); n != 3 {
			t.Errorf("%d messages arrived, want 3", n)
		}
	})
}

// A call that failed is one failure, however many messages it carried: what comes
// back within seconds is sent within seconds.
func TestABatchFailsOnce(t *testing.T) {
	r := &receiver{traits: sink.Traits{Batch: 250}}
	r.answer = func(n int, _ *message.Message) alert.Outcome {
		if n <= 15 {
			return alert.Outcome{Class: alert.Retry, Reason: "no space left on device"}
		}
		return alert.Outcome{Class: alert.OK}
	}
	change := func(o *deliver.Options) { o.Targets = []deliver.Target{{Name: "chat", Sink: &batcher{receiver: r}}} }
	inWorld(t, one(r), change, func(w *world) {
		w.stop()
		for i := range 15 {
			w.find(fmt.Sprint(i), fmt.Sprint("role-", i))
		}
		w.start()
		pass(5 * time.Second)
		if n := len(r.ledger()); n != 15 {
			t.Errorf("%d messages arrived five seconds after one call had failed, want all 15", n)
		}
	})
}

// forgetful is a store that takes no news of trouble.
type forgetful struct{ *sqlite.Store }

func (forgetful) Put(context.Context, alert.Delivery) error { return errors.New("no room") }

// Where nobody can be told of a message that was refused, the others of its call
// count all the same.
func TestTroubleThatCannotBeToldStopsNothing(t *testing.T) {
	chat := &receiver{traits: sink.Traits{Batch: 10}, answer: func(n int, _ *message.Message) alert.Outcome {
		if n%2 == 1 {
			return alert.Outcome{Class: alert.Reject, Reason: "FailedEntry"}
		}
		return alert.Outcome{Class: alert.OK}
	}}
	var attempts atomic.Int32
	change := func(o *deliver.Options) {
		o.Store = forgetful{o.Store.(*sqlite.Store)}
		o.Observe = func(deliver.Attempt) { attempts.Add(1) }
		o.Targets = []deliver.Target{{Name: "chat", Sink: &batcher{receiver: chat}}, {Name: "other", Sink: &receiver{}}}
	}
	inWorld(t, one(chat), change, func(w *world) {
		w.stop()
		for i := range 10 {
			w.find(fmt.Sprint(i), fmt.Sprint("role-", i))
		}
		w.start()
		pass(time.Hour)
		if n := attempts.Load(); n != 10 || w.backlog() != 0 {
			t.Errorf("%d attempts are told of, %d wait", n, w.backlog())
		}
		for _, st := range w.d.Status() {
			if st.Sink == "chat" && (st.Sent != 5 || st.Dead != 5) {
				t.Errorf("%d sent, %d dead, want 5 each", st.Sent, st.Dead)
			}
		}
	})
}

type noStore struct{ deliver.Store }

// What this package's messages are made of is what package message reads.
func TestBodies(t *testing.T) {
	policy := &alert.Policy{Routes: []alert.Route{{Sinks: []string{"s"}}}, Sinks: map[string]alert.SinkPolicy{"s": {Quota: 1}}}
	env := &alert.Env{Policy: policy, Now: storetest.Noon()}
	b := alert.Batch{Findings: storetest.Many(storetest.Rule("r", severity.High), 5, 5), Now: env.Now}
	var out []alert.Delivery
	in, _, _ := alert.Gather(&b, policy)
	for _, i := range in {
		_, ds, _ := alert.Apply(nil, i, env)
		out = append(out, ds...)
	}
	storm, ok, _ := alert.Claim(nil, out[len(out)-1], env)
	if !ok || storm.Kind != alert.Storm {
		t.Fatalf("got %+v", storm)
	}
	health := alert.Notice{Key: "k", Headline: "h", Severity: severity.Low, Facts: []alert.Label{{Name: "a", Value: "b"}}}.Delivery("s", env.Now)
	for _, body := range [][]byte{storm.Body, health.Body} {
		var got message.Body
		dec := json.NewDecoder(bytes.NewReader(body))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&got); err != nil || got.Headline == "" || len(got.Key) != 64 {
			t.Errorf("%s: %v", body, err)
		}
	}
	var got message.Body
	if err := json.Unmarshal(storm.Body, &got); err != nil || len(got.Totals) != 1 || got.Totals[0].Alerts != 4 || got.Totals[0].Findings != 4 {
		t.Errorf("got %+v, %v", got.Totals, err)
	}
}

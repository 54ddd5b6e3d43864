package deliver_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/deliver"
	"github.com/trailwarden/trailwarden/message"
	"github.com/trailwarden/trailwarden/severity"
	"github.com/trailwarden/trailwarden/sink"
)

func one(r *receiver) map[string]*receiver { return map[string]*receiver{"chat": r} }

// F50: no request before the time that the receiver named, at most an hour
// away, and everything arrives.
func TestRetryAfter(t *testing.T) {
	for _, c := range []struct {
		name  string
		asked time.Duration
		least time.Duration
		most  time.Duration
	}{
		{"not at all", 0, 0, time.Second},
		{"seconds", 30 * time.Second, 30 * time.Second, 31 * time.Second},
		{"a date in the past", -time.Hour, 0, time.Second},
		{"absurd", 9000 * time.Hour, time.Hour, time.Hour + time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := &receiver{answer: func(n int, _ *message.Message) alert.Outcome {
				if n > 1 {
					return alert.Outcome{Class: alert.OK}
				}
				o := alert.Outcome{Class: alert.Retry, Reason: "429"}
				if c.asked != 0 {
					o.NotUntil = time.Now().Add(c.asked)
				}
				return o
			}}
			inWorld(t, one(r), nil, func(w *world) {
				w.find("1", "a")
				pass(10 * time.Millisecond)
				w.find("2", "b") // may not go out before the time either
				pass(3 * time.Hour)
				calls, got := r.tried(), r.ledger()
				if len(got) != 2 || len(calls) != 3 {
					t.Fatalf("%d calls, %d arrived, want 3 and 2", len(calls), len(got))
				}
				first := calls[1].at.Sub(calls[0].at)
				if c.asked > 0 && first < c.least {
					t.Errorf("a request %s after the answer, want %s at least", first, c.least)
				}
				if wait := got[1].at.Sub(calls[0].at); wait > c.most+time.Second {
					t.Errorf("the last message came after %s, want %s at most", wait, c.most)
				}
			})
		})
	}
}

// F51: down for six hours with every kind of failure, an alert a minute: nothing
// is lost, each alert's messages are in order, and the backlog is gone ten
// minutes after recovery.
func TestOutageOfSixHours(t *testing.T) {
	var down time.Time
	r := &receiver{traits: sink.Traits{PerSecond: 1}}
	r.answer = func(n int, _ *message.Message) alert.Outcome {
		if time.Now().Before(down) {
			return alert.Outcome{Class: alert.Retry, Unsure: n%3 == 0, Reason: fmt.Sprint(500 + n%4)}
		}
		return alert.Outcome{Class: alert.OK}
	}
	inWorld(t, one(r), nil, func(w *world) {
		down = time.Now().Add(6 * time.Hour)
		for i := range 360 {
			id := w.find(fmt.Sprint(i), fmt.Sprint("role-", i%200))
			if i%10 == 0 {
				if _, err := w.s.Act(context.Background(), id, alert.Action{Did: alert.DidAcknowledge, By: "a", Now: time.Now()}); err != nil {
					t.Fatal(err)
				}
			}
			pass(time.Minute)
		}
		tried := len(r.tried())
		pass(10 * time.Minute)
		if n := w.backlog(); n != 0 {
			t.Errorf("%d messages still wait ten minutes after recovery", n)
		}
		alerts, last := map[string]bool{}, map[string]int64{}
		for _, c := range r.ledger() {
			alerts[c.m.Key] = true
			if c.m.Sequence <= last[c.m.Key] {
				t.Errorf("alert %.8s: message %d after %d", c.m.Key, c.m.Sequence, last[c.m.Key])
			}
			last[c.m.Key] = c.m.Sequence
		}
		if len(alerts) != 200 {
			t.Errorf("%d alerts arrived, want 200", len(alerts))
		}
		if tried > 400 {
			t.Errorf("%d attempts while it was down, want few", tried)
		}
	})
}

// F52: the answer is lost. The message is sent once more, and says so.
func TestLostAnswer(t *testing.T) {
	r := &receiver{answer: func(n int, _ *message.Message) alert.Outcome {
		if n == 1 {
			return alert.Outcome{Class: alert.Retry, Unsure: true, Reason: "connection reset"}
		}
		return alert.Outcome{Class: alert.OK}
	}}
	inWorld(t, one(r), nil, func(w *world) {
		w.find("1", "a")
		pass(time.Hour)
		calls := r.tried()
		if len(calls) != 2 || calls[0].m.MayRepeat || !calls[1].m.MayRepeat || calls[0].m.Sequence != calls[1].m.Sequence {
			t.Errorf("got %d calls", len(calls))
		}
	})
}

// F54: what is refused is a dead letter after one try, and the next message goes
// out.
func TestRejected(t *testing.T) {
	r := &receiver{answer: func(n int, _ *message.Message) alert.Outcome {
		if n == 1 {
			return alert.Outcome{Class: alert.Reject, Reason: "400 invalid_blocks"}
		}
		return alert.Outcome{Class: alert.OK}
	}}
	inWorld(t, one(r), nil, func(w *world) {
		bad := w.find("1", "a")
		good := w.find("2", "b")
		pass(5 * time.Second)
		dead, _, err := w.s.Dead(context.Background(), "chat", 10, "")
		if err != nil || len(dead) != 1 || dead[0].Alert != bad || dead[0].LastError != "400 invalid_blocks" {
			t.Fatalf("dead letters: %+v, %v", dead, err)
		}
		if got := r.ledger(); len(got) != 1 || got[0].m.Key != good {
			t.Errorf("got %d messages", len(got))
		}
	})
}

// A message that cannot be made harms only itself.
func TestBuildFails(t *testing.T) {
	r := &receiver{}
	change := func(o *deliver.Options) {
		o.Build = func(ctx context.Context, a *alert.Alert, d alert.Delivery) (*message.Message, error) {
			switch a.Group[2].Value {
			case "arn:aws:iam::111122223333:role/error":
				return nil, errors.New("template: line 3")
			case "arn:aws:iam::111122223333:role/panic":
				panic("oops")
			}
			return build(ctx, a, d)
		}
	}
	inWorld(t, one(r), change, func(w *world) {
		w.find("1", "error")
		w.find("2", "panic")
		w.find("3", "good")
		pass(5 * time.Second)
		dead, _, err := w.s.Dead(context.Background(), "", 10, "")
		if err != nil || len(dead) != 2 || len(r.ledger()) != 1 {
			t.Errorf("%d dead, %d arrived, %v; want 2 and 1", len(dead), len(r.ledger()), err)
		}
	})
}

// F55: refused credentials pause the sink, another hears of it within a minute,
// nothing is lost, and a reload sends what waited.
func TestAuth(t *testing.T) {
	revoked := true
	chat := &receiver{answer: func(int, *message.Message) alert.Outcome {
		if revoked {
			return alert.Outcome{Class: alert.Auth, Reason: "401 token_revoked"}
		}
		return alert.Outcome{Class: alert.OK}
	}}
	mail := &receiver{}
	sinks := map[string]*receiver{"chat": chat, "mail": mail}
	inWorld(t, sinks, nil, func(w *world) {
		begin := time.Now()
		for i := range 5 {
			w.find(fmt.Sprint(i), fmt.Sprint("role-", i))
			pass(time.Minute)
		}
		if n := len(chat.tried()); n != 1 {
			t.Errorf("%d calls with refused credentials, want 1", n)
		}
		health := only(mail.ledger(), alert.Health)
		if len(health) != 1 || health[0].at.Sub(begin) > time.Minute || !strings.Contains(health[0].m.Summary, "token_revoked") {
			t.Fatalf("got %d health messages", len(health))
		}
		if st := w.d.Status(); st[0].Sink != "chat" || st[0].Paused != "401 token_revoked" || st[1].Paused != "" {
			t.Errorf("got %+v", st)
		}
		pass(48 * time.Hour)
		revoked = false
		if err := w.d.Reload(targets(sinks)); err != nil {
			t.Fatal(err)
		}
		pass(5 * time.Second)
		if got := only(chat.ledger(), alert.Opened); len(got) != 5 {
			t.Errorf("%d messages after the reload, want 5", len(got))
		}
	})
}

// rotating is a sink whose credentials may be put right.
type rotating struct {
	*receiver
	right bool
}

func (r *rotating) Renewed(context.Context) bool { return r.right }

// F55: other credentials end the pause without a reload, and in a program that
// ends its next run does. The time of the pause does not count when the message
// then fails once more.
func TestPauseEnds(t *testing.T) {
	for _, drains := range []bool{false, true} {
		t.Run(fmt.Sprint("drain ", drains), func(t *testing.T) {
			chat := &receiver{}
			r := &rotating{receiver: chat}
			chat.answer = func(n int, _ *message.Message) alert.Outcome {
				switch {
				case n == 1 || n == 3:
					return alert.Outcome{Class: alert.Retry, Reason: "503"}
				case !r.right:
					return alert.Outcome{Class: alert.Auth, Reason: "401", Unsure: true}
				}
				return alert.Outcome{Class: alert.OK}
			}
			change := func(o *deliver.Options) {
				if !drains {
					o.Targets = []deliver.Target{{Name: "chat", Sink: r}}
				}
			}
			inWorld(t, one(chat), change, func(w *world) {
				drain := func() {
					if _, err := w.d.Drain(context.Background(), 0); err != nil {
						t.Error(err)
					}
				}
				if drains {
					w.stop()
				}
				w.find("1", "a")
				if drains {
					drain()
				}
				pass(48 * time.Hour)
				if n := len(chat.tried()); n != 2 || w.d.Status()[0].Paused == "" {
					t.Fatalf("%d calls, want one that failed and one with refused credentials; %+v", n, w.d.Status())
				}
				r.right = true
				if drains {
					drain()
				}
				pass(2 * time.Minute)
				if got := chat.ledger(); len(got) != 1 || !got[0].m.MayRepeat || w.d.Status()[0].Paused != "" {
					t.Errorf("%d messages of %d calls arrived; %+v", len(got), len(chat.tried()), w.d.Status())
				}
			})
		})
	}
}

func only(cs []call, k alert.Kind) (out []call) {
	for _, c := range cs {
		if c.m.Kind == k {
			out = append(out, c)
		}
	}
	return out
}

// F56: one sink hangs, the other is as fast as ever.
func TestHangingSinkDelaysNoOther(t *testing.T) {
	hung, well := &receiver{hangs: true}, &receiver{}
	inWorld(t, map[string]*receiver{"hung": hung, "well": well}, nil, func(w *world) {
		for i := range 20 {
			begin := time.Now()
			w.find(fmt.Sprint(i), fmt.Sprint("role-", i))
			pass(10 * time.Second)
			got := only(well.ledger(), alert.Opened)
			if len(got) != i+1 || got[i].at.Sub(begin) > 100*time.Millisecond {
				t.Fatalf("message %d was late", i)
			}
		}
		close(hung.hang)
	})
}

// What a sink's rate allows is not exceeded.
func TestRate(t *testing.T) {
	r := &receiver{traits: sink.Traits{PerSecond: 2}}
	inWorld(t, one(r), nil, func(w *world) {
		for i := range 20 {
			w.find(fmt.Sprint(i), fmt.Sprint("role-", i))
		}
		pass(time.Minute)
		got := r.ledger()
		if len(got) != 20 {
			t.Fatalf("%d arrived, want 20", len(got))
		}
		for i := 1; i < len(got); i++ {
			if apart := got[i].at.Sub(got[i-1].at); apart < 500*time.Millisecond {
				t.Errorf("message %d came %s after the one before", i, apart)
			}
		}
	})
}

// Giving up: a day after the first failed attempt, whatever their number, and
// another sink is told.
func TestGivesUpByAge(t *testing.T) {
	chat := &receiver{answer: func(int, *message.Message) alert.Outcome {
		return alert.Outcome{Class: alert.Retry, Reason: "503"}
	}}
	mail := &receiver{}
	inWorld(t, map[string]*receiver{"chat": chat, "mail": mail}, nil, func(w *world) {
		w.find("1", "a")
		pass(23 * time.Hour)
		if dead, _, _ := w.s.Dead(context.Background(), "", 10, ""); len(dead) != 0 {
			t.Fatal("given up too early")
		}
		pass(2 * time.Hour)
		dead, _, err := w.s.Dead(context.Background(), "", 10, "")
		if err != nil || len(dead) == 0 || !strings.HasPrefix(dead[0].LastError, "given up after 24h") {
			t.Fatalf("dead letters: %+v, %v", dead, err)
		}
		if len(only(mail.ledger(), alert.Health)) < 2 { // takes nothing; a dead letter
			t.Errorf("got %d health messages", len(only(mail.ledger(), alert.Health)))
		}
	})
}

// A poisoned message that fails for ever does not keep others.
func TestPoisonWaitsAlone(t *testing.T) {
	r := &receiver{answer: func(_ int, m *message.Message) alert.Outcome {
		if m.Sequence == 1 && m.Count == 13 {
			return alert.Outcome{Class: alert.Retry, Reason: "500"}
		}
		return alert.Outcome{Class: alert.OK}
	}}
	inWorld(t, one(r), nil, func(w *world) {
		for i := range 13 {
			f := fmt.Sprint("poison", i)
			w.find(f, "poison")
		}
		pass(time.Hour)
		arrived := len(r.ledger())
		w.find("good", "good")
		pass(6 * time.Minute)
		if len(r.ledger()) <= arrived {
			t.Error("a good message waits behind a poisoned one")
		}
	})
}

// A stop lets the message under way end and records it: nothing is sent twice.
func TestGracefulStop(t *testing.T) {
	r := &receiver{hangs: true}
	inWorld(t, one(r), nil, func(w *world) {
		w.find("1", "a")
		pass(time.Second)
		time.AfterFunc(5*time.Second, func() { close(r.hang) })
		begin := time.Now()
		w.stop()
		if took := time.Since(begin); took > 10*time.Second {
			t.Errorf("the stop took %s", took)
		}
		if len(r.ledger()) != 1 || w.backlog() != 0 {
			t.Errorf("%d arrived, %d wait", len(r.ledger()), w.backlog())
		}
	})
}

// Drain is for programs that end: it sends what is due, waits for what has to be
// tried again, and says what is left.
func TestDrain(t *testing.T) {
	r := &receiver{answer: func(n int, _ *message.Message) alert.Outcome {
		if n%2 == 1 {
			return alert.Outcome{Class: alert.Retry, Reason: "503"}
		}
		return alert.Outcome{Class: alert.OK}
	}}
	inWorld(t, one(r), nil, func(w *world) {
		w.stop()
		for i := range 5 {
			w.find(fmt.Sprint(i), fmt.Sprint("role-", i))
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
		defer cancel()
		left, err := w.d.Drain(ctx, 0)
		if err != nil || len(left) != 0 || len(r.ledger()) != 5 {
			t.Errorf("left %v, %v, %d arrived", left, err, len(r.ledger()))
		}
	})
}

// News of a sink's trouble goes out before a program ends, also to a sink that had
// nothing else to send and was done long before.
func TestDrainTellsOfTrouble(t *testing.T) {
	for class, want := range map[alert.Class]int{alert.Reject: 1, alert.Auth: 1} {
		slow := &receiver{answer: func(int, *message.Message) alert.Outcome {
			time.Sleep(time.Second)
			return alert.Outcome{Class: class, Reason: "no"}
		}}
		quick := &receiver{}
		inWorld(t, map[string]*receiver{"slow": slow, "quick": quick}, nil, func(w *world) {
			w.stop()
			w.find("1", "role-1")
			left, err := w.d.Drain(context.Background(), 0)
			if err != nil || left["quick"] != 0 {
				t.Errorf("%v: left %v, %v", class, left, err)
			}
			if got := quick.ledger(); len(got) != 2 || got[1].m.Kind != alert.Health {
				t.Errorf("%v: the other sink got %d messages, want the alert's and the news", class, len(got))
			}
			if n := len(slow.tried()); n != want {
				t.Errorf("%v: the sink in trouble was tried %d times, want %d", class, n, want)
			}
		})
	}
}

var stormFindings = flag.Int("storm.findings", 3000, "matches in five minutes; 100000 for the full count, which prints what it cost")

// F59 at the receiver, with a restart in the midst of it (F61): one rule, two
// matches to a group, five minutes. The first message comes at once, no minute
// holds more than the quota, and what was told one by one and in totals is all.
func TestStormWithRestart(t *testing.T) {
	r := &receiver{}
	inWorld(t, one(r), nil, func(w *world) {
		begin, slowest := time.Now(), int64(0)
		rule, n := rule("noisy", severity.Low), 0
		for second := range 300 {
			var fs []alert.Finding
			for ; n < *stormFindings*(second+1)/300; n++ {
				fs = append(fs, finding(rule, fmt.Sprint(n), fmt.Sprint("role-", n%max(*stormFindings/2, 1))))
			}
			before := cpuTime(t)
			if _, err := w.s.Commit(context.Background(), alert.Batch{Findings: fs, Now: time.Now()}); err != nil {
				t.Fatal(err)
			}
			slowest = max(slowest, cpuTime(t)-before)
			w.d.Wake()
			pass(time.Second)
			if second == 150 {
				w.stop()
				w.start()
			}
		}
		pass(2 * time.Hour)
		got := r.ledger()
		if first := got[0].at.Sub(begin); first > 30*time.Second {
			t.Errorf("the first message came after %s", first)
		}
		w.checkStorm(got, int64(n))
		w.countAll(int64(n))
		t.Logf("%d matches: %d messages, slowest commit %d ms of CPU, peak memory %s", n, len(got), slowest, peakMemory(t))
	})
}

// countAll checks that every match is counted in an alert that can be listed.
func (w *world) countAll(want int64) {
	w.t.Helper()
	var sum, alerts int64
	for after := ""; ; {
		page, next, err := w.s.Alerts(context.Background(), alert.Query{Rule: "noisy", After: after})
		if err != nil {
			w.t.Fatal(err)
		}
		for _, a := range page {
			sum += a.Count
			alerts++
		}
		if after = next; next == "" {
			break
		}
	}
	if sum != want || alerts != want/2 {
		w.t.Errorf("%d findings in %d alerts can be listed, want %d in %d", sum, alerts, want, want/2)
	}
}

// cpuTime is what this process has used, in milliseconds.
func cpuTime(t *testing.T) int64 {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return (u.Utime.Nano() + u.Stime.Nano()) / 1e6
}

// peakMemory is the most memory this process has had, where Linux tells.
func peakMemory(t *testing.T) string {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return "unknown"
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	line, _, _ := strings.Cut(rest, "\n")
	return strings.TrimSpace(line)
}

func (w *world) checkStorm(got []call, findings int64) {
	w.t.Helper()
	for i := range got {
		in := 0
		for _, c := range got[i:] {
			if c.at.Sub(got[i].at) < time.Minute {
				in++
			}
		}
		if in > 30 {
			w.t.Fatalf("%d messages in a minute", in)
		}
	}
	told := map[string]int64{}
	for _, c := range got {
		told[c.m.Key] = max(told[c.m.Key], c.m.Count)
	}
	var single int64
	for key, n := range told {
		if key != "" {
			single += n
		}
	}
	storms := only(got, alert.Storm)
	if len(storms) == 0 {
		w.t.Fatal("no storm was told")
	}
	var body message.Body
	if err := json.Unmarshal([]byte(storms[len(storms)-1].m.Summary), &body); err != nil {
		w.t.Fatal(err)
	}
	if single+body.Totals[0].Findings < findings {
		w.t.Errorf("%d told one by one, %d in totals, want %d at least", single, body.Totals[0].Findings, findings)
	}
	for i := 1; i < len(storms); i++ {
		if apart := storms[i].at.Sub(storms[i-1].at); apart < 5*time.Minute {
			w.t.Errorf("storm messages %s apart, want five minutes at least", apart)
		}
	}
}

package backtest

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/trailwarden/trailwarden/alert"
)

// SinkForecast is what one sink would have been sent.
type SinkForecast struct {
	Sink     string               `json:"sink"`
	Messages int64                `json:"messages"`
	PerDay   float64              `json:"perDay"`
	Kinds    map[alert.Kind]int64 `json:"kinds"` // messages by what they tell
}

// messages are findings on their way through grouping, routes, repeats and quotas,
// by the decisions of package alert, in event time: every finding arrives when
// its event happened, and every sink takes what it is sent.
type messages struct {
	policy *alert.Policy
	all    []alert.Finding

	alerts map[string]*alert.Alert
	sinks  map[string]*alert.SinkState
	outbox *outbox
	sent   map[string]map[alert.Kind]int64
}

// step is how often findings are taken in and the outbox is looked at.
const step = time.Minute

// run replays everything, and then waits until nothing more is to be sent.
func (m *messages) run(days float64) (out []SinkForecast) {
	m.outbox = newOutbox()
	m.alerts, m.sinks, m.sent = map[string]*alert.Alert{}, map[string]*alert.SinkState{}, map[string]map[alert.Kind]int64{}
	for _, name := range m.policy.SinkNames() {
		m.sinks[name], m.sent[name] = &alert.SinkState{Name: name}, map[alert.Kind]int64{}
	}
	slices.SortStableFunc(m.all, func(a, b alert.Finding) int {
		return cmp.Or(a.Time.Compare(b.Time), strings.Compare(a.Rule.ID, b.Rule.ID), strings.Compare(a.Identity, b.Identity))
	})
	rest, now := m.all, time.Time{}
	for len(rest) > 0 || !m.outbox.empty() {
		if now = m.next(rest, now); now.IsZero() {
			break
		}
		n := 0
		for n < len(rest) && !rest[n].Time.After(now) {
			n++
		}
		m.commit(rest[:n], now)
		m.drain(now)
		rest = rest[n:]
	}
	for name, kinds := range m.sent {
		f := SinkForecast{Sink: name, Kinds: kinds}
		for _, n := range kinds {
			f.Messages += n
		}
		f.PerDay = float64(f.Messages) / days
		out = append(out, f)
	}
	slices.SortFunc(out, func(a, b SinkForecast) int { return strings.Compare(a.Sink, b.Sink) })
	return out
}

// next is the next time at which there is something to do: a minute on at
// least. What is not due within a week of the last finding is left.
func (m *messages) next(rest []alert.Finding, now time.Time) (next time.Time) {
	if len(rest) > 0 {
		next = rest[0].Time
	}
	if at := m.outbox.next(); next.IsZero() || !at.IsZero() && at.Before(next) {
		next = at
	}
	next = next.Truncate(step).Add(step)
	if !next.After(now) {
		next = now.Add(step)
	}
	if last := m.all[len(m.all)-1].Time; next.Sub(last) > 7*24*time.Hour {
		return time.Time{}
	}
	return next
}

func (m *messages) env(now time.Time) *alert.Env {
	return &alert.Env{Policy: m.policy, Sinks: m.sinks, Now: now}
}

// commit takes in the findings of a minute.
func (m *messages) commit(findings []alert.Finding, now time.Time) {
	if len(findings) == 0 {
		return
	}
	in, _, _ := alert.Gather(&alert.Batch{Findings: findings, Now: now}, m.policy)
	env := m.env(now)
	for _, x := range in {
		a, out, _ := alert.Apply(m.alerts[x.ID], x, env)
		if a != nil {
			m.alerts[x.ID] = a
		}
		m.outbox.add(out...)
	}
}

// drain sends what is due, sink by sink, as far as their quotas let it.
func (m *messages) drain(now time.Time) {
	env := m.env(now)
	for name, state := range m.sinks {
		const most = 1000
		for held := 0; held < most; held++ {
			if alert.Room(state, 1, env) == 0 {
				break
			}
			d, ok := m.outbox.take(name, now)
			if !ok {
				break
			}
			m.send(d, env)
		}
	}
}

func (m *messages) send(d alert.Delivery, env *alert.Env) {
	a := m.alerts[d.Alert]
	claimed, ok, out := alert.Claim(a, d, env)
	m.outbox.add(out...)
	if !ok {
		return
	}
	m.sent[d.Sink][d.Kind]++
	if a != nil {
		claimed.Count = a.Count
	}
	s := alert.Settle(a, claimed, alert.Outcome{Class: alert.OK}, env)
	if m.outbox.add(s.Out...); !s.Done {
		m.outbox.add(s.After)
	}
}

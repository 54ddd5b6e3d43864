package alert

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/trailwarden/trailwarden/severity"
)

// quotaWindow is the time that a sink's quota is for.
const quotaWindow = time.Minute

// maxTotals bounds the rules that a storm counts one by one.
const maxTotals = 200

// SinkState is what a Store keeps of a sink: how many messages it got of late,
// and the storm it is in. It is saved in the transaction that changes it.
type SinkState struct {
	Name string `json:"name"`
	// Made are the news that were let through, and Claimed the messages that were
	// handed out, within the last minute.
	Made    []Made `json:"made,omitempty"`
	Claimed []Made `json:"claimed,omitempty"`
	Surge   *Surge `json:"storm,omitempty"`
	Version int64  `json:"version"`

	changed bool
}

// Made is news of one rule at one time that was let through, or messages of all
// rules that were handed out at it.
type Made struct {
	At   int64  `json:"at"` // milliseconds of Unix time
	Rule string `json:"rule,omitempty"`
	More int    `json:"more,omitempty"` // how many beside the first
}

func (m Made) count() int { return m.More + 1 }

// UnmarshalJSON also reads what earlier versions wrote of messages handed out:
// the bare time.
func (m *Made) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] != '{' {
		return json.Unmarshal(data, &m.At)
	}
	type plain Made
	return json.Unmarshal(data, (*plain)(m))
}

// Changed tells whether the state must be saved.
func (s *SinkState) Changed() bool { return s.changed }

func (s *SinkState) change() {
	if !s.changed {
		s.changed = true
		s.Version++
	}
}

// Surge is a storm at one sink: more news than its quota. What is beyond the
// quota is counted here instead of told alert by alert.
type Surge struct {
	ID       string    `json:"id"`
	From     time.Time `json:"from"` // arrival
	Last     time.Time `json:"last"` // arrival of the last news beyond the quota
	Totals   []Total   `json:"totals"`
	Sequence int64     `json:"sequence"`
	Told     int64     `json:"told"` // findings that the last message counted
	ToldAt   time.Time `json:"toldAt,omitzero"`
	Pending  string    `json:"pending,omitempty"`
}

// Total counts what a storm held back of one rule.
type Total struct {
	Rule     string         `json:"rule"`
	Title    string         `json:"title"`
	Severity severity.Level `json:"severity"`
	Alerts   int64          `json:"alerts"`
	Findings int64          `json:"findings"`
}

// findings are all that the storm holds back.
func (s *Surge) findings() (n int64) {
	for _, t := range s.Totals {
		n += t.Findings
	}
	return n
}

func (s *Surge) holds(ruleID string) bool {
	return slices.ContainsFunc(s.Totals, func(t Total) bool { return t.Rule == ruleID })
}

// count adds an alert's findings to the totals of its rule.
func (s *Surge) count(r *Rule, alerts, findings int64) {
	id, title := r.ID, r.Title
	if !s.holds(id) && len(s.Totals) >= maxTotals {
		id, title = "*", "other rules"
	}
	i := slices.IndexFunc(s.Totals, func(t Total) bool { return t.Rule == id })
	if i < 0 {
		i = len(s.Totals)
		s.Totals = append(s.Totals, Total{Rule: id, Title: title})
	}
	t := &s.Totals[i]
	t.Severity = max(t.Severity, r.Severity)
	t.Alerts += alerts
	t.Findings += findings
}

// stormy tells whether the sink is in a storm: it lasts until nothing was held
// back for as long as its messages are apart, and all totals were told.
func (e *Env) stormy(s *SinkState) bool {
	return s.Surge != nil && (s.Surge.Pending != "" || e.Now.Sub(s.Surge.Last) < e.Policy.stormEvery(s.Name))
}

// admit lets one piece of news of a rule through that is due at a time, or says
// that it is beyond the quota.
func (e *Env) admit(s *SinkState, r *Rule, due time.Time) bool {
	quota := e.Policy.quota(s.Name)
	if quota < 0 {
		return true
	}
	at := due.UnixMilli()
	total := within(s.Made, at, "", quota)
	own := within(s.Made, at, r.ID, quota)
	if most, mostOwn := e.limits(s, r, quota); total >= most || own >= mostOwn {
		return false
	}
	s.change()
	s.Made = logged(s.Made, Made{At: at, Rule: r.ID}, quota)
	return true
}

// limits are the most news that may be let through in a minute, in all and of a
// rule. A part of the quota is kept for what is grave. In a storm one message is
// kept for the totals, and the rules that are in it share half of the quota: so
// nobody can hide an alert by raising many others.
func (e *Env) limits(s *SinkState, r *Rule, quota int) (total, own int) {
	total, own = quota, quota
	if r.Severity < severity.High {
		total = quota - quota/6
	}
	if e.stormy(s) {
		total = min(total, quota-1)
		if s.Surge.holds(r.ID) {
			own = max(1, quota/2/len(s.Surge.Totals))
		}
	}
	return total, own
}

// slot is how finely the times of a log are told apart, in milliseconds. A high
// quota needs no more than a hundredth of a minute, and its log stays short.
func slot(quota int) int64 {
	if quota <= 100 {
		return 1
	}
	return quotaWindow.Milliseconds() / 100
}

// within counts what was logged in the minute that ends at a time, of one rule
// or, without a name, of all. What may lie in that minute does.
func within(log []Made, at int64, rule string, quota int) (n int) {
	begin := at - quotaWindow.Milliseconds() - slot(quota) + 1
	for i := range log {
		if m := &log[i]; m.At > begin && m.At <= at && (rule == "" || m.Rule == rule) {
			n += m.count()
		}
	}
	return n
}

// logged adds one to a log, in order of time and rule, and forgets what is too
// old to count and all but the latest of a quota.
func logged(log []Made, m Made, quota int) []Made {
	m.At -= m.At % slot(quota)
	i, found := slices.BinarySearchFunc(log, m, func(x, y Made) int {
		return cmp.Or(cmp.Compare(x.At, y.At), strings.Compare(x.Rule, y.Rule))
	})
	if found {
		log[i].More++
	} else {
		log = slices.Insert(log, i, m)
	}
	oldest := log[len(log)-1].At - quotaWindow.Milliseconds() - slot(quota) + 1
	i, _ = slices.BinarySearchFunc(log, oldest, func(x Made, at int64) int { return cmp.Compare(x.At, at) })
	return latest(slices.Delete(log, 0, i), max(quota, 1))
}

// rewind forgets what is logged of times that are still to come: the clock was
// ahead then and has been set back, and beside it nothing new would be logged, nor
// the quota hold. What others who share the store log meanwhile is not that far
// ahead.
func (s *SinkState) rewind(now time.Time) {
	latest := now.Add(clocksApart)
	s.Made, s.Claimed = s.until(s.Made, latest.UnixMilli()), s.until(s.Claimed, latest.UnixMilli())
	if s.Surge != nil && s.Surge.Last.After(latest) { // it would last until then
		s.change()
		s.Surge.Last = now
	}
	if s.Surge != nil && s.Surge.ToldAt.After(latest) {
		s.change()
		s.Surge.ToldAt = now
	}
}

func (s *SinkState) until(log []Made, latest int64) []Made {
	n := len(log)
	for n > 0 && log[n-1].At > latest {
		n--
	}
	if n < len(log) {
		s.change()
	}
	return log[:n]
}

// latest keeps that many of the latest, which is more than none.
func latest(log []Made, most int) []Made {
	for i := len(log) - 1; i >= 0; i-- {
		if most <= log[i].count() {
			log[i].More = most - 1
			return slices.Delete(log, 0, i)
		}
		most -= log[i].count()
	}
	return log
}

// hold counts news beyond the quota in the sink's storm, and gives the message
// with the totals unless one is on its way.
func (e *Env) hold(a *Alert, t *Told, s *SinkState) []Delivery {
	if !e.stormy(s) {
		s.Surge = &Surge{ID: digest("storm", s.Name, a.ID, e.Now.Format(time.RFC3339Nano)), From: e.Now}
	}
	s.change()
	s.Surge.Last = e.Now
	e.sum(a, t, s)
	if s.Surge.Pending != "" {
		return nil
	}
	return []Delivery{e.totals(s)}
}

// sum adds what the totals do not count yet of an alert.
func (e *Env) sum(a *Alert, t *Told, s *SinkState) {
	alerts := int64(0)
	if t.Storm != s.Surge.ID {
		t.Storm, t.Summed, alerts = s.Surge.ID, max(t.Count, t.Summed), 1
	}
	if fresh := a.Count - t.Summed; fresh > 0 || alerts > 0 {
		s.change()
		s.Surge.count(a.Rule, alerts, fresh)
	}
	t.Summed = a.Count
}

// totals is the next message of a storm: the first one at once, the others
// apart. Its body is filled in when it is claimed.
func (e *Env) totals(s *SinkState) Delivery {
	at := e.Now
	if !s.Surge.ToldAt.IsZero() {
		at = later(at, s.Surge.ToldAt.Add(e.Policy.stormEvery(s.Name)))
	}
	s.change()
	s.Surge.Sequence++
	s.Surge.Pending = deliveryID(s.Surge.ID, s.Name, s.Surge.Sequence)
	return Delivery{
		ID: s.Surge.Pending, Sink: s.Name, Kind: Storm, Sequence: s.Surge.Sequence,
		Created: e.Now, NotUntil: at,
	}
}

// body says the totals so far.
func (s *Surge) body() []byte {
	totals := slices.SortedFunc(slices.Values(s.Totals), func(x, y Total) int {
		return cmp.Or(cmp.Compare(y.Severity, x.Severity), cmp.Compare(y.Findings, x.Findings), cmp.Compare(x.Rule, y.Rule))
	})
	var alerts int64
	var highest severity.Level
	for _, t := range totals {
		alerts += t.Alerts
		highest = max(highest, t.Severity)
	}
	return body{
		Headline: fmt.Sprintf("%s in %s came faster than this channel takes messages", counted(s.findings(), "finding"), counted(alerts, "alert")),
		Summary:  "They are counted here by rule instead of told one by one. Nothing is lost: list them with trailwarden alerts list.",
		Severity: highest, Key: s.ID, From: s.From, To: s.Last, Totals: totals,
	}.json()
}

func counted(n int64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

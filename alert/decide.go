package alert

import "time"

// situation is all that decides what a sink is told of new findings.
type situation struct {
	status   Status // before the findings came
	silenced bool
	told     bool // a message was delivered before
	pending  bool // a message is on its way that will tell of all findings
	dead     bool // the last message became a dead letter
	summed   bool // a storm that still goes on counts the alert
	mute     bool // repeats are not told
}

// step is what follows.
type step uint8

const (
	tellNothing    step = iota
	tellOpened          // at once
	tellReopened        // at once, but once in an interval, for alerts that flap
	tellRepeated        // when the interval since the last message is over
	tellAgain           // the first message, when the interval since it died is over
	addToTheTotals      // of the storm
)

// decide is the table of what a sink is told when findings come in that the
// alert did not count before. The first line that fits holds.
func decide(s situation) step {
	switch {
	case s.silenced:
		return tellNothing // counted all the same
	case s.status == Acknowledged:
		return tellNothing // somebody is at it
	case s.summed:
		return addToTheTotals
	case s.status == Resolved && (s.told || s.pending):
		return tellReopened
	case s.pending:
		return tellNothing // it is built when it is sent, and so tells of these too
	case !s.told && s.dead:
		return tellAgain
	case !s.told:
		return tellOpened
	case s.mute:
		return tellNothing
	}
	return tellRepeated
}

// Env is what decisions depend on beside the alert.
type Env struct {
	Policy   *Policy
	Silences []Silence
	// Sinks holds the state of every sink that an alert may go to; decisions
	// change them.
	Sinks map[string]*SinkState
	// Waiting tells whether a Repeated or Opened is in the outbox that nobody has
	// claimed, so that it can be withdrawn; nil means none can.
	Waiting func(deliveryID string) (Kind, bool)
	Now     time.Time // arrival time, UTC
}

func (e *Env) sink(name string) *SinkState {
	if e.Sinks == nil {
		e.Sinks = map[string]*SinkState{}
	}
	if e.Sinks[name] == nil {
		e.Sinks[name] = &SinkState{Name: name}
	}
	e.Sinks[name].rewind(e.Now)
	return e.Sinks[name]
}

// silence is the ID of the first silence in force that covers the alert.
func (e *Env) silence(a *Alert) string {
	for i := range e.Silences {
		s := &e.Silences[i]
		if s.inForce(e.Now) && len(s.Match) > 0 && matches(a, s.Match, everyValue) {
			return s.ID
		}
	}
	return ""
}

func (s *Silence) inForce(now time.Time) bool {
	return !now.Before(s.From) && now.Before(s.To)
}

// Apply adds findings to an alert, nil when they open it, and says what is to be
// delivered. in.Facts are those that the store does not know by Key; known
// counts those of them that the alert turned out to know. in.Again at most
// changes which copy of a record a sample shows. It changes a and e.Sinks and
// nothing else; after is nil when there is neither an alert nor a new finding.
func Apply(a *Alert, in *Incoming, e *Env) (after *Alert, out []Delivery, known int) {
	if a == nil && len(in.Facts) == 0 {
		return nil, nil, 0
	}
	if a == nil {
		a = &Alert{ID: in.ID, Group: in.Group, Bucket: in.Bucket, Status: Open, Created: e.Now}
	}
	fresh, again := in.unknownTo(a)
	known = len(again) - len(in.Again)
	for i := range again {
		if a.refine(&again[i]) {
			a.touch(e.Now)
		}
	}
	if len(fresh.Facts) == 0 {
		return a, nil, known
	}
	before := a.Status
	a.absorb(fresh)
	a.touch(e.Now)
	a.Silence = e.silence(a)
	if before == Resolved {
		a.Status = Open
		a.note(Note{Time: e.Now, By: "trailwarden", Did: "reopened", Text: "new findings"})
	}
	return a, e.news(a, before), known
}

func (a *Alert) touch(now time.Time) {
	a.Updated = now
	a.Version++
}

// unknownTo parts what the alert has samples of from what it has not:
// identities are purged before alerts are, and records are delivered again for
// longer.
func (in *Incoming) unknownTo(a *Alert) (fresh *Incoming, again []Fact) {
	out := *in
	out.Facts, again = nil, append(again, in.Again...)
	for _, f := range in.Facts {
		if a.sampled(f.Identity) {
			again = append(again, f)
			continue
		}
		out.Facts = append(out.Facts, f)
	}
	return &out, again
}

// news says what each sink is told of an alert that has new findings.
func (e *Env) news(a *Alert, before Status) (out []Delivery) {
	for _, t := range e.Policy.targets(a) {
		told, s := a.toldOf(t.sink), e.sink(t.sink)
		switch decide(e.situation(a, t, told, before)) {
		case tellOpened:
			out = append(out, e.admitted(a, told, s, Opened)...)
		case tellReopened:
			out = append(out, e.reopened(a, t, told)...)
		case tellRepeated:
			out = append(out, e.repeated(a, t, told))
		case tellAgain:
			out = append(out, e.deliver(a, told, Opened, later(e.Now, e.past(told.Dead).Add(max(t.repeat, time.Minute)))))
		case addToTheTotals:
			e.sum(a, told, s)
			s.Surge.Last = e.Now
			if s.Surge.Pending == "" {
				out = append(out, e.totals(s))
			}
		}
	}
	return out
}

func (e *Env) situation(a *Alert, t target, told *Told, before Status) situation {
	s := e.sink(t.sink)
	return situation{
		status: before, silenced: a.Silence != "",
		told: !told.At.IsZero(), pending: told.Pending != "", dead: !told.Dead.IsZero(),
		summed: told.Storm != "" && e.stormy(s) && s.Surge.ID == told.Storm,
		mute:   t.repeat < 0,
	}
}

// admitted is a message at once, or the storm's when the quota is used up.
func (e *Env) admitted(a *Alert, told *Told, s *SinkState, k Kind) []Delivery {
	if !e.admit(s, a.Rule, e.Now) {
		return e.hold(a, told, s)
	}
	return []Delivery{e.deliver(a, told, k, e.Now)}
}

// reopened is a message at once, unless the sink was told the same within the
// interval: then when that is over.
func (e *Env) reopened(a *Alert, t target, told *Told) []Delivery {
	repeat := max(t.repeat, 0)
	if told.Reopened.After(e.Now.Add(repeat + clocksApart)) { // by a clock that was ahead
		told.Reopened = e.Now
	}
	at := later(e.Now, told.Reopened.Add(repeat))
	if told.Reopened.IsZero() || at.Equal(e.Now) {
		told.Reopened = e.Now
		return e.admitted(a, told, e.sink(t.sink), Reopened)
	}
	told.Reopened = at
	return []Delivery{e.deliver(a, told, Reopened, at)}
}

// repeated is a message that merges what comes until the interval is over.
func (e *Env) repeated(a *Alert, t target, told *Told) Delivery {
	since := e.past(told.At)
	d := e.deliver(a, told, Repeated, later(e.Now, since.Add(t.repeat)))
	d.Since = since
	return d
}

// deliver makes a delivery that will tell of all findings.
func (e *Env) deliver(a *Alert, told *Told, k Kind, at time.Time) Delivery {
	d := e.step(a, told, k, at)
	told.Pending, told.Storm = d.ID, ""
	return d
}

// step makes the next delivery of an alert to a sink.
func (e *Env) step(a *Alert, told *Told, k Kind, at time.Time) Delivery {
	told.Sequence++
	return Delivery{
		ID: deliveryID(a.ID, told.Sink, told.Sequence), Sink: told.Sink, Alert: a.ID, Kind: k,
		Sequence: told.Sequence, Created: e.Now, NotUntil: at,
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

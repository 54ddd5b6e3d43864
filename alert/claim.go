package alert

import "time"

// Room is how many messages a sink may be handed out now, at most n: in a storm
// no more than its quota in any minute.
func Room(s *SinkState, n int, e *Env) int {
	quota := e.Policy.quota(s.Name)
	if quota < 0 || !e.stormy(s) {
		return n
	}
	return max(0, min(n, quota-within(s.Claimed, e.Now.UnixMilli(), "", quota)))
}

// Claim decides on a delivery that is due and that nobody holds: whether it is
// handed out. If not, because a silence covers its alert or the quota is used
// up, it leaves the outbox and out takes its place. a is its alert, nil when
// there is none. The claimed delivery has its body and receipt.
func Claim(a *Alert, d Delivery, e *Env) (claimed Delivery, ok bool, out []Delivery) {
	s := e.sink(d.Sink)
	if d.Alert == "" || a == nil { // a purged alert: whoever builds the message will say so
		return e.handedOut(nil, d, s), true, nil
	}
	if id := e.silence(a); id != "" && d.isNews() {
		a.toldOf(d.Sink).Pending, a.Silence = "", id
		a.Version++
		return d, false, nil
	}
	if d.Kind == Repeated && d.Attempts == 0 && !d.MayRepeat && !e.admit(s, a.Rule, d.NotUntil) {
		told := a.toldOf(d.Sink)
		told.Pending = ""
		a.Version++
		return d, false, e.hold(a, told, s)
	}
	return e.handedOut(a, d, s), true, nil
}

// isNews tells whether d is the first try to tell of findings.
func (d *Delivery) isNews() bool {
	return (d.Kind == Opened || d.Kind == Repeated || d.Kind == Reopened) && d.Attempts == 0 && !d.MayRepeat
}

func (e *Env) handedOut(a *Alert, d Delivery, s *SinkState) Delivery {
	if quota := e.Policy.quota(s.Name); quota >= 0 {
		s.change()
		s.Claimed = logged(s.Claimed, Made{At: e.Now.UnixMilli()}, quota)
	}
	return e.filled(a, d)
}

// filled is the delivery with what only the alert or the sink's state knows.
func (e *Env) filled(a *Alert, d Delivery) Delivery {
	if s := e.sink(d.Sink); d.Kind == Storm && s.Surge != nil && s.Surge.Pending == d.ID {
		d.Body, d.Count = s.Surge.body(), s.Surge.findings()
	}
	if a == nil {
		return d
	}
	told := a.toldOf(d.Sink)
	d.Receipt, d.Count = told.Receipt, a.Count
	if d.Kind == Repeated || d.Kind == Reopened {
		d.Body = body{Told: told.Count, ToldAt: told.At}.json()
	}
	return d
}

// LongestAsked is how long a receiver may ask to be left alone; a message that is
// to be tried again never waits longer.
const LongestAsked = time.Hour

// LongestLease is how long a lease may be: one that has more to go was taken by a
// clock that was ahead.
const LongestLease = 15 * time.Minute

// Due is a waiting delivery with its times counted anew; changed tells whether they
// are others. A Repeated is due under the policy: one without repeats, or that sends
// the alert elsewhere, lets what waits go out as it was planned. What a clock that
// was ahead has put off waits as long as was meant.
func Due(a *Alert, d Delivery, e *Env) (due Delivery, changed bool) {
	due = e.rewound(d)
	if a != nil && d.Kind == Repeated && d.Attempts == 0 && !d.Since.IsZero() {
		for _, t := range e.Policy.targets(a) {
			if t.sink == d.Sink && t.repeat >= 0 {
				due.NotUntil = due.Since.Add(t.repeat)
				break
			}
		}
	}
	return due, !due.NotUntil.Equal(d.NotUntil) || !due.Created.Equal(d.Created) || !due.Since.Equal(d.Since) || !due.FirstTry.Equal(d.FirstTry)
}

// rewound is a delivery without times that are still to come although they were
// taken from a clock: it was ahead then and has been set back.
func (e *Env) rewound(d Delivery) Delivery {
	if d.NotUntil.After(e.Now) && !e.past(d.Created).Equal(d.Created) {
		d.NotUntil = later(e.Now, d.NotUntil.Add(e.Now.Sub(d.Created)))
	}
	if d.Attempts > 0 && d.NotUntil.After(e.Now.Add(LongestAsked+clocksApart)) {
		d.NotUntil = e.Now
	}
	d.Created, d.Since, d.FirstTry = e.past(d.Created), e.past(d.Since), e.past(d.FirstTry)
	return d
}

// clocksApart is how far the clocks of those who share a store may be apart. What
// was noted of a time further ahead than that was noted by a clock that has been
// set back since.
const clocksApart = time.Minute

// past is a time that was noted, and now when it is still to come.
func (e *Env) past(t time.Time) time.Time {
	if t.After(e.Now.Add(clocksApart)) {
		return e.Now
	}
	return t
}

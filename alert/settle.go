package alert

import "time"

// Settlement is what becomes of a delivery.
type Settlement struct {
	Done  bool       // it leaves the outbox
	Dead  bool       // it stays as a dead letter
	After Delivery   // as it stays, when it does
	Out   []Delivery // what follows from it
}

// Settle says what becomes of a claimed delivery after an attempt. It changes a,
// nil when there is no alert behind it, and e.Sinks.
func Settle(a *Alert, d Delivery, o Outcome, e *Env) Settlement {
	s := Settlement{After: d}
	switch o.Class {
	case OK:
		s.Done = true
		s.Out = e.arrived(a, d, o)
	case Reject:
		s.Dead = true
		s.After.died(o, e.Now)
		e.failed(a, d)
	case Auth:
		// The sink's pause is no failure of the message: giving up does not count it.
		s.After.FirstTry, s.After.LastError = time.Time{}, bounded(o.Reason)
		s.After.MayRepeat = s.After.MayRepeat || o.Unsure
	default:
		s.After.again(o, e.Now)
	}
	return s
}

// arrived remembers what the receiver has, and asks for a repeat when findings
// came while the message was on its way.
func (e *Env) arrived(a *Alert, d Delivery, o Outcome) []Delivery {
	if d.Kind == Storm {
		return e.stormTold(d)
	}
	if a == nil || d.Alert == "" {
		return nil
	}
	told := a.toldOf(d.Sink)
	told.Count, told.At, told.Dead = max(told.Count, d.Count), e.Now, time.Time{}
	if o.Receipt != nil {
		told.Receipt = o.Receipt
	}
	if told.Pending == d.ID {
		told.Pending = ""
	}
	a.Version++
	if a.Status != Open || a.Count <= told.Count || told.Pending != "" || told.Storm != "" {
		return nil
	}
	return e.untoldAt(a, told)
}

func (e *Env) untoldAt(a *Alert, told *Told) []Delivery {
	if e.silence(a) != "" {
		return nil
	}
	for _, t := range e.Policy.targets(a) {
		if t.sink == told.Sink && t.repeat >= 0 {
			return []Delivery{e.repeated(a, t, told)}
		}
	}
	return nil
}

// stormTold makes the next message of a storm when its totals grew meanwhile.
func (e *Env) stormTold(d Delivery) []Delivery {
	s := e.sink(d.Sink)
	if s.Surge == nil || s.Surge.Pending != d.ID {
		return nil
	}
	s.change()
	s.Surge.Pending, s.Surge.Told, s.Surge.ToldAt = "", d.Count, e.Now
	if s.Surge.findings() <= d.Count {
		return nil
	}
	return []Delivery{e.totals(s)}
}

// failed remembers that nothing is on its way any more.
func (e *Env) failed(a *Alert, d Delivery) {
	if s := e.sink(d.Sink); d.Kind == Storm && s.Surge != nil && s.Surge.Pending == d.ID {
		s.change()
		s.Surge.Pending = ""
	}
	if a == nil || d.Alert == "" {
		return
	}
	told := a.toldOf(d.Sink)
	told.Dead = e.Now
	if told.Pending == d.ID {
		told.Pending = ""
	}
	a.Version++
}

func (d *Delivery) died(o Outcome, now time.Time) {
	d.Attempts++
	d.Died, d.LastError = now, bounded(o.Reason)
	d.MayRepeat = d.MayRepeat || o.Unsure
	d.Lease = ""
}

// again makes the delivery due when the sink, or else the schedule, says.
func (d *Delivery) again(o Outcome, now time.Time) {
	d.Attempts++
	d.NotUntil = o.NotUntil
	if d.NotUntil.IsZero() {
		d.NotUntil = now.Add(Backoff(d.Attempts))
	}
	if d.FirstTry.IsZero() {
		d.FirstTry = now
	}
	d.LastError = bounded(o.Reason)
	d.MayRepeat = d.MayRepeat || o.Unsure
	d.Lease = ""
}

// Backoff bounds the wait after the nth attempt: 1 s, doubled each time, at most
// 5 minutes. Whoever waits takes a random part of it.
func Backoff(attempts int) time.Duration {
	const base, most = time.Second, 5 * time.Minute
	if attempts < 1 {
		attempts = 1
	}
	if attempts > 9 {
		return most
	}
	return min(base<<(attempts-1), most)
}

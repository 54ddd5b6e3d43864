package memory

import "time"

// Time is that of the latest record, or what Elapse moved it to; zero before
// Begin and while there was none.
func (e *Engine) Time() time.Time {
	if e.time.latest == 0 {
		return time.Time{}
	}
	return time.UnixMilli(e.time.latest).UTC()
}

// Elapse notes that time came on to t without a record: what waits for something
// not to happen is judged although nothing happens at all. Unlike Observe it
// tells alarms of no record. It does nothing before the first record.
func (e *Engine) Elapse(t time.Time) {
	if e.time.latest != 0 {
		e.time.latest = max(e.time.latest, t.UnixMilli())
	}
}

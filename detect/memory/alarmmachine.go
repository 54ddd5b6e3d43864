package memory

// alarm evaluates one CloudWatch alarm along the minutes.
type alarm struct {
	s       *Spec
	stat    statistic
	buckets []bucket // ascending
	win     []hit    // records behind the buckets
	next    int64    // next evaluation; 0: with the next sample
	state   AlarmState
	ep      *episode   // while the state is ALARM
	further []*episode // actors who came while it was, by first appearance
	last    hit        // record seen last
	heard   int64      // records until then were behind an alarm that is over
	sure    int64      // until when it is not sure that the state is ALARM
	shaky   int64      // until when it is not sure that it was since the alarm began
	done    []episode
}

func newAlarm(s *Spec) *alarm {
	stat, _ := parseStatistic(s.Alarm.Statistic) // was checked when the alarm was read
	return &alarm{s: s, stat: stat}
}

// defaulted marks the sample of a minute in which nothing matched.
const defaulted = 1 << 63

// unit is the length of a bucket, pitch the time between evaluations, both in
// milliseconds: an alarm is evaluated once a minute, every ten seconds when its
// period is less than one, once an hour when it looks back more than a day.
func (m *alarm) unit() int64 {
	if m.period() < 60_000 {
		return 10_000
	}
	return 60_000
}

func (m *alarm) pitch() int64 {
	if int64(m.s.Alarm.Periods)*m.period() > 24*3600_000 {
		return 3600_000
	}
	return m.unit()
}

// after is when the alarm is evaluated next after at.
func (m *alarm) after(at int64) int64 { return (at/m.pitch() + 1) * m.pitch() }

func (m *alarm) period() int64 { return m.s.Alarm.Period.Milliseconds() }
func (m *alarm) reach() int64  { return int64(m.s.Alarm.Range()) * m.period() }

func (m *alarm) step(at int64, hits []hit) {
	m.until(at)
	if m.next == 0 { // it was silent: the state is what it was unless something comes late
		m.next, m.sure = m.after(at), at-1
		m.shaky = m.sure
	}
	b := m.bucket(at / m.unit())
	keep := m.stat.each()
	for i := range hits {
		h := &hits[i]
		if h.inputs&defaulted != 0 {
			if !m.matched(at / 60_000) {
				b.add(h.number, 1, keep)
			}
			continue
		}
		m.publish(b, h)
		if i > 0 && hits[i-1].key == h.key && hits[i-1].inputs&defaulted == 0 {
			continue // another sample of the record
		}
		m.last = *h
		m.win = append(m.win, *h)
		if m.state == InAlarm {
			m.join(h)
		}
	}
	if over := len(m.win) - MaxWindowHits; over > 0 {
		m.win = m.win[over:]
	}
}

// publish adds the samples of a record: one for each filter that it matches.
func (m *alarm) publish(b *bucket, h *hit) {
	for i := range m.s.Inputs {
		if h.inputs>>i&1 == 0 {
			continue
		}
		x := h.number // of its only input, see merging
		if in := &m.s.Inputs[i]; in.Number == nil && len(m.s.Inputs) > 1 {
			x = in.Amount
		}
		b.add(x, float64(h.weight), m.stat.each())
	}
}

// matched tells whether the minute has a sample.
func (m *alarm) matched(minute int64) bool {
	for i := len(m.buckets) - 1; i >= 0 && m.buckets[i].n*m.unit()/60_000 == minute; i-- {
		if m.buckets[i].count > 0 {
			return true
		}
	}
	return false
}

func (m *alarm) bucket(n int64) *bucket {
	if k := len(m.buckets); k == 0 || m.buckets[k-1].n != n {
		m.buckets = append(m.buckets, bucket{n: n})
	}
	return &m.buckets[len(m.buckets)-1]
}

// join adds a record to the alarm that is on. CloudWatch says nothing more until
// the alarm has ended; here an actor who was not heard of yet is.
func (m *alarm) join(h *hit) {
	if m.ep == nil { // the alarm returned for records that it was about before
		m.ep = &episode{at: h.at, trigger: *h, sure: m.sure}
	}
	for _, e := range m.further {
		if e.subject == h.value {
			e.add(*h)
			return
		}
	}
	known := h.value == "" || len(m.ep.values) == 0 && m.ep.count == 0
	for _, v := range m.ep.values {
		known = known || v == h.value
	}
	if known || len(m.further) >= 1000 {
		m.ep.add(*h)
		return
	}
	e := &episode{at: h.at, subject: h.value, trigger: *h, sure: m.shaky}
	e.add(*h)
	m.further = append(m.further, e)
}

func (m *alarm) until(clock int64) {
	for m.next != 0 && m.next <= clock {
		m.evaluate(m.next)
	}
}

// evaluate judges the periods that end at, and drops what no later evaluation
// reaches.
func (m *alarm) evaluate(at int64) {
	m.prune(at - m.reach())
	points := m.points(at)
	state := m.s.Alarm.Judge(points, m.state)
	if m.s.Alarm.KeepWhenFew && m.stat.tooFew(m.samples(at)) {
		state = m.state
	}
	if m.next = at + m.pitch(); len(m.buckets) == 0 && state == m.state {
		m.next = 0 // nothing changes until something comes
	}
	if was := m.state; state != was {
		m.state = state
		if was == InAlarm {
			m.end()
		}
		if state == InAlarm {
			m.begin(at)
		}
	}
	if m.state == InAlarm {
		m.assure(m.sureOf(points, at))
	}
}

// assure notes until when it is not sure that the alarm is on now. That it was
// on before is no surer than it was, but that there is an alarm may be. Who came
// first and who while it was on is sure when all is settled up to its beginning.
func (m *alarm) assure(sure int64) {
	m.sure, m.shaky = sure, max(m.shaky, sure)
	if m.ep != nil && (m.ep.sure < 0 || sure < m.ep.sure) {
		m.ep.sure = sure
	}
}

func (m *alarm) prune(before int64) {
	i := 0
	for i < len(m.buckets) && m.buckets[i].n*m.unit() < before {
		i++
	}
	m.buckets = m.buckets[i:]
	for i = 0; i < len(m.win) && m.win[i].at < before; {
		i++
	}
	m.win = m.win[i:]
}

// points are the data points of the evaluation range, oldest first.
func (m *alarm) points(at int64) []Point {
	all := make([]Point, m.s.Alarm.Range())
	for i := range all {
		from := at - int64(len(all)-i)*m.period()
		var sum bucket
		for j := range m.buckets {
			if t := m.buckets[j].n * m.unit(); t >= from && t < from+m.period() && m.buckets[j].count > 0 {
				sum.join(&m.buckets[j])
			}
		}
		all[i] = m.point(&sum)
	}
	return all
}

// point is the data point of a period with these samples.
func (m *alarm) point(samples *bucket) Point {
	if samples.count == 0 {
		return NoData
	}
	v, ok := m.stat.value(samples)
	switch {
	case !ok:
		return NoData
	case m.s.Alarm.Threshold.holds(v):
		return Breaching
	}
	return Good
}

// samples is how many samples the evaluation periods have.
func (m *alarm) samples(at int64) (n float64) {
	for i := range m.buckets {
		if m.buckets[i].n*m.unit() >= at-int64(m.s.Alarm.Periods)*m.period() {
			n += m.buckets[i].count
		}
	}
	return n
}

// begin opens an episode over the records in the evaluation periods. A data
// point that slides out of one period and back into another can make an alarm
// return when nothing new came; that is no news.
func (m *alarm) begin(at int64) {
	m.shaky = at - 1
	ep := &episode{at: at, trigger: m.last, sure: -1}
	from := at - int64(m.s.Alarm.Periods)*m.period()
	if len(m.win) > 0 && m.win[len(m.win)-1].at < from {
		from = m.win[0].at
	}
	for i := range m.win {
		if h := &m.win[i]; h.at >= from && h.at < at {
			ep.add(*h)
		}
	}
	if ep.count == 0 || ep.last > m.heard {
		m.ep = ep
	}
}

func (m *alarm) end() {
	if m.ep == nil {
		return
	}
	m.heard = max(m.heard, m.ep.upto)
	for _, e := range m.further {
		m.heard = max(m.heard, e.upto)
	}
	m.done = append(m.done, *m.ep)
	for _, e := range m.further {
		m.done = append(m.done, *e)
	}
	m.ep, m.further = nil, nil
}

func (m *alarm) ended() (all []episode) { all, m.done = m.done, nil; return all }

func (m *alarm) open() (all []episode) {
	if m.ep != nil {
		all = append(all, m.ep.clone())
	}
	for _, e := range m.further {
		all = append(all, e.clone())
	}
	return all
}

func (m *alarm) due() int64 {
	if m.next == 0 {
		return never
	}
	return m.next
}

// empty is false once there was a record: there are as many groups as alarms.
func (m *alarm) empty() bool { return m.next == 0 && m.state == InsufficientData && m.last.at == 0 }

func (m *alarm) code(c *codec) {
	list(c, &m.buckets, func(b *bucket) {
		c.int(&b.n)
		c.float(&b.count)
		c.float(&b.sum)
		c.float(&b.min)
		c.float(&b.max)
		list(c, &b.numbers, func(x *float64) { c.float(x) })
	})
	c.hits(&m.win)
	c.int(&m.next)
	state := uint64(m.state)
	c.uint(&state)
	m.state = AlarmState(state % 3)
	c.optional(&m.ep)
	list(c, &m.further, func(e **episode) { c.optional(e) })
	c.hit(&m.last)
	c.int(&m.heard)
	c.int(&m.sure)
	c.int(&m.shaky)
}

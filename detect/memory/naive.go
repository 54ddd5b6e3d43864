package memory

import (
	"math"
	"math/bits"
	"slices"
	"time"
)

// Naive states what Specs mean, in the plainest code we can write: it sorts all
// hits of each group and looks at every window as a whole. History and Engine
// must never differ from it, where no limit is met; tests hold them equal. It
// shares with them the form of a Detection and the words of its summary.
func Naive(specs []*Spec, hits []Hit, minutes []int64, clock time.Time) (all []Detection) {
	hits = slices.Clone(hits)
	for _, level := range levels(specs) {
		var found []Detection
		for _, s := range level {
			groups := map[string][]hit{}
			for _, x := range hits {
				if x.Spec == s {
					groups[string(x.Group)] = append(groups[string(x.Group)], specs[s].hit(&x, string(x.Ref)))
				}
			}
			if a := specs[s].Alarm; a != nil && a.Default != nil && len(minutes) > 0 {
				groups[""] = groups[""][:len(groups[""]):len(groups[""])]
			}
			for key, group := range groups {
				n := naive{specs[s], specs[s].merging().sorted(group), minutes, clock.UnixMilli()}
				for _, e := range n.episodes() {
					found = append(found, specs[s].detection(s, key, &e, false))
				}
			}
		}
		for i := range found {
			_ = chained(specs, &found[i], func(h *Hit) error { hits = append(hits, *h); return nil }) // no error to have
		}
		all = append(all, found...)
	}
	SortDetections(all)
	return all
}

// naive is one group.
type naive struct {
	s       *Spec
	hits    []hit
	minutes []int64
	clock   int64
}

func (n naive) episodes() []episode {
	switch {
	case n.s.Kind == FirstSeen:
		return n.newcomers()
	case n.s.Kind == Rate:
		return n.rates()
	case n.s.Kind == Alarm:
		return n.alarms()
	case n.s.AtClose():
		return n.closings()
	}
	return n.windows()
}

// between is the hits from one time to another, both included.
func (n naive) between(from, to int64) (some []hit) {
	for _, h := range n.hits {
		if h.at >= from && h.at <= to {
			some = append(some, h)
		}
	}
	return some
}

func (n naive) instants() (all []int64) {
	for _, h := range n.hits {
		all = append(all, h.at)
	}
	return slices.Compact(all)
}

// windows judges at each instant the window that ends there.
func (n naive) windows() (all []episode) {
	var open *episode
	last := int64(math.MinInt64 / 2)
	for _, at := range n.instants() {
		win := n.between(at-n.s.window(), at)
		value, holds := n.judge(win)
		if open != nil && (!holds || at-last > n.s.window()) {
			all, open = append(all, *open), nil
		}
		if last = at; !holds {
			continue
		}
		here := n.between(at, at)
		if open == nil {
			open = n.s.opening(at, here[len(here)-1], value, win)
			continue
		}
		open.add(here...)
		if n.s.Kind != Count {
			open.value = max(open.value, value)
		}
	}
	if open != nil {
		all = append(all, *open)
	}
	return all
}

func (n naive) judge(win []hit) (float64, bool) {
	var present uint64
	var numbers []float64
	values := map[string]bool{}
	for _, h := range win {
		present |= h.inputs
		numbers = append(numbers, h.number)
		values[ownValue(h.value)] = true
	}
	sum := 0.0
	for _, x := range numbers {
		if wholeNumber(x) {
			sum += x
		}
	}
	for _, x := range numbers {
		if !wholeNumber(x) {
			sum += x
		}
	}
	v := float64(len(win))
	switch n.s.Kind {
	case Ordered:
		return v, n.chain(win, 0, math.MinInt64, "", nil)
	case Expression:
		return v, n.s.Expr.holds(present)
	case Distinct:
		v = float64(len(values))
	case Inputs:
		v = float64(bits.OnesCount64(present))
	case Sum:
		v = sum
	case Average:
		v = sum / float64(len(win))
	case Percentile:
		slices.Sort(numbers)
		v = quantile(numbers, n.s.Percentile/100)
	}
	return v, n.s.Within(v) && (len(win) > 0 || n.s.Kind != Average && n.s.Kind != Percentile)
}

// chain tells whether the steps from the given one on can be met by different
// records, none earlier than the one before it; value is that of the step that
// others are compared with.
func (n naive) chain(win []hit, step int, from int64, value string, used []uint64) bool {
	if step == len(n.s.Steps) {
		return true
	}
	d := n.s.Differ
	for _, h := range win {
		if h.at < from || h.inputs>>n.s.Steps[step]&1 == 0 || slices.Contains(used, h.key) ||
			d != nil && slices.Contains(d.Steps, step) && h.value == value {
			continue
		}
		compared := value
		if d != nil && step == d.From {
			compared = h.value
		}
		if n.chain(win, step+1, h.at, compared, append(slices.Clone(used), h.key)) {
			return true
		}
	}
	return false
}

// closings judges for each instant what came until the window after it was over.
func (n naive) closings() (all []episode) {
	var open *episode
	last := int64(math.MinInt64 / 2)
	for _, at := range n.instants() {
		end := at + n.s.window()
		if end > n.clock {
			break
		}
		opener, rest := n.between(at, at), n.between(at+1, end)
		value, holds := n.judge(rest)
		counted := slices.Concat(opener, rest)
		switch n.s.Kind {
		case Expression:
			value, holds = n.judge(counted)
		case Absence:
			value = 0
			if opener, holds = n.unanswered(opener, counted); len(opener) == 0 {
				continue
			}
			counted = opener
		}
		if open != nil && (!holds || end-last > n.s.window()) {
			all, open = append(all, *open), nil
		}
		if last = end; !holds {
			continue
		}
		if open == nil {
			open = &episode{at: end, trigger: opener[len(opener)-1], value: value, upto: at - 1}
		}
		open.value = min(open.value, value)
		open.add(after(counted, open.upto)...)
	}
	if open != nil {
		all = append(all, *open)
	}
	return all
}

func (n naive) unanswered(opener, counted []hit) (asking []hit, alone bool) {
	alone = true
	for _, a := range opener {
		if a.inputs&1 == 0 {
			continue
		}
		asking = append(asking, a)
		for _, b := range counted {
			alone = alone && (b.inputs>>1&1 == 0 || b.key == a.key)
		}
	}
	return asking, alone
}

func (n naive) newcomers() (all []episode) {
	started := int64(0)
	for i, h := range n.hits {
		if i == 0 || h.at-n.hits[i-1].at > n.s.forget() {
			started = h.at
		}
		isNew := true
		for _, b := range n.hits[:i] {
			isNew = isNew && (b.value != h.value || h.at-b.at > n.s.window() || b.at < started)
		}
		if isNew && h.at-started >= n.s.Warmup.Milliseconds() {
			e := episode{at: h.at, trigger: h, subject: h.value}
			e.add(h)
			all = append(all, e)
		}
	}
	return all
}

func (n naive) rates() (all []episode) {
	counts := map[int64]int64{}
	for _, h := range n.hits {
		counts[n.s.period(h.at)]++
	}
	var open *episode
	m := pace{s: n.s}
	through := int64(0)
	for p, from := n.s.period(n.hits[0].at), 0; p <= n.s.period(n.hits[len(n.hits)-1].at); p++ {
		if counts[p] == 0 {
			continue
		}
		silent := n.s.Rate.Baseline.Milliseconds()/n.s.window() + 2
		if len(m.periods) == 0 || p-m.periods[len(m.periods)-1].n > silent {
			m.periods, m.started = nil, p
		}
		m.periods = append(m.periods, period{p, counts[p]})
		m.now.count = counts[p]
		low, high, holds := m.judge(p)
		here := n.hits[from : from+int(counts[p])]
		from += int(counts[p])
		if open != nil && through < p-1 {
			all, open = append(all, *open), nil
		}
		if !holds {
			continue
		}
		if open == nil {
			open = &episode{at: p * n.s.window(), low: low, high: high}
		}
		open.add(here...)
		open.value, open.trigger, through = max(open.value, float64(counts[p])), here[len(here)-1], p
	}
	if open != nil {
		all = append(all, *open)
	}
	return all
}

// alarms evaluates every minute, or ten seconds, or hour, from the first sample
// on.
func (n naive) alarms() (all []episode) {
	m := *newAlarm(n.s)
	first := int64(math.MaxInt64 / 2)
	if len(n.hits) > 0 {
		first = n.hits[0].at
	}
	samples := n
	n.hits = records(n.hits)
	for _, minute := range n.minutes {
		if n.s.Alarm.Default != nil {
			first = min(first, minute*60_000+59_999)
		}
	}
	var open *episode
	var further []*episode
	for at := (first/m.pitch() + 1) * m.pitch(); at <= n.clock; at += m.pitch() {
		if m.state == InAlarm {
			for _, h := range n.between(at-m.pitch(), at-1) {
				m.ep, m.further = open, further
				m.join(&h)
				open, further = m.ep, m.further
			}
		}
		state := n.s.Alarm.Judge(samples.points(&m, at), m.state)
		if samples.few(&m, at) {
			state = m.state
		}
		if m.state == InAlarm && state != InAlarm {
			if open != nil {
				all = append(all, *open)
				m.heard = max(m.heard, open.upto)
			}
			for _, f := range further {
				all = append(all, *f)
				m.heard = max(m.heard, f.upto)
			}
			open, further = nil, nil
		}
		if state == InAlarm && m.state != InAlarm {
			past := n.between(0, at-1)
			open = &episode{at: at}
			if len(past) > 0 {
				open.trigger = past[len(past)-1]
			}
			from := at - int64(n.s.Alarm.Periods)*m.period()
			if len(n.between(from, at-1)) == 0 {
				from = at - m.reach()
			}
			open.add(n.between(from, at-1)...)
			if open.count > 0 && open.last <= m.heard {
				open = nil
			}
		}
		m.state = state
	}
	if m.state == InAlarm {
		m.ep, m.further = open, further
		for _, h := range n.hits { // those of the unit of time that is not over
			if h.at >= (n.clock/m.pitch())*m.pitch() && h.at <= n.clock {
				m.join(&h)
			}
		}
		open, further = m.ep, m.further
	}
	if open != nil {
		all = append(all, *open)
	}
	for _, f := range further {
		all = append(all, *f)
	}
	return all
}

// records are hits of which no two are of one record.
func records(hits []hit) (all []hit) {
	for i, h := range hits {
		if i == 0 || h.at != hits[i-1].at || h.key != hits[i-1].key {
			all = append(all, h)
		}
	}
	return all
}

func (n naive) points(m *alarm, at int64) []Point {
	all := make([]Point, n.s.Alarm.Range())
	for i := range all {
		from := at - int64(len(all)-i)*m.period()
		var sum bucket
		for _, h := range n.between(from, from+m.period()-1) {
			m.publish(&sum, &h)
		}
		for _, minute := range n.minutes {
			t := minute*60_000 + 59_999
			if n.s.Alarm.Default != nil && t >= from && t < from+m.period() && len(n.between(t-59_999, t)) == 0 {
				sum.add(*n.s.Alarm.Default, 1, true)
			}
		}
		all[i] = m.point(&sum)
	}
	return all
}

// few tells whether there are too few samples to evaluate an alarm.
func (n naive) few(m *alarm, at int64) bool {
	from, samples := at-int64(n.s.Alarm.Periods)*m.period(), 0
	for _, h := range n.between(from, at-1) {
		samples += bits.OnesCount64(h.inputs)
	}
	for _, minute := range n.minutes {
		t := minute*60_000 + 59_999
		if n.s.Alarm.Default != nil && t >= from && t < at && len(n.between(t-59_999, t)) == 0 {
			samples++
		}
	}
	return n.s.Alarm.KeepWhenFew && m.stat.tooFew(float64(samples))
}

package backtest

// noisy is the number of findings from which exceptions are worth proposing,
// and tenth the least share of them that one must hide.
const (
	noisy = 5
	tenth = 10
)

// suggest proposes, for each principal behind a good part of the findings, the
// narrowest exception that hides all of theirs: every field that has one value
// in all of them is part of it. The fields are those of the configuration's
// exceptions, where who is what a finding calls its actor.
func (t *told) suggest() (all []Suggestion) {
	if len(t.findings) < noisy {
		return nil
	}
	for _, p := range t.shares(func(f *finding) string { return f.actor }) {
		if p.Value == "" || p.Findings*tenth < int64(len(t.findings)) {
			continue
		}
		all = append(all, t.exception(p.Value))
	}
	return all
}

// exceptionField is a field that an exception may name beside who.
type exceptionField struct {
	name string
	of   func(*finding) string
}

func exceptionFields() []exceptionField {
	return []exceptionField{
		{"eventName", func(f *finding) string { return f.eventName }},
		{"sourceIPAddress", func(f *finding) string { return f.address }},
		{"awsRegion", func(f *finding) string { return f.region }},
	}
}

func (t *told) exception(actor string) Suggestion {
	s := Suggestion{Match: []Match{{"who", actor}}}
	for _, field := range exceptionFields() {
		if value := t.only(actor, field.of); value != "" {
			s.Match = append(s.Match, Match{field.name, value})
		}
	}
	hidden := func(f *finding) bool { return f.actor == actor }
	for i := range t.findings {
		if hidden(&t.findings[i]) {
			s.Hides++
		}
	}
	s.LeavesAlerts = int64(t.alerts(hidden))
	s.HidesAlerts = int64(t.alerts(nil)) - s.LeavesAlerts
	return s
}

// only is the value that all findings of the actor have; empty when they differ.
func (t *told) only(actor string, of func(*finding) string) (value string) {
	first := true
	for i := range t.findings {
		f := &t.findings[i]
		if f.actor != actor {
			continue
		}
		if v := of(f); first {
			value, first = v, false
		} else if v != value {
			return ""
		}
	}
	return value
}

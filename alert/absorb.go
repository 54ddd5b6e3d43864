package alert

import (
	"slices"
	"strings"
)

// MaxNotes bounds the notes that an alert keeps; the oldest go first.
const MaxNotes = 200

// absorb adds findings that the alert does not count yet.
func (a *Alert) absorb(in *Incoming) {
	a.Rule = in.Rule
	for i := range in.Facts {
		f := &in.Facts[i]
		a.Count++
		a.count(f.texts)
		a.span(f)
		a.sample(f)
	}
	a.order()
}

// span widens the alert's event time to the finding's.
func (a *Alert) span(f *Fact) {
	t := f.Time.UTC()
	if a.FirstSeen.IsZero() || t.Before(a.FirstSeen) {
		a.FirstSeen = t
	}
	if t.After(a.LastSeen) {
		a.LastSeen = t
	}
}

// sample keeps the finding when it is among the first, by event time and then
// identity; the first of all gives the alert its Mode.
func (a *Alert) sample(f *Fact) {
	i, _ := slices.BinarySearchFunc(a.Samples, f, func(s Sample, f *Fact) int {
		if c := s.Time.Compare(f.Time); c != 0 {
			return c
		}
		return strings.Compare(s.Identity, f.Identity)
	})
	if i >= MaxSamples {
		return
	}
	if i == 0 {
		a.Mode = f.Mode
	}
	s := Sample{
		Record: sampleRecord(f.Record, f.sound), Identity: f.Identity, Time: f.Time.UTC(),
		Evidence: f.Evidence, Detection: f.Detection, Row: f.Row,
	}
	a.Samples = slices.Insert(a.Samples, i, s)
	if len(a.Samples) > MaxSamples {
		a.Samples = slices.Delete(a.Samples, MaxSamples, len(a.Samples))
	}
}

// sampled tells whether the alert keeps a sample with the identity. It stands
// in for the identity once that is purged.
func (a *Alert) sampled(identity string) bool {
	return slices.ContainsFunc(a.Samples, func(s Sample) bool { return s.Identity == identity })
}

func (a *Alert) note(n Note) {
	n.Text, n.By = bounded(n.Text), bounded(n.By)
	a.Notes = append(a.Notes, n)
	if len(a.Notes) > MaxNotes {
		a.Notes = slices.Delete(a.Notes, 0, len(a.Notes)-MaxNotes)
	}
}

// toldOf is what a sink was told, made when there is none.
func (a *Alert) toldOf(sink string) *Told {
	for i := range a.Told {
		if a.Told[i].Sink == sink {
			return &a.Told[i]
		}
	}
	a.Told = append(a.Told, Told{Sink: sink})
	return &a.Told[len(a.Told)-1]
}

package memory

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Detection is one stretch of time in which a Spec's condition held for a group.
// It is the same whatever the order in which the records came.
type Detection struct {
	// ID names the detection: hex, of the rule, the group and At. A later
	// Detection with the same ID takes the place of an earlier one.
	ID    string
	Spec  int    // place in the list of Specs
	Rule  string // Spec.Rule
	Kind  Kind
	Group []Label
	// Carried are fields of the Trigger by which Specs go that count this one's
	// detections, and that are none of the group's. One that the record lacks is
	// not there.
	Carried []Label

	At    time.Time // when the condition became true, UTC
	First time.Time // of the first record behind it
	Last  time.Time // of the last
	Count int64     // records behind it
	// Value is what was compared: the highest aggregate, or the lowest where
	// being low is what counts. Low and High are what was usual, of Rate.
	Value     float64
	Low, High float64
	Subject   string   // the new value of FirstSeen, the further actor of Alarm
	Values    []string // the first different values, at most MaxRelated
	Summary   string   // in words: "12 records within 4m10s (10 within 5m are enough)"

	// Trigger is the record that made the condition true; of Absence the one
	// that was not answered; without a Ref when there is none. Related are the
	// first and the last records behind the detection, at most MaxRelated.
	Trigger Related
	Related []Related

	// Open says that further records may still belong to it. Late says that
	// its records came later than the bound on lateness and were judged among
	// themselves. Withdrawn says that a record that came later proved an
	// earlier Detection with this ID wrong; Replaces names such Detections that
	// this one takes the place of.
	Open, Late, Withdrawn bool
	Replaces              []string
}

// Label is a named value of a group.
type Label struct{ Name, Value string }

// Related is a record behind a detection.
type Related struct {
	At  time.Time
	Ref string // as given in Hit.Ref
}

// detection tells of e, in the group whose key is key.
func (s *Spec) detection(place int, key string, e *episode, late bool) Detection {
	d := Detection{
		Spec: place, Rule: s.Rule, Kind: s.Kind, Group: s.labels(key),
		At: stamp(e.at), First: stamp(e.first), Last: stamp(e.last), Count: e.count,
		Value: e.value, Low: e.low, High: e.high, Subject: readable(e.subject),
		Trigger: Related{stamp(e.trigger.at), e.trigger.ref}, Late: late, Carried: s.carriedIn(e.trigger.value),
	}
	if e.count == 0 {
		d.First, d.Last = d.At, d.At
	}
	for _, v := range e.values {
		d.Values = append(d.Values, readable(v))
	}
	for _, h := range slices.Concat(e.head, e.tail) {
		d.Related = append(d.Related, Related{stamp(h.at), h.ref})
	}
	if s.Kind == Alarm && d.Subject != "" { // each further actor is an alarm of its own
		d.Group = append(d.Group, Label{"actor", d.Subject})
	}
	d.ID = s.identity(key, e, late)
	d.Summary = s.summary(&d)
	return d
}

func stamp(ms int64) time.Time { return time.UnixMilli(ms).UTC() }

func (s *Spec) identity(key string, e *episode, late bool) string {
	h := sha256.New()
	var b []byte
	for _, part := range []string{"trailwarden detection 1", s.Rule, s.Kind.String(), key, e.subject} {
		b = appendText(b, part)
	}
	b = binary.AppendVarint(b, e.at)
	if late {
		b = append(b, 1)
	}
	h.Write(b)
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// labels are the values in a group's key under the names of the fields.
func (s *Spec) labels(key string) []Label {
	var all []Label
	for i, v := range texts(key) {
		if i < len(s.By) {
			all = append(all, Label{s.By[i], v})
		}
	}
	return all
}

// texts are what AppendValue wrote.
func texts(key string) (all []string) {
	c := codec{b: []byte(key), reading: true}
	for len(c.b) > 0 {
		var v string
		if c.text(&v); c.bad {
			break
		}
		all = append(all, v)
	}
	return all
}

// readable is a value for people: the texts of several fields, joined.
func readable(value string) string {
	if len(value) == 0 {
		return ""
	}
	return strings.Join(texts(value), " / ")
}

// AppendValue appends one text of a group or value, so that two lists of texts
// are never the same unless their texts are. A text over MaxText bytes is cut
// and told apart by its hash.
func AppendValue(dst, text []byte) []byte {
	if len(text) <= MaxText {
		return appendText(dst, text)
	}
	sum := sha256.Sum256(text)
	short := append(text[:MaxText-20:MaxText-20], "…"...)
	return appendText(dst, hex.AppendEncode(short, sum[:8]))
}

// number writes a count or an aggregate.
func number(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

// Span writes a duration in its largest whole units: 5m, 1h30m, 30d.
func Span(d time.Duration) string {
	const day = 24 * time.Hour
	if d >= day && d%day == 0 {
		return fmt.Sprintf("%dd", d/day)
	}
	s := d.Round(time.Second).String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// ofSeveral names the actors of an alarm when they are more than the one that
// its finding is of: the alarm speaks of all of them.
func ofSeveral(actors []string) string {
	const most = 3
	switch n := len(actors); {
	case n < 2:
		return ""
	case n == MaxRelated: // there may be more than are kept
		return " of " + strings.Join(actors[:most], ", ") + " and others"
	case n > most:
		return fmt.Sprintf(" of %s and %d more", strings.Join(actors[:most], ", "), n-most)
	default:
		return " of " + strings.Join(actors[:n-1], ", ") + " and " + actors[n-1]
	}
}

func plural(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// summary says in words what the detection found.
func (s *Spec) summary(d *Detection) string {
	took, records := Span(d.Last.Sub(d.First)), plural(d.Count, "record", "records")
	switch s.Kind {
	case Absence:
		return fmt.Sprintf("%s not followed by %s within %s", records, s.input(1), Span(s.Window))
	case FirstSeen:
		return fmt.Sprintf("%s %q, not seen for %s", strings.Join(s.Over, " / "), d.Subject, Span(s.Window))
	case Rate:
		return fmt.Sprintf("%s in %s from %s, usually %s to %s", number(d.Value), Span(s.Window), d.At.Format(time.RFC3339), number(d.Low), number(d.High))
	case Alarm:
		if d.Subject != "" {
			return fmt.Sprintf("%s by %s while %s was in ALARM", records, d.Subject, s.Alarm.Name)
		}
		return fmt.Sprintf("%s went into ALARM: %s%s behind it", s.Alarm.Name, records, ofSeveral(d.Values))
	case Ordered:
		if more := d.Count - int64(len(s.Steps)); more > 0 {
			records = fmt.Sprintf("%d records in order and %d more of these,", len(s.Steps), more)
		} else {
			records += " in order"
		}
		return fmt.Sprintf("%s within %s: %s", records, took, s.steps()) + s.differed(d)
	case Inputs, Expression:
		return fmt.Sprintf("%s of %s within %s", records, s.inputNames(), took)
	}
	return s.counted(d, took, records)
}

func (s *Spec) counted(d *Detection, took, records string) string {
	limit := s.limits() + " within " + Span(s.Window)
	if s.AtClose() {
		return fmt.Sprintf("%s %s; wanted %s", number(d.Value), s.noun(), limit)
	}
	switch s.Kind {
	case Count:
		return fmt.Sprintf("%s within %s; %s found", records, took, limit)
	case Distinct:
		return fmt.Sprintf("%s different %s in %s within %s; %s found", number(d.Value), strings.Join(s.Over, " / "), records, took, limit)
	}
	return fmt.Sprintf("%s %s of %s in %s within %s; %s found", s.Kind, strings.Join(s.Over, " / "), number(d.Value), records, took, limit)
}

func (s *Spec) noun() string {
	if s.Kind == Distinct {
		return "different " + strings.Join(s.Over, " / ")
	}
	return "records"
}

func (s *Spec) limits() string {
	var all []string
	for _, b := range s.Bounds {
		all = append(all, b.String())
	}
	return strings.Join(all, " and ")
}

// String is the bound in words.
func (b Bound) String() string {
	words := [...]string{"exactly ", "less than ", "at most ", "more than ", "at least "}[b.Op]
	if b.Not {
		words = "other than "
	}
	return words + number(b.Value)
}

func (s *Spec) input(i int) string {
	if i < len(s.Inputs) && s.Inputs[i].Name != "" {
		return s.Inputs[i].Name
	}
	return "step " + strconv.Itoa(i+1)
}

func (s *Spec) inputNames() string {
	var all []string
	for i := range s.Inputs {
		all = append(all, s.input(i))
	}
	return strings.Join(all, ", ")
}

func (s *Spec) steps() string {
	var all []string
	for i := 0; i < len(s.Steps); {
		j := i
		for j < len(s.Steps) && s.Steps[j] == s.Steps[i] {
			j++
		}
		name := s.input(s.Steps[i])
		if j-i > 1 {
			name = fmt.Sprintf("%d × %s", j-i, name)
		}
		all = append(all, name+s.Differ.words(s, i))
		i = j
	}
	return strings.Join(all, ", then ")
}

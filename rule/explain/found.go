package explain

import (
	"strings"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/detect"
	"github.com/trailwarden/trailwarden/internal/visible"
)

// Bounds of looking up what a record has at one path.
const (
	maxValues = 50       // values kept
	maxVisits = 20_000   // values visited on the way
	maxShown  = 3        // values shown
	maxLevels = 200      // lists and objects inside each other
	maxTried  = 64 << 10 // bytes of a value that is tested on its own
)

// lookUp finds what the record has at a test's fields.
func (c *Condition) lookUp(rec *cloudtrail.Record) {
	c.Found, c.missing = valuesAt(rec, c.path, c.match)
	if c.other != nil {
		c.missing = false
		c.Against, _ = valuesAt(rec, *c.other, nil)
	}
}

// valuesAt is what the record has at a path, as JSON text: the value that
// satisfies m first, when there are several, or why there is none.
func valuesAt(rec *cloudtrail.Record, p detect.Path, m detect.Match) (out []string, none bool) {
	vals := look(rec, p)
	if len(vals) == 0 {
		return []string{missing(rec, p)}, true
	}
	if len(vals) > 1 && m != nil {
		for i, v := range vals {
			if satisfies(v, m) {
				vals[0], vals[i] = vals[i], vals[0]
				break
			}
		}
	}
	for i, v := range vals {
		if i == maxShown {
			out = append(out, "…")
			break
		}
		out = append(out, valueText(v))
	}
	return out, false
}

func satisfies(v cloudtrail.Value, m detect.Match) bool {
	if len(v.Raw()) > maxTried {
		return false
	}
	record := append(append([]byte(`{"v":`), v.Raw()...), '}')
	ok, err := detect.Naive(detect.Test{Path: detect.Keys("v"), Match: m}, record)
	return ok && err == nil
}

// missing says why a path selects nothing.
func missing(rec *cloudtrail.Record, p detect.Path) string {
	p.End = detect.EndSelf
	for _, v := range look(rec, p) {
		switch v.Kind() {
		case cloudtrail.Object:
			return "an object, which has no value of its own"
		case cloudtrail.Array:
			return "a list without values"
		}
	}
	return "absent"
}

func valueText(v cloudtrail.Value) string {
	raw := v.Raw()
	if len(raw) > 8*longest { // one value can be as large as a record
		raw = raw[:8*longest]
	}
	return visible.Text(cut(strings.ToValidUTF8(string(raw), "\uFFFD")))
}

// look selects values as detect's paths do, within bounds.
func look(rec *cloudtrail.Record, p detect.Path) []cloudtrail.Value {
	v, steps := rec.Value(), p.Steps
	if p.Root == detect.RootEnvelope {
		if len(steps) == 0 {
			return nil
		}
		v, steps = cloudtrail.EnvelopeField(rec, steps[0].Key), steps[1:]
		if !v.Exists() {
			return nil
		}
	}
	s := selection{path: p}
	s.walk(v, steps)
	return s.vals
}

type selection struct {
	path   detect.Path
	vals   []cloudtrail.Value
	visits int
	level  int
}

// enter counts a visit one level further down; leave with defer s.leave().
func (s *selection) enter() bool {
	s.visits++
	s.level++
	return s.visits <= maxVisits && s.level <= maxLevels && len(s.vals) < maxValues
}

func (s *selection) leave() { s.level-- }

func (s *selection) walk(v cloudtrail.Value, steps []detect.Step) {
	defer s.leave()
	if !s.enter() {
		return
	}
	if len(steps) == 0 {
		s.end(v)
		return
	}
	step := steps[0]
	switch {
	case step.Kind == detect.StepFields:
		v.Members(func(_ []byte, x cloudtrail.Value) bool { s.walk(x, steps[1:]); return true })
	case step.Kind == detect.StepElements:
		v.Elements(func(_ int, x cloudtrail.Value) bool { s.walk(x, steps[1:]); return true })
	case step.Kind == detect.StepIndex:
		v.Elements(func(i int, x cloudtrail.Value) bool {
			if i == step.Index {
				s.walk(x, steps[1:])
			}
			return i < step.Index
		})
	case v.Kind() == cloudtrail.Array && s.path.Cross:
		v.Elements(func(_ int, x cloudtrail.Value) bool { s.walk(x, steps); return true })
	default:
		s.keys(v, steps)
	}
}

// keys descends by one key or by several joined with dots.
func (s *selection) keys(v cloudtrail.Value, steps []detect.Step) {
	run := 1
	for s.path.Dotted != detect.DottedNever && run < len(steps) && steps[run].Kind == detect.StepKey {
		run++
	}
	for ; run > 0; run-- {
		names := make([]string, run)
		for i, k := range steps[:run] {
			names[i] = k.Key
		}
		x := v.Get(strings.Join(names, "."))
		if !x.Exists() && s.path.Fold {
			x = v.GetFold(strings.Join(names, "."))
		}
		if !x.Exists() {
			continue
		}
		s.walk(x, steps[run:])
		if s.path.Dotted == detect.DottedLiteralFirst {
			return
		}
	}
}

func (s *selection) end(v cloudtrail.Value) {
	defer s.leave()
	if !s.enter() || v.Kind() == cloudtrail.Object && s.path.End == detect.EndLeaves {
		return
	}
	open := s.path.End == detect.EndLeaves || s.path.End == detect.EndElements || s.path.End == detect.EndScalars && scalars(v)
	if v.Kind() == cloudtrail.Array && open {
		v.Elements(func(_ int, x cloudtrail.Value) bool { s.end(x); return true })
		return
	}
	s.vals = append(s.vals, v)
}

// scalars tells whether v is a list of scalars only, and not empty.
func scalars(v cloudtrail.Value) bool {
	n, all := 0, true
	v.Elements(func(_ int, x cloudtrail.Value) bool {
		n++
		all = x.Kind() != cloudtrail.Object && x.Kind() != cloudtrail.Array
		return all
	})
	return all && n > 0
}

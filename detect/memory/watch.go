package memory

import (
	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/detect"
)

// Watch finds the hits that records are: the step between records and an
// Engine. It is not for concurrent use; each goroutine makes its own, which is
// cheap.
type Watch struct {
	specs   []*Spec
	inputs  [][2]int // places in specs and in Inputs, by rule of the matcher
	matcher *detect.Matcher
	reading Reading
	hit     Hit
	visit   func(*Hit)
	begun   bool
	rec     *cloudtrail.Record
}

// CompileInputs compiles the inputs of specs that are records; Watches share it.
func CompileInputs(specs []*Spec) *detect.Engine {
	var nodes []detect.Node
	eachInput(specs, func(_, _ int, in *Input) { nodes = append(nodes, in.Node) })
	return detect.Compile(nodes)
}

func eachInput(specs []*Spec, visit func(spec, input int, in *Input)) {
	for i, s := range specs {
		for j := range s.Inputs {
			if in := &s.Inputs[j]; in.Node != nil {
				visit(i, j, in)
			}
		}
	}
}

// NewWatch makes a Watch over the engine that CompileInputs made of specs.
func NewWatch(specs []*Spec, engine *detect.Engine) *Watch {
	w := &Watch{specs: specs, matcher: engine.NewMatcher()}
	eachInput(specs, func(spec, input int, _ *Input) { w.inputs = append(w.inputs, [2]int{spec, input}) })
	return w
}

// Hits calls visit with each hit that the record is; the Hit is valid during the
// call. It is false for a record without a time that can be read: it has no
// place in any window, and should be counted as such.
func (w *Watch) Hits(rec *cloudtrail.Record, ref []byte, visit func(*Hit)) (timed bool) {
	t, ok := rec.Time()
	if !ok {
		return false
	}
	w.rec, w.visit, w.begun = rec, visit, false
	w.hit.At, w.hit.Ref = t, ref
	w.matcher.Match(rec, w.match)
	return true
}

func (w *Watch) match(n int) {
	if !w.begun {
		w.begun, w.hit.Key = true, w.rec.Key()
		w.reading.Begin(w.rec)
	}
	spec, input := w.inputs[n][0], w.inputs[n][1]
	if !w.reading.Read(w.specs[spec], input) {
		return
	}
	w.hit.Spec, w.hit.Input = spec, input
	w.hit.Group, w.hit.Value, w.hit.Number = w.reading.Group, w.reading.Value, w.reading.Number
	w.visit(&w.hit)
}

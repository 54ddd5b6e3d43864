package rule

import (
	"slices"

	"github.com/trailwarden/trailwarden/detect"
	"github.com/trailwarden/trailwarden/detect/memory"
)

// Memory is what a rule remembers: its findings are stretches of time, not
// single records.
type Memory struct {
	Spec *memory.Spec
	// Sources are, by input of the Spec, the rules whose detections are counted;
	// nil where records are. Specs sets Input.From by them.
	Sources []*Rule
}

// Records is which records the rule looks at: what it judges single records by,
// or, of a rule that remembers, any of its inputs. Of a rule that is for others
// to count, it is its own condition.
func (r *Rule) Records() detect.Node {
	switch {
	case r.Predicate != nil:
		return r.Predicate
	case r.counted != nil:
		return r.counted
	case r.Memory == nil:
		return detect.Const(false)
	}
	var any detect.Any
	for i, in := range r.Memory.Spec.Inputs {
		switch {
		case in.Node != nil:
			any = append(any, in.Node)
		case i < len(r.Memory.Sources) && r.Memory.Sources[i] != nil:
			any = append(any, r.Memory.Sources[i].Records())
		}
	}
	if len(any) == 1 {
		return any[0]
	}
	return any
}

// Specs are the Specs of the active rules that remember, and whose each is. A
// rule that counts the detections of a rule that is not among them is left out.
func Specs(rules []*Rule) (specs []*memory.Spec, owners []*Rule) {
	for _, r := range rules {
		if r.Memory != nil && r.Inactive == "" {
			owners = append(owners, r)
		}
	}
	for n := -1; n != len(owners); { // leaving one out may leave out another
		n = len(owners)
		owners = slices.DeleteFunc(owners, func(r *Rule) bool {
			return slices.ContainsFunc(r.Memory.Sources, func(s *Rule) bool { return s != nil && !slices.Contains(owners, s) })
		})
	}
	for _, r := range owners {
		s := *r.Memory.Spec
		s.Inputs = slices.Clone(s.Inputs)
		for i, source := range r.Memory.Sources {
			if source != nil {
				s.Inputs[i].Node, s.Inputs[i].From = nil, slices.Index(owners, source)
			}
		}
		specs = append(specs, &s)
	}
	memory.Carry(specs)
	return specs, owners
}

// silence makes r a rule for others to count: its own records or detections are
// no findings.
func (r *Rule) silence(by string) {
	r.CountedBy = by
	if r.Memory == nil && r.Predicate != nil {
		r.counted, r.Predicate = r.Predicate, nil
	}
}

package explain

import (
	"fmt"

	"github.com/trailwarden/trailwarden/internal/visible"
	"github.com/trailwarden/trailwarden/rule"
)

// Step is one of several inputs of a rule that remembers.
type Step struct {
	Name    string     `json:"name"`
	Matches *Condition `json:"matches"`
}

// remember explains what the rule makes of the records that match.
func (e *Explanation) remember(r *rule.Rule) {
	if r.Memory == nil {
		return
	}
	e.Remembers = visible.Text(r.Memory.Spec.Words())
	inputs := r.Memory.Spec.Inputs
	if len(inputs) < 2 {
		return
	}
	for i, in := range inputs {
		s := &Step{Name: visible.Text(in.Name)}
		if s.Name == "" {
			s.Name = fmt.Sprintf("step %d", i+1)
		}
		switch node := in.Node; {
		case node != nil:
			s.Matches = condition(node)
		case i < len(r.Memory.Sources) && r.Memory.Sources[i] != nil:
			s.Matches = condition(r.Memory.Sources[i].Records())
		default:
			continue
		}
		for _, c := range flatten(s.Matches, nil) {
			c.makeVisible()
		}
		e.Steps = append(e.Steps, s)
	}
}

package rule

import (
	"slices"

	"github.com/trailwarden/trailwarden/detect/memory"
	"github.com/trailwarden/trailwarden/internal/yamldoc"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
)

// DiffersKeys are the keys below a step's differs, when it is not the field
// alone.
func DiffersKeys() []string { return []string{"field", "from"} }

// differs reads in what steps of a sequence differ from an earlier one. All that
// do have the same field and the same earlier step.
func (n *native) differs(s *memory.Spec, steps *yamldoc.Node) {
	for i, x := range steps.Values {
		node := x.Get("differs")
		if node == nil {
			continue
		}
		field, from := n.difference(s, i, node)
		switch {
		case n.list.Err() != nil:
			return
		case s.Differ == nil:
			s.Over, s.Differ = []string{field}, &memory.Difference{From: from}
		case s.Over[0] != field || s.Differ.From != from:
			n.fail(node, CodeMemory, "differs: all steps of a sequence that differ do so in one field from one step; name the same ones, or write two rules")
			return
		}
		s.Differ.Steps = append(s.Differ.Steps, i)
	}
	if s.Differ != nil {
		n.compare(s, steps)
	}
}

// difference reads the differs of step i: the field, and the step that it is
// compared with.
func (n *native) difference(s *memory.Spec, i int, node *yamldoc.Node) (field string, from int) {
	from = i - 1
	name := node
	if node.Kind == yamldoc.Map {
		for _, k := range node.Keys {
			if !contains(DiffersKeys(), k.Text) {
				n.unknown(k, DiffersKeys(), "differs")
			}
		}
		if name = node.Get("field"); name == nil {
			n.add(diagnostic.Error, node, CodeMissing, "field: subnet", "differs: want field, whose value is another one")
			return "", 0
		}
		if step := node.Get("from"); step != nil {
			from = slices.IndexFunc(s.Inputs[:i], func(in memory.Input) bool { return in.Name != "" && in.Name == step.Text })
			if from < 0 {
				n.fail(step, CodeMemory, "differs: from %q: want the name of an earlier step", clip(step.Text))
				return "", 0
			}
		}
	}
	if name.Kind != yamldoc.String || name.Text == "" {
		n.fail(name, CodeType, "differs: want the name of one field, such as subnet; found a %s", name.Kind)
		return "", 0
	}
	if i == 0 {
		n.fail(node, CodeMemory, "differs: the first step has none before it to differ from")
		return "", 0
	}
	return n.fieldName(name), from
}

// compare prepares the steps that are compared. The numbers of steps become
// places in the sequence.
func (n *native) compare(s *memory.Spec, steps *yamldoc.Node) {
	if len(s.Steps) > memory.MaxDiffering {
		n.fail(steps, CodeMemory, "a sequence with differs has at most %d records; found %d", memory.MaxDiffering, len(s.Steps))
		return
	}
	field := memory.FieldOf(s.Over[0])
	for _, i := range append([]int{s.Differ.From}, s.Differ.Steps...) {
		if count := steps.Values[i].Get("count"); count != nil && count.Text != "1" {
			n.fail(count, CodeMemory, "count of a step that is compared: one record differs from one other")
			return
		}
		s.Inputs[i].Value = []memory.Field{field}
	}
	s.Differ.From = slices.Index(s.Steps, s.Differ.From)
	for k, i := range s.Differ.Steps {
		s.Differ.Steps[k] = slices.Index(s.Steps, i)
	}
}

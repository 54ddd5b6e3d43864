package lint

import (
	"fmt"
	"slices"

	"github.com/trailwarden/trailwarden/detect/memory"
	"github.com/trailwarden/trailwarden/rule"
)

// remembered are the checks of what a rule remembers.
func remembered(f *finder) {
	if f.rule.Memory == nil {
		return
	}
	s := f.rule.Memory.Spec
	for i, in := range s.Inputs {
		if i < len(f.rule.Memory.Sources) && f.rule.Memory.Sources[i] != nil {
			f.chained(in, f.rule.Memory.Sources[i])
			continue
		}
		for _, field := range slices.Concat(in.By, in.Value) {
			f.groupField(field.Name)
		}
	}
	if s.Kind == memory.Count && len(s.Bounds) == 1 && s.Bounds[0].Value <= 1 && !s.AtClose() {
		f.add("", warning("TL18", "a threshold of one record",
			"It tells of the first record of each group and hides those that follow until the group was silent; without a threshold each record is a finding.", "a higher count, or no threshold"))
	}
	if s.Kind == memory.FirstSeen && s.Warmup >= s.Window {
		f.add("", warning("TL19", "the warm-up is as long as values are remembered",
			"A group's first values are forgotten before a new one can be told from them.", "a longer within, or a shorter warm_up"))
	}
	if len(s.By) == 0 && s.Kind != memory.Alarm {
		f.add("", warning("TL20", "the rule counts the records of everybody together",
			"One busy account fills the window, and the finding does not say whose records they are.", "by: [account, principal]"))
	}
}

// chained looks at what is counted of another rule's findings: what these do not
// have themselves is taken of the record that made them true.
func (f *finder) chained(in memory.Input, source *rule.Rule) {
	if source.Memory == nil {
		return
	}
	for _, field := range slices.Concat(in.By, in.Value) {
		if !memory.OfDetections(field.Name) && !slices.Contains(source.Memory.Spec.By, field.Name) {
			f.groupField(field.Name)
		}
	}
}

// groupField is TL14 and TL15 of a field that groups or is counted.
func (f *finder) groupField(name string) {
	if slices.Contains(memory.Derived(), name) {
		return
	}
	if name == "userIdentity.arn" || name == "userIdentity.principalId" {
		f.add(name, warning("TL14", fmt.Sprintf("%q differs in every session of one role", name),
			"Each session becomes a group of its own, so little is counted together.", "principal"))
	}
	if known, _, near := f.cat.Field(name); !known {
		f.add(name, warning("TL15", fmt.Sprintf("what the rule remembers goes by %q, which CloudTrail records do not have", name),
			"A record without the field is not counted at all.", near))
	}
}

package lint

import (
	"fmt"
	"strings"

	"github.com/trailwarden/trailwarden/packs"
	"github.com/trailwarden/trailwarden/rule"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
	"github.com/trailwarden/trailwarden/rule/filterpattern"
)

// placed is a filter pattern of the files.
type placed struct {
	place   place
	pattern *filterpattern.Pattern
}

// model is a text of the benchmark.
type model struct {
	rule    *rule.Rule
	pattern *filterpattern.Pattern
}

// name says which filter of the benchmark it is.
func (m model) name() string {
	_, control, _ := strings.Cut(m.rule.Title, "(")
	name := strings.TrimSuffix(control, ")")
	for _, tag := range m.rule.Tags {
		if number, ok := strings.CutPrefix(tag, "securityhub."); ok {
			name += " and Security Hub's " + number
		}
	}
	return name
}

func models() (out []model) {
	pack, _ := packs.Named("cis")
	set, _ := pack.Rules(rule.Options{})
	for _, r := range set.Rules {
		if p, ok := r.Source.(*filterpattern.Pattern); ok {
			out = append(out, model{r, p})
		}
	}
	return out
}

// benchmark finds filters that are nearly one of the CIS benchmark. Where another
// filter of the files is that one, what is nearly so is meant to be.
func (l *linter) benchmark() {
	if len(l.filters) == 0 {
		return
	}
	all := models()
	have := map[*rule.Rule]bool{}
	for _, f := range l.filters {
		for _, m := range all {
			if d, ok := f.pattern.Differs(m.pattern); ok && d.None() {
				have[m.rule] = true
			}
		}
	}
	for _, f := range l.filters {
		var best *model
		var least filterpattern.Difference
		for i, m := range all {
			if d, ok := f.pattern.Differs(m.pattern); ok && (best == nil || d.Fewer(least)) {
				best, least = &all[i], d
			}
		}
		if best != nil && !least.None() && !have[best.rule] {
			l.nearly(f.place, *best, least)
		}
	}
}

// nearly says how a filter differs. What can only be a slip is a warning: a
// misspelling, one lost clause, a wrong connection. What may be meant is a note.
func (l *linter) nearly(p place, m model, d filterpattern.Difference) {
	slip := len(d.Misspelt) > 0 || d.Rejoined || len(d.Missing) == 1 && len(d.Added) == 0
	severity := diagnostic.Note
	if slip {
		severity = diagnostic.Warning
	}
	var how []string
	for _, x := range d.Misspelt {
		how = append(how, fmt.Sprintf("%s stands for %s", x.Got, x.Want))
	}
	if len(d.Missing) > 0 {
		how = append(how, "without "+strings.Join(d.Missing, ", "))
	}
	if len(d.Added) > 0 {
		how = append(how, "with "+strings.Join(d.Added, ", ")+" besides")
	}
	if d.Rejoined {
		how = append(how, "its clauses are joined otherwise")
	}
	l.add("CIS-nearly-the-benchmark", severity, p, "the filter is nearly that of "+m.name()+": "+strings.Join(how, "; "),
		"It counts other records than the benchmark's alarm does, and an audit that compares texts fails. A filter of one's own is best beside the benchmark's.",
		m.pattern.Text())
}

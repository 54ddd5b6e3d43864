package sigma

import (
	"fmt"
	"maps"
	"slices"

	"github.com/trailwarden/trailwarden/internal/yamldoc"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
)

// Link lets the filters among rules narrow the others and checks that every
// rule named by a filter or correlation is there (SG008). It may be called
// again when the collection has changed: filters are then applied anew.
// A correlation with an error becomes inactive; other rules are unaffected.
// Diagnostics carry each rule's own File.
func Link(rules []*Rule) diagnostic.List {
	var filters []*Rule
	for _, r := range rules {
		if r.Kind == Filter {
			filters = append(filters, r)
		}
	}
	l := linker{rules: rules, state: make(map[*Rule]visit, len(rules))}
	for _, r := range rules {
		switch r.Kind {
		case Event:
			r.filterWith(filters)
		case Filter:
			l.filter(r)
		case Correlation:
			l.correlation(r)
		}
	}
	return l.list
}

type visit uint8

const (
	unseen visit = iota
	open
	done
)

type linker struct {
	rules []*Rule
	state map[*Rule]visit
	list  diagnostic.List
}

func (l *linker) find(ref string) *Rule {
	for _, r := range l.rules {
		if r.Kind != Filter && r.isCalled(ref) {
			return r
		}
	}
	return nil
}

func (l *linker) filter(f *Rule) {
	for _, ref := range f.filter.rules {
		if l.find(ref) != nil {
			continue
		}
		rep := reporter{file: f.File, rule: f.ID}
		rep.add(diagnostic.Diagnostic{
			Code: "SGW9", Severity: diagnostic.Warning,
			Message: fmt.Sprintf("the filter is for rule %s, which is not loaded", quote(ref)),
			Why:     "It narrows nothing there; the id or name may be misspelt.",
		}, f.filter.at)
		l.list = append(l.list, rep.list...)
	}
}

// correlation checks r's references and, through them, those of correlations
// that it builds on.
func (l *linker) correlation(r *Rule) {
	if l.state[r] != unseen {
		return
	}
	l.state[r] = open
	defer func() { l.state[r] = done }()
	r.Inactive, r.over = "", nil
	for _, ref := range r.Correlation.Rules {
		target := l.find(ref)
		switch {
		case target == nil:
			l.fault(r, fmt.Sprintf("the correlation is over rule %s, which is not loaded; load it too, or correct its id or name", quote(ref)))
		case target.Kind == Correlation && l.state[target] == open:
			l.fault(r, fmt.Sprintf("the correlation leads through rule %s back to itself", quote(ref)))
		case target.Kind == Correlation:
			l.correlation(target)
		}
		r.over = append(r.over, target)
	}
	if r.Inactive == "" {
		l.aliases(r)
	}
	if r.Inactive == "" {
		r.wake()
	}
}

// aliases finds the rules that r's aliases name, which may be called there
// otherwise than among its rules.
func (l *linker) aliases(r *Rule) {
	c := r.Correlation
	for _, alias := range slices.Sorted(maps.Keys(c.Aliases)) {
		fields := c.Aliases[alias]
		for _, name := range slices.Sorted(maps.Keys(fields)) {
			i := slices.IndexFunc(r.over, func(target *Rule) bool { return target.isCalled(name) })
			if i < 0 {
				l.fault(r, fmt.Sprintf("alias %s names rule %s, which the correlation is not over", quote(alias), quote(name)))
				return
			}
			fields[c.Rules[i]] = fields[name]
		}
	}
}

func (l *linker) fault(r *Rule, msg string) {
	rep := reporter{file: r.File, rule: r.ID}
	rep.errorf("SG008", &yamldoc.Node{Line: r.Correlation.line}, "%s", msg)
	l.list = append(l.list, rep.list...)
	r.Inactive = msg
}

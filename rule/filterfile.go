package rule

import (
	"github.com/trailwarden/trailwarden/rule/diagnostic"
	"github.com/trailwarden/trailwarden/rule/filterpattern"
)

// filterFile loads a file of CloudWatch Logs filter patterns, or what aws logs
// describe-metric-filters prints; see filterpattern.ReadFile for its forms.
func (l *loader) filterFile(f *file) {
	l.filters(f, filterpattern.ReadFile)
}

func (l *loader) metricFilters(f *file) {
	l.transformations(f, l.filters(f, filterpattern.ReadMetricFilters))
}

// filters adds the rules of a file of patterns; one that is invalid is none.
func (l *loader) filters(f *file, read func([]byte) ([]filterpattern.Named, diagnostic.List)) (added map[filterpattern.Named]*Rule) {
	named, list := read(f.text)
	l.list = append(l.list, inFile(list, f.name)...)
	added = map[filterpattern.Named]*Rule{}
	for i, n := range named {
		r := &Rule{ID: n.Name, Title: n.Name, Line: n.Line}
		switch {
		case n.Name == "" && len(named) == 1:
			r.ID, r.Title = f.stem(), f.stem()
		case n.Name == "":
			r.ID = numbered(f.stem(), i+1)
			r.Title = r.ID
		case !idForm(n.Name) && slug(n.Name) != "":
			r.ID = slug(n.Name) // a heading in words stays as the title
		}
		if n.LogGroup != "" {
			l.groups[r] = n.LogGroup
			r.Description = "Metric filter of log group " + n.LogGroup
		}
		before := len(l.set.Rules)
		if l.add(f, r, &part{language: "filter", file: f.name, text: []byte(n.Text), line: max(1, n.Line)}); len(l.set.Rules) > before {
			n.Line = 0
			added[n] = r
		}
	}
	return added
}

package sigma

import (
	"fmt"
	"strings"

	"github.com/trailwarden/trailwarden/internal/yamldoc"
)

// LogSource says which events a rule is for; an empty part stands for any.
type LogSource struct {
	Category, Product, Service string
	Definition                 string // for people
}

// cloudTrail is our event stream in Sigma's taxonomy.
var cloudTrail = LogSource{Product: "aws", Service: "cloudtrail"}

// covers tells whether every part that l gives is the same in other.
func (l LogSource) covers(other LogSource) bool {
	same := func(mine, theirs string) bool { return mine == "" || strings.EqualFold(mine, theirs) }
	return same(l.Category, other.Category) && same(l.Product, other.Product) && same(l.Service, other.Service)
}

// String names the parts given, as in "product: aws, service: cloudtrail".
func (l LogSource) String() string {
	var parts []string
	for _, p := range [...][2]string{{"category", l.Category}, {"product", l.Product}, {"service", l.Service}} {
		if p[1] != "" {
			parts = append(parts, p[0]+": "+p[1])
		}
	}
	return strings.Join(parts, ", ")
}

// Elsewhere tells whether the rule is for another log source than CloudTrail,
// and so judges nothing.
func (r *Rule) Elsewhere() bool { return !r.source.covers(cloudTrail) }

func (l LogSource) inactive() string {
	if l.covers(cloudTrail) {
		return ""
	}
	return fmt.Sprintf("the rule is for another log source (%s); CloudTrail is %s", l, cloudTrail)
}

// logSource reads the logsource of a rule or filter.
func (p *parser) logSource(doc *yamldoc.Node) LogSource {
	n := doc.Get("logsource")
	if n == nil || n.Kind == yamldoc.Null {
		if !p.opts.Fragment {
			p.missing(doc, "logsource", "a rule must say which events it is for; for CloudTrail, product: aws and service: cloudtrail")
		}
		return cloudTrail
	}
	if n.Kind != yamldoc.Map {
		p.rep.errorf("SG001", n, "logsource must be a mapping of category, product and service, not a %s", n.Kind)
		return LogSource{}
	}
	l := LogSource{
		Category: p.text(n, "category"), Product: p.text(n, "product"), Service: p.text(n, "service"),
		Definition: p.text(n, "definition"),
	}
	if l.String() == "" {
		p.missing(doc, "logsource", "it must give a category, product or service")
	}
	return l
}

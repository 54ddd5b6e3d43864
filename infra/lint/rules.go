package lint

import (
	"cmp"
	"strings"

	"github.com/trailwarden/trailwarden/cloudtrail/catalog"
	"github.com/trailwarden/trailwarden/infra/value"
	"github.com/trailwarden/trailwarden/internal/re2"
	"github.com/trailwarden/trailwarden/rule"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
	"github.com/trailwarden/trailwarden/rule/filterpattern"
	"github.com/trailwarden/trailwarden/rule/lint"
)

// items are the mistakes of the published designs that the linters of the rule
// languages and of queries know under codes of their own.
func items() map[string]string {
	return map[string]string{
		"FPW3":  "S3.D1-inequalities-joined-by-or",
		"FPW2":  "S3.D2-unknown-field",
		"FPW6":  "S3.D3-reads-by-name",
		"FPW13": "S3.D4-global-services",
		"FPW14": "S3.D8-failed-calls",
		"EBW08": "S1.D3-reads-not-delivered",
		"EBW09": "S1.D6-sign-in-detail-type",
		"TL16":  "S3.D8-failed-calls",
		"TL10":  "S2.D7-unanchored-name",
		"TL11":  "S2.D7-unanchored-source",
		"AQ120": "S4.D9-no-day-partition",
		"AQ121": "S4.D9-no-account-or-region",
		"AQ126": "S4.D9-no-day-partition",
		"AQ122": "S4.D2-midnight",
		"AQ123": "S4.D2-late-files",
		"AQ124": "S4.D7-deletion-by-substring",
		"AQ125": "S4.D7-root-with-services",

		"S4.D4-query-does-not-parse": "S4.D4-query-does-not-parse",
		"S4.D4-unknown-column":       "S4.D4-unknown-column",
	}
}

// Items are the items of the published designs that a code belongs to: its own,
// and those of other designs that have the same mistake. CIS is the benchmark.
func Items(code string) []string {
	item, _, _ := strings.Cut(code, "-")
	also := map[string][]string{
		"S0.D6-retired-runtime":             {"S2.D12"},
		"S0.D7-logs-wildcard":               {"S2.D9"},
		"S1.D8-parameters-as-they-are":      {"S2.D8"},
		"S2.D2-notification-without-filter": {"S0.D9"},
		"S3.D4-global-services":             {"S0.D4"},
		"S1.D2-best-effort":                 {"S3.D7"},
		"S3.D7-large-events":                {"S1.D2"},
		"S4.D8-post-per-row":                {"S1.D7"},
		"S0.D8-reads-alarm":                 {"S3.D3"},
	}[code]
	if !strings.Contains(item, ".") && item != "CIS" {
		return []string{}
	}
	return append([]string{item}, also...)
}

// rules has a text judged by the linters of the rule languages. Lines of the text
// are lines of the file when inFile is set; otherwise all has the place of p.
func (l *linter) rules(language string, p place, text []byte, inFile bool) {
	set, list := rule.LoadText(language, "rule", text, rule.Options{})
	if set != nil {
		list = append(list, lint.Rules(set.Rules, catalog.Default(), func(string) []byte { return text })...)
	}
	for _, d := range list {
		d.Code = cmp.Or(items()[d.Code], d.Code)
		d.File, d.Rule = p.where(), p.object
		if !inFile || d.Line == 0 {
			d.Line, d.Column = p.at.Line, p.at.Column
		}
		l.keep(d)
	}
}

// metricFilter judges a filter pattern of CloudWatch Logs.
func (l *linter) metricFilter(r *resource) {
	v := r.get("FilterPattern", "filterPattern", "Pattern")
	if v != nil && v.Kind == value.Text && v.Known() {
		l.filter(r.place(v), v.Text)
		if p, _ := filterpattern.Parse(v.Text); p != nil {
			l.filters = append(l.filters, placed{r.place(v), p})
		}
	}
}

var (
	notRegion = re2.Own(`\$\.(?:awsRegion|region)\s*!=`)
	reads     = re2.Own(`readOnly|eventName`)
)

// filter judges the text of a filter pattern.
func (l *linter) filter(p place, text string) {
	l.rules("filter", p, []byte(text), false)
	if notRegion.MatchString(text) && !reads.MatchString(text) {
		l.add("S0.D8-reads-alarm", diagnostic.Warning, p, "the filter counts reads too", "Looking around in the console of another region makes dozens of reads.",
			"&& ($.readOnly IS FALSE)")
	}
	if m := sourceIsRegion.FindString(text); m != "" {
		l.sourceForRegion(p, m)
	}
}

func (l *linter) filterFile(f File) {
	if l.tooLong(f) {
		return
	}
	l.rules("filter", place{file: f.Name, at: &value.Value{Line: 1, Column: 1}}, f.Text, true)
}

// sourceIsRegion is a field for the service held to the name of a region.
var sourceIsRegion = re2.Own(`(?i)event_?source\W{1,6}(?:!?={1,3}|<>|!?in|not in|notin|startswith|like)?\W{0,4}["']?[a-z]{2}(?:-gov|-iso[a-z]?)?-(?:north|south|east|west|central|northeast|northwest|southeast|southwest)-[0-9]`)

func (l *linter) sourceForRegion(p place, text string) {
	l.add("S0.D1-service-taken-for-region", diagnostic.Error, p, strings.TrimSpace(text)+": eventSource is the service (iam.amazonaws.com), never a region",
		"The condition holds for every record or for none.", "awsRegion")
}

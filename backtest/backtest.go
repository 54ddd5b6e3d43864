// Package backtest replays history through rules and grouping and says what
// they would have told: alerts a day for each rule, who is behind them, how two
// sets of rules differ, and the narrowest exceptions that would have hidden
// most of a noisy rule's findings.
package backtest

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/pipeline"
	"github.com/trailwarden/trailwarden/pipeline/intake"
	"github.com/trailwarden/trailwarden/report"
	"github.com/trailwarden/trailwarden/rule"
)

// Options say what is replayed.
type Options struct {
	Scan  pipeline.Options // Listing, Stdin, window, limits; the rest is set here
	Rules []*rule.Rule
	// Against, when given, is the set of rules that Rules is compared with.
	Against []*rule.Rule
	// Suggest asks for exceptions.
	Suggest bool
	// Policy, when set, says how long findings of one group are one alert and, with
	// Routes, which sinks are told; the report says what these would have been sent.
	// Adjust changes what alerts tell of a rule, as the configuration wants it.
	Policy *alert.Policy
	Adjust func(*alert.Rule)
}

// Report is what the rules would have told. As JSON it is what backtest -f json
// prints.
type Report struct {
	From    time.Time      `json:"from"`    // the first record, UTC
	To      time.Time      `json:"to"`      // the last
	Days    float64        `json:"days"`    // between them, at least one
	Records int64          `json:"records"` // between Scan.From and To, copies included
	Outside int64          `json:"outside"` // records that were read and are not
	Faults  int64          `json:"faults"`
	Rules   []Forecast     `json:"rules"`           // most alerts first
	Sinks   []SinkForecast `json:"sinks,omitempty"` // by name, with Options.Policy
}

// Forecast is one rule's share.
type Forecast struct {
	Rule       string  `json:"rule"`
	Title      string  `json:"title"`
	Severity   string  `json:"severity"`
	Findings   int64   `json:"findings"`
	Alerts     int64   `json:"alerts"`
	PerDay     float64 `json:"perDay"`     // alerts
	Principals []Share `json:"principals"` // of findings, most first, at most MaxShares
	// Before is what the rule told in Options.Against; nil when it is new there
	// or nothing is compared. Gone says that it is in Against only.
	Before      *Figures     `json:"before,omitempty"`
	Gone        bool         `json:"gone,omitempty"`
	Suggestions []Suggestion `json:"suggestions,omitempty"`
}

// Figures are a rule's findings and alerts.
type Figures struct {
	Findings int64 `json:"findings"`
	Alerts   int64 `json:"alerts"`
}

// Share is how many findings have a value.
type Share struct {
	Value    string `json:"value"`
	Findings int64  `json:"findings"`
}

// Suggestion is an exception, as the configuration has them: the findings that
// have all these values.
type Suggestion struct {
	Match        []Match `json:"match"`
	Hides        int64   `json:"hides"`       // findings
	HidesAlerts  int64   `json:"hidesAlerts"` // alerts that would be gone altogether
	LeavesAlerts int64   `json:"leavesAlerts"`
}

// Match is a field of findings and the value that it must have.
type Match struct {
	Field string `json:"field"`
	Value string `json:"value"`
}

// MaxShares bounds the principals listed of one rule.
const MaxShares = 5

// Run replays.
func Run(ctx context.Context, o Options) (Report, error) {
	if o.Policy == nil {
		o.Policy = new(alert.Policy)
	}
	now, res, err := replay(ctx, o, o.Rules)
	if err != nil {
		return Report{}, err
	}
	r := Report{Records: res.Totals.Records - res.Outside, Outside: res.Outside, Faults: res.Totals.Faults, From: res.First, To: res.Last, Days: max(1, res.Last.Sub(res.First).Hours()/24), Rules: []Forecast{}}
	for _, t := range now.rules {
		r.Rules = append(r.Rules, t.forecast(r.Days, o.Suggest))
	}
	if now.messages != nil && len(now.messages.all) > 0 {
		r.Sinks = now.messages.run(r.Days)
	}
	if len(o.Against) > 0 {
		quiet := *o.Policy
		quiet.Routes, o.Policy = nil, &quiet // messages are forecast of the rules alone
		before, _, err := replay(ctx, o, o.Against)
		if err != nil {
			return Report{}, err
		}
		r.compare(before, &o)
	}
	slices.SortStableFunc(r.Rules, func(a, b Forecast) int {
		return cmp.Or(cmp.Compare(b.Alerts, a.Alerts), cmp.Compare(b.Findings, a.Findings), strings.Compare(a.Rule, b.Rule))
	})
	return r, nil
}

// compare sets what each rule told before; one that was there may have told
// nothing.
func (r *Report) compare(before *replayed, o *Options) {
	for i := range r.Rules {
		if slices.ContainsFunc(o.Against, func(x *rule.Rule) bool { return x.ID == r.Rules[i].Rule }) {
			r.Rules[i].Before = &Figures{}
		}
	}
	for id, t := range before.rules {
		i := slices.IndexFunc(r.Rules, func(f Forecast) bool { return f.Rule == id })
		if i < 0 {
			gone := !slices.ContainsFunc(o.Rules, func(x *rule.Rule) bool { return x.ID == id })
			r.Rules = append(r.Rules, Forecast{Rule: id, Title: t.title, Severity: t.severity, Gone: gone})
			i = len(r.Rules) - 1
		}
		r.Rules[i].Before = &Figures{int64(len(t.findings)), int64(t.alerts(nil))}
	}
}

// replayed is what one set of rules told.
type replayed struct {
	rules    map[string]*told
	o        Options
	facts    map[string]*alert.Rule
	messages *messages // nil when nobody asks
}

// told is what one rule told.
type told struct {
	id, title, severity string
	findings            []finding
}

// finding is what is kept of one finding.
type finding struct {
	actor, eventName, address, region string
	alert                             string // which alert it belongs to
}

func replay(ctx context.Context, o Options, rules []*rule.Rule) (*replayed, pipeline.Result, error) {
	p := &replayed{rules: map[string]*told{}, o: o, facts: map[string]*alert.Rule{}}
	for _, r := range rules {
		f := intake.Facts(r)
		if o.Adjust != nil {
			o.Adjust(f)
		}
		p.facts[r.ID] = f
	}
	if len(o.Policy.Routes) > 0 {
		p.messages = &messages{policy: o.Policy}
	}
	s := o.Scan
	s.Rules, s.WithEvent, s.Span, s.Findings = rules, true, true, p.take
	res, err := pipeline.Scan(ctx, s)
	return p, res, err
}

// take reads findings as a scan writes them.
func (p *replayed) take(lines []byte) error {
	for line := range strings.Lines(string(lines)) {
		f, err := report.ParseFinding([]byte(line))
		if err != nil {
			return err
		}
		t := p.rules[f.Rule]
		if t == nil {
			t = &told{id: f.Rule, title: f.Title, severity: f.Severity}
			p.rules[f.Rule] = t
		}
		at, _ := cloudtrail.ParseTime(f.EventTime) // the zero time when it has none
		if f.Detection != nil {
			at = f.Detection.At
		}
		if p.facts[f.Rule] == nil {
			return fmt.Errorf("a finding of rule %q, which is none of those that were asked for", f.Rule)
		}
		x := p.finding(&f, at)
		if p.messages != nil && !at.IsZero() {
			p.messages.all = append(p.messages.all, x)
		}
		t.findings = append(t.findings, finding{f.Actor, f.EventName, f.SourceIPAddress, f.AWSRegion, p.alert(&x)})
	}
	return nil
}

// finding is a finding of a scan as alerts are made of it.
func (p *replayed) finding(f *report.Finding, at time.Time) alert.Finding {
	x := alert.Finding{
		Rule: p.facts[f.Rule], Record: f.Event, Time: at, Arrived: at, Mode: "backtest",
		Identity: fmt.Sprintf("%s#%d", f.File, f.Record), Evidence: alert.Evidence{File: f.File, Record: f.Record, EventID: f.EventID},
	}
	if d := f.Detection; d != nil {
		x.Identity = d.ID
		x.Detection = &alert.Detection{ID: d.ID, Summary: d.Summary, From: d.From, To: d.To, Count: d.Count, Late: d.Late}
		for _, l := range d.Group {
			x.Detection.Group = append(x.Detection.Group, alert.Label{Name: l.Name, Value: l.Value})
		}
	}
	return x
}

// alert names the alert that a finding belongs to: the values of its group, as
// alerts have them, and the bucket of event time.
func (p *replayed) alert(x *alert.Finding) string {
	return alert.Fingerprint(x.Rule.ID, alert.GroupOf(x), p.o.Policy.BucketOf(x.Rule, x.Time))
}

// alerts counts the alerts of the findings that are not hidden.
func (t *told) alerts(hidden func(*finding) bool) int {
	seen := map[string]bool{}
	for i := range t.findings {
		if f := &t.findings[i]; hidden == nil || !hidden(f) {
			seen[f.alert] = true
		}
	}
	return len(seen)
}

func (t *told) forecast(days float64, suggest bool) Forecast {
	f := Forecast{Rule: t.id, Title: t.title, Severity: t.severity, Findings: int64(len(t.findings)), Alerts: int64(t.alerts(nil))}
	f.PerDay = float64(f.Alerts) / days
	f.Principals = t.shares(func(x *finding) string { return x.actor })
	if suggest {
		f.Suggestions = t.suggest()
	}
	return f
}

// shares are the most frequent values.
func (t *told) shares(of func(*finding) string) (all []Share) {
	counts := map[string]int64{}
	for i := range t.findings {
		counts[of(&t.findings[i])]++
	}
	for v, n := range counts {
		all = append(all, Share{v, n})
	}
	slices.SortFunc(all, func(a, b Share) int {
		return cmp.Or(cmp.Compare(b.Findings, a.Findings), strings.Compare(a.Value, b.Value))
	})
	return all[:min(len(all), MaxShares)]
}

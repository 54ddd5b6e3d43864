package assemble

import (
	"strings"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/config"
)

// Account is an account of the organization.
type Account struct {
	ID, Name, Unit string
}

// Policy is what the configuration says of alerts. Accounts are those that
// routes by name or organizational unit are looked up in; lifecycle tells which
// sinks know what acknowledged and resolved mean, and may be nil.
func Policy(cfg *config.Config, accounts []Account, lifecycle func(sink string) bool) *alert.Policy {
	p := &alert.Policy{
		Bucket: cfg.Alerts.Bucket.Std(), Repeat: cfg.Alerts.Repeat.Std(),
		Sinks: map[string]alert.SinkPolicy{},
	}
	for _, s := range cfg.Sinks {
		p.Sinks[s.Name] = alert.SinkPolicy{
			Quota: quota(s.Quota), StormEvery: cfg.Alerts.Storm.Std(),
			Lifecycle: s.Lifecycle && (lifecycle == nil || lifecycle(s.Name)),
		}
	}
	for i, r := range routes(cfg) {
		p.Routes = append(p.Routes, route(cfg, i, r, accounts))
	}
	return p
}

// routes are the configuration's, or one for everything to every sink.
func routes(cfg *config.Config) []config.Route {
	if len(cfg.Routes) > 0 {
		return cfg.Routes
	}
	return []config.Route{{Sinks: cfg.SinkNames()}}
}

// quota is a rate as whole messages a minute, at least one; 0 for none.
func quota(r config.Rate) int {
	if r.IsZero() {
		return 0
	}
	return r.PerMinute()
}

func route(cfg *config.Config, i int, r config.Route, accounts []Account) alert.Route {
	out := alert.Route{Name: routeName(i), Continue: r.Continue, Repeat: r.Repeat.Std(), Match: labels(r.Match, accounts)}
	for _, name := range r.Sinks {
		if s := cfg.Sink(name); s != nil && s.Enabled {
			out.Sinks = append(out.Sinks, name)
		}
	}
	return out
}

func routeName(i int) string { return "routes[" + itoa(i) + "]" }

// labels is a match as package alert has it.
func labels(m config.Match, accounts []Account) []alert.Label {
	var out []alert.Label
	add := func(name string, values []string) {
		for _, v := range values {
			out = append(out, alert.Label{Name: name, Value: v})
		}
	}
	if levels := severities(m); levels != nil {
		add("severity", levels)
	}
	add("rule", m.Rule)
	add("tag", m.Tag)
	add("region", m.Region)
	if len(m.Account)+len(m.Unit) > 0 {
		add("account", accountIDs(m, accounts))
	}
	return out
}

// severities are the values for the name severity; nil when any will do.
func severities(m config.Match) []string {
	switch {
	case len(m.Severity) == 0 && !m.MinSeverity.Given:
		return nil
	case len(m.Severity) == 0:
		return []string{">=" + m.MinSeverity.Level.String()}
	}
	out := []string{}
	for _, s := range m.Severity {
		if !m.MinSeverity.Given || s.Level >= m.MinSeverity.Level {
			out = append(out, s.Level.String())
		}
	}
	return out
}

// nobody is an account that does not exist: a route to an organizational unit
// without accounts must match nothing rather than everything.
const nobody = "none"

// accountIDs are the ids, or patterns of ids, that a match by account and unit
// comes down to.
func accountIDs(m config.Match, accounts []Account) []string {
	var out []string
	for _, a := range accounts {
		if anyOf(m.Account, a.ID, a.Name) && anyOf(m.Unit, a.Unit) {
			out = append(out, a.ID)
		}
	}
	for _, a := range m.Account {
		if len(m.Unit) == 0 && isID(a) {
			out = append(out, a)
		}
	}
	if len(out) == 0 {
		return []string{nobody}
	}
	return out
}

// anyOf tells whether some pattern fits some text; no patterns fit all.
func anyOf(patterns []string, texts ...string) bool {
	for _, p := range patterns {
		for _, t := range texts {
			if t != "" && config.Wild(p, t) {
				return true
			}
		}
	}
	return len(patterns) == 0
}

// isID tells account ids, and patterns of them, from names.
func isID(s string) bool { return s != "" && strings.Trim(s, "0123456789*") == "" }

// Adjust changes what alerts tell of a rule, as the configuration's overrides
// and defaults say; intake.Prepare takes it.
func Adjust(cfg *config.Config) func(*alert.Rule) {
	return func(r *alert.Rule) {
		for _, o := range cfg.OverridesOf(r.ID) {
			if o.Severity.Given {
				r.Severity = o.Severity.Level
			}
			if len(o.GroupBy) > 0 {
				r.GroupBy = o.GroupBy
			}
			if o.Bucket > 0 {
				r.Bucket = o.Bucket.Std()
			}
			for i, e := range o.Exceptions {
				r.Exceptions = append(r.Exceptions, exception(cfg, o, i, e))
			}
		}
		if len(r.GroupBy) == 0 {
			r.GroupBy = cfg.Alerts.GroupBy // nil leaves it to the window that made a detection
		}
	}
}

func exception(cfg *config.Config, o config.Override, i int, e config.Exception) alert.Exception {
	out := alert.Exception{Owner: e.Owner, Reason: e.Reason, Expires: e.Expires.Time(), Place: cfg.PlaceOf("rules", "overrides", o.Name, "exceptions", i)}
	for _, name := range sortedKeys(e.Match) {
		out.Match = append(out.Match, alert.Label{Name: name, Value: e.Match[name]})
	}
	return out
}

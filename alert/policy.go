package alert

import "time"

// Defaults of a Policy.
const (
	DefaultBucket     = 24 * time.Hour
	DefaultRepeat     = time.Hour
	DefaultQuota      = 30 // messages a minute
	DefaultStormEvery = 5 * time.Minute
)

// Policy is what configuration says of alerts. A Policy is not changed once it
// is in use; a new configuration is a new Policy.
type Policy struct {
	// Bucket is the length of event time that one alert covers, for rules that
	// do not say their own; 0 means DefaultBucket. Buckets begin at multiples of
	// their length since the Unix epoch: midnight UTC for a day.
	Bucket time.Duration
	// Repeat is the least time between two messages of one alert to one sink; 0
	// means DefaultRepeat, negative that repeats are not told.
	Repeat time.Duration
	// Routes choose the sinks of an alert. They are asked in order, and the first
	// that matches decides, unless it says Continue.
	Routes []Route
	// Sinks by name; a sink that is not here has the defaults.
	Sinks map[string]SinkPolicy
}

// Route sends the alerts that match to sinks.
type Route struct {
	Name string
	// Match are names and values, with * for any text and ? for any character.
	// Every name must hold; of several values for one name any will do. An empty
	// Match holds for every alert.
	//
	// Names are rule, severity (also ">=high" and the like), tag, mode, language,
	// account, region, actor, eventName, eventSource, errorCode,
	// sourceIPAddress, userAgent, and the fields that the alert is grouped by.
	Match    []Label
	Sinks    []string
	Continue bool          // ask the routes that follow, too
	Repeat   time.Duration // as in Policy, for this route; 0 leaves it to the sink
}

// SinkPolicy is what configuration says of one sink.
type SinkPolicy struct {
	Repeat time.Duration // as in Policy, for this sink; 0 leaves it to the policy
	// Quota is the most messages in any minute; 0 means DefaultQuota, negative no
	// bound. Beyond it a storm begins: news are counted by rule in running totals
	// instead of told alert by alert. A sixth is kept for severities high and
	// critical.
	Quota int
	// StormEvery is the least time between two messages with a storm's totals; 0
	// means DefaultStormEvery.
	StormEvery time.Duration
	// Lifecycle tells whether acknowledge and resolve are told (sink.Traits).
	Lifecycle bool
}

// Target is a sink that an alert goes to.
type target struct {
	sink   string
	repeat time.Duration
}

// targets are the sinks of an alert, each once, in the order of the routes.
func (p *Policy) targets(a *Alert) []target {
	var ts []target
	for i := range p.Routes {
		r := &p.Routes[i]
		if !matches(a, r.Match, someValue) {
			continue
		}
		for _, sink := range r.Sinks {
			if !hasTarget(ts, sink) {
				ts = append(ts, target{sink, p.repeat(r, sink)})
			}
		}
		if !r.Continue {
			break
		}
	}
	return ts
}

func hasTarget(ts []target, sink string) bool {
	for _, t := range ts {
		if t.sink == sink {
			return true
		}
	}
	return false
}

// repeat is the least time between messages on a route to a sink.
func (p *Policy) repeat(r *Route, sink string) time.Duration {
	for _, d := range []time.Duration{r.Repeat, p.Sinks[sink].Repeat, p.Repeat} {
		if d != 0 {
			return d
		}
	}
	return DefaultRepeat
}

// SinksOf are the names of the sinks that an alert goes to, in the order of the
// routes.
func (p *Policy) SinksOf(a *Alert) []string {
	var names []string
	for _, t := range p.targets(a) {
		names = append(names, t.sink)
	}
	return names
}

// SinkNames are all sinks that routes name, each once, in their order.
func (p *Policy) SinkNames() []string {
	var names []string
	seen := map[string]bool{}
	for _, r := range p.Routes {
		for _, s := range r.Sinks {
			if !seen[s] {
				seen[s] = true
				names = append(names, s)
			}
		}
	}
	return names
}

func (p *Policy) quota(sink string) int {
	if q := p.Sinks[sink].Quota; q != 0 {
		return q
	}
	return DefaultQuota
}

func (p *Policy) stormEvery(sink string) time.Duration {
	if d := p.Sinks[sink].StormEvery; d > 0 {
		return d
	}
	return DefaultStormEvery
}

// BucketOf is the start of the bucket of event time, UTC, in which findings of a rule
// at t are one alert.
func (p *Policy) BucketOf(r *Rule, t time.Time) time.Time {
	length := r.Bucket
	if length <= 0 {
		length = p.Bucket
	}
	if length <= 0 {
		length = DefaultBucket
	}
	since := t.Sub(time.Unix(0, 0)) % length
	if since < 0 {
		since += length
	}
	return t.Add(-since).UTC()
}

package config

import (
	"time"

	"github.com/trailwarden/trailwarden/internal/nearest"
)

// ScheduledQuery is a question that is asked by the clock, as a rule.
type ScheduledQuery struct {
	Name string

	SQL     string `key:"sql" kind:"true" doc:"The query, in Athena's SQL. :from and :to are the bounds of the run's event time."`
	File    string `key:"file" kind:"true" path:"read" doc:"A file with the query."`
	Example string `key:"example" kind:"true" doc:"A question that ships with the program; see trailwarden query examples."`

	Params      map[string]string `key:"params" open:"true" doc:"Values of the query's :name parameters."`
	Title       string            `key:"title" doc:"What its messages are called; without it, the name."`
	Description string            `key:"description" doc:"Why it matters."`
	Severity    Level             `key:"severity" default:"medium" doc:"Severity of its alerts and messages."`
	Tags        []string          `key:"tags" doc:"Tags, such as attack.t1078.004."`

	Every   Duration `key:"every" default:"1h" zero:"true" doc:"Time between two runs, which happen at multiples of it, UTC; runs that were missed are made up by the next."`
	Offset  Duration `key:"offset" doc:"How much after these times, such as 6h for a daily report at six."`
	Window  Duration `key:"window" doc:"Event time that a run covers; without it, as much as every."`
	Overlap Duration `key:"overlap" default:"6h" zero:"true" doc:"How much before the window is asked again, for what was delivered late; what was told is not told again."`

	Tell    string   `key:"tell" default:"report" enum:"report,alerts" doc:"report: one message for each run that found something; alerts: each row is a finding, as of a rule."`
	GroupBy []string `key:"group_by" doc:"With alerts, columns that tell alerts apart; eventid makes one of each row. Without it, account, region and actor."`
	Sinks   []string `key:"sinks" doc:"With report, the sinks; without it, those that routes choose for the rule query.NAME."`
	RowKey  []string `key:"row_key" doc:"Columns that tell rows apart; without it, eventid where there is such a column, else all."`
	Rows    int      `key:"max_rows" default:"10000" min:"1" max:"1000000" doc:"Most new rows of one run; the message says how many more there were."`

	Accounts []string `key:"accounts" doc:"Only logs of these accounts; without it, all."`
	Regions  []string `key:"regions" doc:"Only logs of these regions; without it, all."`
	Paths    []string `key:"paths" path:"true" doc:"With the embedded engine, log files and folders to ask, beside lake.path."`
	Engine   string   `key:"engine" enum:"local,athena" doc:"In place of query.engine."`
	Enabled  bool     `key:"enabled" default:"true" doc:"Whether it runs by itself."`
}

// scheduled checks the queries that run by the clock.
func (ch *checker) scheduled() {
	for i := range ch.Queries {
		q := &ch.Queries[i]
		at := "queries." + q.Name
		for j, s := range q.Sinks {
			if ch.Sink(s) == nil {
				ch.fail(ch.at("queries", q.Name, "sinks", j), CodeReference, "%s.sinks: there is no sink %s%s", at, quoted(s), ch.nearest(s, ch.SinkNames()))
			}
		}
		if q.Every.Std() < time.Minute {
			ch.fail(ch.at("queries", q.Name, "every"), CodeValue, "%s.every: want at least 1m", at)
		}
		if q.Offset.Std() < 0 || q.Offset.Std() >= max(q.Every.Std(), 1) {
			ch.fail(ch.at("queries", q.Name, "offset"), CodeValue, "%s.offset: want less than every", at)
		}
		if w := q.Window.Std(); w != 0 && w < q.Every.Std() {
			ch.fail(ch.at("queries", q.Name, "window"), CodeSense, "%s.window is shorter than every: what happens between would not be looked at", at)
		}
		if q.Overlap.Std() < 0 {
			ch.fail(ch.at("queries", q.Name, "overlap"), CodeValue, "%s.overlap: want a time from 0", at)
		}
		if ch.EngineOf(q) == "local" && len(q.Paths) == 0 && ch.Lake.Path == "" {
			ch.fail(ch.at("queries", q.Name), CodeMissing, "%s: the embedded engine has nothing to ask; want paths, lake.path, or engine: athena", at)
		}
	}
}

// EngineOf is the engine that a scheduled query runs on.
func (c *Config) EngineOf(q *ScheduledQuery) string {
	if q.Engine != "" {
		return q.Engine
	}
	return c.Query.Engine
}

// QueryNames are the names of the scheduled queries, in the file's order.
func (c *Config) QueryNames() []string {
	var out []string
	for _, q := range c.Queries {
		out = append(out, q.Name)
	}
	return out
}

// ScheduledQuery is the query of that name, or nil and the name that was meant.
func (c *Config) ScheduledQuery(name string) (q *ScheduledQuery, near string) {
	for i := range c.Queries {
		if c.Queries[i].Name == name {
			return &c.Queries[i], ""
		}
	}
	return nil, nearest.Of(name, c.QueryNames())
}

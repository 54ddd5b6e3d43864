package config

// Route says which alerts go to which sinks. Routes are tried from the top;
// the first that matches decides, unless it says continue.
type Route struct {
	Match    Match    `key:"match" doc:"What an alert must be; without it, every alert matches."`
	Sinks    []string `key:"sinks" doc:"Names of sinks; an empty list keeps matching alerts without telling anyone."`
	Continue bool     `key:"continue" doc:"Try the routes below as well."`
	Repeat   Duration `key:"repeat" doc:"How long after a message further findings of the alert are told, with the new count; without it, alerts.repeat."`
}

// Match is what an alert must be. Every key that is given must hold; of the
// values of one key, one. * stands for any characters.
type Match struct {
	Severity    []Level  `key:"severity" doc:"Severities."`
	MinSeverity Level    `key:"min_severity" doc:"The lowest severity."`
	Rule        []string `key:"rule" doc:"Ids of rules."`
	Tag         []string `key:"tag" doc:"Tags of rules, such as attack.t1078*."`
	Account     []string `key:"account" doc:"Account ids or names."`
	Region      []string `key:"region" doc:"Regions of the record."`
	Unit        []string `key:"unit" doc:"Paths of organizational units, such as Root/Production*."`
}

// IsZero tells whether every alert matches.
func (m Match) IsZero() bool {
	return len(m.Severity)+len(m.Rule)+len(m.Tag)+len(m.Account)+len(m.Region)+len(m.Unit) == 0 && !m.MinSeverity.Given
}

// Alerts are what holds for all alerts.
type Alerts struct {
	Bucket    Duration `key:"bucket" default:"24h" doc:"Length of event time that one alert covers."`
	Repeat    Duration `key:"repeat" default:"1h" doc:"How long after a message further findings of the alert are told, with the new count."`
	GroupBy   []string `key:"group_by" doc:"Fields that tell alerts of one rule apart, for rules that do not say; without it, account, region and actor."`
	Storm     Duration `key:"storm_every" default:"5m" doc:"While a sink is over its quota, how long between two messages with running totals."`
	GiveUp    Duration `key:"give_up" default:"24h" doc:"How long a message that cannot be delivered is tried before it becomes a dead letter."`
	Warn      Duration `key:"exception_warning" default:"14d" doc:"How long before its end an exception is warned of."`
	Retention Duration `key:"retention" default:"400d" doc:"How long resolved and quiet alerts are kept."`
	Own       string   `key:"own_activity" default:"exclude" enum:"exclude,judge" doc:"Records of the calls that serve and the Lambda function make themselves: counted only, or judged. scan judges all."`
}

// RuleSettings say which rules judge, and change single ones.
type RuleSettings struct {
	Paths     []string   `key:"paths" doc:"Rule files and folders, relative to this file, or packs by name."`
	Packs     []string   `key:"packs" enum:"starter,cis" doc:"Packs that ship with the program, beside the paths."`
	Overrides []Override `key:"overrides" named:"true" doc:"Changes to single rules, by id; * stands for any characters."`
}

// Override changes rules without touching their files.
type Override struct {
	Name       string      // id of a rule, or a wildcard
	Severity   Level       `key:"severity" doc:"In place of the rule's own."`
	Enabled    bool        `key:"enabled" default:"true" doc:"false: the rule judges nothing."`
	GroupBy    []string    `key:"group_by" doc:"In place of the rule's own."`
	Bucket     Duration    `key:"bucket" doc:"Length of event time that one of its alerts covers."`
	Exceptions []Exception `key:"exceptions" doc:"Findings that become no alert."`
}

// Exception keeps findings of a rule from becoming alerts.
type Exception struct {
	Match   map[string]string `key:"match" need:"true" open:"true" doc:"Fields and their values; all must hold, * stands for any characters."`
	Owner   string            `key:"owner" need:"true" doc:"Who answers for it."`
	Reason  string            `key:"reason" need:"true" doc:"Why these findings are no matter."`
	Expires Date              `key:"expires" need:"true" doc:"The day at whose end (UTC) it stops to hold."`
}

package doctor

import (
	"cmp"

	"github.com/trailwarden/trailwarden/config"
	"github.com/trailwarden/trailwarden/deploy/topology"
)

// TargetOf is what a configuration says of the infrastructure: what deploy made
// of it is looked for by the same names. A topology given here goes before the
// configuration's; with neither, everything is found by asking.
func TargetOf(cfg *config.Config, name string) Target {
	t := Target{Config: cfg, RuleNames: cfg.Deploy.Name}
	name = cmp.Or(name, cfg.Deploy.Topology)
	if name == "" {
		return t
	}
	t.Trail = cmp.Or(cfg.Deploy.Trail, cfg.Deploy.Name)
	t.Needs = needsOf(name)
	if name == topology.Slack || name == topology.Recommended {
		t.Bus = cfg.Deploy.Name + "-events" // as package topology names it
	}
	if cfg.Deploy.Organization != "" {
		t.Accounts = cfg.Deploy.Accounts
	}
	return t
}

// needsOf are the ways that a topology is made of.
func needsOf(name string) []string {
	return map[string][]string{
		topology.ServiceNow: {WayBucketFunction}, topology.SNS: {WayBucketFunction}, topology.Slack: {WayBus},
		topology.Alarms: {WayMetric}, topology.Athena: {WayAthena}, topology.Recommended: {WayBucketQueue, WayBus, WayAthena},
	}[name]
}

// Topologies are the names that TargetOf knows.
func Topologies() []string { return topology.Names() }

// Region is where the target's parts stand, or empty.
func (t Target) Region() string {
	return cmp.Or(t.Config.Deploy.Region, t.Config.AWS.Region)
}

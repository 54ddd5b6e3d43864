// Package deploy makes the infrastructure of a configuration: the plan of a
// topology, from the file that also runs.
package deploy

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/trailwarden/trailwarden/assemble"
	"github.com/trailwarden/trailwarden/config"
	"github.com/trailwarden/trailwarden/deploy/plan"
	"github.com/trailwarden/trailwarden/deploy/topology"
	"github.com/trailwarden/trailwarden/rule"
)

// Options change what the configuration's deploy block says.
type Options struct {
	// Topology is the topology; empty means that of the configuration.
	Topology string
	// Open leaves what belongs to one installation to parameters; see
	// topology.Input.
	Open bool
	// Change is applied to the block; it may be nil. Flags say which flags change
	// it, by key.
	Change func(*config.Deploy)
	Flags  map[string]string
}

// Plan is the plan of a configuration. Rules that are invalid are an error: what
// they look for would not be forwarded.
func Plan(cfg *config.Config, o Options) (*plan.Plan, error) {
	if o.Change != nil {
		o.Change(&cfg.Deploy)
	}
	name := cmp.Or(o.Topology, cfg.Deploy.Topology)
	if name == "" {
		return nil, fmt.Errorf("which topology? Give --topology or deploy.topology: one of %s", strings.Join(topology.Names(), ", "))
	}
	set, list := assemble.Rules(cfg.Rules, cfg)
	if err := list.Err(); err != nil {
		return nil, fmt.Errorf("the rules have errors, and infrastructure is made of them: %w", err)
	}
	if len(set.Rules) == 0 {
		return nil, errors.New("the configuration has no rules")
	}
	return topology.Make(name, topology.Input{Config: cfg, Rules: active(set.Rules), Open: o.Open, Flags: o.Flags})
}

// active leaves out rules that judge nothing.
func active(all []*rule.Rule) (out []*rule.Rule) {
	for _, r := range all {
		if r.Inactive == "" {
			out = append(out, r)
		}
	}
	return out
}

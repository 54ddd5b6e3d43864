package rule

import (
	"net/netip"

	"github.com/trailwarden/trailwarden/rule/sigma"
)

// Options says how rule files are read.
type Options struct {
	// Sigma holds the placeholders and pipelines that Sigma rules are read
	// with. Filters are documents among the rule files themselves.
	Sigma sigma.Options
	// ApprovedRegions, when given, replaces the approved regions of the region
	// rules that LoadFS reads: codes, wildcards, geographies or partitions. Load
	// leaves the user's own rules as they are.
	ApprovedRegions []string
	// Configured is what the text "configured" stands for among the approved
	// regions of any region rule, the user's own included: one list for all.
	Configured []string
	// Countries, when set, gives somebody who knows the country of an address, or
	// says why not. It is asked once, and only when a rule needs it: one that
	// names the field country. Without it such rules are inactive.
	Countries func() (func(netip.Addr) string, error)
}

// ConfiguredRegions is the text that stands for Options.Configured.
const ConfiguredRegions = "configured"

// Package assemble makes the parts of a running Trailwarden from its
// configuration: rules, the policy of alerts, sinks, enrichment and secrets.
// Every door (command line, server, Lambda) builds the same parts here. Adding
// a sink is a folder below sink and a line in this package's table.
package assemble

import (
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strings"

	"github.com/trailwarden/trailwarden/config"
	"github.com/trailwarden/trailwarden/enrich"
	"github.com/trailwarden/trailwarden/internal/nearest"
	"github.com/trailwarden/trailwarden/packs"
	"github.com/trailwarden/trailwarden/rule"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
	"github.com/trailwarden/trailwarden/rule/sigma"
)

// RuleOptions are what the configuration says of how rule files are read.
func RuleOptions(cfg *config.Config) rule.Options {
	return rule.Options{
		Sigma:           sigma.Options{Placeholders: cfg.Placeholders},
		ApprovedRegions: cfg.ApprovedRegions, Configured: cfg.ApprovedRegions,
		Countries: countries(cfg.Enrich.GeoIP),
	}
}

// countries opens the file of places when a rule asks for countries. It stays
// open as long as the rules do.
func countries(g *config.GeoIP) func() (func(netip.Addr) string, error) {
	if g == nil || g.City == "" {
		return nil
	}
	return func() (func(netip.Addr) string, error) {
		places, err := enrich.OpenAddresses(g.City)
		if err != nil {
			return nil, err
		}
		return places.Country, nil
	}
}

// Rules loads the rule files at paths, or the starter pack when there are none,
// and changes them as the configuration's overrides say. A path may be the name
// of a pack.
func Rules(paths []string, cfg *config.Config) (*rule.Set, diagnostic.List) {
	set, list := load(paths, RuleOptions(cfg))
	for _, r := range set.Rules {
		override(r, cfg)
	}
	return set, list
}

func load(paths []string, opts rule.Options) (*rule.Set, diagnostic.List) {
	if len(paths) == 0 {
		return packs.Starter().Rules(opts)
	}
	set, list := &rule.Set{}, diagnostic.List(nil)
	for _, p := range packs.All() { // in their order, whatever was named first or twice
		if slices.Contains(paths, p.Name) && IsPack(p.Name) {
			rules, said := p.Rules(opts)
			set.Rules, list = append(set.Rules, rules.Rules...), append(list, said...)
		}
	}
	if files := slices.DeleteFunc(slices.Clone(paths), IsPack); len(files) > 0 {
		rules, said := rule.Load(files, opts)
		meantPacks(said, files)
		rules.Rules = append(set.Rules, rules.Rules...)
		set, list = rules, append(list, said...)
	}
	return set, list
}

// meantPacks adds to what is said of a bare name that no file has that no pack is
// called so either.
func meantPacks(said diagnostic.List, paths []string) {
	var names []string
	for _, p := range packs.All() {
		names = append(names, p.Name)
	}
	for i, d := range said {
		if d.Code == rule.CodeRead && slices.Contains(paths, d.File) && !strings.ContainsAny(d.File, `./\`) {
			said[i].Message += ", and no pack is called so; packs are " + strings.Join(names, ", ")
			said[i].Fix = nearest.Of(d.File, names)
		}
	}
}

// IsPack tells whether path means a pack: it is a pack's name, and no file is
// called so.
func IsPack(path string) bool {
	if _, pack := packs.Named(path); !pack {
		return false
	}
	_, err := os.Stat(path)
	return err != nil
}

// override changes a rule as every override that names it says, the last one
// last.
func override(r *rule.Rule, cfg *config.Config) {
	for _, o := range cfg.OverridesOf(r.ID) {
		if o.Severity.Given {
			r.Severity = o.Severity.Level
		}
		if len(o.GroupBy) > 0 {
			r.GroupBy = o.GroupBy
		}
		if !o.Enabled && r.Inactive == "" {
			r.Inactive = fmt.Sprintf("switched off in %s", cfg.File)
		}
	}
}

// KnownRules is what the configuration's check asks of rules.
func KnownRules(set *rule.Set) []config.KnownRule {
	out := []config.KnownRule{}
	for _, r := range set.Rules {
		k := config.KnownRule{ID: r.ID, Severity: r.Severity, Tags: r.Tags, Groups: r.GroupBy, Rows: r.SQL != nil}
		if r.Memory != nil {
			k.Groups = slices.Concat(k.Groups, r.Memory.Spec.By)
		}
		out = append(out, k)
	}
	return out
}

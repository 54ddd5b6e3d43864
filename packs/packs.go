// Package packs holds the rules that come with the program, in packs that have a
// name. To add one, put a folder of rule files here, a line in All, and its name
// among those that the configuration takes (config.RuleSettings).
package packs

import (
	"embed"
	"io/fs"
	"slices"

	"github.com/trailwarden/trailwarden/internal/embedded"
	"github.com/trailwarden/trailwarden/rule"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
)

//go:embed starter/*.yaml cis/*.yaml
var files embed.FS

// Pack is one pack of rules.
type Pack struct {
	Name  string // by which it is asked for, and that of its folder
	About string // in a line
}

// All are the packs. The first one judges when no rules are given.
func All() []Pack {
	return []Pack{
		{"starter", "What deserves attention in any account"},
		{"cis", "The alarms of the CIS AWS Foundations Benchmark, in its own words"},
	}
}

// Named is the pack of that name.
func Named(name string) (Pack, bool) {
	all := All()
	i := slices.IndexFunc(all, func(p Pack) bool { return p.Name == name })
	if i < 0 {
		return Pack{}, false
	}
	return all[i], true
}

// Starter is the pack that a scan uses when no rules are given: what the
// write-ups that this program implements watch for, and the tampering that hides
// the rest.
func Starter() Pack { return All()[0] }

// Rules loads the pack. opts.ApprovedRegions replaces the approved set of its
// region rules. With opts.Countries the rules on countries take the places of
// those on networks that watch for the same.
func (p Pack) Rules(opts rule.Options) (*rule.Set, diagnostic.List) {
	set, list := rule.LoadFS(p.Files(), "packs/"+p.Name, opts)
	active := map[string]bool{}
	for _, r := range set.Rules {
		active[r.ID] = r.Inactive == ""
	}
	set.Rules = slices.DeleteFunc(set.Rules, func(r *rule.Rule) bool {
		return r.Inactive == rule.NoCountries || active[onCountries()[r.ID]]
	})
	if opts.Countries == nil { // which nobody has to give
		list = slices.DeleteFunc(list, func(d diagnostic.Diagnostic) bool { return d.Code == rule.CodeCountry })
	}
	return set, list
}

// onCountries are the rules on countries by the rule on networks whose place
// they take.
func onCountries() map[string]string {
	return map[string]string{
		"access-key-three-networks": "access-key-two-countries",
		"sign-in-new-network":       "sign-in-new-country",
	}
}

// Files are the pack's rule files, for those who want a copy to change.
func (p Pack) Files() fs.FS {
	sub, err := fs.Sub(embedded.Files{Packed: files}, p.Name)
	if err != nil { // the folder is embedded above
		panic(err)
	}
	return sub
}

// Package packs holds the rules that come with the program.
package packs

import (
	"embed"
	"io/fs"
	"slices"

	"github.com/trailwarden/trailwarden/internal/embedded"
	"github.com/trailwarden/trailwarden/rule"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
)

//go:embed starter/*.yaml
var files embed.FS

// Starter is the pack that a scan uses when no rules are given: what the CIS
// benchmark and the write-ups that this program implements watch for, and the
// tampering that hides the rest. opts.ApprovedRegions replaces the approved set
// of its region rule. With opts.Countries the rules on countries take the places
// of those on networks that watch for the same.
func Starter(opts rule.Options) (*rule.Set, diagnostic.List) {
	set, list := rule.LoadFS(StarterFiles(), "packs/starter", opts)
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

// StarterFiles are the starter pack's rule files, for those who want a copy to
// change.
func StarterFiles() fs.FS {
	sub, err := fs.Sub(embedded.Files{Packed: files}, "starter")
	if err != nil { // the folder is embedded above
		panic(err)
	}
	return sub
}

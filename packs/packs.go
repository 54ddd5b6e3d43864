// Package packs holds the rules that come with the program.
package packs

import (
	"embed"
	"io/fs"

	"github.com/trailwarden/trailwarden/rule"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
)

//go:embed starter/*.yaml
var files embed.FS

// Starter is the pack that a scan uses when no rules are given: what the CIS
// benchmark and the write-ups that this program implements watch for, and the
// tampering that hides the rest. opts.ApprovedRegions replaces the approved set
// of its region rule.
func Starter(opts rule.Options) (*rule.Set, diagnostic.List) {
	return rule.LoadFS(StarterFiles(), "packs/starter", opts)
}

// StarterFiles are the starter pack's rule files, for those who want a copy to
// change.
func StarterFiles() fs.FS {
	sub, err := fs.Sub(files, "starter")
	if err != nil { // the folder is embedded above
		panic(err)
	}
	return sub
}

package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// version is set at link time for a release: -ldflags "-X main.version=1.2.3".
var version = ""

type versionCommand struct{}

// Run prints version, commit and Go release in one line.
func (versionCommand) Run(s *streams) error {
	commit := ""
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, x := range info.Settings {
			if x.Key == "vcs.revision" {
				commit = " commit " + x.Value[:min(12, len(x.Value))]
			}
		}
	}
	_, err := fmt.Fprintf(s.out, "trailwarden %s%s %s %s/%s\n", versionName(), commit, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}

// versionName is the release, the module's version, or "development".
func versionName() string {
	v := version
	if info, ok := debug.ReadBuildInfo(); ok && v == "" {
		v = info.Main.Version
	}
	if v == "" || v == "(devel)" {
		return "development"
	}
	return v
}

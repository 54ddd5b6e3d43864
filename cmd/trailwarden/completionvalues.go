package main

import (
	"strings"

	"github.com/alecthomas/kong"

	"github.com/trailwarden/trailwarden/assemble"
	"github.com/trailwarden/trailwarden/cloudtrail/catalog"
	"github.com/trailwarden/trailwarden/config"
	"github.com/trailwarden/trailwarden/deploy/topology"
	"github.com/trailwarden/trailwarden/doctor"
	trigger "github.com/trailwarden/trailwarden/lambda/sample"
	"github.com/trailwarden/trailwarden/packs"
	"github.com/trailwarden/trailwarden/query/library"
	"github.com/trailwarden/trailwarden/report"
	"github.com/trailwarden/trailwarden/severity"
)

// valuesOf is what a flag or an argument takes: what its grammar enumerates,
// what is known of its kind, or files where its placeholder says so.
func (w *walk) valuesOf(v *kong.Value) suggestions {
	if v.Enum != "" {
		return suggestions{files: noFiles, words: bare(v.EnumSlice())}
	}
	out := suggestions{files: filesOf(v)}
	switch valueKind(w.node, v) {
	case "rule":
		out.words = w.ruleIDs()
	case "pack":
		for _, p := range packs.All() {
			out.words = append(out.words, suggestion{p.Name, p.About})
		}
	case "sink":
		out.words = w.sinks()
	case "scheduled":
		out.words = w.scheduled()
	case "question":
		out.words = questions()
	case "region":
		out.words = regions()
	case "severity":
		out.words = bare(severity.Names())
	case "format":
		out.words = bare(report.Formats())
	case "sample":
		out.words = bare(trigger.Names())
	case "topology":
		out.words = bare(topology.Names())
	case "check":
		for _, c := range doctor.Catalogue() {
			out.words = append(out.words, suggestion{c.ID, c.Title})
		}
	}
	return out
}

// valueKind is what values of this name are, the command given where a name has
// several meanings.
func valueKind(n *kong.Node, v *kong.Value) string {
	command := strings.TrimPrefix(n.Path(), "trailwarden ")
	switch v.Name {
	case "rule":
		if command == "match" {
			return "" // the rule itself
		}
		return "rule"
	case "rules", "against":
		return "pack"
	case "sink", "sample", "topology", "check":
		return v.Name
	case "example":
		return "question"
	case "region", "aws-region":
		return "region"
	case "fail-on", "severity":
		return "severity"
	case "format":
		if command == "scan" {
			return "format"
		}
	case "name":
		return map[string]string{"query examples": "question", "queries run": "scheduled"}[command]
	}
	return ""
}

// filesOf says whether a value is a file or a folder.
func filesOf(v *kong.Value) fileKind {
	name := v.Name
	if v.Flag != nil {
		name = v.Flag.PlaceHolder
	}
	switch strings.ToLower(name) {
	case "dir", "folder":
		return onlyDirs
	case "file", "path", "place", "event", "event.json", "finding", "rule", "sql":
		return anyFile
	}
	return noFiles
}

func bare(words []string) (out []suggestion) {
	for _, w := range words {
		out = append(out, suggestion{w, ""})
	}
	return out
}

// settings are those of --config, of trailwarden.yaml in this folder or none: a
// command line that is being written cannot be wrong yet.
func (w *walk) settings() *config.Config {
	cfg, err := needed(w.values["config"])
	if err != nil {
		return config.Default()
	}
	return cfg
}

// ruleIDs are the rules of -r, of the configuration or of the starter pack.
func (w *walk) ruleIDs() (out []suggestion) {
	cfg := w.settings()
	paths := cfg.Rules
	if given := w.values["rules"]; given != "" {
		paths = []string{given}
	}
	set, _ := assemble.Rules(paths, cfg)
	for _, r := range set.Rules {
		out = append(out, suggestion{r.ID, r.Title})
	}
	return out
}

func (w *walk) sinks() (out []suggestion) {
	for _, s := range w.settings().Sinks {
		out = append(out, suggestion{s.Name, ""})
	}
	return out
}

func (w *walk) scheduled() (out []suggestion) {
	for _, q := range w.settings().Queries {
		out = append(out, suggestion{q.Name, ""})
	}
	return out
}

func questions() (out []suggestion) {
	for _, q := range library.All() {
		out = append(out, suggestion{q.Name, q.About})
	}
	return out
}

func regions() (out []suggestion) {
	for _, r := range catalog.Default().Regions() {
		out = append(out, suggestion{r.Code, r.Place})
	}
	return out
}

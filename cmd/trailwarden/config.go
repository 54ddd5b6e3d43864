package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/trailwarden/trailwarden/assemble"
	"github.com/trailwarden/trailwarden/cloudtrail/catalog"
	"github.com/trailwarden/trailwarden/config"
	"github.com/trailwarden/trailwarden/internal/nearest"
	"github.com/trailwarden/trailwarden/report"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
	"github.com/trailwarden/trailwarden/rule/lint"
	"github.com/trailwarden/trailwarden/schema"
)

// configCommand is about trailwarden.yaml.
type configCommand struct {
	Check  configCheckCommand  `cmd:"" help:"Say everything that is wrong with a configuration, by line."`
	Schema configSchemaCommand `cmd:"" help:"Print the JSON Schema of trailwarden.yaml, for editors."`
}

// configuration loads the file, or gives the defaults when there is none.
func configuration(file string) (*config.Config, error) {
	if file == "" {
		return config.Default(), nil
	}
	return config.Load(file)
}

// defaultConfig is the file that commands read when --config names none.
const defaultConfig = "trailwarden.yaml"

// needed loads the file that a command cannot do without.
func needed(file string) (*config.Config, error) {
	if file != "" {
		return config.Load(file)
	}
	cfg, err := config.Load(defaultConfig)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errors.New("there is no trailwarden.yaml here; name the configuration with --config FILE")
	}
	return cfg, err
}

// configCheckCommand checks a configuration.
type configCheckCommand struct {
	File   string `arg:"" optional:"" name:"file" help:"The configuration. Default: trailwarden.yaml."`
	Config string `placeholder:"FILE" help:"The same, as other commands name it."`
	Format string `short:"f" default:"text" enum:"text,json" help:"text or json."`
}

// Help explains what is looked at, and the exit code.
func (configCheckCommand) Help() string {
	return `It reads the rules that the configuration names and looks up what refers to them, to sinks and to files. It fetches no secrets and calls nobody; trailwarden notify test does.

Exit codes: 0 nothing to say; 1 warnings; 2 the configuration cannot be used.`
}

// Run prints everything that is wrong, line by line.
func (c *configCheckCommand) Run(s *streams) error {
	if c.File != "" && c.Config != "" {
		return fmt.Errorf("%s and --config %s: want one configuration", c.File, c.Config)
	}
	file := cmp.Or(c.File, c.Config, defaultConfig)
	text, err := config.Read(file)
	if err != nil {
		return err
	}
	list := checkConfig(file, text, time.Now())
	if c.Format == "json" {
		err = lint.WriteJSON(report.TerminalJSON(s.out), list)
	} else {
		err = lint.WriteText(s.out, list)
	}
	if err != nil {
		return err
	}
	return lintVerdict(list)
}

// checkConfig gathers what is wrong with the configuration and with the rules
// that it names.
func checkConfig(file string, text []byte, now time.Time) diagnostic.List {
	cfg, list := config.Decode(file, text)
	set, faults := assemble.Rules(cfg.Rules, cfg)
	if cfg.Published {
		faults = append(faults, lint.Rules(set.Rules, catalog.Default(), ruleText)...)
	}
	var more diagnostic.List
	for _, d := range faults {
		if missing := d.Severity == diagnostic.Error && d.Line == 0 && !there(d.File); !missing && d.Severity != diagnostic.Note {
			more = append(more, d) // a file that is not there is said where it is named
		}
	}
	known := config.Known{Rules: assemble.KnownRules(set), Region: knownRegion, Field: knownField, Now: now}
	list = append(list, cfg.Check(known)...)
	if list.Err() == nil {
		list = append(list, made(cfg)...)
	}
	slices.SortStableFunc(list, func(a, b diagnostic.Diagnostic) int { return cmp.Compare(a.Line, b.Line) })
	return slices.CompactFunc(append(list, more...), func(a, b diagnostic.Diagnostic) bool {
		return a == b
	})
}

// made tries to make what the configuration describes: messages, whose templates
// are tried, and sinks. It contacts nobody. What depends on the machine, such as
// a region in the environment, is a warning.
func made(cfg *config.Config) (list diagnostic.List) {
	ctx := context.Background()
	a := assemble.New(cfg, assemble.Options{})
	defer a.Close()
	say := func(s diagnostic.Severity, line int, err error) {
		list = append(list, diagnostic.Diagnostic{Code: config.CodeMake, Severity: s, File: cfg.File, Line: line, Message: err.Error()})
	}
	if _, err := a.Builder(ctx); err != nil {
		say(diagnostic.Error, cfg.LineOf(blame(err)...), err)
	}
	for _, q := range cfg.Queries {
		if _, err := a.Query(q.Name); err != nil {
			say(diagnostic.Error, cfg.LineOf("queries", q.Name), err)
		}
	}
	for _, s := range cfg.Sinks {
		if _, err := a.Sink(ctx, s.Name); err != nil {
			say(diagnostic.Warning, cfg.LineOf("sinks", s.Name), err)
		}
	}
	return list
}

// blame is where the configuration says what an error of the messages is about.
func blame(err error) []any {
	if name, _, ok := strings.Cut(err.Error(), ": "); ok && strings.HasPrefix(name, "enrich.") {
		var keys []any
		for _, k := range strings.Split(name, ".") {
			keys = append(keys, k)
		}
		return keys
	}
	return []any{"messages", "templates"}
}

func there(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}

// knownField looks a record's field up.
func knownField(path string) (known bool, suggestion string) {
	known, _, suggestion = catalog.Default().Field(path)
	return known, suggestion
}

// knownRegion looks a region up in the catalogue: codes, wildcards, geographies
// and partitions.
func knownRegion(term string) (known bool, suggestion string) {
	cat := catalog.Default()
	var codes []string
	for _, r := range cat.Regions() {
		if r.Code == term {
			return true, ""
		}
		codes = append(codes, r.Code)
	}
	expanded, err := cat.ExpandRegions(term)
	if err != nil || len(expanded) == 0 || expanded[0] == term {
		return false, nearest.Of(term, codes)
	}
	return true, ""
}

// configSchemaCommand prints the schema.
type configSchemaCommand struct{}

// Run prints the JSON Schema.
func (configSchemaCommand) Run(s *streams) error {
	_, err := s.out.Write(schema.Configuration())
	return err
}

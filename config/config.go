// Package config reads trailwarden.yaml: what is watched, by which rules, and
// who is told of it.
//
//	sources:
//	  trail: {s3: {bucket: example-trail, region: eu-west-1}}
//	rules:
//	  paths: [rules/]
//	  packs: [starter]
//	approved_regions: [us-east-1, eu-*]
//	store: {sqlite: {path: /var/lib/trailwarden/alerts.db}}
//	sinks:
//	  soc: {slack: {webhook: env:SLACK_WEBHOOK}}
//	routes:
//	  - {match: {min_severity: medium}, sinks: [soc]}
//
// Every key may be left out unless its documentation says otherwise. A flag on
// the command line wins over its key. An unknown key is an error, because a
// misspelt setting would go unnoticed; so is a secret written in clear. The Go
// types are the format: their tags hold the keys, their meaning and their
// defaults, and the published JSON Schema is made from them.
package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"

	"github.com/trailwarden/trailwarden/internal/re2"
	"github.com/trailwarden/trailwarden/internal/yamldoc"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
)

// Config is the content of a configuration file with the defaults filled in.
type Config struct {
	File string // as given to Load; empty when there is none

	// Rules are the rule files and folders of RuleSettings, relative paths
	// resolved, and the names of packs.
	Rules []string

	Sources         []Source            `key:"sources" named:"true" doc:"Where records come from, by name."`
	ApprovedRegions []string            `key:"approved_regions" doc:"Regions in use, once for the rules that ask: codes, wildcards, geographies or partitions."`
	RuleSettings    RuleSettings        `key:"rules" short:"paths" doc:"The rules that judge: a list of files and folders, or more."`
	Placeholders    map[string][]string `key:"placeholders" open:"true" doc:"Values of %name% in Sigma rules."`
	Sinks           []Sink              `key:"sinks" named:"true" doc:"Where messages go, by name."`
	Routes          []Route             `key:"routes" doc:"Which alerts go to which sinks; without it, every alert goes to every sink."`
	Alerts          Alerts              `key:"alerts" doc:"What holds for all alerts."`
	Store           Store               `key:"store" doc:"Where alerts and undelivered messages are kept."`
	Enrich          Enrich              `key:"enrich" doc:"What is added to messages that records do not hold."`
	Messages        Messages            `key:"messages" doc:"How alerts are put in words."`
	Serve           Serve               `key:"serve" doc:"How the server runs."`
	Query           Query               `key:"query" doc:"How questions are answered."`
	Queries         []ScheduledQuery    `key:"queries" named:"true" doc:"Questions that are asked by the clock, as rules, by name."`
	Lake            Lake                `key:"lake" doc:"The Parquet copy of the logs."`
	AWS             AWS                 `key:"aws" doc:"What holds for every AWS client that does not say otherwise."`
	Limits          Limits              `key:"limits" doc:"What input may cost."`
	Deploy          Deploy              `key:"deploy" doc:"What trailwarden deploy makes infrastructure of."`

	Format         string `key:"format" enum:"table,ndjson,json,csv,yaml" doc:"Format of scan's report."`
	Workers        int    `key:"workers" min:"1" doc:"Files that scan reads at once."`
	FailOn         string `key:"fail_on" enum:"informational,low,medium,high,critical" doc:"scan exits with 1 on a finding of this severity or a higher one."`
	KeepDuplicates bool   `key:"keep_duplicates" doc:"scan judges a record also when it was seen before."`
	WithEvent      bool   `key:"with_event" doc:"scan adds the raw record to each finding."`

	// Published is set when the file is the configuration object of the AWS
	// Security Blog's walk-through rather than one of ours: its expressions are
	// the only rule and its topic the only sink.
	Published bool

	root *yamldoc.Node
}

// Load reads the file at path. The error names file and line of the first
// mistake, and says how many more there are.
func Load(path string) (*Config, error) { return LoadIn(filepath.Dir(path), path) }

// LoadIn is Load of a file whose relative paths are relative to another folder
// than its own.
func LoadIn(dir, path string) (*Config, error) {
	text, err := Read(path)
	if err != nil {
		return nil, err
	}
	return sound(decode(dir, path, text))
}

// Read is the text of a configuration file.
func Read(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%s: the configuration cannot be read: %w", path, bare(err))
	}
	defer f.Close()
	text, err := readBounded(f)
	if err != nil {
		return nil, fmt.Errorf("%s: the configuration cannot be read: %w", path, bare(err))
	}
	return text, nil
}

// Parse reads a configuration; relative paths in it are relative to the folder
// of the file that path names.
func Parse(path string, text []byte) (*Config, error) {
	return sound(Decode(path, text))
}

func sound(c *Config, list diagnostic.List) (*Config, error) {
	if err := Mistakes(list); err != nil {
		return nil, err
	}
	return c, nil
}

// Mistakes is the errors of a list as one error, or nil.
func Mistakes(list diagnostic.List) error {
	var first error
	more := 0
	for _, d := range list {
		switch {
		case d.Severity != diagnostic.Error:
		case first == nil && d.Line > 0:
			first = fmt.Errorf("%s:%d: %s", d.File, d.Line, d.Message)
		case first == nil:
			first = fmt.Errorf("%s: %s", d.File, d.Message)
		default:
			more++
		}
	}
	if more > 0 {
		return fmt.Errorf("%w (and %d more: trailwarden config check %s)", first, more, list[0].File)
	}
	return first
}

// Decode reads a configuration and gives everything that is wrong with its
// form; Check looks at what it means. The Config is never nil, and incomplete
// when the list has an error.
func Decode(path string, text []byte) (*Config, diagnostic.List) {
	return decode(filepath.Dir(path), path, text)
}

func decode(dir, path string, text []byte) (*Config, diagnostic.List) {
	r := &reader{file: path, dir: dir}
	c := &Config{File: path}
	n := r.document(text)
	if n != nil && published(n) {
		c.publish(r, n)
		return c, r.list
	}
	if n == nil {
		n = &yamldoc.Node{Kind: yamldoc.Map}
	}
	c.root = n
	r.structure("", reflect.ValueOf(c).Elem(), n)
	c.finish(r)
	return c, r.list
}

// Default is the configuration of an empty file.
func Default() *Config {
	c, _ := Decode("", nil)
	return c
}

// document parses the text; nil is an empty one or one that cannot be read.
func (r *reader) document(text []byte) *yamldoc.Node {
	docs, err := yamldoc.Parse(text)
	if e, ok := errors.AsType[*yamldoc.Error](err); ok {
		r.fail(&yamldoc.Node{Line: e.Line}, CodeSyntax, "%s", unnamed(e.Message))
		return nil
	}
	switch {
	case len(docs) > 1:
		r.fail(docs[1], CodeSyntax, "a second document; a configuration is one")
	case len(docs) == 1 && docs[0].Kind != yamldoc.Null:
		if docs[0].Kind != yamldoc.Map {
			r.fail(docs[0], CodeValue, "want a mapping of settings; found a %s", docs[0].Kind)
			return nil
		}
		return docs[0]
	}
	return nil
}

var anchor = re2.Own(`unknown anchor '[^']*'`)

// unnamed takes the name out of what the YAML parser says of an unknown anchor:
// it may be a secret that begins with an asterisk.
func unnamed(message string) string {
	return anchor.ReplaceAllString(message, "an asterisk before a name that no anchor has; put the text in quotes")
}

// finish fills in what follows from what was read.
func (c *Config) finish(r *reader) {
	for name, values := range c.Placeholders {
		if trimmed := strings.Trim(name, "%"); trimmed != name {
			delete(c.Placeholders, name)
			c.Placeholders[trimmed] = values
		}
	}
	for _, p := range c.RuleSettings.Paths {
		c.Rules = append(c.Rules, rulePath(r, p))
	}
	c.Rules = append(c.Rules, c.RuleSettings.Packs...)
}

// rulePath leaves the name of a pack alone where no file is called so.
func rulePath(r *reader, p string) string {
	at := r.path(p)
	if contains(PackNames(), p) {
		if _, err := os.Stat(at); err != nil {
			return p
		}
	}
	return at
}

// PackNames are the names of the packs that ship with the program, which the key
// packs may hold.
func PackNames() []string {
	f, _ := reflect.TypeFor[RuleSettings]().FieldByName("Packs")
	return strings.Split(f.Tag.Get("enum"), ",")
}

// kindOf is the key of the pointer that is set among a struct's kinds.
func kindOf(s any) string {
	v := reflect.ValueOf(s).Elem()
	for _, f := range fields(v.Type()) {
		if f.tag("kind") == "true" && !v.FieldByIndex(f.Index).IsZero() {
			return f.key
		}
	}
	return ""
}

// Sink is the sink of that name, or nil.
func (c *Config) Sink(name string) *Sink {
	for i := range c.Sinks {
		if c.Sinks[i].Name == name {
			return &c.Sinks[i]
		}
	}
	return nil
}

// SinkNames are the names of the sinks, in the file's order.
func (c *Config) SinkNames() []string {
	var out []string
	for _, s := range c.Sinks {
		out = append(out, s.Name)
	}
	return out
}

// OverridesOf are the overrides that name a rule, in the file's order.
func (c *Config) OverridesOf(id string) []Override {
	var out []Override
	for _, o := range c.RuleSettings.Overrides {
		if Wild(o.Name, id) {
			out = append(out, o)
		}
	}
	return out
}

// Package config reads trailwarden.yaml: what a team always wants from a scan,
// so that nobody has to type it.
//
//	rules: [rules/, ../shared/sigma]     # files and folders, relative to this file
//	approved_regions: [us-east-1, eu-*]  # instead of the starter pack's
//	placeholders:                        # values of %name% in Sigma rules
//	  admins: [alice, bob]
//	format: table
//	workers: 4
//	fail_on: high
//	keep_duplicates: false
//	with_event: false
//
// Every key may be left out. A flag on the command line wins over its key. An
// unknown key is an error, because a misspelt setting would go unnoticed.
package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/trailwarden/trailwarden/internal/yamldoc"
)

// Config is the content of a configuration file; zero values are keys that were
// left out.
type Config struct {
	File            string              // as given to Load
	Rules           []string            // rule files and folders
	ApprovedRegions []string            // codes, wildcards, geographies or partitions
	Placeholders    map[string][]string // for Sigma rules
	Format          string              // of the report
	Workers         int                 // files read at once
	FailOn          string              // severity
	KeepDuplicates  bool
	WithEvent       bool
}

// Load reads the file at path. Errors name file and line.
func Load(path string) (*Config, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		var pe *os.PathError
		if errors.As(err, &pe) {
			err = pe.Err
		}
		return nil, fmt.Errorf("%s: the configuration cannot be read: %w", path, err)
	}
	return Parse(path, text)
}

// Parse reads a configuration; relative paths in it are relative to the folder
// of the file that path names.
func Parse(path string, text []byte) (*Config, error) {
	docs, err := yamldoc.Parse(text)
	if err != nil {
		return nil, place(path, err)
	}
	c := &Config{File: path}
	if len(docs) == 0 || docs[0].Kind == yamldoc.Null {
		return c, nil
	}
	if len(docs) > 1 {
		return nil, place(path, &yamldoc.Error{Line: docs[1].Line, Message: "a second document; a configuration is one"})
	}
	if err := c.read(docs[0]); err != nil {
		return nil, place(path, err)
	}
	return c, nil
}

// place puts the file, and the line if known, before an error.
func place(path string, err error) error {
	var e *yamldoc.Error
	if errors.As(err, &e) && e.Line > 0 {
		return fmt.Errorf("%s:%d: %s", path, e.Line, e.Message)
	}
	return fmt.Errorf("%s: %w", path, err)
}

func fail(n *yamldoc.Node, format string, args ...any) error {
	return &yamldoc.Error{Line: n.Line, Message: fmt.Sprintf(format, args...)}
}

// keys are the settings in the order in which the documentation has them.
var keys = []string{
	"rules", "approved_regions", "placeholders", "format", "workers", "fail_on", "keep_duplicates", "with_event",
}

func (c *Config) read(n *yamldoc.Node) error {
	if n.Kind != yamldoc.Map {
		return fail(n, "want a mapping of settings; found a %s", n.Kind)
	}
	for i, k := range n.Keys {
		if err := c.set(k, n.Values[i]); err != nil {
			return err
		}
	}
	return nil
}

func (c *Config) set(k, v *yamldoc.Node) (err error) {
	switch k.Text {
	case "rules":
		c.Rules, err = list(k.Text, v)
		for i, p := range c.Rules {
			if !filepath.IsAbs(p) {
				c.Rules[i] = filepath.Join(filepath.Dir(c.File), p)
			}
		}
	case "approved_regions":
		c.ApprovedRegions, err = list(k.Text, v)
	case "placeholders":
		c.Placeholders, err = placeholders(v)
	case "format":
		c.Format, err = text(k.Text, v)
	case "fail_on":
		c.FailOn, err = text(k.Text, v)
	case "workers":
		if c.Workers, err = strconv.Atoi(v.Text); err != nil || c.Workers < 1 || v.Kind != yamldoc.Number {
			err = fail(v, "workers: want a number from 1; found %q", v.Text)
		}
	case "keep_duplicates":
		c.KeepDuplicates, err = truth(k.Text, v)
	case "with_event":
		c.WithEvent, err = truth(k.Text, v)
	default:
		err = fail(k, "unknown setting %q; known are %s", k.Text, strings.Join(keys, ", "))
	}
	return err
}

func text(key string, v *yamldoc.Node) (string, error) {
	if v.Kind != yamldoc.String {
		return "", fail(v, "%s: want text; found a %s", key, v.Kind)
	}
	return v.Text, nil
}

func truth(key string, v *yamldoc.Node) (bool, error) {
	if v.Kind != yamldoc.Bool {
		return false, fail(v, "%s: want true or false; found %q", key, v.Text)
	}
	return v.Bool(), nil
}

// list reads a list of texts, or one text.
func list(key string, v *yamldoc.Node) ([]string, error) {
	if v.Kind == yamldoc.String {
		return []string{v.Text}, nil
	}
	if v.Kind != yamldoc.List {
		return nil, fail(v, "%s: want a list; found a %s", key, v.Kind)
	}
	var out []string
	for _, x := range v.Values {
		if x.Kind != yamldoc.String && x.Kind != yamldoc.Number && x.Kind != yamldoc.Bool {
			return nil, fail(x, "%s: want text; found a %s", key, x.Kind)
		}
		out = append(out, x.Text)
	}
	return out, nil
}

func placeholders(v *yamldoc.Node) (map[string][]string, error) {
	if v.Kind != yamldoc.Map {
		return nil, fail(v, "placeholders: want a mapping of names to lists of values; found a %s", v.Kind)
	}
	out := map[string][]string{}
	for i, k := range v.Keys {
		values, err := list("placeholders."+k.Text, v.Values[i])
		if err != nil {
			return nil, err
		}
		out[strings.Trim(k.Text, "%")] = values
	}
	return out, nil
}

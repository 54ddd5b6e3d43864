package main

import (
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/trailwarden/trailwarden/infra/lint"
	"github.com/trailwarden/trailwarden/infra/value"
	"github.com/trailwarden/trailwarden/report"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
	rulelint "github.com/trailwarden/trailwarden/rule/lint"
)

// lintInfraCommand finds known mistakes in infrastructure that is there.
type lintInfraCommand struct {
	Paths  []string `arg:"" name:"file" help:"Files, or folders: JSON as the AWS CLI prints and takes it, Terraform, CloudFormation, SQL, shell scripts, function code, articles."`
	Format string   `short:"f" default:"text" enum:"text,json,sarif" help:"text, json or sarif."`
}

// Help explains what belongs together and the exit code.
func (lintInfraCommand) Help() string {
	return "Files are judged together: a bucket's policy in one, its trail in another.\n\n" +
		"Exit codes: 0 nothing to say but notes; 1 findings; 2 bad usage; 3 a file could not be read, the others were judged."
}

// Run reads the files, judges them and prints what there is to say.
func (c *lintInfraCommand) Run(s *streams) error {
	names, unread, err := infraFiles(s, c.Paths)
	if err != nil {
		return err
	}
	var files []lint.File
	for _, name := range names {
		text, err := readInfra(name)
		if err != nil {
			unread = append(unread, cannotRead(name, err))
			continue
		}
		files = append(files, lint.File{Name: filepath.ToSlash(name), Text: text})
	}
	result := lint.Files(files, time.Now())
	result.Unread = append(unread, result.Unread...)
	for _, d := range result.Unread {
		s.say("%v", d)
	}
	if err := c.write(s, result); err != nil {
		return err
	}
	return infraVerdict(result)
}

func (c *lintInfraCommand) write(s *streams, result lint.Result) error {
	switch c.Format {
	case "json":
		e := json.NewEncoder(report.TerminalJSON(s.out))
		e.SetIndent("", "  ")
		e.SetEscapeHTML(false)
		return e.Encode(infraJSON(result))
	case "sarif":
		return rulelint.WriteSARIF(report.TerminalJSON(s.out), versionName(), result.Findings)
	}
	return rulelint.WriteText(s.out, result.Findings)
}

// infraFinding is a finding's JSON form.
type infraFinding struct {
	ID       string   `json:"id"`
	Items    []string `json:"items"`
	File     string   `json:"file"`
	Line     int      `json:"line,omitempty"`
	Column   int      `json:"column,omitempty"`
	Object   string   `json:"object,omitempty"`
	Severity string   `json:"severity"`
	Message  string   `json:"message"`
	Why      string   `json:"why,omitempty"`
	Fix      string   `json:"fix,omitempty"`
}

// infraReport is the JSON form of everything.
type infraReport struct {
	Findings []infraFinding `json:"findings"`
	Unread   []infraUnread  `json:"unread"`
}

type infraUnread struct {
	File   string `json:"file"`
	Line   int    `json:"line,omitempty"`
	Reason string `json:"reason"`
}

func infraJSON(result lint.Result) infraReport {
	out := infraReport{[]infraFinding{}, []infraUnread{}}
	for _, d := range result.Findings {
		out.Findings = append(out.Findings, infraFinding{d.Code, lint.Items(d.Code), d.File, d.Line, d.Column, d.Rule, d.Severity.String(), d.Message, d.Why, d.Fix})
	}
	for _, d := range result.Unread {
		out.Unread = append(out.Unread, infraUnread{d.File, d.Line, d.Message})
	}
	return out
}

// infraVerdict is the exit code that the findings ask for.
func infraVerdict(result lint.Result) error {
	worth := slices.ContainsFunc(result.Findings, func(d diagnostic.Diagnostic) bool { return d.Severity != diagnostic.Note })
	switch {
	case len(result.Unread) > 0:
		return exit{exitFault}
	case worth:
		return exit{exitFinding}
	}
	return nil
}

// infraEndings are the endings of files that are taken from a folder; a file that
// is named is read whatever its name.
const infraEndings = " .json .template .yaml .yml .tf .sql .ddl .hql .filter .sh .bash .zsh .py .js .mjs .cjs .ts .java .rb .cs .go .rs "

// infraFiles are the files at paths, in the order of their names in a folder, and
// what cannot be read of them. A folder that gives none is said: silence would mean
// that nothing is wrong in it.
func infraFiles(s *streams, paths []string) (names []string, unread []diagnostic.Diagnostic, err error) {
	for _, p := range paths {
		before := len(names) + len(unread)
		root := p
		if isFolder(p) {
			root += string(filepath.Separator) // of a link, the folder that it leads to
		}
		err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				unread = append(unread, cannotRead(name, err))
				return nil
			case d.IsDir() && name != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "node_modules"):
				return fs.SkipDir
			case d.IsDir() || name != root && !strings.Contains(infraEndings, " "+strings.ToLower(filepath.Ext(name))+" "):
				return nil
			case name != root && !leadsToFile(name, d):
				return nil
			}
			if names = append(names, name); len(names) > lint.MaxFiles {
				return fmt.Errorf("%s: more than %d files; name a folder further down", p, lint.MaxFiles)
			}
			return nil
		})
		if err != nil {
			return nil, nil, err
		}
		if len(names)+len(unread) == before {
			s.say("%s: no file in it has a name that is looked at (%s); name a file, such as an article, to have it read", p, strings.TrimSpace(infraEndings))
		}
	}
	return names, unread, nil
}

func isFolder(p string) bool {
	info, err := os.Stat(p)
	return err == nil && info.IsDir()
}

// leadsToFile tells whether a member of a folder is a file, or a link to one or to
// nothing: the latter is said when it is read.
func leadsToFile(name string, d fs.DirEntry) bool {
	if d.Type()&fs.ModeSymlink == 0 {
		return d.Type().IsRegular()
	}
	info, err := os.Stat(name)
	return err != nil || info.Mode().IsRegular()
}

// cannotRead is what is said of a file or folder that could not be read.
func cannotRead(name string, err error) diagnostic.Diagnostic {
	return diagnostic.Diagnostic{Code: "unread", Severity: diagnostic.Error, File: filepath.ToSlash(name), Message: cause(err).Error()}
}

// readInfra reads a file that is not larger than what is judged.
func readInfra(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, value.MaxBytes+1))
	if err == nil && len(text) > value.MaxBytes {
		return nil, fmt.Errorf("larger than %d bytes, which is the most that is read", value.MaxBytes)
	}
	return text, err
}

package lint

import (
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"github.com/trailwarden/trailwarden/rule/diagnostic"
)

// The parts of SARIF 2.1.0 (OASIS standard) that code hosts and editors read.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool    sarifTool     `json:"tool"`
		Results []sarifResult `json:"results"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name    string      `json:"name"`
		Version string      `json:"version,omitempty"`
		URI     string      `json:"informationUri"`
		Rules   []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID   string `json:"id"`
		Help string `json:"helpUri"`
	}
	sarifResult struct {
		RuleID    string          `json:"ruleId"`
		Level     string          `json:"level"`
		Message   sarifText       `json:"message"`
		Locations []sarifLocation `json:"locations,omitempty"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifLocation struct {
		Physical sarifPhysical `json:"physicalLocation"`
	}
	sarifPhysical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   *sarifRegion  `json:"region,omitempty"`
	}
	sarifArtifact struct {
		URI string `json:"uri"`
	}
	sarifRegion struct {
		StartLine   int `json:"startLine"`
		StartColumn int `json:"startColumn,omitempty"`
	}
)

const home = "https://github.com/trailwarden/trailwarden"

// WriteSARIF writes the diagnostics as one SARIF 2.1.0 run.
func WriteSARIF(w io.Writer, version string, list diagnostic.List) error {
	run := sarifRun{Results: []sarifResult{}}
	run.Tool.Driver = sarifDriver{Name: "trailwarden", Version: version, URI: home, Rules: sarifRules(list)}
	for _, d := range list {
		run.Results = append(run.Results, sarifOf(d))
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(sarifLog{"https://json.schemastore.org/sarif-2.1.0.json", "2.1.0", []sarifRun{run}})
}

func sarifRules(list diagnostic.List) []sarifRule {
	codes := make([]string, 0, len(list))
	for _, d := range list {
		codes = append(codes, d.Code)
	}
	slices.Sort(codes)
	rules := []sarifRule{}
	for _, c := range slices.Compact(codes) {
		rules = append(rules, sarifRule{c, home + "/blob/main/docs/" + page(c)})
	}
	return rules
}

// page is the page that explains a code. Those with a point name an item of the
// published designs.
func page(code string) string {
	if strings.Contains(code, ".") {
		return "lint-infra.md"
	}
	return "diagnostics.md"
}

func sarifOf(d diagnostic.Diagnostic) sarifResult {
	text := d.Message
	if d.Rule != "" {
		text = fmt.Sprintf("%s: %s", d.Rule, text)
	}
	if d.Why != "" {
		text += "\n" + d.Why
	}
	if d.Fix != "" {
		text += "\nInstead: " + d.Fix
	}
	r := sarifResult{RuleID: d.Code, Level: d.Severity.String(), Message: sarifText{text}}
	if d.File != "" {
		l := sarifLocation{sarifPhysical{Artifact: sarifArtifact{reference(d.File)}}}
		if d.Line > 0 {
			l.Physical.Region = &sarifRegion{d.Line, d.Column}
		}
		r.Locations = []sarifLocation{l}
	}
	return r
}

// reference is a file's path as a URI reference (RFC 3986): a blank, a # or a %
// would name another file, or none.
func reference(file string) string {
	return (&url.URL{Path: filepath.ToSlash(file)}).String()
}

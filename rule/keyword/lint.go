package keyword

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/trailwarden/trailwarden/rule/diagnostic"
)

// Lint warns of expressions that match other services or APIs than their
// author has in mind. Unanchored words are the published example's own hazard:
// "User" also finds GetUser and ListUsers, "sts" also finds costs.
func (c *Config) Lint(cat diagnostic.Catalogue) diagnostic.List {
	var list diagnostic.List
	if c.Source != "" {
		list = append(list, c.lintSource(cat)...)
	}
	return append(list, c.lintName()...)
}

// plainWords are expressions of words joined by |, the form in use.
var plainWords = regexp.MustCompile(`^[A-Za-z0-9-]+(\|[A-Za-z0-9-]+)*$`)

func (c *Config) lintSource(cat diagnostic.Catalogue) diagnostic.List {
	if !plainWords.MatchString(c.Source) {
		return nil
	}
	var list diagnostic.List
	for _, word := range strings.Split(c.Source, "|") {
		if known, near := cat.Source(word + ".amazonaws.com"); !known && near != "" {
			list = append(list, diagnostic.Diagnostic{
				Code: CodeNoService, Severity: diagnostic.Warning, Line: c.sourceLine,
				Message: fmt.Sprintf("source: no service is named %s.amazonaws.com; the nearest is %s", word, near),
				Why:     "a source that no service has finds nothing, or only services that happen to contain the word",
			})
		}
	}
	return list
}

func (c *Config) lintName() diagnostic.List {
	var reads []string
	for _, read := range [...]string{"GetUser", "ListUsers", "ListAccessKeys", "GetSessionToken", "DescribeInstances", "GetLoginProfile", "GetAccountPasswordPolicy"} {
		if c.name.MatchString(read) {
			reads = append(reads, read)
		}
	}
	if len(reads) == 0 {
		return nil
	}
	return diagnostic.List{{
		Code: CodeUnmeant, Severity: diagnostic.Warning, Line: c.regexpLine,
		Message: fmt.Sprintf("regexp %q also finds calls that only read, such as %s", c.Regexp, strings.Join(reads, ", ")),
		Why:     "the search is unanchored: a word anywhere in eventName is enough, and reads are by far the most frequent calls",
		Fix:     "^(Create|Update|Delete|Put|Attach|Add)[A-Za-z]*(" + c.Regexp + ")",
	}}
}

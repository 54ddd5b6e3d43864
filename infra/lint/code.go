package lint

import (
	"fmt"
	"strings"

	"github.com/trailwarden/trailwarden/infra/value"
	"github.com/trailwarden/trailwarden/internal/re2"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
)

// words are what a text must have, in small letters, for a sign to be worth
// looking for: one of each code's.
func words() map[string]string {
	return map[string]string{
		"S0.D1-service-taken-for-region": "source", "S0.D5-secret-in-plain-text": "hooks.slack.com|akia|asia|password|credential|secret",
		"S0.D10-never-closed": "incident", "S1.D1-account-from-request": "requestparameters", "S1.D8-parameters-as-they-are": "requestparameters|detail",
		"S0.D3-single-region-trail": "bucket", "S2.D1-first-record-only": "records", "S2.D2-key-not-decoded": "key", "S2.D2-key-not-checked": "match",
		"S2.D4-configuration-in-chunks": "json.parse", "S2.D6-temporary-files-stay": "/tmp/", "S2.D7-unanchored-code": "event",
		"S2.D8-no-subject": "publish", "S2.D8-message-without-actor": "publish", "S2.D12-obsolete-api": "context.|aws",
		"S4.D5-first-page-only": "query", "S4.D5-null-cells": "varcharvalue", "S4.D6-whole-environment": "environ|process.env",
		"S4.D6-drop-before-create": "drop", "S4.D6-first-page-only": "objects", "S4.D8-html-not-escaped": "<",
		"S4.D8-sql-by-formatting": "select|with|insert|create|alter", "S4.D9-no-workgroup": "execution",
	}
}

// worth tells whether a text, in small letters, has one of the words.
func worth(lower, words string) bool {
	for w := range strings.SplitSeq(words, "|") {
		if strings.Contains(lower, w) {
			return true
		}
	}
	return words == ""
}

// maxCode is how many bytes of code or prose are looked at; what is longer was
// not written by a person.
const maxCode = 256 << 10

// code judges source code.
func (l *linter) code(f File, text string) {
	if len(text) > maxCode {
		l.unread(f.Name, &value.Error{Message: fmt.Sprintf("%d bytes; of code the first %d are looked at", len(text), maxCode)})
		text = text[:maxCode]
	}
	l.signs(f.Name, signs(), text)
	l.assigned(f.Name, text)
	l.loops(f.Name, text)
	l.swallowed(f.Name, text)
	l.neverResolves(f.Name, text)
	l.waits(f.Name, text)
	l.statements(f.Name, text)
	l.columnsRead(f.Name, text)
}

// maxSigns bounds how often one sign is reported of a file.
const maxSigns = 20

func (l *linter) signs(file string, all []sign, text string) {
	lower, words := strings.ToLower(text), words()
	for _, s := range all {
		if worth(lower, words[s.code]) {
			l.sign(file, s, text)
		}
	}
}

func (l *linter) sign(file string, s sign, text string) {
	if s.needs != nil && !s.needs.MatchString(text) || s.unless != nil && s.unless.MatchString(text) {
		return
	}
	for n, m := range s.find.FindAllStringSubmatchIndex(text, maxSigns) {
		if len(m) == 6 && m[2] >= 0 && m[4] >= 0 && text[m[2]:m[3]] != text[m[4]:m[5]] {
			continue // two names that must be one
		}
		if n > 0 && s.unless != nil {
			break // a property of the file: its first place will do
		}
		l.likely(s.code, s.severity, file, text, m[0], s.message, s.why, s.fix)
	}
}

// likely reports a sign at an offset of a text.
func (l *linter) likely(code string, severity diagnostic.Severity, file, text string, offset int, message, why, fix string) {
	for offset < len(text) && (text[offset] == '\n' || text[offset] == ' ' || text[offset] == '\t') {
		offset++
	}
	l.add(code, severity, place{file: file, at: placeOf(text, offset)}, "likely: "+message, why, fix)
}

var (
	secretAssigned = re2.Own(`(?im)\b([a-z_]*(?:password|passwd|pwd|secret|api_?key|auth_?token|webhook_?(?:url)?))["']?\s*[:=]\s*["']([^"'\s]{4,200})["']`)
	placeholder    = re2.Own(`(?i)^<|\$\{|\{\{|example|xxxx|change_?me|your[_-]|environ|getenv|^arn:|^https?://[^/]*(?:example|localhost)|\*\*\*|^[A-Z_]+$`)
)

// assigned finds secrets that are written out.
func (l *linter) assigned(file, text string) {
	for _, m := range secretAssigned.FindAllStringSubmatchIndex(text, maxSigns) {
		name, v := text[m[2]:m[3]], text[m[4]:m[5]]
		if secretNot.MatchString(name) || reference.MatchString(v) || placeholder.MatchString(v) || slackHook.MatchString(v) {
			continue
		}
		l.likely("S0.D5-secret-in-plain-text", diagnostic.Error, file, text, m[0], name+" is written out", "It is in the package, and in the history of the code.", "a reference to a secret, read when the function starts")
	}
}

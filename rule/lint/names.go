package lint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/trailwarden/trailwarden/detect"
	"github.com/trailwarden/trailwarden/internal/nearest"
	"github.com/trailwarden/trailwarden/internal/re2"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
)

func warning(code, message, why, fix string) diagnostic.Diagnostic {
	return diagnostic.Diagnostic{Code: code, Severity: diagnostic.Warning, Message: message, Why: why, Fix: fix}
}

// fieldName is TL01: a field that CloudTrail does not have.
func fieldName(f *finder, t test) {
	known, _, near := f.cat.Field(t.path)
	if known || f.rule.Language == "eventbridge" { // EBW05 says it with the place, where the pattern is about CloudTrail's events at all
		return
	}
	f.add(t.path, warning("TL01", fmt.Sprintf("CloudTrail records have no field %q", t.path),
		"A test on a field that is never there never holds, and its negation always does.", near))
}

// sourceName is TL02: an eventSource that no service has.
func sourceName(f *finder, t test) {
	if t.path != "eventSource" {
		return
	}
	for l := range literals(t.match, t.negated) {
		if l.op != detect.Equal || l.value == "" {
			continue
		}
		value := l.value
		if l.fold {
			value = strings.ToLower(value)
		}
		if known, near := f.cat.Source(value); !known {
			f.add(l.value, warning("TL02", fmt.Sprintf("no known service records as eventSource %q", l.value),
				"The test never holds.", near))
		}
	}
}

// apiName is TL03: an eventName that no service, or not the one asked for, has.
func apiName(f *finder, t test) {
	if t.path != "eventName" {
		return
	}
	for l := range literals(t.match, t.negated) {
		if l.op == detect.Equal && l.value != "" && !f.hasAPI(t.sources, l) {
			f.unknownAPI(t.sources, l)
		}
	}
}

// hasAPI asks the services that the rule names and the catalogue knows, or any.
func (f *finder) hasAPI(sources []string, l literal) bool {
	asked := slices.DeleteFunc(slices.Clone(sources), func(s string) bool {
		known, _ := f.cat.Source(s)
		return !known
	})
	if len(asked) == 0 {
		asked = []string{""}
	}
	return slices.ContainsFunc(asked, func(s string) bool {
		known, near := f.cat.API(s, l.value)
		return known || l.fold && strings.EqualFold(near, l.value)
	})
}

func (f *finder) unknownAPI(sources []string, l literal) {
	source := ""
	if len(sources) == 1 {
		if known, _ := f.cat.Source(sources[0]); known {
			source = sources[0]
		}
	}
	_, near := f.cat.API(source, l.value)
	message := fmt.Sprintf("no known service records the event %q", l.value)
	if owner := f.ownerOf(l.value); owner != "" && source != "" {
		message = fmt.Sprintf("%s does not record the event %q; %s does", source, l.value, owner)
		near = owner
	}
	f.add(l.value, warning("TL03", message, "The test never holds, unless AWS added the event after this release.", near))
}

// ownerOf is the first service that records the event, or "".
func (f *finder) ownerOf(event string) string {
	for s := range f.cat.Services() {
		if _, ok := s.APIs[event]; ok {
			return s.Source
		}
	}
	return ""
}

// regionForm is how AWS names regions, also those of tomorrow: an area, within
// it perhaps a part such as gov, and a direction with a number.
var regionForm = re2.Own(`^[a-z]{2,4}(-[a-z]+)?-(central|north|south|east|west|northeast|northwest|southeast|southwest)-\d+$`)

// regionName is TL04: an awsRegion value that has not the form of a region.
func regionName(f *finder, t test) {
	if t.path != "awsRegion" {
		return
	}
	for l := range literals(t.match, t.negated) {
		code := l.value
		if l.fold {
			code = strings.ToLower(code)
		}
		if l.op == detect.Equal && code != "" && !regionForm.MatchString(code) { // "" asks for records without one
			f.add(l.value, warning("TL04", fmt.Sprintf("%q is no AWS region code", l.value),
				"The test never holds; a negated one lets every region pass.", f.nearRegion(code)))
		}
	}
}

// nearRegion is the known region that a misspelt one is likely to mean, or "".
func (f *finder) nearRegion(code string) string {
	var codes []string
	for _, r := range f.cat.Regions() {
		codes = append(codes, r.Code)
	}
	return nearest.Of(code, codes)
}

var accountForm = re2.Own(`^\d{12}$`)

// accountID is TL05: an account id that is not twelve digits.
func accountID(f *finder, t test) {
	if t.path != "recipientAccountId" && !strings.HasSuffix(t.path, "accountId") || strings.HasPrefix(t.path, "requestParameters") {
		return
	}
	for l := range literals(t.match, t.negated) {
		if l.op != detect.Equal || accountForm.MatchString(l.value) || l.value == "anonymous" {
			continue
		}
		fix := ""
		if n := len(l.value); n < 12 && n > 0 && strings.Trim(l.value, "0123456789") == "" {
			fix = fmt.Sprintf("%q", strings.Repeat("0", 12-n)+l.value)
		}
		f.add(l.value, warning("TL05", fmt.Sprintf("%q is no account id: want twelve digits", l.value),
			"An account id is text; written as a number it loses its leading zeros.", fix))
	}
}

// values lists the values that some documented fields are limited to.
var values = map[string][]string{
	"eventType":         {"AwsApiCall", "AwsServiceEvent", "AwsConsoleAction", "AwsConsoleSignIn", "AwsVpceEvents", "AwsCloudTrailInsight", "AwsAggregatedEvent"},
	"eventCategory":     {"Management", "Data", "NetworkActivity", "Insight", "Aggregated"},
	"userIdentity.type": {"Root", "IAMUser", "AssumedRole", "Role", "FederatedUser", "SAMLUser", "WebIdentityUser", "AWSAccount", "AWSService", "IdentityCenterUser", "Directory", "Unknown"},
	"userIdentity.sessionContext.attributes.mfaAuthenticated": {"true", "false"},
	"additionalEventData.MFAUsed":                             {"Yes", "No"},
	"responseElements.ConsoleLogin":                           {"Success", "Failure"},
}

// knownValue is TL06: a value that the field cannot have.
func knownValue(f *finder, t test) {
	allowed, limited := values[t.path]
	if !limited {
		return
	}
	for l := range literals(t.match, t.negated) {
		match := func(v string) bool { return v == l.value || l.fold && strings.EqualFold(v, l.value) }
		if l.op != detect.Equal || slices.ContainsFunc(allowed, match) {
			continue
		}
		never := fmt.Sprintf("%s is never %q", t.path, l.value) // a language that speaks of the value says other things
		d := warning("TL06", never+"; it is one of "+strings.Join(allowed, ", "), "The test never holds, and its negation always does.", nearest.Of(l.value, allowed))
		d.Line = f.line(l.value)
		f.add(never, d)
	}
}

package lint

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/trailwarden/trailwarden/cloudtrail/catalog"
	"github.com/trailwarden/trailwarden/detect"
)

// valueType is TL07: a test for a JSON type that the field never has.
func valueType(f *finder, t test) {
	field, ok := f.cat.Lookup(t.path)
	if !ok || t.match == nil || field.Path != t.path {
		return
	}
	kinds := kindsAsked(t.match)
	switch field.Type {
	case "boolean":
		if !kinds.Has(boolKind) && kinds&detect.Strings != 0 {
			f.add(t.path, warning("TL07", fmt.Sprintf("%s is a JSON boolean; this test wants text", t.path),
				"The test never holds on records that CloudTrail writes itself.", fmt.Sprintf("true or false without quotes for %s", t.path)))
		}
	case "text", "string":
		if kinds&detect.Strings == 0 && kinds&(detect.Scalars) != 0 {
			f.add(t.path, warning("TL07", fmt.Sprintf("%s is text in CloudTrail; this test wants %s", t.path, kindsText(kinds)),
				"The test never holds.", fmt.Sprintf("the value of %s in quotes", t.path)))
		}
	}
}

func kindsText(k detect.Kinds) string {
	if k&detect.Numbers != 0 {
		return "a number"
	}
	return "a boolean"
}

var readPrefixes = []string{"Get", "List", "Describe"}

// readVerbs is TL08: reads told from writes by how their names start.
func readVerbs(f *finder, t test) {
	if t.path != "eventName" || f.rule.Language == "filter" { // FPW6 says it with the place
		return
	}
	for l := range literals(t.match, t.negated) {
		if !l.negated || l.op != detect.HasPrefix {
			continue
		}
		for _, p := range readPrefixes {
			if strings.EqualFold(l.value, p) {
				f.add("read-only calls", warning("TL08", fmt.Sprintf("read-only calls told by the prefix %q of eventName", l.value),
					"It drops calls that matter (GetSecretValue, GetFederationToken, GetSessionToken) and keeps reads with other verbs (BatchGet, Head, Lookup, Search, Query, Select, Test, Simulate). The record says itself whether it only reads.",
					readOnlyTest(f.rule.Language)))
			}
		}
	}
}

// readOnlyTest is the condition "does not only read" in a rule's language.
func readOnlyTest(language string) string {
	switch language {
	case "filter":
		return `$.readOnly IS FALSE`
	case "eventbridge":
		return `"readOnly": [false]`
	case "sigma":
		return "readOnly: false"
	default:
		return "readOnly: {equals: false}"
	}
}

var typographic = "\u201c\u201d\u201e\u2018\u2019\u00ab\u00bb"

// quotes is TL09: typographic quotes, pasted from a page, inside a value.
func quotes(f *finder, t test) {
	for l := range literals(t.match, t.negated) {
		if i := strings.IndexAny(l.value, typographic); i >= 0 {
			plain := strings.NewReplacer("\u201c", `"`, "\u201d", `"`, "\u201e", `"`, "\u00ab", `"`, "\u00bb", `"`, "\u2018", "'", "\u2019", "'").Replace(l.value)
			f.add(l.value, warning("TL09", fmt.Sprintf("typographic quotes in %q", l.value),
				"They are part of the value and match no record; they come from a page or a word processor.", strings.Trim(plain, `"'`)))
		}
	}
}

// wide is how many event names a regular expression may catch before lint asks.
const wide = 40

// regexBreadth is TL10: an unanchored expression that catches far more events
// or services than its author is likely to mean.
func regexBreadth(f *finder, t test) {
	for re := range patterns(t.match) {
		text := re.Re.String()
		if anchored(text) {
			continue
		}
		switch t.path {
		case "eventName":
			f.wideOnEvents(t, re.Re, text)
		case "eventSource":
			f.wideOnSources(re.Re, text)
		}
	}
}

// anchored tells whether the expression, flags aside, is tied to either end.
func anchored(text string) bool {
	if strings.HasPrefix(text, "(?") {
		if i := strings.IndexByte(text, ')'); i > 0 && !strings.Contains(text[:i], ":") {
			text = text[i+1:]
		}
	}
	if strings.Contains(text, "|") && !strings.HasPrefix(text, "^(") {
		return false
	}
	return strings.HasPrefix(text, "^") || strings.HasPrefix(text, `\A`) || strings.HasSuffix(text, "$")
}

func (f *finder) wideOnEvents(t test, re detect.Searcher, text string) {
	matched, reads, example := 0, 0, ""
	for api, readOnly := range f.apisOf(t.sources) {
		if !re.MatchString(api) {
			continue
		}
		matched++
		if onlyReads(api, readOnly) {
			reads++
			if example == "" || api < example {
				example = api
			}
		}
	}
	if matched <= wide && reads == 0 {
		return
	}
	message := fmt.Sprintf("unanchored expression %q is found in the names of %d events", text, matched)
	if reads > 0 {
		message += fmt.Sprintf(", at least %d of them reads (%s)", reads, example)
	}
	f.add(text, warning("TL10", message, "A regular expression is searched for anywhere in the name.", f.narrower(t, re, text)))
}

// narrower is the expression tied to whole names where its words are names, and
// else to the first words of the changes that it finds: it finds all of them,
// but no read that the catalogue or its name tells.
func (f *finder) narrower(t test, re detect.Searcher, text string) string {
	whole, err := regexp.Compile("^(?:" + text + ")$")
	if err != nil {
		return ""
	}
	names := 0
	changes, read := make(map[string][]string), make(map[string]bool)
	for api, readOnly := range f.apisOf(t.sources) {
		if whole.MatchString(api) {
			names++
		}
		switch first := firstWord.FindString(api); {
		case !re.MatchString(api):
		case onlyReads(api, readOnly):
			read[first] = true
		default:
			changes[first] = append(changes[first], api)
		}
	}
	if names > strings.Count(text, "|") {
		return whole.String()
	}
	var verbs, others []string
	for first, apis := range changes {
		behind := func(api string) bool { return re.MatchString(api[len(first):]) }
		if !read[first] && !slices.ContainsFunc(apis, func(api string) bool { return !behind(api) }) {
			verbs = append(verbs, first)
		} else {
			others = append(others, apis...)
		}
	}
	slices.Sort(verbs)
	slices.Sort(others)
	var parts []string
	if len(verbs) > 0 {
		parts = append(parts, "^("+strings.Join(verbs, "|")+").*("+text+")")
	}
	if len(others) > 0 {
		parts = append(parts, "^("+strings.Join(others, "|")+")$")
	}
	if fix := strings.Join(parts, "|"); len(fix) <= longestFix {
		return fix
	}
	return ""
}

// onlyReads tells whether the catalogue or its name says that a call only reads.
func onlyReads(api string, known bool) bool {
	return known || slices.Contains(readPrefixes, firstWord.FindString(api)) && !handsOut.MatchString(api)
}

// handsOut finds the calls that are named like reads and give credentials away.
var handsOut = regexp.MustCompile("Token|Credential|Secret|Password")

// firstWord is what an event's name begins with: nearly always a verb.
var firstWord = regexp.MustCompile(`^[A-Z]*[a-z0-9]*`)

// longestFix is how many bytes of a corrected expression a person would read.
const longestFix = 2000

// apisOf is every event name of the services asked for, or of all.
func (f *finder) apisOf(sources []string) map[string]bool {
	apis := make(map[string]bool)
	for s := range f.cat.Services() {
		if len(sources) > 0 && !contains(sources, s) {
			continue
		}
		for api, readOnly := range s.APIs {
			apis[api] = apis[api] || readOnly
		}
	}
	return apis
}

func contains(sources []string, s *catalog.Service) bool {
	for _, source := range sources {
		if source == s.Source {
			return true
		}
	}
	return false
}

func (f *finder) wideOnSources(re detect.Searcher, text string) {
	var matched []string
	for s := range f.cat.Services() {
		if re.MatchString(s.Source) {
			matched = append(matched, s.Source)
		}
	}
	alternatives := strings.Count(text, "|") + 1
	if len(matched) <= 2*alternatives {
		return
	}
	f.add(text, warning("TL11", fmt.Sprintf("unanchored expression %q is found in %d services, among them %s", text, len(matched), strings.Join(matched[:3], ", ")),
		"A regular expression is searched for anywhere in the name; \"sts\" is found in every name that holds these letters.", "^(?:"+text+`)\.amazonaws\.com$`))
}

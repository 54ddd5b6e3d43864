package lint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/detect"
	"github.com/trailwarden/trailwarden/detect/memory"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
)

const boolKind = cloudtrail.Bool

// inactive is TL17: a valid rule that judges nothing. Of an alarm TW015 says so.
func inactive(f *finder) {
	if f.rule.Inactive == "" || len(f.own) > 0 || f.rule.SQL != nil || f.rule.Language == "alarm" {
		return
	}
	f.add("", warning("TL17", "this rule judges nothing: "+f.rule.Inactive,
		"It is valid, and no record will ever be a finding of it.", ""))
}

// signInWithoutMFA is TL13: the sign-in rule that fires on every SSO sign-in.
func signInWithoutMFA(f *finder) {
	const used, authenticated = "additionalEventData.MFAUsed", "userIdentity.sessionContext.attributes.mfaAuthenticated"
	mfa := f.reads[used] || f.reads[authenticated]
	if !mfa || f.reads["userIdentity.type"] || !f.asksFor("eventName", "ConsoleLogin") {
		return
	}
	if f.asksFor(used, "Yes") || f.asksFor(authenticated, "true") { // of sign-ins with MFA
		return
	}
	f.add("", warning("TL13", "a sign-in without MFA is judged for every kind of identity",
		"Single sign-on and assumed roles sign in with MFAUsed \"No\" because the identity provider asks for the second factor: the rule fires on each of them.",
		"also require userIdentity.type to be IAMUser or Root"))
}

func (f *finder) asksFor(path, value string) bool {
	for _, t := range f.tests {
		if t.path != path {
			continue
		}
		for l := range literals(t.match, t.negated) {
			if !l.negated && strings.EqualFold(l.value, value) {
				return true
			}
		}
	}
	return false
}

// sessionKeys is TL14: grouping by a value that is new in every session.
func sessionKeys(f *finder) {
	for _, g := range f.rule.GroupBy {
		if f.rule.Memory != nil && g == "userIdentity.accessKeyId" {
			continue // one long-lived key is what such a rule is about
		}
		if g == "userIdentity.arn" || g == "userIdentity.principalId" || g == "userIdentity.accessKeyId" {
			f.add(g, warning("TL14", fmt.Sprintf("group_by %q differs in every session of one role", g),
				"Each session becomes a group of its own, so nothing is grouped.", "actor"))
		}
	}
}

// groupFields is TL15: grouping by a field that does not exist. What a rule that
// remembers groups by itself is looked at input by input, see remembered: its
// names may be aliases.
func groupFields(f *finder) {
	for _, g := range f.rule.GroupBy {
		if slices.Contains(memory.Derived(), g) || f.rule.Memory != nil && slices.Contains(f.rule.Memory.Spec.By, g) {
			continue
		}
		if known, _, near := f.cat.Field(g); !known {
			f.add(g, warning("TL15", fmt.Sprintf("group_by names %q, which CloudTrail records do not have", g),
				"Every finding falls into the same group.", near))
		}
	}
}

// failedCalls is TL16: attempts count as deeds. (Of filter patterns, FPW14 says
// it with the place.)
func failedCalls(f *finder) {
	if f.rule.Language == "filter" || f.reads["errorCode"] || f.reads["errorMessage"] || f.reads["responseElements"] || !f.onlyWrites() {
		return
	}
	f.add("", diagnostic.Diagnostic{Code: "TL16", Severity: diagnostic.Note,
		Message: "failed calls count the same as successful ones",
		Why:     "The rule does not read errorCode, so a refused attempt gives the same finding as the deed.",
		Fix:     "require errorCode to be absent, or keep attempts and say so in the description"})
}

// onlyWrites tells whether the rule names events and each is known to write.
func (f *finder) onlyWrites() bool {
	named := false
	for _, t := range f.tests {
		if t.path != "eventName" {
			continue
		}
		for l := range literals(t.match, t.negated) {
			readOnly, ok := f.cat.ReadOnly("", l.value)
			if l.negated || l.op != detect.Equal || !ok || readOnly {
				return false
			}
			named = true
		}
	}
	return named
}

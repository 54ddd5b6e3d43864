package alert

import (
	"strings"

	"github.com/trailwarden/trailwarden/cloudtrail"
)

// StableActor names who acted in a way that stays the same from session to
// session: the role, not the session in it; the user, not the access key. It is
// empty when the record does not tell (CloudTrail User Guide, userIdentity
// element).
func StableActor(r *cloudtrail.Record) string {
	id := r.Field(cloudtrail.UserIdentity)
	text := func(keys ...string) string { return id.Lookup(keys...).Str() }
	switch text("type") {
	case "Root":
		return first(text("arn"), "root")
	case "IAMUser":
		return first(text("arn"), text("userName"), text("principalId"))
	case "AssumedRole":
		if arn := text("sessionContext", "sessionIssuer", "arn"); arn != "" {
			return arn // as nearly always
		}
		return first(withoutSession(text("arn")), text("sessionContext", "sessionIssuer", "userName"), beforeColon(text("principalId")))
	case "SAMLUser", "WebIdentityUser":
		return first(joined(text("identityProvider"), text("userName")), text("principalId"))
	case "AWSService":
		return first(text("invokedBy"), text("principalId"))
	case "AWSAccount":
		return first(withoutSession(text("arn")), beforeColon(text("principalId")), text("accountId"))
	case "IdentityCenterUser":
		return first(text("onBehalfOf", "userId"), text("principalId"))
	}
	return first(withoutSession(text("arn")), text("userName"), text("invokedBy"), beforeColon(text("principalId")))
}

func first(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

// joined is "provider/name", or nothing when there is no name.
func joined(provider, name string) string {
	if provider == "" || name == "" {
		return name
	}
	return provider + "/" + name
}

// withoutSession cuts the session's name off the ARN of an assumed role:
// arn:aws:sts::111122223333:assumed-role/Admin/alice.
func withoutSession(arn string) string {
	_, path, ok := strings.Cut(arn, ":assumed-role/")
	if !ok {
		return arn
	}
	i := strings.LastIndexByte(path, '/')
	if i < 0 {
		return arn
	}
	return arn[:len(arn)-len(path)+i]
}

// beforeColon is the role's own id: AROAEXAMPLE:session.
func beforeColon(principal string) string {
	id, _, _ := strings.Cut(principal, ":")
	return id
}

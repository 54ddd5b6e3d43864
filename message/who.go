package message

import (
	"strings"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/message/mask"
)

// Kinds of Who.
const (
	kindUser      = "user"
	kindPerson    = "person"
	kindRole      = "role"
	kindWorkload  = "workload"
	kindService   = "service"
	kindRoot      = "root"
	kindAccount   = "account"
	kindAnonymous = "anonymous"
	kindUnknown   = "unknown"
)

// who finds the person or workload behind the session (User Guide,
// userIdentity element).
func (v *view) who() Who {
	id := v.identity()
	w := Who{Type: v.clean(id.Type), ARN: v.clean(id.ARN), Session: v.clean(id.Session), Source: v.clean(id.Source), Account: v.clean(id.Account)}
	by := v.caller()
	w.Name, w.Kind = by.name, by.kind
	w.Via = v.at("userIdentity", "invokedBy")
	if w.MFA = v.mfa(); w.MFA == "no" && w.Kind == kindPerson {
		w.MFA = "" // the provider asked for it or not; the session cannot tell
	}
	if key := v.str(v.rec.Lookup("userIdentity", "accessKeyId")); key != "" {
		w.AccessKey = v.clean(mask.AccessKey(key))
	}
	w.Principal = principal(v.str(v.rec.Lookup("userIdentity", "principalId")))
	if w.Source == "" {
		w.Source = v.at("userIdentity", "sessionContext", "webIdFederationData", "federatedProvider")
	}
	if here := v.rec.Account(); here != "" && id.Account != "" && w.Kind != kindService {
		w.Foreign = here != id.Account
	}
	if w.Via == w.Name {
		w.Via = ""
	}
	return w
}

// caller is who acted, in a word or two.
type caller struct{ name, kind string }

func (v *view) findCaller() (c caller) {
	c.name, c.kind = v.named(v.identity())
	return c
}

func (v *view) named(id cloudtrail.Identity) (name, kind string) {
	name = v.clean(id.Name)
	switch id.Type {
	case "Root":
		return v.clean(id.String()), kindRoot
	case "IAMUser":
		kind = kindUser
	case "AssumedRole":
		return v.role(id)
	case "FederatedUser":
		if by := v.at("userIdentity", "sessionContext", "sessionIssuer", "userName"); by != "" && by != name {
			name += " (federated by " + by + ")"
		}
		kind = kindUser
	case "SAMLUser", "IdentityCenterUser":
		kind = kindPerson
	case "WebIdentityUser":
		kind = v.federated(id.Source)
	case "AWSService":
		kind = kindService
	case "AWSAccount":
		return v.account(id)
	default:
		return v.unnamed(name)
	}
	if name == "" {
		return "unknown", kindUnknown
	}
	return name, kind
}

// role is who uses a role: the person that Identity Center or a source identity
// tells, the instance, or the session.
func (v *view) role(id cloudtrail.Identity) (name, kind string) {
	role, session := v.clean(id.Name), v.clean(id.Session)
	context := v.rec.Lookup("userIdentity", "sessionContext")
	switch set, sso := strings.CutPrefix(id.Name, "AWSReservedSSO_"); {
	case role == "":
		return "unknown", kindUnknown
	case sso && session != "":
		if i := strings.LastIndexByte(set, '_'); i > 0 {
			set = set[:i]
		}
		return session + " (Identity Center, " + v.clean(set) + ")", kindPerson
	case strings.HasPrefix(id.Name, "AWSServiceRoleFor"):
		return "role/" + role, kindService
	case id.Source != "":
		return "role/" + role + " as " + v.clean(id.Source), kindPerson
	case instance(id.Session):
		return "role/" + role + " on " + session, kindWorkload
	case context.Get("ec2RoleDelivery").Exists():
		kind = kindWorkload
	case v.str(context.Lookup("webIdFederationData", "federatedProvider")) != "":
		kind = v.federated(v.str(context.Lookup("webIdFederationData", "federatedProvider")))
	default:
		kind = kindRole
	}
	if session == "" {
		return "role/" + role, kind
	}
	return "role/" + role + " as " + session, kind
}

// federated tells providers of workloads from those of people.
func (v *view) federated(provider string) string {
	for _, w := range []string{"token.actions.githubusercontent.com", "oidc.eks.", "gitlab", "circleci", "buildkite", "app.terraform.io"} {
		if strings.Contains(provider, w) {
			return kindWorkload
		}
	}
	return kindPerson
}

// account is a caller of whom only the account is known: another account's, or
// nobody's.
func (v *view) account(id cloudtrail.Identity) (name, kind string) {
	p := v.str(v.rec.Lookup("userIdentity", "principalId"))
	if id.Account == "anonymous" || p == "anonymous" || p == "ANONYMOUS_PRINCIPAL" {
		return "anonymous", kindAnonymous
	}
	if id.Account != "" {
		return "account " + v.clean(id.Account), kindAccount
	}
	if p != "" {
		return v.clean(p), kindAccount
	}
	return "unknown", kindUnknown
}

// unnamed is the identity of records without a type that is known: services
// acting by themselves, insights, and what newer records may bring.
func (v *view) unnamed(name string) (string, string) {
	service := v.str(v.rec.Lookup("userIdentity", "invokedBy"))
	switch {
	case service != "" && (name == "" || name == v.clean(service)):
		return v.clean(service), kindService
	case name != "":
		return name, kindUnknown
	case v.str(v.rec.Field(cloudtrail.EventType)) == "AwsServiceEvent":
		if s := v.at("eventSource"); s != "" {
			return s, kindService
		}
	}
	if arn := v.insightActor(); arn != "" {
		return arn, kindUnknown
	}
	return "unknown", kindUnknown
}

// insightActor is the identity that an Insight attributes most calls to.
func (v *view) insightActor() (arn string) {
	v.rec.Lookup("insightDetails", "insightContext", "attributions").Elements(func(_ int, a cloudtrail.Value) bool {
		if v.str(a.Get("attribute")) != "userIdentityArn" {
			return true
		}
		a.Get("insight").Elements(func(_ int, x cloudtrail.Value) bool {
			arn = v.clean(v.str(x.Get("value")))
			return false
		})
		return false
	})
	return arn
}

// mfa is "yes" or "no" where the record tells, of the session or of the sign-in.
func (v *view) mfa() string {
	switch v.at("userIdentity", "sessionContext", "attributes", "mfaAuthenticated") + v.at("additionalEventData", "MFAUsed") {
	case "true", "Yes":
		return "yes"
	case "false", "No":
		return "no"
	}
	return ""
}

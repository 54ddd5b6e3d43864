package translate

import (
	"slices"
	"strings"

	"github.com/trailwarden/trailwarden/cloudtrail/catalog"
	"github.com/trailwarden/trailwarden/detect"
)

// texts are the fields that hold a text or are absent, and flags those that
// hold a boolean, older ones as text, or are absent (User Guide, "CloudTrail record contents" and
// "CloudTrail userIdentity element").
var (
	texts = list(`eventVersion eventTime eventSource eventName awsRegion sourceIPAddress userAgent errorCode errorMessage
		requestID eventID eventType apiVersion recipientAccountId sharedEventID vpcEndpointId vpcEndpointAccountId eventCategory
		userIdentity.type userIdentity.principalId userIdentity.arn userIdentity.accountId userIdentity.accessKeyId
		userIdentity.userName userIdentity.invokedBy userIdentity.identityProvider
		userIdentity.sessionContext.sessionIssuer.type userIdentity.sessionContext.sessionIssuer.principalId
		userIdentity.sessionContext.sessionIssuer.arn userIdentity.sessionContext.sessionIssuer.accountId
		userIdentity.sessionContext.sessionIssuer.userName userIdentity.sessionContext.attributes.creationDate
		userIdentity.sessionContext.attributes.mfaAuthenticated tlsDetails.tlsVersion tlsDetails.cipherSuite
		tlsDetails.clientProvidedHostHeader`)
	flags = list(`readOnly managementEvent`)
	// objects hold an object or are absent or null, never a list.
	objects = list(`userIdentity userIdentity.sessionContext userIdentity.sessionContext.sessionIssuer
		userIdentity.sessionContext.attributes tlsDetails requestParameters responseElements additionalEventData serviceEventDetails`)
)

func list(names string) map[string]string {
	out := map[string]string{}
	for _, n := range strings.Fields(names) {
		out[strings.ToLower(n)] = n
	}
	return out
}

// documentedName is the name of a documented scalar field that a path leads to.
func documentedName(p detect.Path) (name string, kinds detect.Kinds) {
	if p.Root != detect.RootRecord {
		return "", 0
	}
	for _, s := range p.Steps {
		if s.Kind != detect.StepKey {
			return "", 0
		}
	}
	written := joined(p)
	for kinds, table := range map[detect.Kinds]map[string]string{detect.Strings: texts, detect.Bools | detect.Strings: flags} {
		if n := table[strings.ToLower(written)]; n != "" && (n == written || p.Fold) {
			return n, kinds
		}
	}
	return "", 0
}

// spelled puts documented names in their own letter case; others are left as
// the rule spells them.
func spelled(steps []detect.Step) []detect.Step {
	out := slices.Clone(steps)
	for i := len(steps); i > 0; i-- {
		n, ok := catalog.Default().Spelled(joined(detect.Path{Steps: steps[:i]}))
		if keys := strings.Split(n, "."); ok && len(keys) == i {
			copy(out, detect.Keys(keys...).Steps)
			break
		}
	}
	return out
}

func joined(p detect.Path) string {
	names := make([]string, len(p.Steps))
	for i, s := range p.Steps {
		names[i] = s.Key
	}
	return strings.Join(names, ".")
}

// kinds are the kinds of value that a path can select; documented says that it
// is one scalar value or none.
func (t *translation) kinds(p detect.Path) (kinds detect.Kinds, documented bool) {
	if !t.o.AnyRecord {
		if _, kinds := documentedName(p); kinds != 0 {
			return kinds, true
		}
	}
	return detect.Anything, false
}

// canonical is the plain path to a documented field.
func canonical(p detect.Path) detect.Path {
	n, _ := documentedName(p)
	return detect.Keys(strings.Split(n, ".")...)
}

// name is a path for people.
func name(p detect.Path) string {
	if len(p.Steps) == 0 {
		return "the record's text"
	}
	var b strings.Builder
	for _, s := range p.Steps {
		switch s.Kind {
		case detect.StepKey:
			if b.Len() > 0 {
				b.WriteByte('.')
			}
			b.WriteString(s.Key)
		case detect.StepFields:
			b.WriteString(".*")
		default:
			b.WriteString("[]")
		}
	}
	return b.String()
}

// plainKeys tells whether a path is keys only.
func plainKeys(p detect.Path) bool {
	for _, s := range p.Steps {
		if s.Kind != detect.StepKey || s.Key == "" {
			return false
		}
	}
	return len(p.Steps) > 0
}

// kindsOf are the kinds that can satisfy a simple match.
func kindsOf(m detect.Match) detect.Kinds {
	switch m := m.(type) {
	case detect.Is:
		return detect.Kinds(m)
	case detect.Text:
		return m.Kinds
	case detect.Glob:
		return m.Kinds
	case detect.Regexp:
		return m.Kinds
	case detect.Num:
		return m.Kinds & (detect.Numbers | detect.Strings)
	case detect.CIDR:
		return m.Kinds
	case detect.TimePart:
		return detect.Strings
	}
	return detect.Anything
}

// numberish tells whether the text of a number or boolean could stand in
// relation op to s.
func numberish(op detect.TextOp, s string, fold bool) bool {
	if fold {
		s = strings.ToLower(s)
	}
	if strings.Trim(s, "0123456789+-.eE") == "" {
		return true
	}
	for _, b := range []string{"true", "false"} {
		switch op {
		case detect.Equal:
			if s == b {
				return true
			}
		default:
			if strings.Contains(b, s) {
				return true
			}
		}
	}
	return false
}

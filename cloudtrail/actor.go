package cloudtrail

import "strings"

// Identity is who acted, taken from userIdentity (User Guide, userIdentity
// element). Fields that the record does not tell are empty.
type Identity struct {
	Type    string // as recorded: Root, IAMUser, AssumedRole, …
	Name    string // user, role, service, or what comes nearest to a name
	Session string // of an assumed role
	Source  string // sourceIdentity of the session, or the identity provider
	Account string // that the identity belongs to
	ARN     string
}

// Identity tells who acted.
func (r *Record) Identity() Identity {
	u := r.Field(UserIdentity)
	id := Identity{
		Type:    u.Get("type").Str(),
		Account: u.Get("accountId").Str(),
		ARN:     u.Get("arn").Str(),
	}
	switch id.Type {
	case "Root":
		id.Name = first(u.Get("userName").Str(), "root")
	case "AssumedRole":
		id.assumedRole(u)
	case "FederatedUser":
		id.Name = first(lastPart(id.ARN), u.Lookup("sessionContext", "sessionIssuer", "userName").Str())
	case "SAMLUser", "WebIdentityUser":
		id.Name = u.Get("userName").Str()
		id.Source = u.Get("identityProvider").Str()
	case "AWSService":
		id.Name = u.Get("invokedBy").Str()
	case "AWSAccount":
		id.Name = first(u.Get("principalId").Str(), id.Account)
	case "IdentityCenterUser":
		id.Name = first(r.Lookup("additionalEventData", "UserName").Str(), u.Lookup("onBehalfOf", "userId").Str())
	case "IAMUser":
		id.Name = u.Get("userName").Str()
	}
	if id.Name == "" {
		id.Name = first(id.ARN, u.Get("userName").Str(), u.Get("invokedBy").Str(), u.Get("principalId").Str())
	}
	return id
}

func (id *Identity) assumedRole(u Value) {
	id.Name = u.Lookup("sessionContext", "sessionIssuer", "userName").Str()
	id.Source = u.Lookup("sessionContext", "sourceIdentity").Str()
	// arn:aws:sts::111122223333:assumed-role/ROLE/SESSION
	if part := strings.Split(id.ARN, "/"); len(part) >= 3 {
		id.Name = first(id.Name, part[1])
		id.Session = part[len(part)-1]
	}
	if id.Session == "" {
		_, id.Session, _ = strings.Cut(u.Get("principalId").Str(), ":")
	}
}

// String names the actor in a few words: "alice", "root", "Admin/alice",
// "ec2.amazonaws.com". It is made of the record's own text, which anyone may
// have chosen.
func (id Identity) String() string {
	s := id.Name
	if id.Session != "" {
		s += "/" + id.Session
	}
	if id.Source != "" {
		s += " (" + id.Source + ")"
	}
	return s
}

// Actor names who acted, or is empty when the record does not tell.
func (r *Record) Actor() string { return r.Identity().String() }

// Account is the account that the record concerns: recipientAccountId, else
// accountId of aggregated records, else userIdentity.accountId.
func (r *Record) Account() string {
	return first(r.Field(RecipientAccountID).Str(), r.Field(AccountID).Str(), r.Field(UserIdentity).Get("accountId").Str())
}

func first(candidates ...string) string {
	for _, c := range candidates {
		if c != "" {
			return c
		}
	}
	return ""
}

func lastPart(arn string) string {
	return arn[strings.LastIndexByte(arn, '/')+1:]
}

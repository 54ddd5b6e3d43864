package cloudtrail

import (
	"bytes"

	"github.com/trailwarden/trailwarden/internal/jsonscan"
)

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
	a := r.actor()
	account, arn := r.identity().account.characters(), r.identity().arn.characters()
	return Identity{string(a.kind), string(a.name), string(a.session), string(a.source), string(account), string(arn)}
}

// actor is the part of an Identity that names who acted. It refers to the
// record's own text.
type actor struct{ kind, name, session, source []byte }

// userIdentity is what is asked of the element of that name, found in one walk.
type userIdentity struct {
	kind, name, account, arn, principal, invokedBy Value
	provider, session, behalf                      Value
}

// identity is the record's userIdentity, read once: groups of rules that
// remember and findings ask for it in turn.
func (r *Record) identity() *userIdentity {
	if !r.whoRead {
		r.who, r.whoRead = userIdentity{}, true
		r.who.read(r.Field(UserIdentity))
	}
	return &r.who
}

func (u *userIdentity) read(v Value) {
	if v.ix == nil || v.Kind() != Object {
		v.Members(func(key []byte, x Value) bool { u.take(key, x); return true })
		return
	}
	var it jsonscan.Item
	for c := v.ix.Inside(v.mark); c.Member(&it); {
		u.take(it.Key, valueOf(v.ix, &it))
	}
}

func (u *userIdentity) take(key []byte, x Value) {
	if p := u.place(key); p != nil {
		*p = x
	}
}

// place is where the value of a member is kept, nil when it is not.
func (u *userIdentity) place(key []byte) *Value {
	switch string(key) {
	case "type":
		return &u.kind
	case "userName":
		return &u.name
	case "accountId":
		return &u.account
	case "arn":
		return &u.arn
	case "principalId":
		return &u.principal
	case "invokedBy":
		return &u.invokedBy
	case "identityProvider":
		return &u.provider
	case "sessionContext":
		return &u.session
	case "onBehalfOf":
		return &u.behalf
	}
	if bytes.IndexByte(key, '\\') >= 0 {
		return u.place(plainKey(key))
	}
	return nil
}

// plainKey is a key with its escapes resolved; in what they stand for, a
// backslash escapes nothing.
func plainKey(key []byte) []byte {
	if key = jsonscan.Unescape(nil, key); bytes.IndexByte(key, '\\') >= 0 {
		return nil
	}
	return key
}

func (r *Record) actor() actor {
	u := r.identity()
	a := actor{kind: u.kind.characters()}
	switch string(a.kind) {
	case "Root":
		if a.name = u.name.characters(); len(a.name) == 0 {
			a.name = []byte("root")
		}
	case "AssumedRole":
		a.assumedRole(u)
	case "FederatedUser":
		a.name = first(lastPart(u.arn.characters()), u.session.Lookup("sessionIssuer", "userName").characters())
	case "SAMLUser", "WebIdentityUser":
		a.name, a.source = u.name.characters(), u.provider.characters()
	case "AWSService":
		a.name = u.invokedBy.characters()
	case "AWSAccount":
		a.name = first(u.principal.characters(), u.account.characters())
	case "IdentityCenterUser":
		a.name = first(r.Lookup("additionalEventData", "UserName").characters(), u.behalf.Get("userId").characters())
	case "IAMUser":
		a.name = u.name.characters()
	}
	if len(a.name) == 0 {
		a.name = first(u.arn.characters(), u.name.characters(), u.invokedBy.characters(), u.principal.characters())
	}
	return a
}

func (a *actor) assumedRole(u *userIdentity) {
	var issuer, source Value
	u.session.Members(func(key []byte, x Value) bool {
		switch {
		case jsonscan.KeyIs(key, "sessionIssuer"):
			issuer = x
		case jsonscan.KeyIs(key, "sourceIdentity"):
			source = x
		}
		return true
	})
	a.name, a.source = issuer.Get("userName").characters(), source.characters()
	// arn:aws:sts::111122223333:assumed-role/ROLE/SESSION
	if _, rest, ok := bytes.Cut(u.arn.characters(), []byte("/")); ok {
		if role, more, ok := bytes.Cut(rest, []byte("/")); ok {
			if a.session = lastPart(more); len(a.name) == 0 {
				a.name = role
			}
		}
	}
	if len(a.session) == 0 {
		_, a.session, _ = bytes.Cut(u.principal.characters(), []byte(":"))
	}
}

// characters is the decoded text of a string, nil for every other kind. It may
// be the record's own.
func (v Value) characters() []byte {
	if v.Kind() != String {
		return nil
	}
	return v.Text(nil)
}

// AppendActor appends what Actor says.
func (r *Record) AppendActor(dst []byte) []byte {
	a := r.actor()
	dst = append(dst, a.name...)
	if len(a.session) > 0 {
		dst = append(append(dst, '/'), a.session...)
	}
	if len(a.source) > 0 {
		dst = append(append(append(dst, " ("...), a.source...), ')')
	}
	return dst
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
func (r *Record) Account() string { return string(r.account()) }

// AppendAccount appends what Account says.
func (r *Record) AppendAccount(dst []byte) []byte { return append(dst, r.account()...) }

func (r *Record) account() []byte {
	if a := r.Field(RecipientAccountID).characters(); len(a) > 0 {
		return a
	}
	if a := r.Field(AccountID).characters(); len(a) > 0 {
		return a
	}
	return r.identity().account.characters()
}

func first(candidates ...[]byte) []byte {
	for _, c := range candidates {
		if len(c) > 0 {
			return c
		}
	}
	return nil
}

func lastPart(arn []byte) []byte {
	return arn[bytes.LastIndexByte(arn, '/')+1:]
}

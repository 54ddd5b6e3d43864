package cloudtrail

import (
	"bytes"
	"encoding/binary"
	"unicode/utf8"

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
	account, arn := r.whoText(CallerAccount), r.whoText(CallerARN)
	return Identity{string(a.kind), string(a.name), string(a.session), string(a.source), string(account), string(arn)}
}

// actor is the part of an Identity that names who acted. It refers to the
// record's own text.
type actor struct{ kind, name, session, source []byte }

// userIdentity is where the members lie that are asked for.
type userIdentity [numCallerFields]slot

// identity is the record's userIdentity, read once where it has no known shape.
func (r *Record) identity() *userIdentity {
	if !r.whoRead {
		r.who, r.whoRead = userIdentity{}, true
		r.readIdentity()
	}
	return &r.who
}

func (r *Record) readIdentity() {
	who := &r.who
	session := r.readMembers(r.slots[UserIdentity], func(key []byte) *slot {
		return who.place(key, CallerType, CallerName, CallerAccount, CallerARN, CallerPrincipal, CallerInvokedBy, CallerProvider)
	}, "sessionContext")
	issuer := r.readMembers(session, func(key []byte) *slot {
		if jsonscan.KeyIs(key, "sourceIdentity") {
			return &who[CallerSource]
		}
		return nil
	}, "sessionIssuer")
	r.readMembers(issuer, func(key []byte) *slot {
		if jsonscan.KeyIs(key, "userName") {
			return &who[CallerIssuerName]
		}
		return nil
	}, "")
}

// place is where one of the fields is kept, nil for every other key.
func (u *userIdentity) place(key []byte, fields ...CallerField) *slot {
	for _, f := range fields {
		if jsonscan.KeyIs(key, callerPaths[f]) {
			return &u[f]
		}
	}
	return nil
}

// readMembers notes the members of the object at s where place says, and tells
// where the one named inner lies.
func (r *Record) readMembers(s slot, place func(key []byte) *slot, inner string) (in slot) {
	if !r.isObject(s) {
		return
	}
	var it jsonscan.Item
	for c := r.ix.Inside(int(s.mark)); c.Member(&it); {
		at := slot{uint32(it.At), uint32(it.At + len(it.Val)), uint32(it.Mark)}
		if p := place(it.Key); p != nil {
			*p = at
		}
		if inner != "" && jsonscan.KeyIs(it.Key, inner) {
			in = at
		}
	}
	return in
}

func (r *Record) isObject(s slot) bool { return s.end != 0 && r.text[s.at] == '{' }

// whoText is the text of a member of userIdentity, nil when it is no string.
func (r *Record) whoText(f CallerField) []byte {
	if !r.callerRead {
		r.readCaller()
	}
	if r.caller != nil {
		return r.characters(r.callerSlot(f))
	}
	return r.characters(r.identity()[f])
}

// characters is what characters of the value at s are.
func (r *Record) characters(s slot) []byte {
	if s.end == 0 || r.text[s.at] != '"' {
		return nil
	}
	if inside := r.text[s.at+1 : s.end-1 : s.end-1]; simple(inside) {
		return inside
	}
	return r.value(s).Text(nil)
}

// simple tells whether s is ASCII without a backslash: as a string of JSON, its
// own text. It looks at eight bytes at a time, at the last ones with some of those
// before them.
func simple(s []byte) bool {
	if len(s) < 8 {
		for _, c := range s {
			if c == '\\' || c >= utf8.RuneSelf {
				return false
			}
		}
		return true
	}
	odd := notSimple(binary.LittleEndian.Uint64(s[len(s)-8:]))
	for ; len(s) > 8; s = s[8:] {
		odd |= notSimple(binary.LittleEndian.Uint64(s))
	}
	return odd&topBits == 0
}

// notSimple has a top bit set where one of the eight bytes of w is not simple.
func notSimple(w uint64) uint64 {
	escape := w ^ '\\'*everyByte
	return w | (escape-everyByte)&^escape
}

func (r *Record) actor() actor {
	a := actor{kind: r.whoText(CallerType)}
	switch string(a.kind) {
	case rootType:
		if a.name = r.whoText(CallerName); len(a.name) == 0 {
			a.name = []byte(rootName)
		}
	case "AssumedRole":
		r.assumedRole(&a)
	case "FederatedUser":
		a.name = first(lastPart(r.whoText(CallerARN)), r.whoText(CallerIssuerName))
	case "SAMLUser", "WebIdentityUser":
		a.name, a.source = r.whoText(CallerName), r.whoText(CallerProvider)
	case "AWSService":
		a.name = r.whoText(CallerInvokedBy)
	case "AWSAccount":
		a.name = first(r.whoText(CallerPrincipal), r.whoText(CallerAccount))
	case "IdentityCenterUser":
		a.name = first(r.Lookup("additionalEventData", "UserName").characters(), r.Lookup("userIdentity", "onBehalfOf", "userId").characters())
	case "IAMUser":
		a.name = r.whoText(CallerName)
	}
	if len(a.name) == 0 {
		a.name = first(r.whoText(CallerARN), r.whoText(CallerName), r.whoText(CallerInvokedBy), r.whoText(CallerPrincipal))
	}
	return a
}

func (r *Record) assumedRole(a *actor) {
	a.name, a.source = r.whoText(CallerIssuerName), r.whoText(CallerSource)
	// arn:aws:sts::111122223333:assumed-role/ROLE/SESSION
	arn := r.whoText(CallerARN)
	if i := bytes.IndexByte(arn, '/'); i >= 0 {
		rest := arn[i+1:]
		if j := bytes.IndexByte(rest, '/'); j >= 0 {
			if a.session = lastPart(rest[j+1:]); len(a.name) == 0 {
				a.name = rest[:j]
			}
		}
	}
	if len(a.session) == 0 {
		_, a.session, _ = bytes.Cut(r.whoText(CallerPrincipal), []byte(":"))
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
	if string(a.kind) == rootType && string(a.name) != rootName {
		return append(append(append(dst, rootName+" ("...), a.name...), ')')
	}
	dst = append(dst, a.name...)
	if len(a.session) > 0 {
		dst = append(append(dst, '/'), a.session...)
	}
	if len(a.source) > 0 {
		dst = append(append(append(dst, " ("...), a.source...), ')')
	}
	return dst
}

// The root user's userName, where there is one, is the account's alias (User
// Guide, userIdentity element).
const (
	rootType = "Root"
	rootName = "root"
)

// String names the actor in a few words: "alice", "root", "root (alias)",
// "Admin/alice", "ec2.amazonaws.com". It is made of the record's own text, which
// anyone may have chosen.
func (id Identity) String() string {
	if id.Type == rootType && id.Name != rootName && id.Name != "" {
		return rootName + " (" + id.Name + ")"
	}
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
	if a := r.characters(r.slots[RecipientAccountID]); len(a) > 0 {
		return a
	}
	if a := r.characters(r.slots[AccountID]); len(a) > 0 {
		return a
	}
	return r.whoText(CallerAccount)
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

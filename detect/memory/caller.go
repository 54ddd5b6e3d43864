package memory

import (
	"bytes"
	"hash/maphash"

	"github.com/trailwarden/trailwarden/cloudtrail"
)

// caller is what of a userIdentity decides a list of fields. Each session of a
// role has credentials of its own, and most have a name of their own, so that
// two records in three have a userIdentity that was not there before; of those
// who act there are few.
type caller uint8

const (
	anySession caller = iota // the account and the principal, whatever the session is called
	anyKey                   // the actor, whatever the credentials are
	exactly                  // all of it
	callers
)

func callerOf(f *Field) caller {
	switch f.kind {
	case account, principal:
		return anySession
	case actor:
		return anyKey
	}
	return exactly
}

// lines is how many lines it takes, a power of two: those of sessions are asked for
// again soon or never.
func (c caller) lines() int {
	if c == anyKey {
		return 1 << 13
	}
	return 1 << 10
}

// lineOf is the line of the record's caller for a set.
func (n *Numbering) lineOf(s *fieldSet) *line {
	l := &n.line[s.of]
	if *l == nil {
		hash := n.callerHash(s.of)
		all := n.lines[s.of]
		if *l = &all[hash&uint64(len(all)-1)]; (*l).hash != hash {
			**l = line{hash: hash}
		}
	}
	return *l
}

// callerHash is that of the account and of what in the userIdentity decides: where
// its shape is known, a few members.
func (n *Numbering) callerHash(of caller) uint64 {
	rec := n.reading.rec
	kind, known := rec.CallerRaw(cloudtrail.CallerType)
	if of == exactly || !known {
		return n.hash(of.salt(), []int{0, callerAccount})
	}
	members := actorMembers[:]
	if of == anySession && string(kind) == `"AssumedRole"` && n.roleIsPrincipal() {
		members = members[:1]
	}
	hash := mixed(n.hash(of.salt(), []int{callerAccount}), maphash.Bytes(n.seed, kind))
	for _, f := range members {
		raw, _ := rec.CallerRaw(f)
		hash = mixed(hash, maphash.Bytes(n.seed, raw))
	}
	return hash
}

func (c caller) salt() uint64 { return uint64(c)*2 + 2 } // those of other sets are odd

// actorMembers are, with the type, all that an actor is made of, see
// cloudtrail.Record.AppendActor; of a user of IAM Identity Center, whom another
// field names, nothing is remembered. What is left out are credentials and dates.
var actorMembers = [...]cloudtrail.CallerField{
	cloudtrail.CallerIssuerName, cloudtrail.CallerName, cloudtrail.CallerARN, cloudtrail.CallerPrincipal,
	cloudtrail.CallerInvokedBy, cloudtrail.CallerSource, cloudtrail.CallerProvider, cloudtrail.CallerAccount,
}

// roleIsPrincipal tells of a role's session that the issuer's name alone decides
// the principal: the ARN has a session, so that the actor is the name, a slash and
// more; and as the name has no colon the principal ends at the first slash.
func (n *Numbering) roleIsPrincipal() bool {
	name, _ := n.reading.rec.CallerRaw(cloudtrail.CallerIssuerName)
	arn, _ := n.reading.rec.CallerRaw(cloudtrail.CallerARN)
	if len(name) <= len(`""`) || !plain(name) || !plain(arn) || bytes.IndexByte(name, ':') >= 0 {
		return false
	}
	role := bytes.IndexByte(arn, '/') + 1
	return role > 0 && bytes.IndexByte(arn[role:], '/') >= 0 && arn[len(arn)-2] != '/'
}

func plain(text []byte) bool { return bytes.IndexByte(text, '\\') < 0 }

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

// lines is how many lines it takes: those of sessions are asked for again soon or
// never.
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
		if *l = &all[hash%uint64(len(all))]; (*l).hash != hash {
			**l = line{hash: hash}
		}
	}
	return *l
}

// callerHash is that of the account and of what decides in the userIdentity. Two
// userIdentities that agree in all but some texts agree in everything else, if
// neither has a backslash in it: each quote then begins or ends a text. None
// that a line remembers has one, nor has what is left out here.
func (n *Numbering) callerHash(of caller) uint64 {
	if of == exactly {
		return n.hash(exactly.salt(), []int{0, callerAccount})
	}
	raw := n.reading.rec.FieldRaw(cloudtrail.UserIdentity)
	hash := n.hash(of.salt(), []int{callerAccount})
	if n.left = n.left[:0]; of == anySession {
		n.left, raw = leaveSession(n.left, raw)
	}
	n.left, raw = leaveKey(n.left, raw)
	n.left, raw = leaveDate(n.left, raw)
	n.left = append(n.left, raw...)
	return mixed(hash, maphash.Bytes(n.seed, n.left))
}

func (c caller) salt() uint64 { return uint64(c)*2 + 2 } // those of other sets are odd

// How AWS writes the userIdentity of a role's session, and what is left out of it:
//
//	{"type":"AssumedRole","principalId":"AROA…:SESSION","arn":"arn:…:assumed-role/ROLE/SESSION",
//	"accountId":"…","accessKeyId":"KEY","sessionContext":{…"attributes":{"creationDate":"DATE","mfaAuthenticated":"false"}…}}
//
// One that is written in another way is only looked for more often. Each function
// appends what stands before that which it leaves out, and gives what is behind.
var (
	assumedRole = []byte(`{"type":"AssumedRole","principalId":"`)
	roleARN     = []byte(`","arn":"`)
	accessKey   = []byte(`","accessKeyId":"`)
	keyRare     = []byte(`KeyId":"`) // its end, which begins with letters that are rare beside each other
	created     = []byte(`"creationDate":"`)
	dateRare    = []byte(`Date":"`)
)

// gap stands where something was left out: no valid JSON has it.
const gap = 0

// leaveSession leaves out the session's name where it stands behind the colon of
// the principal and once more behind a slash at the end of the ARN.
func leaveSession(dst, raw []byte) (out, rest []byte) {
	if !bytes.HasPrefix(raw, assumedRole) {
		return dst, raw
	}
	from := bytes.IndexByte(raw[len(assumedRole):], ':') + len(assumedRole) + 1
	n := bytes.IndexByte(raw[from:], '"')
	if n <= 0 || from == len(assumedRole) || bytes.IndexByte(raw[len(assumedRole):from], '"') >= 0 {
		return dst, raw
	}
	session, behind := raw[from:from+n], raw[from+n:]
	if !bytes.HasPrefix(behind, roleARN) || !plain(session) || bytes.IndexByte(session, '/') >= 0 {
		return dst, raw
	}
	end := bytes.IndexByte(behind[len(roleARN):], '"') + len(roleARN)
	if name := bytes.TrimSuffix(behind[:max(end, 0)], session); len(name) < end && name[len(name)-1] == '/' {
		dst = append(append(dst, raw[:from]...), gap)
		return append(append(dst, name...), gap), behind[end:]
	}
	return dst, raw
}

// leaveKey leaves out the access key's ID.
func leaveKey(dst, raw []byte) (out, rest []byte) {
	i := bytes.Index(raw, keyRare) + len(keyRare)
	if i < len(accessKey) || !bytes.HasSuffix(raw[:i], accessKey) {
		return dst, raw
	}
	n := bytes.IndexByte(raw[i:], '"')
	if n < 0 || !plain(raw[i:i+n]) {
		return dst, raw
	}
	return append(append(dst, raw[:i]...), gap), raw[i+n:]
}

// leaveDate leaves out when the session began, which stands near the end.
func leaveDate(dst, raw []byte) (out, rest []byte) {
	end := raw[max(0, len(raw)-nearEnd):]
	i := bytes.Index(end, dateRare) + len(dateRare)
	if i < len(created) || !bytes.HasSuffix(end[:i], created) {
		return dst, raw
	}
	i += len(raw) - len(end)
	n := bytes.IndexByte(raw[i:], '"')
	if n < 0 || !plain(raw[i:i+n]) {
		return dst, raw
	}
	return append(append(dst, raw[:i]...), gap), raw[i+n:]
}

// nearEnd is how far from the end the date is looked for, in bytes.
const nearEnd = 160

func plain(text []byte) bool { return bytes.IndexByte(text, '\\') < 0 }

// sameInSessions tells whether other sessions have the same texts: those of a
// role whose principal is the actor up to a slash. What is left out lies behind a
// slash or a colon in its text and is not empty. The actor has no colon before
// its first slash, so that up to there it is nothing of what is left out, and it
// has a slash there in other sessions too.
func (n *Numbering) sameInSessions(s *fieldSet) bool {
	if s.of != anySession || !s.actor || !bytes.HasPrefix(n.reading.rec.FieldRaw(cloudtrail.UserIdentity), assumedRole) {
		return true
	}
	whole, role := n.reading.derived[actor], n.reading.derived[principal]
	return len(role) < len(whole) && n.reading.rec.Lookup("userIdentity", "type").Str() == "AssumedRole"
}

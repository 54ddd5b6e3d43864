package cloudtrail

import (
	"slices"
	"strings"

	"github.com/trailwarden/trailwarden/internal/jsonscan"
)

// CallerField numbers the members of userIdentity that are asked for often, of
// its session and of who issued that.
type CallerField uint8

// The CallerFields.
const (
	NoCallerField CallerField = iota
	CallerType
	CallerName
	CallerAccount
	CallerARN
	CallerPrincipal
	CallerInvokedBy
	CallerProvider
	CallerAccessKey
	CallerIssuerType
	CallerIssuerName
	CallerIssuerAccount
	CallerIssuerARN
	CallerIssuerPrincipal
	CallerMFA
	CallerCreated
	CallerSource
	numCallerFields
)

// callerPaths are the keys that lead to a CallerField from userIdentity.
var callerPaths = [numCallerFields]string{
	CallerType: "type", CallerName: "userName", CallerAccount: "accountId", CallerARN: "arn",
	CallerPrincipal: "principalId", CallerInvokedBy: "invokedBy", CallerProvider: "identityProvider",
	CallerAccessKey:  "accessKeyId",
	CallerIssuerType: "sessionContext.sessionIssuer.type", CallerIssuerName: "sessionContext.sessionIssuer.userName",
	CallerIssuerAccount: "sessionContext.sessionIssuer.accountId", CallerIssuerARN: "sessionContext.sessionIssuer.arn",
	CallerIssuerPrincipal: "sessionContext.sessionIssuer.principalId",
	CallerMFA:             "sessionContext.attributes.mfaAuthenticated", CallerCreated: "sessionContext.attributes.creationDate",
	CallerSource: "sessionContext.sourceIdentity",
}

// CallerDepth is how many keys at most lead from userIdentity to a CallerField.
const CallerDepth = 3

// CallerFieldOf is the CallerField at the end of exactly these keys, which follow
// userIdentity, or NoCallerField.
func CallerFieldOf(keys ...string) CallerField {
	if len(keys) > CallerDepth {
		return NoCallerField
	}
	path := strings.Join(keys, ".")
	for f, p := range callerPaths {
		if p == path && p != "" && strings.Count(p, ".") == len(keys)-1 {
			return CallerField(f)
		}
	}
	return NoCallerField
}

// CallerRaw is the exact JSON text of a member of userIdentity, empty when it is
// missing. ok is false when that is not known without walking through the
// element. When it is true, userIdentity has no repeated keys, none with a dot or
// an escape and no arrays; its strings are strings, and none of its keys differs
// from one of a CallerField in case alone.
//
// Nearly every userIdentity has one of a few shapes, so a record that has
// the shape of an earlier one costs a comparison of its keys.
func (r *Record) CallerRaw(f CallerField) (raw []byte, ok bool) {
	if !r.callerRead {
		r.readCaller()
	}
	if r.caller == nil {
		return nil, false
	}
	s := r.callerSlot(f)
	return r.text[s.at:s.end:s.end], true
}

// callerSlot is where a field lies in a userIdentity whose shape is known.
func (r *Record) callerSlot(f CallerField) slot {
	n := uint32(r.caller.at[f])
	if n == 0 {
		return slot{}
	}
	mark := r.slots[UserIdentity].mark + n
	at, end := r.ix.String(int(mark))
	return slot{uint32(at), uint32(end), mark}
}

// callerShape is a form of userIdentity.
type callerShape struct {
	jsonscan.Shape
	at [numCallerFields]uint16 // the number of the value's mark from the first; 0 when there is none
}

// callerShapes are the forms met before, by a few of their properties.
type callerShapes [64]struct {
	shape   *callerShape
	misses  int // records with another form in this place since
	learned int
}

// learnAfter is how many records in one place have to be unknown before the next
// is learnt; twice as many each time, up to a bound. So single records do not
// pay for what they will not use, nor forms that take each other's place.
const (
	learnAfter   = 2
	maxDoublings = 6
)

func (r *Record) readCaller() {
	r.callerRead, r.caller = true, nil
	s := r.slots[UserIdentity]
	if !r.isObject(s) || s.end-s.at < 16 {
		return
	}
	// What differs in {"type":"AssumedRole", "IAMUser", "Root", "AWSService" and "AWSAccount",
	// and behind what comes last: of as many members it may be a text or an object.
	n := r.ix.Marks(int(s.mark)) + int(r.text[s.at+10]) + int(r.text[s.at+12]) + int(r.text[s.end-2])
	known := &r.callers[n%len(r.callers)]
	if known.shape != nil && r.ix.Fits(&known.shape.Shape, int(s.mark)) {
		r.caller, known.misses = known.shape, 0
		return
	}
	if known.misses++; known.misses > learnAfter<<min(known.learned, maxDoublings) {
		known.misses = 0
		known.learned++
		shape := new(callerShape)
		shape.Begin(r.ix, int(s.mark))
		if r.learnCaller(shape, int(s.mark), "", 0) {
			known.shape = shape
		}
	}
}

// maxCallerDepth bounds the objects in each other of a userIdentity with a shape.
const maxCallerDepth = 8

// learnCaller adds the object at mark, which path leads to, to shape. ok is false
// when that cannot have one.
func (r *Record) learnCaller(shape *callerShape, mark int, path string, depth int) (ok bool) {
	first := int(r.slots[UserIdentity].mark)
	var seen []string
	var it jsonscan.Item
	for c := r.ix.Inside(mark); c.Member(&it); {
		key := string(it.Key)
		if depth == maxCallerDepth || !shape.Add(r.ix, first, &it) || misleading(key, seen) || it.Mark-first > 1<<15 {
			return false
		}
		seen = append(seen, key)
		if it.Val[0] == '{' && !r.learnCaller(shape, it.Mark, path+key+".", depth+1) {
			return false
		}
		if f := slices.Index(callerPaths[1:], path+key) + 1; f > 0 {
			if it.Val[0] != '"' {
				return false
			}
			shape.at[f] = uint16(it.Mark - first)
		}
	}
	return true
}

// misleading tells whether key is one of those before it in its object, or the
// key of a CallerField, but for its case.
func misleading(key string, before []string) bool {
	if slices.ContainsFunc(before, func(k string) bool { return strings.EqualFold(k, key) }) {
		return true
	}
	for _, p := range callerPaths {
		for _, k := range strings.Split(p, ".") {
			if k != key && strings.EqualFold(k, key) {
				return true
			}
		}
	}
	return false
}

package cloudtrail

import (
	"bytes"

	"github.com/trailwarden/trailwarden/internal/jsonscan"
)

// resync moves pos from a broken value at text[at] to where reading can go on:
// behind it when its brackets match, else at the next record. It reports
// whether there is such a place. top says that the value stands alone and not
// in an array.
func (f *file) resync(at int, top bool) bool {
	w := f.w
	w.hold = -1
	start := w.offset(at)
	w.from(at)
	for {
		at = int(start - w.base)
		end, found, err := w.ix.Recover(at, recoverWithin, f.startsRecord)
		if err == jsonscan.ErrMore && w.more() {
			continue
		}
		if err == nil && end >= 0 && (!found || f.mayFollow(end, top) && !f.turned(at, end)) {
			w.pos, f.resumed = end, !found
			return true
		}
		if f.spend(max(0, w.ix.Indexed()-at)) {
			return false
		}
		return f.resyncText(at+1, top)
	}
}

// recoverWithin is how far the end of a broken record is looked for, in bytes:
// CloudTrail's own limit for a record (User Guide, quotas).
const recoverWithin = 256 << 10

// maxWaste is how many bytes of a file may be read in vain, over all its broken
// records, before the rest is given up: a file made to be read over and over
// must not hold up the others.
const maxWaste = 256 << 20

// spend counts bytes read in vain and reports whether the rest of the file was
// given up.
func (f *file) spend(n int) bool {
	if f.waste += n; f.waste < maxWaste {
		return false
	}
	w := f.w
	f.sum.Faults = append(f.sum.Faults, Fault{File: f.name, Offset: w.offset(w.pos), Record: -1,
		Reason: "too much of the file is broken: the rest was given up; fetch it again"})
	w.pos, w.hold, w.final, w.err = len(w.text), -1, true, nil
	w.ix.Restart(w.text, w.pos, true)
	return true
}

// turned tells whether the bytes of a record's start stand in text[at:end]
// behind the first. Inside a string its quotes would be escaped: a missing quote
// has turned strings inside out, and the end at end is none.
func (f *file) turned(at, end int) bool {
	for i := at + 1; i < end; i++ {
		n := bytes.IndexByte(f.w.text[i:end], '{')
		if n < 0 {
			return false
		}
		if i += n; f.startsRecord(i) {
			return true
		}
	}
	return false
}

// mayFollow tells whether what stands at text[i] can stand behind a value.
func (f *file) mayFollow(i int, top bool) bool {
	j := jsonscan.SkipSpace(f.w.text, i)
	if j >= len(f.w.text) {
		return true
	}
	c := f.w.text[j]
	if top {
		return c == '{' || c == '['
	}
	return c == ',' || c == ']'
}

// resyncText looks for the next record from text[i] on by its first bytes
// alone: a quote that is missing has turned the inside of strings out.
func (f *file) resyncText(i int, top bool) bool {
	w := f.w
	w.pos = i
	for {
		n := bytes.IndexByte(w.text[w.pos:], '{')
		if n < 0 {
			n = len(w.text) - w.pos
		}
		w.pos += n
		if len(w.text)-w.pos < 256 && !w.final {
			w.atLeastAnew(256)
			continue
		}
		if w.pos >= len(w.text) {
			w.ix.Restart(w.text, len(w.text), w.final)
			return false
		}
		if f.startsRecord(w.pos) || top && w.pos > 0 && w.text[w.pos-1] == '\n' {
			w.ix.Restart(w.text, w.pos, w.final)
			f.resumed = true
			return true
		}
		w.pos++
	}
}

// atLeastAnew is atLeast from a place whose marks mean nothing.
func (w *window) atLeastAnew(n int) {
	w.ix.Restart(w.text, w.pos, w.final)
	w.atLeast(n)
}

// startsRecord tells whether text[at] opens an object that starts as records
// do, with a field that nothing else has, and is no field's value itself.
func (f *file) startsRecord(at int) bool {
	b := f.w.text
	i := jsonscan.SkipSpace(b, at+1)
	if i >= len(b) || b[i] != '"' {
		return false
	}
	n := bytes.IndexByte(b[i+1:min(len(b), i+40)], '"')
	if n < 0 || !leadingFields[fieldIDOf(b[i+1:i+1+n])] {
		return false
	}
	j := jsonscan.SkipSpace(b, i+n+2)
	if j >= len(b) || b[j] != ':' {
		return false
	}
	for at--; at >= 0 && b[at] <= ' '; at-- {
	}
	return at < 0 || b[at] != ':'
}

// leadingFields are the fields that only a record has, and so may be told by.
var leadingFields = [numFields]bool{
	EventVersion: true, EventTime: true, UserIdentity: true, EventSource: true, EventName: true,
	AWSRegion: true, SourceIPAddress: true, EventID: true, EventType: true, EventCategory: true,
	AdditionalEventData: true, RecipientAccountID: true, SharedEventID: true, ManagementEvent: true,
	Addendum: true, InsightDetails: true, RequestParameters: true, ResponseElements: true,
}

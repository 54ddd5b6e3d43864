package cloudtrail

import (
	"errors"
	"strconv"

	"github.com/trailwarden/trailwarden/internal/jsonscan"
)

// object reads the object at pos, key by key, until it turns out to hold
// records or to end without any.
func (f *file) object() {
	w := f.w
	start := w.offset(w.pos)
	w.hold = w.pos
	w.pos++
	held := false
	for f.err == nil {
		c, ok := w.peek()
		switch {
		case !ok:
			f.endsInside("an object")
			return
		case c == '}':
			w.pos++
			f.objectEnd(start, held)
			return
		case c == ',':
			w.pos++
			continue
		}
		holds, ok := f.member(c, start)
		if !ok {
			return
		}
		held = held || holds
	}
}

// objectEnd judges an object that held no records as a record, if it is one.
func (f *file) objectEnd(start int64, held bool) {
	w := f.w
	if held {
		return
	}
	if w.hold < 0 {
		f.fault(start, -1, "a JSON object beyond the limits of a record, without \"Records\": "+noRecords)
		return
	}
	w.pos, w.hold = w.hold, -1
	f.record(true)
}

// member reads one member of an object that may hold records. It reports
// whether the member did, and whether the object can be read further.
func (f *file) member(c byte, start int64) (held, ok bool) {
	w := f.w
	key, ok := f.key(c, start)
	if !ok {
		return false, false
	}
	c, ok = w.peek()
	if !ok {
		f.endsInside("an object")
		return false, false
	}
	if container(key) {
		if c == '[' {
			return true, f.array()
		}
		f.fault(w.offset(w.pos), -1, "\""+string(key)+"\" is no array of records: nothing in it was judged")
		held = true
	}
	if _, ok := f.pass(start); !ok {
		return held, false
	}
	return held, true
}

// key reads a member's key and its colon; the key is a copy, until the next one.
func (f *file) key(c byte, start int64) ([]byte, bool) {
	w := f.w
	if c != '"' {
		f.brokenObject(start, w.pos, "a key in double quotes is expected")
		return nil, false
	}
	raw, ok := f.pass(start)
	if !ok || raw == nil {
		return nil, false
	}
	f.d.key = append(f.d.key[:0], raw[1:len(raw)-1]...)
	if c, ok = w.peek(); !ok {
		f.endsInside("an object")
		return nil, false
	}
	if c != ':' {
		f.brokenObject(start, w.pos, "a colon is expected after the key")
		return nil, false
	}
	w.pos++
	return f.d.key, true
}

// pass steps over the value at pos, dropping what was held where it would not
// fit, and reports whether the object can be read further.
func (f *file) pass(start int64) ([]byte, bool) {
	w := f.w
	_, ok := w.peek()
	if !ok {
		f.endsInside("an object")
		return nil, false
	}
	end, _, err := w.parse()
	if err != nil {
		if end, ok = f.passOdd(start, err); end < 0 {
			return nil, ok
		}
	}
	raw := w.text[w.pos:end]
	w.pos = end
	return raw, true
}

// passOdd steps over the value at pos, which err refuses. end is that of a value
// that could be read after all, and negative else.
func (f *file) passOdd(start int64, err error) (end int, ok bool) {
	w := f.w
	var limit *jsonscan.LimitError
	if errors.As(err, &limit) {
		w.hold = -1
		if end, _, err = w.parse(); errors.As(err, &limit) {
			return -1, f.passLarge(start, limit)
		}
	}
	var syntax *jsonscan.SyntaxError
	if errors.As(err, &syntax) {
		f.brokenObject(start, syntax.Offset, syntax.Reason)
		return -1, false
	}
	return end, true
}

// passLarge steps over the value at pos, which is over limit.
func (f *file) passLarge(start int64, limit *jsonscan.LimitError) bool {
	at := f.w.offset(f.w.pos)
	ended, vain := f.w.skip()
	if ended {
		return true
	}
	f.fault(at, -1, "a value "+limit.Reason+" and does not end: the object at byte "+
		strconv.FormatInt(start, 10)+" was passed over up to the next record")
	if !f.spend(vain) {
		f.resyncText(min(f.w.pos+1, len(f.w.text)), true)
		f.resumed = false
	}
	return false
}

// brokenObject reports an object at the top of the file that is not sound at
// text[at], and looks for the next record.
func (f *file) brokenObject(start int64, at int, reason string) {
	w := f.w
	where := w.offset(at)
	w.hold = -1
	more := f.resyncText(w.pos, true)
	f.resumed = false
	if !more && f.w.err != nil {
		return
	}
	f.fault(where, -1, "not valid JSON ("+reason+"): the object at byte "+strconv.FormatInt(start, 10)+" was passed over up to the next record")
}

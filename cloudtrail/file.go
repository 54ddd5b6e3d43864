package cloudtrail

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/trailwarden/trailwarden/internal/jsonscan"
)

// file is one run of a Decoder over one file.
type file struct {
	d     *Decoder
	ctx   context.Context
	visit func(rec *Record, index int) error
	w     *window
	name  string
	sum   Summary
	err   error // of visit or ctx: stop

	next    int  // index of the next record
	seen    bool // a JSON value or a CSV header has been seen
	resumed bool // the next record was found by resync, not behind a comma
	cut     int  // index of the record that the end of the input cut, or -1
	noted   note
	waste   int      // bytes read in vain
	named   []string // kinds of foreign JSON that have had their fault
}

var utf8BOM = []byte("\xef\xbb\xbf")

// run reads the whole file: any number of JSON documents, or CSV.
func (f *file) run() {
	f.cut = -1
	f.w.atLeast(len(utf8BOM))
	if bytes.HasPrefix(f.w.text, utf8BOM) {
		f.w.pos = len(utf8BOM)
		f.w.ix.Reset(f.w.text, f.w.pos, f.w.final)
	}
	for f.err == nil {
		c, ok := f.w.peek()
		if !ok {
			break
		}
		f.document(c)
	}
	if f.err == nil {
		f.finish()
	}
}

// finish accounts for how the input ended.
func (f *file) finish() {
	if f.err = f.ctx.Err(); f.err != nil {
		return
	}
	end := f.w.offset(len(f.w.text))
	if f.w.err != nil {
		f.fault(end, f.cut, adviceFor(f.w.err))
		return
	}
	if !f.seen && len(f.sum.Faults) == 0 {
		f.sum.Ignored = "empty file"
	}
}

// document reads what stands at the top of the file and starts with c.
func (f *file) document(c byte) {
	switch {
	case c == '{':
		f.seen = true
		if f.looksLikeRecord() {
			f.record(true)
		} else {
			f.object()
		}
	case c == '[':
		f.seen = true
		f.array()
	case !f.seen && f.isCSV():
		f.seen = true
		f.csv()
	default:
		f.stray()
	}
}

// looksLikeRecord tells from its first key whether the object at pos is a
// record, and not a container of records. Nothing depends on the answer but
// speed: both ways look at all keys.
func (f *file) looksLikeRecord() bool {
	f.w.atLeast(256)
	b := f.w.text[f.w.pos:]
	i := jsonscan.SkipSpace(b, 1)
	if i >= len(b) || b[i] != '"' {
		return false
	}
	n := bytes.IndexByte(b[i+1:], '"')
	return n > 0 && fieldIDOf(b[i+1:i+1+n]) != NoField
}

// container tells whether a key holds records when its value is an array:
// "Records" in log files, "Events" in the output of LookupEvents.
func container(key []byte) bool {
	return jsonscan.KeyIs(key, "Records") || jsonscan.KeyIs(key, "Events")
}

// stray reports text where a JSON document should start.
func (f *file) stray() {
	f.w.atLeast(512)
	reason := "text that is no JSON follows: it was passed over"
	if !f.seen {
		if reason = notJSON(f.w.text[f.w.pos:]); reason == notCSV && isQueryResult(f.name) {
			f.sum.Ignored = "query result"
			f.drain()
			return
		}
	}
	f.fault(f.w.offset(f.w.pos), -1, reason)
	f.seen = true
	f.w.ix.Reset(f.w.text, f.w.pos, f.w.final)
	f.resyncText(f.w.pos, true)
	f.resumed = false
}

// drain reads to the end without looking for records.
func (f *file) drain() {
	f.seen = true
	for ok := true; ok; _, ok = f.w.peek() {
		f.w.pos = len(f.w.text)
	}
}

// array reads the array of records at pos and reports whether it was closed.
func (f *file) array() bool {
	f.w.hold = -1
	f.w.pos++
	for first := true; f.err == nil; first = false {
		c, ok := f.w.peek()
		if !ok {
			f.endsInside("the array of records")
			return false
		}
		if c == ']' {
			f.w.pos++
			return true
		}
		if !first && !f.resumed {
			if c, ok = f.separator(c); !ok {
				continue
			}
		}
		f.resumed = false
		f.element(c)
	}
	return false
}

// separator steps over the comma before the next record, c being what stands
// there. ok is false when no record follows.
func (f *file) separator(c byte) (next byte, ok bool) {
	switch c {
	case ',':
		f.w.pos++
		if next, ok = f.w.peek(); !ok {
			return 0, false
		}
		if next == ']' || next == ',' {
			f.fault(f.w.offset(f.w.pos), -1, "a comma stands where a record is expected: nothing was lost here")
			return 0, false
		}
		return next, true
	case '{':
		f.fault(f.w.offset(f.w.pos), f.next, "the comma before this record is missing; it was judged all the same")
		return c, true
	}
	f.fault(f.w.offset(f.w.pos), -1, "text stands between two records: it was passed over up to the next record")
	f.resync(f.w.pos, false)
	return 0, false
}

// element reads one element of an array of records.
func (f *file) element(c byte) {
	switch c {
	case '{':
		f.record(false)
	case '"':
		f.textRecord()
	default:
		f.notObject()
	}
}

func (f *file) notObject() {
	index := f.take()
	end, _, err := f.w.parse()
	if err != nil {
		f.bad(err, index, false)
		return
	}
	kind := ValueOf(f.w.text[f.w.pos:end]).Kind()
	f.fault(f.w.offset(f.w.pos), index, fmt.Sprintf("the record is no object but of type %s: it was not judged", kind))
	f.w.pos = end
}

func (f *file) take() int {
	f.next++
	return f.next - 1
}

// endsInside reports a file that ends too early, unless the input itself has
// failed, which finish reports.
func (f *file) endsInside(what string) {
	if f.w.err == nil {
		f.fault(f.w.offset(len(f.w.text)), -1, "the file ends inside "+what+": it is incomplete, fetch it again; complete records before the end were judged")
	}
}

// record reads the object at pos.
func (f *file) record(top bool) {
	index := f.take()
	end, mark, err := f.w.parse()
	if err != nil {
		f.bad(err, index, top)
		return
	}
	at := f.w.pos
	f.w.pos = end
	if end-at > f.d.limits.Record {
		f.fault(f.w.offset(at), index, f.tooLarge())
		return
	}
	rec := &f.d.rec
	rec.view(f.w.ix, at, end, mark)
	f.judge(rec, f.w.offset(at), index, top)
}

func (f *file) tooLarge() string {
	return fmt.Sprintf("the record is larger than %d bytes: it was not judged", f.d.limits.Record)
}

// bad reports the record at pos that err refuses, and moves on to the next.
func (f *file) bad(err error, index int, top bool) {
	at := f.w.pos
	offset := f.w.offset(at)
	var limit *jsonscan.LimitError
	if errors.As(err, &limit) {
		reason := fmt.Sprintf("the record %s: it was not judged", limit.Reason)
		if limit.Reason == jsonscan.TooLarge {
			reason = f.tooLarge()
		}
		f.fault(offset, index, reason)
		if ended, vain := f.w.skip(); !ended && (vain == 0 || f.spend(vain) || !f.resync(f.w.pos, top)) && !top {
			f.cut = index
		}
		return
	}
	where := offset
	var syntax *jsonscan.SyntaxError
	if errors.As(err, &syntax) {
		where = f.w.offset(syntax.Offset)
	}
	if f.spend(int(where - offset)) {
		return
	}
	more := f.resync(at, top)
	switch {
	case more || f.w.pos < len(f.w.text):
		f.fault(where, index, "the record is not valid JSON ("+err.Error()+"): it was not judged")
	case f.w.err != nil:
		f.cut = index
	default:
		f.fault(where, index, "the record is not valid JSON ("+err.Error()+"), and no record follows it: if the file is incomplete, fetch it again")
	}
}

// fault lists one fault.
func (f *file) fault(offset int64, index int, reason string) {
	if len(f.sum.Faults) >= f.d.limits.Faults {
		f.sum.MoreFaults++
		return
	}
	f.sum.Faults = append(f.sum.Faults, Fault{File: f.name, Offset: offset, Record: index, Reason: reason})
}

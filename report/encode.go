package report

import (
	"bytes"
	"encoding/binary"
	"strconv"
	"sync/atomic"
	"unicode/utf8"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/internal/jsonscan"
	"github.com/trailwarden/trailwarden/internal/visible"
	"github.com/trailwarden/trailwarden/rule"
)

// Encoder writes findings as NDJSON. What depends on the rule alone is written
// once, for its first finding; Append copies the record's own text and allocates
// nothing when dst is large enough. It is safe for concurrent use.
//
// The keys of a finding are rule, title, severity, eventID, eventTime,
// eventSource, eventName, awsRegion, account, actor, sourceIPAddress, errorCode,
// readOnly, file and record, always present and in this order; then author and
// link when the rule has them, detection when the rule remembers, and event, the raw record, when asked for. Text
// fields are strings, or null when the record lacks them or holds an object or
// an array there; numbers and booleans keep their literal text as a string.
// readOnly is a boolean or null; the text "true" of older exports counts.
type Encoder struct {
	rules     []*rule.Rule
	parts     []atomic.Pointer[ruleText] // of rules that had a finding
	withEvent bool
}

// ruleText is what a rule's findings begin and end with.
type ruleText struct{ head, tail []byte }

// NewEncoder prepares for findings of rules, which Append names by their index.
// The rules must not change afterwards.
func NewEncoder(rules []*rule.Rule, withEvent bool) *Encoder {
	return &Encoder{rules, make([]atomic.Pointer[ruleText], len(rules)), withEvent}
}

// rule is the text of rule number n, made for its first finding: of tens of
// thousands of rules few have any.
func (e *Encoder) rule(n int) *ruleText {
	t := e.parts[n].Load()
	if t == nil {
		t = newRuleText(e.rules[n])
		e.parts[n].Store(t) // whoever else made it at the same time made the same
	}
	return t
}

func newRuleText(r *rule.Rule) *ruleText {
	h := appendString([]byte(`{"rule":`), r.ID)
	h = appendString(append(h, `,"title":`...), r.Title)
	h = appendString(append(h, `,"severity":`...), r.Severity.String())
	var t []byte
	if r.Author != "" {
		t = appendString(append(t, `,"author":`...), r.Author)
	}
	if r.Link != "" {
		t = appendString(append(t, `,"link":`...), r.Link)
	}
	return &ruleText{h, t}
}

// Append appends the finding that rule number n made of rec, with a line break.
// file is the name of the record's file as QuoteFile made it; index is the
// record's place in it, from 0. rec must be valid JSON.
func (e *Encoder) Append(dst []byte, n int, rec *cloudtrail.Record, file []byte, index int) []byte {
	_, _, dst = e.AppendFirst(dst, n, rec, file, index)
	return dst
}

// AppendFirst is Append, and tells where in the result the part stands that
// AppendEvent made: it is the same in each of a record's findings.
func (e *Encoder) AppendFirst(dst []byte, n int, rec *cloudtrail.Record, file []byte, index int) (at, end int, _ []byte) {
	t := e.rule(n)
	dst = append(dst, t.head...)
	at = len(dst)
	dst = e.AppendEvent(dst, rec, file, index)
	return at, len(dst), e.appendTail(dst, t, rec)
}

// AppendWith is Append with what AppendEvent made of the record: it is the same
// in each of a record's findings.
func (e *Encoder) AppendWith(dst []byte, n int, rec *cloudtrail.Record, event []byte) []byte {
	t := e.rule(n)
	return e.appendTail(append(append(dst, t.head...), event...), t, rec)
}

func (e *Encoder) appendTail(dst []byte, t *ruleText, rec *cloudtrail.Record) []byte {
	dst = append(dst, t.tail...)
	if e.withEvent {
		dst = AppendLine(append(dst, `,"event":`...), rec.Raw())
	}
	return append(dst, '}', '\n')
}

// AppendEvent appends the part of a finding that the record alone decides.
func (e *Encoder) AppendEvent(dst []byte, rec *cloudtrail.Record, file []byte, index int) []byte {
	id := cloudtrail.EventID
	if !rec.Has(id) {
		id = cloudtrail.LowerEventID
	}
	dst = appendText(append(dst, `,"eventID":`...), rec.FieldRaw(id))
	dst = appendText(append(dst, `,"eventTime":`...), eventTime(rec))
	dst = appendText(append(dst, `,"eventSource":`...), rec.FieldRaw(cloudtrail.EventSource))
	dst = appendText(append(dst, `,"eventName":`...), rec.FieldRaw(cloudtrail.EventName))
	dst = appendText(append(dst, `,"awsRegion":`...), rec.FieldRaw(cloudtrail.AWSRegion))
	dst = appendAccount(append(dst, `,"account":`...), rec)
	dst = append(dst, `,"actor":"`...)
	dst = closeString(rec.AppendActor(dst), len(dst))
	dst = appendText(append(dst, `,"sourceIPAddress":`...), rec.FieldRaw(cloudtrail.SourceIPAddress))
	dst = appendText(append(dst, `,"errorCode":`...), rec.FieldRaw(cloudtrail.ErrorCode))
	dst = appendTruth(append(dst, `,"readOnly":`...), rec.FieldRaw(cloudtrail.ReadOnly))
	return appendPlace(dst, file, index)
}

// AppendFacts appends what AppendEvent would say of rec, for who may need it later
// and keeps much of it: a third as long, as the keys and where the record stands are
// left out. AppendKept makes the same text of it. Values are JSON on one line each. The
// list of fields stands in both, as every finding passes AppendEvent, which takes a
// tenth longer with its keys in a table for the two; a test compares them.
func AppendFacts(dst []byte, rec *cloudtrail.Record) []byte {
	id := cloudtrail.EventID
	if !rec.Has(id) {
		id = cloudtrail.LowerEventID
	}
	dst = appendText(dst, rec.FieldRaw(id))
	dst = appendText(append(dst, '\n'), eventTime(rec))
	dst = appendText(append(dst, '\n'), rec.FieldRaw(cloudtrail.EventSource))
	dst = appendText(append(dst, '\n'), rec.FieldRaw(cloudtrail.EventName))
	dst = appendText(append(dst, '\n'), rec.FieldRaw(cloudtrail.AWSRegion))
	dst = appendAccount(append(dst, '\n'), rec)
	dst = append(dst, '\n', '"')
	dst = closeString(rec.AppendActor(dst), len(dst))
	dst = appendText(append(dst, '\n'), rec.FieldRaw(cloudtrail.SourceIPAddress))
	dst = appendText(append(dst, '\n'), rec.FieldRaw(cloudtrail.ErrorCode))
	return appendTruth(append(dst, '\n'), rec.FieldRaw(cloudtrail.ReadOnly))
}

// factKeys stand before the values of AppendFacts.
var factKeys = [...]string{
	`,"eventID":`, `,"eventTime":`, `,"eventSource":`, `,"eventName":`, `,"awsRegion":`, `,"account":`, `,"actor":`,
	`,"sourceIPAddress":`, `,"errorCode":`, `,"readOnly":`,
}

// AppendKept appends what AppendEvent appends, of a record of which AppendFacts made
// facts. file and index are as in Append.
func AppendKept(dst, facts, file []byte, index int) []byte {
	for _, key := range factKeys {
		var value []byte
		value, facts, _ = bytes.Cut(facts, []byte{'\n'})
		dst = append(append(dst, key...), value...)
	}
	return appendPlace(dst, file, index)
}

func appendPlace(dst, file []byte, index int) []byte {
	dst = append(append(dst, `,"file":`...), file...)
	return strconv.AppendInt(append(dst, `,"record":`...), int64(index), 10)
}

// appendAccount appends the account that the record concerns.
func appendAccount(dst []byte, rec *cloudtrail.Record) []byte {
	raw := rec.FieldRaw(cloudtrail.RecipientAccountID)
	if len(raw) > len(`""`) && raw[0] == '"' && verbatim(raw[1:len(raw)-1]) {
		return append(dst, raw...) // as nearly all: Record.Account says the same
	}
	dst = append(dst, '"')
	return closeString(rec.AppendAccount(dst), len(dst))
}

// eventTime is the time that tells when the event was: an aggregated record has
// the end of its window instead of an eventTime.
func eventTime(rec *cloudtrail.Record) []byte {
	if rec.Has(cloudtrail.EventTime) {
		return rec.FieldRaw(cloudtrail.EventTime)
	}
	return rec.Lookup("timeWindow", "windowEnd").Raw()
}

// closeString ends a JSON string whose text, decoded, was appended from at on,
// after the quote that opens it. An empty one becomes null.
func closeString(dst []byte, at int) []byte {
	if text := dst[at:]; len(text) > 0 && verbatim(text) {
		return append(dst, '"')
	}
	return appendString(dst[:at-1], string(dst[at:]))
}

// QuoteFile is a file name as the JSON string that Append takes.
func QuoteFile(name string) []byte { return AppendFile(make([]byte, 0, len(name)+2), name) }

// AppendFile appends what QuoteFile says of name.
func AppendFile(dst []byte, name string) []byte { return appendString(dst, name) }

// AppendLine appends a JSON value as one line of valid UTF-8: its own bytes
// when they are that already, compact JSON otherwise, invalid UTF-8 replaced.
func AppendLine(dst, raw []byte) []byte {
	if bytes.IndexByte(raw, '\n') >= 0 || bytes.IndexByte(raw, '\r') >= 0 {
		n := len(dst)
		dst = jsonscan.Compact(dst, raw)
		return append(dst[:n], bytes.ToValidUTF8(dst[n:], []byte("\uFFFD"))...)
	}
	if utf8.Valid(raw) {
		return append(dst, raw...)
	}
	return append(dst, bytes.ToValidUTF8(raw, []byte("\uFFFD"))...)
}

// appendText appends a value of a record, raw, as a JSON string or null. A
// string's own text is copied, escapes and all, when nothing in it is beyond
// printable ASCII.
func appendText(dst, raw []byte) []byte {
	if len(raw) > 0 && raw[0] == '"' && plain(raw) {
		return append(dst, raw...) // as nearly all
	}
	switch cloudtrail.ValueOf(raw).Kind() {
	case cloudtrail.String:
		return appendQuoted(dst, raw[1:len(raw)-1])
	case cloudtrail.Number, cloudtrail.Bool:
		return append(append(append(dst, '"'), raw...), '"')
	}
	return append(dst, "null"...)
}

// appendTruth appends true, false or null.
func appendTruth(dst, raw []byte) []byte {
	switch string(raw) {
	case "true", `"true"`:
		return append(dst, "true"...)
	case "false", `"false"`:
		return append(dst, "false"...)
	}
	return append(dst, "null"...)
}

// Eight bytes at a time: the top bit of a byte is set in beyond(w) where w has
// a byte that is not printable ASCII, and in is(w, c) where there is a c and,
// it may be, above one.
const (
	everyByte = 0x0101010101010101
	topBits   = 0x80 * everyByte
)

// beyond: the top bit of a byte is set in w beyond ASCII, in the second term
// for DEL, and stays clear in the third below a space.
func beyond(w uint64) uint64 { return w | (w + everyByte) | ^(w + (0x80-' ')*everyByte) }

func is(w uint64, c byte) uint64 {
	w ^= uint64(c) * everyByte
	return (w - everyByte) &^ w
}

// plain tells whether b is printable ASCII.
func plain(b []byte) bool {
	if len(b) < 8 {
		for _, c := range b {
			if c < ' ' || c > '~' {
				return false
			}
		}
		return true
	}
	odd := beyond(binary.LittleEndian.Uint64(b[len(b)-8:])) // what is left over at the end, with some before it
	for ; len(b) > 8; b = b[8:] {
		odd |= beyond(binary.LittleEndian.Uint64(b))
	}
	return odd&topBits == 0
}

// verbatim tells whether b is printable ASCII that a JSON string holds as it is.
func verbatim(b []byte) bool {
	if len(b) < 8 {
		for _, c := range b {
			if c < ' ' || c > '~' || c == '"' || c == '\\' {
				return false
			}
		}
		return true
	}
	odd := special(binary.LittleEndian.Uint64(b[len(b)-8:])) // as in plain
	for ; len(b) > 8; b = b[8:] {
		odd |= special(binary.LittleEndian.Uint64(b))
	}
	return odd&topBits == 0
}

func special(w uint64) uint64 { return beyond(w) | is(w, '"') | is(w, '\\') }

// appendQuoted appends the inside of a JSON string with its escapes kept,
// invalid UTF-8 replaced and hidden characters escaped.
func appendQuoted(dst, s []byte) []byte {
	dst = append(dst, '"')
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRune(s[i:])
		if visible.Hidden(r) {
			dst = appendEscape(dst, r)
		} else {
			dst = utf8.AppendRune(dst, r)
		}
		i += n
	}
	return append(dst, '"')
}

// appendString appends decoded text as a JSON string, "" as null.
func appendString(dst []byte, s string) []byte {
	if s == "" {
		return append(dst, "null"...)
	}
	dst = append(dst, '"')
	for _, r := range s {
		if r >= ' ' && r <= '~' && r != '"' && r != '\\' {
			dst = append(dst, byte(r))
			continue
		}
		switch {
		case r == '"' || r == '\\':
			dst = append(dst, '\\', byte(r))
		case !visible.Hidden(r):
			dst = utf8.AppendRune(dst, r)
		default:
			dst = appendEscape(dst, r)
		}
	}
	return append(dst, '"')
}

// AppendCompact appends a JSON value without white space between its tokens, as
// one line of valid UTF-8.
func AppendCompact(dst, raw []byte) []byte {
	n := len(dst)
	dst = jsonscan.Compact(dst, raw)
	if utf8.Valid(dst[n:]) {
		return dst
	}
	return append(dst[:n], bytes.ToValidUTF8(dst[n:], []byte("\uFFFD"))...)
}

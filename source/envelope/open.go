package envelope

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/internal/inflate"
	"github.com/trailwarden/trailwarden/internal/jsonscan"
)

// maxDepth is the most brackets in one another in one text. Records are held to
// a lower limit by those who judge them, one by one.
const maxDepth = 10_000

// opener opens one body.
type opener struct {
	limits Limits
	left   int // bytes that may still be unpacked and decoded
	depth  int
	shape  Shape // outermost
	path   []Hop
	shared []Hop // a copy of path that items share; nil when path has changed
	units  []Hop
	items  []Item
	begun  int  // how many items there were when the unit in hand began
	full   bool // the limit of items was met and said in the unit in hand

	decoder *cloudtrail.Decoder // of log files; nil before the first
	idle    []*jsonscan.Index   // to be used again
}

// again begins another body, with the memory that was made for the last: making it
// costs many times what a small body does.
func (o *opener) again() {
	clear(o.items)
	*o = opener{limits: o.limits, left: o.limits.Output, items: o.items[:0], decoder: o.decoder, idle: o.idle}
}

// batch is what was opened.
func (o *opener) batch() Batch {
	b := Batch{Shape: o.shape, Units: make([]Unit, max(1, len(o.units)))}
	if o.shape == "" {
		b.Shape = ShapeUnknown
	}
	for i, h := range o.units {
		b.Units[i].Hop = h
	}
	rest := o.items
	for len(rest) > 0 {
		u, n := rest[0].unit, 1
		for n < len(rest) && rest[n].unit == u {
			n++
		}
		b.Units[u].Items, rest = rest[:n:n], rest[n:]
	}
	if len(o.units) == 0 && len(o.items) > 0 && len(o.items[0].Path) > 0 {
		b.Units[0].Hop = o.items[0].Path[0]
	}
	return b
}

// begin says what the outermost message is.
func (o *opener) begin(s Shape) {
	if o.shape == "" {
		o.shape = s
	}
}

// splits tells whether the parts of the message in hand are units: it is the
// outermost.
func (o *opener) splits() bool { return len(o.path) == 0 }

// inside opens what a message holds.
func (o *opener) inside(h Hop, open func()) {
	if o.splits() && (h.Shape == ShapeSQS || h.Shape == ShapeKinesis || h.Shape == ShapeFirehose) {
		o.units = append(o.units, h)
		o.begun, o.full = len(o.items), false
	}
	if o.full {
		return
	}
	o.path, o.shared = append(o.path, h), nil
	before := len(o.items)
	open()
	if len(o.items) == before && !o.full {
		o.nothing("empty", "the message holds nothing")
	}
	o.path, o.shared = o.path[:len(o.path)-1], nil
}

// emit adds an item. Beyond the limit each further unit may have one: whoever
// fills a message must not hide those beside it.
func (o *opener) emit(it Item) {
	if len(o.items) >= o.limits.Items && (len(o.items) > o.begun || o.begun == 0) {
		if o.full {
			return
		}
		o.full = true
		it = Item{Kind: Poison, Reason: fmt.Sprintf("the message holds more than %d items: the rest was not opened", o.limits.Items)}
	}
	if o.shared == nil {
		o.shared = slices.Clone(o.path)
	}
	it.Path, it.unit = o.shared, max(0, len(o.units)-1)
	o.items = append(o.items, it)
}

func (o *opener) nothing(what, reason string) {
	o.emit(Item{Kind: Nothing, What: what, Reason: reason})
}

// poison refuses text.
func (o *opener) poison(text []byte, format string, args ...any) {
	cut := text[:min(len(text), o.limits.Excerpt)]
	o.emit(Item{Kind: Poison, Reason: fmt.Sprintf(format, args...), Excerpt: bytes.Clone(cut)})
}

// deeper opens one level more, where the limits allow.
func (o *opener) deeper(text []byte, open func()) {
	if o.depth >= o.limits.Depth {
		o.poison(text, "messages lie more than %d deep in one another", o.limits.Depth)
		return
	}
	o.depth++
	open()
	o.depth--
}

// text opens bytes of any kind.
func (o *opener) text(b []byte) {
	o.deeper(b, func() {
		if len(b) >= 2 && b[0] == 0x1f && b[1] == 0x8b {
			o.packed(b)
			return
		}
		o.plain(b)
	})
}

// A compressed message that unpacks to more than ratio times its size is a bomb;
// small ones are not judged.
const (
	ratio      = 200
	ratioAfter = 16 << 20
)

// packed opens gzip data of one member or more. What unpacked before a fault is
// opened as well.
func (o *opener) packed(b []byte) {
	var d inflate.Decoder
	out, err := d.Gunzip(nil, b, min(o.left, max(ratioAfter, ratio*len(b))))
	o.left -= len(out)
	if len(out) > 0 && !errors.Is(err, inflate.ErrTooLarge) {
		o.text(out)
	}
	var corrupt *inflate.CorruptError
	switch {
	case err == nil && len(out) == 0:
		o.nothing("empty", "the compressed message is empty")
	case errors.Is(err, inflate.ErrTooLarge):
		o.poison(b, "the message unpacks to more than %d bytes, or to more than %d times its size", o.limits.Output, ratio)
	case errors.As(err, &corrupt):
		o.poison(b, "the gzip data is damaged (%s)", corrupt.Reason)
	case err != nil:
		o.poison(b, "the gzip data cannot be unpacked: %v", err)
	}
}

// encoded opens base64 text.
func (o *opener) encoded(n node) {
	text := n.bytes()
	if text == nil {
		o.poison(n.raw, "the data is missing or no base64 text")
		return
	}
	size := base64.StdEncoding.DecodedLen(len(text))
	if size > o.left {
		o.poison(text, "the message decodes to more than %d bytes", o.limits.Output)
		return
	}
	out := make([]byte, size)
	k, err := base64.StdEncoding.Decode(out, text)
	if err != nil {
		o.poison(text, "the data is no base64 text (%v)", err)
		return
	}
	o.left -= k
	o.data(out[:k])
}

// aggregated begins the records in which the Kinesis Producer Library packs
// several (Kinesis aggregation format).
var aggregated = []byte{0xf3, 0x89, 0x9a, 0xc2}

// data opens the decoded data of a stream.
func (o *opener) data(b []byte) {
	switch {
	case bytes.HasPrefix(b, aggregated):
		o.poison(b, "the record is aggregated by the Kinesis Producer Library, which is not read: turn aggregation off in the producer")
	case len(b) == 0:
		o.nothing("empty", "the record is empty")
	default:
		o.text(b)
	}
}

// validation is what CloudTrail publishes when a topic is set up.
const validation = "CloudTrail validation message."

var byteOrderMark = []byte("\xef\xbb\xbf")

// plain opens JSON values one after the other, or the plain text of a message.
func (o *opener) plain(b []byte) {
	b = bytes.TrimPrefix(b, byteOrderMark)
	trimmed := bytes.Trim(b, " \t\r\n\x00")
	switch {
	case len(trimmed) == 0:
		o.nothing("empty", "the message is empty")
		return
	case string(trimmed) == validation:
		o.begin(ShapeCloudTrail)
		o.nothing(validation, "CloudTrail sends it when a topic is set up")
		return
	}
	// One index for all of them: each would look ahead anew, to the end of the text
	// where there are no marks, and there may be millions of values.
	at := jsonscan.SkipSpace(b, 0)
	ix := o.index(b, at)
	defer o.release(ix)
	for at < len(b) && !o.full {
		ix.Release(at)
		end, mark, err := ix.Parse(at)
		if err != nil {
			o.broken(b, at, err)
			return
		}
		o.value(node{ix, b[at:end], mark})
		at = jsonscan.SkipSpace(b, end)
	}
}

// index is an Index of a text, to be released when its nodes are not used any
// more.
func (o *opener) index(b []byte, at int) *jsonscan.Index {
	ix := &jsonscan.Index{MaxDepth: maxDepth}
	if n := len(o.idle); n > 0 {
		ix, o.idle = o.idle[n-1], o.idle[:n-1]
	}
	ix.MaxKeys = len(b)
	ix.Reset(b, at, true)
	return ix
}

func (o *opener) release(ix *jsonscan.Index) { o.idle = append(o.idle, ix) }

// broken says what is wrong with the text at b[at], after opening a log file of
// which a part may still be sound.
func (o *opener) broken(b []byte, at int, err error) {
	if looksLikeLogFile(b[at:]) {
		o.begin(ShapeLogFile)
		o.logFile(b[at:])
		return
	}
	if c := b[at]; c != '{' && c != '[' && c != '"' {
		o.poison(b[at:], "the message is no JSON text, and no other text that AWS sends")
		return
	}
	o.poison(b[at:], "the message is not valid JSON: %s", jsonReason(err, at))
}

func jsonReason(err error, at int) string {
	var syntax *jsonscan.SyntaxError
	if errors.As(err, &syntax) {
		return fmt.Sprintf("%s at byte %d", syntax.Reason, syntax.Offset-at)
	}
	if errors.Is(err, jsonscan.ErrMore) {
		return "it ends too early"
	}
	return err.Error()
}

// value opens a JSON value by its shape.
func (o *opener) value(n node) {
	switch {
	case o.full:
	case n.object():
		o.object(n)
	case n.is('"'):
		o.text(n.bytes())
	case n.array():
		o.deeper(n.raw, func() { o.array(n) })
	default:
		o.poison(n.raw, "the message is neither a JSON object nor an array of them")
	}
}

// array opens a bare array, as EventBridge Pipes sends batches and as people
// keep records.
func (o *opener) array(n node) {
	if o.records(n) {
		return
	}
	empty := true
	n.each(func(e node) {
		empty = false
		o.value(e)
	})
	if empty {
		o.nothing("empty", "the array is empty")
	}
}

package cloudtrail

import (
	"io"

	"github.com/trailwarden/trailwarden/internal/inflate"
	"github.com/trailwarden/trailwarden/internal/jsonscan"
)

// window is the part of a decompressed file that is in memory: all of it, or a
// piece that slides along.
type window struct {
	src   source // nil when text is all there is
	text  []byte
	base  int64 // offset of text[0] in the file
	pos   int   // the next byte to read
	keep  int   // text before this place may be dropped
	hold  int   // nor may text from this place on, unless it is negative
	final bool  // text ends where the file ends
	err   error // why src ended early
	max   int   // the largest text, in bytes
	ix    *jsonscan.Index
}

// source is where a window's text comes from. next appends to dst, within its
// capacity; the error is io.EOF at the end. The last behind bytes of dst are the
// last ones that it gave.
type source interface {
	next(dst []byte) ([]byte, error)
	behind() int
}

const (
	// windowSize is small enough for a processor's own cache, where what was
	// unpacked is found by the scanner after it.
	windowSize = 512 << 10
	// windowSlack is room for what stands around a record of the largest size.
	windowSlack = 64 << 10
)

// stream reads the file from src, buf being the memory to use.
func (w *window) stream(src source, buf []byte, max int) {
	if cap(buf) < windowSize {
		buf = make([]byte, 0, windowSize)
	}
	*w = window{src: src, text: buf[:0], max: max, hold: -1, ix: w.ix}
	w.ix.Reset(w.text, 0, false)
}

// offset is the place of text[i] in the file.
func (w *window) offset(i int) int64 { return w.base + int64(i) }

// full tells whether the window cannot hold more after what it keeps.
func (w *window) full() bool { return len(w.text)-w.keep >= w.max }

// more reads on, dropping what need not be kept, and reports whether there is
// any more text or the end has become known.
func (w *window) more() bool {
	if w.final || w.full() {
		return false
	}
	w.slide()
	if free := cap(w.text) - len(w.text); free < cap(w.text)/4 {
		grown := make([]byte, len(w.text), min(2*cap(w.text), max(w.max+windowSlack, cap(w.text))))
		copy(grown, w.text)
		w.text = grown
	}
	for cap(w.text)-len(w.text) >= inflate.MinPiece && !w.final {
		var err error
		if w.text, err = w.src.next(w.text); err != nil {
			w.final = true
			if err != io.EOF {
				w.err = err
			}
		}
	}
	w.ix.Slide(w.text, 0, w.final)
	return true
}

// slide drops the text before keep that the source does not need either. Where
// the index has not come so far, it starts anew at keep, which is then outside
// any string.
func (w *window) slide() {
	n := max(0, min(w.keep, len(w.text)-w.src.behind()))
	indexed := w.ix.Indexed()
	w.text = w.text[:copy(w.text, w.text[n:])]
	w.base += int64(n)
	w.pos -= n
	w.keep -= n
	if w.hold >= 0 {
		w.hold -= n
	}
	if w.keep+n > indexed {
		w.ix.Reset(w.text, w.keep, w.final)
		return
	}
	w.ix.Slide(w.text, n, w.final)
}

// from says that text from offset i on is still needed.
func (w *window) from(i int) {
	if w.hold >= 0 {
		i = min(i, w.hold)
	}
	w.keep = i
	w.ix.Release(i)
}

// atLeast reads on until n bytes follow pos, or the file ends.
func (w *window) atLeast(n int) {
	w.from(w.pos)
	for len(w.text)-w.pos < n && w.more() {
	}
}

// peek is the next byte that is no white space; ok is false at the end.
func (w *window) peek() (c byte, ok bool) {
	for {
		w.pos = jsonscan.SkipSpace(w.text, w.pos)
		if w.pos < len(w.text) {
			return w.text[w.pos], true
		}
		w.from(w.pos)
		if w.full() {
			w.hold = -1
			w.from(w.pos)
		}
		if !w.more() {
			return 0, false
		}
	}
}

// parse checks the value at pos and returns its place in text. Nothing of it
// is dropped. Values that do not fit give a *jsonscan.LimitError.
func (w *window) parse() (end, mark int, err error) {
	w.from(w.pos)
	for {
		end, mark, err = w.ix.Parse(w.pos)
		if err != jsonscan.ErrMore {
			return end, mark, err
		}
		if !w.more() {
			return 0, 0, &jsonscan.LimitError{Offset: w.pos, Reason: jsonscan.TooLarge}
		}
	}
}

// skip passes over the value at pos without checking more than its brackets.
// It reports whether the value has an end. If not, pos is its start again, vain
// bytes back, or the end of the file where the window has moved on.
func (w *window) skip() (ended bool, vain int) {
	var s jsonscan.Skim
	w.hold, w.keep = -1, w.pos
	start := w.offset(w.pos)
	for {
		end, done := w.ix.Skim(&s, w.pos)
		w.pos = end
		if done && !s.Open() {
			return true, 0
		}
		if w.full() {
			w.keep = w.pos
		}
		if done || !w.more() {
			break
		}
	}
	at := start - w.base
	if at < 0 {
		return false, 0
	}
	vain = w.pos - int(at)
	w.pos = int(at)
	w.ix.Restart(w.text, w.pos, w.final)
	return false, vain
}

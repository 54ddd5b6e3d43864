package jsonscan

import "errors"

// An Index lists the marks of a text and checks its values.
//
// The marks are the places where structure can change: every unescaped quote,
// every bracket outside a string, and, inside a string, every byte or escape
// that JSON forbids there. They are found 64 bytes at a time (AVX-512,
// AVX2 or NEON where the processor has it, 8-byte words elsewhere), a chunk ahead
// of the walk, so that neither a large file nor a large index has to be in memory.
//
// Parse then walks from mark to mark: whatever lies between two marks is
// either the inside of a string, already known to be sound, or a few bytes of
// punctuation, numbers and literals that it looks at. It accepts exactly what
// encoding/json accepts, within the limits, and leaves behind where each
// bracket closes, so that later look-ups jump over values.
type Index struct {
	// MaxDepth is the number of nested arrays and objects accepted in a value.
	MaxDepth int
	// MaxKeys is the number of object keys accepted in a value, at all depths.
	MaxKeys int
	// MaxBytes is the size accepted of a value; 0 means any. A value may be a
	// little larger and not be refused: who wants to be exact checks its end.
	MaxBytes int

	text   []byte
	final  bool // text ends where the input ends
	sealed bool // the sentinels stand after the last mark
	done   int  // text[:done] has its marks listed
	keep   int  // marks before this place may be dropped
	cursor int  // a mark number at or before which nothing will be asked
	marks  []uint32
	jump   []uint32 // for an opening bracket's mark, the mark that closes it
	stack  []uint32
	fields []Field // of the object that was parsed last
	state  scanState
	masks  maskBuffer
	step   int  // bytes to index at a time
	form   Form // of finding marks
	odd    int  // text[odd:done] is known to be ASCII

	failAt     int
	failReason string
}

// scanState is what the marks of one chunk need to know of the bytes before.
type scanState struct {
	inString uint64 // all ones when the next byte is inside a string
	escaped  uint64 // 1 when the next byte is escaped
}

// TooLarge is the reason of a LimitError for a value over MaxBytes.
const TooLarge = "is too large"

// ErrMore asks for more text: the value does not end in what there is.
var ErrMore = errors.New("the value does not end in this text")

// SyntaxError says where a value breaks the JSON grammar.
type SyntaxError struct {
	Offset int    // of the first byte at fault, in the text
	Reason string // what was expected there
}

func (e *SyntaxError) Error() string { return e.Reason }

// LimitError says that a value is JSON as far as it was read, but exceeds a
// limit.
type LimitError struct {
	Offset int
	Reason string
}

func (e *LimitError) Error() string { return e.Reason }

const (
	// sentinels end the marks of a final text, so that Parse may look four
	// marks ahead without asking.
	sentinels = 4
	// lookahead bytes past a chunk are needed to check the last escape in it.
	lookahead = 8
	chunk     = 32 << 10
)

// A Form is a way to find marks. All find the same.
type Form uint8

// The forms. What the processor or the build has not is replaced by the next.
const (
	Fastest Form = iota // AVX-512 with VBMI2; NEON
	AVX2
	Plain // without vector instructions
)

// SetForm chooses how marks are found, for tests.
func (x *Index) SetForm(f Form) { x.form = f }

// Reset starts on a new text at offset from, which is outside any string. The text
// is shorter than 4 GiB, as places are kept in 32 bits, also after Slide; final says
// that nothing follows it.
func (x *Index) Reset(text []byte, from int, final bool) {
	x.text, x.final, x.sealed = text, final, false
	x.done, x.keep, x.cursor, x.odd = from, from, 0, from
	x.marks = x.marks[:0]
	x.state, x.step = scanState{}, chunk
	if cap(x.stack) < x.MaxDepth {
		x.stack = make([]uint32, x.MaxDepth)
	}
}

// Restart is Reset for a place where the text turned out not to be what it
// seemed: it starts with small steps, for there may be many such places.
func (x *Index) Restart(text []byte, from int, final bool) {
	x.Reset(text, from, final)
	x.step = 1 << 10
}

// Text is the text that offsets refer to.
func (x *Index) Text() []byte { return x.text }

// ASCII tells whether text[from:to], of which Parse found the marks, is known to
// hold no byte above 0x7f.
func (x *Index) ASCII(from, to int) bool { return from >= x.odd && to <= x.done }

// Release says that nothing before offset keep will be asked for again.
func (x *Index) Release(keep int) { x.keep = keep }

// Slide replaces the text by one that lacks the first n bytes and may go on
// further. n must not exceed what is released, nor Indexed.
func (x *Index) Slide(text []byte, n int, final bool) {
	x.dropBefore(n)
	for i := range x.marks {
		x.marks[i] -= uint32(n)
	}
	x.text, x.final = text, final
	x.done -= n
	x.odd = max(0, x.odd-n)
	x.keep = max(0, x.keep-n)
}

// Indexed is the offset up to which marks are listed.
func (x *Index) Indexed() int { return x.done }

// Size is the memory that the index holds, in bytes.
func (x *Index) Size() int { return 4*(cap(x.marks)+cap(x.jump)) + 20*cap(x.fields) }

// Free gives up the memory of the lists.
func (x *Index) Free() { x.marks, x.jump, x.fields, x.text = nil, nil, nil, nil }

func (x *Index) dropBefore(at int) {
	n := x.cursor
	for n > 0 && int(x.marks[n-1]) >= at {
		n--
	}
	for n < len(x.marks) && int(x.marks[n]) < at {
		n++
	}
	if n > 0 {
		x.marks = x.marks[:copy(x.marks, x.marks[n:])]
		x.cursor = max(0, x.cursor-n)
	}
}

// seek is the number of the first mark at or after offset i.
func (x *Index) seek(i int) int {
	k := min(x.cursor, len(x.marks))
	for k > 0 && int(x.marks[k-1]) >= i {
		k--
	}
	for k < len(x.marks) && int(x.marks[k]) < i {
		k++
	}
	x.cursor = k
	return k
}

// extend lists the marks of at least want further bytes, as far as the text
// goes, and reports whether there were any.
func (x *Index) extend(want int) bool {
	if x.sealed {
		return false
	}
	x.dropBefore(x.keep)
	x.step = min(2*x.step, chunk)
	end := x.chunkEnd(want)
	if end <= x.done && !x.final {
		return false
	}
	x.reserve(end - x.done)
	x.mark(end)
	if x.final && x.done == len(x.text) {
		for range sentinels {
			x.marks = append(x.marks, uint32(len(x.text)))
		}
		x.sealed = true
	}
	return true
}

// chunkEnd is where the next chunk ends: after whole blocks, so far from the
// end of a text that goes on that the last escape can be checked.
func (x *Index) chunkEnd(want int) int {
	end := x.done + max(want, blockSize)
	if x.final && end >= len(x.text)-lookahead {
		return len(x.text)
	}
	end = min(end, len(x.text)-lookahead)
	return x.done + (end-x.done)&^(blockSize-1)
}

// reserve makes room for as many marks as n bytes can have.
func (x *Index) reserve(n int) {
	need := len(x.marks) + n + blockSize
	if cap(x.marks) >= need {
		return
	}
	grown := make([]uint32, len(x.marks), need+need/2)
	copy(grown, x.marks)
	x.marks = grown
}

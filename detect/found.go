package detect

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"unicode/utf8"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/internal/jsonscan"
)

// found is a value that a path selected, with what tests have asked of it so
// far: each is worked out once.
type found struct {
	val    cloudtrail.Value
	kind   cloudtrail.Kind
	have   uint8
	isAddr bool
	at     int32 // innermost membership, or noMembership
	text   []byte
	folded []byte
	addr   netip.Addr
}

const (
	haveText uint8 = 1 << iota
	haveFolded
	haveAddr
)

// membership says that a value sits in element elem of array, and that array
// in the elements up the chain of parents.
type membership struct {
	parent int32
	elem   int32
	array  *byte // the array's first byte in the record: its identity
}

const noMembership int32 = -1

// texts holds decoded text until the end of a record.
type texts struct{ buf []byte }

// keptText is the largest buffer, in bytes, that a matcher keeps from one
// record to the next.
const keptText = 1 << 20

func (t *texts) reset() {
	if cap(t.buf) > keptText {
		t.buf = nil
	}
	t.buf = t.buf[:0]
}

// room makes space for n more bytes; text given out before stays where it is.
func (t *texts) room(n int) {
	if cap(t.buf)-len(t.buf) < n {
		t.buf = make([]byte, 0, max(4096, 2*cap(t.buf), n))
	}
}

// decoded is v's text, in the record itself where nothing had to be resolved.
func (t *texts) decoded(v cloudtrail.Value) []byte {
	raw := v.Raw()
	switch v.Kind() {
	case cloudtrail.String:
		if s := raw[1 : len(raw)-1]; plainText(s) {
			return s
		}
	case cloudtrail.Object, cloudtrail.Array:
		return t.container(v)
	default:
		return raw
	}
	t.room(3 * len(raw)) // an invalid byte becomes three
	return t.keep(v.Text(t.buf[len(t.buf):]))
}

// container is the compact JSON of an object or array, with no escape that JSON
// does not ask for.
func (t *texts) container(v cloudtrail.Value) []byte {
	t.room(len(v.Raw()))
	text := t.keep(v.Text(t.buf[len(t.buf):]))
	if !jsonscan.NeedlessEscapes(text) {
		return text
	}
	t.room(3 * len(text))
	return t.keep(jsonscan.Unescaped(t.buf[len(t.buf):], text))
}

// keep owns out, which was appended to the buffer's free space.
func (t *texts) keep(out []byte) []byte {
	if n := len(t.buf) + len(out); n <= cap(t.buf) && len(out) > 0 && &out[0] == &t.buf[:n][len(t.buf)] {
		t.buf = t.buf[:n]
	}
	return out[:len(out):len(out)]
}

func plainText(s []byte) bool {
	return bytes.IndexByte(s, '\\') < 0 && (isASCII(s) || utf8.Valid(s))
}

func isASCII(s []byte) bool {
	for len(s) >= 8 {
		if binary.LittleEndian.Uint64(s)&0x8080808080808080 != 0 {
			return false
		}
		s = s[8:]
	}
	for _, c := range s {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// fold is FoldText of s.
func (t *texts) fold(s []byte) []byte {
	if needless(s) {
		return s
	}
	t.room(3 * len(s))
	return t.keep(appendFolded(t.buf[len(t.buf):], s))
}

// needless tells whether s is its own folding, judged by ASCII alone.
func needless(s []byte) bool {
	for _, c := range s {
		if c >= utf8.RuneSelf || 'A' <= c && c <= 'Z' {
			return false
		}
	}
	return true
}

func appendFolded(dst, s []byte) []byte {
	n := len(dst)
	dst = append(dst, s...)
	for i, c := range s {
		if c >= utf8.RuneSelf {
			return appendFoldedRunes(dst[:n+i], s[i:])
		}
		if 'A' <= c && c <= 'Z' {
			dst[n+i] = c + 'a' - 'A'
		}
	}
	return dst
}

func appendFoldedRunes(dst, s []byte) []byte {
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRune(s[i:])
		dst = utf8.AppendRune(dst, FoldRune(r))
		i += n
	}
	return dst
}

func (m *Matcher) text(f *found) []byte {
	if f.have&haveText == 0 {
		f.text = m.texts.decoded(f.val)
		f.have |= haveText
	}
	return f.text
}

func (m *Matcher) folded(f *found) []byte {
	if f.have&haveFolded == 0 {
		f.folded = m.texts.fold(m.text(f))
		f.have |= haveFolded
	}
	return f.folded
}

// rawText is the text that tests with Raw look at.
func (m *Matcher) rawText(f *found) []byte {
	if f.kind == cloudtrail.Object || f.kind == cloudtrail.Array {
		return f.val.Raw()
	}
	return m.text(f)
}

func (m *Matcher) addr(f *found) (netip.Addr, bool) {
	if f.have&haveAddr == 0 {
		f.addr, f.isAddr = m.addrs.parse(m.text(f))
		f.have |= haveAddr
	}
	return f.addr, f.isAddr
}

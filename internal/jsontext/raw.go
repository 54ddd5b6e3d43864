package jsontext

// MaxDepth is how many objects and lists may stand within each other for Raw.
const MaxDepth = 1000

// Raw appends JSON text without the white space between its tokens and with markup
// escaped, as Marshal writes a json.RawMessage. ok is false for what is no JSON, or
// nested deeper than MaxDepth; dst is returned as it was then.
func Raw(dst, raw []byte) (out []byte, ok bool) {
	r := reader{out: dst, raw: raw}
	if r.value(0) && r.next() == 0 && r.at == len(raw) {
		r.copied()
		return r.out, true
	}
	return dst, false
}

// reader copies a text while it checks it, as much as stays as it is at once.
type reader struct {
	out  []byte
	raw  []byte
	at   int
	from int // what was not copied yet
}

// copied copies what was read.
func (r *reader) copied() {
	r.out, r.from = append(r.out, r.raw[r.from:r.at]...), r.at
}

// next is the next byte that is no white space, 0 at the end.
func (r *reader) next() byte {
	if r.at < len(r.raw) && r.raw[r.at] > ' ' {
		return r.raw[r.at]
	}
	r.copied()
	for ; r.at < len(r.raw); r.at++ {
		switch c := r.raw[r.at]; c {
		case ' ', '\t', '\n', '\r':
			r.from++
		default:
			return c
		}
	}
	return 0
}

func (r *reader) value(depth int) bool {
	switch c := r.next(); c {
	case '"':
		return r.text()
	case '{', '[':
		return depth < MaxDepth && r.nested(c+2, depth+1) // { and }, [ and ] are two apart
	case 't':
		return r.word("true")
	case 'f':
		return r.word("false")
	case 'n':
		return r.word("null")
	}
	return r.number()
}

// nested reads an object or a list.
func (r *reader) nested(end byte, depth int) bool {
	r.at++
	if r.next() == end {
		r.at++
		return true
	}
	for {
		if end == '}' && !r.name() {
			return false
		}
		if !r.value(depth) {
			return false
		}
		switch r.next() {
		case ',':
			r.at++
		case end:
			r.at++
			return true
		default:
			return false
		}
	}
}

// name reads the name of a member, with its colon.
func (r *reader) name() bool {
	if r.next() != '"' || !r.text() || r.next() != ':' {
		return false
	}
	r.at++
	return true
}

func (r *reader) word(w string) bool {
	if len(r.raw)-r.at < len(w) || string(r.raw[r.at:r.at+len(w)]) != w {
		return false
	}
	r.at += len(w)
	return true
}

// number reads a number; what may follow it is for the caller to say.
func (r *reader) number() bool {
	r.skip('-')
	if !r.skip('0') && !r.digits() {
		return false
	}
	if r.skip('.') && !r.digits() {
		return false
	}
	if r.skip('e') || r.skip('E') {
		_ = r.skip('+') || r.skip('-')
		if !r.digits() {
			return false
		}
	}
	return true
}

func (r *reader) skip(c byte) bool {
	if r.at < len(r.raw) && r.raw[r.at] == c {
		r.at++
		return true
	}
	return false
}

func (r *reader) digits() bool {
	from := r.at
	for r.at < len(r.raw) && r.raw[r.at] >= '0' && r.raw[r.at] <= '9' {
		r.at++
	}
	return r.at > from
}

// text reads a string, whose escapes stay as they are.
func (r *reader) text() bool {
	r.at++
	for r.at < len(r.raw) {
		if r.at += plain(r.raw[r.at:]); r.at == len(r.raw) {
			break
		}
		switch c := r.raw[r.at]; {
		case c == '"':
			r.at++
			return true
		case c == '\\':
			if !r.escaped() {
				return false
			}
		case c < ' ':
			return false
		default:
			r.marked(c)
		}
	}
	return false
}

// escaped reads an escape.
func (r *reader) escaped() bool {
	n := 2
	if r.at+1 >= len(r.raw) {
		return false
	}
	switch r.raw[r.at+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
	case 'u':
		for n < 6 {
			if r.at+n >= len(r.raw) || !isHex(r.raw[r.at+n]) {
				return false
			}
			n++
		}
	default:
		return false
	}
	r.at += n
	return true
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

// marked reads a byte that Marshal escapes, or that is beyond ASCII.
func (r *reader) marked(c byte) {
	rest := r.raw[r.at:]
	switch {
	case c == '<' || c == '>' || c == '&':
		r.instead(1, '0', '0', hex[c>>4], hex[c&15])
	case c == 0xe2 && len(rest) > 2 && rest[1] == 0x80 && rest[2]&^1 == 0xa8:
		r.instead(3, '2', '0', '2', hex[rest[2]&15])
	default:
		r.at++
	}
}

// instead writes an escape in place of the next n bytes.
func (r *reader) instead(n int, digits ...byte) {
	r.copied()
	r.out = append(append(r.out, '\\', 'u'), digits...)
	r.at += n
	r.from = r.at
}

package jsonscan

import (
	"slices"
	"unsafe"
)

// Parse checks the value that starts at text[i]. It returns the offset after
// the value and the number of its first mark, which Object and Array take. The
// number holds until the next call of Parse, Skim or Slide. The error is
// ErrMore, a *SyntaxError or a *LimitError.
func (x *Index) Parse(i int) (end, mark int, err error) {
	want := x.step
	for {
		k := x.seek(i)
		if k == len(x.marks) && x.extend(want) {
			continue
		}
		end, result := x.parse(i, k)
		switch result {
		case sound:
			return end, k, nil
		case unsound:
			return 0, 0, &SyntaxError{x.failAt, x.failReason}
		case overLimit:
			return 0, 0, &LimitError{x.failAt, x.failReason}
		}
		if x.MaxBytes > 0 && x.done-i > x.MaxBytes {
			return 0, 0, &LimitError{i, TooLarge}
		}
		if !x.extend(want) {
			return 0, 0, ErrMore
		}
		want *= 2 // a walk starts anew after each extension: keep them few
	}
}

type result uint8

const (
	sound result = iota
	unsound
	overLimit
	more
)

func (x *Index) fail(r result, at int, reason string) (int, result) {
	x.failAt, x.failReason = at, reason
	return 0, r
}

// failEnd is the result where the text ends inside the value.
func (x *Index) failEnd() (int, result) {
	if !x.sealed {
		return 0, more
	}
	return x.fail(unsound, len(x.text), "the text ends inside a value")
}

// A Field is a member of the object that Parse walked last: the number of its
// key's mark, the place of the key, quotes included, and the place of the value.
type Field struct{ Key, KeyAt, KeyEnd, At, End uint32 }

// Fields are the members of the object that Parse walked last, in order; of any
// other value they are none. They hold until the next call of Parse or Slide.
func (x *Index) Fields() []Field { return x.fields }

// moreFields is how many more fields there is room for before a key is read.
const moreFields = 32

// What stands between two strings of an object, as word32 reads it.
const (
	twoBytes   = 1<<16 - 1
	threeBytes = 1<<24 - 1
	betweenKey = '"' | ':'<<8 | '"'<<16           // ":"
	betweenVal = '"' | ','<<8 | '"'<<16           // ","
	lastVal    = '"' | '}'<<8                     // "}
	opens      = '"' | ':'<<8 | '{'<<16 | '"'<<24 // ":{"
	closes     = '"' | '}'<<8 | ','<<16 | '"'<<24 // "},"
	isTrue     = '"' | ':'<<8 | 't'<<16 | 'r'<<24 | 'u'<<32 | 'e'<<40 | ','<<48 | '"'<<56
	isNull     = '"' | ':'<<8 | 'n'<<16 | 'u'<<24 | 'l'<<32 | 'l'<<40 | ','<<48 | '"'<<56
	isFalse    = '"' | ':'<<8 | 'f'<<16 | 'a'<<24 | 'l'<<32 | 's'<<40 | 'e'<<48 | ','<<56
)

// parse walks one value from text[i] and mark number k. It keeps no more state
// than the open brackets, so depth costs no stack. The members of the value
// itself are noted along the way, for they will be asked for next.
//
// This is the hot loop of a scan: every record passes through it once. Marks
// are read in order, never searched, so the processor can run ahead of the
// text it has to look at. Most members are a string, true, false, null or an
// object, and a member follows them: these are passed, and objects entered and
// left, with two comparisons of three to eight bytes and little for the processor to
// guess, in a loop for the members that are noted (outer) and one for those of
// objects inside (inner). Whatever else there is leaves the loop at member. Only in
// the two memory is read unchecked: marks up to k+3 are, as k is at most lastMark,
// and the eight bytes from places that are at most last, as marks ascend.
//
// A field is written part by part, where it will stay. Put together on the stack,
// as append would, it is read back in two pieces of 16 bytes, for which a processor
// that has just written four has to wait, as long as for all else that is done for
// a member.
func (x *Index) parse(i, k int) (int, result) {
	text, marks := x.text, x.marks
	if cap(x.jump) < len(marks) {
		x.jump = make([]uint32, cap(marks))
	}
	jump := x.jump[:len(marks)]
	stack := x.stack[:x.MaxDepth]
	fields, n := x.fields[:cap(x.fields)], 0
	x.fields = x.fields[:0]
	depth, left, p, e := 0, x.MaxKeys, i, 0
	textAt, marksAt := unsafe.Pointer(unsafe.SliceData(text)), unsafe.Pointer(unsafe.SliceData(marks))
	last, lastMark := len(text)-8, len(marks)-sentinels
	top := -1 // the depth at which members are noted, once there is an object
	var c byte

value:
	if k+sentinels > len(marks) {
		return x.failEnd()
	}
	if p >= len(text) {
		return x.failEnd()
	}
	c = text[p]
	switch {
	case c == '"':
		e = int(marks[k+1])
		if int(marks[k]) != p || e >= len(text) || text[e] != '"' {
			return x.failString(p, k)
		}
		k += 2
		if depth == top {
			fields[n].At, fields[n].End = uint32(p), uint32(e+1)
			n++
		}
		p = e + 1
	case c == '{' || c == '[':
		if int(marks[k]) != p {
			return x.fail(unsound, p, "a backslash stands outside a string")
		}
		if depth == len(stack) {
			return x.fail(overLimit, p, "is nested too deeply")
		}
		if depth == top {
			fields[n].At = uint32(p)
		}
		if depth == 0 && c == '{' {
			top = 1
		}
		stack[depth] = uint32(k)
		depth++
		k++
		p++
		if p < len(text) && text[p] <= ' ' {
			p = SkipSpace(text, p)
		}
		if p < len(text) && text[p] == c+2 {
			goto after
		}
		if c == '{' {
			goto key
		}
		goto value
	case c <= ' ' && isSpace(c):
		p = SkipSpace(text, p)
		goto value
	default:
		e = scalarEnd(text, p)
		if e == p {
			return x.fail(unsound, p, "a value is expected: an object, array, string, number, true, false or null")
		}
		if e < 0 {
			if -e >= len(text) {
				return x.failEnd()
			}
			return x.fail(unsound, p, "a number, true, false or null is misspelt")
		}
		if depth == top {
			fields[n].At, fields[n].End = uint32(p), uint32(e)
			n++
		}
		p = e
	}

after:
	if depth == 0 {
		x.cursor = k // the next value's first mark
		x.fields = fields[:n]
		return p, sound
	}
	if p >= len(text) || k >= len(marks) {
		return x.failEnd()
	}
	switch c = text[p]; c {
	case ',':
		p++
		if text[marks[stack[depth-1]]] == '[' {
			goto value
		}
		goto key
	case '}', ']':
		if text[marks[stack[depth-1]]] != c-2 {
			return x.fail(unsound, p, "a bracket closes one of the other kind")
		}
		depth--
		jump[stack[depth]] = uint32(k)
		k++
		p++
		if depth == top {
			fields[n].End = uint32(p)
			n++
		}
		goto after
	case ' ', '\t', '\n', '\r':
		p = SkipSpace(text, p)
		goto after
	}
	return x.fail(unsound, p, "a comma or a closing bracket is expected")

key:
	if k+sentinels > len(marks) || p >= len(text) {
		return x.failEnd()
	}
	if c = text[p]; c != '"' {
		if isSpace(c) {
			p = SkipSpace(text, p)
			goto key
		}
		return x.fail(unsound, p, "a key in double quotes is expected")
	}
	if int(marks[k]) != p {
		return x.failString(p, k)
	}
	if depth != top {
		goto inner
	}
	if len(fields)-n < moreFields {
		fields = slices.Grow(fields, max(moreFields, len(fields)))
		fields = fields[:cap(fields)]
	}

outer:
	for left > 0 && k <= lastMark && n < len(fields)-1 {
		m := (*[4]uint32)(unsafe.Add(marksAt, 4*k))
		e, d := int(m[1]), int(m[3])
		if d > last {
			break
		}
		f, w := &fields[n], word64(unsafe.Add(textAt, e))
		if w&threeBytes == betweenKey {
			if word32(unsafe.Add(textAt, d))&threeBytes != betweenVal {
				break
			}
			f.Key, f.KeyAt, f.KeyEnd, f.At, f.End = uint32(k), uint32(p), uint32(e+1), uint32(e+2), uint32(d+1)
			p = d + 2 // an opening quote, and so the next mark
			k += 4
		} else if w == isTrue || w == isNull {
			f.Key, f.KeyAt, f.KeyEnd, f.At, f.End = uint32(k), uint32(p), uint32(e+1), uint32(e+2), uint32(e+6)
			p = e + 7
			k += 2
		} else if uint32(w) == opens && depth < len(stack) {
			f.Key, f.KeyAt, f.KeyEnd, f.At = uint32(k), uint32(p), uint32(e+1), uint32(e+2)
			stack[depth] = uint32(k + 2)
			depth++
			p = e + 3
			k += 3
			left--
			goto inner
		} else if w == isFalse && text[e+8] == '"' {
			f.Key, f.KeyAt, f.KeyEnd, f.At, f.End = uint32(k), uint32(p), uint32(e+1), uint32(e+2), uint32(e+7)
			p = e + 8
			k += 2
		} else {
			break
		}
		n++
		left--
	}
	goto member

inner:
	for left > 0 && k <= lastMark {
		m := (*[4]uint32)(unsafe.Add(marksAt, 4*k))
		e, d := int(m[1]), int(m[3])
		if d > last {
			break
		}
		w := word64(unsafe.Add(textAt, e))
		if w&threeBytes == betweenKey {
			v := word32(unsafe.Add(textAt, d))
			if v&threeBytes == betweenVal {
				p = d + 2
				k += 4
				left--
				continue
			}
			if v&twoBytes != lastVal {
				break
			}
			left--
			if v != closes {
				p = d + 1
				k += 4
				goto after
			}
			depth--
			jump[stack[depth]] = uint32(k + 4)
			p = d + 3
			k += 5
			if depth == top {
				fields[n].End = uint32(d + 2)
				n++
				goto outer
			}
			if text[marks[stack[depth-1]]] == '[' {
				goto value
			}
		} else if w == isTrue || w == isNull {
			p = e + 7
			k += 2
			left--
		} else if uint32(w) == opens && depth < len(stack) {
			stack[depth] = uint32(k + 2)
			depth++
			p = e + 3
			k += 3
			left--
		} else if w == isFalse && text[e+8] == '"' {
			p = e + 8
			k += 2
			left--
		} else {
			break
		}
	}

member:
	if k > lastMark {
		return x.failEnd()
	}
	e = int(marks[k+1])
	if e >= len(text) || text[e] != '"' {
		return x.failString(p, k)
	}
	if left == 0 {
		return x.fail(overLimit, p, "has too many keys")
	}
	left--
	if depth == top {
		f := &fields[n]
		f.Key, f.KeyAt, f.KeyEnd = uint32(k), uint32(p), uint32(e+1)
	}
	k += 2
	p = e + 1
	if p < len(text) && text[p] == ':' {
		p++
		goto value
	}
	p = SkipSpace(text, p)
	if p >= len(text) {
		return x.failEnd()
	}
	if text[p] != ':' {
		return x.fail(unsound, p, "a colon is expected after the key")
	}
	p++
	goto value
}

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' }

// failString says what is wrong with the string that opens at p, mark k.
func (x *Index) failString(p, k int) (int, result) {
	if int(x.marks[k]) != p {
		return x.fail(unsound, p, "a backslash stands outside a string")
	}
	e := int(x.marks[k+1])
	switch {
	case e >= len(x.text):
		return x.fail(unsound, p, "a string does not end")
	case x.text[e] == '\\':
		return x.fail(unsound, e, "a string holds an escape that JSON does not know")
	}
	return x.fail(unsound, e, "a string holds a control character that is not escaped")
}

// scalarEnd is the offset after the number or literal at b[i]; i when none
// starts there; minus the offset where it goes wrong when it is misspelt or
// the text ends inside it.
func scalarEnd(b []byte, i int) int {
	switch b[i] {
	case 't':
		return literalEnd(b, i, "true")
	case 'f':
		return literalEnd(b, i, "false")
	case 'n':
		return literalEnd(b, i, "null")
	case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		return numberEnd(b, i)
	}
	return i
}

func literalEnd(b []byte, i int, word string) int {
	for j := range len(word) {
		if i+j >= len(b) || b[i+j] != word[j] {
			return -(i + j)
		}
	}
	return i + len(word)
}

func digitsEnd(b []byte, i int) int {
	for i < len(b) && b[i]-'0' <= 9 {
		i++
	}
	return i
}

func numberEnd(b []byte, i int) int {
	if b[i] == '-' {
		i++
	}
	j := digitsEnd(b, i)
	if j == i || b[i] == '0' && j > i+1 {
		return -j
	}
	if j < len(b) && b[j] == '.' {
		i = j + 1
		if j = digitsEnd(b, i); j == i {
			return -j
		}
	}
	if j < len(b) && b[j]|0x20 == 'e' {
		i = j + 1
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		if j = digitsEnd(b, i); j == i {
			return -j
		}
	}
	return j
}

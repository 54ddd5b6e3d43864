package jsonscan

import "encoding/binary"

// A Shape is what objects of one kind have in common: their keys, at all depths
// and in order, written without white space, and which of the values are
// strings or objects. Where an object has the shape of one that was walked
// before, the places of its values are known without walking it: they are at the
// same numbers of marks from its first.
//
// That the keys stand where they are expected is all that has to be looked at.
// An expected key is compared with its quotes, its colon and the quote or
// bracket that opens its value. So each of the object's marks is known to open
// or close a key, to open or close a string that is a key's value, or to open an
// object. What is left are as many marks as objects, which so are the brackets
// that close them.
type Shape struct {
	marks int // from the opening bracket to the closing one
	keys  []shapeKey
}

// shapeKey is a key, from its quote to the first byte of its value if that is a
// quote or bracket, as three words, of which only the bytes in the masks count.
type shapeKey struct {
	mark       int32 // from the opening bracket
	word, mask [3]uint64
}

// shapeBytes bounds a key with what belongs to it, and shapeKeys the keys.
const (
	shapeBytes = 24
	shapeKeys  = 32
)

// Begin makes s the shape of the object whose opening bracket is this mark of x,
// without its keys.
func (s *Shape) Begin(x *Index, mark int) {
	s.marks, s.keys = x.Marks(mark), s.keys[:0]
}

// Add adds the next key of the object at mark, which is it's. ok is false when an
// object like that has no shape: it is written with white space, or holds an
// array, a long key or one with other characters than letters, digits, - and _.
// (A key like "," could be taken for the end of one string and the start of the
// next.)
func (s *Shape) Add(x *Index, mark int, it *Item) (ok bool) {
	n := len(it.Key) + 3 // its quotes and its colon
	at := it.At - n
	switch x.text[it.At] {
	case '"', '{':
		n++
	case '[':
		return false
	}
	if n > shapeBytes || len(s.keys) == shapeKeys || at != int(x.marks[it.Mark-2]) || !isWord(it.Key) {
		return false
	}
	k := shapeKey{mark: int32(it.Mark - 2 - mark)}
	var key, counts [shapeBytes]byte
	for i := range n {
		key[i], counts[i] = x.text[at+i], 0xff
	}
	for i := range k.word {
		k.word[i], k.mask[i] = binary.LittleEndian.Uint64(key[8*i:]), binary.LittleEndian.Uint64(counts[8*i:])
	}
	s.keys = append(s.keys, k)
	return true
}

func isWord(key []byte) bool {
	for _, c := range key {
		if (c|0x20 < 'a' || c|0x20 > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return len(key) > 0
}

// Fits tells whether the object whose opening bracket is this mark has the shape.
func (x *Index) Fits(s *Shape, mark int) bool {
	if x.Marks(mark) != s.marks {
		return false
	}
	text, marks := x.text, x.marks[mark:]
	for i := range s.keys {
		k := &s.keys[i]
		at := int(marks[k.mark])
		if len(text)-at < shapeBytes {
			return false
		}
		t := text[at : at+shapeBytes]
		if (binary.LittleEndian.Uint64(t)^k.word[0])&k.mask[0]|
			(binary.LittleEndian.Uint64(t[8:])^k.word[1])&k.mask[1]|
			(binary.LittleEndian.Uint64(t[16:])^k.word[2])&k.mask[2] != 0 {
			return false
		}
	}
	return true
}

// Marks is the number of marks from the bracket that opens an object to the one
// that closes it.
func (x *Index) Marks(mark int) int { return int(x.jump[mark]) - mark }

// String is the place of the string whose opening quote is this mark.
func (x *Index) String(mark int) (at, end int) {
	return int(x.marks[mark]), int(x.marks[mark+1]) + 1
}

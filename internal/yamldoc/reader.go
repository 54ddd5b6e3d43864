package yamldoc

// Reader reads one text after another into the same memory: the nodes of a text
// are gone when the next one is read. Texts taken from them stay. The zero
// Reader is ready; it is not for concurrent use.
type Reader struct {
	chunks [][]Node // of which the first used are in use, the last of those in part
	used   int
	left   []Node // of the last chunk in use

	stack []*Node // children of the collections that are being read
	lists []*Node // room for the children of those that were
}

// A Reader makes room for so many nodes at first and at most at a time.
const leastChunk, mostChunk = 16, 256

// mostList is the number of children up to which the room for them is doubled.
const mostList = 1 << 16

// reset forgets every node.
func (r *Reader) reset() {
	for _, c := range r.chunks[:r.used] {
		clear(c)
	}
	r.used, r.left, r.stack, r.lists = 0, nil, r.stack[:0], r.lists[:0]
}

func (r *Reader) node() *Node {
	if len(r.left) == 0 {
		if r.used == len(r.chunks) {
			r.chunks = append(r.chunks, make([]Node, min(leastChunk<<min(len(r.chunks), 8), mostChunk)))
		}
		r.left = r.chunks[r.used]
		r.used++
	}
	n := &r.left[0]
	r.left = r.left[1:]
	return n
}

// mark is where the children of a collection begin on the stack.
func (r *Reader) mark() int { return len(r.stack) }

func (r *Reader) push(ns ...*Node) { r.stack = append(r.stack, ns...) }

// items takes a list's children off the stack.
func (r *Reader) items(from int) []*Node {
	out := r.list(len(r.stack) - from)
	copy(out, r.stack[from:])
	r.stack = r.stack[:from]
	return out
}

// pairs takes a mapping's children off the stack.
func (r *Reader) pairs(from int) (keys, values []*Node) {
	n := (len(r.stack) - from) / 2
	keys, values = r.list(n), r.list(n)
	for i := range n {
		keys[i], values[i] = r.stack[from+2*i], r.stack[from+2*i+1]
	}
	r.stack = r.stack[:from]
	return keys, values
}

// list is room for n children; nil for none.
func (r *Reader) list(n int) []*Node {
	if n == 0 {
		return nil
	}
	if cap(r.lists)-len(r.lists) < n {
		r.lists = make([]*Node, 0, max(n, 2*leastChunk, min(2*cap(r.lists), mostList)))
	}
	at := len(r.lists)
	r.lists = r.lists[:at+n]
	return r.lists[at : at+n : at+n]
}

// fresh tells whether a mapping whose children begin at from can take another
// key, which it has not yet.
func (r *Reader) fresh(from int, key *Node) bool {
	pairs := r.stack[from:]
	if len(pairs) >= 2*maxSimpleKeys {
		return false
	}
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i].Text == key.Text {
			return false
		}
	}
	return true
}

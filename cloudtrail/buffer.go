package cloudtrail

import "io"

// buffer is memory that is used again from file to file, and given up when
// files have become much smaller than what it once had to hold.
type buffer struct {
	b    []byte
	need int // decays from the most that was needed lately
}

// keepAlways is a size that is never worth giving up, in bytes.
const keepAlways = 8 << 20

// leastBuffer is what a buffer starts with, in bytes: nearly every file fits, and a
// buffer that grows leaves its former memory as garbage. What is never written to
// takes no memory, but lets the collector of garbage think that so much is in use.
const leastBuffer = 2 << 20

// take is the empty buffer with room for at least n bytes.
func (b *buffer) take(n int) []byte {
	if cap(b.b) < n {
		b.b = make([]byte, 0, n)
	}
	return b.b[:0]
}

// give takes back what was used, grown or not.
func (b *buffer) give(used []byte) { b.b = used }

// settle gives up memory when the file just read, and those before it, needed
// far less.
func (b *buffer) settle() {
	b.need = max(len(b.b), b.need-b.need/32)
	if cap(b.b) > keepAlways && cap(b.b) > 4*b.need {
		b.b = nil
	}
}

// clear forgets what the buffer holds.
func (b *buffer) clear() { b.b = b.b[:0] }

// fill reads on until the buffer holds n bytes or the file ends. size, if not
// negative, is how large the file is said to be.
func (b *buffer) fill(r io.Reader, n int, size int64) ([]byte, error) {
	room := 4 << 10
	if size >= 0 {
		room = int(min(size, int64(n))) + 1 // one more to see the end
	}
	for len(b.b) < n {
		if len(b.b) == cap(b.b) || cap(b.b) < room {
			grown := make([]byte, len(b.b), max(room+room/4, 2*cap(b.b), leastBuffer))
			copy(grown, b.b)
			b.b = grown
		}
		want := cap(b.b) - len(b.b)
		m, err := r.Read(b.b[len(b.b):cap(b.b)])
		b.b = b.b[:len(b.b)+m]
		if err != nil {
			return b.b, err
		}
		if int64(len(b.b)) == size && m < want {
			return b.b, io.EOF // all there is, and asked for more: no need to ask again
		}
	}
	return b.b, nil
}

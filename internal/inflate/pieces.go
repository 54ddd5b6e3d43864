package inflate

import (
	"errors"
	"hash/crc32"
	"io"
)

// History is how much of what was unpacked before a match may copy from, in
// bytes (RFC 1951, section 2).
const History = 32 << 10

// MinPiece is the least free capacity with which Next makes headway.
const MinPiece = 2 * outputSlack

// errHistory is a mistake of the caller, which unpacking on would turn into
// reading memory that is not the buffer's.
var errHistory = errors.New("inflate: the last bytes that were unpacked are not in the buffer")

// A phase says what comes next in a file that is unpacked in pieces.
type phase uint8

const (
	atMember phase = iota // a member's header
	atBlock               // a block's header, or the trailer after the last one
	inStored
	inCodes
)

// pieces is where unpacking in pieces has come to.
type pieces struct {
	phase   phase
	final   bool // the block at hand is the member's last
	left    int  // bytes of a stored block still to come
	members int
	sum     uint32 // of the member so far, up to summed
	summed  int    // in out
	err     error  // what the file ended with
}

// Start makes d ready to unpack src in pieces with Next. d keeps src until the
// last piece. A few bytes of capacity behind src make the end of a file faster:
// they may be read, and what they hold makes no difference.
func (d *Decoder) Start(src []byte) {
	d.in, d.near = bits{src: src}, inputSlack
	if cap(src)-len(src) >= paddedSlack {
		d.near = paddedNear
	}
	d.pos, d.base = 0, 0
	d.pieces = pieces{}
}

// Used is how many bytes of the input were used so far.
func (d *Decoder) Used() int64 { return max(0, d.in.offset()) }

// Next appends to dst what comes next and fits into its capacity, and returns
// it. The bytes before len(dst) must still be the last ones that were unpacked,
// History of them or all. The error is nil when there is more, io.EOF at the end
// of the file, or one that Gunzip gives; the result is right up to there. dst
// needs at least MinPiece of free capacity. Bytes between the length and the
// capacity of dst are overwritten.
func (d *Decoder) Next(dst []byte) ([]byte, error) {
	if d.pieces.err != nil {
		return dst, d.pieces.err
	}
	moved := d.pos - len(dst) // the caller drops what it no longer needs
	d.pos, d.base = len(dst), d.base-moved
	if d.base < 0 && len(dst) < History {
		return dst, errHistory
	}
	d.out, d.end = dst[:cap(dst)], cap(dst)
	d.pieces.summed = d.pos
	full, err := false, error(nil)
	for err == nil && !full {
		full, err = d.advance()
	}
	d.addSum()
	out := d.out[:d.pos]
	d.out = nil
	if d.pieces.err = err; err != nil {
		d.in.src = nil // do not keep the caller's memory alive
	}
	return out, err
}

// room tells whether the output has space for whatever one step writes.
func (d *Decoder) room() bool { return d.end-d.pos >= outputSlack }

// addSum takes what was unpacked since the last time into the checksum, while
// it is in the cache.
func (d *Decoder) addSum() {
	p := &d.pieces
	p.sum = crc32.Update(p.sum, crc32.IEEETable, d.out[p.summed:d.pos])
	p.summed = d.pos
}

// advance goes on to the end of a phase or of the output; full says which.
func (d *Decoder) advance() (full bool, err error) {
	switch d.pieces.phase {
	case atMember:
		return false, d.openMember()
	case atBlock:
		return false, d.nextBlock()
	case inStored:
		return d.storedPiece()
	}
	return d.codesPiece()
}

func (d *Decoder) openMember() error {
	if err := d.header(); err != nil {
		return err
	}
	p := &d.pieces
	p.members++
	p.phase, p.final, p.sum, p.summed = atBlock, false, 0, d.pos
	d.base = d.pos
	return nil
}

// nextBlock reads the head of a block, or ends the member after its last one.
func (d *Decoder) nextBlock() error {
	d.addSum()
	p := &d.pieces
	if p.final {
		return d.closeMember()
	}
	head, ok := d.in.read(3)
	if !ok {
		return truncated
	}
	p.final, p.phase = head&1 != 0, inCodes
	switch head >> 1 {
	case 0:
		p.phase = inStored
		return d.storedHead()
	case 1:
		d.useFixed()
	case 2:
		return d.readCodes()
	default:
		return d.corrupt("unknown block type")
	}
	return nil
}

// closeMember checks the trailer and looks at what follows.
func (d *Decoder) closeMember() error {
	d.in.align()
	if err := d.trailer(d.pieces.sum); err != nil {
		return err
	}
	rest := d.in.src[d.in.pos:]
	switch {
	case onlyZeros(rest):
		return io.EOF
	case !startsMember(rest):
		return &TrailingError{Offset: int64(d.in.pos)}
	case d.MaxMembers > 0 && d.pieces.members >= d.MaxMembers:
		return ErrTooManyMembers
	}
	d.pieces.phase = atMember
	return nil
}

func (d *Decoder) storedPiece() (full bool, err error) {
	p := &d.pieces
	n := min(p.left, len(d.in.src)-d.in.pos, d.end-d.pos)
	copy(d.out[d.pos:], d.in.src[d.in.pos:d.in.pos+n])
	d.pos, d.in.pos, p.left = d.pos+n, d.in.pos+n, p.left-n
	switch {
	case p.left == 0:
		p.phase = atBlock
	case d.in.pos == len(d.in.src):
		return false, truncated
	default:
		return true, nil
	}
	return false, nil
}

func (d *Decoder) codesPiece() (full bool, err error) {
	for d.room() {
		if len(d.in.src)-d.in.pos >= d.near {
			switch d.fast() {
			case ended:
				d.pieces.phase = atBlock
				return false, nil
			case broken:
				return false, d.corrupt("invalid code or distance")
			}
			if !d.room() {
				break
			}
		}
		done, err := d.step()
		if done {
			d.pieces.phase = atBlock
		}
		if done || err != nil {
			return false, err
		}
	}
	return true, nil
}

package inflate

import (
	"encoding/binary"
	"hash/crc32"
)

// A progress says how decoding of a block came to a halt.
type progress int

const (
	more   progress = iota // not at all: input or output is too near its end for the fast loop
	ended                  // at the end-of-block code
	broken                 // at a code that means nothing, or a distance before the start
)

// stream unpacks one DEFLATE stream and returns the CRC-32 of its output. The
// sum is taken block by block, while the block is still in the cache.
func (d *Decoder) stream() (sum uint32, err error) {
	for final := false; !final; {
		start := d.pos
		head, ok := d.in.read(3)
		if !ok {
			return 0, truncated
		}
		final = head&1 != 0
		switch head >> 1 {
		case 0:
			err = d.stored()
		case 1:
			d.useFixed()
			err = d.compressed()
		case 2:
			if err = d.readCodes(); err == nil {
				err = d.compressed()
			}
		default:
			err = d.corrupt("unknown block type")
		}
		if err != nil {
			return 0, err
		}
		sum = crc32.Update(sum, crc32.IEEETable, d.out[start:d.pos])
	}
	d.in.align()
	return sum, nil
}

// storedHead reads the length of an uncompressed block into d.pieces.left.
func (d *Decoder) storedHead() error {
	d.in.align()
	head, err := d.take(4)
	if err != nil {
		return err
	}
	n := binary.LittleEndian.Uint16(head)
	if n != ^binary.LittleEndian.Uint16(head[2:]) {
		return d.corrupt("length of a stored block does not match its complement")
	}
	d.pieces.left = int(n)
	return nil
}

// stored copies an uncompressed block.
func (d *Decoder) stored() error {
	if err := d.storedHead(); err != nil {
		return err
	}
	n := d.pieces.left
	data := d.in.src[d.in.pos:]
	data = data[:min(n, len(data))]
	room := min(len(data), d.end-d.pos)
	d.reserve(room + outputSlack)
	copy(d.out[d.pos:], data[:room])
	d.pos += room
	d.in.pos += room
	if room < len(data) {
		return ErrTooLarge
	}
	if len(data) < n {
		return truncated
	}
	return nil
}

// compressed decodes a block with the current tables: most of it in the fast
// loop, and what is near either end of the input or output code by code.
func (d *Decoder) compressed() error {
	for {
		d.reserve(outputSlack)
		if len(d.in.src)-d.in.pos >= d.near && d.end-d.pos >= outputSlack {
			switch d.fast() {
			case ended:
				return nil
			case broken:
				return d.corrupt("invalid code or distance")
			}
			d.reserve(outputSlack)
		}
		if done, err := d.step(); done || err != nil {
			return err
		}
	}
}

// step decodes one literal, one match or the end of the block, with every check
// in the order in which compress/flate makes it.
func (d *Decoder) step() (done bool, err error) {
	d.in.refill()
	// compress/flate waits for as many bits as the end-of-block code has, which
	// matters for the last bytes that can be had from a truncated stream.
	if d.in.n < d.endBits {
		return false, truncated
	}
	e, err := d.symbol(d.lit, litBits)
	if err != nil {
		return false, err
	}
	switch {
	case e&isEnd != 0:
		return true, nil
	case e&isLiteral == 0:
		return false, d.match(e)
	case d.pos >= d.end:
		return false, ErrTooLarge
	}
	d.out[d.pos] = byte(e >> 16)
	d.pos++
	return false, nil
}

// symbol decodes one code. Of a length or distance it leaves the extra bits.
func (d *Decoder) symbol(table *[litSize]uint32, firstBits uint) (uint32, error) {
	e := table[d.in.buf&(1<<firstBits-1)]
	total, rest := codeBits(e), uint(0)
	if e&isSubtable != 0 {
		index := uint32(d.in.buf>>firstBits) & (1<<(e>>8&bitsMask) - 1)
		e = table[(e>>16+index)&litMask]
		rest = codeBits(e)
	}
	if total+rest > d.in.n {
		return 0, truncated
	}
	if e&(isSpecial|isEnd) == isSpecial {
		return 0, d.corrupt("invalid code")
	}
	d.in.drop(total + rest)
	return e, nil
}

// codeBits is the number of bits of an entry's code, without extra bits.
func codeBits(e uint32) uint {
	if e&(isLiteral|isSpecial) != 0 {
		return uint(e & dropMask)
	}
	return uint(e >> 8 & bitsMask)
}

// value adds the extra bits of a length or distance to its base.
func (d *Decoder) value(e uint32) (int, error) {
	extra, ok := d.in.read(uint(e&dropMask) - codeBits(e))
	if !ok {
		return 0, truncated
	}
	return int(e>>16) + int(extra), nil
}

// match decodes the rest of a match whose length code is e, and copies it.
func (d *Decoder) match(e uint32) error {
	length, err := d.value(e)
	if err != nil {
		return err
	}
	d.in.refill()
	if e, err = d.symbol(d.dist, distBits); err != nil {
		return err
	}
	distance, err := d.value(e)
	if err != nil {
		return err
	}
	if distance > d.pos-d.base {
		return d.corrupt("distance reaches before the start of the output")
	}
	n := min(length, d.end-d.pos)
	for range n {
		d.out[d.pos] = d.out[d.pos-distance]
		d.pos++
	}
	if n < length {
		return ErrTooLarge
	}
	return nil
}

package inflate

import "encoding/binary"

// useFixed makes the fixed code of RFC 1951, section 3.2.6, the current one.
func (d *Decoder) useFixed() {
	if !d.fixedAreBuilt {
		lens := d.lens[:288]
		for i := range lens {
			switch {
			case i < 144:
				lens[i] = 8
			case i < 256:
				lens[i] = 9
			case i < 280:
				lens[i] = 7
			default:
				lens[i] = 8
			}
		}
		d.work.build(d.fixedLit[:], litBits, lens, litMeanings[:])
		for i := range 32 {
			lens[i] = 5
		}
		d.work.build(d.fixedDist[:], distBits, lens[:32], distMeanings[:])
		d.fixedAreBuilt = true
	}
	d.lit, d.dist, d.endBits = &d.fixedLit, &d.fixedDist, 7
	d.fastLit = d.lit
}

// readCodes reads the codes at the head of a dynamic block, RFC 1951 section
// 3.2.7, and makes them the current ones.
func (d *Decoder) readCodes() error {
	head, ok := d.in.read(14)
	if !ok {
		return truncated
	}
	lits, dists := int(head&31)+257, int(head>>5&31)+1
	if lits > maxLit || dists > maxDist {
		return d.corrupt("too many codes in a block")
	}
	if err := d.readCodeLengthCode(int(head>>10) + 4); err != nil {
		return err
	}
	if err := d.readLengths(lits + dists); err != nil {
		return err
	}
	const noCode = "code lengths of a block do not form a code"
	if !d.work.build(d.dynamicLit[:], litBits, d.lens[:lits], litMeanings[:]) {
		return d.corrupt(noCode)
	}
	d.lit, d.dist, d.endBits = &d.dynamicLit, &d.dynamicDist, uint(d.lens[endCode])
	d.fastLit = d.lit
	if d.alwaysPair || len(d.in.src)-d.in.pos >= worthPairing {
		d.pairLiterals()
	}
	if !d.work.build(d.dynamicDist[:], distBits, d.lens[lits:lits+dists], distMeanings[:]) {
		return d.corrupt(noCode)
	}
	return nil
}

func (d *Decoder) readCodeLengthCode(n int) error {
	var lens [len(codeLengthOrder)]uint8
	for _, symbol := range codeLengthOrder[:n] {
		v, ok := d.in.read(3)
		if !ok {
			return truncated
		}
		lens[symbol] = uint8(v)
	}
	if !d.work.build(d.codeLengths[:], codeLengthBits, lens[:], codeLengthMeanings[:]) {
		return d.corrupt("lengths of the code-length code do not form a code")
	}
	return nil
}

// readLengths reads n code lengths into d.lens.
func (d *Decoder) readLengths(n int) error {
	for i := d.quickLengths(n); i < n; {
		d.in.refill()
		e := d.codeLengths[d.in.buf&(1<<codeLengthBits-1)]
		used := codeBits(e)
		if used > d.in.n {
			return truncated
		}
		if e&isSpecial != 0 {
			return d.corrupt("invalid code in the code lengths of a block")
		}
		d.in.drop(used)
		if e>>16&31 < 16 {
			d.lens[i] = uint8(e >> 16 & 31)
			i++
			continue
		}
		count, err := d.repeatLength(e>>16&31, i, n)
		if err != nil {
			return err
		}
		i += count
	}
	return nil
}

// quickLengths reads code lengths as long as nothing is odd and the input is not
// near its end, and returns how many. A single length and the three ways to repeat
// one follow each other in no order that a processor could guess, so all four are
// carried out by the same steps: 16 lengths are written, of which count stay.
func (d *Decoder) quickLengths(n int) (i int) {
	before := uint64(0)
	for i < n && len(d.in.src)-d.in.pos >= 8 {
		d.in.refill()
		for d.in.n >= codeLengthBits+7 && i < n { // the longest code and its extra bits
			e := d.codeLengths[d.in.buf&(1<<codeLengthBits-1)]
			drop := uint(e & dropMask)
			count := int(e>>leastShift&15) + int(d.in.buf&(1<<drop-1)>>codeBits(e))
			if e&isSpecial != 0 || i+count > n || i == 0 && e&isRepeat != 0 {
				return i
			}
			before = uint64(e>>lengthShift&15) | before&-uint64(e/isRepeat&1)
			word := before * 0x0101010101010101
			binary.LittleEndian.PutUint64(d.lens[i:], word)
			binary.LittleEndian.PutUint64(d.lens[i+8:], word)
			for k := 16; k < count; k += 8 {
				binary.LittleEndian.PutUint64(d.lens[i+k:], word)
			}
			i += count
			d.in.drop(drop)
		}
	}
	return i
}

// repeatLength carries out one of the three repeat codes at d.lens[i].
func (d *Decoder) repeatLength(symbol uint32, i, n int) (int, error) {
	length, least, extra := uint8(0), 3, uint(3)
	switch {
	case symbol == 16 && i == 0:
		return 0, d.corrupt("first code length repeats one before it")
	case symbol == 16:
		length, extra = d.lens[i-1], 2
	case symbol == 18:
		least, extra = 11, 7
	}
	v, ok := d.in.read(extra)
	if !ok {
		return 0, truncated
	}
	count := least + int(v)
	if i+count > n {
		return 0, d.corrupt("code lengths of a block run over their number")
	}
	for k := range count {
		d.lens[i+k] = length
	}
	return count, nil
}

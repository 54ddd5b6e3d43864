package inflate

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
		build(d.fixedLit[:], litBits, lens, litMeanings[:])
		for i := range 32 {
			lens[i] = 5
		}
		build(d.fixedDist[:], distBits, lens[:32], distMeanings[:])
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
	if !build(d.dynamicLit[:], litBits, d.lens[:lits], litMeanings[:]) ||
		!build(d.dynamicDist[:], distBits, d.lens[lits:lits+dists], distMeanings[:]) {
		return d.corrupt("code lengths of a block do not form a code")
	}
	d.lit, d.dist, d.endBits = &d.dynamicLit, &d.dynamicDist, uint(d.lens[endCode])
	d.fastLit = d.lit
	if d.alwaysPair || len(d.in.src)-d.in.pos >= worthPairing {
		d.pairLiterals()
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
	if !build(d.codeLengths[:], codeLengthBits, lens[:], codeLengthMeanings[:]) {
		return d.corrupt("lengths of the code-length code do not form a code")
	}
	return nil
}

// readLengths reads n code lengths into d.lens.
func (d *Decoder) readLengths(n int) error {
	for i := 0; i < n; {
		d.in.refill()
		e := d.codeLengths[d.in.buf&(1<<codeLengthBits-1)]
		used := uint(e & dropMask)
		if used > d.in.n {
			return truncated
		}
		if e&isSpecial != 0 {
			return d.corrupt("invalid code in the code lengths of a block")
		}
		d.in.drop(used)
		if e>>16 < 16 {
			d.lens[i] = uint8(e >> 16)
			i++
			continue
		}
		count, err := d.repeatLength(e>>16, i, n)
		if err != nil {
			return err
		}
		i += count
	}
	return nil
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

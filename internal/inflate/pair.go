package inflate

// worthPairing is how much compressed input must be left for a table of pairs
// to earn what it costs to build, some microseconds.
const worthPairing = 8 << 10

// pairLiterals makes a copy of the literal table for the fast loop in which one
// lookup decodes two literals, where the codes of both fit into an index. Log
// files are full of ids whose digits compress to five or six bits each and to
// nothing else, and decoding them is a chain of lookups that each wait for the
// one before: pairs take a tenth off the time of a large file.
//
// The second literal has only seven bits of room in an entry. The others are
// rare in JSON, and stay single.
//
// It is called while d.work still holds the literal code.
func (d *Decoder) pairLiterals() {
	copy(d.pairedLit[:d.work.size], d.dynamicLit[:d.work.size])
	d.fastLit = &d.pairedLit
	var buf [128]shortCode
	list := d.work.shortLiterals(buf[:0])
	for _, first := range list {
		n := first.entry & dropMask
		for _, second := range list {
			total := n + second.entry&dropMask
			if total > litBits {
				break // and so are all after it
			}
			e := first.entry&^dropMask | second.entry&(0x7f<<16)<<8 | isPair | total
			for i := first.reversed | second.reversed<<n; i < 1<<litBits; i += 1 << total {
				d.pairedLit[i] = e
			}
		}
	}
}

// A shortCode is a literal whose code leaves room for another in an index.
type shortCode struct {
	entry    uint32
	reversed uint32 // its code, as a table is indexed
}

// shortLiterals appends the ASCII literals with short codes, shortest first.
func (c *code) shortLiterals(list []shortCode) []shortCode {
	placed, next := 0, uint32(0)
	for n := uint(1); n < litBits; n++ {
		next <<= 1
		for _, symbol := range c.sorted[placed : placed+c.count[n]] {
			if symbol < 128 {
				list = append(list, shortCode{entry(litMeanings[symbol], n), reverse(next, n)})
			}
			next++
		}
		placed += c.count[n]
	}
	return list
}

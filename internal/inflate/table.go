package inflate

import (
	"encoding/binary"
	mathbits "math/bits"
)

// The alphabets of RFC 1951, section 3.2.5 and 3.2.7, and how many bits of a
// code each first-level table resolves. Longer codes continue in a subtable
// that follows the first level in the same array.
const (
	litBits        = 11
	distBits       = 9
	codeLengthBits = 7 // no code-length code is longer, so it needs no subtable
	maxCodeBits    = 15

	maxLit  = 286 // literals, end of block, lengths; two more exist in the fixed code only
	maxDist = 30
	endCode = 256

	// maxLens holds all code lengths of a dynamic block, or of the fixed code.
	maxLens = maxLit + maxDist + 4
	// lengthsSlack is room for what quickLengths writes behind the last one.
	lengthsSlack = 16

	// litSize is a power of two, so that masking an index proves it in bounds.
	// The largest table of complete codes for 288 symbols has 2,342 entries;
	// distances need fewer still.
	litSize = 4096
	litMask = litSize - 1
)

// A table entry is 32 bits that say all about a code, so that one load decodes
// it. The low bits are always what to drop from the bit buffer.
//
//	literal       isLiteral | byte<<16                     | code bits
//	two literals  isLiteral | second<<24 | first<<16 | isPair | code bits of both
//	length, dist  base<<16  | code bits<<8                 | code bits + extra bits
//	end of block  isSpecial | isEnd                        | code bits
//	subtable      isSpecial | isSubtable | first entry<<16 | index bits<<8 | first-level bits
//	no such code  isSpecial                                | code bits
//
// In a subtable, code bits are those that the first level has not dropped.
const (
	isLiteral  = 1 << 31
	isSpecial  = 1 << 15
	isSubtable = 1 << 14
	isEnd      = 1 << 13
	isPair     = 1 << 8 // of a literal; only in tables of pair.go

	literalMask = 0x7fff // after >>16: one literal, or two of which the second is ASCII

	dropMask = 63 // extracts the number of bits to drop
	bitsMask = 15 // after >>8: code bits, or a subtable's index bits
)

// A meaning is an entry without its code's length; length and distance symbols
// hold the number of extra bits in the low bits.
var (
	litMeanings        = makeLitMeanings()
	distMeanings       = makeDistMeanings()
	codeLengthMeanings = makeCodeLengthMeanings()
)

// codeLengthOrder is the order in which a dynamic block gives the lengths of
// the code-length code.
var codeLengthOrder = [19]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

func makeLitMeanings() (m [288]uint32) {
	for i := range endCode {
		m[i] = isLiteral | uint32(i)<<16
	}
	m[endCode] = isSpecial | isEnd
	base := uint32(3)
	for i := 0; i < 28; i++ { // lengths 3 to 257, by growing steps
		extra := uint32(max(i/4-1, 0))
		m[endCode+1+i] = base<<16 | extra
		base += 1 << extra
	}
	m[285] = 258 << 16
	m[286], m[287] = isSpecial, isSpecial
	return m
}

func makeDistMeanings() (m [32]uint32) {
	base := uint32(1)
	for i := range maxDist {
		extra := uint32(max(i/2-1, 0))
		m[i] = base<<16 | extra
		base += 1 << extra
	}
	m[30], m[31] = isSpecial, isSpecial
	return m
}

// A meaning in the code-length code holds the symbol, the length that it gives
// and the least number of them, whether it repeats the length before instead, and
// the bits that are added to the number:
//
//	isRepeat | least<<leastShift | length<<lengthShift | symbol<<16 | extra bits
const (
	lengthShift = 21
	leastShift  = 25
	isRepeat    = 1 << 29
)

func makeCodeLengthMeanings() (m [19]uint32) {
	for i := range uint32(16) {
		m[i] = 1<<leastShift | i<<lengthShift | i<<16
	}
	m[16] = isRepeat | 3<<leastShift | 16<<16 | 2
	m[17] = 3<<leastShift | 17<<16 | 3
	m[18] = 11<<leastShift | 18<<16 | 7
	return m
}

// entry completes a meaning with the length of its code. It does so without a
// branch, because literals and lengths follow each other in no order; of what is
// special nobody reads the higher bits.
func entry(meaning uint32, codeBits uint) uint32 {
	n := uint32(codeBits)
	literal := uint32(int32(meaning) >> 31) // all ones or none
	return meaning + n + n<<8&^literal
}

// A code is the set of code lengths being turned into a table.
type code struct {
	count  [maxCodeBits + 1]int
	sorted [maxLens + 1]uint16 // symbols by length of code, then by number
	listed [maxLens + 1]uint16 // symbols that have a code, by number
	used   int
	size   int // entries of the table that was built
}

// sort orders the symbols that have a code.
func (c *code) sort(lens []uint8) {
	c.list(lens)
	var next [maxCodeBits + 1]int
	for n := 1; n < maxCodeBits; n++ {
		next[n+1] = next[n] + c.count[n]
	}
	for _, symbol := range c.listed[:c.used] {
		n := lens[symbol] & maxCodeBits
		c.sorted[next[n]] = symbol
		next[n]++
	}
}

// list lists and counts the symbols that have a code: in text, less than half of
// them, in a few runs.
func (c *code) list(lens []uint8) {
	c.count = [maxCodeBits + 1]int{}
	used, symbol := 0, 0
	for symbol < len(lens) {
		end := min(symbol+8, len(lens))
		if end-symbol == 8 && binary.LittleEndian.Uint64(lens[symbol:]) == 0 {
			symbol = end
			continue
		}
		for ; symbol < end; symbol++ {
			n := lens[symbol] & maxCodeBits
			c.count[n]++
			c.listed[used] = uint16(symbol)
			used += int((n + maxCodeBits) >> 4) // one unless n is 0
		}
	}
	c.used = used
}

// complete reports whether every sequence of bits begins with exactly one code.
func (c *code) complete() bool {
	space := 0
	for n := 1; n <= maxCodeBits; n++ {
		space += c.count[n] << (maxCodeBits - n)
	}
	return space == 1<<maxCodeBits
}

// build fills table from the lengths of a canonical Huffman code. It accepts
// complete codes, and like zlib two more: none at all, and a single code of one
// bit. Sequences that these leave without a meaning get "no such code".
func (c *code) build(table []uint32, firstBits uint, lens []uint8, meanings []uint32) bool {
	c.sort(lens)
	c.size = 1 << firstBits
	if !c.complete() {
		return c.buildDegenerate(table[:1<<firstBits], meanings)
	}
	symbols, reversed := c.buildFirst(table, firstBits, meanings)
	if symbols < c.used {
		return c.buildSubtables(table, firstBits, meanings, symbols, reversed)
	}
	return true
}

func (c *code) buildDegenerate(table []uint32, meanings []uint32) bool {
	if c.used > 1 || c.used == 1 && c.count[1] != 1 {
		return false
	}
	for i := range table {
		table[i] = isSpecial | uint32(c.used)
	}
	for i := 0; c.used == 1 && i < len(table); i += 2 {
		table[i] = entry(meanings[c.sorted[0]], 1)
	}
	return true
}

// buildFirst fills the first level. Codes are packed starting from their most
// significant bit, and so the table is indexed by the reversed code: a code of
// n bits repeats every 2^n entries. The table for n bits is therefore two
// copies of the one for n-1 bits with the codes of n bits put in. It returns
// how many symbols it placed, and the next reversed code.
func (c *code) buildFirst(table []uint32, firstBits uint, meanings []uint32) (int, uint32) {
	placed, next := 0, uint32(0)
	for n := uint(1); n <= firstBits; n++ {
		half := 1 << (n - 1)
		if placed > 0 {
			copy(table[half:2*half], table[:half])
		}
		next <<= 1
		for _, symbol := range c.sorted[placed : placed+c.count[n]] {
			table[reverse(next, n)] = entry(meanings[symbol], n)
			next++
		}
		placed += c.count[n]
	}
	return placed, reverse(next, firstBits)
}

// reverse is a code of n bits in reversed order.
func reverse(code uint32, n uint) uint32 { return uint32(mathbits.Reverse16(uint16(code))) >> (16 - n) }

// nextReversed adds one to a code of n bits that is kept in reversed order.
func nextReversed(reversed uint32, n uint) uint32 {
	free := reversed ^ (1<<n - 1)
	if free == 0 {
		return 0 // that was the last code
	}
	top := uint32(1) << (mathbits.Len32(free) - 1)
	return reversed&(top-1) | top
}

// buildSubtables places the codes that are longer than the first level, from
// the given symbol on. Codes with the same first bits are neighbours.
func (c *code) buildSubtables(table []uint32, firstBits uint, meanings []uint32, symbol int, reversed uint32) bool {
	left := c.count
	free := 1 << firstBits // where the next subtable goes
	first, indexBits, prefix := 0, uint(0), ^uint32(0)
	for n := firstBits + 1; n <= maxCodeBits; n++ {
		for range c.count[n] {
			if p := reversed & (1<<firstBits - 1); p != prefix {
				prefix, first = p, free
				indexBits = subtableBits(&left, firstBits, n)
				free += 1 << indexBits
				if free > len(table) {
					return false // cannot be: complete codes need less
				}
				table[p] = isSpecial | isSubtable | uint32(first)<<16 | uint32(indexBits)<<8 | uint32(firstBits)
			}
			e := entry(meanings[c.sorted[symbol]], n-firstBits)
			for i := reversed >> firstBits; i < 1<<indexBits; i += 1 << (n - firstBits) {
				table[first+int(i)] = e
			}
			left[n]--
			reversed = nextReversed(reversed, n)
			symbol++
		}
	}
	c.size = free
	return true
}

// subtableBits is the index size of the subtable that starts with a code of n
// bits: as long as the longest code that fits below the same first bits.
func subtableBits(left *[maxCodeBits + 1]int, firstBits, n uint) uint {
	size := n - firstBits
	space := 1 << size
	for {
		space -= left[firstBits+size]
		if space <= 0 || firstBits+size == maxCodeBits {
			return size
		}
		size++
		space <<= 1
	}
}

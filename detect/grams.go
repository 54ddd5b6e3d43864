package detect

import "bytes"

// grams finds which of many texts occur inside a text. Each operand is filed
// under one gram of it, up to four bytes, that few others are filed under; a
// text is scanned once, and where one of those grams occurs the operands filed
// there are compared in place. A small bit table keeps most positions from
// costing a map lookup.
type grams struct {
	filter [1 << 10]uint64 // one bit per hashed gram, all lengths together
	sizes  [maxGram + 1]bool
	heads  map[uint64]int32
	load   map[uint64]int32 // operands per gram, while adding
	offset []int32          // by operand: where in it the gram is
}

const maxGram = 4

func newGrams() *grams {
	return &grams{heads: map[uint64]int32{}, load: map[uint64]int32{}}
}

// gram packs n bytes and their number.
func gram(s []byte, n int) uint64 {
	g := uint64(n) << 32
	for i, c := range s[:n] {
		g |= uint64(c) << (8 * i)
	}
	return g
}

func hashGram(g uint64) uint32 {
	return uint32((g * 0x9E3779B97F4A7C15) >> 48)
}

func (x *grams) add(o *operands, i int32) {
	text := o.list[i].text
	n := min(len(text), maxGram)
	best, at := uint64(0), -1
	for j := 0; j+n <= min(len(text), 256); j++ {
		g := gram(text[j:], n)
		if at < 0 || x.load[g] < x.load[best] {
			best, at = g, j
		}
	}
	x.load[best]++
	x.sizes[n] = true
	if head, ok := x.heads[best]; ok {
		o.list[i].next = head
	}
	x.heads[best] = i
	h := hashGram(best)
	x.filter[h>>6] |= 1 << (h & 63)
	for int(i) >= len(x.offset) {
		x.offset = append(x.offset, 0)
	}
	x.offset[i] = int32(at)
}

func (x *grams) each(o *operands, s []byte, visit func(id int32) bool) bool {
	for n := 1; n <= maxGram; n++ {
		if !x.sizes[n] {
			continue
		}
		for j := 0; j+n <= len(s); j++ {
			g := gram(s[j:], n)
			h := hashGram(g)
			if x.filter[h>>6]&(1<<(h&63)) == 0 {
				continue
			}
			if i, ok := x.heads[g]; ok && !x.compare(o, i, s, j, visit) {
				return false
			}
		}
	}
	return true
}

func (x *grams) compare(o *operands, i int32, s []byte, at int, visit func(id int32) bool) bool {
	for ; i != endOfChain; i = o.list[i].next {
		from := at - int(x.offset[i])
		text := o.list[i].text
		if from >= 0 && bytes.HasPrefix(s[from:], text) && !visit(o.list[i].id) {
			return false
		}
	}
	return true
}

package detect

import "slices"

// operands finds, among many texts to compare with, the ones that a given text
// equals, starts with, ends with or contains, at a cost that hardly depends on
// how many there are.
type operands struct {
	list     []filed
	exact    []int32          // the equal ones, while they are few
	equal    map[string]int32 // head of a chain through list, once they are not
	longest  int              // of the equal ones
	prefixes sized
	suffixes sized
	inside   []int32 // the contained ones, while they are few
	grams    *grams
	always   []int32 // contained in everything: the empty text
}

// filed is one text and the number it was added with.
type filed struct {
	text []byte
	id   int32
	next int32
}

const endOfChain int32 = -1

// sized maps the first (or last) keyed bytes of affixes to a chain, with a
// lookup for each length that occurs.
type sized struct {
	lengths []int
	at      map[string]int32
}

// affixKey bounds the bytes of an affix that are looked up; the rest is
// compared.
const affixKey = 32

func (o *operands) add(op TextOp, text string, id int32) {
	i := int32(len(o.list))
	o.list = append(o.list, filed{bytesOf(text), id, endOfChain})
	switch op {
	case Equal:
		o.longest = max(o.longest, len(text))
		o.addEqual(i)
	case HasPrefix:
		o.affix(&o.prefixes, text[:min(len(text), affixKey)], i)
	case HasSuffix:
		o.affix(&o.suffixes, text[len(text)-min(len(text), affixKey):], i)
	case Contains:
		if text == "" {
			o.always = append(o.always, i)
			return
		}
		o.addInside(i)
	}
}

// fewOperands is the number of operands of one relation up to which each is
// compared in turn.
const fewOperands = 4

func (o *operands) addEqual(i int32) {
	if o.equal != nil {
		o.chain(o.equal, textOf(o.list[i].text), i)
		return
	}
	if o.exact = append(o.exact, i); len(o.exact) <= fewOperands {
		return
	}
	o.equal = map[string]int32{}
	for _, i := range o.exact {
		o.chain(o.equal, textOf(o.list[i].text), i)
	}
	o.exact = nil
}

func (o *operands) addInside(i int32) {
	if o.grams != nil {
		o.grams.add(o, i)
		return
	}
	if o.inside = append(o.inside, i); len(o.inside) <= fewOperands {
		return
	}
	o.grams = newGrams()
	for _, i := range o.inside {
		o.grams.add(o, i)
	}
	o.inside = nil
}

func (o *operands) chain(m map[string]int32, key string, i int32) {
	if head, ok := m[key]; ok {
		o.list[i].next = head
	}
	m[key] = i
}

func (o *operands) affix(s *sized, key string, i int32) {
	if s.at == nil {
		s.at = map[string]int32{}
	}
	if at, ok := slices.BinarySearch(s.lengths, len(key)); !ok {
		s.lengths = slices.Insert(s.lengths, at, len(key))
	}
	o.chain(s.at, key, i)
}

func (o *operands) any(s []byte) bool {
	hit := false
	o.each(s, func(int32) bool {
		hit = true
		return false
	})
	return hit
}

// tooShort tells whether s, not folded yet, is longer than all operands, which
// are folded and must be equal.
func (o *operands) tooShort(s []byte) bool {
	return len(s) > o.longest && o.grams == nil && o.inside == nil && o.always == nil &&
		o.prefixes.at == nil && o.suffixes.at == nil && isASCII(s)
}

// each calls visit with the number of every operand that relates to s, until
// visit returns false. One that occurs several times in s may be visited again.
func (o *operands) each(s []byte, visit func(id int32) bool) {
	for _, i := range o.always {
		if !visit(o.list[i].id) {
			return
		}
	}
	if !o.eachOf(o.exact, Equal, s, visit) || !o.eachOf(o.inside, Contains, s, visit) {
		return
	}
	if o.equal != nil && len(s) <= o.longest {
		if i, ok := o.equal[string(s)]; ok {
			for ; i != endOfChain; i = o.list[i].next {
				if !visit(o.list[i].id) {
					return
				}
			}
		}
	}
	_ = o.eachAffix(s, visit) && (o.grams == nil || o.grams.each(o, s, visit))
}

func (o *operands) eachOf(list []int32, op TextOp, s []byte, visit func(id int32) bool) bool {
	for _, i := range list {
		if relates(op, s, o.list[i].text) && !visit(o.list[i].id) {
			return false
		}
	}
	return true
}

func (o *operands) eachAffix(s []byte, visit func(id int32) bool) bool {
	for _, n := range o.prefixes.lengths {
		if n > len(s) {
			break
		}
		if i, ok := o.prefixes.at[string(s[:n])]; ok && !o.follow(i, HasPrefix, s, visit) {
			return false
		}
	}
	for _, n := range o.suffixes.lengths {
		if n > len(s) {
			break
		}
		if i, ok := o.suffixes.at[string(s[len(s)-n:])]; ok && !o.follow(i, HasSuffix, s, visit) {
			return false
		}
	}
	return true
}

func (o *operands) follow(i int32, op TextOp, s []byte, visit func(id int32) bool) bool {
	for ; i != endOfChain; i = o.list[i].next {
		if relates(op, s, o.list[i].text) && !visit(o.list[i].id) {
			return false
		}
	}
	return true
}

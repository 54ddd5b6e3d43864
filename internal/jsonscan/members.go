package jsonscan

// Cursor walks the members of an object, or the elements of an array, that
// Parse found sound.
type Cursor struct {
	x *Index
	k int // next mark
	p int // next offset, before any white space
}

// Inside is a cursor on the object or array whose opening bracket is this
// mark.
func (x *Index) Inside(mark int) Cursor {
	return Cursor{x, mark + 1, int(x.marks[mark]) + 1}
}

// Item is one member or element.
type Item struct {
	Key  []byte // a member's key without its quotes; it may hold escapes
	Val  []byte
	At   int // the value's offset in the text
	Mark int // the value's opening bracket or quote; of no use for others
}

// Member moves to the next member of an object and reports whether there is
// one.
func (c *Cursor) Member(it *Item) bool {
	text, marks := c.x.text, c.x.marks
	p := c.p
	if text[p] != '"' {
		if text[p] <= ' ' {
			p = SkipSpace(text, p)
		}
		if text[p] == ',' {
			p++
			if text[p] <= ' ' {
				p = SkipSpace(text, p)
			}
		}
		if text[p] == '}' {
			return false
		}
	}
	e := int(marks[c.k+1])
	it.Key = text[p+1 : e]
	c.k += 2
	p = e + 1
	if text[p] != ':' {
		p = SkipSpace(text, p)
	}
	p++
	if text[p] <= ' ' {
		p = SkipSpace(text, p)
	}
	c.value(it, p)
	return true
}

// Element moves to the next element of an array and reports whether there is
// one.
func (c *Cursor) Element(it *Item) bool {
	text := c.x.text
	p := SkipSpace(text, c.p)
	if text[p] == ',' {
		p = SkipSpace(text, p+1)
	}
	if text[p] == ']' {
		return false
	}
	c.value(it, p)
	return true
}

func (c *Cursor) value(it *Item, p int) {
	text, marks := c.x.text, c.x.marks
	it.At, it.Mark = p, c.k
	e := 0
	switch text[p] {
	case '"':
		e = int(marks[c.k+1]) + 1
		c.k += 2
	case '{', '[':
		k := c.x.jump[c.k]
		e = int(marks[k]) + 1
		c.k = int(k) + 1
	default:
		e = p + 1
		for text[e] > ',' && text[e] != '}' && text[e] != ']' || text[e] == '+' {
			e++
		}
	}
	it.Val = text[p:e:e]
	c.p = e
	if text[e] == ',' {
		c.p++
	}
}

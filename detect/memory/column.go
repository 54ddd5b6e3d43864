package memory

// column is a list of numbers that grows without being copied.
type column[T uint8 | uint32 | int64 | uint64 | float64] struct {
	full [][]T
	last []T
}

const columnBits = 14

func (c *column[T]) add(v T) {
	if len(c.last) == 1<<columnBits {
		c.full = append(c.full, c.last)
		c.last = make([]T, 0, 1<<columnBits)
	}
	c.last = append(c.last, v)
}

func (c *column[T]) len() int { return len(c.full)<<columnBits + len(c.last) }

func (c *column[T]) at(n uint32) T {
	if i := int(n >> columnBits); i < len(c.full) {
		return c.full[i][n&(1<<columnBits-1)]
	}
	return c.last[n&(1<<columnBits-1)]
}

// each visits all in order.
func (c *column[T]) each(visit func(n uint32, v T)) {
	n := uint32(0)
	for _, chunk := range c.full {
		for _, v := range chunk {
			visit(n, v)
			n++
		}
	}
	for _, v := range c.last {
		visit(n, v)
		n++
	}
}

// size is how many there is room for.
func (c *column[T]) size() int { return len(c.full)<<columnBits + cap(c.last) }

package mask

import (
	"strings"
	"sync"
)

// Calm remembers texts that hold no secret. What names accounts, callers, regions and
// programs is the same in most records, and needs to be searched once only. The zero
// Calm is ready; it is safe for concurrent use.
//
// Two sets take turns, and the older is forgotten when the younger is full.
type Calm struct {
	mu         sync.Mutex
	young, old map[string]struct{}
}

// Bounds of what is remembered: who writes records may invent any number of texts.
const (
	mostCalm    = 1024 // texts in each of the two sets
	longestCalm = 512  // bytes of a text
)

// TextUpTo is the function TextUpTo.
func (c *Calm) TextUpTo(s string, limit int) (out string, n int) {
	if len(s) < shortestSecret || len(s) > min(longestCalm, limit) {
		return TextUpTo(s, limit)
	}
	if knows(c, s) {
		return s, 0
	}
	if out, n = TextUpTo(s, limit); n == 0 && out == s {
		c.add(s)
	}
	return out, n
}

// knows tells whether Text is known to leave a text as it is.
func knows[T string | []byte](c *Calm, s T) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.young[string(s)]; ok {
		return true
	}
	_, ok := c.old[string(s)]
	if ok {
		c.keep(string(s))
	}
	return ok
}

func (c *Calm) add(s string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.keep(strings.Clone(s)) // which may be part of something large
}

func (c *Calm) keep(s string) {
	if len(c.young) >= mostCalm || c.young == nil {
		c.old, c.young = c.young, make(map[string]struct{}, mostCalm)
	}
	c.young[s] = struct{}{}
}

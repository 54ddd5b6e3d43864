package memory

import (
	"bytes"
	"strconv"
)

// What a State has of a group grows by what comes: the machine as of some time,
// segments of hits that came since, which are written once, and an entry with
// the last hits that joins it all. The machine is written anew only when as much
// has settled as it takes. So what a judgement writes does not depend on how
// much a group holds.

// held is what the State has of a group, and what it should have besides.
type held struct {
	version  int64 // of the entry that joins all; 0 for none
	at       int64 // settled time of the machine that is held
	machine  []byte
	apart    blob // of a machine that is too large for that entry
	weight   int  // of the machine, in hits
	segments []segment
	next     int64 // number of the next segment
	tail     []hit // hits in no segment, as they came
	settled  int   // hits held that were settled since at
}

// segment is hits that are written for good.
type segment struct {
	n    int64
	upto int64 // time of its latest hit
}

const groupPrefix = "g/"

// sizes bound what a judgement writes and does again. Tests have small ones.
type sizes struct {
	inline  int // bytes of a machine in the entry itself
	tail    int // bytes of hits there
	segment int // bytes of a segment
	settled int // hits, before a machine is written anew
	marks   int // hits between two marks of a track
}

func usualSizes() *sizes {
	return &sizes{inline: 2 << 10, tail: 4 << 10, segment: 64 << 10, settled: 32, marks: 512}
}

func machineKey(key string) string          { return key + "/m" }
func segmentKey(key string, n int64) string { return key + "/" + strconv.FormatInt(n, 10) }

// entries are the changes that make the State hold the group as it is.
func (g *group) entries(s *Spec, key string) (all []Entry) {
	h := &g.stored
	if g.forgettable() {
		return h.remove(key)
	}
	if g.amended || g.settled > h.at && (len(g.pending) == 0 || h.settled >= max(g.sizes.settled, h.weight)) {
		all = g.write(s, key)
	}
	all = append(all, h.cut(key, g.sizes)...)
	c := codec{}
	c.group(g, &s.Rule)
	h.version++
	return append(all, Entry{key, c.b, h.version})
}

func (h *held) remove(key string) (all []Entry) {
	if h.version == 0 {
		return nil
	}
	all = h.apart.put(machineKey(key), nil)
	for _, x := range h.segments {
		all = append(all, Entry{Key: segmentKey(key, x.n), Version: 2})
	}
	return append(all, Entry{Key: key, Version: h.version + 1})
}

// write writes the machine as of the settled time; hits up to then go.
func (g *group) write(s *Spec, key string) (all []Entry) {
	h := &g.stored
	h.at, h.settled, h.machine, g.amended = g.settled, 0, nil, false
	var m []byte
	switch {
	case g.base == nil:
		m = g.idle
	case !g.base.empty():
		m = encoded(g.base)
	}
	if h.weight = len(m) / hitBytes; len(m) > g.sizes.inline {
		all = h.apart.put(machineKey(key), m)
	} else {
		h.machine = bytes.Clone(m)
		all = h.apart.put(machineKey(key), nil)
	}
	upto := h.at
	if g.late && len(g.pending) == 0 {
		upto = never // what came late is told of and goes, whatever its time
	}
	kept := h.segments[:0]
	for _, x := range h.segments {
		if x.upto > upto {
			kept = append(kept, x)
			continue
		}
		all = append(all, Entry{Key: segmentKey(key, x.n), Version: 2})
	}
	h.segments = kept
	var tail []hit
	for _, x := range h.tail {
		if x.at > upto {
			tail = append(tail, x)
		}
	}
	h.tail = tail
	return all
}

// cut makes segments of the last hits when there are many.
func (h *held) cut(key string, most *sizes) (all []Entry) {
	if hitsBytes(h.tail) <= most.tail {
		return nil
	}
	for len(h.tail) > 0 {
		n, size := 0, 0
		upto := int64(long)
		for n < len(h.tail) && size < most.segment {
			size += h.tail[n].bytes()
			upto = max(upto, h.tail[n].at)
			n++
		}
		c, some := codec{}, h.tail[:n]
		c.hits(&some)
		all = append(all, Entry{segmentKey(key, h.next), c.b, 1})
		h.segments = append(h.segments, segment{h.next, upto})
		h.next++
		h.tail = h.tail[n:]
	}
	h.tail = nil
	return all
}

// bytes is about what a hit takes; hits that follow each other have the end of
// their references in common.
func (h *hit) bytes() int { return 16 + len(h.value) + min(len(h.ref), 64) }

func hitsBytes(hits []hit) (n int) {
	for i := range hits {
		n += hits[i].bytes()
	}
	return n
}

// group describes the entry that joins what is held of a group.
func (c *codec) group(g *group, rule *string) {
	version := int64(2)
	if c.int(&version); version != 2 {
		c.fail()
		return
	}
	h := &g.stored
	c.text(rule)
	c.bool(&g.late)
	c.text(&g.key)
	for _, p := range []*int64{&g.arrived, &g.filed, &g.settled, &g.clock, &h.at, &h.next} {
		c.int(p)
	}
	machine := string(h.machine)
	if c.text(&machine); c.reading && machine != "" {
		h.machine = []byte(machine)
	}
	apart := len(h.apart.versions) > 0
	if c.bool(&apart); c.reading && apart {
		h.apart.versions = []int64{0} // to be read
	}
	at := int64(0)
	list(c, &h.segments, func(x *segment) {
		c.int(&x.n)
		since := x.upto - at
		c.int(&since)
		x.upto = at + since
		at = x.upto
	})
	c.hits(&h.tail)
}

package memory

import (
	"errors"
	"fmt"
	"hash/maphash"
	"os"
)

// spill is where a History writes what does not fit into memory: one temporary
// file, in which groups are spread over parts by their keys. A part is read
// back as a whole, so that all hits of a group are together again.
type spill struct {
	file   *os.File
	seed   maphash.Seed
	size   int64
	chunks [spillParts][]chunk
}

const spillParts = 64

type chunk struct{ at, size int64 }

func newSpill(dir string) (*spill, error) {
	f, err := os.CreateTemp(dir, "trailwarden-*.spill")
	if err != nil {
		return nil, fmt.Errorf("more groups than memory holds, and no temporary file for the rest: %w", err)
	}
	_ = os.Remove(f.Name()) // where the system allows it the file has no name from here on
	return &spill{file: f, seed: maphash.MakeSeed()}, nil
}

// flush writes all groups to the temporary file.
func (h *History) flush() (err error) {
	if h.spill == nil {
		if h.spill, err = newSpill(h.opts.Dir); err != nil {
			return err
		}
	}
	parts := make([][]byte, spillParts)
	for s := range h.specs {
		h.flushLog(s, parts)
		h.log.specs[s] = specLog{}
		for i, b := range parts {
			if err := h.spill.write(i, b); err != nil {
				return err
			}
			parts[i] = b[:0]
		}
	}
	h.log = newHitLog(len(h.specs))
	h.edition++
	return nil
}

// flushLog adds to the parts what the log has of a Spec.
func (h *History) flushLog(s int, parts [][]byte) {
	of, spec := &h.log.specs[s], h.specs[s]
	h.grouping.each(h.log, s, 0, func(key string, seen []sighting) {
		h.sorter.sort(seen)
		h.hits = h.log.read(spec, of, seen, h.hits[:0])
		if spec.thins() {
			h.hits = spec.thin(h.hits)
		}
		p := pile{base: h.hits[0].at, n: int32(len(h.hits))}
		for i := range h.hits {
			p.buf = h.forms[s].appendHit(p.buf, &h.hits[i], p.base)
		}
		part := maphash.String(h.spill.seed, key) % spillParts
		c := codec{b: parts[part]}
		c.pile(&s, &key, &p)
		parts[part] = c.b
	})
}

func (c *codec) pile(s *int, key *string, p *pile) {
	spec, n := int64(*s), int64(p.n)
	c.int(&spec)
	c.text(key)
	c.int(&p.base)
	c.int(&n)
	buf := string(p.buf)
	c.text(&buf)
	*s, p.n, p.buf = int(spec), int32(n), []byte(buf)
}

func (s *spill) write(part int, b []byte) error {
	if len(b) == 0 {
		return nil
	}
	if _, err := s.file.WriteAt(b, s.size); err != nil {
		return fmt.Errorf("groups that do not fit into memory: %w", err)
	}
	s.chunks[part] = append(s.chunks[part], chunk{s.size, int64(len(b))})
	s.size += int64(len(b))
	return nil
}

// load reads the groups of the given Specs in one part.
func (s *spill) load(part int, specs []int) (map[int]map[string]*pile, error) {
	groups := map[int]map[string]*pile{}
	for _, i := range specs {
		groups[i] = map[string]*pile{}
	}
	for _, ch := range s.chunks[part] {
		b := make([]byte, ch.size)
		if _, err := s.file.ReadAt(b, ch.at); err != nil {
			return nil, fmt.Errorf("groups that did not fit into memory: %w", err)
		}
		c := codec{b: b, reading: true}
		for len(c.b) > 0 {
			var spec int
			var key string
			p := new(pile)
			if c.pile(&spec, &key, p); c.bad {
				return nil, errors.New("groups that did not fit into memory: the temporary file was changed")
			}
			if g := groups[spec]; g != nil {
				g[key] = g[key].join(p)
			}
		}
	}
	return groups, nil
}

// join puts q behind the piles of the same group.
func (p *pile) join(q *pile) *pile {
	q.more = p
	return q
}

func (s *spill) close() error {
	name := s.file.Name()
	err := s.file.Close()
	_ = os.Remove(name)
	return err
}

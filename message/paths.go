package message

import (
	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/internal/jsonscan"
)

// paths are dotted paths below a record as a tree, so that values that stand in the
// same object are found by walking through it once.
type paths struct {
	key   string
	ends  []int // the paths that end here, by number
	below []*paths
}

func newPaths(keys [][]string) *paths {
	root := &paths{}
	for i, path := range keys {
		p := root
		for _, key := range path {
			p = p.child(key)
		}
		p.ends = append(p.ends, i)
	}
	return root
}

func (p *paths) child(key string) *paths {
	for _, c := range p.below {
		if c.key == key {
			return c
		}
	}
	c := &paths{key: key}
	p.below = append(p.below, c)
	return c
}

// in finds the value at each path, missing ones too. It writes to room, which has one
// for each.
func (p *paths) in(rec *cloudtrail.Record, room []cloudtrail.Value) []cloudtrail.Value {
	clear(room)
	for _, c := range p.below {
		c.at(rec.Get(c.key), room)
	}
	return room
}

// mostBelow is how many keys are looked for in one walk.
const mostBelow = 16

func (p *paths) at(x cloudtrail.Value, room []cloudtrail.Value) {
	for _, i := range p.ends {
		room[i] = x
	}
	if x.Kind() != cloudtrail.Object {
		return
	}
	for below := p.below; len(below) > 0; {
		some := below[:min(len(below), mostBelow)]
		below = below[len(some):]
		var found [mostBelow]cloudtrail.Value
		x.Members(func(key []byte, y cloudtrail.Value) bool {
			for i, c := range some {
				if jsonscan.KeyIs(key, c.key) {
					found[i] = y // the last of duplicate keys
					break
				}
			}
			return true
		})
		for i, c := range some {
			if found[i].Exists() {
				c.at(found[i], room)
			}
		}
	}
}

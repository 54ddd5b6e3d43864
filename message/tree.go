package message

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/trailwarden/trailwarden/alert"
)

// Tree is labels with dotted names as one JSON object, in order: what a YAML or
// JSON body shows of Event.Fields. Names that count 0, 1, 2 … below one name
// become a list. All values are text.
func Tree(labels []alert.Label) []byte {
	root := &branch{}
	for _, l := range labels {
		root.put(strings.Split(l.Name, "."), l.Value, 0)
	}
	return root.append(nil)
}

// branch is a leaf's text, or what stands below a name.
type branch struct {
	key   string
	text  string
	leaf  bool
	below []*branch
	at    map[string]*branch
}

// maxBranches bounds the depth of a Tree; deeper names keep their dots.
const maxBranches = 20

func (b *branch) put(path []string, text string, depth int) {
	key := path[0]
	if depth == maxBranches {
		key, path = strings.Join(path, "."), path[:1]
	}
	if b.leaf { // a name that is both a value and a parent keeps its own value under ""
		b.leaf, b.at = false, nil
		b.put([]string{""}, b.text, depth)
	}
	c := b.at[key]
	if c == nil {
		c = &branch{key: key}
		if b.at == nil {
			b.at = map[string]*branch{}
		}
		b.at[key], b.below = c, append(b.below, c)
	}
	switch {
	case len(path) > 1:
		c.put(path[1:], text, depth+1)
	case len(c.below) > 0:
		c.put([]string{""}, text, depth+1)
	default:
		c.leaf, c.text = true, text
	}
}

func (b *branch) append(to []byte) []byte {
	switch {
	case b.leaf:
		return append(to, bytes.TrimSpace(quote(b.text))...)
	case b.list():
		to = append(to, '[')
		for i, c := range b.below {
			if i > 0 {
				to = append(to, ',')
			}
			to = c.append(to)
		}
		return append(to, ']')
	}
	to = append(to, '{')
	for i, c := range b.below {
		if i > 0 {
			to = append(to, ',')
		}
		to = append(append(to, quote(c.key)...), ':')
		to = c.append(to)
	}
	return append(to, '}')
}

func (b *branch) list() bool {
	for i, c := range b.below {
		if c.key != strconv.Itoa(i) {
			return false
		}
	}
	return len(b.below) > 0
}

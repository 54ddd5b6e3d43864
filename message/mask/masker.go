package mask

import (
	"encoding/json"

	"github.com/trailwarden/trailwarden/cloudtrail"
)

// Masker masks one value after the other and remembers the names that it met:
// records have few, and each says much about the value beneath it. The zero Masker
// is ready; it is for one goroutine at a time.
type Masker struct {
	names   names
	members []member
	spots   []spot
	still   still
}

// Bounds of the texts, lists and objects that count as plain.
type Bounds struct {
	Text  int // bytes of one string
	Items int // members of one object but the outermost, elements of one list
	Depth int // nested objects and lists
	Bytes int // of the whole
}

// JSON is the function JSON, and tells where in v is nothing that it masked or left
// out, as text or as JSON within a string, nothing that is a secret by its name, and
// nothing beyond the bounds. What is plain so far holds until the next call.
func (m *Masker) JSON(v cloudtrail.Value, l Limits, b Bounds) (out json.RawMessage, n int, p Plain) {
	w := writer{limits: l, bounds: b, names: &m.names, members: m.members[:0], buf: make([]byte, 0, min(len(v.Raw())+64, l.Bytes+64))}
	w.spots, w.tracking, w.still = m.spots[:0], true, &m.still
	w.value(v, &m.names.root, false, 0)
	m.members = nil
	if cap(w.members) <= mostMembers {
		clear(w.members[:min(w.most, cap(w.members))])
		m.members = w.members
	}
	if w.full() {
		out, n = JSON(v, l)
		return out, n, Plain{}
	}
	m.spots = w.spots
	return w.buf, w.masked, Plain{w.spots, v.Kind() == cloudtrail.Object && !w.changed && !w.marked && len(w.buf) <= b.Bytes}
}

// Again is JSON of something else, a part of what JSON was asked about as a rule:
// what is plain stays.
func (m *Masker) Again(v cloudtrail.Value, l Limits) (out json.RawMessage, n int) {
	r := reduce(v, l, Bounds{}, &m.names, 0)
	return r.out, r.masked
}

// Plain tells where in a value texts and numbers are shown as they are, alone or
// within what is around them. The zero Plain knows of no such place.
type Plain struct {
	spots []spot // that are not
	known bool   // there are no others
}

// spot is a place in an object of objects: the key, and the key below it, empty
// where it is not one of the keys below.
type spot [2]string

// mostSpots bounds the places that are told apart; one more and none is plain.
const mostSpots = 16

// At tells whether all that stands at a path of exact keys is plain.
func (p Plain) At(keys ...string) bool {
	if !p.known || len(keys) == 0 {
		return p.known && len(p.spots) == 0
	}
	for i := range p.spots {
		if s := &p.spots[i]; s[0] == keys[0] && (s[1] == "" || len(keys) == 1 || s[1] == keys[1]) {
			return false
		}
	}
	return true
}

// spotted notes that something beneath a member of an object is not plain.
func (w *writer) spotted(m *member, depth int) {
	if !w.tracking || depth > 1 || !w.marked && !w.changed || len(w.spots) == mostSpots {
		return // the mark stays, and nothing is plain then
	}
	at := spot{w.outer, m.text}
	if depth == 0 {
		at = spot{m.text}
	}
	w.spots, w.marked, w.changed = append(w.spots, at), false, false
}

// mostMembers bounds what a Masker keeps for the next value.
const mostMembers = 1024

// name is what a key tells.
type name struct {
	raw    string // as it is written
	text   string
	plain  bool // it is shown as it is, in any form
	secret bool // what stands under it is a secret
	names  bool // it names what stands beside it
	value  bool // what stands under it may be named beside it

	// The following are of names that are remembered.
	kept        bool
	round       uint64 // the object in which it was met last
	next, first *name  // what followed it, and what came first beneath it, the last time
}

func nameOf(raw []byte) *name {
	text := Key(raw)
	out, n := Text(text)
	return &name{
		raw: string(raw), text: text, plain: out == text && n == 0 && written(text), secret: SecretKey(text),
		names: nameKeys[text], value: valueKeys[text],
	}
}

// names are those that a Masker met.
type names struct {
	known map[string]*name
	round uint64 // counts objects
	root  name   // of what stands under none
}

// Bounds of the names that are remembered: an attacker may invent any number.
const (
	mostNames   = 1024
	longestName = 64 // bytes
)

// of is what a raw key tells. Names that are written in two ways are not
// remembered, so that one that is kept is another than each other.
func (n *names) of(raw []byte) *name {
	if n == nil {
		return nameOf(raw)
	}
	if k := n.known[string(raw)]; k != nil {
		return k
	}
	k := nameOf(raw)
	if k.raw != k.text || len(raw) > longestName || len(n.known) >= mostNames {
		return k
	}
	if n.known == nil {
		n.known = map[string]*name{}
	}
	k.kept = true
	n.known[k.raw] = k
	return k
}

// written tells whether text is in JSON as it is: printable ASCII without quotes
// and backslashes.
func written[T string | []byte](text T) bool {
	for i := range len(text) {
		if unwritten[text[i]] {
			return false
		}
	}
	return true
}

var unwritten = func() (t [256]bool) {
	for c := range t {
		t[c] = c < ' ' || c > '~' || c == '"' || c == '\\'
	}
	return t
}()

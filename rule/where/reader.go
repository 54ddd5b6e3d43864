package where

import (
	"encoding/binary"

	"github.com/trailwarden/trailwarden/detect"
	"github.com/trailwarden/trailwarden/internal/yamldoc"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
)

// Reader reads the conditions of many rules. Rules test the same fields for the
// same values again and again; a Reader makes each such test once and gives it
// to all of them, which in a large set saves most of the time and memory. The
// zero Reader is ready; it is not for concurrent use.
type Reader struct {
	tests  map[string]detect.Node // by identity
	key    []byte
	source []byte // room for a test's text
}

// Expect makes room for about so many different tests.
func (r *Reader) Expect(tests int) {
	if r.tests == nil {
		r.tests = make(map[string]detect.Node, min(tests, mostExpected))
	}
}

// mostExpected bounds the room made before there is anything.
const mostExpected = 1 << 17

// maxShared bounds the identity of a test that is shared, in bytes.
const maxShared = 512

// ParseNode reads a condition as the function of the same name does.
func (r *Reader) ParseNode(n *yamldoc.Node) (*Condition, diagnostic.List) {
	p := parser{known: r}
	c := &Condition{node: p.condition(n)}
	if p.list.Err() != nil {
		return nil, p.list
	}
	return c, p.list
}

// find is the test of field k that is written as v, or nil; id is what to keep
// it under.
func (r *Reader) find(k, v *yamldoc.Node) (test detect.Node, id []byte) {
	if r == nil {
		return nil, nil
	}
	r.key = appendIdentity(appendText(r.key[:0], k.Text), v)
	return r.tests[string(r.key)], r.key
}

func (r *Reader) keep(id []byte, test detect.Node) {
	if len(id) == 0 || len(id) > maxShared {
		return
	}
	if r.tests == nil {
		r.tests = map[string]detect.Node{}
	}
	r.tests[string(id)] = test
}

// appendIdentity appends what tells v from every node that means something
// else, or is written in another way.
func appendIdentity(dst []byte, v *yamldoc.Node) []byte {
	if len(dst) > maxShared {
		return dst
	}
	plain := byte(0)
	if v.Plain {
		plain = 1
	}
	dst = append(dst, byte(v.Kind), plain)
	dst = appendText(dst, v.Text)
	dst = binary.AppendUvarint(dst, uint64(len(v.Values)))
	for i, x := range v.Values {
		if v.Kind == yamldoc.Map {
			dst = appendIdentity(dst, v.Keys[i])
		}
		dst = appendIdentity(dst, x)
	}
	return dst
}

func appendText(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

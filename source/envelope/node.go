package envelope

import (
	"strconv"
	"strings"
	"time"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/internal/jsonscan"
)

// node is one value of a text that an Index found sound. The zero node is a
// value that is not there.
type node struct {
	ix   *jsonscan.Index
	raw  []byte
	mark int
}

func (n node) is(open byte) bool { return len(n.raw) > 0 && n.raw[0] == open }

func (n node) object() bool { return n.is('{') }
func (n node) array() bool  { return n.is('[') }
func (n node) exists() bool { return len(n.raw) > 0 }

// get is the member with exactly this key; the last of duplicates wins.
func (n node) get(key string) (found node) {
	if !n.object() {
		return found
	}
	var it jsonscan.Item
	for c := n.ix.Inside(n.mark); c.Member(&it); {
		if jsonscan.KeyIs(it.Key, key) {
			found = node{n.ix, it.Val, it.Mark}
		}
	}
	return found
}

// at follows keys.
func (n node) at(keys ...string) node {
	for _, k := range keys {
		n = n.get(k)
	}
	return n
}

// each calls yield for the elements of an array.
func (n node) each(yield func(node)) {
	if !n.array() {
		return
	}
	var it jsonscan.Item
	for c := n.ix.Inside(n.mark); c.Element(&it); {
		yield(node{n.ix, it.Val, it.Mark})
	}
}

// first is the first element of an array.
func (n node) first() node {
	if !n.array() {
		return node{}
	}
	var it jsonscan.Item
	if c := n.ix.Inside(n.mark); c.Element(&it) {
		return node{n.ix, it.Val, it.Mark}
	}
	return node{}
}

// bytes is the decoded text of a string, nil of other kinds. It is a copy only
// where the string holds escapes or invalid UTF-8.
func (n node) bytes() []byte {
	if !n.is('"') {
		return nil
	}
	return cloudtrail.ValueOf(n.raw).Text(nil)
}

func (n node) str() string { return string(n.bytes()) }

// integer is a number without a fraction, also where it is written as text.
func (n node) integer() (int64, bool) {
	text := string(n.raw)
	if n.is('"') {
		text = n.str()
	}
	i, err := strconv.ParseInt(strings.TrimSuffix(text, ".0"), 10, 64)
	return i, err == nil
}

// instant is a time in any of the forms in which the services write it: RFC 3339
// text, milliseconds since 1970, or seconds with a fraction.
func (n node) instant() time.Time {
	if n.is('"') {
		if t, err := time.Parse(time.RFC3339Nano, n.str()); err == nil {
			return t.UTC()
		}
	}
	if ms, ok := n.integer(); ok {
		return fromEpoch(float64(ms))
	}
	if f, err := strconv.ParseFloat(string(n.raw), 64); err == nil {
		return fromEpoch(f)
	}
	return time.Time{}
}

// fromEpoch reads seconds or milliseconds since 1970, by their size.
func fromEpoch(f float64) time.Time {
	const laterSeconds = 100_000_000_000 // the year 5138, or March 1973 in ms
	switch {
	case !(f > 0 && f < 1e15):
		return time.Time{}
	case f < laterSeconds:
		return time.UnixMilli(int64(f * 1000)).UTC()
	}
	return time.UnixMilli(int64(f)).UTC()
}

package dynamodb

import (
	"context"
	"errors"
)

// key names an item.
type key struct{ pk, sk string }

// item is all that the store knows of a table: keys, a revision, and content.
type item struct {
	key
	rev  int64 // grows with each write
	at   int64 // last change, milliseconds
	ttl  int64 // when it may be forgotten, seconds; 0 never
	data []byte
	// Of what is listed: keys of the index, and words to choose by. Of a blob the
	// words are the keys of what it belongs to.
	list, order, words string
}

// condition is what must hold of the item that an op replaces.
type condition uint8

const (
	always   condition = iota
	ifAbsent           // there is none
	ifRev              // it has the revision op.was
)

// op writes or deletes one item, or only holds it to its condition.
type op struct {
	item
	del   bool
	check bool
	when  condition
	was   int64
}

// query selects items of one partition, or of one list of the index, whose sort
// key is within from and to, both included.
type query struct {
	index        bool
	pk, from, to string
	down         bool // the last ones first
	page         int  // how many are wanted about
}

// old selects items of the partitions that begin with prefix and did not change
// since before, milliseconds.
type old struct {
	prefix string
	before int64
}

// errChanged is returned by write when a condition did not hold, or somebody
// else was writing the same items: nothing was written.
var errChanged = errors.New("somebody else has changed it")

// table is what the store needs of a database.
type table interface {
	// get reads items as they are now; those that are not there are left out.
	get(ctx context.Context, keys []key) (map[key]item, error)
	// query calls yield for each item, in order, until it returns false. Of the
	// index it gives keys and words only, perhaps as they were a moment ago.
	query(ctx context.Context, q query, yield func(item) bool) error
	// scan calls yield for the keys of everything that is old.
	scan(ctx context.Context, what []old, yield func(item) bool) error
	// write does all ops or none, at most maxOps of them and maxBytes.
	write(ctx context.Context, ops []op) error
	// put does any number of ops without conditions, in no order; some may be
	// done when it fails.
	put(ctx context.Context, ops []op) error
}

// Bounds of DynamoDB (Developer Guide, "Quotas", TransactWriteItems and item
// size), with room to spare.
const (
	maxOps   = 100
	maxBytes = 3_900_000
	maxData  = 340_000
)

// size is how many bytes DynamoDB counts for an item ("Item sizes and formats"),
// a little more rather than less.
func (i *item) size() int {
	const numbers = 3 * 12 // names and values of r, t and ttl
	n := len("pk") + len(i.pk) + len("sk") + len(i.sk) + numbers + len("d") + len(i.data)
	return n + len("low") + len(i.list) + len(i.order) + len(i.words)
}

// sizes add up the bytes of ops.
func sizes(ops []op) (n int) {
	for i := range ops {
		n += ops[i].size()
	}
	return n
}

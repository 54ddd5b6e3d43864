package pipeline

import (
	"maps"
	"math/bits"
	"slices"
	"sync"
)

// order brings the batches of all workers into listing order. The worker whose
// stretch of the listing is next hands its batches on directly; those of workers
// ahead of it are kept, at most maxBytes of them, and beyond that such workers
// wait. So memory has a bound in bytes whatever the number and size of files.
type order struct {
	flush    func(*batch) error
	maxBytes int
	given    func() bool // entries were given back and nobody has them; may be nil

	mu       sync.Mutex
	moved    sync.Cond // next advanced, bytes fell, or err or the end came
	next     int       // the entry whose batches are handed on
	waiting  map[int]*queue
	bytes    int // in waiting
	spare    [spareSizes][]*batch
	kept     [2]int // bytes in spare, of small batches and of large ones
	flushing bool
	ended    bool // not all entries will come: nobody waits for them
	err      error
}

// queue is what is kept of one stretch.
type queue struct {
	first, last *batch
	done        int // entries of the stretch, once all of them have been read
}

func newOrder(maxBytes int, flush func(*batch) error) *order {
	o := &order{flush: flush, maxBytes: maxBytes, waiting: map[int]*queue{}}
	o.moved.L = &o.mu
	return o
}

// put hands on the batch b of the stretch that begins with entry i. With its last
// one done is how many entries the stretch has; it is 0 before. The batch is the
// caller's again when put returns. The error is the first one of flush, and every
// later put returns it too.
func (o *order) put(i int, b *batch, done int) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err == nil && i == o.next && !o.flushing && o.waiting[i] == nil {
		o.pass(b)
		o.next += done
	} else {
		o.keep(i, b, done)
	}
	if !o.flushing {
		o.drain()
	}
	for o.err == nil && !o.ended && o.bytes > o.maxBytes && (o.flushing || i != o.next) && !o.mayGo(done) {
		o.moved.Wait()
	}
	return o.err
}

// mayGo tells a worker at the end of its stretch not to wait: entries were given
// back that may be what is next, and were all to wait, nobody would read them.
func (o *order) mayGo(done int) bool { return done > 0 && o.given != nil && o.given() }

// pass flushes b while others may put; the lock is held before and after.
func (o *order) pass(b *batch) {
	o.flushing = true
	o.mu.Unlock()
	err := o.flush(b)
	o.mu.Lock()
	o.flushing = false
	if err != nil && o.err == nil {
		o.err = err
	}
	o.moved.Broadcast()
}

func (o *order) keep(i int, b *batch, done int) {
	q := o.waiting[i]
	if q == nil {
		q = new(queue)
		o.waiting[i] = q
	}
	c := o.take(b.wants())
	b.handTo(c)
	if q.last == nil {
		q.first = c
	} else {
		q.last.following = c
	}
	q.last, q.done = c, done
	o.bytes += c.size()
}

// drain hands on what is kept of the next stretch, and of those after it as long
// as each is complete.
func (o *order) drain() {
	for o.err == nil {
		q := o.waiting[o.next]
		if q == nil {
			return
		}
		if q.first == nil {
			if q.done == 0 {
				return
			}
			delete(o.waiting, o.next)
			o.next += q.done
			o.moved.Broadcast()
			continue
		}
		b := q.first
		if q.first = b.following; q.first == nil {
			q.last = nil
		}
		o.pass(b)
		o.bytes -= b.size()
		o.give(b)
	}
}

// maxSpare bounds the memory, in bytes, of batches that are kept to be used
// again. It is as much as may wait by default, so that what had to be there once is
// not made again: with half of it, a scan with a finding in most records collected
// garbage twenty times, a tenth of its time. Of small batches fewer are kept: they
// cost little to make, and hundreds of them wait once in a while. They are kept by
// size, as powers of two: else each would grow to what the largest of all files once
// needed.
const (
	maxSpare   = 4 << 20
	smallSpare = 512 << 10
	small      = 1 << 16 // bytes
	spareSizes = 32
	spareFit   = 2 // how many sizes larger than needed one may be
)

// sizeClass is where a batch of so many bytes is kept.
func sizeClass(n int) int { return min(bits.Len(uint(n)), spareSizes-1) }

// take is an empty batch with room for about n bytes, or none at all.
func (o *order) take(n int) *batch {
	least := sizeClass(n)
	for class := least; class <= min(least+spareFit, spareSizes-1); class++ {
		if last := len(o.spare[class]) - 1; last >= 0 {
			b := o.spare[class][last]
			o.spare[class] = o.spare[class][:last]
			kept, _ := o.keptLike(b.size())
			*kept -= b.size()
			return b
		}
	}
	return new(batch)
}

func (o *order) give(b *batch) {
	b.reset()
	n := b.size()
	if kept, most := o.keptLike(n); *kept+n <= most {
		o.spare[sizeClass(n)] = append(o.spare[sizeClass(n)], b)
		*kept += n
	}
}

// keptLike is how much is kept of batches like one of n bytes, and the most that may.
func (o *order) keptLike(n int) (kept *int, most int) {
	if n < small {
		return &o.kept[0], smallSpare
	}
	return &o.kept[1], maxSpare
}

// end says that entries will be missing, so that nobody waits for them.
func (o *order) end() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.ended = true
	o.moved.Broadcast()
}

// rest hands on what is left when all workers have ended, passing over what is
// missing.
func (o *order) rest() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, i := range slices.Sorted(maps.Keys(o.waiting)) {
		o.next = max(o.next, i)
		o.drain()
	}
}

// stop makes every put return err from now on.
func (o *order) stop(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err == nil {
		o.err = err
	}
	o.moved.Broadcast()
}

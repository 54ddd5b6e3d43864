package pipeline

import "sync"

// order brings the batches of all workers into listing order. The worker whose
// file is next in the listing hands its batches on directly; those of workers
// ahead of it are kept, at most maxBytes of them, and beyond that such workers
// wait. So memory has a bound in bytes whatever the number and size of files.
type order struct {
	flush    func(*batch) error
	maxBytes int

	mu       sync.Mutex
	moved    sync.Cond // next advanced, bytes fell or err came
	next     int       // the file whose batches are handed on
	waiting  map[int]*queue
	bytes    int // in waiting
	spare    []*batch
	kept     int // bytes in spare
	flushing bool
	err      error
}

// queue is what is kept of one file.
type queue struct {
	first, last *batch
	done        bool
}

func newOrder(maxBytes int, flush func(*batch) error) *order {
	o := &order{flush: flush, maxBytes: maxBytes, waiting: map[int]*queue{}}
	o.moved.L = &o.mu
	return o
}

// put hands on the batch b of file number i; done says that it is the file's
// last. The batch is the caller's again when put returns. The error is the
// first one of flush, and every later put returns it too.
func (o *order) put(i int, b *batch, done bool) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err == nil && i == o.next && !o.flushing && o.waiting[i] == nil {
		o.pass(b)
		if done {
			o.next++
		}
	} else {
		o.keep(i, b, done)
	}
	if !o.flushing {
		o.drain()
	}
	for o.err == nil && o.bytes > o.maxBytes && (o.flushing || i != o.next) {
		o.moved.Wait()
	}
	return o.err
}

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

func (o *order) keep(i int, b *batch, done bool) {
	q := o.waiting[i]
	if q == nil {
		q = new(queue)
		o.waiting[i] = q
	}
	c := o.take()
	b.handTo(c)
	if q.last == nil {
		q.first = c
	} else {
		q.last.following = c
	}
	q.last, q.done = c, done
	o.bytes += c.size()
}

// drain hands on what is kept of the next file, and of those after it as long
// as each is complete.
func (o *order) drain() {
	for o.err == nil {
		q := o.waiting[o.next]
		if q == nil {
			return
		}
		if q.first == nil {
			if !q.done {
				return
			}
			delete(o.waiting, o.next)
			o.next++
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
// again. It is as much as may wait by default, so that what had to be there once
// is not made again and again.
const maxSpare = 4 << 20

func (o *order) take() *batch {
	n := len(o.spare)
	if n == 0 {
		return new(batch)
	}
	b := o.spare[n-1]
	o.spare = o.spare[:n-1]
	o.kept -= b.size()
	return b
}

func (o *order) give(b *batch) {
	b.reset()
	if n := b.size(); o.kept+n <= maxSpare {
		o.spare = append(o.spare, b)
		o.kept += n
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

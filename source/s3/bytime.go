package s3

import (
	"container/heap"
	"context"
	"errors"
	"iter"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/source"
)

// mark is a place in a listing by time. It begins with what lies outside
// CloudTrail's folders, by key; then come the log files, by time and key.
type mark struct {
	Time time.Time `json:"time,omitzero"`
	Key  string    `json:"key,omitempty"`
	// Region is the folder that is being listed where there are too many to be
	// merged: then the files come folder by folder, by key.
	Region string `json:"region,omitempty"`
}

// behind tells whether the place of a is before that of b in a merged listing.
func (m mark) behind(o mark) bool {
	if c := m.Time.Compare(o.Time); c != 0 {
		return c < 0
	}
	return m.Key < o.Key
}

// listed is an object with its place; without one it is given again by a listing
// that is resumed nearby.
type listed struct {
	source.Object
	at mark
}

// byTime gives what List gives, in the order of delivery over all accounts and
// regions: the folders of all regions are listed side by side, a page of each.
// Of a bucket with more of them than the bound it gives one after the other. A listing
// is resumed behind a mark; Listing.After is not used.
func (c *Client) byTime(ctx context.Context, l Listing, after mark, b bounds) iter.Seq2[listed, error] {
	return func(yield func(listed, error) bool) {
		l.After = ""
		m := &merging{c: c, ctx: ctx, l: l, after: after, yield: yield}
		err := c.allow(source.Object{Bucket: l.Bucket, Key: "x"})
		if err == nil {
			err = m.run(b)
		}
		if err != nil && !m.stopped {
			yield(listed{}, err)
		}
	}
}

// merging is one listing by time under way.
type merging struct {
	c       *Client
	ctx     context.Context
	l       Listing
	after   mark
	yield   func(listed, error) bool
	stopped bool
	heads   heads
}

func (m *merging) give(o source.Object, at mark) bool {
	m.stopped = m.stopped || !m.yield(listed{o, at}, nil)
	return !m.stopped
}

func (m *merging) run(b bounds) error {
	var folders []string
	w := m.walk(m.l, func(o source.Object) bool {
		if at := (mark{Key: o.Key}); m.after.Time.IsZero() && m.after.Region == "" && m.after.behind(at) {
			return m.give(o, at)
		}
		return !m.stopped
	})
	w.region = func(folder string) { folders = append(folders, folder) }
	if err := w.below(m.l.Prefix); err != nil || m.stopped {
		return err
	}
	if len(folders) > b.folders {
		return m.oneByOne(folders)
	}
	if m.after.Region != "" {
		m.after = mark{} // there were more then
	}
	return m.sideBySide(folders, b.files)
}

// walk lists for give.
func (m *merging) walk(l Listing, give func(o source.Object) bool) *walk {
	return &walk{c: m.c, ctx: m.ctx, l: l, yield: func(o source.Object, _ error) bool { return give(o) }}
}

// oneByOne lists folder by folder.
func (m *merging) oneByOne(folders []string) error {
	for _, folder := range folders {
		if folder < m.after.Region {
			continue
		}
		l := m.l
		if folder == m.after.Region {
			l.After = m.after.Key
		}
		w := m.walk(l, func(o source.Object) bool { return m.give(o, mark{Key: o.Key, Region: folder}) })
		if err := w.keys(folder, placeOf(folder)); err != nil || m.stopped {
			return err
		}
	}
	return nil
}

// bounds of what a listing by time holds.
type bounds struct {
	folders int // that are listed side by side
	files   int // of all of them together whose names are at hand
}

// Ordinary bounds, and that of a page (S3 API Reference, ListObjectsV2).
const (
	mostFolders = 4_000
	mostAtHand  = 200_000
	largestPage = 1_000
)

// sideBySide merges folders.
func (m *merging) sideBySide(folders []string, files int) error {
	page := int32(min(largestPage, max(1, files/max(1, len(folders)))))
	all := make([]*head, len(folders))
	for i, folder := range folders {
		all[i] = m.head(folder, page)
	}
	if err := m.fill(all); err != nil {
		return err
	}
	for _, h := range all {
		if err := m.enter(h); err != nil || m.stopped {
			return err
		}
	}
	for len(m.heads) > 0 {
		h := m.heads[0]
		if !m.give(h.next()) {
			return nil
		}
		if len(h.files) > 0 {
			heap.Fix(&m.heads, 0)
			continue
		}
		heap.Pop(&m.heads)
		if err := m.enter(h); err != nil || m.stopped {
			return err
		}
	}
	return nil
}

// enter has the files of a head take part, if there are more. What stands before
// them and has no place in time is given at once: so all of it was given before
// any later file of the folder.
func (m *merging) enter(h *head) error {
	for {
		for _, o := range h.odd {
			if !m.give(o, mark{}) {
				return nil
			}
		}
		h.odd = nil
		if len(h.files) > 0 {
			heap.Push(&m.heads, h)
			return nil
		}
		if h.done {
			return nil
		}
		if err := h.fill(m); err != nil {
			return err
		}
	}
}

// fill gets the first pages, some at once.
func (m *merging) fill(all []*head) error {
	const atOnce = 8
	var (
		wg    sync.WaitGroup
		slots = make(chan struct{}, atOnce)
		errs  = make([]error, len(all))
	)
	for i, h := range all {
		slots <- struct{}{}
		wg.Go(func() {
			errs[i] = h.fill(m)
			<-slots
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// head is the folder of one region, as far as it was listed.
type head struct {
	in    *awss3.ListObjectsV2Input
	end   string // keys from it on are not wanted; "" sets no bound
	files []file // of the page at hand, not given yet
	odd   []source.Object
	done  bool
	walk  *walk
}

// file is a log file with its place: its name says when it was delivered, and the
// names of one folder say so in order.
type file struct {
	at     mark
	object types.Object
}

func (m *merging) head(folder string, page int32) *head {
	l := m.l
	if l.From.Before(m.after.Time) {
		l.From = m.after.Time.Truncate(24 * time.Hour)
	}
	w := m.walk(m.l, nil)
	from, end := l.days(folder, placeOf(folder))
	in := w.input(folder, "", from)
	in.MaxKeys = aws.Int32(page)
	return &head{in: in, end: end, walk: w}
}

// fill gets a page.
func (h *head) fill(m *merging) error {
	page, err := m.c.page(m.ctx, h.in)
	if err != nil {
		return err
	}
	h.files = h.files[:0]
	for i := range page.Contents {
		if h.end != "" && aws.ToString(page.Contents[i].Key) >= h.end {
			h.done = true
			return nil
		}
		h.take(m, page.Contents[i])
	}
	h.done = !aws.ToBool(page.IsTruncated)
	h.in.ContinuationToken, h.in.StartAfter = page.NextContinuationToken, nil
	return nil
}

func (h *head) take(m *merging, o types.Object) {
	found := h.walk.object(&o)
	if !h.walk.matches(found) {
		return
	}
	k, _ := cloudtrail.ParseObjectKey(found.Key)
	if k.Delivered.IsZero() || !k.Date.Equal(k.Delivered.Truncate(24*time.Hour)) {
		h.odd = append(h.odd, found)
		return
	}
	if at := (mark{Time: k.Delivered, Key: found.Key}); m.after.behind(at) {
		h.files = append(h.files, file{at, types.Object{Key: o.Key, ETag: o.ETag, Size: o.Size, LastModified: o.LastModified}})
	}
}

// next takes the first file.
func (h *head) next() (source.Object, mark) {
	f := h.files[0]
	h.files[0] = file{}
	h.files = h.files[1:]
	return h.walk.object(&f.object), f.at
}

// heads is a heap.
type heads []*head

func (h heads) Len() int           { return len(h) }
func (h heads) Less(i, j int) bool { return h[i].files[0].at.behind(h[j].files[0].at) }
func (h heads) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }

// Push and Pop are those of heap.Interface.
func (h *heads) Push(x any) { *h = append(*h, x.(*head)) }

// Pop takes the last.
func (h *heads) Pop() any {
	all := *h
	last := all[len(all)-1]
	all[len(all)-1] = nil
	*h = all[:len(all)-1]
	return last
}

// days bounds the keys of a region's folder: days are parts of the key, so their
// order is that of the keys.
func (l Listing) days(folder string, p place) (after, end string) {
	after = l.After
	if !l.From.IsZero() {
		after = max(after, p.root+l.From.UTC().Format("2006/01/02/"))
	}
	if after <= folder {
		after = ""
	}
	if !l.To.IsZero() {
		end = p.root + l.To.UTC().Format("2006/01/02") + "0" // "0" follows "/"
	}
	return after, end
}

// object is an object of a page.
func (w *walk) object(o *types.Object) source.Object {
	return source.Object{Bucket: w.l.Bucket, Key: aws.ToString(o.Key), ETag: strings.Trim(aws.ToString(o.ETag), `"`),
		Size: aws.ToInt64(o.Size), Region: w.c.region(w.l.Bucket, ""), Time: aws.ToTime(o.LastModified).UTC()}
}

package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/trailwarden/trailwarden/source"
)

// Open opens an object. The version that the message names is read; without one
// it is the newest, and Info.Replaced tells if that is no longer the one that
// was announced.
func (c *Client) Open(ctx context.Context, o source.Object) (io.ReadCloser, source.Info, error) {
	if err := c.allow(o); err != nil {
		return nil, source.Info{}, err
	}
	b := &body{c: c, ctx: ctx, object: o, size: -1}
	if err := c.do(ctx, o, b.request); err != nil {
		return nil, source.Info{}, err
	}
	b.object.Region = c.region(o.Bucket, o.Region)
	return b, b.info(o), nil
}

// body is the contents of one object, taken up again after every break.
type body struct {
	c      *Client
	ctx    context.Context
	object source.Object // as found
	size   int64         // of the object; -1 before the first answer
	when   time.Time
	at     int64 // bytes handed out

	r      io.ReadCloser
	cancel context.CancelFunc
	patience
	breaks int // in a row, without headway
	all    int
	odd    int // answers of another size than was announced
}

func (b *body) info(asked source.Object) source.Info {
	o := b.object
	return source.Info{Object: o, Modified: b.when, Replaced: asked.VersionID == "" && asked.ETag != "" && o.ETag != "" && asked.ETag != o.ETag}
}

// request asks for the object from b.at on.
func (b *body) request(ctx context.Context, cl *awss3.Client) error {
	ctx, cancel := context.WithCancel(ctx)
	in := &awss3.GetObjectInput{Bucket: &b.object.Bucket, Key: &b.object.Key, ExpectedBucketOwner: b.c.owner()}
	if v := b.object.VersionID; v != "" {
		in.VersionId = &v
	}
	if b.size >= 0 {
		in.Range = aws.String(fmt.Sprintf("bytes=%d-", b.at))
		if b.object.ETag != "" {
			in.IfMatch = aws.String(`"` + b.object.ETag + `"`)
		}
	}
	b.patience, b.cancel = newPatience(b.c.o.Stall), cancel
	b.begin(cancel)
	out, err := cl.GetObject(ctx, in)
	if late := b.end(0); err != nil {
		cancel()
		return stalled(err, late)
	}
	b.r = out.Body
	if err := b.accept(out); err != nil {
		b.drop()
		return err
	}
	return nil
}

// errStalled says that nothing came for too long.
var errStalled = errors.New("nothing came for too long")

func stalled(err error, late bool) error {
	if late {
		return fmt.Errorf("%w: %w", errStalled, err)
	}
	return err
}

// accept checks an answer against what was asked for.
func (b *body) accept(out *awss3.GetObjectOutput) error {
	etag := strings.Trim(aws.ToString(out.ETag), `"`)
	if b.size < 0 {
		return b.first(out, etag)
	}
	if b.object.ETag != "" && etag != "" && etag != b.object.ETag {
		return &source.Changed{Object: b.object}
	}
	start, size, ok := contentRange(aws.ToString(out.ContentRange))
	switch {
	case !ok: // the whole object again
		start, size = 0, aws.ToInt64(out.ContentLength)
	case start > b.at:
		return fmt.Errorf("asked for byte %d, Amazon S3 answered from byte %d on", b.at, start)
	}
	if size >= 0 && b.size >= 0 && size != b.size {
		b.size = max(size, b.at)
	}
	return b.discard(b.at - start)
}

// first takes in the first answer.
func (b *body) first(out *awss3.GetObjectOutput, etag string) error {
	size := int64(-1)
	if out.ContentLength != nil {
		size = *out.ContentLength
	}
	announced := b.object
	same := announced.ETag != "" && announced.ETag == etag
	if same && announced.Size > 0 && size >= 0 && size != announced.Size && b.odd < 2 {
		b.odd++ // the announcement is a hint only: believe S3 in the end
		return fmt.Errorf("the answer has %d bytes, and the object of this ETag has %d", size, announced.Size)
	}
	b.size = max(size, 0)
	if size < 0 {
		b.size = 1 << 62 // unknown: the end is where the answer ends
	}
	b.object.ETag, b.object.Size = etag, size
	if v := aws.ToString(out.VersionId); v != "" && v != "null" {
		b.object.VersionID = v
	}
	if out.LastModified != nil {
		b.when = out.LastModified.UTC()
	}
	return nil
}

// discard reads over n bytes that were handed out before.
func (b *body) discard(n int64) error {
	buf := make([]byte, min(n, 32<<10))
	for n > 0 {
		k, late, err := b.some(buf[:min(n, int64(len(buf)))])
		if n -= int64(k); n > 0 && err != nil {
			return stalled(err, late)
		}
	}
	return nil
}

// some reads from the answer in hand, as long as there is patience.
func (b *body) some(p []byte) (n int, late bool, err error) {
	b.begin(b.cancel)
	n, err = b.r.Read(p)
	return n, b.end(n), err
}

// contentRange reads a Content-Range header: where it starts and how large the
// whole object is, -1 when it does not say.
func contentRange(s string) (start, size int64, ok bool) {
	s, found := strings.CutPrefix(s, "bytes ")
	span, total, cut := strings.Cut(s, "/")
	if !found || !cut {
		return 0, 0, false
	}
	size, err := strconv.ParseInt(total, 10, 64)
	if err != nil {
		size = -1
	}
	first, _, _ := strings.Cut(span, "-")
	start, err = strconv.ParseInt(first, 10, 64)
	return start, size, err == nil
}

// Read reads on, over every break.
func (b *body) Read(p []byte) (int, error) {
	for {
		if b.r == nil {
			if err := b.resume(); err != nil {
				return 0, err
			}
		}
		n, late, err := b.some(p)
		b.at += int64(n)
		if n > 0 {
			b.breaks = 0
		}
		switch {
		case err == nil:
			return n, nil
		case b.ctx.Err() != nil:
			return n, b.ctx.Err()
		case err == io.EOF && b.complete():
			return n, io.EOF
		case err != io.EOF && b.at >= b.size:
			b.drop() // all bytes came, and their checksum is wrong
			return n, fmt.Errorf("reading %q from Amazon S3: %w", b.object.String(), err)
		}
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		b.drop()
		if err := b.broken(stalled(err, late)); err != nil || n > 0 {
			return n, err
		}
	}
}

// complete tells whether the end of an answer is the end of the object.
func (b *body) complete() bool { return b.at >= b.size || b.size == 1<<62 }

// maxBreaks is how often one object is taken up again in all.
const maxBreaks = 200

// broken counts a break and waits, unless there were too many.
func (b *body) broken(err error) error {
	b.breaks++
	b.all++
	if b.breaks >= b.c.o.Tries || b.all >= maxBreaks {
		return fmt.Errorf("reading %q from Amazon S3 broke off %d times, last at byte %d: %w", b.object.String(), b.all, b.at, err)
	}
	if b.breaks == 1 {
		return nil // at once: most breaks are a connection that ended
	}
	return b.c.o.Clock.Wait(b.ctx, b.c.o.Backoff.After(b.breaks-1))
}

// resume asks for the rest of the object.
func (b *body) resume() error {
	return b.c.do(b.ctx, b.object, func(ctx context.Context, cl *awss3.Client) error {
		err := b.request(ctx, cl)
		if err != nil && judge(err) == pastEnd {
			return b.atEnd(ctx, cl)
		}
		return err
	})
}

// atEnd tells whether a range that S3 refused began right at the object's end,
// because the first answer had claimed to be longer than it was.
func (b *body) atEnd(ctx context.Context, cl *awss3.Client) error {
	ctx, cancel := context.WithTimeout(ctx, b.c.o.Stall)
	defer cancel()
	in := &awss3.HeadObjectInput{Bucket: &b.object.Bucket, Key: &b.object.Key, ExpectedBucketOwner: b.c.owner()}
	if v := b.object.VersionID; v != "" {
		in.VersionId = &v
	}
	out, err := cl.HeadObject(ctx, in)
	if err != nil {
		return err
	}
	same := b.object.ETag == "" || strings.Trim(aws.ToString(out.ETag), `"`) == b.object.ETag
	if !same || aws.ToInt64(out.ContentLength) != b.at {
		return &source.Changed{Object: b.object}
	}
	b.size, b.r, b.cancel = b.at, io.NopCloser(strings.NewReader("")), func() {}
	return nil
}

// drop gives up the answer in hand.
func (b *body) drop() {
	if b.r != nil {
		b.cancel()
		b.r.Close()
		b.r = nil
	}
}

// Close ends the reading.
func (b *body) Close() error {
	b.drop()
	return nil
}

// patience breaks off a request that makes no headway. Only the time in which
// somebody waits for bytes counts.
type patience struct {
	stall, left time.Duration
	got         int
	timer       *time.Timer
	since       time.Time
}

// headway is how many bytes must come in one stall's time.
const headway = 512

func newPatience(stall time.Duration) patience { return patience{stall: stall, left: stall} }

func (p *patience) begin(giveUp func()) {
	p.since = time.Now()
	p.timer = time.AfterFunc(p.left, giveUp)
}

// end says that n bytes came, and reports whether the time was up.
func (p *patience) end(n int) (late bool) {
	late = !p.timer.Stop()
	p.left -= time.Since(p.since)
	if p.got += n; p.got >= headway {
		p.got, p.left = 0, p.stall
	}
	p.left = max(p.left, time.Millisecond)
	return late
}

package envelope

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/internal/inflate"
)

// Stream opens an object that may hold anything that AWS delivers, message after
// message, such as the files in which Firehose gathers CloudWatch Logs messages:
// JSON values one after the other, plain or as gzip members. Each value may have
// Limits.Output bytes; the whole may unpack to no more than a log file may. Items
// are valid until visit returns.
//
// It is for objects whose key does not say what they are (Unclassified); log
// files are read faster by cloudtrail.Decoder. Whatever is wrong with the
// contents is an Item of kind Poison; the error is that of visit, of r or of ctx.
func Stream(ctx context.Context, r io.Reader, l Limits, visit func(Item) error) error {
	m := &meter{ctx: ctx, most: l.Output, total: cloudtrail.DefaultLimits().Decompressed}
	packed := &tally{r: r}
	buffered := bufio.NewReaderSize(packed, 64<<10)
	m.r = buffered
	if head, _ := buffered.Peek(2); len(head) == 2 && head[0] == 0x1f && head[1] == 0x8b {
		m.r, m.packed = inflate.NewReader(buffered), packed
	}
	values := json.NewDecoder(m)
	o := opener{limits: l}
	for {
		var value json.RawMessage
		err := values.Decode(&value)
		m.n = 0
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return m.ends(err, packed.err, values.InputOffset(), visit)
		}
		o.again()
		o.text(value)
		for _, it := range o.items {
			if err := visit(it); err != nil {
				return err
			}
		}
	}
}

// meter bounds what is unpacked: of one value, and in all.
type meter struct {
	ctx    context.Context
	r      io.Reader
	packed *tally // nil when r is not compressed
	most   int
	n      int   // since the last value
	all    int64 // from the beginning
	total  int64
	err    error
}

// errStreamLimit is for contents that are given up because they are too large.
var errStreamLimit = errors.New("over a limit")

func (m *meter) Read(p []byte) (int, error) {
	if m.err == nil {
		m.err = m.ctx.Err()
	}
	switch {
	case m.err != nil:
	case m.n > m.most:
		m.err = fmt.Errorf("%w: one value has more than %d bytes", errStreamLimit, m.most)
	case m.all > m.total:
		m.err = fmt.Errorf("%w: the object unpacks to more than %d bytes", errStreamLimit, m.total)
	case m.packed != nil && m.all > ratioAfter && m.all > ratio*m.packed.n:
		m.err = fmt.Errorf("%w: the object unpacks to more than %d times its size", errStreamLimit, ratio)
	}
	if m.err != nil {
		return 0, m.err
	}
	n, err := m.r.Read(p)
	m.n += n
	m.all += int64(n)
	m.err = err
	return n, err
}

// ends tells what is wrong with the contents, or that they could not be read.
func (m *meter) ends(err, read error, at int64, visit func(Item) error) error {
	if m.ctx.Err() != nil {
		return m.ctx.Err()
	}
	if read != nil && read != io.EOF {
		return read
	}
	if m.err != nil && m.err != io.EOF {
		err = m.err
	}
	return visit(Item{Kind: Poison, Reason: fmt.Sprintf("the object cannot be opened from byte %d on: %v", at, err)})
}

// tally counts what is read, and keeps the error.
type tally struct {
	r   io.Reader
	n   int64
	err error
}

func (t *tally) Read(p []byte) (int, error) {
	n, err := t.r.Read(p)
	t.n += int64(n)
	if err != nil {
		t.err = err
	}
	return n, err
}

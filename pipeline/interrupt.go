package pipeline

import (
	"context"
	"io"
	"os"
)

// interruptible is r, except that reading ends with the context's error when
// the user interrupts: a terminal or a pipe may give nothing for ever. Reading
// starts with the first Read.
func interruptible(ctx context.Context, r io.Reader) io.Reader {
	return &interruptibleReader{ctx: ctx, r: r}
}

type interruptibleReader struct {
	ctx  context.Context
	r    io.Reader
	pipe *io.PipeReader
}

func (i *interruptibleReader) Read(p []byte) (int, error) {
	if i.pipe == nil {
		i.start()
	}
	return i.pipe.Read(p)
}

func (i *interruptibleReader) start() {
	r, w := io.Pipe()
	i.pipe = r
	go func() {
		_, err := io.CopyBuffer(struct{ io.Writer }{w}, struct{ io.Reader }{i.r}, make([]byte, 256<<10))
		w.CloseWithError(err) // nil is the end of the input
	}()
	context.AfterFunc(i.ctx, func() { w.CloseWithError(context.Cause(i.ctx)) })
}

// lateFile is a file that is opened by the first Read, because opening a named
// pipe waits for its writer.
type lateFile struct {
	path string
	file *os.File
}

func (f *lateFile) Read(p []byte) (int, error) {
	if f.file == nil {
		var err error
		if f.file, err = os.Open(f.path); err != nil {
			return 0, err
		}
	}
	n, err := f.file.Read(p)
	if err != nil {
		f.file.Close()
	}
	return n, err
}

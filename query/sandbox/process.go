package sandbox

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Limits bound the child process.
type Limits struct {
	// Memory is the most bytes of memory that the process may have.
	Memory int64
	// Time is how long it may run; 0 means as long as its context.
	Time time.Duration
	// Read are the files and folders that it may read, Write the folders that it
	// may write to. A child that runs a user's statement has no Write.
	Read, Write []string
}

// ErrDeadline says that the child was killed at its deadline.
var ErrDeadline = errors.New("the query ran out of time")

// ErrMemory says that the child wanted more memory than it may have.
var ErrMemory = errors.New("the query needs more memory than it may have")

// Process is a running engine.
type Process struct {
	cmd    *exec.Cmd
	limits Limits
	in     io.WriteCloser
	out    *bufio.Reader
	errOut *tail
	ctx    context.Context
	cancel context.CancelFunc
	mu     sync.Mutex // one frame at a time
	frame  []byte
}

// Start starts the engine at path. The child is killed, with all that it may
// have started, when ctx ends or its time is over.
func Start(ctx context.Context, path string, l Limits) (*Process, error) {
	p := &Process{limits: l, errOut: &tail{max: 4 << 10}}
	if l.Time > 0 {
		p.ctx, p.cancel = context.WithTimeoutCause(ctx, l.Time, ErrDeadline)
	} else {
		p.ctx, p.cancel = context.WithCancel(ctx)
	}
	args := []string{"-memory", strconv.FormatInt(l.Memory, 10)}
	for _, r := range l.Read {
		args = append(args, "-read", r)
	}
	for _, w := range l.Write {
		args = append(args, "-write", w)
	}
	p.cmd = exec.CommandContext(p.ctx, path, args...)
	p.cmd.Env = []string{} // nothing of ours is the child's business
	p.cmd.Dir = "/"
	p.cmd.Stderr = p.errOut
	p.cmd.WaitDelay = 500 * time.Millisecond
	ownGroup(p.cmd)
	return p, p.start()
}

func (p *Process) start() (err error) {
	defer func() {
		if err != nil {
			p.cancel()
		}
	}()
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	p.out = bufio.NewReaderSize(out, 256<<10)
	if err := p.cmd.Start(); err != nil {
		return fmt.Errorf("the SQL engine could not be started: %w", err)
	}
	return nil
}

// Context ends when the child has to.
func (p *Process) Context() context.Context { return p.ctx }

// Pid is the child's process number, which is also that of its group.
func (p *Process) Pid() int { return p.cmd.Process.Pid }

// Request sends what the child is to do.
func (p *Process) Request(r *Request) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return WriteJSON(p.in, FrameRequest, r)
}

// File begins the stream of the next file of a Request.Files.
func (p *Process) File(f *ParquetFile) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return WriteJSON(p.in, FrameFile, f)
}

// Send sends rows of the stream and empties the batch. Several goroutines may
// send.
func (p *Process) Send(b *Batch) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.frame = b.AppendTo(p.frame[:0])
	b.Reset()
	return WriteFrame(p.in, FrameRows, p.frame)
}

// End says that the stream has no more rows.
func (p *Process) End() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return WriteFrame(p.in, FrameEnd, nil)
}

// Receive reads the child's next frame. The error says why the child ended without
// a word, or what a FrameFailure does: a *Failure, or ErrMemory where the engine
// came to the bound that a Request sets, before the system's.
func (p *Process) Receive() (FrameKind, []byte, error) {
	kind, body, err := ReadFrame(p.out)
	switch {
	case err != nil:
		return 0, nil, p.explain(err)
	case kind == FrameFailure:
		return kind, body, p.failure(body)
	}
	return kind, body, nil
}

// Columns receives the columns of the result, as JSON. again tells that the child
// would have to read the stream once more, and has ended.
func (p *Process) Columns() (columns []byte, again bool, err error) {
	kind, body, err := p.Receive()
	if err == nil && kind != FrameColumns && kind != FrameAgain {
		err = unexpected(kind)
	}
	return body, kind == FrameAgain, err
}

// Rows receives the next rows of the result and passes over its columns. Behind the
// last there are none: done says how the result ended.
func (p *Process) Rows() (rows *Rows, done Done, err error) {
	kind, body, err := p.Receive()
	if err == nil && kind == FrameColumns {
		kind, body, err = p.Receive()
	}
	switch {
	case err != nil:
	case kind == FrameResult:
		rows, err = ReadBatch(body)
	case kind == FrameDone:
		err = json.Unmarshal(body, &done)
	default:
		err = unexpected(kind)
	}
	return rows, done, err
}

// Done receives the end of what gives no rows: a file that was written.
func (p *Process) Done() (done Done, err error) {
	kind, body, err := p.Receive()
	switch {
	case err != nil:
	case kind == FrameDone:
		err = json.Unmarshal(body, &done)
	default:
		err = unexpected(kind)
	}
	return done, err
}

func unexpected(kind FrameKind) error {
	return fmt.Errorf("unexpected frame %q from the SQL engine", kind)
}

func (p *Process) failure(body []byte) error {
	var f Failure
	if err := json.Unmarshal(body, &f); err != nil {
		return err
	}
	if strings.HasPrefix(f.Message, "Out of Memory Error") {
		return p.outOfMemory()
	}
	return &f
}

func (p *Process) outOfMemory() error {
	return fmt.Errorf("%w: the limit is %d MiB", ErrMemory, p.limits.Memory>>20)
}

// explain says why the child's answer broke off.
func (p *Process) explain(err error) error {
	p.in.Close()
	wait := p.cmd.Wait()
	if cause := context.Cause(p.ctx); cause != nil {
		return p.deadline(cause)
	}
	said := p.errOut.String()
	if p.errOut.has("out of memory") || p.errOut.has("cannot allocate memory") || p.errOut.has("bad_alloc") || wasKilled(wait) {
		return p.outOfMemory()
	}
	if said != "" {
		return fmt.Errorf("the SQL engine ended early (%w): %s", errors.Join(wait, err), said)
	}
	return fmt.Errorf("the SQL engine ended early: %w", errors.Join(wait, err))
}

func (p *Process) deadline(cause error) error {
	if errors.Is(cause, ErrDeadline) {
		return fmt.Errorf("%w: the limit is %v", ErrDeadline, p.limits.Time)
	}
	return cause
}

// Close ends the child, whatever it does, and waits for it.
func (p *Process) Close() {
	p.cancel()
	p.in.Close()
	_ = p.cmd.Wait() // it was killed; how it ended says nothing
}

// tail keeps the beginning of what is written to it.
type tail struct {
	mu  sync.Mutex
	buf []byte
	max int
}

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf = append(t.buf, b[:min(len(b), t.max-len(t.buf))]...)
	return len(b), nil
}

func (t *tail) has(s string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return bytes.Contains(t.buf, []byte(s))
}

// String is the first line.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	line, _, _ := bytes.Cut(bytes.TrimSpace(t.buf), []byte("\n"))
	return string(line)
}

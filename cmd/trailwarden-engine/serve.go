package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/trailwarden/trailwarden/query/sandbox"
)

// permissions are what the process was started with.
type permissions struct {
	kept  string // what the operating system holds back: memory, files, network
	write bool
}

// failure is an error with the stage at which it came.
type failure struct {
	stage string
	err   error
}

func (f *failure) Error() string { return f.err.Error() }

func at(stage string, err error) error {
	if err == nil {
		return nil
	}
	return &failure{stage, err}
}

// errAgain says that the stream would have to be read a second time.
var errAgain = errors.New("the stream is read more than once")

// serve answers the one request that in holds and returns the exit code.
func serve(in io.Reader, out io.Writer, may permissions) int {
	r := bufio.NewReaderSize(in, 1<<20)
	w := &reply{w: bufio.NewWriterSize(out, 256<<10)}
	done, err := answer(r, w, may)
	switch {
	case errors.Is(err, errAgain):
		err = w.send(sandbox.FrameAgain, struct{}{})
	case err != nil:
		f := &failure{stage: "run", err: err}
		errors.As(err, &f)
		err = w.send(sandbox.FrameFailure, sandbox.Failure{Stage: f.stage, Message: words(err)})
	default:
		err = w.send(sandbox.FrameDone, done)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "trailwarden-engine:", err)
		return 1
	}
	return 0
}

// reply writes frames.
type reply struct {
	mu sync.Mutex
	w  *bufio.Writer
}

func (r *reply) send(kind sandbox.FrameKind, v any) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := sandbox.WriteJSON(r.w, kind, v); err != nil {
		return err
	}
	return r.w.Flush()
}

func (r *reply) rows(b *sandbox.Batch) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := sandbox.WriteFrame(r.w, sandbox.FrameResult, b.AppendTo(nil)); err != nil {
		return err
	}
	b.Reset()
	return r.w.Flush()
}

func answer(r *bufio.Reader, w *reply, may permissions) (sandbox.Done, error) {
	ctx := context.Background()
	// While the request is made the engine makes itself ready.
	e, err := openEngine(ctx)
	if err != nil {
		return sandbox.Done{}, err
	}
	kind, body, err := sandbox.ReadFrame(r)
	if err != nil {
		return sandbox.Done{}, at("lock", err)
	}
	var q sandbox.Request
	if err := json.Unmarshal(body, &q); err != nil || kind != sandbox.FrameRequest {
		return sandbox.Done{}, at("lock", fmt.Errorf("no request came first (%q): %w", kind, err))
	}
	if (q.Write != nil || q.Files) && !may.write {
		return sandbox.Done{}, at("lock", errors.New("this engine may not write files"))
	}
	e.stream.columns = q.Stream
	if !q.Files {
		go e.stream.read(r)
	}
	if err := e.prepare(ctx, &q, may); err != nil {
		return sandbox.Done{}, err
	}
	if q.Files {
		return sandbox.Done{}, e.writeFiles(ctx, &q, r, w)
	}
	if q.Write != nil {
		return e.write(ctx, q.SQL, q.Write)
	}
	return e.query(ctx, &q, w)
}

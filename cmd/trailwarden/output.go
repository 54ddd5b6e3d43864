package main

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/term"

	"github.com/trailwarden/trailwarden/report"
)

// output is where a report goes: the standard output or the file of -o.
type output struct {
	*bufio.Writer
	file   *os.File // of -o
	layout report.Layout
}

// outputBuffer is less than a scan hands on at a time, so that most of its findings
// are written from where they stand.
const outputBuffer = 16 << 10

func openOutput(s *streams, path string) (*output, error) {
	if path == "" || path == "-" {
		return &output{Writer: bufio.NewWriterSize(s.out, outputBuffer), layout: layoutOf(s.out)}, nil
	}
	f, err := os.Create(path)
	if err != nil {
		return nil, fmt.Errorf("-o: %w", err)
	}
	return &output{Writer: bufio.NewWriterSize(f, outputBuffer), file: f}, nil
}

// Close flushes what is written, whatever happened before.
func (o *output) Close() error {
	err := o.Flush()
	if o.file != nil {
		if e := o.file.Close(); err == nil {
			err = e
		}
	}
	if err != nil {
		return fmt.Errorf("the output could not be written: %w", err)
	}
	return nil
}

// layoutOf finds out about the terminal that w is, if it is one. NO_COLOR
// (no-color.org) and TERM=dumb turn colours off. Elsewhere an exported COLUMNS
// gives the width, and without it lines are as long as they need.
func layoutOf(w io.Writer) report.Layout {
	f, ok := unwatched(w).(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		width, _ := strconv.Atoi(os.Getenv("COLUMNS"))
		return report.Layout{Width: max(width, 0)}
	}
	l := report.Layout{Terminal: true, Color: os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"}
	if width, _, err := term.GetSize(int(f.Fd())); err == nil {
		l.Width = width
	}
	return l
}

// isTerminal tells whether w is a terminal.
func isTerminal(w io.Writer) bool { return layoutOf(w).Terminal }

// watchedOutput remembers the first error of a standard output, so that a command
// that printed for a person and did not look is not taken for done.
type watchedOutput struct {
	w   io.Writer
	mu  sync.Mutex
	err error
}

func (o *watchedOutput) Write(p []byte) (int, error) {
	n, err := o.w.Write(p)
	if err != nil {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.err = cmp.Or(o.err, err)
	}
	return n, err
}

// failed is the first error that is not said yet: err is what the command says.
func (o *watchedOutput) failed(err error) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err == nil || err != nil && strings.Contains(err.Error(), o.err.Error()) {
		return nil
	}
	return fmt.Errorf("the output could not be written: %w", o.err)
}

// unwatched is the output itself, for those who look at each error and try again.
func unwatched(w io.Writer) io.Writer {
	if o, ok := w.(*watchedOutput); ok {
		return o.w
	}
	return w
}

package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strconv"

	"golang.org/x/term"

	"github.com/trailwarden/trailwarden/report"
)

// output is where a report goes: the standard output or the file of -o.
type output struct {
	*bufio.Writer
	file   *os.File // of -o
	layout report.Layout
}

func openOutput(s *streams, path string) (*output, error) {
	if path == "" || path == "-" {
		return &output{Writer: bufio.NewWriterSize(s.out, 64<<10), layout: layoutOf(s.out)}, nil
	}
	f, err := os.Create(path)
	if err != nil {
		return nil, fmt.Errorf("-o: %w", err)
	}
	return &output{Writer: bufio.NewWriterSize(f, 64<<10), file: f}, nil
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
	f, ok := w.(*os.File)
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

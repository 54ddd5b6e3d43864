package main

import (
	"io"
	"os"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/trailwarden/trailwarden/pipeline"
)

// display is the progress bar of a scan. On anything but a terminal it is
// nothing at all.
type display struct {
	bars *mpb.Progress
	bar  *mpb.Bar
	stop chan struct{}
	done chan struct{}
}

// newDisplay shows how much of total bytes p has counted, on the terminal w.
func newDisplay(w io.Writer, p *pipeline.Progress, total int64) *display {
	d := &display{stop: make(chan struct{}), done: make(chan struct{})}
	d.bars = mpb.New(mpb.WithOutput(w), mpb.WithWidth(40), mpb.WithRefreshRate(150*time.Millisecond))
	d.bar = d.bars.New(total, mpb.BarStyle().Rbound("]"),
		mpb.BarRemoveOnComplete(),
		mpb.PrependDecorators(decor.CountersKiloByte("% .1f / % .1f")),
		mpb.AppendDecorators(decor.AverageSpeed(decor.SizeB1000(0), "% .1f"), decor.Name(" "), decor.AverageETA(decor.ET_STYLE_GO)))
	go d.follow(p)
	return d
}

func (d *display) follow(p *pipeline.Progress) {
	defer close(d.done)
	tick := time.NewTicker(150 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			d.bar.SetCurrent(p.Bytes.Load())
		case <-d.stop:
			d.bar.Abort(true)
			return
		}
	}
}

// Write prints a message above the bar.
func (d *display) Write(p []byte) (int, error) { return d.bars.Write(p) }

// Close removes the bar and waits until the terminal is as before.
func (d *display) Close() {
	close(d.stop)
	<-d.done
	d.bars.Wait()
}

// wantsProgress: a bar is for a person who looks at a terminal, and not when the
// findings scroll by there.
func wantsProgress(s *streams, o *output, format string, off bool) bool {
	if off || !isTerminal(s.err) || os.Getenv("TERM") == "dumb" {
		return false
	}
	return !o.layout.Terminal || format == "table"
}

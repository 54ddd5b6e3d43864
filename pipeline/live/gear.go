package live

import (
	"io"
	"runtime"
	"sync"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/pipeline/intake"
)

// gear is what reading and judging needs and the next object may use again: some
// megabytes of buffers and tables.
type gear struct {
	decoder *cloudtrail.Decoder
	rules   *intake.Rules
	judge   *intake.Judge // of rules

	lastHits, lastRecords int // that rules remember of the file before
}

// gears are those that nobody uses. As many as there are processors are kept,
// and the one that was used last is used next: its memory is still in the
// processor's cache. The others go with the next collection of garbage. Making
// one anew costs as much as judging some hundred records.
type gears struct {
	mu   sync.Mutex
	idle []*gear
	more sync.Pool
}

func (g *gears) take() *gear {
	g.mu.Lock()
	defer g.mu.Unlock()
	last := len(g.idle) - 1
	if last < 0 {
		more, _ := g.more.Get().(*gear)
		return more
	}
	taken := g.idle[last]
	g.idle[last] = nil
	g.idle = g.idle[:last]
	return taken
}

func (g *gears) give(back *gear) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.idle) < runtime.GOMAXPROCS(0) {
		g.idle = append(g.idle, back)
		return
	}
	g.more.Put(back)
}

// engage takes what judging needs. Deliveries that wait, for their turn to read
// or for their commit, do without: many may wait.
func (w *worker) engage() {
	g := w.gears.take()
	if g == nil {
		g = &gear{decoder: cloudtrail.NewDecoder(w.o.Limits)}
	}
	if g.rules != w.rules {
		g.rules, g.judge = w.rules, w.newJudge()
	}
	w.gear = g
	w.keep()
	w.part.hits.Expect(g.lastHits, g.lastRecords)
}

// newJudge makes a judge that finds nothing on records that were judged before.
func (w *worker) newJudge() *intake.Judge {
	j := w.rules.NewJudge()
	j.Seen = w.seen
	return j
}

// disengage gives it back.
func (w *worker) disengage() {
	w.lastHits, w.lastRecords = len(w.part.hits.All), len(w.part.hits.Raw)
	w.judge.Keep = nil
	w.gears.give(w.gear)
	w.gear = nil
}

// decode judges the records of a file.
func (w *worker) decode(r io.Reader, size int64) (cloudtrail.Summary, error) {
	w.engage()
	sum, err := w.decoder.Decode(w.ctx, w.origin.File, r, size, w.record)
	w.tally()
	w.disengage() // not after a panic, which leaves who knows what in it
	return sum, err
}

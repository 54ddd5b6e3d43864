// Package collect lets a program start without collecting garbage.
//
// What a start makes, such as tables, the command line's grammar and rules, nearly
// all stays. Go's collector runs for the first time when some three megabytes have
// come together, and again each time that what is in use has doubled; while little
// is in use, that is often, finds nothing, and starting its threads alone takes a
// millisecond, as much as a tenth of a short command. So nothing is collected until
// the program as a whole uses as much memory as it may well have; from then on the
// collector works as usual.
package collect

import (
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"sync"
)

// Wait is the time until the first collection. A nil Wait changes nothing.
type Wait struct {
	mu      sync.Mutex
	percent int
	over    bool
}

// Until has nothing collected until this many bytes are in use, of what Go manages;
// and from then on whenever what is in use has grown by so many per cent. GOGC and
// GOMEMLIMIT in the environment win: the Wait is then nil.
func Until(bytes int64, percent int) *Wait {
	if os.Getenv("GOGC") != "" || os.Getenv("GOMEMLIMIT") != "" {
		return nil
	}
	w := &Wait{percent: percent}
	debug.SetGCPercent(-1)
	debug.SetMemoryLimit(bytes)
	// Nobody holds it, so the first collection finds it and says so.
	runtime.AddCleanup(new([64]byte), (*Wait).end, w)
	return w
}

// Until waits for another number of bytes, if the wait is not over, and has another
// percentage count.
func (w *Wait) Until(bytes int64, percent int) {
	if w == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.percent = percent
	if w.over {
		debug.SetGCPercent(percent)
		return
	}
	debug.SetMemoryLimit(bytes)
}

// end is called after the first collection.
func (w *Wait) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.over = true
	debug.SetMemoryLimit(math.MaxInt64)
	debug.SetGCPercent(w.percent)
}

package collect_test

import (
	"math"
	"runtime"
	"runtime/debug"
	"testing"

	"github.com/trailwarden/trailwarden/internal/collect"
)

// asBefore lets a test change how garbage is collected.
func asBefore(t *testing.T) {
	t.Setenv("GOGC", "")
	t.Setenv("GOMEMLIMIT", "")
	percent := debug.SetGCPercent(100)
	t.Cleanup(func() { debug.SetGCPercent(percent); debug.SetMemoryLimit(math.MaxInt64) })
}

func collections() uint32 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.NumGC
}

// make some garbage, in bytes.
func litter(bytes int) {
	for range bytes >> 16 {
		kept = make([]byte, 1<<16)
	}
	kept = nil
}

var kept []byte

// settled waits until the percentage is as it should be after a collection.
func settled(t *testing.T, want int) {
	t.Helper()
	for {
		got := debug.SetGCPercent(want)
		if got == want {
			return
		}
		if got != -1 {
			t.Fatalf("collected at %d per cent; want %d", got, want)
		}
		debug.SetGCPercent(got)
		runtime.Gosched()
	}
}

// Nothing is collected before so much is in use, and afterwards all is as usual.
func TestNothingIsCollectedBefore(t *testing.T) {
	asBefore(t)
	collect.Until(1<<30, 70)
	before := collections()
	litter(64 << 20)
	if n := collections() - before; n != 0 {
		t.Errorf("%d collections; want none", n)
	}
	runtime.GC()
	settled(t, 70)
	if limit := debug.SetMemoryLimit(-1); limit != math.MaxInt64 {
		t.Errorf("a limit of %d bytes is left", limit)
	}
}

// It is collected when so much is in use.
func TestWhatIsInUseEndsTheWait(t *testing.T) {
	asBefore(t)
	before := collections()
	w := collect.Until(1<<40, 70)
	w.Until(1<<20, 50) // more is in use already
	litter(1 << 20)
	settled(t, 50)
	if collections() == before {
		t.Error("nothing was collected")
	}
	w.Until(1<<40, 30)
	settled(t, 30)
}

// What the environment says wins.
func TestEnvironmentWins(t *testing.T) {
	for _, name := range []string{"GOGC", "GOMEMLIMIT"} {
		asBefore(t)
		t.Setenv(name, "200")
		w := collect.Until(1, 5)
		w.Until(2, 6)
		if got := debug.SetGCPercent(100); w != nil || got != 100 {
			t.Errorf("%s: %d per cent", name, got)
		}
	}
}

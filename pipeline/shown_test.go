package pipeline

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/trailwarden/trailwarden/cloudtrail"
)

// What findings show is kept of inputs with few hits; memory is bounded, and an
// input that was left out asks for no more.
func TestShownIsBounded(t *testing.T) {
	inputs := []source{{hits: new(atomic.Int32)}, {hits: new(atomic.Int32)}, {hits: new(atomic.Int32)}}
	x := shown{}
	rare := place{0, 9}
	if !inputs[0].show(1, 1) {
		t.Fatal("the first hit is not shown")
	}
	x.add(inputs, 0, rare, []byte("rare"))
	for i := range shownHits + 5 {
		if inputs[1].show(1, 1) {
			x.add(inputs, 1, place{1, i}, []byte("often"))
		}
		if i == 7 { // another input wants it too
			x.add(inputs, 0, place{1, i}, []byte("often"))
		}
	}
	for i := range 40 { // large ones
		if inputs[2].show(1, 1) {
			x.add(inputs, 2, place{2, i}, make([]byte, shownBytes/32))
		}
	}
	if string(x.get(rare)) != "rare" || string(x.get(place{1, 7})) != "often" || x.get(place{1, 6}) != nil || x.get(place{2, 0}) != nil || x.size != len("rareoften") {
		t.Errorf("rare %q, of two %q, often %q, %d bytes", x.get(rare), x.get(place{1, 7}), x.get(place{1, 6}), x.size)
	}
	x.add(inputs, 1, place{3, 0}, []byte("likely")) // of an input that was left out
	if string(x.get(place{3, 0})) != "likely" {
		t.Error("a likely hit was not kept")
	}
	if x.room > 3*shownChunk {
		t.Errorf("%d bytes are kept", x.room)
	}
	if !inputs[0].show(1, 1) || inputs[1].show(1, 1) || inputs[2].show(1, 1) {
		t.Error("the wrong inputs were left out")
	}
}

// An input that will have far more hits than are kept is left out early, one
// whose hits are only in the first files is not.
func TestShownLooksAhead(t *testing.T) {
	often, rare := source{hits: new(atomic.Int32)}, source{hits: new(atomic.Int32)}
	for i := range 2 * shownLook {
		if often.show(1, 1000) != (i < shownLook) {
			t.Fatalf("hit %d of an input with very many", i)
		}
		if !rare.show(100, 1000) {
			t.Fatalf("hit %d of an input with few", i)
		}
	}
}

// A time that notAfter passes over is never later than the one it is compared
// with.
func TestTimesPassedOverAreNotLater(t *testing.T) {
	texts := []string{
		"2026-03-14T09:00:00Z", "2026-03-14T09:00:59Z", "2026-03-14T09:00:60Z", "2026-03-14T09:01:00Z", "2026-12-31T23:59:60Z",
		"2027-01-01T00:00:00Z", "2026-03-14T09:00+01:00", "2026-03-14 09:00:00", "2026-03-14T09:00:00.5Z", "2026-13-14T09:00:00Z", "9026-03-14T0x:00:00Z", "",
	}
	parsed := func(s string) (time.Time, bool) { return cloudtrail.ParseTime(s) }
	for _, a := range texts {
		for _, b := range texts {
			ta, okA := parsed(a)
			tb, okB := parsed(b)
			quotedB := fmt.Appendf(nil, "%q", b)
			if !okB || !canonical(quotedB) {
				continue
			}
			if notAfter(fmt.Appendf(nil, "%q", a), quotedB) && okA && ta.After(tb) {
				t.Errorf("%s is after %s", a, b)
			}
		}
	}
}

package sqlite

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/internal/seeds"
)

// Whatever is kept is what was kept last, and of those that wait there are as many
// as their bound allows.
func TestKeptAreTheLatest(t *testing.T) {
	rng := rand.New(rand.NewPCG(seeds.Of(t), 0))
	var k kept
	latest := map[string]*alert.Alert{}
	large := make([]byte, 300<<10)
	for range 5_000 {
		id := fmt.Sprint(rng.IntN(300))
		switch rng.IntN(6) {
		case 0, 1, 2:
			a := &alert.Alert{ID: id}
			for range rng.IntN(3) {
				a.Samples = append(a.Samples, alert.Sample{Record: large[:rng.IntN(len(large))]})
			}
			latest[id] = a
			k.keep(a)
		case 3, 4:
			k.await(id)
		default:
			_, waited := k.waiting[id]
			k.claimed(id)
			if waited && k.alert(id) == nil {
				t.Fatalf("alert %s was waited for and is not kept", id)
			}
		}
		if a := k.alert(id); a != nil && a != latest[id] {
			t.Fatalf("alert %s is not as it was kept last", id)
		}
		waiting := 0
		for _, w := range k.waiting {
			waiting += w.bytes
		}
		if waiting != k.waitingBytes || waiting > mostWaiting {
			t.Fatalf("those that wait have %d bytes, counted as %d; there may be %d", waiting, k.waitingBytes, mostWaiting)
		}
	}
}

// What waits to be told stays, however much comes after it.
func TestWhatWaitsIsKept(t *testing.T) {
	var k kept
	for i := range 20_000 {
		a := &alert.Alert{ID: fmt.Sprint(i)}
		k.keep(a)
		if i < 100 {
			k.await(a.ID)
		}
	}
	for i := range 100 {
		if k.alert(fmt.Sprint(i)) == nil {
			t.Fatalf("alert %d is not kept", i)
		}
	}
	if k.alert("100") != nil {
		t.Fatal("alert 100, which nobody waits for, is kept for good")
	}
}

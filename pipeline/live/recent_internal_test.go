package live

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/trailwarden/trailwarden/internal/seeds"
	"github.com/trailwarden/trailwarden/pipeline/intake"
)

// A record is given as it was or not at all, whatever took its memory since, and
// the latest ones always are.
func TestRecentRecordsAreGivenAsTheyWere(t *testing.T) {
	seed := seeds.Of(t)
	r := rand.New(rand.NewPCG(seed, 1))
	var known recent
	text := func(i int) []byte { return bytes.Repeat([]byte(fmt.Sprintf("%08d", i)), 1+i%7*2000) }
	ref := func(i int) string { return fmt.Sprintf("ref %d", i) }
	const latest = 50 // of at most 100 kB
	for i := range 3000 {
		rec := intake.Raw{Ref: []byte(ref(i)), Text: text(i)}
		known.add([]intake.Raw{rec, rec})
		clear(rec.Ref) // it is used for others
		clear(rec.Text)
		for range 5 {
			n := r.IntN(i + 1)
			got := known.get(ref(n))
			if got != nil && !bytes.Equal(got, text(n)) {
				t.Fatalf("record %d of %d is given as %.40q", n, i, got)
			}
			if got == nil && n > i-latest {
				t.Fatalf("record %d of %d is forgotten", n, i)
			}
		}
	}
	if known.get(ref(0)) != nil || known.get("another") != nil {
		t.Error("what came first is known still, or what never came")
	}
	if n := cap(known.young.text) + cap(known.old.text); n > 4*maxRecent {
		t.Errorf("%d bytes are held", n)
	}
}

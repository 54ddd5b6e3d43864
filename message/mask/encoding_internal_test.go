package mask

import (
	"encoding/base64"
	"math/rand/v2"
	"testing"

	"github.com/trailwarden/trailwarden/internal/seeds"
)

// The one form of base64 that is tried finds what any of the four would.
func TestOneEncodingIsEnough(t *testing.T) {
	seed := seeds.Of(t)
	rng := rand.New(rand.NewPCG(seed, 0))
	const letters = "AZaz09+/-_=\r\n"
	all := []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding}
	for range 20_000 {
		var s string
		if rng.IntN(2) == 0 {
			plain := make([]byte, rng.IntN(12))
			for i := range plain {
				plain[i] = byte(rng.Uint32())
			}
			s = all[rng.IntN(len(all))].EncodeToString(plain)
		} else {
			for range rng.IntN(12) {
				s += string(letters[rng.IntN(len(letters))])
			}
		}
		got, err := encodingOf(s).DecodeString(s)
		for _, enc := range all {
			want, e := enc.DecodeString(s)
			if e == nil && (err != nil || string(got) != string(want)) {
				t.Fatalf("seed %d: %q: got %q, %v, want %q", seed, s, got, err, want)
			}
		}
	}
}

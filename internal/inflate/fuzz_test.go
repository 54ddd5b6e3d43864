package inflate

import "testing"

// FuzzGunzip holds the decoder equal to compress/gzip: same bytes, also before
// an error, and the same class of error.
func FuzzGunzip(f *testing.F) {
	r := newRand(f, 6)
	for kind := range 6 {
		for _, level := range levels {
			f.Add(pack(text(r, kind, 40+r.IntN(2000)), level, r.IntN(2)), 1<<20)
		}
	}
	for range 20 {
		f.Add(randomStream(r), 1<<20)
	}
	f.Add(append(packWithHeader(text(r, 2, 300)), pack(text(r, 2, 300), 1, 0)...), 500)
	var d Decoder
	f.Fuzz(func(t *testing.T, src []byte, limit int) {
		compare(t, &d, nil, src, min(max(limit, 0), 4<<20))
	})
}

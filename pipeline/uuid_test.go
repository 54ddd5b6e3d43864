package pipeline

import (
	"bytes"
	"encoding/hex"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/trailwarden/trailwarden/internal/seeds"
)

// TestUUIDsAreKeptInSixteenBytes: a UUID as AWS writes them is kept as the bytes
// that encoding/hex says, comes back as it was, and no other text is taken for one.
func TestUUIDsAreKeptInSixteenBytes(t *testing.T) {
	r := rand.New(rand.NewPCG(seeds.Of(t), 1))
	for range 20_000 {
		var b [16]byte
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		u := []byte(idText(b[:]))
		if got, ok := appendUUID([]byte("x"), u); !ok || string(got) != "x"+string(b[:]) {
			t.Fatalf("%s: %x, %v; want %x", u, got, ok, b)
		}
		at, c := r.IntN(len(u)), byte(r.Uint32())
		u[at] = c
		want, err := hex.DecodeString(strings.ReplaceAll(string(u), "-", ""))
		plain := err == nil && len(want) == 16 && len(idText(want)) == len(u) && bytes.Equal([]byte(idText(want)), u)
		if got, ok := appendUUID(nil, u); ok != plain || ok && !bytes.Equal(got, want) {
			t.Fatalf("%q: %x, %v; want %x, %v", u, got, ok, want, plain)
		}
	}
	if _, ok := appendUUID(nil, []byte("01234567-9012-4567-9012-45678901234")); ok {
		t.Error("a text that is too short was taken for a UUID")
	}
}

package digest_test

import (
	"testing"
	"time"

	"github.com/trailwarden/trailwarden/cloudtrail/digest"
	"github.com/trailwarden/trailwarden/cloudtrail/digest/digesttest"
)

// Whatever lies in a bucket as a digest is read without a panic, and a digest
// that is read has what a digest must have.
func FuzzParse(f *testing.F) {
	b := digesttest.NewBucket("logs")
	b.Add(trail("111122223333", "us-east-1"))
	f.Add(digesttest.Unpack(b.Objects[b.Digests[0]]), true)
	f.Add(b.Objects[b.Digests[0]], false)
	f.Add([]byte(`{"logFiles":[{},7]}`), true)
	f.Fuzz(func(t *testing.T, data []byte, pack bool) {
		if pack {
			data = digesttest.Pack(data)
		}
		d, err := digest.Parse(data)
		if err == nil && (d == nil || d.EndTime.Equal(time.Time{}) && d.StartTime.Equal(time.Time{}) && len(d.Hash()) != 64) {
			t.Error("a digest without content was read")
		}
	})
}

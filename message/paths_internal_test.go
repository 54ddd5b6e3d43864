package message

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/internal/seeds"
)

// Values that are found together are those that are found one by one, whatever paths
// are asked for and however often a key stands in the record.
func TestPathsAreFoundAsOneByOne(t *testing.T) {
	seed := seeds.Of(t)
	r := rand.New(rand.NewPCG(seed, 0))
	keys := []string{"userIdentity", "requestParameters", "eventName", "key", "k", "", "other", "\ufffd"}
	for i := range 20 {
		keys = append(keys, "z"+strings.Repeat("y", i))
	}
	for range 3_000 {
		asked := make([][]string, 1+r.IntN(40))
		for i := range asked {
			for range 1 + r.IntN(3) {
				asked[i] = append(asked[i], keys[r.IntN(len(keys))])
			}
		}
		record := madeOf(r, keys, 0)
		rec, err := cloudtrail.ParseRecord([]byte(record))
		if err != nil {
			t.Fatal(err)
		}
		for i, x := range newPaths(asked).in(rec, make([]cloudtrail.Value, len(asked))) {
			if want := rec.Lookup(asked[i]...); string(x.Raw()) != string(want.Raw()) {
				t.Fatalf("seed %d: %.3000s: %q is %s, want %s", seed, record, asked[i], x.Raw(), want.Raw())
			}
		}
	}
}

// madeOf is an object of objects, with keys written in several ways and more than once.
func madeOf(r *rand.Rand, keys []string, depth int) string {
	var all []string
	for range r.IntN(12) {
		key := keys[r.IntN(len(keys))]
		switch r.IntN(6) {
		case 0:
			key = strings.ReplaceAll(key, "y", `\u0079`)
		case 1:
			key = strings.ReplaceAll(key, "\ufffd", "\xff")
		}
		value := `"text"`
		if depth < 3 && r.IntN(2) == 0 {
			value = madeOf(r, keys, depth+1)
		}
		all = append(all, `"`+key+`": `+value)
	}
	return "{" + strings.Join(all, ", ") + "}"
}

package seeds_test

import (
	"flag"
	"testing"

	_ "pgregory.net/rapid"

	"github.com/trailwarden/trailwarden/internal/seeds"
)

// A change is asked the same every time; exploring asks something new each time,
// of the tests of one process too.
func TestWhereTestsBegin(t *testing.T) {
	t.Cleanup(func() { _ = flag.Set("rapid.seed", "0") })
	for _, c := range []struct {
		value, rapid string
		same         bool
	}{{"", "1", true}, {"77", "77", true}, {"clock", "0", false}} {
		t.Setenv(seeds.Variable, c.value)
		if err := flag.Set("rapid.seed", "0"); err != nil {
			t.Fatal(err)
		}
		seeds.Rapid()
		if got := flag.Lookup("rapid.seed").Value.String(); got != c.rapid {
			t.Errorf("%q: rapid begins at %s, want %s", c.value, got, c.rapid)
		}
		if a, b := seeds.Of(t), seeds.Of(t); (a == b) != c.same {
			t.Errorf("%q: seeds %d and %d", c.value, a, b)
		}
	}
}

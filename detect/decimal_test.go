package detect_test

import (
	"math/big"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/trailwarden/trailwarden/detect"
	"github.com/trailwarden/trailwarden/internal/seeds"
)

// bigNumber writes a number that a double may or may not hold.
func bigNumber(g *rand.Rand) string {
	s := []string{"", "-"}[g.IntN(2)] + strconv.Itoa(g.IntN(3))
	if s[len(s)-1] != '0' {
		for range g.IntN(24) {
			s += strconv.Itoa(g.IntN(10) % (1 + g.IntN(10)))
		}
	}
	if g.IntN(2) == 0 {
		s += "." + strconv.Itoa(g.IntN(1000))
	}
	if g.IntN(2) == 0 {
		s += "e" + strconv.Itoa(g.IntN(60)-30)
	}
	return s
}

func TestNumbersOfAnySizeRelateAsTheirValues(t *testing.T) {
	seed := seeds.Of(t)
	g := rand.New(rand.NewPCG(seed, 1))
	for range 20000 {
		a, b := bigNumber(g), bigNumber(g)
		if g.IntN(4) == 0 {
			b = a + "0"
		}
		d, ok := detect.ParseDecimal(a)
		o, valid := detect.ParseDecimal(b)
		if !ok || !valid || d.Exact && o.Exact {
			continue // doubles have their own test
		}
		x, _ := new(big.Rat).SetString(a)
		y, _ := new(big.Rat).SetString(b)
		want := x.Cmp(y)
		for op, holds := range []bool{want == 0, want < 0, want <= 0, want > 0, want >= 0} {
			if got := d.Relates(detect.NumOp(op), o); got != holds {
				t.Fatalf("seed %d: %s, %s: relation %d is %v", seed, a, b, op, got)
			}
		}
	}
}

func TestHugeExponentsRelate(t *testing.T) {
	for name, c := range map[string]struct {
		less, more string
	}{
		"beyond a double":           {"1e400", "1e401"},
		"beyond an integer":         {"5", "1e99999999999999999999999"},
		"below a double":            {"1e-401", "1e-400"},
		"zero is below":             {"0e99999999999999999999999", "1e-99999999999999999999999"},
		"negative":                  {"-1e400", "-12345678901234567890"},
		"negative against positive": {"-1e400", "1e-400"},
	} {
		t.Run(name, func(t *testing.T) {
			a, _ := detect.ParseDecimal(c.less)
			b, _ := detect.ParseDecimal(c.more)
			if !a.Relates(detect.NumLess, b) || !b.Relates(detect.NumGreaterEqual, a) || a.Relates(detect.NumEqual, b) {
				t.Errorf("%s is not below %s", c.less, c.more)
			}
		})
	}
}

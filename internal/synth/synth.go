// Package synth makes CloudTrail logs up: for tests, benchmarks and examples
// that need many records which look real, and belong to nobody.
//
// A corpus has the layout, the order of keys, the sizes and the mix of real
// trails: 45 calls of 23 services in a Zipf-like distribution, nine reads to a
// write, callers that come in bursts, log-normal events per file, policies as
// escaped JSON inside strings, and now and then a root sign-in or a deletion.
// Account ids and addresses are those reserved for documentation. The same
// Options give the same bytes on every machine.
package synth

import (
	"cmp"
	"math/rand/v2"
	"time"
)

// Options say what a corpus looks like. The zero value of each field stands for
// the default named beside it.
type Options struct {
	Seed uint64

	// Records is how many records to make, or if 0 as many as give about Bytes
	// of JSON (default 100 MB), or if Files and PerFile are given their product.
	Records int
	Bytes   int64

	// PerFile is the number of records in each file. 0 means a log-normal
	// number, with a median of Median (60), a sigma of Sigma (1.5) and at most
	// MaxPerFile (8,000).
	Files      int
	PerFile    int
	Median     float64
	Sigma      float64
	MaxPerFile int

	Accounts     int       // accounts that log, at most 14 (the default)
	Regions      int       // regions with activity, at most 17 (the default)
	Start        time.Time // first day in UTC (2025-03-03)
	Days         int       // days covered (7)
	Organization string    // adds the organization's folder to each key, such as o-exampleorg1
	Level        int       // gzip level of files (6)
}

// bytesPerRecord is what a record takes on average.
const bytesPerRecord = 1470

func (o Options) withDefaults() Options {
	o.Median = cmp.Or(o.Median, 60)
	o.Sigma = cmp.Or(o.Sigma, 1.5)
	o.MaxPerFile = cmp.Or(o.MaxPerFile, 8000)
	o.Accounts = min(cmp.Or(o.Accounts, len(accountIDs)), len(accountIDs))
	o.Regions = min(cmp.Or(o.Regions, len(regions)), len(regions))
	o.Days = cmp.Or(o.Days, 7)
	o.Level = cmp.Or(o.Level, 6)
	if o.Start.IsZero() {
		o.Start = time.Date(2025, 3, 3, 0, 0, 0, 0, time.UTC)
	}
	o.Start = o.Start.UTC().Truncate(24 * time.Hour)
	if o.Records == 0 && o.Files > 0 && o.PerFile > 0 {
		o.Records = o.Files * o.PerFile
	}
	if o.Records == 0 {
		o.Records = int(cmp.Or(o.Bytes, 100_000_000) / bytesPerRecord)
	}
	o.Records = max(o.Records, 1)
	return o
}

// Generator makes the files of one corpus, each on its own, so that they may be
// made in any order and by several goroutines.
type Generator struct {
	o        Options
	sizes    []int // records in each file
	accounts []*account
	calls    *callTable
}

// New prepares a corpus.
func New(o Options) *Generator {
	g := &Generator{o: o.withDefaults(), calls: parseCalls(eventsText)}
	g.sizes = plan(g.o)
	for i := range g.o.Accounts {
		g.accounts = append(g.accounts, newAccount(accountIDs[i], source(g.o.Seed, 1, uint64(i))))
	}
	return g
}

// Files is the number of files in the corpus.
func (g *Generator) Files() int { return len(g.sizes) }

// Records is the number of records in the corpus.
func (g *Generator) Records() int { return g.o.Records }

// plan cuts the records of a corpus into files.
func plan(o Options) (sizes []int) {
	r := source(o.Seed, 2, 0)
	for left := o.Records; left > 0; left -= sizes[len(sizes)-1] {
		n := o.PerFile
		if n == 0 {
			n = logNormal(r, o.Median, o.Sigma, o.MaxPerFile)
		}
		sizes = append(sizes, min(n, left))
	}
	return sizes
}

// source is the random source for one purpose, and one thing of it, in the
// corpus of a seed.
func source(seed, purpose, index uint64) *rand.Rand {
	return rand.New(rand.NewPCG(seed, purpose<<56|index))
}

// Package pipeline wires the parts together: it lists log files, opens them
// into records, judges each record by all rules and hands the findings on in
// listing order.
package pipeline

import (
	"context"
	"io"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/detect"
	"github.com/trailwarden/trailwarden/report"
	"github.com/trailwarden/trailwarden/rule"
)

// Options say what a scan reads and how.
type Options struct {
	Listing *Listing
	Stdin   io.Reader // what the path "-" reads
	// Warm, when set, is the past that rules with a memory learn from: its
	// records become part of windows and of what is usual, and are no findings.
	Warm *Listing
	// Rules judge the records; inactive ones are passed over.
	Rules []*rule.Rule
	// Workers is the number of files read at once; 0 means one per CPU.
	Workers int
	// From and To bound the records by eventTime: From ≤ eventTime < To; zero
	// times set no bound. A record without a valid eventTime is judged.
	From, To time.Time
	// KeepDuplicates judges a record even if its identity was seen before.
	KeepDuplicates bool
	// Span asks for the records' first and last time, which costs reading each.
	Span bool
	// WithEvent adds the raw record to each finding.
	WithEvent bool
	Limits    cloudtrail.Limits
	// MaxAhead bounds the bytes of results that wait for an earlier file to
	// finish; 0 means 4 MiB.
	MaxAhead int
	Now      func() time.Time // for Totals.Seconds; nil means time.Now

	// The receivers are called in listing order, never two at a time; each may
	// be nil. An error of Findings ends the scan.
	Findings func(lines []byte) error // whole findings, see report.Encoder
	Fault    func(cloudtrail.Fault)
	Note     func(cloudtrail.Fault)    // something that was read but deserves a look
	Ignored  func(file, reason string) // a file that is no log of records

	// Ready, when set, is called once the rules are ready to judge and before
	// anything is read.
	Ready func()

	// Progress, when set, counts what was read so far, for a display.
	Progress *Progress
}

// Progress is written during a scan and may be read at any time.
type Progress struct {
	Files atomic.Int64 // inputs done
	Bytes atomic.Int64 // bytes of inputs read
}

// Result is what a scan says at its end.
type Result struct {
	Totals report.Totals
	// ByRule counts the findings of Options.Rules, by index.
	ByRule []int64
	// First and Last are the earliest and the latest eventTime of the records
	// between Options.From and To, UTC; zero without Options.Span.
	First, Last time.Time
	// Outside is how many of the records that were read are not between them,
	// and were not judged.
	Outside int64
}

// Scan judges all records of the listing. Whatever is wrong with an input is a
// fault and the rest is judged; the error is that of ctx or of a receiver, and
// the result then tells what was done until it came. When ctx ends, what was
// found until then is still handed on.
func Scan(ctx context.Context, o Options) (Result, error) {
	now := o.Now
	if now == nil {
		now = time.Now
	}
	began := now()
	s := newScan(&o)
	if o.Ready != nil {
		o.Ready()
	}
	err := s.run(ctx)
	s.out.totals.Seconds = now().Sub(began).Seconds()
	return Result{s.out.totals, s.byRule(), s.out.span.first, s.out.span.last, s.out.span.outside}, err
}

// scan is one run of Scan.
type scan struct {
	o       *Options
	engine  *detect.Engine
	encode  *report.Encoder
	active  []int        // engine's rule number → index in Options.Rules, of rules on single records
	memory  *remembering // nil when no rule remembers
	entries []entry      // what is read: the listing, then what only warms up
	out     *flusher
	order   *order
	dealer  *dealer
	cut     atomic.Bool // the context ended before the work did
}

func newScan(o *Options) *scan {
	s := &scan{o: o, out: &flusher{o: o}}
	var nodes []detect.Node
	var rules []*rule.Rule
	for i, r := range o.Rules {
		if r.Inactive == "" && r.Predicate != nil {
			nodes, rules, s.active = append(nodes, r.Predicate), append(rules, r), append(s.active, i)
		}
	}
	if s.memory, nodes = newRemembering(o.Rules, nodes); s.memory != nil {
		rules = append(rules, s.memory.owners...)
		s.out.memory = s.memory
	}
	s.entries = o.Listing.entries
	if s.memory != nil && o.Warm != nil {
		s.entries = append(s.entries[:len(s.entries):len(s.entries)], o.Warm.entries...)
		for i := len(o.Listing.entries); i < len(s.entries); i++ {
			s.entries[i].warm = true
		}
	}
	s.engine, s.encode = detect.Compile(nodes), report.NewEncoder(rules, o.WithEvent)
	s.out.byRule = make([]int64, len(rules))
	if !o.KeepDuplicates {
		s.out.seen = newSeen()
	}
	if o.MaxAhead <= 0 {
		o.MaxAhead = 4 << 20
	}
	s.order = newOrder(o.MaxAhead, s.out.flush)
	s.dealer = &dealer{entries: s.entries, workers: s.workers(), single: s.memory != nil}
	s.order.given = s.dealer.given
	return s
}

func (s *scan) byRule() []int64 {
	n := make([]int64, len(s.o.Rules))
	for i, r := range s.active {
		n[r] = s.out.byRule[i]
	}
	if s.memory != nil {
		for i, owner := range s.memory.owners {
			n[slices.Index(s.o.Rules, owner)] = s.out.byRule[len(s.active)+i]
		}
	}
	return n
}

// workers is how many there are.
func (s *scan) workers() int {
	n := s.o.Workers
	if n <= 0 {
		n = runtime.GOMAXPROCS(0)
	}
	return min(n, max(1, len(s.entries)))
}

// run starts the workers and waits for them.
func (s *scan) run(ctx context.Context) error {
	var wg sync.WaitGroup
	for range s.dealer.workers {
		wg.Go(func() { newWorker(s).work(ctx) })
	}
	wg.Wait()
	s.order.rest()
	if s.out.seen != nil {
		s.out.seen.free() // before windows are judged, which takes memory as well
	}
	if s.memory != nil && s.order.err == nil {
		s.order.err = s.detections(ctx)
	}
	if s.order.err == nil && s.cut.Load() {
		return context.Cause(ctx)
	}
	return s.order.err
}

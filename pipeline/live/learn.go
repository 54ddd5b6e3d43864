//go:build !function

package live

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/detect/memory"
	"github.com/trailwarden/trailwarden/pipeline"
	"github.com/trailwarden/trailwarden/pipeline/intake"
)

// LearnOptions say what of the past is learned, and where it is kept.
type LearnOptions struct {
	Store Store
	// Rules are those that learn: of the rules in it, the ones with a baseline.
	Rules *intake.Rules
	// Records are the past, in whatever order.
	Records pipeline.RecordOptions
	// Lateness is as in Options.
	Lateness time.Duration
	Now      func() time.Time
}

// Learned is what came of it.
type Learned struct {
	Records pipeline.RecordTotals
	Hits    int64     // of rules with a baseline
	Groups  int       // that learned; those that the store knew already are not among them
	Upto    time.Time // of the latest record, UTC; zero when there was none
}

// Learn has rules that compare what comes with the past know one, before a
// server or a function watches with the same store: then a value is new, or a
// rate unusual, from the first hour on. Nothing of the past is told. What it
// wrote stays when it is broken off, and learning again goes on from there.
func Learn(ctx context.Context, o LearnOptions) (l Learned, err error) {
	m := o.Rules.Memory()
	if m == nil || !slices.ContainsFunc(m.Specs, (*memory.Spec).Baseline) {
		return l, errors.New("no rule compares what comes with the past (first_seen, rate), so there is nothing to learn")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	t := &taught{rules: o.Rules, specs: m.Specs, until: o.Now().Add(ahead), past: memory.NewHistory(m.Specs, memory.HistoryOptions{})}
	if l.Records, err = pipeline.Records(ctx, o.Records, t.pupil); err != nil {
		return l, errors.Join(err, t.past.Close())
	}
	if l.Hits, l.Upto = t.hits, t.latest; t.latest.IsZero() {
		return l, t.past.Close()
	}
	e := memory.NewEngine(m.Specs, memory.EngineOptions{State: kept{o.Store}, Lateness: o.Lateness, Now: o.Now, Ahead: ahead})
	l.Groups, err = e.Learn(ctx, t.past, t.latest, func(all []memory.Entry) error {
		b := alert.Batch{Now: o.Now().UTC()}
		for _, x := range all {
			b.State = append(b.State, alert.Position{Name: statePrefix + x.Key, Data: x.Data, Version: x.Version})
		}
		_, err := o.Store.Commit(ctx, b)
		return err
	})
	if err != nil {
		err = fmt.Errorf("what rules learned: %w", err)
	}
	return l, err
}

// taught is what all goroutines learned.
type taught struct {
	rules *intake.Rules
	specs []*memory.Spec
	until time.Time // later records are not believed

	mu     sync.Mutex
	past   *memory.History
	hits   int64
	latest time.Time
}

// pupil reads the records of one goroutine.
func (t *taught) pupil() pipeline.RecordVisitor {
	p := &pupil{taught: t, judge: t.rules.NewJudge()}
	p.judge.Keep = &intake.Hits{Until: t.until}
	return p
}

type pupil struct {
	*taught
	judge *intake.Judge
	from  intake.Origin
}

// pupilHits is how many hits are handed over at once.
const pupilHits = 1000

// Record notes the hits of a record.
func (p *pupil) Record(file string, rec *cloudtrail.Record) error {
	p.from.File = file
	p.judge.Record(nil, rec, 0, &p.from)
	if k := p.judge.Keep; len(k.All) >= pupilHits || k.Bytes > maxRecent {
		return p.handOver()
	}
	return nil
}

func (p *pupil) handOver() error {
	k := p.judge.Keep
	p.judge.Keep = &intake.Hits{Until: p.until}
	p.mu.Lock()
	defer p.mu.Unlock()
	if k.Latest.After(p.latest) {
		p.latest = k.Latest
	}
	for i := range k.All {
		if x := &k.All[i]; p.specs[x.Spec].Baseline() && !x.At.After(p.until) {
			if err := p.past.Add(x); err != nil {
				return err
			}
			p.hits++
		}
	}
	return nil
}

// File has nothing to do.
func (p *pupil) File(string, cloudtrail.Summary) error { return nil }

// Close hands over the rest.
func (p *pupil) Close() error { return p.handOver() }

// Package lookup reads the event history of CloudTrail with LookupEvents: the
// management events of the last 90 days, in every region, without any trail
// (CloudTrail User Guide, viewing events with event history).
package lookup

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"

	"github.com/trailwarden/trailwarden/cloudtrail/catalog"
	"github.com/trailwarden/trailwarden/source"
	"github.com/trailwarden/trailwarden/source/envelope"
)

// Options say what is asked and how.
type Options struct {
	Name   string // the source's name; empty means "lookup"
	Config aws.Config
	// Regions are asked; empty means all of the partition of Config's region.
	// Regions that the account has not enabled are left out by themselves.
	Regions []string
	// From is where reading begins when the cursor knows nothing; zero means 24 h
	// ago. LookupEvents goes back 90 days.
	From time.Time
	// Insights asks for Insights events instead of management events.
	Insights bool
	// Every is how often the regions are asked; 0 means 1 min.
	Every time.Duration
	// Overlap is how far each question reaches back before the last one, for
	// events that come late; 0 means 15 min.
	Overlap time.Duration
	// Step is the most time that is asked for at once; 0 means 1 h. It shrinks
	// by itself where events are many.
	Step time.Duration
	// Cursor keeps the positions; nil forgets them at the end.
	Cursor source.Cursor
	// Grace is how long a handler may go on after the end; 0 means 8 s.
	Grace time.Duration
	// PerSecond is how often a region is asked a second; 0 means 2, which is what
	// CloudTrail allows an account.
	PerSecond float64
	Retry     source.Retry
	Clock     source.Clock
}

// Source asks for events.
type Source struct {
	source.Monitor
	o       Options
	regions []*region
}

var _ source.Source = (*Source)(nil)

// New makes a Source.
func New(o Options) *Source {
	if o.Name == "" {
		o.Name = "lookup"
	}
	for _, d := range []struct {
		at       *time.Duration
		ordinary time.Duration
	}{{&o.Every, time.Minute}, {&o.Overlap, 15 * time.Minute}, {&o.Step, time.Hour}, {&o.Grace, 8 * time.Second}} {
		if *d.at <= 0 {
			*d.at = d.ordinary
		}
	}
	if o.PerSecond <= 0 {
		o.PerSecond = 2
	}
	if o.Cursor == nil {
		o.Cursor = &source.MemoryCursor{}
	}
	if len(o.Regions) == 0 {
		o.Regions = allRegions(o.Config.Region)
	}
	o.Retry.Clock = o.Clock
	s := &Source{o: o}
	s.Now = o.Clock.Time
	for _, code := range o.Regions {
		s.regions = append(s.regions, s.newRegion(code))
	}
	return s
}

// allRegions are the known regions of the partition that home is in.
func allRegions(home string) (codes []string) {
	c := catalog.Default()
	partition := c.PartitionOf(home)
	if partition == "" {
		partition = "aws"
	}
	for _, r := range c.Regions() {
		if r.Partition == partition {
			codes = append(codes, r.Code)
		}
	}
	return codes
}

// Name is the source's name.
func (s *Source) Name() string { return s.o.Name }

// position is what the cursor keeps.
type position struct {
	// Done is the time up to which each region was read once.
	Done map[string]time.Time `json:"done"`
	Seen *source.Seen         `json:"seen"`
}

// most is the most events of an overlap that are remembered.
const most = 1_000_000

// Run asks until ctx ends. A region that cannot be asked falls behind and
// catches up later; the others go on.
func (s *Source) Run(ctx context.Context, h source.Handler) error {
	soft, end := source.Graceful(ctx, s.o.Grace)
	defer end()
	p, err := s.load(ctx)
	if err != nil {
		return err
	}
	for ctx.Err() == nil {
		behind, err := s.round(ctx, soft, h, p)
		s.Failed(err)
		switch {
		case behind: // also while another region cannot be asked
		case err != nil:
			_ = s.o.Clock.Wait(ctx, min(s.o.Every, 30*time.Second))
		default:
			_ = s.o.Clock.Wait(ctx, s.o.Every)
		}
	}
	return nil
}

func (s *Source) cursorName() string { return "lookup/" + s.o.Name }

func (s *Source) load(ctx context.Context) (*position, error) {
	p := &position{Seen: source.NewSeen(most)}
	b, err := s.o.Cursor.Load(ctx, s.cursorName())
	if err != nil {
		return nil, &source.ConfigError{Source: s.o.Name, What: "its position cannot be read", Do: "see to the store", Err: err}
	}
	if len(b) == 0 || json.Unmarshal(b, p) != nil {
		p = &position{Seen: source.NewSeen(most)}
	}
	if p.Done == nil {
		p.Done = map[string]time.Time{}
	}
	from := s.o.From
	if from.IsZero() {
		from = s.o.Clock.Time().Add(-24 * time.Hour)
	}
	for _, r := range s.regions {
		if p.Done[r.code].IsZero() {
			p.Done[r.code] = from
		}
	}
	return p, nil
}

// event is one event of the history.
type event struct {
	region string
	types.Event
}

func (e event) id() string { return aws.ToString(e.EventId) }

// round asks all regions for one step of time each, hands over what is new in
// the order of time, and saves how far they got. behind tells that a region has
// more steps to make.
func (s *Source) round(ctx, soft context.Context, h source.Handler, p *position) (behind bool, err error) {
	now := s.o.Clock.Time().Truncate(time.Second)
	for code, done := range p.Done {
		if done.After(now) { // the clock was ahead, and is set back: what comes until then is still to be read
			p.Done[code] = now
		}
	}
	results := s.ask(ctx, p, now)
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	var events []event
	var faults []error
	for i, r := range results {
		if r.err != nil {
			faults = append(faults, r.err)
			continue
		}
		for _, e := range r.events {
			events = append(events, event{s.regions[i].code, e})
		}
	}
	slices.SortStableFunc(events, func(a, b event) int { return aws.ToTime(a.EventTime).Compare(aws.ToTime(b.EventTime)) })
	for chunk := range slices.Chunk(events, 500) {
		if err := s.handOver(ctx, soft, h, chunk); err != nil {
			return false, err
		}
	}
	for _, e := range events {
		p.Seen.Note(e.id(), aws.ToTime(e.EventTime))
	}
	behind = s.advance(p, results, now)
	if err := s.save(soft, p); err != nil {
		return false, err
	}
	if len(faults) == 0 {
		s.Reached()
	}
	return behind, errors.Join(faults...)
}

// result is what a region answered.
type result struct {
	to     time.Time
	events []types.Event
	err    error
	off    bool // the account has not enabled the region
}

// ask asks all regions at once.
func (s *Source) ask(ctx context.Context, p *position, now time.Time) []result {
	results := make([]result, len(s.regions))
	var all sync.WaitGroup
	for i, r := range s.regions {
		all.Go(func() { results[i] = r.step(ctx, p, now) })
	}
	all.Wait()
	off := 0
	for _, r := range results {
		if r.off {
			off++
		}
	}
	if off == len(results) { // not a region that is off, but credentials that are wrong
		for i := range results {
			results[i].err = fmt.Errorf("every region refuses the credentials: %w", s.regions[i].refusal)
			s.regions[i].until = time.Time{}
		}
		return results[:1]
	}
	return results
}

// advance notes how far the regions got.
func (s *Source) advance(p *position, results []result, now time.Time) (behind bool) {
	oldest := now
	for i, r := range results {
		code := s.regions[i].code
		if r.err == nil && r.to.After(p.Done[code]) {
			p.Done[code] = r.to
		}
		if r.off || r.err != nil { // what is known of it is not kept for as long as it fails: it may be for ever
			continue
		}
		behind = behind || p.Done[code].Before(now)
		if p.Done[code].Before(oldest) {
			oldest = p.Done[code]
		}
	}
	p.Seen.Forget(oldest.Add(-s.o.Overlap))
	return behind
}

func (s *Source) save(ctx context.Context, p *position) error {
	b, err := json.Marshal(p)
	if err != nil {
		return err
	}
	if err := s.o.Cursor.Save(ctx, s.cursorName(), b); err != nil {
		s.AckFailed(1)
		return fmt.Errorf("saving the position of %s: %w", s.o.Name, err)
	}
	return nil
}

// handOver delivers events.
func (s *Source) handOver(ctx, soft context.Context, h source.Handler, events []event) error {
	d := source.Delivery{Source: s.o.Name, Sent: aws.ToTime(events[0].EventTime).UTC()}
	sum := sha256.New()
	for _, e := range events {
		sum.Write([]byte(e.id()))
		d.Items = append(d.Items, item(e))
	}
	d.ID = hex.EncodeToString(sum.Sum(nil)[:16])
	return s.Deliver(ctx, soft, h, d, s.o.Retry)
}

// item is the record in an event.
func item(e event) envelope.Item {
	it := envelope.Item{Kind: envelope.Record, What: "LookupEvents", Record: []byte(aws.ToString(e.CloudTrailEvent)),
		Path: []envelope.Hop{{Shape: envelope.ShapeLookup, ID: e.id(), Origin: e.region, Time: aws.ToTime(e.EventTime).UTC()}}}
	if !strings.HasPrefix(strings.TrimSpace(string(it.Record)), "{") {
		it.Kind, it.Reason = envelope.Poison, "the event of LookupEvents holds no CloudTrailEvent"
		it.Excerpt, it.Record = it.Record[:min(len(it.Record), 64<<10)], nil
	}
	return it
}

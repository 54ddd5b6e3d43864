// Package logs reads CloudTrail records out of a CloudWatch Logs group by asking
// for them. Subscriptions are faster; they come through the other sources and
// source/envelope. Asking needs no set-up and finds what a subscription skipped.
package logs

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"golang.org/x/time/rate"

	"github.com/trailwarden/trailwarden/source"
	"github.com/trailwarden/trailwarden/source/envelope"
)

// Options say which log group is read and how.
type Options struct {
	Name   string // the source's name; empty means the group's
	Config aws.Config
	// Group is the log group's name or ARN.
	Group string
	// Prefix bounds the log streams by what their names begin with.
	Prefix string
	// From is where reading begins when the cursor knows nothing; zero means one
	// Overlap before now.
	From time.Time
	// Every is how often the group is asked; 0 means 1 min.
	Every time.Duration
	// Overlap is how far each question reaches back before the last one, for
	// events that are ingested late; 0 means 15 min.
	Overlap time.Duration
	// Step is the most time that is asked for at once, and so the most that is
	// read again after a crash; 0 means 1 h.
	Step time.Duration
	// Cursor keeps the position; nil forgets it at the end.
	Cursor source.Cursor
	// Grace is how long a handler may go on after the end; 0 means 8 s.
	Grace  time.Duration
	Retry  source.Retry
	Limits envelope.Limits // zero means the default
	Clock  source.Clock
}

// Source asks one log group.
type Source struct {
	source.Monitor
	o      Options
	client *cloudwatchlogs.Client
	pace   *rate.Limiter
}

var _ source.Source = (*Source)(nil)

// New makes a Source.
func New(o Options) *Source {
	o.Group = strings.TrimSuffix(o.Group, ":*") // as the console and IAM write an ARN, and questions may not
	if o.Name == "" {
		o.Name = o.Group
	}
	for _, d := range []struct {
		at       *time.Duration
		ordinary time.Duration
	}{{&o.Every, time.Minute}, {&o.Overlap, 15 * time.Minute}, {&o.Step, time.Hour}, {&o.Grace, 8 * time.Second}} {
		if *d.at <= 0 {
			*d.at = d.ordinary
		}
	}
	if o.Cursor == nil {
		o.Cursor = &source.MemoryCursor{}
	}
	if o.Limits == (envelope.Limits{}) {
		o.Limits = envelope.DefaultLimits()
	}
	o.Retry.Clock = o.Clock
	// FilterLogEvents allows 5 calls a second in the smallest regions.
	s := &Source{o: o, pace: rate.NewLimiter(4, 1)}
	s.Now = o.Clock.Time
	s.client = cloudwatchlogs.NewFromConfig(o.Config, func(c *cloudwatchlogs.Options) { c.Retryer = aws.NopRetryer{} })
	return s
}

// Name is the source's name.
func (s *Source) Name() string { return s.o.Name }

// position is what the cursor keeps.
type position struct {
	// Done is the time up to which everything was read once.
	Done time.Time    `json:"done"`
	Seen *source.Seen `json:"seen"`
}

// most is the most events of an overlap that are remembered.
const most = 1_000_000

// Run asks until ctx ends. The error is a *source.ConfigError when there is no
// such log group at the start.
func (s *Source) Run(ctx context.Context, h source.Handler) error {
	soft, end := source.Graceful(ctx, s.o.Grace)
	defer end()
	pos, err := s.load(ctx)
	if err != nil {
		return err
	}
	asked := false
	for failures := 0; ctx.Err() == nil; {
		err := s.catchUp(ctx, soft, h, pos)
		wait := s.o.Every
		switch {
		case err == nil:
			failures, asked = 0, true
		case !asked && isMissing(err):
			return &source.ConfigError{Source: s.o.Name, What: fmt.Sprintf("there is no log group %q", s.o.Group), Do: "check its name, account and region", Err: err}
		default:
			failures++
			s.Failed(err)
			wait = source.Backoff{Base: time.Second, Most: 30 * time.Second}.After(failures)
		}
		_ = s.o.Clock.Wait(ctx, wait)
	}
	return nil
}

func isMissing(err error) bool {
	var gone *types.ResourceNotFoundException
	return errors.As(err, &gone)
}

func (s *Source) cursorName() string { return "logs/" + s.o.Name }

func (s *Source) load(ctx context.Context) (*position, error) {
	p := &position{Seen: source.NewSeen(most)}
	b, err := s.o.Cursor.Load(ctx, s.cursorName())
	if err != nil {
		return nil, &source.ConfigError{Source: s.o.Name, What: "its position cannot be read", Do: "see to the store", Err: err}
	}
	if len(b) > 0 && json.Unmarshal(b, p) == nil && !p.Done.IsZero() {
		return p, nil
	}
	p.Done = s.o.From
	if p.Done.IsZero() {
		p.Done = s.o.Clock.Time()
	}
	p.Seen = source.NewSeen(most)
	// Kept at once: where the group cannot be read yet, a later start goes on from here.
	if err := s.save(ctx, p); err != nil { // it is tried again after each question
		s.Failed(err)
	}
	return p, nil
}

// save keeps the position.
func (s *Source) save(ctx context.Context, p *position) error {
	b, err := json.Marshal(p)
	if err != nil {
		return err
	}
	if err := s.o.Cursor.Save(ctx, s.cursorName(), b); err != nil {
		return fmt.Errorf("saving the position of %s: %w", s.o.Name, err)
	}
	return nil
}

// catchUp reads up to now, step by step, and saves the position after each.
func (s *Source) catchUp(ctx, soft context.Context, h source.Handler, p *position) error {
	now := s.o.Clock.Time()
	if p.Done.After(now) { // the clock was ahead, and is set back: what comes until then is still to be read
		p.Done = now
	}
	for {
		from, to := p.Done.Add(-s.o.Overlap), p.Done.Add(s.o.Step)
		if to.After(now) {
			to = now
		}
		if err := s.span(ctx, soft, h, p, from, to); err != nil {
			return err
		}
		if to.After(p.Done) {
			p.Done = to
		}
		p.Seen.Forget(p.Done.Add(-s.o.Overlap))
		if err := s.save(soft, p); err != nil {
			s.AckFailed(1)
			return err
		}
		if !to.Before(now) {
			return nil
		}
	}
}

// span reads the events of a span of time, page by page.
func (s *Source) span(ctx, soft context.Context, h source.Handler, p *position, from, to time.Time) error {
	in := &cloudwatchlogs.FilterLogEventsInput{StartTime: aws.Int64(from.UnixMilli()), EndTime: aws.Int64(to.UnixMilli())}
	if isARN(s.o.Group) {
		in.LogGroupIdentifier = &s.o.Group
	} else {
		in.LogGroupName = &s.o.Group
	}
	if s.o.Prefix != "" {
		in.LogStreamNamePrefix = &s.o.Prefix
	}
	for {
		out, err := s.page(ctx, in)
		if err != nil {
			return err
		}
		if err := s.deliver(ctx, soft, h, p, out.Events); err != nil {
			return err
		}
		if aws.ToString(out.NextToken) == "" {
			return nil
		}
		in.NextToken = out.NextToken
	}
}

func isARN(s string) bool { return len(s) > 4 && s[:4] == "arn:" }

// page makes one call.
func (s *Source) page(ctx context.Context, in *cloudwatchlogs.FilterLogEventsInput) (*cloudwatchlogs.FilterLogEventsOutput, error) {
	for failures := 1; ; failures++ {
		if err := s.pace.Wait(ctx); err != nil {
			return nil, err
		}
		call, cancel := context.WithTimeout(ctx, 60*time.Second)
		out, err := s.client.FilterLogEvents(call, in)
		cancel()
		if err == nil {
			s.Reached()
			return out, nil
		}
		if failures == 5 || isMissing(err) || ctx.Err() != nil {
			return nil, fmt.Errorf("reading log group %s: %w", s.o.Group, err)
		}
		s.Failed(err)
		if err := s.o.Clock.Wait(ctx, source.Backoff{Base: 500 * time.Millisecond, Most: 20 * time.Second}.After(failures)); err != nil {
			return nil, err
		}
	}
}

// deliver hands over the events of a page that were not seen before, and notes
// them once they are handled.
func (s *Source) deliver(ctx, soft context.Context, h source.Handler, p *position, events []types.FilteredLogEvent) error {
	d := source.Delivery{Source: s.o.Name}
	var fresh []types.FilteredLogEvent
	sum := sha256.New()
	for _, e := range events {
		id := aws.ToString(e.EventId)
		if p.Seen.Has(id) {
			continue
		}
		fresh = append(fresh, e)
		sum.Write([]byte(id))
		hop := envelope.Hop{Shape: envelope.ShapeLogs, ID: id, Origin: s.o.Group + ":" + aws.ToString(e.LogStreamName), Time: at(e)}
		d.Items = append(d.Items, envelope.LogEvent(hop, []byte(aws.ToString(e.Message)), s.o.Limits)...)
	}
	if len(fresh) == 0 {
		return nil
	}
	d.ID, d.Sent = hex.EncodeToString(sum.Sum(nil)[:16]), at(fresh[0])
	if err := s.Deliver(ctx, soft, h, d, s.o.Retry); err != nil {
		return err
	}
	for _, e := range fresh {
		p.Seen.Note(aws.ToString(e.EventId), at(e))
	}
	return nil
}

func at(e types.FilteredLogEvent) time.Time { return time.UnixMilli(aws.ToInt64(e.Timestamp)).UTC() }

package lookup

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/smithy-go"
	"golang.org/x/time/rate"

	"github.com/trailwarden/trailwarden/source"
)

// region asks one region.
type region struct {
	s      *Source
	code   string
	client *cloudtrail.Client
	pace   *rate.Limiter
	width  time.Duration // of the next step
	// until is when a region that the account has not enabled is asked again,
	// and refusal what it said.
	until   time.Time
	refusal error
}

func (s *Source) newRegion(code string) *region {
	r := &region{s: s, code: code, width: s.o.Step, pace: rate.NewLimiter(rate.Limit(s.o.PerSecond), 1)}
	r.client = cloudtrail.NewFromConfig(s.o.Config, func(o *cloudtrail.Options) {
		o.Region = code
		o.Retryer = aws.NopRetryer{}
	})
	return r
}

// offFor is how long a region is left alone that the account has not enabled.
const offFor = time.Hour

// tooMany is the most new events of one step. LookupEvents gives the newest
// first, so that all of a step must be here before the first can be handed over.
const tooMany = 5000

// reach is how far LookupEvents goes back (CloudTrail API reference), less a
// minute for clocks that differ: a question beyond it may be refused.
const reach = 90*24*time.Hour - time.Minute

// step reads what happened after done, up to now or as far as one step goes, and
// what came late before done.
func (r *region) step(ctx context.Context, p *position, now time.Time) result {
	done := p.Done[r.code]
	if now.Before(r.until) {
		return result{off: true, to: done}
	}
	from := done.Add(-r.s.o.Overlap)
	if oldest := now.Add(-reach); from.Before(oldest) {
		from = oldest
	}
	from = from.Truncate(time.Second)
	if done.Before(from) {
		done = from
	}
	for {
		to := done.Add(r.width)
		if to.After(now) {
			to = now
		}
		events, complete, err := r.span(ctx, p.Seen, from, to, to.Sub(done) > time.Second)
		switch {
		case err != nil && isOff(err):
			r.until, r.refusal = now.Add(offFor), err
			return result{off: true, to: done}
		case err != nil:
			return result{err: fmt.Errorf("LookupEvents in %s: %w%s", r.code, err, adviceFor(err))}
		case complete:
			r.until = time.Time{}
			if len(events) < tooMany/4 {
				r.width = min(r.width*2, r.s.o.Step)
			}
			return result{to: to, events: events}
		}
		r.narrow(to, events)
	}
}

// narrow makes the step so short that its events fit, judged by how close the
// newest of a step that was too long lie to each other.
func (r *region) narrow(to time.Time, newest []types.Event) {
	oldest := aws.ToTime(newest[len(newest)-1].EventTime)
	r.width = max(min(to.Sub(oldest)/2, r.width/2), time.Second).Truncate(time.Second)
}

// span reads the events of a span of time that were not seen, both ends
// included. complete is false when there are too many and the span can be cut.
func (r *region) span(ctx context.Context, seen *source.Seen, from, to time.Time, cut bool) (events []types.Event, complete bool, err error) {
	in := &cloudtrail.LookupEventsInput{StartTime: &from, EndTime: &to, MaxResults: aws.Int32(50)}
	if r.s.o.Insights {
		in.EventCategory = types.EventCategoryInsight
	}
	for {
		out, err := r.page(ctx, in)
		if err != nil {
			return nil, false, err
		}
		for _, e := range out.Events {
			if !seen.Has(aws.ToString(e.EventId)) {
				events = append(events, e)
			}
		}
		if aws.ToString(out.NextToken) == "" {
			return events, true, nil
		}
		if cut && len(events) > tooMany {
			return events, false, nil
		}
		in.NextToken = out.NextToken
	}
}

// page makes one call, at the pace that CloudTrail allows.
func (r *region) page(ctx context.Context, in *cloudtrail.LookupEventsInput) (*cloudtrail.LookupEventsOutput, error) {
	for failures := 1; ; failures++ {
		if err := r.pace.Wait(ctx); err != nil {
			return nil, err
		}
		call, cancel := context.WithTimeout(ctx, 30*time.Second)
		out, err := r.client.LookupEvents(call, in)
		cancel()
		if err == nil || failures == 5 || ctx.Err() != nil || !passing(err) {
			return out, err
		}
		if err := r.s.o.Clock.Wait(ctx, source.Backoff{Base: time.Second, Most: 20 * time.Second}.After(failures)); err != nil {
			return nil, err
		}
	}
}

// isOff tells whether the error is what a region says to an account that has not
// enabled it, or that it does not exist.
func isOff(err error) bool {
	var dns *net.DNSError
	if errors.As(err, &dns) && dns.IsNotFound {
		return true
	}
	switch code(err) {
	case "UnrecognizedClientException", "InvalidClientTokenId", "OptInRequired", "AuthFailure", "RegionDisabledException":
		return true
	}
	return false
}

// adviceFor says what to do about an error that a person has to see to.
func adviceFor(err error) string {
	switch code(err) {
	case "AccessDeniedException", "AccessDenied":
		return "; allow cloudtrail:LookupEvents there, or give regions without it, where a policy forbids the region"
	}
	return ""
}

// passing tells whether it helps to ask again.
func passing(err error) bool {
	switch code(err) {
	case "AccessDeniedException", "AccessDenied", "ExpiredToken", "ExpiredTokenException", "InvalidTimeRangeException", "InvalidNextTokenException", "InvalidMaxResultsException":
		return false
	}
	return !isOff(err)
}

func code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

package doctor

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/assemble"
	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/internal/awsx"
	"github.com/trailwarden/trailwarden/rule"
)

// CanaryRule is the ID of the rule that a canary is told by.
const CanaryRule = "trailwarden-canary"

// CanaryRuleText is that rule, to be put among the rules that judge. It asks for
// the user agent, which CloudTrail records of refused calls too; each canary is
// an alert of its own.
const CanaryRuleText = `id: trailwarden-canary
title: Canary of trailwarden doctor
description: Somebody ran doctor --canary to see whether alerts arrive.
severity: informational
match:
  where:
    userAgent: {contains: trailwarden-canary/}
group_by: [userAgent]
`

// Canary makes one call that changes nothing and follows its event to the sinks.
//
// The call deletes a log group that does not exist, under a name of 128 random
// bits. It is recorded as a write, so that it takes every way: EventBridge does
// not deliver reads to rules in state ENABLED, trails may leave reads out, and
// filters mostly do. The user agent carries the marker; CloudTrail records it
// also when the call is refused.
type Canary struct {
	Env *Env
	// Store is where alerts are kept; nil when it cannot be reached, and the event
	// is then followed to its log file only.
	Store alert.Store
	// Every is how often each hop is looked for, Timeout how long in all; zero
	// means 5 s and 20 min. CloudTrail delivers files after about 5 minutes.
	Every, Timeout time.Duration
	// Sleep waits, or returns the error of ctx; nil means by the clock.
	Sleep func(ctx context.Context, d time.Duration) error
	// Hop is told of each hop as it is seen; it may be nil.
	Hop func(Hop)
	// Marker tells this canary from others; empty means a random one.
	Marker string

	read map[string]bool // files that the event is not in, by bucket and key
}

// Hop is a place that the event has come to.
type Hop struct {
	Name   string    `json:"hop"`           // call, file, alert, or sink NAME
	At     time.Time `json:"at"`            // UTC, as the place itself says
	After  Span      `json:"after_seconds"` // since the call
	Detail string    `json:"detail,omitempty"`
}

// Span is a length of time, in JSON a number of seconds.
type Span time.Duration

// MarshalJSON writes seconds with their milliseconds.
func (s Span) MarshalJSON() ([]byte, error) {
	return fmt.Appendf(nil, "%.3f", time.Duration(s).Seconds()), nil
}

// Flight is how far a canary came.
type Flight struct {
	Marker string `json:"marker"`
	Hops   []Hop  `json:"hops"`
	// Stuck is the hop that did not happen in time; empty when all did.
	Stuck string `json:"stuck,omitempty"`
	// Causes are what the checks about that hop say, the worst first.
	Causes []Result `json:"causes,omitempty"`
	// Unfollowed says what could not be followed, and why.
	Unfollowed []string `json:"unfollowed,omitempty"`
}

// Fly makes the call and follows it. The error is of the call itself, or of ctx;
// a canary that gets stuck is no error.
func (c *Canary) Fly(ctx context.Context) (Flight, error) {
	c.fill()
	f := Flight{Marker: c.Marker}
	start := c.Env.now()
	if err := c.call(ctx); err != nil {
		return f, err
	}
	c.seen(&f, start, Hop{Name: "call", At: start, Detail: "logs:DeleteLogGroup of a group that does not exist, in " + c.Env.aws.Region})
	return f, c.follow(ctx, &f, start)
}

// follow looks for all that is still to come, again and again: an event of
// EventBridge is told of before its file is there.
func (c *Canary) follow(ctx context.Context, f *Flight, start time.Time) error {
	legs := c.legs(f)
	end := legs[len(legs)-1].name
	for {
		for i := 0; i < len(legs); i++ {
			there, err := legs[i].look(ctx, f, start)
			if err == nil && !there {
				continue
			}
			if passes(err) {
				c.Env = New(c.Env.Target, Options{AWS: c.Env.aws, Now: c.Env.now, Store: c.Env.store}) // which asks again
				continue
			}
			if err != nil && ctx.Err() == nil {
				f.Unfollowed = append(f.Unfollowed, fmt.Sprintf("%s: %s", legs[i].name, unknown("", err).Cause))
			}
			if there && legs[i].name == end {
				c.overtaken(f, legs[:i])
				return nil
			}
			legs = slices.Delete(legs, i, i+1)
			i--
		}
		if len(legs) == 0 || ctx.Err() != nil {
			return ctx.Err()
		}
		if !c.Env.now().Add(c.Every).Before(start.Add(c.Timeout)) {
			f.Stuck, f.Causes = legs[0].name, c.causes(ctx, legs[0].checks)
			return nil
		}
		if err := c.Sleep(ctx, c.Every); err != nil {
			return err
		}
	}
}

// passes tells of an answer of AWS that the next look may not get. In twenty
// minutes one call may well be throttled.
func passes(err error) bool {
	if actionOf(err) == "" {
		return false
	}
	switch awsx.Classify(err).Kind {
	case awsx.Throttled, awsx.Server, awsx.Network:
		return true
	}
	return false
}

// overtaken says what was not seen although the end was.
func (c *Canary) overtaken(f *Flight, legs []leg) {
	for _, l := range legs {
		f.Unfollowed = append(f.Unfollowed, l.name+": not there yet when the message was told, which came another way")
	}
}

func (c *Canary) fill() {
	if c.Every <= 0 {
		c.Every = 5 * time.Second
	}
	if c.Timeout <= 0 {
		c.Timeout = 20 * time.Minute
	}
	if c.Sleep == nil {
		c.Sleep = sleep
	}
	c.read = map[string]bool{}
	if c.Hop == nil {
		c.Hop = func(Hop) {}
	}
	if c.Marker == "" {
		var b [16]byte
		_, _ = rand.Read(b[:]) // never fails
		c.Marker = hex.EncodeToString(b[:])
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// call makes the call. That it is refused, or finds nothing, is what is wanted.
func (c *Canary) call(ctx context.Context) error {
	cfg := awsx.Once(c.Env.aws)
	cfg.APIOptions = append(slices.Clone(cfg.APIOptions), middleware.AddUserAgentKeyValue("trailwarden-canary", c.Marker))
	name := "trailwarden-canary-" + c.Marker
	_, err := cloudwatchlogs.NewFromConfig(cfg).DeleteLogGroup(ctx, &cloudwatchlogs.DeleteLogGroupInput{LogGroupName: &name})
	fault := awsx.Classify(err)
	if fault.Kind == awsx.NotFound || fault.Kind == awsx.Denied && fault.Code == "AccessDeniedException" {
		return nil
	}
	if err == nil {
		return nil // some stand-ins of AWS delete what is not there
	}
	if fault.Advice() != "" {
		return fmt.Errorf("the canary's call was not made: %w. %s", fault, fault.Advice())
	}
	return fmt.Errorf("the canary's call was not made: %w", err)
}

func (c *Canary) seen(f *Flight, start time.Time, h Hop) {
	if slices.ContainsFunc(f.Hops, func(x Hop) bool { return x.Name == h.Name }) {
		return
	}
	h.At = h.At.UTC()
	h.After = Span(max(h.At.Sub(start), 0))
	f.Hops = append(f.Hops, h)
	c.Hop(h)
}

// leg is one part of the way, and the checks that tell why it may end there.
type leg struct {
	name   string
	look   func(ctx context.Context, f *Flight, start time.Time) (bool, error)
	checks []string
}

// legs are the parts that can be followed from here.
func (c *Canary) legs(f *Flight) (out []leg) {
	out = append(out, leg{"file", c.file, []string{"trail-exists", "trail-logging", "trail-regions", "trail-selectors", "bucket-policy", "key-policy", "files-arrive", "files-readable"}})
	if c.Store == nil {
		f.Unfollowed = append(f.Unfollowed, "alert: there is no store that can be reached from here: give store in the configuration")
		return out
	}
	r := c.Env.Rules
	if r == nil || !slices.ContainsFunc(r.Rules, func(x *rule.Rule) bool { return x.ID == CanaryRule && x.Inactive == "" }) {
		f.Unfollowed = append(f.Unfollowed, "alert: no rule "+CanaryRule+" is among the rules: doctor --canary-rule prints it")
		return out
	}
	out = append(out, leg{"alert", c.alert, []string{"rules-match", "wiring", "bucket-notification", "topic-policy", "subscription", "queue-policy", "queue-state", "dead-letters", "queue-mapping",
		"function-permission", "function-state", "function-ran", "role-files", "log-group", "bus-rules", "bus-targets", "bus-global", "bus-policy", "store-table"}})
	return append(out, leg{"sink", c.sinks, []string{"subscription", "role-sinks", "secrets", "ses-identity", "ses-account", "ses-recipients", "function-ran"}})
}

// causes are what the checks say, when it is not that all is well.
func (c *Canary) causes(ctx context.Context, names []string) (out []Result) {
	var checks []Check
	for _, k := range Catalogue() {
		if slices.Contains(names, k.ID) {
			checks = append(checks, k)
		}
	}
	for _, r := range Run(ctx, New(c.Env.Target, Options{AWS: c.Env.aws, Now: c.Env.now}), checks).Results {
		if r.State == Broken || r.State == Unknown || r.State == Warn {
			out = append(out, r)
		}
	}
	slices.SortStableFunc(out, func(a, b Result) int { return slices.Index(States(), b.State) - slices.Index(States(), a.State) })
	return out
}

// slack is how much earlier than the call, by the clock here, a file may have
// been delivered by S3's.
const slack = 2 * time.Minute

// file looks for the event in the files that came since the call.
func (c *Canary) file(ctx context.Context, f *Flight, start time.Time) (bool, error) {
	places, err := c.Env.places(ctx)
	if err != nil {
		return false, err
	}
	who, err := c.Env.caller(ctx)
	if err != nil {
		return false, err
	}
	if len(places) == 0 {
		return false, errors.New("no bucket is known: there is no trail")
	}
	for _, p := range places {
		// Each look lists anew, so nothing is remembered but where the bucket is.
		client, err := c.Env.s3Of(ctx, p.bucket)
		if err != nil {
			return false, err
		}
		for _, folder := range c.folders(ctx, p, who, start) {
			there, err := c.inFolder(ctx, f, client, p, folder, start)
			if there || err != nil {
				return there, err
			}
		}
	}
	return false, nil
}

// folders are where the event's file may be: the day's and, after midnight, the
// next one's, with and without an organization.
func (c *Canary) folders(ctx context.Context, p place, who caller, start time.Time) (out []string) {
	bases := []string{p.root() + who.account}
	if org, err := c.Env.organization(ctx); err == nil && org != "" {
		bases = append(bases, p.root()+org+"/"+who.account)
	}
	now := c.Env.now().UTC()
	for _, b := range bases {
		for day := start.UTC().Truncate(24 * time.Hour); !day.After(now); day = day.AddDate(0, 0, 1) {
			out = append(out, path.Join(b, "CloudTrail", c.Env.aws.Region, day.Format("2006/01/02"))+"/")
		}
	}
	return out
}

func (c *Canary) inFolder(ctx context.Context, f *Flight, client *s3.Client, p place, folder string, start time.Time) (bool, error) {
	in := &s3.ListObjectsV2Input{Bucket: &p.bucket, Prefix: &folder}
	if k, ok := cloudtrail.ParseObjectKey(folder); ok && k.Account != "" && k.Date.Equal(start.UTC().Truncate(24*time.Hour)) {
		after := folder + fileName(k.Account, c.Env.aws.Region, start.Add(-10*time.Minute)) // names have times
		in.StartAfter = &after
	}
	pages := s3.NewListObjectsV2Paginator(client, in)
	for i := 0; pages.HasMorePages() && i < maxNewestPages; i++ {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return false, err
		}
		for _, o := range page.Contents {
			at, key := aws.ToTime(o.LastModified), aws.ToString(o.Key)
			if at.Before(start.Add(-slack)) || !isLogFile(key) || c.read[p.bucket+"/"+key] {
				continue
			}
			id, err := c.inFile(ctx, client, p.bucket, key)
			if err != nil && actionOf(err) != "" {
				return false, err
			}
			// What is no log file, or breaks off, says nothing about the others, and is
			// read again at the next look.
			c.read[p.bucket+"/"+key] = err == nil
			if id != "" {
				c.seen(f, start, Hop{Name: "file", At: at, Detail: "s3://" + p.bucket + "/" + key + ", event " + id})
				return true, nil
			}
		}
	}
	return false, nil
}

// inFile is the ID of the canary's event, if the file has it.
func (c *Canary) inFile(ctx context.Context, client *s3.Client, bucket, key string) (id string, err error) {
	out, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		return "", err
	}
	defer out.Body.Close()
	_, err = cloudtrail.NewDecoder(assemble.Limits(c.Env.Config)).Decode(ctx, key, out.Body, aws.ToInt64(out.ContentLength), func(r *cloudtrail.Record, _ int) error {
		if strings.Contains(r.Field(cloudtrail.UserAgent).Str(), "trailwarden-canary/"+c.Marker) {
			id = r.Field(cloudtrail.EventID).Str()
		}
		return nil
	})
	return id, err
}

// find is the canary's alert, or nil.
func (c *Canary) find(ctx context.Context) (*alert.Alert, error) {
	page, _, err := c.Store.Alerts(ctx, alert.Query{Rule: CanaryRule, Text: c.Marker, Limit: 10})
	if err != nil || len(page) == 0 {
		return nil, err
	}
	return page[0], nil
}

func (c *Canary) alert(ctx context.Context, f *Flight, start time.Time) (bool, error) {
	a, err := c.find(ctx)
	if a == nil {
		return false, err
	}
	c.seen(f, start, Hop{Name: "alert", At: a.Created, Detail: a.ID[:min(12, len(a.ID))] + ", by " + a.Mode})
	return true, nil
}

// sinks waits for what each sink gave as receipt.
func (c *Canary) sinks(ctx context.Context, f *Flight, start time.Time) (bool, error) {
	a, err := c.find(ctx)
	if a == nil {
		return false, err
	}
	if len(a.Told) == 0 { // written with the alert: nobody will be told
		f.Unfollowed = append(f.Unfollowed, "sink: no route of the configuration has a sink for the rule "+CanaryRule+", severity "+a.Rule.Severity.String())
		return true, nil
	}
	waiting := false
	for _, t := range a.Told {
		if t.At.IsZero() {
			waiting = true
			continue
		}
		c.seen(f, start, Hop{Name: "sink " + t.Sink, At: t.At, Detail: fmt.Sprintf("receipt %.80s", t.Receipt)})
	}
	return !waiting, nil
}

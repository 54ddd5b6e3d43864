// Package s3 reads log files out of Amazon S3 and lists them.
//
// A Client is careful in the ways that a log reader needs: an object that is not
// there yet is waited for, a read that stalls or breaks is taken up again where
// it stopped and never mixes two versions of an object, a service that is busy
// is given time, and a permission that is missing is told as such. All waiting
// and trying again happens here; the SDK's own is off.
package s3

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/trailwarden/trailwarden/internal/awsx"
	"github.com/trailwarden/trailwarden/source"
)

// Options say how objects are read.
type Options struct {
	// Config has the credentials, the region to try first and, for emulators,
	// BaseEndpoint.
	Config aws.Config
	// PathStyle puts the bucket into the path instead of the host name, as
	// emulators need.
	PathStyle bool
	// Buckets are the only buckets that are read; empty means any. Messages say
	// which bucket to read, so whoever can write messages chooses.
	Buckets []string
	// Owner is the account that must own the bucket; empty means any.
	Owner string
	// Stall is how long a read may make no headway before it is broken off and
	// taken up again; 0 means 20 s.
	Stall time.Duration
	// Tries is the most tries in a row that fail for reasons that may pass; 0
	// means 8.
	Tries int
	// Backoff is the wait between them; zero means from 200 ms to 20 s.
	Backoff source.Backoff
	// Missing are the waits for an object that was announced and is not there;
	// nil means 5, 10 and 15 s.
	Missing []time.Duration
	Clock   source.Clock
}

// Client reads and lists objects. It is safe for concurrent use.
type Client struct {
	o       Options
	allowed map[string]bool

	mu      sync.Mutex
	clients map[string]*awss3.Client // by region
	regions map[string]string        // of buckets, as far as they were learnt
	missed  map[string]time.Time     // since when objects that were announced are not there
}

var _ source.Fetcher = (*Client)(nil)

// New makes a Client.
func New(o Options) *Client {
	if o.Stall <= 0 {
		o.Stall = 20 * time.Second
	}
	if o.Tries <= 0 {
		o.Tries = 8
	}
	if o.Backoff == (source.Backoff{}) {
		o.Backoff = source.Backoff{Base: 200 * time.Millisecond, Most: 20 * time.Second}
	}
	if o.Missing == nil {
		o.Missing = []time.Duration{5 * time.Second, 10 * time.Second, 15 * time.Second}
	}
	c := &Client{o: o, allowed: map[string]bool{}, clients: map[string]*awss3.Client{}, regions: map[string]string{}, missed: map[string]time.Time{}}
	for _, b := range o.Buckets {
		c.allowed[b] = true
	}
	return c
}

// allow tells whether the bucket may be read at all.
func (c *Client) allow(o source.Object) error {
	if err := o.Check(); err != nil {
		return &source.Refused{Object: o, Reason: err.Error()}
	}
	if len(c.allowed) > 0 && !c.allowed[o.Bucket] {
		return &source.Refused{Object: o, Reason: "its bucket is not among those that the configuration lets be read"}
	}
	return nil
}

// region is where the bucket is, as far as is known. A hint out of a message
// counts only where it can be a region, for it becomes part of a host name.
func (c *Client) region(bucket, hint string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if r := c.regions[bucket]; r != "" {
		return r
	}
	if isRegion(hint) && (c.clients[hint] != nil || len(c.clients) < maxClients) {
		return hint
	}
	return c.home()
}

// maxClients is the most regions that hints of messages may have us speak with.
const maxClients = 64

// home is the region of the configuration.
func (c *Client) home() string {
	if c.o.Config.Region == "" {
		return "us-east-1"
	}
	return c.o.Config.Region
}

// learn remembers where a bucket is.
func (c *Client) learn(bucket, region string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.regions) > 10_000 {
		clear(c.regions)
	}
	c.regions[bucket] = region
}

// client is the SDK's client for a region.
func (c *Client) client(region string) *awss3.Client {
	c.mu.Lock()
	defer c.mu.Unlock()
	if cl := c.clients[region]; cl != nil {
		return cl
	}
	cl := awss3.NewFromConfig(c.o.Config, func(o *awss3.Options) {
		o.Region = region
		o.UsePathStyle = c.o.PathStyle
		o.Retryer = aws.NopRetryer{}
		o.DisableLogOutputChecksumValidationSkipped = true
	})
	c.clients[region] = cl
	return cl
}

// owner is Options.Owner as requests take it.
func (c *Client) owner() *string {
	if c.o.Owner == "" {
		return nil
	}
	return &c.o.Owner
}

// isRegion tells whether s looks like a region's code: lower-case words and a
// number.
func isRegion(s string) bool {
	if len(s) < 7 || len(s) > 32 {
		return false
	}
	dashes := 0
	for _, b := range []byte(s) {
		switch {
		case b == '-':
			dashes++
		case b >= 'a' && b <= 'z' || b >= '0' && b <= '9':
		default:
			return false
		}
	}
	return dashes >= 2 && s[0] != '-' && s[len(s)-1] != '-'
}

// attempt is one call, made with the client of a region.
type attempt func(ctx context.Context, cl *awss3.Client) error

// do makes a call until it succeeds or will not, as the class of each error
// asks.
func (c *Client) do(ctx context.Context, o source.Object, call attempt) error {
	missing, busy, moved := 0, 0, false
	for {
		region := c.region(o.Bucket, o.Region)
		err := call(ctx, c.client(region))
		if err == nil || ctx.Err() != nil {
			if err == nil {
				c.found(o)
			}
			return errors.Join(ctx.Err(), err)
		}
		var wait time.Duration
		switch v := judge(err); v {
		case movedAway:
			if moved || !c.relocate(ctx, o, region, err) {
				return c.final(v, o, err)
			}
			moved = true
			continue
		case notThere:
			if missing >= len(c.o.Missing) || c.missing(o) {
				c.found(o)
				return c.final(v, o, err)
			}
			wait = c.o.Missing[missing]
			missing++
		case passing:
			if busy++; busy >= c.o.Tries {
				return c.final(v, o, err)
			}
			wait = c.o.Backoff.After(busy)
		default:
			return c.final(v, o, err)
		}
		if err := c.o.Clock.Wait(ctx, wait); err != nil {
			return err
		}
	}
}

// mostMissed is the most objects that are waited for at once over several calls.
const mostMissed = 10_000

// missing tells whether an object has not been there for as long as one is waited
// for, in earlier calls that had less time: a push waits 14 s at most for its
// answer, and its sender tries only so often.
func (c *Client) missing(o source.Object) bool {
	var whole time.Duration
	for _, d := range c.o.Missing {
		whole += d
	}
	now := c.o.Clock.Time()
	c.mu.Lock()
	defer c.mu.Unlock()
	since, known := c.missed[o.Identity()]
	if !known {
		if len(c.missed) >= mostMissed {
			clear(c.missed)
		}
		c.missed[o.Identity()] = now
		return false
	}
	return now.Sub(since) >= whole
}

// found ends the wait for an object.
func (c *Client) found(o source.Object) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.missed) > 0 {
		delete(c.missed, o.Identity())
	}
}

// relocate finds out where a bucket is after err said that it is not in the
// region where it was looked for. It reports whether it is known to be elsewhere:
// another call may have found that out meanwhile.
func (c *Client) relocate(ctx context.Context, o source.Object, was string, err error) bool {
	if c.region(o.Bucket, o.Region) != was {
		return true
	}
	now := bucketRegion(err)
	if now == "" {
		now = c.askRegion(ctx, o.Bucket)
	}
	if !isRegion(now) || now == was {
		return false
	}
	c.learn(o.Bucket, now)
	return true
}

// askRegion asks S3 for a bucket's region. The answer is in a header, also when
// the call is refused.
func (c *Client) askRegion(ctx context.Context, bucket string) string {
	out, err := c.client(c.home()).HeadBucket(ctx, &awss3.HeadBucketInput{Bucket: &bucket})
	if err != nil {
		return bucketRegion(err)
	}
	return aws.ToString(out.BucketRegion)
}

// final is the error that the caller gets.
func (c *Client) final(v verdict, o source.Object, err error) error {
	code := errorCode(err)
	switch v {
	case notThere, deleted:
		return &source.Deleted{Object: o, Err: err}
	case denied:
		return &source.Denied{Object: o, Code: code, Do: adviceFor(code), Err: err}
	case archived:
		return &source.Parked{Object: o, StorageClass: storageClass(err), Err: err}
	case changed:
		return &source.Changed{Object: o}
	case senseless:
		return &source.Refused{Object: o, Reason: "Amazon S3 does not accept the request (" + code + ")"}
	case movedAway:
		return &source.Denied{Object: o, Code: code, Do: "the bucket is in another region than it seems, and its region could not be found out: " +
			"allow s3:ListBucket on it, or name its region in the configuration", Err: err}
	}
	return fmt.Errorf("reading %q from Amazon S3: %w", o.String(), err)
}

var kmsCodes = []string{"KMS.DisabledException", "KMS.KMSInvalidStateException", "KMS.NotFoundException", "KMS.InvalidStateException", "KMS.AccessDeniedException"}

func adviceFor(code string) string {
	switch {
	case slices.Contains(kmsCodes, code):
		return "the KMS key that the object is encrypted with is disabled, deleted or not permitted: allow kms:Decrypt on it and see who changed it"
	case code == credentials || code == "TokenRefreshRequired" || (awsx.Fault{Code: code}).Advice() != "":
		return "the credentials are missing, wrong or expired: renew them, and set the machine's clock"
	case code == "NoSuchBucket":
		return "the bucket does not exist any more, or its name is wrong: see who deleted it"
	}
	return readAdvice
}

// readAdvice is for objects that no statement lets be read.
const readAdvice = "allow s3:GetObject on it and kms:Decrypt on its key, and s3:ListBucket so that missing objects can be told from forbidden ones"

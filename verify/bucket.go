// Package verify lets package digest validate log files where they lie on AWS:
// a Bucket over Amazon S3, the public Keys of CloudTrail's ListPublicKeys, and
// Export, which copies what a validation without AWS needs.
package verify

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/trailwarden/trailwarden/cloudtrail/digest"
	"github.com/trailwarden/trailwarden/internal/awsx"
)

// Bucket is a digest.Vault over Amazon S3. It asks for each bucket's region
// once and is safe for concurrent use. It needs s3:ListBucket and s3:GetObject,
// and kms:Decrypt where objects are encrypted with a key.
type Bucket struct {
	cfg aws.Config

	mu      sync.Mutex
	clients map[string]*s3.Client // by bucket
}

var _ digest.Vault = (*Bucket)(nil)

// NewBucket makes a Bucket. A configuration with a BaseEndpoint is taken for an
// emulator's or a private endpoint: buckets stand in the path.
func NewBucket(cfg aws.Config) *Bucket {
	return &Bucket{cfg: cfg, clients: map[string]*s3.Client{}}
}

// client is the client for the region in which a bucket lies.
func (b *Bucket) client(ctx context.Context, bucket string) *s3.Client {
	b.mu.Lock()
	defer b.mu.Unlock()
	if c := b.clients[bucket]; c != nil {
		return c
	}
	c := b.in(b.cfg.Region)
	if region := regionOf(ctx, c, bucket); region != "" && region != b.cfg.Region {
		c = b.in(region)
	}
	b.clients[bucket] = c
	return c
}

func (b *Bucket) in(region string) *s3.Client {
	if region == "" {
		region = "us-east-1"
	}
	return s3.NewFromConfig(b.cfg, func(o *s3.Options) {
		o.Region = region
		o.UsePathStyle = aws.ToString(b.cfg.BaseEndpoint) != ""
		o.DisableLogOutputChecksumValidationSkipped = true
	})
}

// regionOf asks for a bucket's region. S3 names it even when it refuses the
// call or sends it elsewhere.
func regionOf(ctx context.Context, c *s3.Client, bucket string) string {
	out, err := c.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &bucket})
	if err == nil {
		return aws.ToString(out.BucketRegion)
	}
	var answer interface{ HTTPResponse() *awsResponse }
	if errors.As(err, &answer) && answer.HTTPResponse() != nil {
		return answer.HTTPResponse().Header.Get("X-Amz-Bucket-Region")
	}
	return ""
}

// List calls visit with the keys below prefix that come after a key.
func (b *Bucket) List(ctx context.Context, bucket, prefix, after string, visit func(key string) bool) error {
	in := &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: &prefix}
	if after != "" {
		in.StartAfter = &after
	}
	return b.pages(ctx, in, func(page *s3.ListObjectsV2Output) bool {
		for _, o := range page.Contents {
			if !visit(aws.ToString(o.Key)) {
				return false
			}
		}
		return true
	})
}

// Folders lists the next parts of the keys below prefix.
func (b *Bucket) Folders(ctx context.Context, bucket, prefix string) (names []string, err error) {
	in := &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: &prefix, Delimiter: aws.String("/")}
	err = b.pages(ctx, in, func(page *s3.ListObjectsV2Output) bool {
		for _, p := range page.CommonPrefixes {
			names = append(names, strings.TrimSuffix(strings.TrimPrefix(aws.ToString(p.Prefix), prefix), "/"))
		}
		return true
	})
	return names, err
}

func (b *Bucket) pages(ctx context.Context, in *s3.ListObjectsV2Input, visit func(*s3.ListObjectsV2Output) bool) error {
	pages := s3.NewListObjectsV2Paginator(b.client(ctx, *in.Bucket), in)
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("listing s3://%s/%s: %w", *in.Bucket, *in.Prefix, reason(err))
		}
		if !visit(page) {
			return nil
		}
	}
	return nil
}

// reason is what to tell of an error of AWS.
func reason(err error) error {
	switch f := awsx.Classify(err); {
	case f.Kind == awsx.Canceled:
		return err
	case f.Advice() != "":
		return fmt.Errorf("%w. %s", f, f.Advice())
	case f.Kind == awsx.Denied:
		return fmt.Errorf("%w (allow s3:ListBucket and s3:GetObject on the bucket, kms:Decrypt on its key, and cloudtrail:ListPublicKeys)", f)
	default:
		return f
	}
}

// Open opens an object; what breaks off is taken up again where it stopped.
func (b *Bucket) Open(ctx context.Context, bucket, key string) (io.ReadCloser, digest.Metadata, error) {
	c := b.client(ctx, bucket)
	out, err := c.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	var missing *types.NoSuchKey
	switch {
	case errors.As(err, &missing):
		return nil, digest.Metadata{}, fmt.Errorf("s3://%s/%s: %w", bucket, key, fs.ErrNotExist)
	case err != nil:
		return nil, digest.Metadata{}, reason(err)
	}
	o := &object{ctx: ctx, client: c, bucket: bucket, key: key, etag: out.ETag, body: out.Body}
	return o, metadata(out.Metadata), nil
}

// metadata takes the names in any case: HTTP has none.
func metadata(m map[string]string) (d digest.Metadata) {
	for name, value := range m {
		switch strings.ToLower(name) {
		case "signature":
			d.Signature = value
		case "signature-algorithm":
			d.Algorithm = value
		case "backfill-generation-timestamp":
			d.Backfill = value
		}
	}
	return d
}

package doctor

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/internal/iampolicy"
	"github.com/trailwarden/trailwarden/query/ddl"
)

// place is a bucket that log files lie in.
type place struct {
	bucket, prefix string
	partition      string // that its ARN names; empty means aws
}

func (p place) arn() string { return "arn:" + cmp.Or(p.partition, "aws") + ":s3:::" + p.bucket }

func (p place) name() string { return "s3://" + p.bucket }

// root is what the keys of log files begin with.
func (p place) root() string {
	if p.prefix == "" {
		return "AWSLogs/"
	}
	return p.prefix + "/AWSLogs/"
}

// places are the buckets that trails deliver to and sources read.
func (e *Env) places(ctx context.Context) ([]place, error) {
	trails, err := e.trails(ctx)
	var all []place
	for _, t := range trails {
		if t.bucket != "" {
			all = append(all, t.place())
		}
	}
	for _, s := range e.Config.Sources {
		if s.S3 != nil && s.Enabled {
			all = append(all, place{bucket: s.S3.Bucket, prefix: strings.Trim(s.S3.Prefix, "/"), partition: partitionOf(cmp.Or(s.S3.Region, e.aws.Region))})
		}
	}
	slices.SortFunc(all, func(a, b place) int {
		return cmp.Or(strings.Compare(a.bucket, b.bucket), strings.Compare(a.prefix, b.prefix))
	})
	all = slices.CompactFunc(all, func(a, b place) bool { return a.bucket == b.bucket && a.prefix == b.prefix })
	if len(all) > 0 {
		return all, nil
	}
	return nil, err
}

// bucketRegion is where the bucket is.
func (e *Env) bucketRegion(ctx context.Context, bucket string) (string, error) {
	return asked(e, "region of "+bucket, func() (string, error) {
		out, err := e.s3("").HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &bucket})
		if err == nil {
			return cmp.Or(aws.ToString(out.BucketRegion), e.aws.Region), nil
		}
		var answer interface{ HTTPStatusCode() int }
		if errors.As(err, &answer) && answer.HTTPStatusCode() == 301 {
			loc, err := e.s3("us-east-1").GetBucketLocation(ctx, &s3.GetBucketLocationInput{Bucket: &bucket})
			if err != nil {
				return "", err
			}
			return cmp.Or(string(loc.LocationConstraint), "us-east-1"), nil
		}
		return "", err
	})
}

func (e *Env) s3(region string) *s3.Client {
	cfg := e.in(region)
	return s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = aws.ToString(cfg.BaseEndpoint) != "" })
}

// s3Of is a client in the bucket's region.
func (e *Env) s3Of(ctx context.Context, bucket string) (*s3.Client, error) {
	region, err := e.bucketRegion(ctx, bucket)
	return e.s3(region), err
}

// forPlaces asks of every bucket.
func forPlaces(ctx context.Context, e *Env, do func(place, *s3.Client) []Result) []Result {
	all, err := e.places(ctx)
	if err != nil {
		return []Result{unknown("", err)}
	}
	return orNone(each(all, func(p place) []Result {
		client, err := e.s3Of(ctx, p.bucket)
		switch {
		case missing(err):
			return []Result{broken(p.name(), "there is no such bucket", "Make it, or have the trail deliver to another one: aws cloudtrail update-trail --s3-bucket-name NAME.")}
		case err != nil:
			return []Result{unknown(p.name(), err)}
		}
		return do(p, client)
	}), "no bucket is known: there is no trail and no source s3")
}

// bucketPolicy is the bucket's policy, nil when it has none.
func (e *Env) bucketPolicy(ctx context.Context, bucket string) (*iampolicy.Document, error) {
	return asked(e, "policy of "+bucket, func() (*iampolicy.Document, error) {
		client, err := e.s3Of(ctx, bucket)
		if err != nil {
			return nil, err
		}
		out, err := client.GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: &bucket})
		if missing(err) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		return iampolicy.Parse([]byte(aws.ToString(out.Policy)))
	})
}

// key is a key with its policy.
type key struct {
	arn, state string
	customer   bool // managed by the customer: only such policies can be changed
	policy     *iampolicy.Document
}

func (e *Env) key(ctx context.Context, id string) (key, error) {
	return asked(e, "key "+id, func() (k key, err error) {
		client := kms.NewFromConfig(e.in(regionOf(id)))
		about, err := client.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: &id})
		if err != nil {
			return k, err
		}
		k = key{arn: aws.ToString(about.KeyMetadata.Arn), state: string(about.KeyMetadata.KeyState), customer: about.KeyMetadata.KeyManager == "CUSTOMER"}
		out, err := client.GetKeyPolicy(ctx, &kms.GetKeyPolicyInput{KeyId: about.KeyMetadata.KeyId, PolicyName: aws.String("default")})
		if err != nil {
			return k, err
		}
		k.policy, err = iampolicy.Parse([]byte(aws.ToString(out.Policy)))
		return k, err
	})
}

// regionOf is the region of an ARN, or empty.
func regionOf(arn string) string { return partOf(arn, 3) }

// partOf is the i-th part of an ARN, from 0, or empty.
func partOf(arn string, i int) string {
	if parts := strings.SplitN(arn, ":", 6); len(parts) == 6 && parts[0] == "arn" {
		return parts[i]
	}
	return ""
}

// delivering are the accounts with files in a bucket.
func (e *Env) delivering(ctx context.Context, p place) (ddl.Found, error) {
	return asked(e, "accounts in "+p.name()+"/"+p.prefix, func() (ddl.Found, error) {
		client, err := e.s3Of(ctx, p.bucket)
		if err != nil {
			return ddl.Found{}, err
		}
		return ddl.Find(ctx, client, p.bucket, p.prefix, "")
	})
}

// newest is the newest log file of a place, looked for in the folders of today
// and yesterday of some account, in the region where most happens.
type newest struct {
	key  string
	at   time.Time // of its delivery
	size int64
}

// maxNewestPages bounds what is listed of one day's folder.
const maxNewestPages = 20

func (e *Env) newest(ctx context.Context, p place) (newest, error) {
	return asked(e, "newest in "+p.name()+"/"+p.prefix, func() (n newest, err error) {
		found, err := e.delivering(ctx, p)
		if err != nil {
			return n, err
		}
		who, _ := e.caller(ctx)
		accounts := found.Accounts
		if slices.Contains(accounts, who.account) {
			accounts = []string{who.account}
		}
		client, err := e.s3Of(ctx, p.bucket)
		if err != nil {
			return n, err
		}
		for _, account := range accounts[:min(3, len(accounts))] {
			base := p.root() + account + "/CloudTrail/"
			if found.Organization != "" {
				base = p.root() + found.Organization + "/" + account + "/CloudTrail/"
			}
			if n, err = e.newestBelow(ctx, client, p.bucket, base, account, n); err != nil {
				return n, err
			}
		}
		return n, nil
	})
}

// newestBelow looks among the files of the last hours first: their names have
// their times, and a busy day has many.
func (e *Env) newestBelow(ctx context.Context, client *s3.Client, bucket, base, account string, n newest) (newest, error) {
	now := e.now().UTC()
	for _, region := range slices.Compact([]string{e.aws.Region, "us-east-1"}) {
		folder := func(at time.Time) string { return base + region + "/" + at.Format("2006/01/02") + "/" }
		today := folder(now)
		for _, look := range []struct{ folder, after string }{{today, today + fileName(account, region, now.Add(-quiet))}, {today, ""}, {folder(now.AddDate(0, 0, -1)), ""}} {
			in := &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: &look.folder}
			if look.after != "" {
				in.StartAfter = &look.after
			}
			before := n.at
			if err := n.among(ctx, client, in); err != nil {
				return n, err
			}
			if n.at.After(before) {
				break
			}
		}
	}
	return n, nil
}

// fileName is what names of files begin with that were delivered at a time
// (CloudTrail User Guide, "CloudTrail log file name format").
func fileName(account, region string, at time.Time) string {
	return account + "_CloudTrail_" + region + "_" + at.UTC().Format("20060102T1504Z")
}

// among takes the newest of the files that a listing gives.
func (n *newest) among(ctx context.Context, client *s3.Client, in *s3.ListObjectsV2Input) error {
	pages := s3.NewListObjectsV2Paginator(client, in)
	for i := 0; pages.HasMorePages() && i < maxNewestPages; i++ {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, o := range page.Contents {
			if at := aws.ToTime(o.LastModified); at.After(n.at) && isLogFile(aws.ToString(o.Key)) {
				*n = newest{aws.ToString(o.Key), at, aws.ToInt64(o.Size)}
			}
		}
	}
	return nil
}

func isLogFile(key string) bool {
	k, ok := cloudtrail.ParseObjectKey(key)
	return ok && k.Kind == "CloudTrail" && k.File != ""
}

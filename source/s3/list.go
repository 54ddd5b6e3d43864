package s3

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/source"
)

// Listing says which objects of a bucket are wanted.
type Listing struct {
	Bucket string
	// Prefix is where to begin: the bucket ("") or any place in it down to one
	// object.
	Prefix string
	// From and To bound the time of delivery, From ≤ time < To; a zero time sets
	// no bound. A file holds events of the minutes before its delivery, and
	// rarely of days before, so a caller who thinks in event time adds to To.
	From, To time.Time
	// Accounts and Regions are the only ones listed; empty means all there are.
	Accounts, Regions []string
	// Kinds are the only kinds of file listed; empty means those that hold
	// records.
	Kinds []cloudtrail.FileKind
	// After resumes behind this key, the last one that was dealt with.
	After string
	// Foreign lists also what lies outside CloudTrail's layout, by the time when
	// it was written.
	Foreign bool
}

// ParseURL takes apart s3://bucket/prefix.
func ParseURL(u string) (bucket, prefix string, err error) {
	rest, ok := strings.CutPrefix(u, "s3://")
	bucket, prefix, _ = strings.Cut(rest, "/")
	if e := (source.Object{Bucket: bucket, Key: "x"}).Check(); !ok || e != nil {
		return "", "", fmt.Errorf("%q does not name a bucket: write s3://BUCKET/PREFIX", u)
	}
	return bucket, prefix, nil
}

// List gives the objects in the order of their keys. It finds out which accounts
// and regions there are, then reads the keys of each from the first day wanted to
// the last: one call per account, and one per thousand files of a region. It
// holds one page of each level in memory. After an error, which is the last
// thing given, listing goes on from After.
func (c *Client) List(ctx context.Context, l Listing) iter.Seq2[source.Object, error] {
	return func(yield func(source.Object, error) bool) {
		w := &walk{c: c, ctx: ctx, l: l, yield: yield}
		if err := c.allow(source.Object{Bucket: l.Bucket, Key: "x"}); err != nil {
			yield(source.Object{}, err)
			return
		}
		if err := w.below(l.Prefix); err != nil {
			yield(source.Object{}, err)
		}
	}
}

// walk is one listing under way.
type walk struct {
	c       *Client
	ctx     context.Context
	l       Listing
	yield   func(source.Object, error) bool
	stopped bool
	region  func(folder string) // is told of regions in place of listing them; may be nil
}

// below lists what lies below a prefix: key by key where it can be sorted by
// date, folder by folder above that.
func (w *walk) below(prefix string) error {
	p := placeOf(prefix)
	if p.region != "" && p.full {
		if w.region != nil {
			w.region(prefix)
			return nil
		}
		return w.keys(prefix, p)
	}
	return w.pages(prefix, "/", "", func(page *awss3.ListObjectsV2Output) (bool, error) {
		for _, e := range merged(page) {
			if err := w.entry(e); err != nil || w.stopped {
				return false, err
			}
		}
		return true, nil
	})
}

// entry is a folder or an object.
type entry struct {
	name   string
	object *types.Object // nil for a folder
}

// merged are the folders and objects of a page in the order of their names.
func merged(page *awss3.ListObjectsV2Output) []entry {
	all := make([]entry, 0, len(page.CommonPrefixes)+len(page.Contents))
	for _, p := range page.CommonPrefixes {
		all = append(all, entry{name: aws.ToString(p.Prefix)})
	}
	for i := range page.Contents {
		all = append(all, entry{aws.ToString(page.Contents[i].Key), &page.Contents[i]})
	}
	slices.SortFunc(all, func(a, b entry) int { return strings.Compare(a.name, b.name) })
	return all
}

func (w *walk) entry(e entry) error {
	if e.object != nil {
		w.give(e.object)
		return nil
	}
	passed := e.name < w.l.After && !strings.HasPrefix(w.l.After, e.name)
	if passed || !w.wanted(e.name) {
		return nil
	}
	return w.below(e.name)
}

// wanted tells whether a folder may hold what is listed.
func (w *walk) wanted(folder string) bool {
	p := placeOf(folder)
	switch {
	case !p.inside:
		return true
	case p.account != "" && len(w.l.Accounts) > 0 && !slices.Contains(w.l.Accounts, p.account):
		return false
	case p.kind != "" && !w.kind(p.kind):
		return false
	case p.region != "" && len(w.l.Regions) > 0 && !slices.Contains(w.l.Regions, p.region):
		return false
	}
	return true
}

func (w *walk) kind(k cloudtrail.FileKind) bool {
	if len(w.l.Kinds) == 0 {
		return k.HoldsRecords()
	}
	return slices.Contains(w.l.Kinds, k)
}

// place is where in CloudTrail's layout a prefix ends.
type place struct {
	inside  bool // below AWSLogs/
	account string
	kind    cloudtrail.FileKind
	region  string
	full    bool // the last part is complete: the prefix ends with a slash, or goes on below the region
	root    string
}

// placeOf reads a prefix. Its last part counts only when it ends with a slash.
func placeOf(prefix string) (p place) {
	parts := strings.Split(prefix, "/")
	at := slices.Index(parts, "AWSLogs")
	for i := at + 1; i < len(parts); i++ { // the last that fits
		if parts[i] == "AWSLogs" {
			at = i
		}
	}
	if at < 0 || at == len(parts)-1 {
		return p
	}
	p.inside = true
	rest := parts[at+1 : len(parts)-1]
	if len(rest) > 0 && strings.HasPrefix(rest[0], "o-") {
		rest = rest[1:]
	}
	for i, s := range rest {
		switch i {
		case 0:
			p.account = s
		case 1:
			p.kind = cloudtrail.FileKind(s)
		case 2:
			p.region, p.full = s, true
			p.root = strings.Join(parts[:len(parts)-1-len(rest)+3], "/") + "/"
		}
	}
	return p
}

// keys lists the objects of one region, from the first day wanted to the last.
func (w *walk) keys(prefix string, p place) error {
	after, end := w.l.days(prefix, p)
	return w.pages(prefix, "", after, func(page *awss3.ListObjectsV2Output) (bool, error) {
		for i := range page.Contents {
			if end != "" && aws.ToString(page.Contents[i].Key) >= end {
				return false, nil
			}
			if w.give(&page.Contents[i]); w.stopped {
				return false, nil
			}
		}
		return true, nil
	})
}

// give hands an object on, if it is wanted.
func (w *walk) give(o *types.Object) {
	obj := w.object(o)
	if obj.Key <= w.l.After || !w.matches(obj) {
		return
	}
	w.stopped = !w.yield(obj, nil)
}

// matches tells whether an object is wanted.
func (w *walk) matches(o source.Object) bool {
	when := o.Time
	switch o.Class() {
	case source.FolderMark:
		return false
	case source.Unclassified, source.ForeignFile, source.SecurityLake:
		if !w.l.Foreign || o.Size == 0 {
			return false
		}
	default:
		k, _ := cloudtrail.ParseObjectKey(o.Key)
		if !w.kind(k.Kind) || !w.has(k) {
			return false
		}
		if !k.Delivered.IsZero() {
			when = k.Delivered
		}
	}
	return (w.l.From.IsZero() || !when.Before(w.l.From.Truncate(time.Minute))) && (w.l.To.IsZero() || when.Before(w.l.To))
}

func (w *walk) has(k cloudtrail.ObjectKey) bool {
	return (len(w.l.Accounts) == 0 || slices.Contains(w.l.Accounts, k.Account)) &&
		(len(w.l.Regions) == 0 || slices.Contains(w.l.Regions, k.Region))
}

// input is what asks for the first page.
func (w *walk) input(prefix, delimiter, after string) *awss3.ListObjectsV2Input {
	in := &awss3.ListObjectsV2Input{Bucket: &w.l.Bucket, Prefix: &prefix, ExpectedBucketOwner: w.c.owner()}
	if delimiter != "" {
		in.Delimiter = &delimiter
	}
	if after != "" {
		in.StartAfter = &after
	}
	return in
}

// pages lists page by page until visit says that it has enough.
func (w *walk) pages(prefix, delimiter, after string, visit func(*awss3.ListObjectsV2Output) (bool, error)) error {
	in := w.input(prefix, delimiter, after)
	for {
		page, err := w.c.page(w.ctx, in)
		if err != nil {
			return err
		}
		more, err := visit(page)
		if err != nil || !more || w.stopped || !aws.ToBool(page.IsTruncated) {
			return err
		}
		in.ContinuationToken, in.StartAfter = page.NextContinuationToken, nil
	}
}

// page makes one call.
func (c *Client) page(ctx context.Context, in *awss3.ListObjectsV2Input) (page *awss3.ListObjectsV2Output, err error) {
	o := source.Object{Bucket: *in.Bucket, Key: *in.Prefix}
	err = c.do(ctx, o, func(ctx context.Context, cl *awss3.Client) error {
		ctx, cancel := context.WithTimeout(ctx, 3*c.o.Stall)
		defer cancel()
		page, err = cl.ListObjectsV2(ctx, in)
		return err
	})
	if d, ok := errors.AsType[*source.Denied](err); ok && d.Do == readAdvice {
		d.Do = "allow s3:ListBucket on the bucket, and s3:GetObject on what is in it"
	}
	return page, err
}

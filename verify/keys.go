package verify

import (
	"context"
	"encoding/base64"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"

	"github.com/trailwarden/trailwarden/cloudtrail/digest"
)

// Keys finds public keys by CloudTrail's ListPublicKeys, which answers for the
// region that it is asked in. Answers are kept; it is safe for concurrent use.
// It needs cloudtrail:ListPublicKeys.
type Keys struct {
	cfg aws.Config

	mu    sync.Mutex
	asked map[question]*answer
}

var _ digest.Keys = (*Keys)(nil)

type question struct {
	region   string
	from, to int64 // Unix seconds
}

type answer struct {
	once sync.Once
	keys []digest.PublicKey
	err  error
}

// NewKeys makes Keys.
func NewKeys(cfg aws.Config) *Keys {
	return &Keys{cfg: cfg, asked: map[question]*answer{}}
}

// Between gives the keys of a region that were valid at some time between from
// and to, base64 by fingerprint.
func (k *Keys) Between(ctx context.Context, region string, from, to time.Time) (map[string]string, error) {
	list, err := k.List(ctx, region, from, to)
	keys := make(map[string]string, len(list))
	for _, p := range list {
		keys[p.Fingerprint] = p.Value
	}
	return keys, err
}

// List is Between with the times in which each key is valid.
func (k *Keys) List(ctx context.Context, region string, from, to time.Time) ([]digest.PublicKey, error) {
	q := question{region, from.Unix(), to.Unix()}
	k.mu.Lock()
	a := k.asked[q]
	if a == nil {
		a = &answer{}
		k.asked[q] = a
	}
	k.mu.Unlock()
	a.once.Do(func() { a.keys, a.err = k.ask(ctx, q) })
	return a.keys, a.err
}

// maxPages bounds an answer: CloudTrail makes a key a day or so and region.
const maxPages = 1000

func (k *Keys) ask(ctx context.Context, q question) (keys []digest.PublicKey, err error) {
	client := cloudtrail.NewFromConfig(k.cfg, func(o *cloudtrail.Options) { o.Region = q.region })
	in := &cloudtrail.ListPublicKeysInput{StartTime: aws.Time(time.Unix(q.from, 0).UTC()), EndTime: aws.Time(time.Unix(q.to, 0).UTC())}
	for range maxPages {
		out, err := client.ListPublicKeys(ctx, in)
		if err != nil {
			return nil, fmt.Errorf("asking CloudTrail in %s for its public keys: %w", q.region, reason(err))
		}
		for _, p := range out.PublicKeyList {
			keys = append(keys, digest.PublicKey{
				Fingerprint: aws.ToString(p.Fingerprint), Value: base64.StdEncoding.EncodeToString(p.Value),
				ValidityStartTime: aws.ToTime(p.ValidityStartTime).UTC(), ValidityEndTime: aws.ToTime(p.ValidityEndTime).UTC(),
			})
		}
		if in.NextToken = out.NextToken; aws.ToString(in.NextToken) == "" {
			return keys, nil
		}
	}
	return nil, fmt.Errorf("CloudTrail in %s lists public keys without end", q.region)
}

package verify_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/trailwarden/trailwarden/cloudtrail/digest"
	"github.com/trailwarden/trailwarden/cloudtrail/digest/digesttest"
	"github.com/trailwarden/trailwarden/internal/awstest"
	"github.com/trailwarden/trailwarden/verify"
)

func TestMain(m *testing.M) { os.Exit(awstest.Main(m)) }

var start = time.Date(2026, 3, 14, 20, 0, 0, 0, time.UTC)

const account = "111122223333"

func trail(region string) digesttest.Trail {
	return digesttest.Trail{Account: account, Region: region, Name: "main", Home: "us-east-1", Start: start, Hours: 6, LogsAnHour: 2}
}

// cloud is an emulated AWS: buckets in the emulator, public keys beside it.
type cloud struct {
	cfg  aws.Config // S3's
	s3   *s3.Client
	keys aws.Config // CloudTrail's
	// bundle is what ListPublicKeys answers from.
	bundle atomic.Pointer[digest.KeyBundle]
	url    string // of ListPublicKeys
}

func newCloud(t *testing.T, size int) *cloud {
	c := &cloud{cfg: awstest.Config(t)}
	c.s3, c.keys = awstest.S3(c.cfg), c.cfg
	c.bundle.Store(&digest.KeyBundle{})
	server := httptest.NewServer(digesttest.ListPublicKeys(func() digest.KeyBundle { return *c.bundle.Load() }, size))
	t.Cleanup(server.Close)
	c.url = server.URL
	c.keys.BaseEndpoint = &c.url
	return c
}

func (c *cloud) put(t *testing.T, b *digesttest.Bucket, key string) {
	t.Helper()
	body, there := b.Objects[key]
	if !there {
		_, err := c.s3.DeleteObject(context.Background(), &s3.DeleteObjectInput{Bucket: &b.Name, Key: &key})
		if err != nil {
			t.Fatal(err)
		}
		return
	}
	_, err := c.s3.PutObject(context.Background(), &s3.PutObjectInput{Bucket: &b.Name, Key: &key, Body: bytes.NewReader(body), Metadata: metadata(b.Meta[key])})
	if err != nil {
		t.Fatal(err)
	}
}

func metadata(m digest.Metadata) map[string]string {
	out := map[string]string{}
	for name, v := range map[string]string{"signature": m.Signature, "signature-algorithm": m.Algorithm, "backfill-generation-timestamp": m.Backfill} {
		if v != "" {
			out[name] = v
		}
	}
	return out
}

func (c *cloud) upload(t *testing.T, b *digesttest.Bucket) {
	t.Helper()
	for key := range b.Objects {
		c.put(t, b, key)
	}
}

func (c *cloud) validator() *digest.Validator {
	return &digest.Validator{Vault: verify.NewBucket(c.cfg), Keys: verify.NewKeys(c.keys)}
}

// A whole organization in one pass, keys over several pages, and the same again
// from a copy.
func TestABucketAndItsCopyAreValid(t *testing.T) {
	c := newCloud(t, 1)
	b := digesttest.NewBucket(awstest.Bucket(t, c.cfg))
	for _, region := range []string{"us-east-1", "eu-west-1"} {
		org := trail(region)
		org.Prefix, org.Organization, org.Hours = "all/logs", "o-exampleorgid", 2
		b.Add(org)
		other := org
		other.Account = "444455556666"
		b.Add(other)
		b.Keys[region] = append([]digest.PublicKey{{Fingerprint: "another", Value: "AAAA", ValidityStartTime: start, ValidityEndTime: start.AddDate(0, 1, 0)}}, b.Keys[region]...)
	}
	c.bundle.Store(&b.Keys)
	c.upload(t, b)
	scope := digest.Scope{Bucket: b.Name, Prefix: "all/logs", From: start, To: start.Add(2 * time.Hour)}
	v := c.validator()
	v.Places = 3
	valid(t, v, scope)

	dir := t.TempDir()
	n, err := verify.Export{Vault: v.Vault, Keys: verify.NewKeys(c.keys).List, Dir: dir, Logs: true,
		Now: func() time.Time { return scope.To }}.Run(t.Context(), scope)
	if err != nil || n.Digests != 8 || n.Logs != 16 || n.Keys != 4 {
		t.Fatalf("copied %+v, %v; want 8 digests, 16 logs, 4 keys", n, err)
	}
	folder, err := digest.OpenFolder(dir, "")
	if err != nil {
		t.Fatal(err)
	}
	defer folder.Close()
	keys, err := digest.ReadKeys(dir + "/" + digest.KeysFile)
	if err != nil {
		t.Fatal(err)
	}
	scope.Bucket = "" // a copy need not know its bucket
	valid(t, &digest.Validator{Vault: folder, Keys: keys}, scope)
}

func valid(t *testing.T, v *digest.Validator, scope digest.Scope) {
	t.Helper()
	v.Results = func(r digest.Result) {
		if r.Verdict != digest.Valid {
			t.Error(r)
		}
	}
	s, err := v.Validate(t.Context(), scope)
	if err != nil {
		t.Fatal(err)
	}
	if s.Chains != 4 || s.Counts[digest.KindDigest].Valid != 8 || s.Counts[digest.KindLog].Valid != 16 {
		t.Errorf("chains %d, digests %+v, logs %+v", s.Chains, s.Counts[digest.KindDigest], s.Counts[digest.KindLog])
	}
}

// A chain whose keys cannot be had is told of; the others are validated.
func TestARegionWithoutKeysStopsNoOther(t *testing.T) {
	c := newCloud(t, 0)
	b := digesttest.NewBucket(awstest.Bucket(t, c.cfg))
	b.Add(trail("us-east-1"))
	b.Add(trail("eu-west-1"))
	c.upload(t, b)
	failing := keysFunc(func(region string) (map[string]string, error) {
		if region == "eu-west-1" {
			return nil, fmt.Errorf("no answer")
		}
		return b.Keys.Between(t.Context(), region, start, start.Add(time.Hour))
	})
	v := &digest.Validator{Vault: verify.NewBucket(c.cfg), Keys: failing}
	s, err := v.Validate(t.Context(), digest.Scope{Bucket: b.Name, From: start, To: start.Add(6 * time.Hour)})
	if err == nil || !strings.Contains(err.Error(), "region eu-west-1, trail main: no answer") {
		t.Errorf("error %v", err)
	}
	if n := s.Counts[digest.KindDigest]; n == nil || n.Valid != 6 || s.Invalid() != 0 {
		t.Errorf("digests %+v", n)
	}
}

type keysFunc func(region string) (map[string]string, error)

func (f keysFunc) Between(_ context.Context, region string, _, _ time.Time) (map[string]string, error) {
	return f(region)
}

func sorted(lines []string) string {
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

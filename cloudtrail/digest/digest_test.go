package digest_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/trailwarden/trailwarden/cloudtrail/digest"
	"github.com/trailwarden/trailwarden/cloudtrail/digest/digesttest"
)

var start = time.Date(2026, 3, 14, 20, 0, 0, 0, time.UTC)

func trail(account, region string) digesttest.Trail {
	return digesttest.Trail{Bucket: "logs", Account: account, Region: region, Name: "main", Home: "us-east-1",
		Start: start, Hours: 8, LogsAnHour: 2}
}

// validate runs over a copy of the bucket and returns everything that is not
// valid.
func validate(t *testing.T, b *digesttest.Bucket) (*digest.Summary, []digest.Result) {
	t.Helper()
	dir := t.TempDir()
	if err := b.Write(dir); err != nil {
		t.Fatal(err)
	}
	f, err := digest.OpenFolder(dir, "")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var bad []digest.Result
	v := digest.Validator{Vault: f, Keys: b.Keys, Results: func(r digest.Result) {
		if r.Verdict != digest.Valid {
			bad = append(bad, r)
		}
	}}
	s, err := v.Validate(t.Context(), digest.Scope{Bucket: b.Name, From: start, To: start.Add(8 * time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	return s, bad
}

func verdicts(rs []digest.Result) (out []string) {
	for _, r := range rs {
		out = append(out, string(r.Kind)+": "+string(r.Verdict))
	}
	slices.Sort(out)
	return out
}

func TestACleanBucketIsValidInOnePass(t *testing.T) {
	b := digesttest.NewBucket("logs")
	b.Add(trail("111122223333", "us-east-1"))
	b.Add(trail("111122223333", "eu-west-1"))
	org := trail("444455556666", "us-east-1")
	org.Organization = "o-exampleorgid"
	b.Add(org)
	back := trail("111122223333", "us-east-1")
	back.Backfill, back.Hours = true, 2
	b.Add(back)
	s, bad := validate(t, b)
	if len(bad) != 0 {
		t.Errorf("not valid: %v", bad)
	}
	if s.Chains != 4 || s.Counts[digest.KindDigest].Valid != 24 || s.Counts[digest.KindBackfill].Valid != 2 || s.Counts[digest.KindLog].Valid != 52 {
		t.Errorf("summary %+v, digests %+v, logs %+v", s, s.Counts[digest.KindDigest], s.Counts[digest.KindLog])
	}
	if !s.From.Equal(start) || !s.To.Equal(start.Add(8*time.Hour)) {
		t.Errorf("covered %s to %s", s.From, s.To)
	}
}

// change is one thing that somebody does to the bucket.
type change struct {
	name string
	do   func(b *digesttest.Bucket)
	want []string
}

func edit(text []byte, old, with string) []byte {
	if !bytes.Contains(text, []byte(old)) {
		panic("nothing to edit: " + old)
	}
	return bytes.Replace(text, []byte(old), []byte(with), 1)
}

func changes() []change {
	return []change{
		{"a log is modified", func(b *digesttest.Bucket) {
			b.Objects[b.Logs[3]] = digesttest.Pack(edit(digesttest.Unpack(b.Objects[b.Logs[3]]), "GetObject", "PutObject"))
		}, []string{"log: hash value does not match"}},
		{"a log is deleted", func(b *digesttest.Bucket) { delete(b.Objects, b.Logs[3]) }, []string{"log: not found"}},
		{"a log is no gzip", func(b *digesttest.Bucket) { b.Objects[b.Logs[3]] = []byte("plain text, no gzip at all") }, []string{"log: invalid format"}},
		{"a log is empty", func(b *digesttest.Bucket) { b.Objects[b.Logs[3]] = nil }, []string{"log: hash value does not match"}},
		{"a log is cut in its records", func(b *digesttest.Bucket) { o := b.Objects[b.Logs[3]]; b.Objects[b.Logs[3]] = o[:len(o)/2] }, []string{"log: hash value does not match"}},
		{"a log is cut in its checksum", func(b *digesttest.Bucket) { o := b.Objects[b.Logs[3]]; b.Objects[b.Logs[3]] = o[:len(o)-3] }, []string{"log: cut short after its last record"}},
		{"a log grows behind its end", func(b *digesttest.Bucket) {
			b.Objects[b.Logs[3]] = append(slices.Clone(b.Objects[b.Logs[3]]), "more"...)
		}, []string{"log: unexpected data after the end of the compressed stream"}},
		{"a log gets a second member", func(b *digesttest.Bucket) {
			b.Objects[b.Logs[3]] = append(slices.Clone(b.Objects[b.Logs[3]]), digesttest.Pack([]byte("x"))...)
		}, []string{"log: unexpected data after the end of the compressed stream"}},
		{"a log's checksum is wrong", func(b *digesttest.Bucket) {
			o := slices.Clone(b.Objects[b.Logs[3]])
			o[len(o)-6] ^= 1
			b.Objects[b.Logs[3]] = o
		}, []string{"log: invalid format"}},
		{"a log is smuggled in", func(b *digesttest.Bucket) {
			b.Objects[strings.Replace(b.Logs[6], "_Log", "_Fake", 1)] = digesttest.Pack([]byte(`{"Records":[]}`))
		}, []string{"log: named by no digest"}},
		{"two logs are exchanged", func(b *digesttest.Bucket) {
			b.Objects[b.Logs[3]], b.Objects[b.Logs[5]] = b.Objects[b.Logs[5]], b.Objects[b.Logs[3]]
		}, []string{"log: hash value does not match", "log: hash value does not match"}},
		{"a digest is modified", func(b *digesttest.Bucket) {
			b.Objects[b.Digests[3]] = digesttest.Pack(edit(digesttest.Unpack(b.Objects[b.Digests[3]]), `"awsAccountId":"1`, `"awsAccountId":"2`))
		}, []string{"digest: signature verification failed"}},
		{"a digest is deleted", func(b *digesttest.Bucket) { delete(b.Objects, b.Digests[3]) }, []string{"digest: not found"}},
		{"the newest digest is deleted", func(b *digesttest.Bucket) { delete(b.Objects, b.Digests[0]) }, nil},
		{"a digest is no gzip", func(b *digesttest.Bucket) { b.Objects[b.Digests[3]] = []byte("{}") }, []string{"digest: invalid format"}},
		{"a digest lacks a key", func(b *digesttest.Bucket) {
			b.Objects[b.Digests[3]] = digesttest.Pack(edit(digesttest.Unpack(b.Objects[b.Digests[3]]), `"digestEndTime"`, `"digestENDTime"`))
		}, []string{"digest: invalid format"}},
		{"a digest is replaced by another", func(b *digesttest.Bucket) { b.Objects[b.Digests[3]] = b.Objects[b.Digests[4]] }, []string{"digest: has been moved from its original location"}},
		{"a digest grows behind its end", func(b *digesttest.Bucket) {
			b.Objects[b.Digests[3]] = append(slices.Clone(b.Objects[b.Digests[3]]), "more"...)
		}, []string{"digest: has data after the end of its compressed stream"}},
		{"a signature is replaced", func(b *digesttest.Bucket) { b.Meta[b.Digests[3]] = b.Meta[b.Digests[4]] }, []string{"digest: signature verification failed"}},
		{"a signature is no hex", func(b *digesttest.Bucket) {
			m := b.Meta[b.Digests[3]]
			m.Signature = "zz"
			b.Meta[b.Digests[3]] = m
		}, []string{"digest: signature verification failed"}},
		{"a signature is taken away", func(b *digesttest.Bucket) { b.Meta[b.Digests[3]] = digest.Metadata{} }, []string{"digest: signature verification failed"}},
		{"a copy keeps no signatures", func(b *digesttest.Bucket) { clear(b.Meta) }, []string{"digest: not verified: the copy keeps no signature for it"}},
		{"the keys are others", func(b *digesttest.Bucket) {
			k := slices.Clone(b.Keys["us-east-1"])
			k[0].Fingerprint = "00"
			b.Keys["us-east-1"] = k
		}, slices.Repeat([]string{"digest: public key not found"}, 8)},
		{"the key is damaged", func(b *digesttest.Bucket) {
			k := slices.Clone(b.Keys["us-east-1"])
			k[0].Value = "AAAA"
			b.Keys["us-east-1"] = k
		}, slices.Repeat([]string{"digest: public key cannot be read"}, 8)},
	}
}

func TestEachChangeIsFoundForWhatItIs(t *testing.T) {
	base := digesttest.NewBucket("logs")
	base.Add(trail("111122223333", "us-east-1"))
	for _, c := range changes() {
		t.Run(c.name, func(t *testing.T) {
			b := base.Clone()
			c.do(b)
			_, bad := validate(t, b)
			if got := verdicts(bad); !slices.Equal(got, c.want) {
				t.Errorf("found %q, want %q\n%s", got, c.want, lines(bad))
			}
		})
	}
}

// A digest that was signed anew with CloudTrail's own key, but is not the one
// that its successor wrote down, is beyond the AWS CLI.
func TestARewrittenDigestIsFoundThroughItsSuccessor(t *testing.T) {
	b := digesttest.NewBucket("logs")
	b.Add(trail("111122223333", "us-east-1"))
	c := b.Clone()
	key := b.Digests[3]
	var d map[string]any
	unmarshal(t, digesttest.Unpack(b.Objects[key]), &d)
	d["logFiles"] = []any{}
	c.Put(trail("111122223333", "us-east-1"), d)
	_, bad := validate(t, c)
	want := []string{"digest: " + string(digest.ChainHash), "digest: " + string(digest.ChainSignature),
		"log: named by no digest", "log: named by no digest"}
	if got := verdicts(bad); !slices.Equal(got, want) {
		t.Errorf("found %q, want %q", got, want)
	}
}

func TestATrailThatWasOffLeavesAGap(t *testing.T) {
	b := digesttest.NewBucket("logs")
	first, second := trail("111122223333", "us-east-1"), trail("111122223333", "us-east-1")
	first.Hours = 2
	second.Start, second.Hours = start.Add(5*time.Hour), 3
	b.Add(first)
	b.Add(second)
	s, bad := validate(t, b)
	if got := verdicts(bad); !slices.Equal(got, []string{"gap: no log files were delivered"}) || s.Gaps != 1 {
		t.Errorf("found %q, gaps %d", got, s.Gaps)
	}
	if len(bad) == 1 && (!bad[0].From.Equal(start.Add(2*time.Hour)) || !bad[0].To.Equal(start.Add(5*time.Hour))) {
		t.Errorf("gap from %s to %s", bad[0].From, bad[0].To)
	}
}

func lines(rs []digest.Result) string {
	var s strings.Builder
	for _, r := range rs {
		fmt.Fprintln(&s, r)
	}
	return s.String()
}

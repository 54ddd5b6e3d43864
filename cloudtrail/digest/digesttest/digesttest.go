// Package digesttest makes chains of digest files with keys of its own, in the
// form that CloudTrail gives them.
package digesttest

import (
	"bytes"
	"compress/gzip"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"time"

	"github.com/trailwarden/trailwarden/cloudtrail/digest"
)

// Trail says which chain to make.
type Trail struct {
	Bucket, Prefix, Organization string
	Account, Region, Name, Home  string
	Start                        time.Time // of the first digest's hour
	Hours, LogsAnHour            int
	Backfill                     bool
}

// Bucket is what a made bucket holds.
type Bucket struct {
	Name    string
	Objects map[string][]byte
	Meta    map[string]digest.Metadata
	Keys    digest.KeyBundle
	signers map[string]*rsa.PrivateKey // by region
	// Newest first, for tests that want to hit a certain one.
	Digests []string
	Logs    []string
}

// NewBucket makes an empty bucket.
func NewBucket(name string) *Bucket {
	return &Bucket{Name: name, Objects: map[string][]byte{}, Meta: map[string]digest.Metadata{},
		Keys: digest.KeyBundle{}, signers: map[string]*rsa.PrivateKey{}}
}

// signer is the key that signs a region's digests.
func (b *Bucket) signer(region string, at time.Time) (*rsa.PrivateKey, string) {
	key := b.signers[region]
	if key == nil {
		var err error
		if key, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
			panic(err)
		}
		b.signers[region] = key
		der := x509.MarshalPKCS1PublicKey(&key.PublicKey)
		sum := sha256.Sum256(der)
		b.Keys[region] = []digest.PublicKey{{
			Fingerprint: hex.EncodeToString(sum[:16]), Value: base64.StdEncoding.EncodeToString(der),
			ValidityStartTime: at.AddDate(0, -1, 0), ValidityEndTime: at.AddDate(0, 1, 0),
		}}
	}
	return key, b.Keys[region][0].Fingerprint
}

// Beside makes an empty bucket whose digests are signed with b's keys.
func (b *Bucket) Beside(name string) *Bucket {
	c := NewBucket(name)
	c.Keys, c.signers = b.Keys, b.signers
	return c
}

// Link is what a digest says of the one before it.
type Link struct{ Bucket, Object, Hash, Signature string }

// Add makes a chain, and the log files that it names. It returns the link to
// its newest digest.
func (b *Bucket) Add(t Trail) Link { return b.Continue(t, Link{}) }

// Continue is Add for a chain that goes on after a link.
func (b *Bucket) Continue(t Trail, l Link) Link {
	for h := range t.Hours {
		start := t.Start.Add(time.Duration(h) * time.Hour)
		d := b.next(t, start, h)
		if l.Object != "" {
			d["previousDigestS3Bucket"], d["previousDigestS3Object"] = l.Bucket, l.Object
			d["previousDigestHashValue"], d["previousDigestHashAlgorithm"] = l.Hash, "SHA-256"
			d["previousDigestSignature"] = l.Signature
		}
		l.Hash, l.Signature = b.Put(t, d)
		l.Bucket, l.Object = b.Name, d["digestS3Object"].(string)
	}
	return l
}

// next makes one digest without its link to the one before.
func (b *Bucket) next(t Trail, start time.Time, hour int) map[string]any {
	end := start.Add(time.Hour)
	_, fingerprint := b.signer(t.Region, t.Start)
	logs := []any{}
	for n := range t.LogsAnHour {
		key, text := b.log(t, start.Add(time.Duration(n)*time.Hour/time.Duration(t.LogsAnHour+1)), hour, n)
		sum := sha256.Sum256(text)
		logs = append(logs, map[string]any{"s3Bucket": b.Name, "s3Object": key, "hashValue": hex.EncodeToString(sum[:]),
			"hashAlgorithm": "SHA-256", "oldestEventTime": start.Format(time.RFC3339), "newestEventTime": end.Format(time.RFC3339)})
	}
	return map[string]any{
		"awsAccountId": t.Account, "digestStartTime": start.Format(time.RFC3339), "digestEndTime": end.Format(time.RFC3339),
		"digestS3Bucket": b.Name, "digestS3Object": t.digestKey(end),
		"digestPublicKeyFingerprint": fingerprint, "digestSignatureAlgorithm": "SHA256withRSA",
		"newestEventTime": end.Format(time.RFC3339), "oldestEventTime": start.Format(time.RFC3339),
		"previousDigestS3Bucket": nil, "previousDigestS3Object": nil, "previousDigestHashValue": nil,
		"previousDigestHashAlgorithm": nil, "previousDigestSignature": nil, "logFiles": logs,
	}
}

func (t Trail) root(kind string, at time.Time) string {
	owner := t.Account
	if t.Organization != "" {
		owner = t.Organization + "/" + t.Account
	}
	root := fmt.Sprintf("AWSLogs/%s/%s/%s/%s/", owner, kind, t.Region, at.Format("2006/01/02"))
	if t.Prefix != "" {
		root = t.Prefix + "/" + root
	}
	return root
}

func (t Trail) digestKey(end time.Time) string {
	suffix := ""
	if t.Backfill {
		suffix = "_backfill"
	}
	return fmt.Sprintf("%s%s_CloudTrail-Digest_%s_%s_%s_%s%s.json.gz", t.root("CloudTrail-Digest", end),
		t.Account, t.Region, t.Name, t.Home, end.Format("20060102T150405Z"), suffix)
}

// log makes a log file and returns its key and unpacked text.
func (b *Bucket) log(t Trail, at time.Time, hour, n int) (string, []byte) {
	key := fmt.Sprintf("%s%s_CloudTrail_%s_%s_%s%04d%02d.json.gz", t.root("CloudTrail", at), t.Account, t.Region,
		at.Format("20060102T1504Z"), map[bool]string{false: "Log", true: "Bkf"}[t.Backfill], hour, n)
	text := fmt.Appendf(nil, `{"Records":[{"eventVersion":"1.11","eventID":"%s-%d-%d","eventSource":"s3.amazonaws.com","eventName":"GetObject"}]}`, t.Name, hour, n)
	b.Objects[key] = Pack(text)
	b.Logs = append([]string{key}, b.Logs...)
	return key, text
}

// Put signs and stores a digest and returns the hash and signature that the
// next one names.
func (b *Bucket) Put(t Trail, d map[string]any) (hash, signature string) {
	text, err := json.Marshal(d)
	if err != nil {
		panic(err)
	}
	key := d["digestS3Object"].(string)
	sum := sha256.Sum256(text)
	previous, _ := d["previousDigestSignature"].(string)
	if d["previousDigestSignature"] == nil {
		previous = "null"
	}
	signed := fmt.Sprintf("%s\n%s/%s\n%x\n%s", d["digestEndTime"], b.Name, key, sum, previous)
	signer, _ := b.signer(t.Region, t.Start)
	over := sha256.Sum256([]byte(signed))
	sig, err := rsa.SignPKCS1v15(rand.Reader, signer, crypto.SHA256, over[:])
	if err != nil {
		panic(err)
	}
	m := digest.Metadata{Signature: hex.EncodeToString(sig), Algorithm: "SHA256withRSA"}
	if t.Backfill {
		m.Backfill = d["digestEndTime"].(string)
	}
	b.Objects[key], b.Meta[key] = Pack(text), m
	b.Digests = append([]string{key}, b.Digests...)
	return hex.EncodeToString(sum[:]), m.Signature
}

// Clone copies the bucket, so that a test may change one object.
func (b *Bucket) Clone() *Bucket {
	c := *b
	c.Objects, c.Meta, c.Keys = maps.Clone(b.Objects), maps.Clone(b.Meta), maps.Clone(b.Keys)
	return &c
}

// Write copies the bucket to a folder, with its keys and signatures.
func (b *Bucket) Write(dir string) error {
	for key, body := range b.Objects {
		name := filepath.Join(dir, filepath.FromSlash(key))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(name, body, 0o644); err != nil {
			return err
		}
	}
	for name, v := range map[string]any{digest.SignaturesFile: b.Meta, digest.KeysFile: b.Keys} {
		text, err := json.Marshal(v)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// Pack is text as a gzip file.
func Pack(text []byte) []byte {
	var buf bytes.Buffer
	z := gzip.NewWriter(&buf)
	if _, err := z.Write(text); err != nil {
		panic(err)
	}
	if err := z.Close(); err != nil {
		panic(err)
	}
	return buf.Bytes()
}

// Unpack is the text of a gzip file that Pack made.
func Unpack(packed []byte) []byte {
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		panic(err)
	}
	var buf bytes.Buffer
	if _, err := buf.ReadFrom(z); err != nil {
		panic(err)
	}
	return buf.Bytes()
}

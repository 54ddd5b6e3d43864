// Package digest checks the integrity of CloudTrail log files: the chain of
// signed digest files that CloudTrail writes each hour, and the hash of every
// log file that they name (User Guide, "Validating CloudTrail log file
// integrity" and "CloudTrail digest file structure").
//
// It comes to the verdicts of `aws cloudtrail validate-logs`, works on copied
// files as well as on a bucket, takes all accounts and regions in one pass, and
// finds four things more: log files that no digest names, a previous digest
// whose hash or signature is not the one that its successor wrote down, bytes
// behind a digest, and log files cut short after their last record.
package digest

import (
	"bytes"
	"compress/gzip"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// MaxSize bounds an unpacked digest file, in bytes; AWS's hold an hour of one
// account and region.
const MaxSize = 256 << 20

// Digest is the content of a digest file.
type Digest struct {
	Account     string
	StartTime   time.Time // UTC
	EndTime     time.Time // UTC
	Bucket      string
	Object      string
	Fingerprint string
	Algorithm   string

	PreviousBucket    string
	PreviousObject    string
	PreviousHash      string
	PreviousSignature string // hex; empty on the first of a chain

	LogFiles []LogFile

	end      string   // digestEndTime as written: it is signed as text
	hash     [32]byte // of the unpacked file
	first    bool     // previousDigestSignature is null
	trailing bool     // bytes follow the compressed stream

	incomplete bool  // a required key is missing
	damage     error // what is wrong with the content
}

// LogFile is a log file that a digest names.
type LogFile struct {
	Bucket string
	Object string
	Hash   string // hex SHA-256 of the unpacked file
}

// required are the keys without which a file is no digest; the value of
// previousDigestSignature may be null.
var required = [...]string{"digestPublicKeyFingerprint", "digestS3Bucket", "digestS3Object",
	"previousDigestSignature", "digestEndTime", "digestStartTime"}

// Parse reads a digest file as it lies in the bucket: gzip of JSON.
func Parse(packed []byte) (*Digest, error) {
	d, err := parse(packed)
	if err != nil {
		return nil, err
	}
	return d, d.damage
}

// parse reads what there is. The error is one that hides the content; what is
// wrong with the content is the digest's damage, which counts only after the
// checks that come first.
func parse(packed []byte) (*Digest, error) {
	text, trailing, err := unpack(packed)
	if err != nil {
		return nil, fmt.Errorf("not a gzip file: %w", err)
	}
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(text, &keys); err != nil {
		return nil, fmt.Errorf("not a JSON object: %w", err)
	}
	d := &Digest{hash: sha256.Sum256(text), trailing: trailing}
	for _, k := range required {
		if _, ok := keys[k]; !ok {
			d.incomplete = true
			d.damage = fmt.Errorf("key %s is missing", k)
			return d, nil
		}
	}
	d.fill(keys)
	return d, nil
}

// fill takes each field by its exact name: encoding/json alone would take
// DIGESTS3BUCKET for digestS3Bucket.
func (d *Digest) fill(keys map[string]json.RawMessage) {
	text := func(name string) (s string) {
		_ = json.Unmarshal(keys[name], &s) // another type is no value
		return s
	}
	d.Account, d.Bucket, d.Object = text("awsAccountId"), text("digestS3Bucket"), text("digestS3Object")
	d.Fingerprint, d.Algorithm = text("digestPublicKeyFingerprint"), text("digestSignatureAlgorithm")
	d.PreviousBucket, d.PreviousObject = text("previousDigestS3Bucket"), text("previousDigestS3Object")
	d.PreviousHash, d.PreviousSignature = text("previousDigestHashValue"), text("previousDigestSignature")
	d.first = string(keys["previousDigestSignature"]) == "null"
	d.end = text("digestEndTime")
	var err error
	if d.StartTime, err = time.Parse(time.RFC3339, text("digestStartTime")); err != nil {
		d.damage = fmt.Errorf("digestStartTime: %w", err)
	}
	if d.EndTime, err = time.Parse(time.RFC3339, d.end); err != nil {
		d.damage = fmt.Errorf("digestEndTime: %w", err)
	}
	if err := d.fillLogs(keys["logFiles"]); err != nil {
		d.damage = err
	}
}

func (d *Digest) fillLogs(raw json.RawMessage) error {
	if raw == nil {
		return nil
	}
	var logs []map[string]any
	if err := json.Unmarshal(raw, &logs); err != nil {
		return fmt.Errorf("logFiles: want a list of objects: %w", err)
	}
	for _, l := range logs {
		bucket, _ := l["s3Bucket"].(string)
		object, _ := l["s3Object"].(string)
		hash, _ := l["hashValue"].(string)
		d.LogFiles = append(d.LogFiles, LogFile{Bucket: bucket, Object: object, Hash: hash})
	}
	return nil
}

// unpack unpacks the first gzip member and tells whether anything follows it.
func unpack(packed []byte) (text []byte, trailing bool, err error) {
	src := bytes.NewReader(packed)
	z, err := gzip.NewReader(src)
	if err != nil {
		return nil, false, err
	}
	z.Multistream(false)
	text, err = io.ReadAll(io.LimitReader(z, MaxSize+1))
	if err == nil && len(text) > MaxSize {
		err = fmt.Errorf("over %d bytes", MaxSize)
	}
	return text, src.Len() > 0, err
}

// signed is the text that CloudTrail signs (User Guide, "Custom
// implementations of CloudTrail log file integrity validation").
func (d *Digest) signed() []byte {
	previous := d.PreviousSignature
	if previous == "" {
		previous = "null"
	}
	return fmt.Appendf(nil, "%s\n%s/%s\n%x\n%s", d.end, d.Bucket, d.Object, d.hash, previous)
}

// Hash is the hex SHA-256 of the unpacked digest.
func (d *Digest) Hash() string { return hex.EncodeToString(d.hash[:]) }

var errSignature = errors.New("signature verification failed")

// verify checks the digest's signature, in hex.
func (d *Digest) verify(signature string, key *rsa.PublicKey) error {
	sig, err := hex.DecodeString(signature)
	if err != nil {
		return errSignature
	}
	sum := sha256.Sum256(d.signed())
	if rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], sig) != nil {
		return errSignature
	}
	return nil
}

// ParseKey reads a public key as ListPublicKeys gives it: base64 of DER, as
// PKCS #1 or, as a sample of AWS has it, as a SubjectPublicKeyInfo.
func ParseKey(text string) (*rsa.PublicKey, error) {
	der, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("public key: want base64: %w", err)
	}
	if key, err := x509.ParsePKCS1PublicKey(der); err == nil {
		return key, nil
	}
	key, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return nil, fmt.Errorf("public key: neither PKCS #1 nor SubjectPublicKeyInfo: %w", err)
	}
	if key, ok := key.(*rsa.PublicKey); ok {
		return key, nil
	}
	return nil, fmt.Errorf("public key: %T, want RSA", key)
}

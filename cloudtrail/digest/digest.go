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
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"
)

// MaxSize bounds a digest file, packed and unpacked, in bytes. AWS's hold an
// hour of one account and region, about 500 bytes for each log file.
const MaxSize = 64 << 20

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

	logs       json.RawMessage // the list of log files, until it is read
	incomplete bool            // a required key is missing
	damage     error           // what is wrong with the content
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
	if d.damage == nil {
		d.damage = d.fillLogs()
	}
	return d, d.damage
}

// parse reads what there is, except for the list of log files, which may be
// long and is of interest only once the signature holds. The error is one that
// hides the content; what is wrong with the content is the digest's damage,
// which counts only after the checks that come first.
func parse(packed []byte) (*Digest, error) {
	text, trailing, err := unpack(packed)
	if err != nil {
		return nil, err
	}
	switch {
	case !utf8.Valid(text):
		return nil, errors.New("not UTF-8")
	case !json.Valid(text):
		return nil, errors.New("not JSON")
	}
	d := &Digest{hash: sha256.Sum256(text), trailing: trailing}
	keys, err := members(text)
	if err != nil {
		d.incomplete, d.damage = true, err
		return d, nil
	}
	for _, k := range required {
		if keys[k] == nil {
			d.incomplete, d.damage = true, fmt.Errorf("key %s is missing", k)
			return d, nil
		}
	}
	d.fill(keys)
	return d, nil
}

// members finds the values of the keys that a digest has; others may be many
// and are not kept. Of a key that stands twice the last counts.
func members(text []byte) (map[string]json.RawMessage, error) {
	dec := json.NewDecoder(bytes.NewReader(text))
	if open, err := dec.Token(); err != nil || open != json.Delim('{') {
		return nil, errors.New("not a JSON object")
	}
	keys := make(map[string]json.RawMessage, len(known))
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return nil, err
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return nil, err
		}
		if name, _ := key.(string); slices.Contains(known[:], name) {
			keys[name] = value
		}
	}
	return keys, nil
}

// known are the keys that are read.
var known = [...]string{"awsAccountId", "digestS3Bucket", "digestS3Object", "digestPublicKeyFingerprint",
	"digestSignatureAlgorithm", "previousDigestS3Bucket", "previousDigestS3Object", "previousDigestHashValue",
	"previousDigestSignature", "digestEndTime", "digestStartTime", "logFiles"}

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
	d.end, d.logs = text("digestEndTime"), keys["logFiles"]
	var err error
	if d.StartTime, err = time.Parse(time.RFC3339, text("digestStartTime")); err != nil {
		d.damage = fmt.Errorf("digestStartTime: %w", err)
	}
	if d.EndTime, err = time.Parse(time.RFC3339, d.end); err != nil {
		d.damage = fmt.Errorf("digestEndTime: %w", err)
	}
}

// fillLogs reads the list of log files, one entry at a time.
func (d *Digest) fillLogs() error {
	raw := d.logs
	d.logs, d.LogFiles = nil, nil
	if raw == nil || string(raw) == "null" {
		return nil
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	if open, err := dec.Token(); err != nil || open != json.Delim('[') {
		return errors.New("logFiles: want a list of objects")
	}
	for dec.More() {
		var l map[string]any
		if err := dec.Decode(&l); err != nil {
			return fmt.Errorf("logFiles: want a list of objects: %w", err)
		}
		bucket, _ := l["s3Bucket"].(string)
		object, _ := l["s3Object"].(string)
		hash, _ := l["hashValue"].(string)
		d.LogFiles = append(d.LogFiles, LogFile{Bucket: bucket, Object: object, Hash: hash})
	}
	return nil
}

// limited is a buffer that refuses to grow over MaxSize.
type limited struct{ bytes.Buffer }

var errLarge = fmt.Errorf("over %d bytes, more than any digest has", MaxSize)

func (l *limited) Write(p []byte) (int, error) {
	if l.Len()+len(p) > MaxSize {
		return 0, errLarge
	}
	return l.Buffer.Write(p)
}

// unpack unpacks the first gzip member and tells whether anything follows it.
func unpack(packed []byte) (text []byte, trailing bool, err error) {
	if len(packed) > MaxSize {
		return nil, false, errLarge
	}
	var buf limited
	trailing, err = gunzip(&buf, bytes.NewReader(packed))
	return buf.Bytes(), trailing, err
}

// signed is the text that CloudTrail signs (User Guide, "Custom
// implementations of CloudTrail log file integrity validation").
func (d *Digest) signed() []byte {
	previous := d.PreviousSignature
	if d.first {
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

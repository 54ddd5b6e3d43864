package http

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha1" // signature version 1 of SNS
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/trailwarden/trailwarden/internal/re2"
	"github.com/trailwarden/trailwarden/source"
)

// Verify says how the signatures of SNS are verified (SNS Developer Guide,
// verifying the signatures of messages).
type Verify struct {
	// Roots are the authorities that a signing certificate must come from; nil
	// means those of the system.
	Roots *x509.CertPool
	// Certificate fetches a signing certificate, PEM; nil means over HTTPS. The
	// URL is known to be one of SNS.
	Certificate func(ctx context.Context, url string) ([]byte, error)
	// Confirm visits a SubscribeURL, which is known to be one of SNS; nil leaves
	// subscriptions to be confirmed by other means. See Visit.
	Confirm func(ctx context.Context, url string) error
	// MaxAge is the most age of a message; 0 means 1 h.
	MaxAge time.Duration
	// Replays is the most messages that are remembered so that they are handled
	// once; 0 means 500,000.
	Replays int
}

// verifier verifies signatures, and remembers certificates and messages.
type verifier struct {
	o     Verify
	clock source.Clock
	seen  *memory
	fetch *rate.Limiter // of fetches that outsiders cause

	mu    sync.Mutex
	certs map[string]*certificate
}

// certificate is one that was found good, or is being fetched.
type certificate struct {
	mu   sync.Mutex
	text []byte // as it was fetched
	leaf *x509.Certificate
	till time.Time // when its chain is to be judged again
}

// maxCerts is the most certificates kept; SNS has about one a region.
const maxCerts = 128

// certFresh is how long a certificate is used before its chain is judged again.
const certFresh = time.Hour

func newVerifier(o Verify, clock source.Clock) *verifier {
	if o.MaxAge <= 0 {
		o.MaxAge = time.Hour
	}
	if o.Replays <= 0 {
		o.Replays = 500_000
	}
	if o.Certificate == nil {
		o.Certificate = get
	}
	return &verifier{o: o, clock: clock, seen: newMemory(o.Replays, o.MaxAge+maxAhead), fetch: rate.NewLimiter(2, 20), certs: map[string]*certificate{}}
}

// hosts are the hosts of SNS, in every partition.
var hosts = re2.Own(`^sns\.[a-z]{2,5}(-[a-z]+){1,3}-\d{1,2}\.(amazonaws\.com|amazonaws\.com\.cn|amazonaws\.eu|c2s\.ic\.gov|sc2s\.sgov\.gov|cloud\.adc-e\.uk|csp\.hci\.ic\.gov)$`)

// signers are the names that signing certificates of SNS are issued for.
var signers = re2.Own(`^sns(-signing)?([.-][a-z0-9-]+)?\.(amazonaws\.com|amazonaws\.com\.cn|amazonaws\.eu|c2s\.ic\.gov|sc2s\.sgov\.gov|cloud\.adc-e\.uk|csp\.hci\.ic\.gov)$`)

// snsURL reads a URL that must lead to SNS and nowhere else.
func snsURL(text string) (*url.URL, bool) {
	u, err := url.Parse(text)
	if err != nil || len(text) > 2048 || u.Scheme != "https" || u.User != nil || u.Opaque != "" || u.Fragment != "" || strings.Contains(text, "#") {
		return nil, false
	}
	// u.Host holds the port too: none is allowed.
	return u, hosts.MatchString(u.Host)
}

// certURL is snsURL for a SigningCertURL.
func certURL(text string) (string, bool) {
	u, ok := snsURL(text)
	if !ok || u.RawQuery != "" || u.ForceQuery || !strings.HasSuffix(u.Path, ".pem") || strings.ContainsAny(u.EscapedPath(), "%;\\") ||
		strings.Contains(u.Path, "..") || strings.Contains(u.Path, "//") {
		return "", false
	}
	return u.String(), true
}

// errForged is the answer to every signature that is not right.
var errForged = &refusal{http.StatusForbidden, "the signature of the SNS message is not valid"}

func isPassing(err error) bool {
	var r *refusal
	return !errors.As(err, &r) || r.status >= 500
}

// verify checks a message's signature.
func (v *verifier) verify(ctx context.Context, m message) error {
	hash, sum := digest(m)
	if hash == 0 {
		return errForged
	}
	signature, err := base64.StdEncoding.Strict().DecodeString(m.get("Signature"))
	if err != nil || len(signature) == 0 {
		return errForged
	}
	u, ok := certURL(m.get("SigningCertURL"))
	if !ok {
		return errForged
	}
	leaf, err := v.leaf(ctx, u)
	if err != nil {
		return err
	}
	key, ok := leaf.PublicKey.(*rsa.PublicKey)
	if !ok || rsa.VerifyPKCS1v15(key, hash, sum, signature) != nil {
		return errForged
	}
	return nil
}

// digest is the hash of what the message's signature signs; 0 for a version or
// type that is unknown.
func digest(m message) (crypto.Hash, []byte) {
	text, ok := stringToSign(m)
	if !ok {
		return 0, nil
	}
	switch m.get("SignatureVersion") {
	case "1":
		sum := sha1.Sum([]byte(text))
		return crypto.SHA1, sum[:]
	case "2":
		sum := sha256.Sum256([]byte(text))
		return crypto.SHA256, sum[:]
	}
	return 0, nil
}

// stringToSign is the names and values that are signed, a line each.
func stringToSign(m message) (string, bool) {
	var names []string
	switch m.get("Type") {
	case notification:
		names = []string{"Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"}
	case confirmation, goodbye:
		names = []string{"Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"}
	default:
		return "", false
	}
	var b strings.Builder
	for _, n := range names {
		value, ok := m.fields[n]
		if !ok && n == "Subject" {
			continue
		}
		if !ok {
			return "", false
		}
		b.WriteString(n + "\n" + value + "\n")
	}
	return b.String(), true
}

// leaf gives the certificate behind a URL, once its chain was found good. One that
// was is kept for as long as its chain is: SNS has each at an address of its own,
// and whoever sends forgeries with many addresses must not have it fetched anew,
// for fetches are few.
func (v *verifier) leaf(ctx context.Context, u string) (*x509.Certificate, error) {
	c := v.entry(u)
	c.mu.Lock()
	defer c.mu.Unlock()
	now := v.clock.Time()
	if c.leaf != nil && now.Before(c.till) {
		return c.leaf, nil
	}
	if leaf, err := v.chain(c.text, now); err == nil {
		c.leaf, c.till = leaf, now.Add(certFresh)
		return leaf, nil
	}
	c.leaf, c.text = nil, nil
	defer v.forget(u, c)
	if !v.fetch.AllowN(now, 1) {
		return nil, busyNow
	}
	text, err := v.o.Certificate(ctx, u)
	if err != nil {
		return nil, refuse(http.StatusServiceUnavailable, "the certificate that signed the message could not be fetched now")
	}
	leaf, err := v.chain(text, now)
	if err != nil {
		return nil, errForged
	}
	c.text, c.leaf, c.till = text, leaf, now.Add(certFresh)
	return leaf, nil
}

// entry is what is known of the certificate at a URL.
func (v *verifier) entry(u string) *certificate {
	v.mu.Lock()
	defer v.mu.Unlock()
	c := v.certs[u]
	if c == nil {
		c = &certificate{}
		if len(v.certs) < maxCerts {
			v.certs[u] = c
		}
	}
	return c
}

// forget makes room again when a certificate could not be had or is not good.
func (v *verifier) forget(u string, c *certificate) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if c.leaf == nil && v.certs[u] == c {
		delete(v.certs, u)
	}
}

// chain reads PEM text and checks that its first certificate was issued for SNS
// by an authority that is trusted, through the others.
func (v *verifier) chain(text []byte, now time.Time) (*x509.Certificate, error) {
	var leaf *x509.Certificate
	between := x509.NewCertPool()
	for n := 0; n < 10; n++ {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			break
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		if leaf == nil {
			leaf = cert
			continue
		}
		between.AddCert(cert)
	}
	if leaf == nil {
		return nil, errors.New("no certificate")
	}
	if !issuedForSNS(leaf) {
		return nil, errors.New("the certificate was not issued for Amazon SNS")
	}
	_, err := leaf.Verify(x509.VerifyOptions{Roots: v.o.Roots, Intermediates: between, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}})
	return leaf, err
}

// issuedForSNS tells whether a certificate names SNS and cannot issue others.
func issuedForSNS(c *x509.Certificate) bool {
	if c.IsCA {
		return false
	}
	names := c.DNSNames
	if len(names) == 0 {
		names = []string{c.Subject.CommonName}
	}
	for _, n := range names {
		if signers.MatchString(n) {
			return true
		}
	}
	return false
}

// client follows no redirects: the URL that was checked is the one that answers.
func client() *http.Client {
	return &http.Client{
		Timeout:       10 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// maxCert is the most bytes read of an answer of SNS.
const maxCert = 256 << 10

// get fetches from SNS.
func get(ctx context.Context, u string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u, nil)
	if err != nil {
		return nil, err
	}
	resp, err := client().Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("amazon SNS answered %s", resp.Status)
	}
	return io.ReadAll(io.LimitReader(resp.Body, maxCert))
}

// Visit confirms a subscription by fetching its SubscribeURL over HTTPS, without
// following redirects. It is meant for Verify.Confirm.
func Visit(ctx context.Context, u string) error {
	_, err := get(ctx, u)
	return err
}
